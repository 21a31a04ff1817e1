#!/usr/bin/python3
"""judge.py [FAULT...]: plants faults, one at a time, in a copy of this tree, and runs the check that should notice each.

Fails when a check stays green on a fault, is red without one, or a fault no longer fits the code. A fault is a file
tests/judge/faults/<name>.fault:

    what: the last report of a task is lost
    file: src/engine/reporter.cpp
    check: functional test_payloads.py -k exit_codes
    --- old
    text that stands in the file exactly once
    --- new
    text to take its place

Checks: `unit <folder> [gtest filter]`, `asan <folder> [gtest filter]`, `functional <pytest arguments>`, `crash <window>`, `fuzz <target>`,
`conformance <scenario>`, `lint`.
"""
import os, pathlib, re, shutil, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = ROOT / "build/judge"
LEAST = 10
LIMIT = 300


class DoesNotBuild(Exception):
    """The text says what was built and what the compiler said."""


class Fault:
    def __init__(self, path):
        text = path.read_text()
        head, rest = text.split("--- old\n", 1)
        old, new = rest.split("--- new\n", 1)
        fields = dict(line.split(": ", 1) for line in head.splitlines() if line.strip())
        self.name, self.what, self.file, self.check = path.stem, fields["what"], fields["file"], fields["check"].split()
        self.old, self.new = old, new

    def plant(self):
        path = TREE / self.file
        text = path.read_text() if path.exists() else ""
        if text.count(self.old) != 1:
            sys.exit(f"judge: {self.name}: its text stands {text.count(self.old)} times in {self.file}; renew the fault")
        path.write_text(text.replace(self.old, self.new))
        return lambda: path.write_text(text)


def copy_tree():
    """What git knows, with its changes; files that did not change keep their time, so that a second run builds little."""
    TREE.mkdir(parents=True, exist_ok=True)
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    wanted = {n.decode() for n in names if n and (ROOT / n.decode()).is_file()}
    for name in wanted:
        source, target = ROOT / name, TREE / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
            os.utime(target)
    for path in TREE.glob("src/**/*"):
        if path.is_file() and str(path.relative_to(TREE)) not in wanted:
            path.unlink()
    shared = ROOT.parent / "shared"
    link = TREE.parent / "shared"
    if shared.exists() and not link.exists():
        link.symlink_to(shared)


def environment():
    return {**os.environ, "CCACHE_BASEDIR": str(TREE), "CCACHE_NOHASHDIR": "1", "QUIET": "1"}


def run(*command, limit=1800, cwd=TREE):
    """(exit code, output)"""
    try:
        p = subprocess.run([str(c) for c in command], cwd=cwd, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, errors="replace", timeout=limit, stdin=subprocess.DEVNULL)
        return p.returncode, p.stdout
    except subprocess.TimeoutExpired as e:
        return 124, (e.stdout or b"").decode(errors="replace") + f"\nmore than {limit} s"


def build(preset, folder, *targets):
    for command in (["cmake", "--preset", preset], ["ninja", "-C", folder, *targets]):
        code, text = run(*command)
        if code:
            raise DoesNotBuild(f"{' '.join(command)}:\n{text[-4000:]}")


def check(words):
    """Builds what the check needs and runs it: (passed, output). Throws DoesNotBuild."""
    kind, rest = words[0], words[1:]
    if kind in ("unit", "asan"):
        preset, folder = ("release", "build") if kind == "unit" else ("asan", "build/asan")
        build(preset, folder, f"{rest[0]}_test")
        code, text = run(f"{folder}/src/{rest[0]}/{rest[0]}_test", "--gtest_brief=1", f"--gtest_filter={rest[1] if rest[1:] else '*'}", limit=LIMIT)
        return code == 0 and "0 tests ran" not in text and "[  PASSED  ] 0 tests" not in text, text
    if kind == "functional":
        build("release", "build", "programs")
        arguments = [f"tests/functional/{rest[0]}", *rest[1:]]
        code, text = run("/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-x", "--no-header", *arguments, limit=LIMIT)
        return code == 0, text
    if kind == "crash":
        build("release", "build", "programs")
        code, text = run("/usr/bin/python3", "tests/functional/crash.py", "--count", "4", "--window", " ".join(rest), limit=LIMIT)
        return code == 0, text
    if kind == "fuzz":
        code, text = run("tests/fuzz/run", "--seconds", "40", *rest, limit=1800)
        return code == 0, text
    if kind == "conformance":
        build("release", "build", "programs")
        code, text = run(ROOT.parent / "shared/conformance/run", "build/bin/ecs-agent", *rest, limit=LIMIT)
        return code == 0, text
    if kind == "lint":
        # The copy is no repository of its own: the files have to be named.
        code, text = run("tools/lint", *[p.relative_to(TREE) for p in TREE.glob("src/*/*.?pp")])
        return code == 0, text
    sys.exit(f"judge: there is no check {kind}")


def main():
    faults = [Fault(p) for p in sorted((ROOT / "tests/judge/faults").glob("*.fault")) if not sys.argv[1:] or p.stem in sys.argv[1:]]
    if not sys.argv[1:] and len(faults) < LEAST:
        sys.exit(f"judge: {len(faults)} faults; at least {LEAST} are wanted")
    if not (ROOT.parent / "shared/conformance").exists():
        faults = [f for f in faults if f.check[0] != "conformance"]
    copy_tree()
    for f in faults:
        assert (TREE / f.file).exists(), f"judge: {f.name}: there is no {f.file}"
    blind, start = [], time.monotonic()
    for words in sorted({tuple(f.check) for f in faults}):
        passed, text = check(list(words))
        if not passed:
            sys.exit(f"judge: `{' '.join(words)}` fails without a fault:\n{text[-4000:]}")
    print(f"judge: all checks are green without a fault ({time.monotonic() - start:.0f} s)", flush=True)
    for f in faults:
        begun, undo = time.monotonic(), f.plant()
        try:
            passed, text = check(f.check)
        except DoesNotBuild as e:
            print(f"BROKEN {f.name}: with it the tree does not build: {e}", flush=True)
            blind.append(f.name)
            continue
        finally:
            undo()
        print(f"{'BLIND ' if passed else 'caught'} {f.name}: {f.what} [{' '.join(f.check)}] ({time.monotonic() - begun:.0f} s)", flush=True)
        if passed:
            blind.append(f.name)
        elif "-v" in os.environ.get("JUDGE", ""):
            print(re.sub(r"^", "    ", text[-1500:], flags=re.M))
    print(f"judge: {len(faults) - len(blind)} of {len(faults)} faults caught, {time.monotonic() - start:.0f} s")
    sys.exit(1 if blind else 0)


if __name__ == "__main__":
    main()
