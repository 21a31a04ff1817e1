"""What takes the agent half a minute or more; in a file of its own, so that it runs beside the others."""
import re, threading, time

from harness import container, task


def test_config_17_a_missing_engine_is_waited_for_and_then_exit_1(make_agent):
    """The original gives up at once (docs/differences.md)."""
    a = make_agent(env={"DOCKER_HOST": "unix:///tmp/no-such-engine.sock"})
    start = time.monotonic()
    a.start(wait=False)
    assert a.wait(60) == 1, a.output()
    assert 28 <= time.monotonic() - start <= 45
    assert "/tmp/no-such-engine.sock" in a.output() and re.search(r"[Ww]ait", a.output())


def test_an_engine_that_comes_late_is_used(make_agent):
    a = make_agent()
    a.proxy.down = True
    threading.Timer(5, lambda: setattr(a.proxy, "down", False)).start()
    a.start()


def test_engine_54_engine_55_a_missing_image(make_agent):
    agents = {mode: make_agent(env={"ECS_IMAGE_PULL_BEHAVIOR": mode}).start() for mode in ("default", "always")}
    tasks = {mode: task(container(image="127.0.0.1:9/none:1")) for mode in agents}
    for mode, a in agents.items():
        a.payload(tasks[mode])
    for mode, a in agents.items():
        a.aws.reported(tasks[mode]["arn"], "STOPPED", timeout=120)
        assert a.container_report(tasks[mode])["reason"].startswith("CannotPullImageManifestError")
    calls = {mode: (len(a.proxy.calls("GET", "^/distribution")), len(a.proxy.calls("POST", "^/images/create")),
                    len(a.proxy.calls("POST", "^/containers/create"))) for mode, a in agents.items()}
    assert calls == {"default": (9, 5, 1), "always": (9, 0, 0)}


def test_config_27_ecs_api_40_no_identity_document(make_agent):
    a = make_agent()
    a.aws.imds["dynamic/instance-identity/document"] = a.aws.imds["dynamic/instance-identity/signature"] = (404, "no")
    start = time.monotonic()
    a.start(wait=False)
    body = a.aws.journal.wait("api", "RegisterContainerInstance", timeout=100).data["body"]
    assert body["instanceIdentityDocument"] == body["instanceIdentityDocumentSignature"] == ""
    assert 50 <= time.monotonic() - start <= 80


def test_acs_14_an_idle_session_is_dropped_without_a_close_frame(make_agent):
    a = make_agent().start()
    closed = a.aws.journal.wait("acs", "closed", timeout=130)
    assert 59 <= closed.data["seconds"] <= 121
    assert closed.data["code"] in (None, 1006)
