import os, pathlib, sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "functional"), str(TESTS)]

import harness                                                   # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def machine():
    for name in list(os.environ):
        if name.startswith(("ECS_", "AWS_")):
            del os.environ[name]
    harness.make_test_image()
