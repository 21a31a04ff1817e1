"""Every condition of dependsOn, met and failed, on a real engine (specification: engine.md 3)."""
import json, time

from harness import CLUSTER, MOMENT, container, docker_api, poll, task

TRAP = ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"]
SECOND = 10**9


def after(*conditions, name="second", **fields):
    needs = [{"containerName": c, "condition": condition} for c, condition in conditions]
    return container(name, dependsOn=needs, **{"command": TRAP, **fields})


def checked(test, name="first", start_timeout=0, **fields):
    """A container with a health check twice a second."""
    check = {"Test": ["CMD-SHELL", test], "Interval": SECOND // 2, "Timeout": SECOND, "Retries": 1}
    c = container(name, config={"Healthcheck": check}, **{"command": TRAP, **fields})
    c["dockerConfig"]["version"] = "1.24"
    return dict(c, healthCheckType="docker", startTimeout=start_timeout)


def order(t):
    """Names of the containers in the order in which they were started."""
    found = [(docker_api.inspect(c["Id"])["State"]["StartedAt"], c["Labels"]["com.amazonaws.ecs.container-name"])
             for c in docker_api.of_task(t["arn"])]
    return [name for _, name in sorted(found)]


def given_up(a, t, ending, name="second", timeout=30):
    a.aws.reported(t["arn"], "STOPPED", timeout=timeout)
    report = a.container_report(t, name)
    assert report["exitCode"] == 143
    assert report["reason"].startswith("CannotStartContainerError: dependency graph: ") and report["reason"].endswith(ending), report
    assert name not in [c["Labels"]["com.amazonaws.ecs.container-name"] for c in docker_api.of_task(t["arn"])]


# ---- met
def test_start(shared):
    t = shared.run(task(after(("first", "START")), container("first", command=TRAP)))
    assert order(t) == ["first", "second"]
    shared.stop_task(t)


def test_create(shared):
    t = shared.run(task(after(("first", "CREATE")), container("first", command=TRAP)))
    found = {c["Labels"]["com.amazonaws.ecs.container-name"]: c["Created"] for c in docker_api.of_task(t["arn"])}
    assert found["first"] <= found["second"]
    shared.stop_task(t)


def test_engine_23_complete_takes_any_exit_code(shared):
    t = shared.run(task(container("first", ["sh", "-c", "sleep 0.5; exit 5"], essential=False), after(("first", "COMPLETE"))))
    assert order(t) == ["first", "second"]
    assert shared.container_report(t, "first")["exitCode"] == 5
    shared.stop_task(t)


def test_engine_29_success_of_an_init_container(shared):
    t = shared.run(task(container("first", ["sh", "-c", "sleep 0.3"], essential=False), after(("first", "SUCCESS"))))
    assert order(t) == ["first", "second"] and shared.submissions(t)[-1]["status"] == "RUNNING"
    shared.stop_task(t)


def test_engine_21_healthy_is_noticed_at_once(shared):
    t = task(checked("test $(date +%s) -ge $(( $(stat -c %Y /proc/1) + 2 ))"), after(("first", "HEALTHY")))
    events = docker_api.Events(CLUSTER)
    shared.run(t)
    healthy = [e for e in events.of(t["arn"]) if e["action"] == "health_status: healthy"]
    started = [e for e in events.of(t["arn"], "start")]
    assert len(started) == 2 and healthy and 0 <= started[1]["time"] - healthy[0]["time"] < 2
    events.close()
    shared.stop_task(t)


def test_engine_20_manifests_at_once_pulls_when_allowed(make_agent):
    a = make_agent(env={"ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached"}).start()
    t = task(container("first", ["sh", "-c", "sleep 1"], essential=False), after(("first", "SUCCESS")))
    a.run(t)
    creates = a.proxy.calls("POST", "^/containers/create")
    started = a.proxy.calls("POST", "/start$")
    assert len(creates) == 2 and started[0].time < creates[1].time
    a.stop_task(t)


def test_links_and_volumes_from_order_too(shared):
    t = shared.run(task(container("web", links=["db"], volumesFrom=[{"sourceContainer": "data"}], command=TRAP),
                        container("db", command=TRAP), container("data", command=TRAP)))
    assert order(t)[-1] == "web"
    shared.stop_task(t)


def test_a_non_essential_dependent_is_given_up_alone(shared):
    t = task(container("first", ["sh", "-c", "exit 1"], essential=False), after(("first", "SUCCESS"), essential=False),
             container("main", command=TRAP))
    shared.run(t)
    assert shared.submissions(t)[-1]["status"] == "RUNNING"
    shared.stop_task(t)
    given_up(shared, t, "as dependency did not exit successfully.")


# ---- failed
def test_engine_22_success_that_failed(shared):
    t = task(container("first", ["sh", "-c", "exit 1"], essential=False), after(("first", "SUCCESS")))
    shared.payload(t)
    given_up(shared, t, "as dependency did not exit successfully.")
    reason = shared.container_report(t, "second")["reason"]
    assert "container ordering dependency [first(ecs-test/busybox:1) (STOPPED->RUNNING) - Exit: 1] for target [second(" in reason


def test_a_dependency_that_never_starts(shared):
    for condition in ("START", "COMPLETE", "SUCCESS"):
        t = task(container("first", ["/no/such/program"], essential=False), after(("first", condition)))
        shared.payload(t)
        given_up(shared, t, "because dependency will never start")
        assert shared.container_report(t, "first")["reason"].startswith("CannotStartContainerError: Error response from daemon")


def test_engine_24_start_timeout_of_a_container_that_never_gets_healthy(shared):
    t = task(checked("false", start_timeout=2, essential=False), after(("first", "HEALTHY")))
    shared.payload(t)
    given_up(shared, t, "has timed out.")


def test_start_timeouts_count_for_complete_and_success(shared):
    tasks = []
    for condition in ("COMPLETE", "SUCCESS"):
        slow = container("first", TRAP, essential=False, startTimeout=1)
        tasks.append(task(slow, after(("first", condition))))
    shared.payload(*tasks)
    for t in tasks:
        given_up(shared, t, "has timed out.")


def test_engine_25_a_start_timeout_means_nothing_for_start(shared):
    t = shared.run(task(container("first", TRAP, startTimeout=1), after(("first", "START"), command=["sh", "-c", "sleep 600"])))
    time.sleep(1.5)
    assert shared.submissions(t)[-1]["status"] == "RUNNING"
    shared.stop_task(t)


def test_a_dependency_that_ends_before_it_is_healthy(shared):
    t = task(checked("false", command=["sh", "-c", "sleep 1"], essential=False), after(("first", "HEALTHY")))
    shared.payload(t)
    given_up(shared, t, "because dependency stopped and will never be healthy")


def test_a_dependency_removed_before_it_completes(shared):
    t = task(container("first", TRAP, essential=False), after(("first", "SUCCESS")))
    shared.payload(t)
    poll(lambda: [c for c in docker_api.of_task(t["arn"]) if c["State"] == "running"])
    docker_api.remove(docker_api.of_task(t["arn"]))
    given_up(shared, t, "as dependency did not exit successfully.")


def test_a_stop_while_a_dependent_waits(shared):
    t = task(container("first", TRAP), after(("first", "COMPLETE")))
    shared.payload(t)
    poll(lambda: [c for c in docker_api.of_task(t["arn"]) if c["State"] == "running"])
    shared.stop_task(t)
    assert "exitCode" not in shared.container_report(t, "second")
    assert len(docker_api.of_task(t["arn"])) == 1


def test_engine_26_engine_27_what_has_no_order_is_refused_by_name(shared):
    cases = {
        "a HEALTHY without a check": (task(container("first"), after(("first", "HEALTHY"))), "first"),
        "a circle": (task(after(("second", "START"), name="first"), after(("first", "START"))), "first"),
        "itself": (task(after(("second", "START"))), "second"),
        "an unknown name": (task(after(("zz", "START"))), "zz"),
    }
    for what, (t, name) in cases.items():
        shared.payload(t)
        body = shared.aws.reported(t["arn"], "STOPPED").data["body"]
        assert body["reason"].startswith(f"Task dependencies cannot be resolved, taskArn: {t['arn']}"), what
        assert name in body["reason"][len(t["arn"]):], (what, json.dumps(body))
        assert not docker_api.of_task(t["arn"]) and not body.get("containers")


def test_engine_28_an_unknown_link_target(shared):
    t = task(container(links=["zz"]))
    shared.payload(t)
    body = shared.aws.reported(t["arn"], "STOPPED").data["body"]
    assert body["reason"] == f"resource cannot be initialized for task {t['arn']}: could not find container for link zz"


# ---- the end
def test_engine_19_stops_go_the_other_way(shared):
    t = task(container("a", TRAP), after(("a", "START"), name="b"), after(("b", "START"), name="c"))
    events = docker_api.Events(CLUSTER)
    shared.run(t)
    shared.stop_task(t)
    names = {c["Id"]: c["Labels"]["com.amazonaws.ecs.container-name"] for c in docker_api.of_task(t["arn"])}
    poll(lambda: len(events.of(t["arn"], "die")) == 3)
    story = [(e["action"], names[e["id"]]) for e in events.of(t["arn"]) if e["action"] in ("kill", "die")]
    assert story == [(what, name) for name in "cba" for what in ("kill", "die")]
    events.close()


def test_ordering_reacts_at_once(shared):
    """A chain of five that each wait for the one before takes no window of seconds (the original: up to 5 s for each)."""
    chain = [container("c0", ["true"], essential=False)]
    chain += [after((f"c{i - 1}", "SUCCESS"), name=f"c{i}", command=["true"], essential=False) for i in range(1, 4)]
    t = task(*chain, after(("c3", "SUCCESS"), name="main"))
    begin = time.monotonic()
    shared.run(t)
    assert time.monotonic() - begin < 12
    shared.stop_task(t)
    time.sleep(MOMENT / 10)
