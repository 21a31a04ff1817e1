"""The programs depend on nothing of the machine that they run on."""
import os, pathlib, shutil, subprocess

import pytest

from fakes.dns import NameServer
from harness import AGENT, ROOT, Agent

BIN = ROOT / "build/bin"
PROGRAMS = ["ecs-agent", "ecs-init", "ecsctl"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_library_is_needed(name):
    text = subprocess.run(["ldd", str(BIN / name)], capture_output=True, text=True)
    assert "not a dynamic executable" in text.stdout + text.stderr or "statically linked" in text.stdout
    segments = subprocess.run(["readelf", "-lW", str(BIN / name)], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in segments and "DYNAMIC" not in segments


@pytest.mark.parametrize("name", PROGRAMS)
def test_ten_megabytes_at_most(name):
    assert (BIN / name).stat().st_size <= 10_000_000


def foreign_libraries(folder):
    """What a host with another C library would bind over ours: each would end the process if it were loaded."""
    folder.mkdir(parents=True)
    source = folder / "trap.c"
    source.write_text("#include <stdlib.h>\n#include <unistd.h>\n__attribute__((constructor)) static void loaded(void)"
                      '{ write(2, "foreign library loaded\\n", 23); _exit(99); }\n')
    subprocess.run(["clang-19", "-shared", "-fPIC", "-nostdlib", "-o", str(folder / "trap.so"), str(source)], check=True)
    for name in ("libc.so.6", "libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2", "libnss_myhostname.so.2", "ld-linux-x86-64.so.2"):
        for sub in (".", "x86_64-linux-gnu"):
            (folder / sub).mkdir(exist_ok=True)
            shutil.copy(folder / "trap.so", folder / sub / name)


@pytest.mark.parametrize("foreign", [False, True], ids=["empty-root", "foreign-lib"])
def test_starts_and_resolves_a_name_in_an_empty_root(foreign):
    """An empty root with nothing but resolv.conf; the control plane and the metadata service are known by name only."""
    server = NameServer("127.0.0.153", {"control.plane.test": "127.0.0.1"}).start()
    a = Agent()
    root = a.dir / "root"
    try:
        (root / "etc").mkdir(parents=True)
        (root / "etc/resolv.conf").write_text("nameserver 127.0.0.153\n")
        (root / "data").mkdir()
        shutil.copy(AGENT, root / "agent")
        prepare = ["mount --make-rprivate /"]
        if foreign:
            foreign_libraries(a.dir / "foreign")
            (root / "etc/nsswitch.conf").write_text("hosts: files dns myhostname\n")
            for where in ("lib", "usr/lib", "lib64"):
                (root / where).mkdir(parents=True)
                prepare.append(f"mount --bind {a.dir}/foreign {root}/{where}")
        # The engine's socket, which a container image would have bound in.
        a.proxy.stop()
        from fakes.proxy import EngineProxy
        a.proxy = EngineProxy(str(root / "docker.sock")).start()
        name = f"http://control.plane.test:{a.aws.port}"
        env = {**a.env(), "ECS_BACKEND_HOST": name, "AWS_ENDPOINT_URL": name, "AWS_EC2_METADATA_SERVICE_ENDPOINT": name,
               "DOCKER_HOST": "unix:///docker.sock", "ECS_DATADIR": "/data", "ECS_LOGFILE": ""}
        output = open(a.dir / "output", "wb")
        script = "; ".join(prepare) + f"; exec chroot {root} /agent"
        process = subprocess.Popen(["unshare", "-m", "bash", "-ec", script], env=env, stdout=output, stderr=subprocess.STDOUT)
        try:
            a.aws.connected(timeout=20)
        except TimeoutError:
            pytest.fail(f"exit code {process.poll()}\n" + (a.dir / "output").read_text(errors="replace")[-3000:])
        finally:
            process.terminate()
            process.wait(10)
        assert ("control.plane.test", 1) in server.asked
        assert "foreign library" not in (a.dir / "output").read_text(errors="replace")
    finally:
        a.close()
        server.stop()


def test_an_unknown_name_is_named(make_agent):
    a = make_agent(env={"ECS_BACKEND_HOST": "http://no-such-host.invalid:1"})
    a.start(wait=False)
    assert a.wait(120) == 1
    assert "no-such-host.invalid" in a.output()


def test_image_from_scratch_runs_the_agent():
    """`make image`: static agent and certificates only; host network, the engine's socket bound in."""
    name = f"ecs-agent-test:{os.getpid()}"
    subprocess.run([str(ROOT / "packaging/image/build"), name], check=True, stdout=subprocess.DEVNULL)
    try:
        env = {**os.environ, "AS_IMAGE": name}
        code = ("import sys; sys.path.insert(0, %r); from harness import *; a = Agent().start(); t = a.run(task()); "
                "a.stop_task(t); code = a.stop(); a.close(); sys.exit(code)" % str(pathlib.Path(__file__).parent))
        p = subprocess.run(["/usr/bin/python3", "-c", code], env=env, capture_output=True, text=True, timeout=120)
        assert p.returncode == 0, p.stderr[-3000:]
    finally:
        subprocess.run(["docker", "rmi", "-f", name], stdout=subprocess.DEVNULL)
