"""What becomes of a container's settings: the create call, and what the engine shows of it (specification: engine.md 4.3 to 4.8)."""
import json, os, socket, time

import harness
from harness import MOMENT, docker_api, task

# Ends when it is told to, so that no test waits for a kill.
QUICK = ("sh", "-c", "trap 'exit 0' TERM INT; sleep 600 & wait")


def container(name="main", command=QUICK, **fields):
    return harness.container(name, command, **fields)


CONFIG = {"User": "1000:1000", "WorkingDir": "/tmp", "Hostname": "hh", "Domainname": "example.com", "Labels": {"app": "x"}, "Tty": True,
          "OpenStdin": True, "StopSignal": "SIGINT",
          "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 5000000000, "Timeout": 2000000000, "Retries": 3, "StartPeriod": 1000000000}}
HOST = {"Ulimits": [{"Name": "nofile", "Hard": 2048, "Soft": 1024}], "CapAdd": ["SYS_PTRACE"], "CapDrop": ["MKNOD"], "ReadonlyRootfs": True,
        "Dns": ["10.0.0.2"], "DnsSearch": ["example.com"], "DnsOptions": ["ndots:2"], "ExtraHosts": ["db:10.0.0.9"], "ShmSize": 33554432,
        "Init": True, "MemoryReservation": 16777216, "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
        "Tmpfs": {"/run": "size=1048576,rw"}, "Sysctls": {"net.core.somaxconn": "512"}, "SecurityOpt": ["no-new-privileges"],
        "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/none", "CgroupPermissions": "rw"}], "GroupAdd": ["20"],
        "OomScoreAdj": 100, "PidsLimit": 50, "CpusetCpus": "0", "UTSMode": "", "Binds": ["/etc/hostname:/h:ro"]}


def seen(a, t, name="main"):
    """The engine's own view of a container of the task, once it runs."""
    a.run(t)
    for c in docker_api.of_task(t["arn"]):
        if c["Labels"]["com.amazonaws.ecs.container-name"] == name:
            return docker_api.inspect(c["Id"])
    raise AssertionError(f"no container {name}")


def body_of(a, t):
    (call,) = [c for c in a.proxy.calls("POST", "^/containers/create") if t["arn"].encode() in c.data["body"]]
    return json.loads(call.data["body"])


def bindings(a, t):
    return a.container_report(t, status="RUNNING")["networkBindings"]


def published(*mappings, **fields):
    return task(container(portMappings=list(mappings), **fields))


def test_the_engine_shows_every_setting(shared):
    t = task(container(config=CONFIG, host=HOST, cpu=512, memory=64, entryPoint=["sh"], command=QUICK[1:], environment={"A": "1=2"}))
    c = seen(shared, t)
    for name, value in CONFIG.items():
        assert c["Config"][name] == value if name != "Labels" else c["Config"][name]["app"] == "x", name
    for name, value in HOST.items():
        assert c["HostConfig"][name] == value, name
    assert c["Config"]["Entrypoint"] == ["sh"] and c["Config"]["Cmd"] == list(QUICK[1:]) and "A=1=2" in c["Config"]["Env"]
    assert c["HostConfig"]["Memory"] == 64 << 20 and c["HostConfig"]["CpuShares"] == 512
    assert c["Config"]["Labels"]["com.amazonaws.ecs.task-arn"] == t["arn"]
    shared.stop_task(t)


def test_engine_39_the_agents_labels_win(shared):
    t = task(container(config={"Labels": {"com.amazonaws.ecs.container-name": "forged", "mine": "1"}}))
    labels = seen(shared, t)["Config"]["Labels"]
    assert labels["com.amazonaws.ecs.container-name"] == "main" and labels["mine"] == "1"
    assert labels["com.amazonaws.ecs.task-definition-family"] == "family" and labels["com.amazonaws.ecs.task-definition-version"] == "1"
    shared.stop_task(t)


def test_engine_52_zero_values_are_sent(shared):
    t = shared.run(task(container()))
    body = body_of(shared, t)
    assert body["NetworkingConfig"] == {"EndpointsConfig": None}
    assert body["Tty"] is False and body["Volumes"] is None and body["HostConfig"]["ConsoleSize"] == [0, 0]
    assert body["HostConfig"]["Binds"] == [] and body["HostConfig"]["PortBindings"] == {}
    shared.stop_task(t)


def test_engine_37_the_version_of_the_payload_is_for_create_and_start(shared):
    t = task(container())
    t["containers"][0]["dockerConfig"]["version"] = "1.29"
    before = len(shared.proxy.calls("POST"))
    shared.run(t)
    paths = {c.data["path"].split("?")[0].rsplit("/", 1)[1]: c.data["version"] for c in shared.proxy.calls("POST")[before:]}
    assert paths == {"create": "1.29", "start": "1.29"}
    shared.stop_task(t)
    assert shared.proxy.calls("POST", "/stop")[-1].data["version"] == "1.21"


def test_members_that_the_version_does_not_have(shared):
    t = task(container(config={"StopTimeout": 5}))
    shared.payload(t)
    shared.aws.reported(t["arn"], "STOPPED")
    assert shared.container_report(t)["reason"] == \
        'CannotCreateContainerError: "stop timeout" requires API version 1.25, but the Docker daemon API version is 1.21'
    t = task(container(config={"StopTimeout": 5}, host={"AutoRemove": True}))
    t["containers"][0]["dockerConfig"]["version"] = "1.24"
    del t["containers"][0]["dockerConfig"]["config"]
    assert seen(shared, t)["HostConfig"]["AutoRemove"] is False
    shared.stop_task(t)


def test_engine_44_a_log_that_does_not_block_has_a_buffer(shared):
    for given, expected in (({"mode": "non-blocking"}, "10m"), ({"mode": "non-blocking", "max-buffer-size": "1m"}, "1m")):
        t = task(container(host={"LogConfig": {"Type": "json-file", "Config": given}}))
        assert seen(shared, t)["HostConfig"]["LogConfig"]["Config"]["max-buffer-size"] == expected
        shared.stop_task(t)


def test_host_and_none_networks(shared):
    t = task(container(host={"NetworkMode": "host"}, portMappings=[{"containerPort": 18084, "hostPort": 18084, "protocol": "tcp"}]),
             networkMode="host")
    assert seen(shared, t)["HostConfig"]["NetworkMode"] == "host"
    assert "networkBindings" not in shared.container_report(t, status="RUNNING")
    shared.stop_task(t)
    t = task(container(host={"NetworkMode": "none"}), networkMode="none")
    c = seen(shared, t)
    assert c["HostConfig"]["NetworkMode"] == "none" and list(c["NetworkSettings"]["Networks"]) == ["none"]
    shared.stop_task(t)


def test_pid_and_ipc_modes_of_the_host(shared):
    t = task(container(), pidMode="host", ipcMode="host")
    c = seen(shared, t)
    assert c["HostConfig"]["PidMode"] == "host" and c["HostConfig"]["IpcMode"] == "host"
    shared.stop_task(t)
    t = task(container(), ipcMode="none")
    assert seen(shared, t)["HostConfig"]["IpcMode"] == "none"
    shared.stop_task(t)


def by_name(t):
    return {c["Labels"]["com.amazonaws.ecs.container-name"]: docker_api.inspect(c["Id"]) for c in docker_api.of_task(t["arn"])}


def namespace(c, kind):
    return os.readlink(f"/proc/{c['State']['Pid']}/ns/{kind}")


def test_pid_and_ipc_namespaces_of_the_task(make_agent):
    a = make_agent(env={"ECS_PAUSE_LABELS": json.dumps({"team": "x"})}).start()
    t = a.run(task(container("one"), container("two"), pidMode="task", ipcMode="task"))
    found = by_name(t)
    pause = found.pop("~internal~ecs~pause~namespace")
    assert pause["Config"]["Image"] == "amazon/amazon-ecs-pause:0.1.0" and pause["Name"].startswith("/ecs-family-1-internalecspausenamespace-")
    assert pause["HostConfig"]["NetworkMode"] == "none" and pause["HostConfig"]["IpcMode"] == "shareable"
    assert pause["Config"]["Labels"]["team"] == "x"
    for c in found.values():
        assert c["HostConfig"]["PidMode"] == c["HostConfig"]["IpcMode"] == "container:" + pause["Id"]
        for kind in ("pid", "ipc"):
            assert namespace(c, kind) == namespace(pause, kind)
        assert "team" not in c["Config"]["Labels"]
    # Nobody is told of the pause container, and it goes last.
    events = docker_api.Events(a.cluster)
    begin = time.monotonic()
    body = a.stop_task(t).data["body"]
    assert time.monotonic() - begin < 8
    assert sorted(c["containerName"] for c in body["containers"]) == ["one", "two"]
    harness.poll(lambda: len(events.of(t["arn"], "die")) == 3, what="three ends")
    assert events.of(t["arn"], "die")[-1]["id"] == pause["Id"]
    events.close()


def test_only_ipc_is_shared(shared):
    t = shared.run(task(container("one"), container("two"), ipcMode="task"))
    found = by_name(t)
    pause = found.pop("~internal~ecs~pause~namespace")
    assert {namespace(c, "ipc") for c in found.values()} == {namespace(pause, "ipc")}
    assert len({namespace(c, "pid") for c in found.values()}) == 2
    shared.stop_task(t)


def test_engine_43_ports_that_the_agent_chooses(make_agent):
    a = make_agent(env={"ECS_DYNAMIC_HOST_PORT_RANGE": "41000-41005"}).start()
    t = published({"containerPort": 80, "protocol": "tcp"}, {"containerPort": 53, "hostPort": 0, "protocol": "udp"},
                  {"containerPortRange": "9000-9002", "protocol": "tcp"})
    a.run(t)
    found = bindings(a, t)
    assert all(b["bindIP"] == "0.0.0.0" for b in found)
    single = {(b["containerPort"], b["protocol"]): b["hostPort"] for b in found if "containerPort" in b}
    (several,) = [b for b in found if "containerPortRange" in b]
    assert single == {(80, "tcp"): 41000, (53, "udp"): 41001}
    assert several == {"bindIP": "0.0.0.0", "containerPortRange": "9000-9002", "hostPortRange": "41002-41004", "protocol": "tcp"}
    assert set(body_of(a, t)["HostConfig"]["PortBindings"]) == {"80/tcp", "53/udp", "9000/tcp", "9001/tcp", "9002/tcp"}
    # Two are left to this protocol, and taken by somebody else.
    with socket.create_server(("0.0.0.0", 41001)), socket.create_server(("0.0.0.0", 41005)):
        full = published({"containerPort": 80, "protocol": "tcp"})
        a.payload(full)
        a.aws.reported(full["arn"], "STOPPED")
        assert a.container_report(full)["reason"] == "HostConfigError: error retrieving docker port map: a host port is unavailable"
        full = published({"containerPortRange": "80-81", "protocol": "tcp"})
        a.payload(full)
        a.aws.reported(full["arn"], "STOPPED")
        assert a.container_report(full)["reason"] == \
            "HostConfigError: error retrieving docker port map: 2 contiguous host ports are unavailable"
    a.stop_task(t)


def test_ecs_api_32_ipv6_bindings_are_shown_on_demand(make_agent):
    a = make_agent(env={"ECS_EXCLUDE_IPV6_PORTBINDING": "false"}).start()
    t = published({"containerPort": 80, "protocol": "tcp"})
    c = seen(a, t)
    engine = {b["HostIp"] for b in c["NetworkSettings"]["Ports"]["80/tcp"]}
    assert {b["bindIP"] for b in bindings(a, t)} == engine
    a.stop_task(t)


def test_duplicates(shared):
    twice = task(container("same"), container("same"))
    port = [{"containerPort": 80, "hostPort": 18085, "protocol": "tcp"}]
    first, second = published(*port), published(*port)
    shared.payload(twice, first, second)
    assert "more than one container has the name same" in shared.aws.reported(twice["arn"], "STOPPED").data["body"]["reason"]
    shared.aws.reported(first["arn"], "RUNNING")
    time.sleep(MOMENT)
    assert not shared.submissions(second)
    shared.stop_task(first)
    shared.aws.reported(second["arn"], "RUNNING")
    shared.stop_task(second)


def test_malformed_tasks_of_a_payload_are_named_and_the_others_run(shared):
    error = "UnrecogniedTaskError: Error loading task - "
    bad = [
        (published({"containerPort": 80, "hostPort": 70000, "protocol": "tcp"}),
         error + "json: cannot unmarshal number 70000 into Go struct field PortBinding.Containers.portMappings.HostPort of type uint16",
         "(containers[0].portMappings[0].hostPort: 0 to 65535)"),
        (published({"containerPort": 80, "protocol": "sctp"}), error + 'TransportProtocol must be "tcp" or "udp"; Got "sctp"',
         "(containers[0].portMappings[0].protocol: tcp or udp)"),
        (task(container(overrides=json.dumps({"cpu": 1}))), error + "Multiple error:", "(containers[0].overrides: "),
        (published({"containerPortRange": "90-80", "protocol": "tcp"}), "HostConfigError: error retrieving docker port map: ",
         "portMappings[0].containerPortRange"),
        (task(container(links=["a:b:c"])), "resource cannot be initialized for task ", "invalid link format"),
        (task(container(volumesFrom=[{"sourceContainer": "zz"}])), "resource cannot be initialized for task ",
         "could not find volume source container with name zz"),
        (task(container(dependsOn=[{"containerName": "zz", "condition": "START"}])), "Task dependencies cannot be resolved, taskArn: ",
         "(container main depends on zz, which is not in the task)"),
    ]
    good = task(container())
    shared.payload(*[t for t, _, _ in bad], good)
    shared.aws.reported(good["arn"], "RUNNING")
    for t, begin, rest in bad:
        reason = shared.aws.reported(t["arn"], "STOPPED").data["body"]["reason"]
        assert reason.startswith(begin) and rest in reason, reason
        assert not docker_api.of_task(t["arn"])
    shared.stop_task(good)
