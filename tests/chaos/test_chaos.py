"""The agent between an engine and a control plane that delay, cut and corrupt. Whatever happens on the way, in the end each
task has run once, its end is reported once it is known and in order, and the agent is alive."""
import os, random, threading, time

import pytest

from fakes import docker_api
from fakes.aws import Answer
from fakes.proxy import TcpProxy
from harness import Agent, container, poll, stopped, task

SEED = int(os.environ.get("CHAOS_SEED", "1"))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "8"))
ORDER = ["PENDING", "RUNNING", "STOPPED"]
OBEDIENT = ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"]
PATIENCE = 120


class Lossy:
    """A control plane behind a proxy; the agent knows the proxy's port only."""

    def __init__(self, agent):
        self.agent = agent
        self.proxy = TcpProxy(agent.aws.port).start()
        url = f"http://127.0.0.1:{self.proxy.port}"
        agent.aws.url = url                                       # what DiscoverPollEndpoint answers
        agent.extra.update({"ECS_BACKEND_HOST": url, "AWS_ENDPOINT_URL": url})


@pytest.fixture
def rig():
    with Agent() as a:
        lossy = Lossy(a)
        a.start()
        yield a, lossy.proxy
        lossy.proxy.stop()


def deliver(a, *tasks):
    """As the control plane does: again until it is acknowledged."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            message = a.payload(*tasks)
            a.aws.acked(message, timeout=5)
            return
        except (TimeoutError, RuntimeError, ConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def settle(a, t):
    a.aws.reported(t["arn"], "STOPPED", timeout=PATIENCE)
    poll(lambda: a.aws.journal.select("answer", "SubmitTaskStateChange", lambda r: r.data["task"] == t["arn"] and r.data["state"] == "STOPPED"
                                      and r.data["status"] == 200), timeout=PATIENCE, what="an answered STOPPED")
    order = [b["status"] for b in a.submissions(t)]
    assert order == sorted(order, key=ORDER.index), order
    containers = docker_api.of_task(t["arn"])
    assert len(containers) <= 1 and not [c for c in containers if c["State"] == "running"]


def life(a, rng):
    """A few tasks from payload to the end, stopped by the control plane."""
    tasks = [task(container(command=OBEDIENT)) for _ in range(rng.randint(1, 3))]
    deliver(a, *tasks)
    for t in tasks:
        a.aws.reported(t["arn"], "RUNNING", timeout=PATIENCE)
    deliver(a, *[stopped(t) for t in tasks])
    for t in tasks:
        settle(a, t)
    assert a.process.poll() is None


@pytest.mark.parametrize("delay", [0.001, 0.02, 0.2])
def test_slow_control_plane(rig, delay):
    a, proxy = rig
    proxy.delay = delay
    life(a, random.Random(SEED))


def test_control_plane_that_cuts(rig):
    a, proxy = rig
    rng = random.Random(SEED)
    proxy.filter = lambda direction, data: None if rng.random() < 0.04 else data
    for _ in range(ROUNDS):
        life(a, rng)


def test_control_plane_that_cuts_in_the_middle_of_a_piece(rig):
    a, proxy = rig
    rng = random.Random(SEED)
    left = {}

    def some(direction, data):
        if left.pop(direction, False):
            return None
        if len(data) > 2 and rng.random() < 0.05:
            left[direction] = True
            return data[:rng.randrange(1, len(data))]
        return data
    proxy.filter = some
    for _ in range(ROUNDS // 2):
        life(a, rng)


def test_control_plane_that_corrupts(rig):
    a, proxy = rig
    rng = random.Random(SEED)

    def flip(direction, data):
        if direction == "down" and rng.random() < 0.05:
            at = rng.randrange(len(data))
            data = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1:]
        return data
    proxy.filter = flip
    for _ in range(ROUNDS // 2):
        life(a, rng)
    proxy.filter = None
    life(a, rng)


def test_control_plane_that_answers_with_errors(rig):
    a, _ = rig
    rng = random.Random(SEED)
    codes = [Answer("ServerException", "x", 500), Answer("ThrottlingException", "x"), Answer("ClientException", "x"), Answer(status=None),
             Answer(status=200, body="no JSON"), Answer(status=503, body="")]
    for _ in range(ROUNDS // 2):
        a.aws.script["SubmitTaskStateChange"] = [rng.choice(codes) for _ in range(3)]
        life(a, rng)


@pytest.mark.parametrize("delay", [0.01, 0.3])
def test_slow_engine(rig, delay):
    a, _ = rig
    a.proxy.before = lambda call: None if call.data["path"].startswith("/events") else delay
    life(a, random.Random(SEED))


def test_engine_whose_event_stream_breaks(rig):
    """Exits in the gap are found by the resync."""
    a, _ = rig
    for n in range(ROUNDS):
        t = task(container(command=["sh", "-c", f"sleep 1; exit {n}"]))
        deliver(a, t)
        a.aws.reported(t["arn"], "RUNNING", timeout=PATIENCE)
        a.proxy.cut()
        settle(a, t)
        assert a.container_report(t)["exitCode"] == n


def test_engine_that_is_away_for_a_while(rig):
    a, _ = rig
    t = task(container(command=["sh", "-c", "sleep 2; exit 6"]))
    deliver(a, t)
    a.aws.reported(t["arn"], "RUNNING", timeout=PATIENCE)
    a.proxy.down = True
    a.proxy.cut()
    time.sleep(5)
    calls = len(a.proxy.calls())
    assert calls < 2000, "no spinning against an engine that is away"
    a.proxy.down = False
    settle(a, t)
    assert a.container_report(t)["exitCode"] == 6


@pytest.mark.parametrize("verb", ["/containers/create", "/start", "/stop", "/json"])
def test_engine_that_never_answers_one_call(rig, verb):
    """The connection breaks after the engine has done it: the agent looks before it does anything twice."""
    a, _ = rig
    done = threading.Event()

    def before(call):
        if verb in call.data["path"] and not call.data["path"].startswith("/containers/json") and not done.is_set():
            done.set()
            return "forward-and-cut"
        return None
    a.proxy.before = before
    events = docker_api.Events("test-cluster")
    t = task(container(command=OBEDIENT))
    deliver(a, t)
    poll(lambda: a.submissions(t) and a.submissions(t)[-1]["status"] in ("RUNNING", "STOPPED"), timeout=PATIENCE, what="RUNNING or STOPPED")
    deliver(a, stopped(t))
    settle(a, t)
    actions = [e["action"] for e in events.of(t["arn"])]
    assert actions.count("create") == 1 and actions.count("start") <= 1, actions
    events.close()


def test_engine_that_corrupts_its_answers(rig):
    a, _ = rig
    rng = random.Random(SEED)

    def mangle(call, data):
        if call.data["path"].startswith("/events") or rng.random() > 0.03:
            return data
        at = rng.randrange(len(data))
        return data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1:]
    a.proxy.mangle = mangle
    tasks = []
    for _ in range(ROUNDS):
        t = task(container(command=["sh", "-c", "sleep 1; exit 0"]))
        tasks.append(t)
        deliver(a, t)
    a.proxy.mangle = None
    for t in tasks:
        deliver(a, stopped(t))
        a.aws.reported(t["arn"], "STOPPED", timeout=PATIENCE)
    assert a.process.poll() is None
    life(a, rng)
