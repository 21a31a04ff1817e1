"""Starts the real programs against peers of our own and a real engine, each in a folder of its own.

AGENT    the agent under test (default build/bin/ecs-agent)
ECSCTL   the client (default build/bin/ecsctl)
AS_IMAGE an image: the agent runs from it, host network, instead of as a plain process
"""
import json, os, pathlib, shutil, signal, subprocess, sys, tempfile, time, uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from fakes import docker_api                                     # noqa: E402
from fakes.aws import ACCOUNT, CLUSTER, REGION, FakeAws          # noqa: E402
from fakes.proxy import EngineProxy                              # noqa: E402

AGENT = str((ROOT / os.environ.get("AGENT", "build/bin/ecs-agent")).resolve())
ECSCTL = str((ROOT / os.environ.get("ECSCTL", "build/bin/ecsctl")).resolve())
AS_IMAGE = os.environ.get("AS_IMAGE", "")
IMAGE = "ecs-test/busybox:1"

# Bounds every wait for something that must happen; what must not happen is watched for a moment only.
WAIT = 30.0
MOMENT = 1.0


def make_test_image():
    subprocess.run([str(ROOT / "tools/busybox-image"), IMAGE], check=True, stdout=subprocess.DEVNULL)


def poll(condition, timeout=WAIT, what="the condition"):
    """The first true value of condition()."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what} does not hold within {timeout} s")
        time.sleep(0.02)


# ---- payloads
def container(name="main", command=("sleep", "600"), **fields):
    docker = {"version": "1.21", "config": json.dumps(fields.pop("config", {})), "hostConfig": json.dumps(fields.pop("host", {}))}
    return {"name": name, "image": IMAGE, "essential": True, "cpu": 10, "memory": 32, "command": list(command), "environment": {},
            "overrides": "{}", "dockerConfig": docker, **fields}


def task(*containers, **fields):
    ident = uuid.uuid4().hex
    return {"arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{CLUSTER}/{ident}", "family": "family", "version": "1", "desiredStatus": "RUNNING",
            "overrides": "{}", "networkMode": "bridge", "volumes": [], "containers": list(containers) or [container()], **fields}


def stopped(task_):
    return dict(task_, desiredStatus="STOPPED")


class Agent:
    """One data directory, one set of peers, and as many runs of the agent as a test wants."""

    def __init__(self, aws=None, env=None, proxy=True, engine=None, data=True, args=(), cluster=CLUSTER):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ecs-test-"))
        (self.dir / "data").mkdir()
        self.own_aws = aws is None
        self.aws = aws or FakeAws().start()
        self.proxy = EngineProxy(str(self.dir / "docker.sock")).start() if proxy and not engine else None
        self.socket = engine.path if engine else self.proxy.path if proxy else docker_api.SOCKET
        self.extra, self.data, self.args, self.cluster = dict(env or {}), data, list(args), cluster
        self.process, self.name, self.runs = None, None, 0
        self.seen = []                       # tasks that payload() sent, to clean up after

    # ---- the process
    def env(self):
        env = {
            "PATH": os.environ["PATH"], "HOME": str(self.dir),
            "ECS_CLUSTER": self.cluster, "ECS_BACKEND_HOST": self.aws.url, "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.aws.url, "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "the-secret-key",
            "DOCKER_HOST": "unix://" + self.socket, "ECS_DATADIR": str(self.dir / "data") if self.data else None,
            "ECS_LOGFILE": str(self.dir / "agent.log"), "ECS_LOGLEVEL": "debug", "ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached",
            "ECS_CONTAINER_STOP_TIMEOUT": "2s", "ECS_ENABLE_TASK_CPU_MEM_LIMIT": "false",
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS"),
            **self.extra}
        return {k: v for k, v in env.items() if v is not None}

    def start(self, wait=True, **env):
        assert not self.process or self.process.poll() is not None, "it still runs"
        self.extra.update(env)
        before = len(self.aws.journal.select("acs", "open"))
        self.runs += 1
        self.stdout = open(self.dir / f"stdout-{self.runs}", "wb")
        self.started = time.time()
        if AS_IMAGE:
            self.name = f"ecs-agent-{uuid.uuid4().hex[:8]}"
            command = ["docker", "run", "--rm", "--name", self.name, "--network", "host", "-v", f"{self.dir}:{self.dir}",
                       "-v", f"{self.socket}:{self.socket}", "-v", "/sys/fs/cgroup:/sys/fs/cgroup"]
            for key, value in self.env().items():
                if key not in ("PATH", "HOME"):
                    command += ["-e", f"{key}={value}"]
            command += [AS_IMAGE, *self.args]
        else:
            # Whoever runs the tests may ignore hang-ups (nohup); the agent must not inherit that.
            command = ["env", "--default-signal=HUP", AGENT, *self.args]
        self.process = subprocess.Popen(command, env=self.env() if not AS_IMAGE else None, cwd=self.dir, stdin=subprocess.DEVNULL,
                                        stdout=self.stdout, stderr=subprocess.STDOUT)
        if wait:
            try:
                self.aws.connected(count=before + 1, timeout=WAIT)
            except TimeoutError as e:
                raise AssertionError(f"the agent does not connect; exit code {self.process.poll()}; its output:\n{self.output()[-4000:]}") from e
        return self

    @property
    def pid(self):
        """Of the agent itself, also when it runs in a container."""
        if not AS_IMAGE:
            return self.process.pid
        return docker_api.inspect(self.name)["State"]["Pid"]

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        """kill -9."""
        if self.process.poll() is None:
            try:
                self.send_signal(signal.SIGKILL)
            except (ProcessLookupError, KeyError, TypeError):
                pass
            self.process.wait(WAIT)

    def stop(self, number=signal.SIGTERM, timeout=WAIT):
        self.send_signal(number)
        return self.wait(timeout)

    def wait(self, timeout=WAIT):
        """The exit code, negative for a signal."""
        return self.process.wait(timeout)

    def output(self, run=None):
        path = self.dir / f"stdout-{run or self.runs}"
        return path.read_text(errors="replace") if path.exists() else ""

    def log(self):
        path = self.dir / "agent.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def status(self, field):
        """A number out of /proc/PID/status, in KiB for memory."""
        for line in open(f"/proc/{self.pid}/status"):
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise KeyError(field)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    # ---- work
    def payload(self, *tasks, **fields):
        self.seen += tasks
        return self.aws.payload(*tasks, **fields)

    def run(self, *tasks, status="RUNNING"):
        """Sends the tasks and waits until each is reported so."""
        self.payload(*tasks)
        for t in tasks:
            self.aws.reported(t["arn"], status)
        return tasks[0] if len(tasks) == 1 else tasks

    def stop_task(self, t):
        self.aws.payload(stopped(t))
        return self.aws.reported(t["arn"], "STOPPED")

    def submissions(self, t):
        return self.aws.submissions(t["arn"])

    def container_report(self, t, name="main", status="STOPPED"):
        """What the report with this task status says about one of its containers."""
        for body in self.submissions(t):
            for c in body.get("containers", []):
                if c["containerName"] == name and c["status"] == status:
                    return c
        return None

    # ---- the end
    def close(self):
        try:
            if self.process and self.process.poll() is None:
                self.kill()
            if self.name:
                docker_api.call("DELETE", f"/containers/{self.name}?force=1")
            for t in self.seen:
                docker_api.remove(docker_api.of_task(t["arn"]) or [])
        finally:
            if self.proxy:
                self.proxy.stop()
            if self.own_aws:
                self.aws.stop()
            if not os.environ.get("KEEP"):
                shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if exc[0] and not os.environ.get("QUIET"):
            sys.stderr.write(f"--- the agent's log ends:\n{self.log()[-6000:] or self.output()[-6000:]}\n")
        self.close()
