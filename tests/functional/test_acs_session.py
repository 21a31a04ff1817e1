"""The ACS session of the real agent: handshake, reconnects, heartbeats (specification: acs.md)."""
import time

import pytest

from fakes.aws import CLUSTER, INSTANCE, Answer
from harness import MOMENT, container, docker_api, task


def handshakes(a):
    return a.aws.journal.select("acs", "handshake")


def next_handshake(a, before, timeout=10):
    return a.aws.journal.wait("acs", "handshake", count=before + 1, timeout=timeout)


def heartbeat_works(a):
    a.aws.acked(a.aws.send("HeartbeatMessage", {"healthy": True}), "HeartbeatAckRequest")


def test_acs_01_acs_02_acs_03_acs_04_query_of_the_handshake(shared):
    first = handshakes(shared)[0]
    query = first.data["query"]
    assert query["sendCredentials"] == "true"
    keys = [p.split("=")[0] for p in first.data["raw"].split("&")]
    assert keys == sorted(keys)
    assert query["seqNum"] == "1" and query["protocolVersion"] == "2"
    assert query["clusterArn"] == CLUSTER
    assert query["containerInstanceArn"] == INSTANCE
    version = docker_api.call("GET", "/version")[1]["Version"]
    assert query["dockerVersion"] == f"DockerVersion: {version}"
    assert query["agentVersion"] == "1.105.1"
    n = len(handshakes(shared))
    shared.aws.close(1000)
    assert next_handshake(shared, n).data["query"]["sendCredentials"] == "false"
    shared.aws.connected(count=2)


def test_acs_05_acs_06_headers_of_the_handshake(shared):
    headers = {k.lower(): v for k, v in handshakes(shared)[0].data["headers"].items()}
    assert "/ecs/aws4_request" in headers["authorization"]
    assert "SignedHeaders=host;x-amz-date," in headers["authorization"]      # no session token here
    assert "sec-websocket-extensions" not in headers
    assert headers["user-agent"] == "Go-http-client/1.1"


def test_acs_05_session_token_is_signed(make_agent):
    a = make_agent(env={"AWS_SESSION_TOKEN": "token-of-a-session"}).start()
    headers = {k.lower(): v for k, v in handshakes(a)[0].data["headers"].items()}
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token," in headers["authorization"]
    assert headers["x-amz-security-token"] == "token-of-a-session"


def test_acs_07_a_wss_endpoint_is_never_connected_to(make_agent):
    a = make_agent()
    a.aws.always["DiscoverPollEndpoint"] = lambda body: {"endpoint": a.aws.url.replace("http", "wss"), "telemetryEndpoint": a.aws.url}
    a.start(wait=False)
    a.aws.journal.wait("api", "DiscoverPollEndpoint")
    time.sleep(2 * MOMENT)
    assert not handshakes(a)
    assert a.process.poll() is None


@pytest.mark.parametrize("code", [1000, 1001, 1011])
def test_acs_08_normal_close_reconnects_at_once(shared, code):
    n = len(handshakes(shared))
    start = time.time()
    shared.aws.close(code)
    assert next_handshake(shared, n).time - start < 0.2
    heartbeat_works_after_reconnect(shared)


def heartbeat_works_after_reconnect(a):
    a.aws.journal.wait("acs", "open", count=len(a.aws.journal.select("acs", "closed")) + 1)
    heartbeat_works(a)


def test_acs_09_fin_reconnects_at_once_and_reset_after_a_pause(shared):
    n = len(handshakes(shared))
    start = time.time()
    shared.aws.cut()
    assert next_handshake(shared, n).time - start < 0.2
    heartbeat_works_after_reconnect(shared)
    n = len(handshakes(shared))
    start = time.time()
    shared.aws.cut(reset=True)
    assert 0.24 <= next_handshake(shared, n).time - start < 0.45
    heartbeat_works_after_reconnect(shared)


def test_acs_10_policy_close_is_echoed_and_backed_off(make_agent):
    a = make_agent().start()
    start = time.time()
    assert a.aws.close(1008) == 1008
    assert 0.24 <= next_handshake(a, 1).time - start < 0.45


def test_acs_11_acs_13_refused_handshakes_back_off(make_agent):
    a = make_agent()
    a.aws.refuse_acs = [(500, "no"), (400, '{"AccessDeniedException":"no"}'), (500, "no"), (500, "no"), (500, "no")]
    a.start()
    times = [r.time for r in handshakes(a)]
    delay = 0.25
    for before, after in zip(times, times[1:]):
        assert delay - 0.02 <= after - before <= delay * 1.2 + 0.1, times
        delay *= 1.5
    assert a.process.poll() is None


def test_acs_12_inactive_instance_is_not_tried_again_soon(make_agent):
    a = make_agent()
    a.aws.refuse_acs = [(400, '{"InactiveInstanceException":"gone"}')]
    a.start(wait=False)
    a.aws.journal.wait("acs", "handshake")
    time.sleep(3 * MOMENT)
    assert len(handshakes(a)) == 1
    assert a.process.poll() is None
    assert a.stop() == 0


def test_acs_16_ping_is_answered_with_its_bytes(shared):
    shared.aws.ping(b"\x00bytes\xff")
    assert shared.aws.journal.wait("acs", "pong").data["payload"] == b"\x00bytes\xff"


def test_acs_17_heartbeat_without_an_id(shared):
    shared.aws.send("HeartbeatMessage", {"messageId": None, "healthy": True})
    got = shared.aws.journal.wait("acs", "in", lambda r: r.data["type"] == "HeartbeatAckRequest" and not r.data["message"])
    assert got.data["text"] == '{"type":"HeartbeatAckRequest","message":{}}'


def test_acs_18_binary_frames_and_upper_case_keys(shared):
    shared.aws.send_bytes(b'{"type":"HeartbeatMessage","message":{"messageId":"in-binary"}}')
    shared.aws.acked("in-binary", "HeartbeatAckRequest")
    shared.aws.send_text('{"TYPE":"HeartbeatMessage","MESSAGE":{"MESSAGEID":"in-capitals"}}')
    shared.aws.acked("in-capitals", "HeartbeatAckRequest")


@pytest.mark.parametrize("text", [
    '{"type":"HeartbeatMessage","message":{"messageId":7}}',
    '{"type":"NobodyKnowsThis","message":{}}',
    "this is no JSON",
    '{"type":"HeartbeatMessage","message":[]}',
    '{"type":"PayloadMessage","message":{"messageId":"x","tasks":{}}}',
    '{"type":"PayloadMessage"}', "{}", "[]", "null", "", "\x00", "[" * 100000,
    '{"type":"CloseMessage","message":{"message":"bye"}}',
    '{"type":"ErrorMessage","message":{"message":"oh"}}',
    '{"type":"InactiveInstanceException","message":{"message":"gone"}}',
])
def test_acs_19_acs_20_acs_21_what_cannot_be_used_is_dropped_and_the_session_stays(shared, text):
    open_before = len(shared.aws.journal.select("acs", "closed"))
    shared.aws.send_text(text)
    heartbeat_works(shared)
    assert len(shared.aws.journal.select("acs", "closed")) == open_before


def test_acs_22_payload_without_a_cluster_is_dropped(shared):
    t = task(container())
    message = shared.payload(t, clusterArn="")
    heartbeat_works(shared)
    time.sleep(MOMENT)
    assert not shared.aws.acks(message) and not shared.submissions(t)


def test_ecs_api_20_ecs_api_21_endpoint_is_discovered_once(shared):
    calls = shared.aws.journal.select("api", "DiscoverPollEndpoint")
    assert len(calls) == 1                       # this file has reconnected many times by now
    assert calls[0].data["body"]["zoneId"] == ""


def test_ecs_api_22_discovery_failure_is_backed_off_and_repeated(make_agent):
    a = make_agent()
    a.aws.script["DiscoverPollEndpoint"] = [Answer("ClientException", "no"), Answer("ClientException", "no")]
    a.start()
    assert len(a.aws.journal.select("api", "DiscoverPollEndpoint")) == 3
