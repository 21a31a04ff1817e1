"""Memory, descriptors and threads over a few hundred tasks; `make soak` does it over ten thousand."""
import subprocess

from harness import AGENT, ROOT


def test_a_few_hundred_tasks_leave_nothing_behind():
    p = subprocess.run(["/usr/bin/python3", str(ROOT / "tests/chaos/soak.py"), "--agent", AGENT, "--tasks", "1200", "--first", "400"],
                       capture_output=True, text=True, timeout=280)
    assert p.returncode == 0, p.stdout + p.stderr[-3000:]
