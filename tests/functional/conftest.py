import os, pathlib, sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import harness                                                   # noqa: E402
import localplane                                                # noqa: E402

nothing_left, plane = localplane.nothing_left, localplane.plane


@pytest.fixture(scope="session", autouse=True)
def machine():
    """The image that tasks run, and nothing of this machine's environment that would steer the agent."""
    for name in list(os.environ):
        if name.startswith(("ECS_", "AWS_")) or name.lower() in ("http_proxy", "https_proxy", "no_proxy"):
            del os.environ[name]
    harness.make_test_image()


@pytest.fixture
def agent():
    """A running agent on the real engine."""
    with harness.Agent() as a:
        yield a.start()


@pytest.fixture
def make_agent():
    """Agents that are not started yet; all are closed at the end."""
    made = []

    def make(**options):
        made.append(harness.Agent(**options))
        return made[-1]
    yield make
    failures = []
    for a in made:
        try:
            a.close()
        except Exception as e:                                   # close the others all the same
            failures.append(e)
    if failures:
        raise failures[0]


@pytest.fixture(scope="module")
def shared():
    """One running agent for the tests of a file that leave it as they found it."""
    with harness.Agent() as a:
        yield a.start()
