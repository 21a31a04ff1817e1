"""The introspection endpoint of the real agent (specification: tmds.md 13), in a network of its own: there is only one port."""
import contextlib, ctypes, fcntl, http.client, json, os, signal, socket, struct, subprocess, threading

import pytest

from fakes.aws import CLUSTER, INSTANCE
from harness import AGENT, AS_IMAGE, ROOT, Agent, container, docker_api, poll, task

pytestmark = pytest.mark.skipif(bool(AS_IMAGE), reason="of the plain process")

PORT = 51678
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
COMMANDS = '{"AvailableCommands":["/v1/metadata","/v1/tasks","/license"]}'
NO_TASK = '{"Arn":"","KnownStatus":"","Family":"","Version":"","Containers":null}'


def libc(name, *arguments):
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


@contextlib.contextmanager
def network():
    """This thread, and what it starts, see a loopback interface that nobody else uses."""
    before = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
    libc("unshare", CLONE_NEWNET)
    with socket.socket() as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    try:
        yield
    finally:
        libc("setns", before, CLONE_NEWNET)
        os.close(before)


@pytest.fixture(scope="module")
def served():
    """One agent for the tests that leave it as they found it. From its own network it cannot see which of the engine's ports
    are taken: it gets a range that nobody else uses."""
    with network(), Agent(env={"ECS_DYNAMIC_HOST_PORT_RANGE": "28100-28199"}) as a:
        a.start()
        poll(answers, what="introspection")
        yield a


@pytest.fixture
def own_network():
    with network():
        yield


def ask(target, method="GET", host="127.0.0.1", headers=None):
    """(status, content type, body)"""
    connection = http.client.HTTPConnection(host, PORT, timeout=10)
    try:
        connection.putrequest(method, target, skip_host=False)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read().decode()
    finally:
        connection.close()


def answers():
    try:
        return ask("/v1/metadata")[0] == 200
    except OSError:
        return False


def tasks(query=""):
    return json.loads(ask("/v1/tasks" + query)[2])


def raw(data):
    with socket.create_connection(("127.0.0.1", PORT), 10) as s:
        s.sendall(data)
        s.settimeout(10)
        out = b""
        while piece := s.recv(65536):
            out += piece
    return out.decode()


# ---- documents

def test_tmds_38_unknown_paths_give_the_list_of_commands(served):
    for target in ("/", "/nope", "/v1/tasks/x"):
        assert ask(target) == (200, "text/plain; charset=utf-8", COMMANDS)


def test_the_agent_shows_itself(served):
    status, kind, text = ask("/v1/metadata")
    assert (status, kind) == (200, "application/json")
    version = [r.data["headers"]["User-Agent"] for r in served.aws.journal.select("api")][0].split(" (linux")[0]
    assert text == json.dumps({"Cluster": CLUSTER, "ContainerInstanceArn": INSTANCE, "Version": version}, separators=(",", ":"))
    assert ask("/v1/metadata", "POST")[2] == text
    assert ask("/v1/metadata", "HEAD") == (200, "application/json", "")
    assert ask("/v1/metadata", host="::1")[2] == text


def test_tmds_39_tasks_are_found_by_arn_and_by_container(served):
    one = served.run(task(container(portMappings=[{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}])))
    two = served.run(task(container("a"), container("b")))
    try:
        (shown,) = [t for t in tasks()["Tasks"] if t["Arn"] == one["arn"]]
        (c,) = shown["Containers"]
        seen = docker_api.inspect(c["DockerId"])
        assert list(shown) == ["Arn", "DesiredStatus", "KnownStatus", "Family", "Version", "Containers"]
        assert shown["DesiredStatus"] == shown["KnownStatus"] == "RUNNING"
        assert list(c) == ["DockerId", "DockerName", "Name", "Image", "ImageID", "CreatedAt", "StartedAt", "Ports"]
        assert (c["Name"], c["DockerName"], c["ImageID"]) == ("main", seen["Name"].strip("/"), seen["Image"])
        assert (c["CreatedAt"], c["StartedAt"]) == (seen["Created"], seen["State"]["StartedAt"])
        bound = seen["NetworkSettings"]["Ports"]["80/tcp"]       # one per address family, as the original
        assert c["Ports"] == [{"ContainerPort": 80, "Protocol": "tcp", "HostPort": int(b["HostPort"])} for b in bound]

        assert tasks("?taskarn=" + one["arn"]) == shown
        assert tasks("?dockerid=" + c["DockerId"]) == tasks("?dockerid=" + c["DockerId"][:12]) == shown
        for query, status in (("?taskarn=no", 404), ("?dockerid=nothing", 404), ("?dockerid=" + c["DockerId"][:13], 404),
                              ("?dockerid=", 400), (f"?dockerid={c['DockerId']}&taskarn={one['arn']}", 400)):
            assert ask("/v1/tasks" + query) == (status, "application/json", NO_TASK), query
    finally:
        served.stop_task(one)
        served.stop_task(two)
    assert {t["KnownStatus"] for t in tasks()["Tasks"]} == {"STOPPED"}


def test_restarts_by_the_policy_are_counted(served):
    again = ["sh", "-c", "test -e /again && exec sleep 600; touch /again; sleep 2; exit 3"]
    t = served.run(task(container(command=again, restartPolicy={"enabled": True, "ignoredExitCodes": [], "restartAttemptPeriod": 1})))

    def count():
        return tasks("?taskarn=" + t["arn"])["Containers"][0]["RestartCount"]
    poll(lambda: count() == 1, what="a restart")
    assert list(tasks("?taskarn=" + t["arn"])["Containers"][0])[-1] == "RestartCount"
    served.stop_task(t)


def test_the_licence_is_that_of_the_working_directory(served):
    assert ask("/license")[0] == 500
    for name in ("LICENSE", "NOTICE", "THIRD-PARTY"):
        (served.dir / name).write_text((ROOT / name).read_text())
    status, kind, text = ask("/license")
    assert (status, kind) == (200, "text/plain")
    assert text.count("\n" + "=" * 80 + "\n") == 2


def test_malformed_requests_are_refused(served):
    assert raw(b"GARBAGE\r\n\r\n").startswith("HTTP/1.1 400 ")
    assert raw(b"GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith("HTTP/1.1 400 ")
    long = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: "
    assert raw(long + b"x" * 900_000 + b"\r\n\r\n").startswith("HTTP/1.1 200 ")
    assert raw(long + b"x" * 1_100_000 + b"\r\n\r\n").startswith("HTTP/1.1 431 ")
    status, kind, text = ask("//v1/../v1/tasks?x=1")
    assert (status, kind) == (301, "text/html; charset=utf-8") and 'href="/v1/tasks?x=1"' in text


def test_an_idle_or_slow_client_is_let_go(served):
    """The original's read time-out is 5 s, for a request and between two."""
    for sent in (b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", PORT), 10) as s:
            s.sendall(sent)
            s.settimeout(9)
            while s.recv(65536):
                pass


# ---- why is it waiting

def test_a_task_says_what_it_waits_for_and_since_when(served):
    holder = served.run(task(container(portMappings=[{"containerPort": 80, "hostPort": 45678, "protocol": "tcp"}])))
    waiter = task(container(portMappings=[{"containerPort": 80, "hostPort": 45678, "protocol": "tcp"}]))
    served.payload(waiter)

    def wait_of(arn):
        for t in json.loads(ask("/v1/waiting")[2])["Tasks"]:
            if t["Arn"] == arn:
                return t
        return None
    shown = poll(lambda: wait_of(waiter["arn"]), what="the wait")
    assert (shown["DesiredStatus"], shown["KnownStatus"]) == ("RUNNING", "NONE")
    assert any("45678" in w["Why"] and "Container" not in w for w in shown["Waiting"]), shown
    since = [w["Since"] for w in shown["Waiting"]]
    assert [w["Since"] for w in wait_of(waiter["arn"])["Waiting"]] == since, "a wait keeps its beginning"
    poll(lambda: wait_of(holder["arn"]) is None, what="a holder that waits for nothing")

    served.stop_task(holder)
    served.aws.reported(waiter["arn"], "RUNNING")
    poll(lambda: wait_of(waiter["arn"]) is None, what="the end of the wait")
    served.stop_task(waiter)


# ---- the state dump

def test_sigusr1_writes_the_state_without_secrets(served):
    t = served.run(task(container(environment={"PASSWORD": "the-planted-secret"}, command=["sh", "-c", "echo the-planted-secret; exec sleep 600"])))
    path = served.dir / "data/state-dump.json"
    served.send_signal(signal.SIGUSR1)
    poll(path.exists, what="the dump")
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    (shown,) = [x for x in json.loads(text)["tasks"] if x["arn"] == t["arn"]]
    assert (shown["desiredStatus"], shown["knownStatus"]) == ("RUNNING", "RUNNING") and "waiting" in shown
    assert shown["containers"][0]["dockerId"] and shown["containers"][0]["knownStatus"] == "RUNNING"
    assert json.loads(text)["agent"]["containerInstanceArn"] == INSTANCE
    for secret in ("the-planted-secret", "PASSWORD", "the-secret-key", "AKIDEXAMPLE"):
        assert secret not in text
    served.stop_task(t)


# ---- the port

def test_config_29_a_taken_port_is_tried_again(own_network, make_agent):
    a = make_agent()
    with socket.socket(socket.AF_INET6) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("::", PORT))
        holder.listen()
        a.start()
        t = a.run(task())
        poll(lambda: "Error running an endpoint" in a.log(), what="the complaint")
    poll(answers, what="introspection")
    assert tasks()["Tasks"][0]["Arn"] == t["arn"]
    a.stop_task(t)


def test_config_14_healthcheck_takes_any_answer(own_network, make_agent):
    def check(**env):
        return subprocess.run([AGENT, "-healthcheck"], env={"PATH": "/usr/bin", **env}, capture_output=True, timeout=40).returncode
    assert check() == 1
    a = make_agent().start()
    poll(answers, what="introspection")
    assert check() == 0
    assert check(ECS_AGENT_HEALTHCHECK_HOST="127.0.0.1") == 0
    assert check(ECS_AGENT_HEALTHCHECK_HOST="127.0.0.2") == 0, "it listens on every address"
    a.stop()
    assert check() == 1

    seen = []

    def answer_500(listener):
        connection, _ = listener.accept()
        seen.append(connection.recv(4096).decode())
        connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
        connection.close()
    with socket.create_server(("127.0.0.1", PORT)) as listener:
        thread = threading.Thread(target=answer_500, args=(listener,))
        thread.start()
        assert check(ECS_AGENT_HEALTHCHECK_HOST="127.0.0.1") == 0
        thread.join()
    assert seen[0].startswith("HEAD /v1/metadata HTTP/1.1\r\n")


def test_the_port_is_closed_at_the_end(own_network, make_agent):
    a = make_agent().start()
    poll(answers, what="introspection")
    assert a.stop() == 0
    assert not answers()
