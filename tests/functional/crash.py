#!/usr/bin/python3
"""crash.py [--agent PATH] [--count N] [--window NAME] [--seed N]: kill -9 of the agent, N times in each of five windows, and a restart.

After each: the engine's own events show one create and one start for the task, its end is reported once it is known, and no
report goes back (PENDING, RUNNING, STOPPED). A histogram made from the engine's and the API's times shows where the kills
fell. A kill that fell elsewhere is checked like the others and aimed again; a window that N kills cannot be brought into
with three times as many trials is a failure. Fails on the first broken promise, saying which kill it was.
"""
import argparse, collections, os, pathlib, random, signal, sys, threading, time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1])]
parser = argparse.ArgumentParser()
parser.add_argument("--agent", default="build/bin/ecs-agent")
parser.add_argument("--count", type=int, default=20)
parser.add_argument("--window", action="append")
parser.add_argument("--seed", type=int, default=int(time.time()))
options = parser.parse_args()
os.environ["AGENT"] = options.agent

from fakes import docker_api                                     # noqa: E402
from fakes.aws import CLUSTER                                    # noqa: E402
from harness import WAIT, Agent, container, make_test_image, poll, stopped, task   # noqa: E402

# Ends at once when told to, so that a trial takes seconds.
OBEDIENT = ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"]
ORDER = ["PENDING", "RUNNING", "STOPPED"]
# Seconds within which an answer that was sent counts as not yet dealt with by the agent.
ANSWER_IN_HAND = 0.005
WINDOWS = ["before create", "before start", "after start", "in stop", "in submit"]


class Killer:
    """Ends the agent once, at a moment given by a hook of the proxy or by a delay, and remembers when."""

    def __init__(self, agent, how):
        self.agent, self.how, self.time = agent, how, None
        self.pid = agent.pid
        self._lock, self.done = threading.Lock(), threading.Event()

    def kill(self):
        with self._lock:
            if self.time is None:
                self.time = time.time()
                os.kill(self.pid, signal.SIGKILL)
                self.done.set()

    def soon(self, seconds):
        threading.Timer(seconds, self.kill).start()

    def on_request(self, method, pattern, verdict):
        def before(call):
            if call.name == method and pattern in call.data["path"] and self.time is None:
                self.kill()
                return verdict
            return None
        self.agent.proxy.before = before

    def on_answer(self, method, pattern, delay):
        """delay None: the agent never sees the answer."""
        def after(call, status):
            if call.name == method and pattern in call.data["path"] and self.time is None and status < 400:
                if delay is None:
                    self.kill()
                    return "cut"
                self.soon(delay)
            return None
        self.agent.proxy.after = after

    def on_submit(self, arn, status, answered):
        journal, gate = self.agent.aws.journal, threading.Event()
        if not answered:
            self.agent.aws.hold["SubmitTaskStateChange"] = gate

        def watch():
            kind = "answer" if answered else "api"
            try:
                journal.wait(kind, "SubmitTaskStateChange", lambda r: (r.data.get("task") or r.data.get("body", {}).get("task")) == arn
                             and (r.data.get("state") or r.data.get("body", {}).get("status")) == status, timeout=WAIT)
                self.kill()
            finally:
                gate.set()
                self.agent.aws.hold.pop("SubmitTaskStateChange", None)
        threading.Thread(target=watch, daemon=True).start()

    def disarm(self):
        self.agent.proxy.before = self.agent.proxy.after = None


def aim(window, k, rng, arn):
    """Arms one of the ways in which a kill can hit the window; gives its name and whether it wants a time after the payload."""
    ways = {
        "before create": [
            ("delay", lambda: k.soon(rng.uniform(0, 0.01))),
            ("on the image look-up", lambda: k.on_request("GET", "/images/", "cut")),
            ("create lost", lambda: k.on_request("POST", "/containers/create", "cut")),
            ("create under way", lambda: k.on_request("POST", "/containers/create", "forward-and-cut"))],
        "before start": [
            ("create answered, unheard", lambda: k.on_answer("POST", "/containers/create", None)),
            ("create answered", lambda: k.on_answer("POST", "/containers/create", rng.uniform(0, 0.005))),
            ("start lost", lambda: k.on_request("POST", "/start", "cut")),
            ("start under way", lambda: k.on_request("POST", "/start", "forward-and-cut"))],
        "after start": [
            ("start answered, unheard", lambda: k.on_answer("POST", "/start", None)),
            ("start answered", lambda: k.on_answer("POST", "/start", rng.uniform(0, 0.005))),
            ("a moment later", lambda: k.on_answer("POST", "/start", rng.uniform(0, 0.05)))],
        "in stop": [
            ("delay", lambda: k.soon(rng.uniform(0, 0.01))),
            ("stop lost", lambda: k.on_request("POST", "/stop", "cut")),
            ("stop under way", lambda: k.on_request("POST", "/stop", "forward-and-cut")),
            ("stop answered, unheard", lambda: k.on_answer("POST", "/stop", None))],
        "in submit": [
            ("RUNNING unanswered", lambda: k.on_submit(arn, "RUNNING", False)),
            ("RUNNING answered", lambda: k.on_submit(arn, "RUNNING", True)),
            ("STOPPED unanswered", lambda: k.on_submit(arn, "STOPPED", False)),
            ("STOPPED answered", lambda: k.on_submit(arn, "STOPPED", True))],
    }[window]
    return ways[k.how % len(ways)]


def fell(agent, events, t, k, sent, stop_sent):
    """Where the kill was, by the engine's and the API's own times."""
    arn = t["arn"]
    api = agent.aws.journal.select("api", "SubmitTaskStateChange", lambda r: r.data["body"].get("task") == arn)
    answers = agent.aws.journal.select("answer", "SubmitTaskStateChange", lambda r: r.data["task"] == arn)
    came, went = sum(r.time <= k.time for r in api), sum(r.time <= k.time for r in answers)
    at = {a: next((e["time"] for e in events.of(arn, a)), float("inf")) for a in ("create", "start", "die")}
    if came > went or (answers and any(0 <= k.time - r.time < ANSWER_IN_HAND for r in answers)):
        return "in submit"
    if k.time < sent:
        return "elsewhere"
    if k.time < at["create"]:
        return "before create"
    if k.time < at["start"]:
        return "before start"
    if stop_sent and k.time >= stop_sent:
        ended = next((r.time for r in answers if r.data["state"] == "STOPPED"), float("inf"))
        return "in stop" if k.time <= ended else "elsewhere"
    return "after start"


def trial(agent, events, window, how, rng):
    t = task(container(command=OBEDIENT))
    agent.seen.append(t)
    arn, k, stop_sent = t["arn"], Killer(agent, how), None
    name, arm = aim(window, k, rng, arn)
    label = f"{window} ({name})"

    def send(kind):
        """The messageId; nothing when the kill came first."""
        try:
            return agent.aws.payload(kind)
        except (RuntimeError, ConnectionError):
            return None

    def resume(kind, message):
        """Again after the kill; the control plane repeats what was not acknowledged."""
        assert k.done.wait(WAIT), f"{label}: the moment never came"
        agent.process.wait(WAIT)
        k.disarm()
        acked = message is not None and bool(agent.aws.acks(message))
        agent.start()
        if not acked:
            agent.aws.payload(kind)

    late = window == "in stop" or name.startswith("STOPPED")
    if not late:
        arm()
        sent = time.time()
        resume(t, send(t))
        agent.aws.reported(arn, "RUNNING", timeout=WAIT)
        stop_sent_later = time.time()
        agent.aws.payload(stopped(t))
    else:
        sent = time.time()
        agent.aws.payload(t)
        settled(agent, arn)
        arm()
        stop_sent = stop_sent_later = time.time()
        resume(stopped(t), send(stopped(t)))

    def stop_answered():
        return agent.aws.journal.select("answer", "SubmitTaskStateChange", lambda r: r.data["task"] == arn and r.data["state"] == "STOPPED"
                                        and r.data["status"] == 200)
    agent.aws.reported(arn, "STOPPED", timeout=WAIT)
    poll(stop_answered, what=f"{label}: an answered STOPPED report")
    poll(lambda: events.of(arn, "die"), what=f"{label}: the container's end")
    check(agent, events, t, label, stop_sent_later)
    return fell(agent, events, t, k, sent, stop_sent), label


def settled(agent, arn):
    """Returns when the answer to the RUNNING report is behind us: a kill is then not in that submit any more."""
    def answered():
        found = agent.aws.journal.select("answer", "SubmitTaskStateChange", lambda r: r.data["task"] == arn and r.data["state"] == "RUNNING")
        return found and time.time() - found[-1].time > ANSWER_IN_HAND
    poll(answered, what="an answered RUNNING report")


def check(agent, events, t, label, stop_sent):
    arn = t["arn"]
    seen = [e["action"] for e in events.of(arn)]
    assert seen.count("create") == 1, f"{label}: creates: {seen}"
    assert seen.count("start") == 1, f"{label}: starts: {seen}"
    bodies = agent.submissions(t)
    order = [b["status"] for b in bodies]
    assert order == sorted(order, key=ORDER.index), f"{label}: reported in this order: {order}"
    died = events.of(arn, "die")[0]
    first = agent.aws.journal.select("api", "SubmitTaskStateChange", lambda r: r.data["body"].get("task") == arn
                                     and r.data["body"]["status"] == "STOPPED")[0]
    assert first.time >= died["time"] >= stop_sent - 0.1, f"{label}: STOPPED reported before the end was known"
    code = agent.container_report(t)["exitCode"]
    assert code == int(died["exit"]), f"{label}: reported exit code {code}, the engine says {died['exit']}"


def main():
    make_test_image()
    rng = random.Random(options.seed)
    where, aimed = collections.Counter(), collections.Counter()
    print(f"crash: {options.count} kills in each window, seed {options.seed}")
    events = docker_api.Events(CLUSTER)
    windows = options.window or WINDOWS
    for window in windows:
        with Agent() as agent:
            agent.start()
            for n in range(3 * options.count):
                try:
                    fallen, _ = trial(agent, events, window, n, rng)
                except (AssertionError, TimeoutError, KeyError, TypeError) as e:
                    print(f"crash: FAILED at {window}, kill {n}, seed {options.seed}: {e}")
                    raise
                where[fallen] += 1
                aimed[window] += fallen == window
                if aimed[window] == options.count:
                    break
    events.close()
    width = max(where.values())
    for name in WINDOWS + ["elsewhere"]:
        print(f"  {name:14} {where[name]:4} {'#' * round(40 * where[name] / width)}")
    print(f"crash: {where.total()} kills, {aimed.total()} in the window they were aimed at")
    short = [w for w in windows if aimed[w] < options.count]
    if short:
        sys.exit(f"crash: fewer than {options.count} kills fell into: {', '.join(short)}")


if __name__ == "__main__":
    main()
