"""What the agent does with what it cannot use: a message that names the thing and the rule, the original's exit code, and
no half-made container."""
import os, socket

from harness import container, docker_api, task


def half_made(t):
    return [c for c in docker_api.of_task(t["arn"]) if c["State"] == "running"]


def test_unknown_image(shared):
    t = task(container(image="127.0.0.1:9/none:1"))
    shared.payload(t)
    shared.aws.reported(t["arn"], "STOPPED", timeout=90)
    reason = shared.container_report(t)["reason"]
    assert reason.startswith("CannotPull") and "127.0.0.1:9" in reason
    assert not docker_api.of_task(t["arn"])


def test_port_in_use(shared):
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        t = task(container(portMappings=[{"containerPort": 80, "hostPort": port, "protocol": "tcp"}]))
        shared.payload(t)
        shared.aws.reported(t["arn"], "STOPPED")
        reason = shared.container_report(t)["reason"]
        assert reason.startswith("CannotStartContainerError") and str(port) in reason
        assert not half_made(t)


def test_docker_config_that_is_no_json(shared):
    t = task()
    t["containers"][0]["dockerConfig"]["hostConfig"] = '{"Memory": '
    shared.payload(t)
    shared.aws.reported(t["arn"], "STOPPED")
    assert shared.container_report(t)["reason"]
    assert not docker_api.of_task(t["arn"])


def test_command_that_is_not_in_the_image(shared):
    t = task(container(command=["/no/such/program"]))
    shared.payload(t)
    shared.aws.reported(t["arn"], "STOPPED")
    reason = shared.container_report(t)["reason"]
    assert reason.startswith("CannotStartContainerError") and "/no/such/program" in reason
    assert not half_made(t)


def test_memory_below_the_engines_floor(shared):
    t = task(container(memory=2))
    shared.payload(t)
    shared.aws.reported(t["arn"], "STOPPED")
    assert shared.container_report(t)["reason"].startswith("CannotCreateContainerError")


def test_network_mode_that_is_not_built_yet_is_named(shared):
    t = task(networkMode="awsvpc", elasticNetworkInterfaces=[{
        "attachmentArn": "arn:aws:ecs:eu-west-1:1:attachment/a", "ec2Id": "eni-1", "macAddress": "02:00:00:00:00:09",
        "ipv4Addresses": [{"primary": True, "privateAddress": "10.0.0.9"}], "subnetGatewayIpv4Address": "10.0.0.1/24"}])
    shared.payload(t)
    body = shared.aws.reported(t["arn"], "STOPPED").data["body"]
    assert "awsvpc" in body["reason"] or "network" in body["reason"]
    assert not docker_api.of_task(t["arn"])


def test_unreadable_state(make_agent):
    a = make_agent().start()
    a.stop()
    state = a.dir / "data/ecs-agent.sqlite"
    for suffix in ("-wal", "-shm"):
        extra = a.dir / f"data/ecs-agent.sqlite{suffix}"
        if extra.exists():
            extra.unlink()
    state.write_bytes(b"this is no database" * 1000)
    calls = len(a.aws.journal.select("api"))
    a.start(wait=False)
    assert a.wait() == 1
    assert str(state) in a.output()
    assert len(a.aws.journal.select("api")) == calls


def test_data_directory_that_is_not_there(make_agent):
    a = make_agent(env={"ECS_DATADIR": "/none/such"})
    a.start(wait=False)
    assert a.wait() == 1
    assert "/none/such" in a.output()


def test_truncated_state(make_agent):
    a = make_agent().start()
    a.stop_task(a.run(task()))
    assert a.stop() == 0
    state = a.dir / "data/ecs-agent.sqlite"
    os.truncate(state, state.stat().st_size // 2 // 4096 * 4096)
    a.start(wait=False)
    assert a.wait() in (1, 5)
    assert str(state) in a.output()


def test_a_second_agent_on_the_same_state_is_refused(make_agent):
    import subprocess
    from harness import AGENT
    a = make_agent().start()
    p = subprocess.run([AGENT], env=a.env(), capture_output=True, text=True, timeout=30, cwd=a.dir)
    assert p.returncode == 1
    assert "ecs-agent.sqlite" in p.stdout + p.stderr
