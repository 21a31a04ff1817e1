"""`ecsctl local`: a control plane on this machine, driven by Debian's AWS client and by ecsctl itself."""
import json, os, re, signal, subprocess, time

import pytest

from harness import AGENT, ECSCTL, IMAGE, ROOT, WAIT, docker_api, poll
from localplane import definition, environment, own_cluster, run, write


def test_aws_client_runs_and_stops_tasks(plane, tmp_path):
    """Registers, runs, sees PENDING, RUNNING and STOPPED with stop code and exit codes, stops, lists and describes."""
    short = definition("short", main={"command": ["sh", "-c", "sleep 2; exit 7"]},
                       others=[{"name": "side", "image": IMAGE, "essential": False, "memory": 32, "command": ["sh", "-c", "exit 5"]}])
    registered = plane("register-task-definition", "--cli-input-json", "file://" + write(tmp_path, short))["taskDefinition"]
    assert registered["revision"] == 1 and registered["status"] == "ACTIVE"
    started = plane("run-task", "--task-definition", "short")
    assert not started["failures"]
    (task,) = started["tasks"]
    assert task["lastStatus"] in ("PROVISIONING", "PENDING")
    seen = []

    def state():
        t = plane("describe-tasks", "--tasks", task["taskArn"])["tasks"][0]
        if seen[-1:] != [t["lastStatus"]]:
            seen.append(t["lastStatus"])
        return t if t["lastStatus"] == "STOPPED" else None
    done = poll(state, what="STOPPED")
    assert seen[-2:] == ["RUNNING", "STOPPED"] or seen == ["STOPPED"], seen
    assert done["stopCode"] == "EssentialContainerExited"
    assert {c["name"]: c["exitCode"] for c in done["containers"]} == {"main": 7, "side": 5}

    plane("register-task-definition", "--cli-input-json", "file://" + write(tmp_path, definition("long")))
    (task,) = plane("run-task", "--task-definition", "long:1", "--count", "1")["tasks"]
    arn = task["taskArn"]
    poll(lambda: plane("describe-tasks", "--tasks", arn)["tasks"][0]["lastStatus"] == "RUNNING", what="RUNNING")
    assert plane("list-tasks")["taskArns"] == [arn]
    assert plane("list-tasks", "--desired-status", "STOPPED")["taskArns"]
    plane("stop-task", "--task", arn, "--reason", "enough")
    done = poll(lambda: (t := plane("describe-tasks", "--tasks", arn)["tasks"][0])["lastStatus"] == "STOPPED" and t, what="STOPPED")
    assert done["stopCode"] == "UserInitiated" and done["stoppedReason"] == "enough"
    assert done["containers"][0]["exitCode"] == 137

    (instance,) = plane("list-container-instances")["containerInstanceArns"]
    (described,) = plane("describe-container-instances", "--container-instances", instance)["containerInstances"]
    assert described["status"] == "ACTIVE" and described["agentConnected"] is True
    assert described["registeredResources"][0]["name"] == "CPU"
    assert plane("list-clusters")["clusterArns"]
    assert plane("describe-clusters", "--clusters", plane.cluster)["clusters"][0]["registeredContainerInstancesCount"] == 1
    assert len(plane("list-task-definitions")["taskDefinitionArns"]) == 2
    assert plane("describe-task-definition", "--task-definition", "short")["taskDefinition"]["containerDefinitions"][0]["name"] == "main"


def test_run_task_overrides(plane, tmp_path):
    plane("register-task-definition", "--cli-input-json", "file://" + write(tmp_path, definition("o")))
    overrides = {"containerOverrides": [{"name": "main", "command": ["sh", "-c", "exit $CODE"], "environment": [{"name": "CODE", "value": "9"}]}]}
    (task,) = plane("run-task", "--task-definition", "o", "--overrides", json.dumps(overrides))["tasks"]
    done = poll(lambda: (t := plane("describe-tasks", "--tasks", task["taskArn"])["tasks"][0])["lastStatus"] == "STOPPED" and t, what="STOPPED")
    assert done["containers"][0]["exitCode"] == 9


@pytest.mark.parametrize("arguments,word", [
    (["run-task", "--task-definition", "nobody"], "nobody"),
    (["describe-task-definition", "--task-definition", "nobody:3"], "nobody"),
    (["stop-task", "--task", "none"], "none"),
    (["describe-clusters", "--clusters", "other"], None),
])
def test_what_does_not_exist_is_named(plane, arguments, word):
    if word is None:
        answer = plane(*arguments)
        assert answer["failures"] and not answer["clusters"]
        return
    error = plane(*arguments, fails=True)
    assert "Exception" in error and word in error or "not found" in error.lower()


def test_wrong_members_are_refused_by_name(plane):
    import urllib.error
    import urllib.request

    def post(operation, body):
        request = urllib.request.Request(plane.url + "/", data=body.encode(), headers={
            "X-Amz-Target": "AmazonEC2ContainerServiceV20141113." + operation, "Content-Type": "application/x-amz-json-1.1"})
        with pytest.raises(urllib.error.HTTPError) as e:
            urllib.request.urlopen(request, timeout=10)
        return e.value.code, json.loads(e.value.read())
    for operation, body, word in [
        ("RunTask", '{"taskDefinition":"x","cuont":2}', "cuont"),
        ("RunTask", '{"taskDefinition":7}', "taskDefinition"),
        ("RunTask", "{}", "taskDefinition"),
        ("RegisterTaskDefinition", '{"family":"f","containerDefinitions":[{"name":"a","image":"b","memory":"64"}]}', "containerDefinitions[0].memory"),
        ("RegisterTaskDefinition", '{"family":"f","containerDefinitions":[{"name":"a","imagee":"b"}]}', "imagee"),
        ("DescribeTasks", "nonsense", ""),
    ]:
        code, answer = post(operation, body)
        assert code == 400 and "ClientException" in answer["__type"] or "SerializationException" in answer["__type"], (operation, answer)
        assert word in answer["message"], (operation, answer)


def test_only_loopback_listens(plane):
    port = int(plane.url.rsplit(":", 1)[1].strip("/"))
    listening = [line.split()[1] for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}").read().splitlines()[1:]
                 if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == port]
    assert listening == ["0100007F:%04X" % port]


# ---- ecsctl local run

def test_run_exits_with_the_code_of_the_essential_container(tmp_path, nothing_left):
    for code in (0, 3):
        p = run(tmp_path, write(tmp_path, definition(main={"command": ["sh", "-c", f"echo it says {code}; exit {code}"]})))
        assert p.returncode == code, p.stdout + p.stderr
        assert f"it says {code}" in p.stdout
        assert re.search(rf"exit(ed)?\b.*\b{code}\b", p.stdout + p.stderr, re.I)


def test_run_shows_phases_and_prefixed_logs(tmp_path, nothing_left):
    p = run(tmp_path, write(tmp_path, definition(main={"command": ["sh", "-c", "echo one"]}, others=[
        {"name": "side", "image": IMAGE, "essential": False, "memory": 32, "command": ["sh", "-c", "echo two"]}])))
    assert p.returncode == 0, p.stdout + p.stderr
    for word in ("created", "running"):
        assert word in (p.stdout + p.stderr).lower()
    assert re.search(r"main\b.*one", p.stdout) and re.search(r"side\b.*two", p.stdout)


def test_demo_is_honest(tmp_path, nothing_left):
    """`make demo` shows what happened: a program that does nothing makes it fail."""
    hello = str(ROOT / "examples/hello.json")
    subprocess.run([str(ROOT / "examples/images")], check=True, stdout=subprocess.DEVNULL)
    good = run(tmp_path, hello)
    assert good.returncode == 0, good.stdout + good.stderr
    bad = run(tmp_path, hello, "--timeout", "30", agent="/bin/true")
    assert bad.returncode not in (0,), bad.stdout


def test_interrupt_stops_the_task_and_leaves_nothing(tmp_path, nothing_left):
    path = write(tmp_path, definition(main={"command": ["sh", "-c", "echo started; exec sleep 600"]}))
    out = open(tmp_path / "out", "wb")
    process = subprocess.Popen([ECSCTL, "local", "run", path, "--follow", "--agent", AGENT, "--cluster", own_cluster(tmp_path)], env=environment(tmp_path), stdout=out,
                               stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    poll(lambda: "started" in (tmp_path / "out").read_text(), what="the container's line")
    process.send_signal(signal.SIGINT)
    assert process.wait(WAIT) != 0


def test_time_out_stops_the_task(tmp_path, nothing_left):
    start = time.monotonic()
    p = run(tmp_path, write(tmp_path, definition()), "--timeout", "5")
    assert p.returncode != 0
    assert time.monotonic() - start < 60


# ---- bad input: each message names the thing and the rule, and no half-made container stays

@pytest.mark.parametrize("content,words", [
    ('{"family": "x", ', ["task.json"]),
    ("", ["task.json"]),
    ('{"family":"x"}', ["containerDefinitions"]),
    ('{"containerDefinitions":[{"name":"a","image":"b","memory":32}]}', ["family"]),
    ('{"family":"x","containerDefinitions":[]}', ["containerDefinitions"]),
    ('{"family":"x","containerDefinitions":[{"image":"b","memory":32}]}', ["containerDefinitions[0]", "name"]),
    ('{"family":"x","containerDefinitions":[{"name":"a","memory":32}]}', ["containerDefinitions[0]", "image"]),
    ('{"family":"x","containerDefinitions":[{"name":"a","image":"b","memory":"lots"}]}', ["containerDefinitions[0].memory"]),
    ('{"family":"x","containerDefinitions":[{"name":"a","image":"b","memory":32,"portMappings":[{"containerPort":70000}]}]}',
     ["portMappings[0].containerPort"]),
    ('{"family":"x","containerDefinitions":[{"name":"a","image":"b","memory":32,"dependsOn":[{"containerName":"z","condition":"START"}]}]}', ["z"]),
    ('{"family":"x","networkMode":"nonsense","containerDefinitions":[{"name":"a","image":"b","memory":32}]}', ["networkMode"]),
])
def test_a_bad_definition_is_refused_by_name(tmp_path, nothing_left, content, words):
    p = run(tmp_path, write(tmp_path, content))
    assert p.returncode not in (0, 3)
    for word in words:
        assert word in p.stderr + p.stdout, p.stderr + p.stdout


def test_a_missing_file_is_named(tmp_path):
    p = run(tmp_path, "/none/such.json")
    assert p.returncode != 0 and "/none/such.json" in p.stderr + p.stdout


def test_an_unknown_image_is_named(tmp_path, nothing_left):
    p = run(tmp_path, write(tmp_path, definition(main={"image": "127.0.0.1:9/none:1"})), timeout=180)
    assert p.returncode != 0
    assert "CannotPull" in p.stdout + p.stderr and "127.0.0.1:9/none:1" in p.stdout + p.stderr


def test_a_taken_port_is_named(tmp_path, nothing_left):
    import socket
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        p = run(tmp_path, write(tmp_path, definition(main={"portMappings": [{"containerPort": 80, "hostPort": port}]})))
        assert p.returncode != 0
        assert "CannotStartContainerError" in p.stdout + p.stderr and str(port) in p.stdout + p.stderr


def test_a_missing_engine_is_named(tmp_path):
    p = run(tmp_path, write(tmp_path, definition()), DOCKER_HOST="unix:///tmp/no-such-engine.sock", timeout=90)
    assert p.returncode != 0
    assert "/tmp/no-such-engine.sock" in p.stdout + p.stderr


def test_an_agent_that_is_not_there_is_named(tmp_path):
    p = run(tmp_path, write(tmp_path, definition()), agent="/none/ecs-agent")
    assert p.returncode != 0 and "/none/ecs-agent" in p.stdout + p.stderr


def test_a_root_less_user_in_the_docker_group(tmp_path, nothing_left):
    """Needs no root: only the engine's socket."""
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == os.getuid() and str(parent).startswith("/tmp/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    group = os.stat(docker_api.SOCKET).st_gid
    if not os.access("/usr/bin/setpriv", os.X_OK) or group == 0:
        pytest.fail("the engine's socket belongs to no group but root's")
    path = write(tmp_path, definition(main={"command": ["sh", "-c", "exit 0"]}))
    # The programs may lie below a folder that only root can enter.
    import shutil
    shutil.copy(ECSCTL, tmp_path / "ecsctl")
    shutil.copy(AGENT, tmp_path / "ecs-agent")
    os.chmod(path, 0o644)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    command = ["setpriv", "--reuid=65534", "--regid=65534", f"--groups={group}", str(tmp_path / "ecsctl"), "local", "run", path,
               "--agent", str(tmp_path / "ecs-agent"), "--cluster", own_cluster(tmp_path)]
    p = subprocess.run(command, env=environment(home), capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert p.returncode == 0, p.stdout + p.stderr


def test_run_shares_a_volume_between_containers_within_the_tasks_size(tmp_path, nothing_left):
    mount = {"mountPoints": [{"sourceVolume": "v", "containerPath": "/data"}]}
    body = definition(main={**mount, "command": ["sh", "-c", "while ! grep given /data/f; do sleep 0.1; done; exit 8"]}, others=[
        {"name": "side", "image": IMAGE, "essential": False, "memory": 32, **mount, "command": ["sh", "-c", "echo given > /data/f"]}])
    family = f"volumes{os.getpid()}"
    body["family"] = family
    for volume in ({"name": "v"}, {"name": "v", "dockerVolumeConfiguration": {"scope": "task", "driver": "local"}}):
        p = run(tmp_path, write(tmp_path, {**body, "volumes": [volume], "cpu": "256", "memory": "128"}))
        assert p.returncode == 8, p.stdout + p.stderr
        left = docker_api.call("GET", "/volumes")[1]["Volumes"] or []
        assert not [v["Name"] for v in left if v["Name"].startswith(f"ecs-{family}-")]
