"""Payloads, acknowledgements and reports of the real agent on the real engine (acs.md 8 to 11, ecs-api.md 7)."""
import json, time

import pytest

from fakes.aws import Answer
from harness import MOMENT, container, docker_api, poll, stopped, task


def statuses(a, t):
    return [b.get("status") for b in a.submissions(t)]


def test_acs_23_acs_24_one_bad_task_suppresses_the_ack_but_not_the_good_one(shared):
    good, bad = task(), task(container(), desiredStatus="WRONG")
    message = shared.payload(good, bad)
    shared.aws.reported(good["arn"], "RUNNING")
    reason = shared.aws.reported(bad["arn"], "STOPPED").data["body"]["reason"]
    assert reason.startswith("UnrecogniedTaskError: Error loading task - ")
    time.sleep(MOMENT)
    assert not shared.aws.acks(message)
    shared.stop_task(good)


def test_acs_25_an_empty_payload_is_acked(shared):
    shared.aws.acked(shared.payload())


def test_acs_26_the_same_payload_twice_starts_one_set_of_containers(shared):
    t = task()
    first = shared.payload(t)
    shared.aws.acked(first)
    second = shared.payload(t)
    shared.aws.acked(second)
    shared.aws.reported(t["arn"], "RUNNING")
    time.sleep(MOMENT)
    assert len(docker_api.of_task(t["arn"])) == 1
    shared.stop_task(t)


def test_acs_28_engine_27_a_cycle_is_acked_and_reported(shared):
    t = task(container("a", dependsOn=[{"containerName": "b", "condition": "START"}]),
             container("b", dependsOn=[{"containerName": "a", "condition": "START"}]))
    shared.aws.acked(shared.payload(t))
    body = shared.aws.reported(t["arn"], "STOPPED").data["body"]
    assert body["reason"].startswith(f"Task dependencies cannot be resolved, taskArn: {t['arn']} (")
    assert not docker_api.of_task(t["arn"])


def test_acs_29_stopped_for_an_unknown_task_is_acked_and_reported(shared):
    t = stopped(task())
    shared.aws.acked(shared.payload(t))
    body = shared.aws.reported(t["arn"], "STOPPED").data["body"]
    assert [c["status"] for c in body["containers"]] == ["STOPPED"]
    assert not docker_api.of_task(t["arn"])


def test_acs_30_only_the_command_can_be_overridden(shared):
    t = task(container(overrides=json.dumps({"command": ["sleep", "601"]})))
    shared.run(t)
    assert docker_api.inspect(docker_api.of_task(t["arn"])[0]["Id"])["Config"]["Cmd"] == ["sleep", "601"]
    shared.stop_task(t)
    bad = task(container(overrides=json.dumps({"environment": []})))
    message = shared.payload(bad)
    assert shared.aws.reported(bad["arn"], "STOPPED").data["body"]["reason"].startswith("UnrecogniedTaskError")
    time.sleep(MOMENT)
    assert not shared.aws.acks(message)


def test_acs_40_unknown_members_change_nothing(shared):
    t = task(container(future={"x": [1]}), tomorrow=True)
    shared.aws.acked(shared.payload(t, later="yes"))
    shared.aws.reported(t["arn"], "RUNNING")
    shared.stop_task(t)


def test_ecs_api_23_ecs_api_26_ecs_api_28_reports_of_an_ordinary_task(shared):
    t = task(container("one"), container("two"))
    shared.run(t)
    shared.stop_task(t)
    running = [b for b in shared.submissions(t) if b["status"] == "RUNNING"]
    assert len(running) == 1
    assert sorted(c["containerName"] for c in running[0]["containers"]) == ["one", "two"]
    assert running[0]["reason"] == ""
    assert all("reason" not in c for c in running[0]["containers"])
    assert all("pullStartedAt" not in b for b in shared.submissions(t)), "the image is cached"


def test_ecs_api_25_containers_are_never_submitted_alone(shared):
    assert not shared.aws.journal.select("api", "SubmitContainerStateChange")


def test_ecs_api_27_a_long_reason_is_cut_at_1024_bytes(shared):
    t = task(container(image="ecs-test/none:" + "x" * 100, command=["sleep", "1"]), container("b", links=["y" * 3000]))
    shared.payload(t)
    assert len(shared.aws.reported(t["arn"], "STOPPED").data["body"]["reason"].encode()) == 1024


def test_ecs_api_29_execution_stopped_at_is_set_by_the_first_essential_end(shared):
    t = task(container("short", ["sh", "-c", "sleep 1; exit 7"]), container("long", ["sh", "-c", "trap '' TERM; sleep 60"]))
    shared.payload(t)
    body = shared.aws.reported(t["arn"], "STOPPED").data["body"]
    ended = docker_api.inspect(next(c["Id"] for c in docker_api.of_task(t["arn"])
                                    if c["Labels"]["com.amazonaws.ecs.container-name"] == "short"))["State"]["FinishedAt"]
    import calendar
    finished = calendar.timegm(time.strptime(ended[:19], "%Y-%m-%dT%H:%M:%S"))
    assert abs(body["executionStoppedAt"] - finished) < 2
    assert [shared.container_report(t, name)["exitCode"] for name in ("short", "long")] == [7, 137]


def test_ecs_api_30_a_container_that_never_ran_has_no_exit_code(shared):
    t = task(container(image="ecs-test/no-such-image:1"), name="x")
    shared.payload(t)
    shared.aws.reported(t["arn"], "STOPPED", timeout=90)
    report = shared.container_report(t)
    assert "exitCode" not in report and "runtimeId" not in report
    assert report["reason"].startswith("CannotPull")


def test_ecs_api_31_a_port_range_is_one_binding(shared):
    t = task(container(portMappings=[{"containerPortRange": "7000-7002", "protocol": "tcp"}]))
    shared.run(t)
    (binding,) = shared.container_report(t, status="RUNNING")["networkBindings"]
    assert binding["containerPortRange"] == "7000-7002" and "-" in binding["hostPortRange"]
    assert "containerPort" not in binding and "hostPort" not in binding
    shared.stop_task(t)


@pytest.mark.parametrize("excluded", [True, False])
def test_ecs_api_32_ipv6_bindings_are_left_out_unless_asked_for(make_agent, tmp_path, excluded):
    """On an engine that publishes on both families, whatever this machine has."""
    from fakes.engine import IMAGE, FakeEngine
    engine = FakeEngine(str(tmp_path / "docker.sock")).start()
    engine.ports = {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}, {"HostIp": "::", "HostPort": "32768"}]}
    a = make_agent(engine=engine, env={"ECS_EXCLUDE_IPV6_PORTBINDING": "true" if excluded else "false"}).start()
    t = a.run(task(container(image=IMAGE, portMappings=[{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}])))
    addresses = [b["bindIP"] for b in a.container_report(t, status="RUNNING")["networkBindings"]]
    assert addresses == (["0.0.0.0"] if excluded else ["0.0.0.0", "::"])
    a.stop_task(t)
    engine.stop()


def test_ecs_api_33_a_server_error_is_repeated_with_growing_delays(make_agent):
    a = make_agent().start()
    a.aws.script["SubmitTaskStateChange"] = [Answer("ServerException", "x", 500) for _ in range(3)]
    a.payload(task())
    a.aws.journal.wait("api", "SubmitTaskStateChange", count=4)
    calls = a.aws.journal.select("api", "SubmitTaskStateChange")
    for (before, after), (low, high) in zip(zip(calls, calls[1:]), [(0.06, 0.118), (0.12, 0.236), (0.24, 0.472)]):
        assert low - 0.005 <= after.time - before.time <= high + 0.08
    assert "max=298" in {k.lower(): v for k, v in calls[0].data["headers"].items()}["amz-sdk-request"]


def test_ecs_api_34_a_client_exception_is_repeated(make_agent):
    a = make_agent().start()
    a.aws.script["SubmitTaskStateChange"] = [Answer("ClientException", "x"), Answer("ClientException", "x")]
    a.payload(task())
    a.aws.journal.wait("api", "SubmitTaskStateChange", count=3)
    calls = a.aws.journal.select("api", "SubmitTaskStateChange")
    assert 1.0 <= calls[1].time - calls[0].time <= 1.35
    assert 1.3 <= calls[2].time - calls[1].time <= 1.7


def test_ecs_api_35_an_invalid_parameter_is_not_repeated(make_agent):
    a = make_agent().start()
    a.aws.script["SubmitTaskStateChange"] = [Answer("InvalidParameterException", "x")]
    t = task()
    a.payload(t)
    first = a.aws.journal.wait("api", "SubmitTaskStateChange")
    a.stop_task(t)
    bodies = [json.dumps(b, sort_keys=True) for b in a.submissions(t)]
    assert bodies.count(json.dumps(first.data["body"], sort_keys=True)) == 1


def test_ecs_api_36_stopped_never_overtakes_running(make_agent):
    import threading
    a = make_agent().start()
    a.aws.hold["SubmitTaskStateChange"] = threading.Event()
    t = task(container(command=["sh", "-c", "exit 0"]))
    a.payload(t)
    poll(lambda: [c for c in docker_api.of_task(t["arn"]) if c["State"] == "exited"], what="the container's end")
    time.sleep(MOMENT)
    assert len(a.submissions(t)) == 1, "nothing follows a report before its answer"
    a.aws.hold["SubmitTaskStateChange"].set()
    a.aws.reported(t["arn"], "STOPPED")
    order = [s for s in statuses(a, t) if s != "PENDING"]
    assert order == ["RUNNING", "STOPPED"]


def test_ecs_api_37_at_most_ten_submissions_are_open(make_agent):
    import threading
    a = make_agent().start()
    a.aws.hold["SubmitTaskStateChange"] = threading.Event()
    tasks = [stopped(task()) for _ in range(11)]
    a.payload(*tasks)
    a.aws.journal.wait("api", "SubmitTaskStateChange", count=10)
    time.sleep(MOMENT)
    assert len(a.aws.journal.select("api", "SubmitTaskStateChange")) == 10
    a.aws.hold["SubmitTaskStateChange"].set()
    for t in tasks:
        a.aws.reported(t["arn"], "STOPPED")


def test_ecs_api_38_nothing_acknowledged_is_sent_again_after_a_restart(make_agent):
    a = make_agent().start()
    t = a.run(task())
    a.aws.journal.wait("answer", "SubmitTaskStateChange", lambda r: r.data["task"] == t["arn"] and r.data["state"] == "RUNNING")
    time.sleep(MOMENT)                                            # the answer has to arrive, and to be remembered
    before = len(a.submissions(t))
    a.stop()
    a.start()
    time.sleep(2 * MOMENT)
    assert len(a.submissions(t)) == before
    a.stop_task(t)


@pytest.mark.parametrize("code", [0, 3, 137])
def test_exit_codes_are_reported(shared, code):
    t = task(container(command=["sh", "-c", f"exit {code}"]))
    shared.payload(t)
    shared.aws.reported(t["arn"], "STOPPED")
    assert shared.container_report(t)["exitCode"] == code


def test_engine_04_an_essential_exit_stops_the_others(shared):
    t = task(container("main", ["sh", "-c", "sleep 2; exit 4"]), container("side", essential=False))
    shared.payload(t)
    shared.aws.reported(t["arn"], "STOPPED")
    assert not [c for c in docker_api.of_task(t["arn"]) if c["State"] == "running"]
    assert shared.container_report(t)["exitCode"] == 4


def test_engine_14_a_removed_container_is_reported_stopped(shared):
    t = shared.run(task())
    docker_api.remove(docker_api.of_task(t["arn"]))
    shared.aws.reported(t["arn"], "STOPPED")
    assert shared.container_report(t)["exitCode"] == 137


def test_engine_70_restart_with_a_running_task_touches_nothing(make_agent):
    a = make_agent().start()
    t = a.run(task())
    container_before = docker_api.of_task(t["arn"])
    calls = len(a.proxy.calls("POST", "^/containers/"))
    a.stop()
    a.start()
    time.sleep(2 * MOMENT)
    assert len(a.proxy.calls("POST", "^/containers/")) == calls
    assert [c["Id"] for c in docker_api.of_task(t["arn"])] == [c["Id"] for c in container_before]
    a.stop_task(t)


def test_engine_71_a_container_that_died_meanwhile_is_reported_with_its_code(make_agent):
    a = make_agent().start()
    t = a.run(task(container(command=["sh", "-c", "sleep 3; exit 9"])))
    a.stop()
    ident = docker_api.of_task(t["arn"])[0]["Id"]
    docker_api.call("POST", f"/containers/{ident}/wait")
    a.start()
    a.aws.reported(t["arn"], "STOPPED")
    report = a.container_report(t)
    assert report["exitCode"] == 9 and "reason" not in report


def test_engine_72_a_container_removed_meanwhile_has_vanished(make_agent):
    a = make_agent().start()
    t = a.run(task())
    a.stop()
    docker_api.remove(docker_api.of_task(t["arn"]))
    a.start()
    a.aws.reported(t["arn"], "STOPPED")
    report = a.container_report(t)
    assert report["reason"] == "ContainerVanishedError: No container matching saved ID found"
    assert "exitCode" not in report


def test_environment_reaches_the_container(shared):
    t = task(container(environment={"A": "1", "B": "two words"}, command=["sh", "-c", "test \"$A$B\" = '1two words'"]))
    shared.payload(t)
    shared.aws.reported(t["arn"], "STOPPED")
    assert shared.container_report(t)["exitCode"] == 0
