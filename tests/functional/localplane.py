"""`ecsctl local` for tests: definitions, runs, and a control plane with its agent (fixtures; conftest.py takes them in)."""
import json, os, re, signal, subprocess

import pytest

from harness import AGENT, ECSCTL, IMAGE, WAIT, docker_api, poll

AWS = "/usr/bin/aws"


def environment(home, **more):
    return {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_DATA_HOME": str(home / "share"), **more}


def definition(family="fam", **fields):
    main = {"name": "main", "image": IMAGE, "essential": True, "memory": 32, "stopTimeout": 2, "command": ["sleep", "600"]}
    main.update(fields.pop("main", {}))
    return {"family": family, "containerDefinitions": [main, *fields.pop("others", [])], **fields}


def write(folder, content, name="task.json"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def own_cluster(home):
    """The name that tells this test's containers from those of others on the same engine."""
    return "c-" + home.name.replace("_", "-")[-30:] + f"-{os.getpid()}"


def run(home, *args, timeout=120, agent=AGENT, **env):
    command = [ECSCTL, "local", "run", *args, "--agent", agent, "--cluster", own_cluster(home)]
    return subprocess.run(command, env=environment(home, **env), capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)


@pytest.fixture
def nothing_left(tmp_path):
    """Whatever a test did, no container of it is left."""
    yield
    left = docker_api.of_cluster(own_cluster(tmp_path))
    docker_api.remove(left)
    assert not left, [c["Names"] for c in left]


@pytest.fixture
def plane(tmp_path, nothing_left):
    """A control plane with its agent; gives a function that calls it with the AWS client."""
    cluster = own_cluster(tmp_path)
    process = subprocess.Popen([ECSCTL, "local", "up", "--agent", AGENT, "--cluster", cluster], env=environment(tmp_path), stdin=subprocess.DEVNULL,
                               stdout=open(tmp_path / "up.out", "wb"), stderr=subprocess.STDOUT)
    text = (tmp_path / "up.out").read_text

    def endpoint():
        assert process.poll() is None, text()
        return re.search(r"aws ecs list-tasks --endpoint-url (http://\S+)", text())
    url = poll(endpoint, what="the ready line").group(1)

    def call(*args, fails=False):
        env = environment(tmp_path, AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", AWS_DEFAULT_REGION="us-east-1", AWS_PAGER="")
        of_a_cluster = ("task-definition" not in args[0] or args[0] == "run-task") and "clusters" not in args[0]
        command = [AWS, "ecs", "--endpoint-url", url, "--output", "json", *args, *(["--cluster", cluster] if of_a_cluster else [])]
        p = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        if fails:
            assert p.returncode != 0, p.stdout
            return p.stderr
        assert p.returncode == 0, p.stderr
        return json.loads(p.stdout or "{}")
    call.url, call.cluster = url, cluster
    yield call
    process.send_signal(signal.SIGINT)
    assert process.wait(WAIT) in (0, 130), text()
