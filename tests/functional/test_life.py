"""How tasks live and die on a real engine: every kind of death, restart policies, stops at every moment (specification:
engine.md)."""
import os, time

from fakes.aws import INSTANCE, Answer
from harness import CLUSTER, MOMENT, WAIT, container, docker_api, poll, stopped, task

TRAP = ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"]
# Ends with 7 as soon as /go exists, and takes the file away.
ON_SIGNAL = ["sh", "-c", "trap 'exit 7' USR1; trap 'exit 9' USR2; while :; do sleep 0.05; done"]


def of(t, name="main"):
    found = [c for c in docker_api.of_task(t["arn"]) if c["Labels"]["com.amazonaws.ecs.container-name"] == name]
    assert len(found) == 1, found
    return found[0]["Id"]


def started_at(ident):
    return docker_api.inspect(ident)["State"]["StartedAt"]


def kill(ident, signal):
    assert docker_api.call("POST", f"/containers/{ident}/kill?signal={signal}")[0] == 204


def ends(a, t, timeout=WAIT, **expected):
    """Waits for the task's end; what its report says of the containers, by name."""
    body = a.aws.reported(t["arn"], "STOPPED", timeout=timeout).data["body"]
    assert body["reason"] == expected.pop("task_reason", "")
    found = {}
    for sent in a.submissions(t):
        for c in sent.get("containers", []):
            if c["status"] == "STOPPED":
                found[c["containerName"]] = (c.get("exitCode"), c.get("reason", ""))
    return found


def restarting(period=1, ignored=(), **fields):
    policy = {"enabled": True, "ignoredExitCodes": list(ignored), "restartAttemptPeriod": period}
    return container(restartPolicy=policy, **{"command": ON_SIGNAL, **fields})


# ---- restart policies
def test_engine_30_engine_33_a_restart_is_seen_by_nobody(shared):
    t = shared.run(task(restarting(host={"LogConfig": {"Type": "json-file"}})))
    ident, before, reports = of(t), started_at(of(t)), len(shared.submissions(t))
    for _ in range(2):
        time.sleep(1.2)
        kill(ident, "USR1")
        before = poll(lambda: started_at(ident) != before and docker_api.inspect(ident)["State"]["Running"] and started_at(ident))
    assert of(t) == ident and len(shared.submissions(t)) == reports
    starts = [c for c in shared.proxy.calls("POST", "/start$") if ident in c.data["path"]]
    assert len(starts) == 3
    assert docker_api.inspect(ident)["HostConfig"]["LogConfig"]["Type"] == "json-file"
    shared.stop_task(t)


def test_engine_31_an_exit_within_the_period_counts(shared):
    t = shared.run(task(restarting(period=60)))
    kill(of(t), "USR1")
    assert ends(shared, t) == {"main": (7, "")}


def test_engine_32_an_ignored_exit_code_counts(shared):
    t = shared.run(task(restarting(ignored=[9])))
    time.sleep(1.2)
    kill(of(t), "USR2")
    assert ends(shared, t) == {"main": (9, "")}


def test_engine_34_a_wanted_stop_is_not_undone(shared):
    t = shared.run(task(restarting(command=TRAP)))
    ident = of(t)
    time.sleep(1.2)
    shared.stop_task(t)
    assert ends(shared, t) == {"main": (0, "")}
    time.sleep(MOMENT)
    assert not docker_api.inspect(ident)["State"]["Running"]


def test_engine_34_a_stop_while_the_container_is_being_restarted(make_agent):
    a = make_agent().start()
    t = a.run(task(restarting()))
    ident = of(t)
    time.sleep(1.2)
    a.proxy.before = lambda call: 2 if call.data["path"].endswith("/start") else None
    kill(ident, "USR1")
    poll(lambda: len([c for c in a.proxy.calls("POST", "/start$") if ident in c.data["path"]]) == 2)
    a.stop_task(t)
    poll(lambda: not docker_api.inspect(ident)["State"]["Running"])
    time.sleep(MOMENT)
    assert not docker_api.inspect(ident)["State"]["Running"]


def test_a_restart_goes_on_after_the_agent_died(make_agent):
    a = make_agent().start()
    t = a.run(task(restarting()))
    ident, before = of(t), started_at(of(t))
    time.sleep(1.2)
    a.kill()
    kill(ident, "USR1")
    a.start()
    poll(lambda: started_at(ident) != before and docker_api.inspect(ident)["State"]["Running"])
    assert len(a.submissions(t)) == 1 or a.submissions(t)[-1]["status"] == "RUNNING"
    a.stop_task(t)


def test_a_restart_that_is_slow_holds_nothing_up(make_agent):
    a = make_agent().start()
    t = a.run(task(restarting()))
    ident = of(t)
    time.sleep(1.2)
    a.proxy.before = lambda call: 8 if call.data["path"].endswith(f"{ident}/start") else None
    kill(ident, "USR1")
    poll(lambda: len([c for c in a.proxy.calls("POST", "/start$") if ident in c.data["path"]]) == 2)
    begin = time.monotonic()
    other = a.run(task())
    assert time.monotonic() - begin < 6
    a.stop_task(other)


def test_docker_stop_of_a_container_with_a_policy_is_a_stop(shared):
    t = shared.run(task(restarting(command=TRAP)))
    ident = of(t)
    time.sleep(1.2)
    docker_api.call("POST", f"/containers/{ident}/stop?t=5")
    assert ends(shared, t) == {"main": (0, "")}
    poll(lambda: not docker_api.inspect(ident)["State"]["Running"])
    time.sleep(MOMENT)
    assert not docker_api.inspect(ident)["State"]["Running"]


def test_an_essential_neighbour_that_ends_stops_a_restarting_container(shared):
    t = shared.run(task(restarting(name="side", essential=False), container(command=ON_SIGNAL)))
    time.sleep(1.2)
    kill(of(t, "main"), "USR1")
    assert ends(shared, t)["main"] == (7, "")


# ---- deaths
def test_exit_codes(shared):
    tasks = {code: task(container(command=["sh", "-c", f"exit {code}"])) for code in (0, 1, 42, 255)}
    shared.payload(*tasks.values())
    for code, t in tasks.items():
        assert ends(shared, t) == {"main": (code, "")}


def test_docker_kill(shared):
    t = shared.run(task())
    kill(of(t), "KILL")
    assert ends(shared, t) == {"main": (137, "")}


def test_engine_14_docker_rm_force(shared):
    t = shared.run(task())
    docker_api.call("DELETE", f"/containers/{of(t)}?force=1")
    assert ends(shared, t) == {"main": (137, "")}


def test_engine_16_docker_stop(shared):
    t = shared.run(task(container(command=TRAP)))
    docker_api.call("POST", f"/containers/{of(t)}/stop?t=5")
    assert ends(shared, t) == {"main": (0, "")}


def test_engine_17_out_of_memory(shared):
    t = task(container(command=["sh", "-c", "sleep 0.5; tail /dev/zero"], memory=8, host={"MemorySwap": 8 << 20}))
    shared.payload(t)
    code, reason = ends(shared, t)["main"]
    assert (code, reason) == (137, "OutOfMemoryError: Container killed due to memory usage")


def test_a_command_that_is_not_there_fails_the_start(shared):
    t = task(container(command=["/no/such/program"]), container("side", essential=False))
    shared.payload(t)
    found = ends(shared, t)
    code, reason = found["main"]
    assert code is None and reason.startswith("CannotStartContainerError: Error response from daemon: ")
    assert "RUNNING" not in [s["status"] for s in shared.submissions(t)]


def test_engine_15_docker_start_of_an_ended_container_is_undone_once(shared):
    t = shared.run(task(container(), container("side", essential=False, command=ON_SIGNAL)))
    ident = of(t, "side")
    kill(ident, "USR1")
    poll(lambda: not docker_api.inspect(ident)["State"]["Running"])
    time.sleep(MOMENT / 2)
    for again in (False, True):
        docker_api.call("POST", f"/containers/{ident}/start")
        if not again:
            poll(lambda: not docker_api.inspect(ident)["State"]["Running"])
        time.sleep(MOMENT)
        assert docker_api.inspect(ident)["State"]["Running"] == again
    stops = [c for c in shared.proxy.calls("POST", "/stop") if ident in c.data["path"]]
    assert len(stops) == 1
    shared.stop_task(t)


def test_engine_04_only_an_essential_end_stops_the_task(shared):
    t = shared.run(task(container(command=ON_SIGNAL), container("side", essential=False, command=ON_SIGNAL),
                        container("other", essential=False, command=TRAP)))
    kill(of(t, "side"), "USR1")
    time.sleep(MOMENT)
    assert shared.submissions(t)[-1]["status"] == "RUNNING"
    assert docker_api.inspect(of(t))["State"]["Running"]
    kill(of(t), "USR2")
    found = ends(shared, t)
    assert found == {"main": (9, ""), "side": (7, ""), "other": (0, "")}


def test_a_container_removed_while_nobody_looks_is_missed_at_once_after_a_reconnect(make_agent):
    a = make_agent().start()
    t = a.run(task())
    ident = of(t)
    hidden = {"on": True}
    a.proxy.mangle = lambda call, data: b"" if hidden["on"] and call.data["path"].startswith("/events") else data
    docker_api.call("DELETE", f"/containers/{ident}?force=1")
    time.sleep(MOMENT)
    assert a.submissions(t)[-1]["status"] == "RUNNING"
    hidden["on"] = False
    a.proxy.cut()
    code, _ = ends(a, t)["main"]
    assert code in (137, None)


def test_engine_51_an_engine_that_is_away_is_asked_at_a_bounded_rate(make_agent):
    """The original: 51,000 attempts in 3 s, and what happened meanwhile is found minutes later."""
    a = make_agent().start()
    t = a.run(task(container(command=ON_SIGNAL)))
    ident = of(t)
    a.proxy.down = True
    a.proxy.cut()
    kill(ident, "USR1")
    time.sleep(3)
    assert a.proxy.refused <= 30
    a.proxy.down = False
    assert ends(a, t) == {"main": (7, "")}


# ---- stops at every moment
def test_engine_01_engine_03_ten_containers(shared):
    t = task(*[container(f"c{i}", command=TRAP) for i in range(10)])
    shared.run(t)
    assert len(docker_api.of_task(t["arn"])) == 10
    shared.stop_task(t)
    assert ends(shared, t) == {f"c{i}": (0, "") for i in range(10)}
    assert [s["status"] for s in shared.submissions(t)] in (["RUNNING", "STOPPED"], ["PENDING", "RUNNING", "STOPPED"])


def test_unknown_and_repeated_stops(shared):
    unknown = stopped(task())
    shared.payload(unknown)
    assert ends(shared, unknown) == {"main": (None, "")}
    assert not docker_api.of_task(unknown["arn"])
    t = shared.run(task(container(command=TRAP)))
    shared.stop_task(t)
    count = len(shared.submissions(t))
    shared.aws.acked(shared.payload(stopped(t)))
    shared.aws.acked(shared.payload(t))
    time.sleep(MOMENT)
    assert len(shared.submissions(t)) == count


def test_a_stop_while_each_call_is_under_way(make_agent):
    for call, verb in (("/containers/create", "create"), ("/start", "start")):
        a = make_agent().start()
        t = task(container(command=TRAP))
        a.proxy.after = lambda c, status, call=call: 1.5 if c.name == "POST" and call in c.data["path"] else None
        a.payload(t)
        poll(lambda: a.proxy.calls("POST", call), what=verb)
        a.stop_task(t)
        poll(lambda: not any(c["State"] == "running" for c in docker_api.of_task(t["arn"])))
        assert "RUNNING" not in [s["status"] for s in a.submissions(t)] or verb == "start"


def test_a_stop_while_pulling_leaves_at_once(make_agent):
    a = make_agent(env={"ECS_IMAGE_PULL_BEHAVIOR": "default"}).start()
    slow = {"/images/create": "", "/distribution": "slow-manifest"}
    a.proxy.before = lambda c: next((60 for path, word in slow.items() if c.data["path"].startswith(path) and word in c.data["path"]), None)
    for image, call in (("slow-manifest", "^/distribution"), ("slow-pull", "^/images/create")):
        t = task(container(image=image + ("@sha256:" + 64 * "a" if image == "slow-pull" else ":1")))
        a.payload(t)
        poll(lambda: a.proxy.calls(None, call), timeout=60, what=f"a call to {call}")
        begin = time.monotonic()
        a.stop_task(t)
        assert time.monotonic() - begin < 5
        assert not a.proxy.calls("POST", "^/containers/create")


def test_a_manifest_stops_what_the_control_plane_does_not_know(make_agent):
    a = make_agent().start()
    kept, lost = a.run(task(container(command=TRAP)), task(container(command=TRAP)))
    wanted = [{"taskArn": kept["arn"], "taskClusterArn": CLUSTER, "desiredStatus": "RUNNING"}]
    ident = a.aws.send("TaskManifestMessage", {"clusterArn": CLUSTER, "containerInstanceArn": INSTANCE, "generatedAt": 1, "timeline": 1000,
                                               "tasks": wanted})
    a.aws.acked(ident)
    asked = a.aws.journal.wait("acs", "in", lambda r: r.data["type"] == "TaskStopVerificationMessage").data["message"]
    assert [c["taskArn"] for c in asked["stopCandidates"]] == [lost["arn"]]
    time.sleep(MOMENT)
    assert docker_api.inspect(of(lost))["State"]["Running"]
    a.aws.send("TaskStopVerificationAck", {"messageId": ident, "generatedAt": 2, "stopTasks": asked["stopCandidates"]})
    a.aws.reported(lost["arn"], "STOPPED")
    assert docker_api.inspect(of(kept))["State"]["Running"]
    a.stop_task(kept)


# ---- cleaning up
def test_cleanup_removes_containers_after_the_wait(make_agent):
    a = make_agent(env={"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "2s"}).start()
    t = a.run(task(container(command=TRAP)))
    ident = of(t)
    a.stop_task(t)
    assert docker_api.inspect(ident)["State"]["Status"] == "exited"
    poll(lambda: not docker_api.of_task(t["arn"]))
    removal = [c for c in a.proxy.calls("DELETE") if ident in c.data["path"]]
    assert [c.data["path"].split("?")[1] for c in removal] == ["v=1"]


def test_engine_92_cleanup_of_a_container_that_was_never_created(make_agent):
    a = make_agent(env={"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "1s"}).start()
    t = task(container(command=["true"]), container("never", essential=False, dependsOn=[{"containerName": "main", "condition": "HEALTHY"}]))
    t["containers"][0].update(healthCheckType="docker", dockerConfig={"version": "1.24", "hostConfig": "{}", "config":
                              '{"Healthcheck":{"Test":["CMD","false"],"Interval":1000000000}}'})
    a.payload(t)
    a.aws.reported(t["arn"], "STOPPED")
    poll(lambda: not docker_api.of_task(t["arn"]))
    poll(lambda: len(a.proxy.calls("DELETE")) == 2)
    a.stop()
    assert "The task is removed" in a.log()


def test_engine_69_the_state_file_is_for_the_agent_only(shared):
    state = shared.dir / "data/ecs-agent.sqlite"
    assert os.stat(state).st_mode & 0o777 == 0o600


def test_engine_76_an_unaccepted_end_is_not_swept(make_agent):
    a = make_agent(env={"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "1s"}).start()
    t = a.run(task(container(command=TRAP)))
    a.aws.always["SubmitTaskStateChange"] = Answer("ServerException", "x", 500)
    a.stop_task(t)
    time.sleep(2 * MOMENT)
    assert len(docker_api.of_task(t["arn"])) == 1
