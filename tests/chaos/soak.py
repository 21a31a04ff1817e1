#!/usr/bin/python3
"""soak.py [--agent PATH] [--tasks N]: memory, descriptors and threads of the real agent over many tasks on a scripted engine.

After N tasks (10,000) resident memory may be at most 2 MiB above that after N/10, descriptors and threads at most 2.
"""
import argparse, os, pathlib, sys, tempfile, time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parents[1] / "functional")]
parser = argparse.ArgumentParser()
parser.add_argument("--agent", default="build/bin/ecs-agent")
parser.add_argument("--tasks", type=int, default=10000)
parser.add_argument("--first", type=int, help="where the comparison begins (a tenth of the tasks)")
parser.add_argument("--batch", type=int, default=50)
options = parser.parse_args()
options.first = options.first or options.tasks // 10
os.environ["AGENT"] = options.agent

from fakes.engine import IMAGE, FakeEngine                       # noqa: E402
from harness import Agent, container, poll, task                 # noqa: E402


def measure(a):
    return {"memory": a.status("VmRSS") / 1024, "descriptors": a.descriptors(), "threads": a.status("Threads")}


def main():
    folder = tempfile.mkdtemp(prefix="ecs-soak-")
    engine = FakeEngine(folder + "/docker.sock", keep_calls=False).start()
    engine.run_for, engine.exit_code = 0.05, 0
    env = {"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "1s", "ECS_LOGLEVEL": "info", "ECS_LOGFILE": None}
    done, marks, start = 0, {}, time.monotonic()
    with Agent(engine=engine, env=env) as a:
        a.start()
        journal = a.aws.journal
        while done < options.tasks:
            batch = [task(container(image=IMAGE)) for _ in range(options.batch)]
            arns = {t["arn"] for t in batch}
            a.aws.payload(*batch)
            poll(lambda: len({r.data["body"]["task"] for r in journal.select("api", "SubmitTaskStateChange")
                              if r.data["body"].get("status") == "STOPPED"} & arns) == len(arns), timeout=120, what="the end of a batch")
            # The journal would grow where the agent must not.
            with journal._changed:
                journal._records.clear()
            done += len(batch)
            if done == options.first or done >= options.tasks:
                poll(lambda: len(engine.containers) < 2 * options.batch, timeout=60, what="the clean-up")
                time.sleep(3)
                marks[done] = measure(a)
                print(f"soak: after {done} tasks ({time.monotonic() - start:.0f} s): {marks[done]['memory']:.1f} MiB, "
                      f"{marks[done]['descriptors']} descriptors, {marks[done]['threads']} threads", flush=True)
        assert a.process.poll() is None
    engine.stop()
    first, last = marks[min(marks)], marks[max(marks)]
    grown = [f"{k} grew by {last[k] - first[k]:.1f}" for k, most in (("memory", 2.0), ("descriptors", 2), ("threads", 2))
             if last[k] - first[k] > most]
    if grown:
        sys.exit("soak: " + "; ".join(grown))
    print("soak: flat")


if __name__ == "__main__":
    main()
