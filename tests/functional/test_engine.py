"""What the agent asks of the engine, and in which order (specification: engine.md)."""
import json, re, time

from fakes.engine import IMAGE as SCRIPTED
from fakes.engine import FakeEngine
from harness import CLUSTER, IMAGE, MOMENT, container, docker_api, poll, stopped, task


def create_call(a, t):
    """(name, body) of the one create for this task."""
    calls = [c for c in a.proxy.calls("POST", "^/containers/create") if t["arn"].encode() in c.data["body"]]
    assert len(calls) == 1
    return calls[0].data["path"].split("name=")[1], json.loads(calls[0].data["body"])


def created(a, t, end=True):
    a.run(t)
    name, body = create_call(a, t)
    if end:
        a.stop_task(t)
    return name, body


def environment(body):
    return dict(e.split("=", 1) for e in body["Env"])


def scripted(make_agent, tmp_path, **env):
    engine = FakeEngine(str(tmp_path / "docker.sock")).start()
    return engine, make_agent(engine=engine, env=env).start()


def light(name="main", **fields):
    return container(name, image=SCRIPTED, **fields)


def starts(engine):
    return engine.counts["POST /containers/ID/start"]


def test_engine_05_engine_06_a_known_task_is_not_changed(shared):
    t = shared.run(task())
    before = docker_api.of_task(t["arn"])
    calls = len(shared.proxy.calls("POST"))
    changed = dict(t, containers=[container(command=["sleep", "1"], memory=64)])
    shared.aws.acked(shared.payload(changed))
    time.sleep(MOMENT)
    assert len(shared.proxy.calls("POST")) == calls
    assert docker_api.of_task(t["arn"])[0]["Id"] == before[0]["Id"]
    shared.stop_task(t)


def host_memory():
    return int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read()).group(1)) // 1024


def test_engine_07_engine_08_the_queue_keeps_its_order(make_agent, tmp_path):
    engine, a = scripted(make_agent, tmp_path)
    first, second, third = task(light(memory=64)), task(light(memory=host_memory() - 32)), task(light(memory=6))
    a.run(first)
    a.payload(second)
    a.payload(third)
    time.sleep(2 * MOMENT)
    assert starts(engine) == 1
    a.stop_task(second)                                           # leaves the queue without a call of the engine
    a.aws.reported(third["arn"], "RUNNING")
    assert starts(engine) == 2
    for t in (first, third):
        a.stop_task(t)
    engine.stop()


def test_engine_10_static_ports_are_waited_for(make_agent, tmp_path):
    engine, a = scripted(make_agent, tmp_path)
    mapping = [{"containerPort": 80, "hostPort": 18080, "protocol": "tcp"}]
    first, second = task(light(portMappings=mapping)), task(light(portMappings=mapping))
    a.run(first)
    a.payload(second)
    time.sleep(2 * MOMENT)
    assert starts(engine) == 1
    a.stop_task(first)
    a.aws.reported(second["arn"], "RUNNING")
    a.stop_task(second)
    engine.stop()


def test_engine_19_dependents_start_after_and_stop_before(shared):
    quick = {"command": ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"]}
    t = task(container("c", dependsOn=[{"containerName": "b", "condition": "START"}], **quick),
             container("b", dependsOn=[{"containerName": "a", "condition": "START"}], **quick), container("a", **quick))
    events = docker_api.Events(CLUSTER)
    shared.run(t)
    shared.stop_task(t)
    poll(lambda: len(events.of(t["arn"], "die")) == 3, what="three ends")
    names = {c["Id"]: c["Labels"]["com.amazonaws.ecs.container-name"] for c in docker_api.of_task(t["arn"])}
    assert [names[e["id"]] for e in events.of(t["arn"], "start")] == ["a", "b", "c"]
    assert [names[e["id"]] for e in events.of(t["arn"], "die")] == ["c", "b", "a"]
    events.close()


def test_engine_22_a_failed_dependency_takes_its_dependent_along(shared):
    t = task(container("first", ["sh", "-c", "exit 1"], essential=False),
             container("second", dependsOn=[{"containerName": "first", "condition": "SUCCESS"}]))
    shared.payload(t)
    shared.aws.reported(t["arn"], "STOPPED")
    report = shared.container_report(t, "second")
    assert report["exitCode"] == 143
    assert report["reason"].startswith("CannotStartContainerError: dependency graph: failed to resolve")


def test_engine_28_an_unknown_link_is_named(shared):
    t = task(container(links=["nobody"]))
    shared.aws.acked(shared.payload(t))
    assert shared.aws.reported(t["arn"], "STOPPED").data["body"]["reason"] == \
        f"resource cannot be initialized for task {t['arn']}: could not find container for link nobody"


def test_engine_38_engine_39_name_and_labels(shared):
    name, body = created(shared, task(container(config={"Labels": {"com.amazonaws.ecs.task-arn": "forged", "own": "kept"}})))
    assert re.fullmatch(r"ecs-family-1-main-[0-9a-f]{20}", name)
    assert body["Labels"]["com.amazonaws.ecs.task-arn"].startswith("arn:") and body["Labels"]["own"] == "kept"


def test_engine_40_engine_42_cpu_shares_and_no_memory(shared):
    for cpu, shares in ((0, 2), (1, 2), (10, 10), (300000, 262144)):
        if cpu <= 1024:
            _, body = created(shared, task(container(cpu=cpu, memory=0)))
            assert body["HostConfig"]["CpuShares"] == shares
            assert not body["HostConfig"].get("Memory")


def test_engine_43_a_dynamic_port_is_chosen_before_create(shared):
    _, body = created(shared, task(container(portMappings=[{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}])))
    (binding,) = body["HostConfig"]["PortBindings"]["80/tcp"]
    low, high = map(int, open("/proc/sys/net/ipv4/ip_local_port_range").read().split())
    assert low <= int(binding["HostPort"]) <= high


def test_engine_45_a_region_of_the_user_stays_alone(shared):
    _, body = created(shared, task(container(environment={"AWS_REGION": "mine"})))
    assert environment(body)["AWS_REGION"] == "mine" and "AWS_DEFAULT_REGION" not in environment(body)


def test_engine_46_metadata_variables_share_their_id(shared):
    _, body = created(shared, task())
    env = environment(body)
    ids = {env[n].rsplit("/", 1)[1] for n in ("ECS_CONTAINER_METADATA_URI", "ECS_CONTAINER_METADATA_URI_V4", "ECS_AGENT_URI")}
    assert len(ids) == 1


def test_engine_47_stop_time_outs(make_agent):
    a = make_agent(env={"ECS_CONTAINER_STOP_TIMEOUT": "7s"}).start()
    quick = {"command": ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"]}
    for fields, expected in (({}, "7"), ({"stopTimeout": 4}, "4"), ({"stopTimeout": 0}, "7")):
        t = a.run(task(container(**quick, **fields)))
        a.stop_task(t)
        assert a.proxy.calls("POST", "/stop")[-1].data["path"].endswith(f"stop?t={expected}")


def test_engine_50_a_foreign_container_costs_an_inspect_at_most(shared):
    before = len(shared.proxy.calls("GET", "^/containers/[0-9a-f]+/json"))
    _, made = docker_api.call("POST", "/containers/create", {"Image": IMAGE, "Cmd": ["true"]})
    try:
        docker_api.call("POST", f"/containers/{made['Id']}/start")
        docker_api.call("POST", f"/containers/{made['Id']}/wait")
        time.sleep(MOMENT)
        assert len(shared.proxy.calls("GET", "^/containers/[0-9a-f]+/json")) - before <= 2
    finally:
        docker_api.remove([made])


def test_engine_58_a_cached_image_needs_no_registry(shared):
    t = shared.run(task())
    shared.stop_task(t)
    assert not shared.proxy.calls("GET", "^/distribution") and not shared.proxy.calls("POST", "^/images/create")


def test_engine_76_an_unaccepted_end_is_sent_again_after_a_crash(make_agent):
    from fakes.aws import Answer
    a = make_agent().start()
    t = a.run(task())
    a.aws.always["SubmitTaskStateChange"] = Answer("ServerException", "x", 500)
    a.aws.payload(stopped(t))
    a.aws.reported(t["arn"], "STOPPED")
    a.kill()
    del a.aws.always["SubmitTaskStateChange"]
    a.start()
    a.aws.journal.wait("answer", "SubmitTaskStateChange", lambda r: r.data["task"] == t["arn"] and r.data["state"] == "STOPPED"
                       and r.data["status"] == 200)


def test_links_and_network_modes(shared):
    t = task(container("db"), container("web", links=["db:database"], command=["sh", "-c", "grep database /etc/hosts && sleep 600"]))
    shared.run(t)
    shared.stop_task(t)
    for mode in ("host", "none"):
        _, body = created(shared, task(container(host={"NetworkMode": mode}), networkMode=mode))
        assert body["HostConfig"]["NetworkMode"] == mode
