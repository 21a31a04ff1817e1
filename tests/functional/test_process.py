"""Flags, exit codes, start-up, shutdown and logs of the real agent (specification: config.md)."""
import json, os, pathlib, re, signal, subprocess, time

import pytest

from fakes.aws import INSTANCE, Answer
from harness import AGENT, AS_IMAGE, poll

pytestmark = pytest.mark.skipif(bool(AS_IMAGE), reason="of the plain process")


def registrations(a):
    return [r.data["body"] for r in a.aws.journal.select("api", "RegisterContainerInstance")]


def ends(a, code, timeout=30):
    a.start(wait=False)
    assert a.wait(timeout) == code, a.output()[-3000:]
    return a.output()


def program(*args, **env):
    return subprocess.run([AGENT, *args], capture_output=True, text=True, env={"PATH": "/usr/bin", **env}, timeout=30)


# ---- flags

@pytest.mark.parametrize("flag", ["-bogus", "-h", "--help", "-version=maybe"])
def test_config_13_usage_goes_to_stderr_with_exit_5(flag):
    p = program(flag)
    assert p.returncode == 5
    assert "Usage of Amazon ECS Agent:" in p.stderr and not p.stdout


def test_config_13_version_needs_nothing():
    p = program("-version")
    assert p.returncode == 0
    assert re.match(r"Amazon ECS Agent:\n\tVersion: \S+\n\tCommit: [0-9a-f]+\n", p.stdout), p.stdout


def test_config_15_the_flag_wins_over_the_environment(make_agent):
    a = make_agent(env={"ECS_LOGLEVEL": "debug"}, args=["-loglevel", "error"]).start()
    a.stop()
    lines = (a.log() + a.output()).splitlines()
    assert not [line for line in lines if re.search(r"level=(debug|info|warn)\b", line)]


def test_config_16_attributes_are_printed(make_agent):
    a = make_agent(args=["-ecs-attributes"])
    text = ends(a, 0)
    pairs = [line.split("\t") for line in text.splitlines() if re.match(r"^(com\.amazonaws\.ecs|ecs)\.capability\.", line)]
    assert all(len(p) == 2 for p in pairs)
    assert "ecs.capability.ipv6-only" in [p[0] for p in pairs]


# ---- configuration

def test_config_01_without_a_data_directory_each_start_registers_anew(make_agent):
    a = make_agent(data=False)
    for _ in range(2):
        a.start()
        a.stop()
    assert ["containerInstanceArn" in r for r in registrations(a)] == [False, False]
    assert not list((a.dir / "data").iterdir())


def test_config_02_ecs_api_17_a_restart_registers_the_same_instance(make_agent):
    a = make_agent(env={"ECS_INSTANCE_ATTRIBUTES": '{"stack":"prod"}', "ECS_CONTAINER_INSTANCE_TAGS": '{"team":"x"}'})
    for _ in range(2):
        a.start()
        assert a.stop() == 0
    first, second = registrations(a)
    assert "containerInstanceArn" not in first and second["containerInstanceArn"] == INSTANCE
    assert {"name": "stack", "value": "prod"} in first["attributes"]
    assert "stack" not in [x["name"] for x in second["attributes"]]
    assert first["tags"] == second["tags"] == [{"key": "team", "value": "x"}]
    state = a.dir / "data/ecs-agent.sqlite"
    assert state.stat().st_mode & 0o777 == 0o600


def test_config_03_environment_file_and_user_data_in_that_order(make_agent, tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"Cluster":"from-file"}')
    user_data = (200, '{"ECSAgentConfiguration":{"Cluster":"from-user-data"}}')
    for env, file, expected in [("from-env", True, "from-env"), (None, True, "from-file"), (None, False, "from-user-data")]:
        a = make_agent(env={"ECS_CLUSTER": env, "ECS_AGENT_CONFIG_FILE_PATH": str(config) if file else "/none"})
        a.aws.imds["user-data"] = user_data
        a.start()
        assert registrations(a)[0]["cluster"] == expected
        a.stop()


@pytest.mark.parametrize("name,value", [("ECS_INSTANCE_ATTRIBUTES", '{"a":1}'), ("ECS_CONTAINER_INSTANCE_TAGS", "nonsense"),
                                        ("ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", '["300.0.0.0/8"]')])
def test_config_06_a_bad_list_ends_the_start_before_any_docker_call(make_agent, name, value):
    a = make_agent(env={name: value})
    text = ends(a, 1)
    assert name in text
    assert not a.proxy.calls()


def test_config_08_a_short_stop_timeout_in_the_file_is_fatal(make_agent, tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"DockerStopTimeout":5}')
    assert "DockerStopTimeout: 5ns" in ends(make_agent(env={"ECS_AGENT_CONFIG_FILE_PATH": str(config), "ECS_CONTAINER_STOP_TIMEOUT": None}), 1)


def test_config_09_a_bad_file_is_fatal_and_bad_user_data_is_not(make_agent, tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"Cluster":')
    assert str(config) in ends(make_agent(env={"ECS_AGENT_CONFIG_FILE_PATH": str(config)}), 1)
    a = make_agent()
    a.aws.imds["user-data"] = (200, '{"ECSAgentConfiguration":{"Cluster":')
    a.start()


def test_config_11_external_needs_a_region_and_asks_no_metadata(make_agent):
    a = make_agent(env={"ECS_EXTERNAL": "true", "AWS_DEFAULT_REGION": None})
    assert "AWS_DEFAULT_REGION" in ends(a, 1, timeout=3)
    assert not a.aws.journal.select("imds")


def test_config_12_ecs_api_03_detailed_os_family(make_agent):
    a = make_agent(env={"ECS_DETAILED_OS_FAMILY": ""}).start()
    assert "ecs.os-type-detailed" not in [x["name"] for x in registrations(a)[0]["attributes"]]
    agent_header = a.aws.journal.select("api")[0].data["headers"]["User-Agent"]
    assert agent_header.startswith("Amazon ECS Agent - v1.105.1 (") and "(linux)" in agent_header
    b = make_agent(env={"ECS_DETAILED_OS_FAMILY": "debian_12"}).start()
    assert "(linux; debian_12)" in b.aws.journal.select("api")[0].data["headers"]["User-Agent"]


# ---- start-up

def test_gpus_are_registered(make_agent):
    """From the file that the service on the host writes; there is only one place for it."""
    path = pathlib.Path("/var/lib/ecs/gpu/nvidia-gpu-info.json")
    if path.exists() or os.geteuid() != 0:
        pytest.skip("this machine has GPUs of its own, or is not ours to change")
    a = make_agent(env={"ECS_ENABLE_GPU_SUPPORT": "true"}).start()
    assert "platformDevices" not in registrations(a)[0] and str(path) in a.log()
    a.stop()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_text('{"DriverVersion":"470.57","GPUIDs":["GPU-1","GPU-2"]}')
        a = make_agent(env={"ECS_ENABLE_GPU_SUPPORT": "true"}).start()
        (body,) = registrations(a)
        assert body["platformDevices"] == [{"id": "GPU-1", "type": "GPU"}, {"id": "GPU-2", "type": "GPU"}]
        assert {"name": "ecs.capability.gpu-driver-version", "value": "470.57"} in body["attributes"]
        assert {"name": "ecs.capability.nvidia-driver-version.470.57"} in body["attributes"]
        path.write_text('{"GPUIDs":"GPU-1"}')
        assert "GPUIDs: expected array, got string" in ends(make_agent(env={"ECS_ENABLE_GPU_SUPPORT": "true"}), 1)
    finally:
        path.unlink()
        for folder in (path.parent, path.parent.parent):
            if not list(folder.iterdir()):
                folder.rmdir()


def test_config_18_engine_36_versions_of_the_engine_api(make_agent, tmp_path):
    from fakes.engine import FakeEngine
    for name, oldest, newest, starts in (("a", "1.44", "1.45", True), ("b", "1.45", "1.46", False)):
        engine = FakeEngine(str(tmp_path / f"{name}.sock"), minimum=oldest, maximum=newest).start()
        a = make_agent(engine=engine)
        if starts:
            a.start()
            used = {r.data["version"] for r in engine.journal.select("engine") if r.data["path"] not in ("/version", "/_ping")}
            assert used == {"1.44"}
        else:
            assert "1.45" in ends(a, 1, timeout=60)
        engine.stop()


def test_config_19_ecs_api_18_engine_75_another_cluster_than_stored_exits_5_without_a_call(make_agent):
    a = make_agent().start()
    assert a.stop() == 0
    calls = len(a.aws.journal.select("api"))
    a.extra["ECS_CLUSTER"] = "other"
    text = ends(a, 5)
    assert "test-cluster" in text and "other" in text
    assert len(a.aws.journal.select("api")) == calls


def test_config_20_another_instance_id_registers_afresh(make_agent):
    a = make_agent().start()
    a.stop()
    a.aws.imds["meta-data/instance-id"] = (200, "i-11111111111111111")
    a.start()
    assert "containerInstanceArn" not in registrations(a)[1]


def test_config_22_access_denied_exits_1(make_agent):
    for cluster, calls in (("c", 1), (None, 2)):
        a = make_agent(env={"ECS_CLUSTER": cluster})
        a.aws.always["RegisterContainerInstance"] = Answer("AccessDeniedException", "no")
        ends(a, 1)
        assert len(registrations(a)) == calls


def test_config_23_ecs_api_19_the_default_cluster_is_created(make_agent):
    a = make_agent(env={"ECS_CLUSTER": None})
    a.aws.script["RegisterContainerInstance"] = [Answer("ClientException", "Cluster not found.")]
    a.start()
    names = [r.name for r in a.aws.journal.select("api")][:3]
    assert names == ["RegisterContainerInstance", "CreateCluster", "RegisterContainerInstance"]
    assert a.aws.journal.select("api", "CreateCluster")[0].data["body"] == {"clusterName": "default"}
    tokens = {r["clientToken"] for r in registrations(a)}
    assert len(tokens) == 1
    b = make_agent()
    b.aws.always["RegisterContainerInstance"] = Answer("ClientException", "Cluster not found.")
    ends(b, 5)
    assert not b.aws.journal.select("api", "CreateCluster")


@pytest.mark.parametrize("code,status", [("InvalidParameterException", 5), ("ClientException", 5), ("AccessDeniedException", 1)])
def test_config_24_ecs_api_14_refused_registration(make_agent, code, status):
    a = make_agent()
    a.aws.always["RegisterContainerInstance"] = Answer(code, "the reason given")
    assert "the reason given" in ends(a, status)


def test_config_24_ecs_api_15_ecs_api_16_a_server_error_is_repeated_in_groups(make_agent):
    a = make_agent()
    a.aws.script["RegisterContainerInstance"] = [Answer("ServerException", "x", 500) for _ in range(3)]
    a.start()
    calls = a.aws.journal.select("api", "RegisterContainerInstance")
    assert len(calls) == 4
    assert calls[2].time - calls[0].time < 6.5                    # random, at most 2 s and 4 s
    assert 3.0 <= calls[3].time - calls[2].time <= 3.7
    assert len({c.data["body"]["clientToken"] for c in calls}) == 1


def test_config_25_ecs_api_13_attributes_must_come_back(make_agent):
    a = make_agent()
    a.aws.always["RegisterContainerInstance"] = lambda body: {"containerInstance": {
        "containerInstanceArn": INSTANCE, "attributes": [x for x in body["attributes"] if x["name"] != "ecs.os-type"]}}
    assert "ecs.os-type" in ends(a, 5)
    b = make_agent()
    b.aws.always["RegisterContainerInstance"] = lambda body: {"containerInstance": {
        "containerInstanceArn": INSTANCE, "attributes": [x for x in body["attributes"] if "value" in x]}}
    b.start()


def test_ecs_api_01_ecs_api_04_ecs_api_05_ecs_api_06_ecs_api_07_ecs_api_08_ecs_api_10_ecs_api_11_registration(make_agent):
    import os
    a = make_agent(env={"ECS_RESERVED_MEMORY": "64"}).start()
    first = a.aws.journal.select("api")[0]
    assert first.name == "RegisterContainerInstance"
    headers = {k.lower(): v for k, v in first.data["headers"].items()}
    assert headers["x-amz-target"] == "AmazonEC2ContainerServiceV20141113.RegisterContainerInstance"
    assert "/ecs/aws4_request" in headers["authorization"]
    body = first.data["body"]
    assert "versionInfo" not in body
    capabilities = [x for x in body["attributes"] if ".capability." in x["name"]]
    assert capabilities and all("value" not in x for x in capabilities if "version" not in x["name"])
    resources = body["totalResources"]
    assert [r["name"] for r in resources] == ["CPU", "MEMORY", "PORTS", "PORTS_UDP"]
    assert resources[0]["integerValue"] == 1024 * len(os.sched_getaffinity(0))
    total = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read()).group(1)) // 1024
    assert resources[1]["integerValue"] == total - 64
    assert resources[2]["stringSetValue"] == ["22", "2375", "2376", "51678", "51679"]
    assert resources[3]["stringSetValue"] == []
    names = [x["name"] for x in body["attributes"]]
    assert "ecs.capability.ipv6-only" in names
    for version in ("1.26", "1.27", "1.31", "1.33", "1.41"):
        assert f"com.amazonaws.ecs.capability.docker-remote-api.{version}" not in names


def test_ecs_api_02_a_backend_host_without_a_scheme_is_asked_over_tls(make_agent):
    import socket
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        a = make_agent(env={"ECS_BACKEND_HOST": f"127.0.0.1:{listener.getsockname()[1]}"})
        a.start(wait=False)
        connection, _ = listener.accept()
        connection.settimeout(5)
        assert connection.recv(3)[:2] == b"\x16\x03"         # a TLS handshake
        connection.close()


def test_ecs_api_09_reserved_ports_replace_the_list(make_agent):
    a = make_agent(env={"ECS_RESERVED_PORTS": "[22,80]"}).start()
    assert registrations(a)[0]["totalResources"][2]["stringSetValue"] == ["22", "80"]


def test_ecs_api_12_external_instance(make_agent):
    a = make_agent(env={"ECS_EXTERNAL": "true"}).start()
    body = registrations(a)[0]
    names = [x["name"] for x in body["attributes"]]
    assert body["instanceIdentityDocument"] == body["instanceIdentityDocumentSignature"] == ""
    assert "ecs.cpu-architecture" in names and "ecs.capability.external" in names
    assert "ecs.capability.aws-appmesh" not in names
    assert not a.aws.journal.select("imds")


# ---- shutdown

@pytest.mark.parametrize("number,word", [(signal.SIGTERM, "terminated"), (signal.SIGINT, "interrupt")])
def test_config_31_a_signal_ends_it_and_leaves_containers(make_agent, number, word):
    from harness import docker_api, task
    a = make_agent().start()
    t = a.run(task())
    start = time.monotonic()
    assert a.stop(number) == 0
    assert time.monotonic() - start < 5
    assert len([line for line in a.log().splitlines() if word in line]) == 1
    assert [c["State"] for c in docker_api.of_task(t["arn"])] == ["running"]


def test_config_32_sigusr1_is_survived_and_hangup_is_not(make_agent):
    a = make_agent().start()
    a.send_signal(signal.SIGUSR1)
    poll(lambda: "STACKTRACE" in a.log(), what="the dump")
    assert a.process.poll() is None
    a.send_signal(signal.SIGHUP)
    assert a.wait() in (129, -signal.SIGHUP)


def test_config_33_a_signal_during_registration_ends_it(make_agent):
    a = make_agent()
    a.aws.always["RegisterContainerInstance"] = Answer("ServerException", "x", 500)
    a.start(wait=False)
    a.aws.journal.wait("api", "RegisterContainerInstance", count=3)
    assert a.stop(timeout=10) == 0


# ---- logs

def test_config_34_a_log_driver_switches_the_file_off(make_agent):
    a = make_agent(env={"ECS_LOG_DRIVER": "x", "ECS_LOGLEVEL": None}).start()
    a.stop()
    assert not (a.dir / "agent.log").exists()
    assert "level=info" in a.output()


def test_config_35_json_lines(make_agent):
    a = make_agent(env={"ECS_LOG_OUTPUT_FORMAT": "json"}).start()
    a.stop()
    lines = a.output().splitlines()
    assert lines
    for line in lines:
        assert {"level", "time", "msg"} <= set(json.loads(line))


def test_log_lines_have_the_grammar_of_the_original(make_agent):
    a = make_agent().start()
    a.stop()
    for line in a.log().splitlines():
        assert re.match(r'^level=(debug|info|warn|error|critical) time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ msg="', line), line


def test_config_36_rolled_files_are_bounded(make_agent):
    a = make_agent(env={"ECS_LOG_MAX_FILE_SIZE_MB": "0.001", "ECS_LOG_MAX_ROLL_COUNT": "2"}).start()
    for n in range(40):
        a.aws.acked(a.aws.send("HeartbeatMessage", {"messageId": f"beat-{n}", "healthy": True}), "HeartbeatAckRequest")
        a.aws.send_text("nonsense that is worth a line of the log")
    a.stop()
    numbers = sorted(int(p.suffix[1:]) for p in a.dir.glob("agent.log.*"))
    assert len(numbers) == 2 and numbers[1] == numbers[0] + 1 and numbers[0] > 1


def test_no_secret_is_logged(make_agent):
    from harness import container, task
    a = make_agent(env={"AWS_SECRET_ACCESS_KEY": "SECRETACCESS0001", "AWS_SESSION_TOKEN": "SECRETTOKEN0002"}).start()
    role = {"credentialsId": "SECRETID0003", "roleArn": "arn:aws:iam::1:role/r", "accessKeyId": "ASIA0004", "secretAccessKey": "SECRETKEY0005",
            "sessionToken": "SECRETTOKEN0006", "expiration": "2099-01-01T00:00:00Z"}
    t = task(container(environment={"PASSWORD": "SECRETENV0007"}), roleCredentials=role)
    a.run(t)
    a.stop_task(t)
    a.aws.send_text('{"type":"IAMRoleCredentialsMessage","message":{"roleCredentials":{"secretAccessKey":"SECRETKEY0008"}}}')
    a.stop()
    found = re.findall(r"SECRET[A-Z]+\d{4}", a.log() + a.output())
    assert not found, found


# ---- instance metadata

def test_config_39_metadata_without_tokens(make_agent):
    a = make_agent()
    a.aws.imds["api/token"] = (403, "no")
    a.start()
    gets = a.aws.journal.select("imds", where=lambda r: r.data["method"] == "GET")
    assert gets and not [r for r in gets if "x-aws-ec2-metadata-token" in {k.lower() for k in r.data["headers"]}]
    b = make_agent(env={"AWS_DEFAULT_REGION": None})
    b.aws.imds["api/token"] = (400, "no")
    ends(b, 1, timeout=60)


def test_config_10_no_region_anywhere(make_agent):
    a = make_agent(env={"AWS_DEFAULT_REGION": None})
    a.aws.imds_down = True
    start = time.monotonic()
    text = ends(a, 1, timeout=60)
    assert 5 <= time.monotonic() - start <= 15
    assert "AWSRegion" in text


def test_config_40_role_keys_sign_when_no_key_is_in_the_environment(make_agent):
    a = make_agent(env={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}).start()
    headers = {k.lower(): v for k, v in a.aws.journal.select("api")[0].data["headers"].items()}
    assert "Credential=ASIAROLE/" in headers["authorization"]
