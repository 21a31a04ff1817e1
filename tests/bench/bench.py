#!/usr/bin/python3
"""bench.py [--agent PATH] [--json FILE]: what the agent costs, each figure beside its limit measured in the same run.

Times are medians of at least 12. Fails when a figure misses its bound.

payload to create   a payload leaves the control plane until the engine gets the create (image cached, prefer-cached);
                    beside it: what the engine alone takes for the look-ups that must come before
start to connected  exec until the ACS handshake arrives; beside it: exec until exit of `-version`, and of /bin/true
payload to RUNNING  a payload leaves the control plane until the RUNNING report arrives (one container, image cached), as a
                    multiple of what the engine alone takes for the same create and start; the two take turns
40 tasks            the same for 40 tasks in one payload, beside 40 creates and starts driven directly, all at once
release to start    a task that fills the host ends until the engine starts the one that waited for its room
resident memory     with no task, the control plane over TLS, after 5 s of quiet
size on disk        of each program
planner             one observation of a task of ten containers, with its conclusions and the next plan
"""
import argparse, concurrent.futures, json, os, pathlib, statistics, subprocess, sys, tempfile, time, uuid

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parents[1] / "functional")]
parser = argparse.ArgumentParser()
parser.add_argument("--agent", default="build/bin/ecs-agent")
parser.add_argument("--json")
parser.add_argument("--only", nargs="*", help="names of parts: sizes, payload_to_running ...")
parser.add_argument("--rounds", type=int, default=12)
options = parser.parse_args()
os.environ["AGENT"] = options.agent

from fakes import docker_api                                     # noqa: E402
from fakes.aws import CLUSTER, FakeAws                                    # noqa: E402
from harness import AGENT, IMAGE, ROOT, Agent, container, make_test_image, task   # noqa: E402

# The interpreter gives up its lock late otherwise, and that would count as the agent's time.
sys.setswitchinterval(0.0002)
rows = []


def row(what, value, unit, bound, limit=""):
    rows.append({"what": what, "value": round(value, 2), "unit": unit, "bound": bound, "limit": limit, "ok": value <= bound})


def timed(f):
    start = time.perf_counter()
    f()
    return (time.perf_counter() - start) * 1000


def certificate(folder):
    """A root of our own and a certificate for localhost."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test root",
            "-addext", "basicConstraints=critical,CA:TRUE")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "cert.pem", "-days", "2",
            "-copy_extensions", "copy")
    return f"{folder}/ca.pem", (f"{folder}/cert.pem", f"{folder}/key.pem")


def payload_to_create():
    times, engine = [], []
    with Agent() as a:
        a.start()
        time.sleep(0.5)
        for n in range(options.rounds + 2):
            t = task(container(command=["sh", "-c", "exit 0"]))
            a.seen.append(t)
            a.aws.payload(t)
            sent = a.aws.journal.select("acs", "sent")[-1].time
            create = a.proxy.journal.wait("engine", "POST", lambda r: r.data["path"].startswith("/containers/create") and r.time >= sent)
            if n >= 2:
                times.append((create.time - sent) * 1000)
                engine.append(timed(lambda: docker_api.call("GET", f"/images/{IMAGE}/json", path_of_socket=a.proxy.path)))
            a.aws.reported(t["arn"], "STOPPED")
    row("payload to create", statistics.median(times), "ms", 5.0, f"engine's image look-up alone {statistics.median(engine):.2f} ms")


class Direct:
    """Create and start straight from the engine, with the bodies that the agent sends."""

    def __init__(self, body):
        self.body, self.made = body, []

    def run(self, n=0):
        status, answer = docker_api.call("POST", f"/containers/create?name=bench-{uuid.uuid4().hex}", self.body)
        assert status == 201, answer
        self.made.append(answer)
        status, answer = docker_api.call("POST", f"/containers/{answer['Id']}/start")
        assert status == 204, answer

    def all_at_once(self, count):
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            list(pool.map(self.run, range(count)))

    def clean(self):
        docker_api.remove(self.made)
        self.made = []


def create_body_of(a, t):
    """What the agent sends for this task, without the labels that make it one of ours."""
    call = a.proxy.journal.wait("engine", "POST", lambda r: t["arn"].encode() in (r.data["body"] or b""))
    return dict(json.loads(call.data["body"]), Labels={})


def to_running(a, tasks):
    a.payload(*tasks)
    sent = a.aws.journal.select("acs", "sent")[-1].time
    last = max(a.aws.reported(t["arn"], "RUNNING", timeout=120).time for t in tasks)
    docker_api.remove([c for t in tasks for c in docker_api.of_task(t["arn"])])
    for t in tasks:
        a.aws.reported(t["arn"], "STOPPED", timeout=120)
    return (last - sent) * 1000


def light():
    """40 of them fit on any host."""
    return task(container(memory=16, cpu=2))


def body_for_direct():
    with Agent() as a:
        a.start()
        t = a.run(light())
        return create_body_of(a, t)


def beside_the_engine(what, rounds, warm_up, count):
    """`count` tasks in one payload, and the same creates and starts driven directly: the two take turns."""
    direct, ours, alone = Direct(body_for_direct()), [], []
    # Straight to the engine: the proxy of the tests would count as the agent's time.
    with Agent(proxy=False) as a:
        a.start()
        for _ in range(rounds + warm_up):
            ours.append(to_running(a, [light() for _ in range(count)]))
            alone.append(timed(lambda: direct.all_at_once(count)))
            direct.clean()
    value, limit = statistics.median(ours[warm_up:]), statistics.median(alone[warm_up:])
    row(what, value / limit, "x", 1.05, f"{value:.0f} ms, the engine alone {limit:.0f} ms, {rounds} turns each")


def payload_to_running():
    beside_the_engine("payload to RUNNING / create + start", 20, 2, 1)


def forty_tasks():
    beside_the_engine("40 tasks / 40 creates + starts", 10, 1, 40)


def release_to_start():
    """By the engine's own times."""
    total = int(next(line for line in open("/proc/meminfo") if line.startswith("MemTotal")).split()[1]) // 1024
    times, engine = [], []
    direct, events = Direct(body_for_direct()), docker_api.Events(CLUSTER)
    with Agent(env={"ECS_RESERVED_MEMORY": str(total - 100)}) as a:
        a.start()
        quick = ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"]
        old = a.run(task(container(command=quick, memory=80)))
        for _ in range(options.rounds):
            new = task(container(command=quick, memory=80))
            a.payload(new)
            a.stop_task(old)
            a.aws.reported(new["arn"], "RUNNING")
            (died,), (started,) = events.of(old["arn"], "die"), events.of(new["arn"], "start")
            times.append((started["time"] - died["time"]) * 1000)
            engine.append(timed(direct.run))
            old = new
    direct.clean()
    events.close()
    row("release to start on a full host", statistics.median(times), "ms", 1000.0,
        f"the engine's create + start alone {statistics.median(engine):.0f} ms")


def start_to_connected():
    times = []
    with Agent() as a:
        for n in range(options.rounds):
            start = time.time()
            a.start()
            opened = a.aws.journal.select("acs", "open")[-1]
            times.append((opened.time - start) * 1000)
            a.stop()
    nothing = [timed(lambda: subprocess.run(["/bin/true"])) for _ in range(options.rounds)]
    version = [timed(lambda: subprocess.run([AGENT, "-version"], stdout=subprocess.DEVNULL)) for _ in range(options.rounds)]
    row("start to connected", statistics.median(times), "ms", 60.0,
        f"-version {statistics.median(version):.1f} ms, an empty program {statistics.median(nothing):.1f} ms")


def resident_memory():
    with tempfile.TemporaryDirectory() as folder:
        root, pair = certificate(folder)
        aws = FakeAws(tls=pair).start()
        values = []
        try:
            for _ in range(3):
                # Metadata is plain HTTP on a real instance, too; here it shares the port, so it is left out.
                with Agent(aws=aws, env={"SSL_CERT_FILE": root, "ECS_EXTERNAL": "true"}) as a:
                    a.start()
                    time.sleep(5)
                    values.append(a.status("VmRSS") / 1024)
        finally:
            aws.stop()
    row("resident memory, no task, over TLS", statistics.median(values), "MiB", 12.0)


def sizes():
    for name in ("ecs-agent", "ecs-init", "ecsctl"):
        row(f"size of {name}", (ROOT / "build/bin" / name).stat().st_size / 1e6, "MB", 10.0)


def planner():
    output = subprocess.run([ROOT / "build/bench/src/task/task_bench", "--benchmark_format=json", f"--benchmark_repetitions={options.rounds}",
                             "--benchmark_min_time=0.05", "--benchmark_filter=ten_containers"], check=True, capture_output=True, text=True)
    medians = {b["run_name"]: b["real_time"] / 1000 for b in json.loads(output.stdout)["benchmarks"]
               if b.get("aggregate_name") == "median" and b["time_unit"] == "ns"}
    assert len(medians) == 3, medians
    for name, value in sorted(medians.items()):
        row(f"planner: {name.replace('_', ' ')}", value, "us", 20.0)


PARTS = (planner, sizes, start_to_connected, payload_to_create, payload_to_running, forty_tasks, release_to_start, resident_memory)


def main():
    make_test_image()
    for part in PARTS if not options.only else [p for p in PARTS if p.__name__ in options.only]:
        part()
    for r in rows:
        print(f"{'ok  ' if r['ok'] else 'MISS'} {r['what']:36} {r['value']:8} {r['unit']:4} at most {r['bound']:g}"
              + (f"   ({r['limit']})" if r["limit"] else ""))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")
    missed = [r for r in rows if not r["ok"]]
    print(f"bench: {len(rows) - len(missed)} of {len(rows)} within their bounds")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
