"""What a task definition may ask for, through `ecsctl local` and the real agent to the engine."""
import re, subprocess

import pytest

from harness import ECSCTL, IMAGE, ROOT, docker_api, poll
from localplane import definition, environment, run, write


def ps(home, *args):
    p = subprocess.run([ECSCTL, "local", "ps", *args], env=environment(home), capture_output=True, text=True, timeout=30)
    assert p.returncode == 0, p.stderr
    return p.stdout


def start(plane, folder, content):
    plane("register-task-definition", "--cli-input-json", "file://" + write(folder, content))
    answer = plane("run-task", "--task-definition", content["family"])
    assert not answer["failures"], answer["failures"]
    return answer["tasks"][0]["taskArn"]


def ended(plane, arn):
    return poll(lambda: (t := plane("describe-tasks", "--tasks", arn)["tasks"][0])["lastStatus"] == "STOPPED" and t, what="the end of the task")


# ---- order

def test_the_ordered_example_runs_in_order(tmp_path, nothing_left):
    subprocess.run([str(ROOT / "examples/images")], check=True, stdout=subprocess.DEVNULL)
    p = run(tmp_path, str(ROOT / "examples/ordered.json"))
    assert p.returncode == 0, p.stdout + p.stderr
    for text in (r"^prepare\b.*\bprepared$", r"^prepare\b.*\bexited with code 0$", r"^main\b.*\bthe answer is 42$"):
        assert re.search(text, p.stdout, re.M), p.stdout
    # Lines of logs may come late; phases come in their order.
    phases = [re.search(text, p.stdout, re.M) for text in (r"^prepare\b.*\brunning$", r"^db\b.*\brunning$", r"^db\b.*\bhealthy$",
                                                           r"^main\b.*\brunning$")]
    assert all(phases), p.stdout
    assert [m.start() for m in phases] == sorted(m.start() for m in phases), p.stdout


def test_ps_says_what_a_task_waits_for(plane, tmp_path):
    sick = {"name": "db", "image": IMAGE, "memory": 32, "stopTimeout": 2, "command": ["sleep", "600"],
            "healthCheck": {"command": ["CMD", "test", "-e", "/ready"], "interval": 5, "timeout": 2, "retries": 1}}
    arn = start(plane, tmp_path, definition("waits", main={"dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]}, others=[sick]))
    heading = ps(tmp_path).splitlines()[0].split()
    assert heading == ["TASK", "DEFINITION", "STATUS", "CONTAINERS", "WAITING", "FOR"]

    def line():
        (found,) = [row for row in ps(tmp_path).splitlines() if arn.rsplit("/", 1)[1] in row]
        return found
    waiting = poll(lambda: (text := line()) and "db RUNNING unhealthy" in text and text, what="an unhealthy db")
    assert re.search(r"PENDING .*main: .*\bdb\b.*\((\d+m)?\d+s\)$", waiting), waiting

    db = [c for c in plane("describe-tasks", "--tasks", arn)["tasks"][0]["containers"] if c["name"] == "db"][0]["runtimeId"]
    subprocess.run(["docker", "exec", db, "touch", "/ready"], check=True)
    poll(lambda: plane("describe-tasks", "--tasks", arn)["tasks"][0]["lastStatus"] == "RUNNING", what="RUNNING")
    running = poll(lambda: (text := line()) and "main RUNNING" in text and text, what="a running main")
    assert "db RUNNING healthy" in running and "main:" not in running, running
    plane("stop-task", "--task", arn)
    ended(plane, arn)


def test_a_dependency_that_fails_ends_the_task_with_the_reason(plane, tmp_path):
    failing = {"name": "init", "image": IMAGE, "memory": 32, "essential": False, "command": ["sh", "-c", "exit 4"]}
    arn = start(plane, tmp_path, definition("fails", main={"dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]}, others=[failing]))
    done = {c["name"]: c for c in ended(plane, arn)["containers"]}
    assert done["init"]["exitCode"] == 4
    assert "dependency did not exit successfully" in done["main"]["reason"], done


# ---- members

def host_config(plane, arn):
    task = poll(lambda: (t := plane("describe-tasks", "--tasks", arn)["tasks"][0])["lastStatus"] == "RUNNING" and t, what="RUNNING")
    return docker_api.inspect(task["containers"][0]["runtimeId"])


def test_every_member_reaches_the_engine(plane, tmp_path):
    content = definition("members", main={
        "hostname": "the-host", "interactive": True, "pseudoTerminal": True, "user": "1:1", "workingDirectory": "/tmp",
        "dnsServers": ["192.0.2.1"], "dnsSearchDomains": ["example.org"], "extraHosts": [{"hostname": "other", "ipAddress": "192.0.2.2"}],
        "dockerSecurityOptions": ["no-new-privileges"], "dockerLabels": {"a": "b"}, "readonlyRootFilesystem": True,
        "ulimits": [{"name": "nofile", "softLimit": 100, "hardLimit": 200}],
        "systemControls": [{"namespace": "net.ipv4.ip_default_ttl", "value": "33"}],
        "portMappings": [{"containerPortRange": "8000-8001"}], "cpu": 64, "memoryReservation": 16,
        "linuxParameters": {"capabilities": {"add": ["NET_ADMIN"], "drop": ["MKNOD"]}, "initProcessEnabled": True, "sharedMemorySize": 12,
                            "devices": [{"hostPath": "/dev/zero", "containerPath": "/dev/nought", "permissions": ["read"]}],
                            "tmpfs": [{"containerPath": "/scratch", "size": 7, "mountOptions": ["noexec"]}], "maxSwap": 10, "swappiness": 20}})
    arn = start(plane, tmp_path, content)
    seen = host_config(plane, arn)
    config, host = seen["Config"], seen["HostConfig"]
    assert (config["Hostname"], config["OpenStdin"], config["Tty"], config["User"], config["WorkingDir"]) == ("the-host", True, True, "1:1", "/tmp")
    assert config["Labels"]["a"] == "b"
    assert (host["Dns"], host["DnsSearch"], host["ExtraHosts"]) == (["192.0.2.1"], ["example.org"], ["other:192.0.2.2"])
    assert (host["CapAdd"], host["CapDrop"]) == (["NET_ADMIN"], ["MKNOD"])
    assert (host["Init"], host["ShmSize"], host["ReadonlyRootfs"]) == (True, 12 << 20, True)
    assert host["Devices"] == [{"PathOnHost": "/dev/zero", "PathInContainer": "/dev/nought", "CgroupPermissions": "r"}]
    assert host["Tmpfs"] == {"/scratch": "size=7m,noexec"}
    assert host["Sysctls"] == {"net.ipv4.ip_default_ttl": "33"}
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 100, "Hard": 200}]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert (host["CpuShares"], host["Memory"], host["MemoryReservation"]) == (64, 32 << 20, 16 << 20)
    assert sorted(host["PortBindings"]) == ["8000/tcp", "8001/tcp"]
    plane("stop-task", "--task", arn)
    ended(plane, arn)


def test_disabled_networking_and_the_hosts_namespaces(plane, tmp_path):
    arn = start(plane, tmp_path, definition("alone", main={"disableNetworking": True}))
    assert host_config(plane, arn)["Config"]["NetworkDisabled"] is True
    plane("stop-task", "--task", arn)
    ended(plane, arn)
    arn = start(plane, tmp_path, definition("shared", pidMode="host", ipcMode="host"))
    host = host_config(plane, arn)["HostConfig"]
    assert (host["PidMode"], host["IpcMode"]) == ("host", "host")
    plane("stop-task", "--task", arn)
    ended(plane, arn)


def test_volumes_from_and_links_reach_the_other_container(plane, tmp_path):
    content = definition("joined", main={"links": ["db:store"], "command": ["sh", "-c", "ping -c 1 store && exit 5"]},
                         others=[{"name": "db", "image": IMAGE, "memory": 32, "essential": False, "stopTimeout": 2, "command": ["sleep", "600"]}])
    done = {c["name"]: c.get("exitCode") for c in ended(plane, start(plane, tmp_path, content))["containers"]}
    assert done["main"] == 5


# ---- what the machine does not offer

def test_a_missing_attribute_is_named(plane, tmp_path):
    content = definition("labelled", main={"dockerSecurityOptions": ["label:type:x"]})
    plane("register-task-definition", "--cli-input-json", "file://" + write(tmp_path, content))
    (failure,) = plane("run-task", "--task-definition", "labelled")["failures"]
    assert failure["reason"] == "ATTRIBUTE" and "com.amazonaws.ecs.capability.selinux" in failure["detail"]


@pytest.mark.parametrize("main,word", [
    ({"linuxParameters": {"capabilities": {"add": ["CAP_NET_ADMIN"]}}}, "linuxParameters.capabilities.add[0]"),
    ({"linuxParameters": {"tmpfs": [{"containerPath": "/x", "size": 1, "mountOptions": ["fast"]}]}}, "tmpfs[0].mountOptions[0]"),
    ({"systemControls": [{"namespace": "vm.swappiness", "value": "1"}]}, "systemControls[0].namespace"),
    ({"extraHosts": [{"hostname": "a", "ipAddress": "nowhere"}]}, "extraHosts[0].ipAddress"),
    ({"restartPolicy": {"enabled": True, "ignoredExitCodes": list(range(51))}}, "restartPolicy.ignoredExitCodes"),
    ({"hostname": 7}, "containerDefinitions[0].hostname: expected string, got integer"),
    ({"startTimeout": "9"}, "containerDefinitions[0].startTimeout: expected integer, got string"),
])
def test_wrong_members_are_refused_by_name(tmp_path, nothing_left, main, word):
    p = run(tmp_path, write(tmp_path, definition(main=main)))
    assert p.returncode == 125
    assert word in p.stderr, p.stderr
