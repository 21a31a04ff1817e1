"""Volumes and cgroups of tasks on a real engine (specification: engine.md 9.1, 9.2; config.md 148 and on)."""
import importlib.util, pathlib, re, shutil, uuid

import pytest

from harness import container, docker_api, poll, task
from fakes.systemd import Systemd

CGROUP = pathlib.Path("/sys/fs/cgroup")
CONTROLLERS = [p.name for p in CGROUP.iterdir() if p.is_dir() and p.name not in ("unified",)]
QUICK_CLEANUP = {"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "1s"}
LIMITS = {"ECS_ENABLE_TASK_CPU_MEM_LIMIT": None, **QUICK_CLEANUP}
# Ends when it is told to, so that no test waits for a kill.
QUICK = "trap 'exit 0' TERM INT; sleep 600 & wait"


def sh(name="main", script=QUICK, **fields):
    return container(name, ("sh", "-c", script), **fields)


def host(name, path=None):
    return {"name": name, "type": "host", "host": {"sourcePath": path} if path else {}}


def docker_volume(name, scope="task", **fields):
    return {"name": name, "type": "docker", "dockerVolumeConfiguration": {"scope": scope, "driver": "local", **fields}}


def mount(volume, path="/data", read_only=False):
    return {"sourceVolume": volume, "containerPath": path, "readOnly": read_only}


def volumes(prefix):
    found = docker_api.call("GET", "/volumes")[1]["Volumes"] or []
    return {v["Name"]: v for v in found if v["Name"].startswith(prefix)}


def drop(name):
    docker_api.call("DELETE", f"/volumes/{name}?force=1")


def fresh():
    return "ecs-test-" + uuid.uuid4().hex[:12]


def task_id(t):
    return t["arn"].rsplit("/", 1)[1]


def cgroup(t, controller, file):
    return (CGROUP / controller / "ecs" / task_id(t) / file).read_text().strip()


def cgroups(t):
    return [c for c in CONTROLLERS if (CGROUP / c / "ecs" / task_id(t)).exists()]


def attributes(a):
    body = a.aws.journal.select("api", "RegisterContainerInstance")[-1].data["body"]
    return {x["name"] for x in body["attributes"]}


def exit_code(t, name):
    """Of a container of the task, once it has ended."""
    (found,) = [c for c in docker_api.of_task(t["arn"]) if c["Labels"]["com.amazonaws.ecs.container-name"] == name]
    return poll(lambda: (s := docker_api.inspect(found["Id"])["State"])["Status"] == "exited" and s, what=f"the end of {name}")["ExitCode"]


def only_report(a, t):
    a.aws.reported(t["arn"], "STOPPED")
    (report,) = a.submissions(t)
    assert not report.get("containers"), report
    return report["reason"]


def refused(a, t):
    a.payload(t)
    reason = only_report(a, t)
    prefix = f"resource cannot be initialized for task {t['arn']}: "
    assert reason.startswith(prefix), reason
    assert not docker_api.of_task(t["arn"])
    return reason[len(prefix):]


def importable(*modules):
    return all(importlib.util.find_spec(m) for m in modules)


# ---- volumes

def test_a_host_path_is_seen_by_both_containers(make_agent, tmp_path):
    (tmp_path / "given").write_text("from the host")
    t = task(sh("writer", "cp /data/given /data/copied; " + QUICK, mountPoints=[mount("v")]),
             sh("reader", "while ! cat /in/copied; do sleep 0.1; done; ! touch /in/x || exit 3; exit 5", mountPoints=[mount("v", "/in", True)],
                essential=False),
             volumes=[host("v", str(tmp_path))])
    a = make_agent().start()
    a.run(t)
    assert exit_code(t, "reader") == 5
    a.stop_task(t)
    assert (tmp_path / "copied").read_text() == "from the host"


def test_engine_86_an_empty_volume_lives_as_long_as_the_task(make_agent):
    family = fresh()
    t = task(sh("writer", "echo shared > /data/f; " + QUICK, mountPoints=[mount("scratch")]),
             sh("reader", "while ! grep shared /in/f; do sleep 0.1; done; exit 4", mountPoints=[mount("scratch", "/in")], essential=False),
             family=family, volumes=[host("scratch"), host("unused")])
    a = make_agent(env=QUICK_CLEANUP).start()
    a.run(t)
    assert exit_code(t, "reader") == 4
    (name,) = volumes(f"ecs-{family}-")
    assert re.fullmatch(rf"ecs-{family}-1-scratch-[0-9a-f]{{20}}", name)
    a.stop_task(t)
    poll(lambda: not volumes(f"ecs-{family}-"), what="the removal of the volume")
    deletes = [c.data["path"] for c in a.proxy.calls("DELETE")]
    assert [("volumes" in d) for d in deletes] == [False, False, True], deletes


def test_engine_86_a_task_volume_has_its_driver_options_and_labels(make_agent):
    family = fresh()
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
    t = task(sh(mountPoints=[mount("v")]), family=family, volumes=[docker_volume("v", driverOpts=options, labels={"k": "v"})])
    a = make_agent(env=QUICK_CLEANUP).start()
    a.run(t)
    ((name, volume),) = volumes(f"ecs-{family}-").items()
    assert re.fullmatch(rf"ecs-{family}-1-v-[0-9a-f]{{20}}", name)
    assert volume["Options"] == options and volume["Labels"] == {"k": "v"}
    a.stop_task(t)
    poll(lambda: not volumes(f"ecs-{family}-"), what="the removal of the volume")


def test_engine_86_a_restart_of_the_agent_leaves_the_volume_and_removes_it_in_the_end(make_agent):
    family = fresh()
    t = task(sh(mountPoints=[mount("v")]), family=family, volumes=[docker_volume("v")])
    a = make_agent(env=QUICK_CLEANUP).start()
    a.run(t)
    before = volumes(f"ecs-{family}-")
    a.kill()
    a.start()
    assert volumes(f"ecs-{family}-") == before
    a.stop_task(t)
    poll(lambda: not volumes(f"ecs-{family}-"), what="the removal of the volume")


def test_engine_85_a_shared_volume_is_provisioned_and_survives(make_agent):
    name = fresh()
    first = task(sh(script="echo kept > /data/f; " + QUICK, mountPoints=[mount(name)]),
                 volumes=[docker_volume(name, "shared", autoprovision=True, labels={"k": "v"})])
    second = task(sh(script="grep kept /data/f && exit 6", mountPoints=[mount(name)]), volumes=[docker_volume(name, "shared")])
    a = make_agent(env=QUICK_CLEANUP).start()
    try:
        a.run(first)
        assert volumes(name)[name]["Labels"] == {"k": "v"}
        a.stop_task(first)
        poll(lambda: not docker_api.of_task(first["arn"]), what="the clean-up")
        a.payload(second)
        a.aws.reported(second["arn"], "STOPPED")
        assert a.container_report(second)["exitCode"] == 6
        poll(lambda: not docker_api.of_task(second["arn"]), what="the clean-up")
        assert name in volumes(name)
    finally:
        a.kill()
        docker_api.remove(docker_api.of_task(first["arn"]) + docker_api.of_task(second["arn"]))
        drop(name)


def test_engine_85_a_shared_volume_that_is_missing(agent):
    name = fresh()
    assert refused(agent, task(sh(mountPoints=[mount(name)]), volumes=[docker_volume(name, "shared")])) == (
        f"initialize volume: volume detection failed, volume '{name}' does not exist and autoprovision is set to false: "
        f"Error response from daemon: get {name}: no such volume")
    assert not agent.proxy.calls("POST", "/create")


def test_a_shared_volume_must_match_where_that_is_asked_for(make_agent):
    name = fresh()
    docker_api.call("POST", "/volumes/create", {"Name": name, "Labels": {"a": "1"}})
    wanted = task(sh(mountPoints=[mount(name)]), volumes=[docker_volume(name, "shared", autoprovision=True, labels={"b": "2", "c": "3"})])
    try:
        strict = make_agent(env={"ECS_SHARED_VOLUME_MATCH_FULL_CONFIG": "true"}).start()
        assert refused(strict, wanted) == ("intialize volume: non-autoprovisioned volume does not match existing volume labels: "
                                           "existing: map[a:1], expected: map[b:2 c:3]")
        lax = make_agent(env=QUICK_CLEANUP).start()
        other = dict(wanted, arn=task()["arn"])
        lax.run(other)
        lax.stop_task(other)
        poll(lambda: not docker_api.of_task(other["arn"]), what="the clean-up")
    finally:
        drop(name)


def test_a_volume_that_cannot_be_made_stops_the_task(make_agent):
    t = task(sh(mountPoints=[mount("v")]), volumes=[docker_volume("v", driverOpts={"nonsense": "x"})])
    a = make_agent(env=QUICK_CLEANUP).start()
    a.payload(t)
    a.aws.reported(t["arn"], "STOPPED")
    reason = a.submissions(t)[-1]["reason"]
    assert reason.startswith("Error response from daemon: ") and "nonsense" in reason, reason
    assert not docker_api.of_task(t["arn"])
    assert not a.proxy.calls("POST", "^/images/create")


def test_bad_volumes_are_refused_before_anything_is_made(agent):
    family = fresh()
    good = docker_volume("v")
    assert refused(agent, task(sh(mountPoints=[mount("zz")]), family=family, volumes=[good])) == (
        "Invalid volume referenced: zz (containers[0].mountPoints[0].sourceVolume: no volume of the task has this name)")
    assert refused(agent, task(sh(mountPoints=[mount("v", "")]), family=family, volumes=[good])).startswith(
        "Unable to resolve volume mounts; invalid path: main v; ecs-")
    assert refused(agent, task(sh(), family=family, volumes=[docker_volume("v", autoprovision=True)])) == (
        "volume [v] : task scoped volume could not be autoprovisioned")
    assert not volumes(f"ecs-{family}-")


# ---- cgroups

def test_engine_79_limits_are_in_the_kernel_and_go_with_the_task(make_agent):
    t = task(sh("a", memory=32), sh("b", memory=0), cpu=0.25, memory=64)
    a = make_agent(env={**LIMITS, "ECS_TASK_PIDS_LIMIT": "40"}).start()
    assert {"ecs.capability.task-cpu-mem-limit", "ecs.capability.increased-task-cpu-limit"} <= attributes(a)
    a.run(t)
    assert cgroup(t, "cpu", "cpu.cfs_quota_us") == "25000" and cgroup(t, "cpu", "cpu.cfs_period_us") == "100000"
    assert cgroup(t, "cpu", "cpu.shares") == "1024"
    assert cgroup(t, "memory", "memory.limit_in_bytes") == "67108864" and cgroup(t, "memory", "memory.use_hierarchy") == "1"
    assert cgroup(t, "pids", "pids.max") == "40"
    for c in docker_api.of_task(t["arn"]):
        shown = docker_api.inspect(c["Id"])
        assert shown["HostConfig"]["CgroupParent"] == f"/ecs/{task_id(t)}"
        inside = pathlib.Path(f"/proc/{shown['State']['Pid']}/cgroup").read_text()
        assert f"memory:/ecs/{task_id(t)}/{c['Id']}" in inside
    # The containers of a task are limited together.
    assert int(cgroup(t, "memory", f"{docker_api.of_task(t['arn'])[0]['Id']}/memory.limit_in_bytes")) > 0
    assert len(cgroups(t)) == len(CONTROLLERS)
    a.stop_task(t)
    poll(lambda: not cgroups(t), what="the removal of the cgroups")


def test_a_task_over_its_memory_is_killed_although_its_container_has_no_limit(make_agent):
    t = task(sh(script="cat /dev/zero | head -c 200m | tail; exit 0", memory=0), memory=16)
    a = make_agent(env=LIMITS).start()
    a.payload(t)
    a.aws.reported(t["arn"], "STOPPED")
    failures = int(cgroup(t, "memory", "memory.failcnt")) if cgroups(t) else 1
    assert failures > 0


def test_without_task_cpu_the_shares_of_the_containers_are_summed(make_agent):
    t = task(sh("a", cpu=100), sh("b", cpu=1))
    a = make_agent(env={**LIMITS, "ECS_CGROUP_CPU_PERIOD": "10ms"}).start()
    a.run(t)
    assert cgroup(t, "cpu", "cpu.shares") == "102" and cgroup(t, "cpu", "cpu.cfs_quota_us") == "-1"
    other = a.run(task(sh(), cpu=1.5))
    assert cgroup(other, "cpu", "cpu.cfs_quota_us") == "15000" and cgroup(other, "cpu", "cpu.cfs_period_us") == "10000"
    for one in (t, other):
        a.stop_task(one)
        poll(lambda: not cgroups(one), what="the removal of the cgroups")


def test_engine_80_a_container_above_its_task(make_agent):
    t = task(sh(memory=128), memory=64)
    assert refused(make_agent(env=LIMITS).start(), t) == (
        "cgroup resource: unable to build resource spec for task: task memory spec builder: container memory limit(128) "
        "greater than task memory limit(64)")
    assert not cgroups(t)


def test_engine_79_a_restart_of_the_agent_keeps_the_limits_and_removes_them_in_the_end(make_agent):
    t = task(sh(), cpu=0.5, memory=64)
    a = make_agent(env=LIMITS).start()
    a.run(t)
    a.kill()
    a.start()
    assert cgroup(t, "cpu", "cpu.cfs_quota_us") == "50000"
    a.stop_task(t)
    poll(lambda: not cgroups(t), what="the removal of the cgroups")


def test_a_cgroup_that_cannot_be_made_stops_the_task(make_agent):
    t = task(sh(), cpu=0.00001)                                  # A quota of 1 microsecond: the kernel refuses it.
    a = make_agent(env=LIMITS).start()
    a.payload(t)
    a.aws.reported(t["arn"], "STOPPED")
    assert a.submissions(t)[-1]["reason"] == "CgroupError: Agent could not create task's platform resources"
    assert "cpu.cfs_quota_us" in a.log()
    poll(lambda: not cgroups(t), what="the removal of the cgroups")


def unwritable(directory):
    """A tree in which no cgroup can be made, not even by root."""
    path = pathlib.Path(directory) / "cgroup"
    path.mkdir()
    (path / "memory").symlink_to("/sys/kernel")
    return str(path)


def test_config_30_limits_that_are_not_possible_are_off_or_fatal(make_agent, tmp_path):
    env = {**LIMITS, "ECS_CGROUP_PATH": unwritable(tmp_path)}
    a = make_agent(env=env).start()
    assert not {"ecs.capability.task-cpu-mem-limit", "ecs.capability.increased-task-cpu-limit"} & attributes(a)
    told = [line for line in a.log().splitlines() if "limits are off" in line]
    assert len(told) == 1 and "memory/ecs" in told[0], told
    t = a.run(task(sh(memory=128), cpu=0.25, memory=64))         # As with limits switched off: nobody minds.
    assert not cgroups(t)
    a.stop_task(t)
    explicit = make_agent(env={**env, "ECS_ENABLE_TASK_CPU_MEM_LIMIT": "true"}).start(wait=False)
    assert explicit.wait() == 5
    assert "ECS_ENABLE_TASK_CPU_MEM_LIMIT=true" in explicit.log()


def test_config_30_tasks_that_were_started_without_limits(make_agent):
    a = make_agent(env=QUICK_CLEANUP).start()
    t = a.run(task(sh(), memory=64))
    a.kill()
    a.start(ECS_ENABLE_TASK_CPU_MEM_LIMIT="true", wait=False)
    assert a.wait() == 5
    a.start(ECS_ENABLE_TASK_CPU_MEM_LIMIT=None)
    other = a.run(task(sh(), memory=64))
    assert not cgroups(t) and not cgroups(other)
    a.stop_task(t)
    a.stop_task(other)
    poll(lambda: not docker_api.of_task(other["arn"]) and not docker_api.of_task(t["arn"]), what="the clean-up")
    a.kill()
    a.start()
    limited = a.run(task(sh(), memory=64))
    assert cgroups(limited)
    a.stop_task(limited)
    poll(lambda: not cgroups(limited), what="the removal of the cgroups")


def claims_systemd(call, data):
    """The engine's answer to /info, with another driver of the same length."""
    return data.replace(b'"CgroupDriver":"cgroupfs"', b'"CgroupDriver":"systemd" ') if call.data["path"].startswith("/info") else data


@pytest.mark.skipif(not shutil.which("dbus-daemon") or not importable("dbus", "gi"), reason="needs dbus, python3-dbus and python3-gi")
def test_slices_are_started_and_stopped_over_a_real_message_bus(make_agent, tmp_path):
    """On a tree that looks like cgroup v2 (specification: engine.md 9.1); limits in the kernel need a machine with v2."""
    tree = tmp_path / "cgroup"
    tree.mkdir()
    (tree / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    systemd = Systemd(tmp_path, tree)
    try:
        a = make_agent(env={**LIMITS, "ECS_CGROUP_PATH": str(tree), "DBUS_SYSTEM_BUS_ADDRESS": systemd.address, "ECS_TASK_PIDS_LIMIT": "40",
                            "ECS_PROPAGATE_TASK_MEMORY_LIMIT_CGROUPV2": "true"})
        a.proxy.mangle = claims_systemd
        a.start()
        assert "ecs.capability.task-cpu-mem-limit" in attributes(a)
        t = a.run(task(sh(memory=0), cpu=0.255, memory=64))
        unit = f"ecstasks-{task_id(t)}.slice"
        (call,) = [c for c in systemd.calls() if c["call"] == "start"]
        assert call["name"] == unit and call["mode"] == "replace" and call["aux"] == []
        wanted = {"MemoryMax": 64 << 20, "CPUQuotaPerSecUSec": 260000, "TasksMax": 40, "DefaultDependencies": False, "Wants": ["system.slice"]}
        assert wanted.items() <= call["properties"].items(), call
        assert call["types"]["MemoryMax"] == call["types"]["CPUQuotaPerSecUSec"] == call["types"]["TasksMax"] == "UInt64"
        below = tree / "ecstasks.slice" / unit
        assert (below / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
        (c,) = docker_api.of_task(t["arn"])
        shown = docker_api.inspect(c["Id"])["HostConfig"]
        assert shown["CgroupParent"] == unit and shown["Memory"] == 64 << 20
        a.stop_task(t)
        poll(lambda: not below.exists(), what="the end of the slice")
        assert systemd.calls()[-1] == {"call": "stop", "name": unit, "mode": "replace"}
    finally:
        systemd.stop()
        for controller in CONTROLLERS:                           # The engine here has cgroup v1, and takes the name for a directory.
            for left in (CGROUP / controller).glob("ecstasks-*.slice"):
                left.rmdir()
