"""A host that has no room (specification: engine.md 2.3), on the real engine."""
import re, time

import pytest

from harness import CLUSTER, MOMENT, container, docker_api, task

ROOM = 100                              # MiB that the host has for tasks
QUICK = ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"]


def host_memory():
    return int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read()).group(1)) // 1024


@pytest.fixture(scope="module")
def small():
    """An agent on a host with ROOM MiB."""
    import harness
    with harness.Agent(env={"ECS_RESERVED_MEMORY": str(host_memory() - ROOM), "ECS_RESERVED_PORTS": "[22, 18099]"}) as a:
        yield a.start()


@pytest.fixture(autouse=True)
def room_for_the_next(small):
    """What a failing test leaves running would fill the host of those after it."""
    yield
    for t in small.seen:
        if not any(b.get("status") == "STOPPED" for b in small.submissions(t)):
            small.stop_task(t)


def sized(memory, command=QUICK, port=None, **fields):
    mappings = [{"containerPort": 80, "hostPort": port, "protocol": "tcp"}] if port else []
    return task(container(command=command, memory=memory, portMappings=mappings, **fields))


def reason_of(a, t):
    return a.aws.reported(t["arn"], "STOPPED").data["body"]["reason"]


def test_engine_08_those_who_want_what_is_lacking_keep_their_order(small):
    first, large, late = sized(60), sized(80), sized(10)
    small.run(first)
    small.payload(large)
    small.payload(late)
    time.sleep(MOMENT)
    assert not small.submissions(large) and not small.submissions(late)
    small.stop_task(first)
    for t in (large, late):
        small.aws.reported(t["arn"], "RUNNING")
    for t in (large, late):
        small.stop_task(t)


def test_who_takes_nothing_from_those_who_wait_passes(small):
    first = small.run(sized(10, port=18081))
    waiting, other = sized(10, port=18081), sized(10, port=18082)
    small.payload(waiting)
    small.payload(other)
    small.aws.reported(other["arn"], "RUNNING")
    assert not small.submissions(waiting)
    small.stop_task(first)
    small.aws.reported(waiting["arn"], "RUNNING")
    for t in (waiting, other):
        small.stop_task(t)


def test_engine_09_engine_11_what_can_never_fit_fails_at_once(small):
    wanted = {
        f"HostResourcesError: the task needs {ROOM + 1} MiB of memory, this host has {ROOM} MiB for tasks": sized(ROOM + 1),
        "HostResourcesError: the task needs port 22/tcp, which is reserved on this host": sized(10, port=22),
        "HostResourcesError: the task needs port 18099/tcp, which is reserved on this host": sized(10, port=18099),
        "HostResourcesError: the task needs GPU GPU-7, which this host does not have":
            dict(sized(10), associations=[{"name": "GPU-7", "type": "gpu", "containers": ["main"],
                                           "content": {"encoding": "base64", "value": "e30="}}]),
    }
    fits = sized(10)
    small.payload(*wanted.values(), fits)
    small.aws.reported(fits["arn"], "RUNNING")
    for reason, t in wanted.items():
        assert reason_of(small, t) == reason
        assert not docker_api.of_task(t["arn"])
    too_fast = dict(sized(10), cpu=4096.0)
    small.payload(too_fast)
    assert re.fullmatch(r"HostResourcesError: the task needs 4194304 CPU shares, this host has \d+ CPU shares for tasks",
                        reason_of(small, too_fast))
    small.stop_task(fits)


def test_engine_10_a_static_port_goes_from_one_to_the_next(small):
    old, new = sized(10, port=18083), sized(10, port=18083)
    small.run(old)
    small.payload(new)
    time.sleep(MOMENT)
    assert not small.submissions(new)
    small.stop_task(old)
    small.aws.reported(new["arn"], "RUNNING")
    report = small.container_report(new, status="RUNNING")
    assert [b["hostPort"] for b in report["networkBindings"]] == [18083]
    small.stop_task(new)


# The queue is looked at once a minute in any case; `make bench` measures how soon it is.
FAR_BELOW_THE_TICK = 15


def test_a_rolling_replacement_starts_at_the_release(small):
    slow = ["sh", "-c", "trap 'sleep 2; exit 0' TERM; sleep 600 & wait"]
    old, new = sized(80, slow, stopTimeout=10), sized(80)
    small.run(old)
    small.payload(new)
    time.sleep(MOMENT)
    assert not small.submissions(new)
    events = docker_api.Events(CLUSTER)
    small.stop_task(old)
    small.aws.reported(new["arn"], "RUNNING")
    (died,), (created,) = events.of(old["arn"], "die"), events.of(new["arn"], "create")
    events.close()
    assert 0 <= created["time"] - died["time"] < FAR_BELOW_THE_TICK
    small.stop_task(new)


def test_a_soft_limit_counts_instead_of_the_hard_one(small):
    soft = {"MemoryReservation": 20 << 20}
    both = [task(container(command=QUICK, memory=90, host=soft)) for _ in range(2)]
    small.run(*both)
    for t in both:
        small.stop_task(t)


def test_engine_07_a_task_that_is_stopped_while_it_waits_needs_no_engine(small):
    first, waiting = sized(90), sized(90)
    small.run(first)
    small.payload(waiting)
    creates = len(small.proxy.calls("POST", "^/containers/create"))
    body = small.stop_task(waiting).data["body"]
    assert [c["status"] for c in body["containers"]] == ["STOPPED"]
    assert len(small.proxy.calls("POST", "^/containers/create")) == creates
    small.stop_task(first)
