"""Who finds what in real suites: rescope bisect beside detect-test-pollution, plugins that shuffle, and plugins that observe.

    python tests/bench/suites.py --work DIR [NAME...]

For each suite a victim and a brittle test are looked for, by a fixed rule: of the tests that end in different ways in file order and
in five seeds each of pytest-randomly and pytest-random-order, those that fail most often come first; it must end so again when that
order is repeated by plain pytest, and otherwise when it runs alone. Both finders get that order, up to the test, and what they name is
checked by plain pytest: the named tests and the test, and the test alone. The state is what `rescope bisect` has tried: put back before
the test, this ends as it does alone. Seconds are CPU time with all that was started.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.sources import Entry, Unavailable, entries, environment, unpacked

import rescope
from rescope.verify.carrier import prepare_observer

SEEDS = (1, 2, 3, 4, 5)
SHUFFLERS = {"pytest-randomly": ("--randomly-seed=",), "pytest-random-order": ("--random-order", "--random-order-seed=")}
FINDER, OBSERVER = "detect-test-pollution", "pytest-hygiene"
_TRIED = 6
_RECORDER = '''\
"""Runs the tests of BENCH_ORDER in their order, if it is set, and writes how each test ended to BENCH_RECORD."""
import json
import os

import pytest

failed = {}


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items):
    yield
    if os.environ.get("BENCH_ORDER"):
        with open(os.environ["BENCH_ORDER"], encoding="utf-8") as file:
            wanted = json.load(file)
        by_name = {item.nodeid: item for item in items}
        items[:] = [by_name[name] for name in wanted if name in by_name]


def pytest_runtest_logreport(report):
    failed[report.nodeid] = failed.get(report.nodeid, False) or report.outcome == "failed"


def pytest_sessionfinish():
    with open(os.environ["BENCH_RECORD"], "w", encoding="utf-8") as file:
        json.dump(failed, file)
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What a command wrote, its exit code, and its CPU seconds."""

    out: str
    err: str
    code: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One suite, ready to run; `tools` holds a folder for each tool, to be put on the path of the suite's interpreter."""

    entry: Entry
    source: Path
    python: Path
    tools: Path

    def call(self, *command: str | Path, tool: str = "", **environ: str) -> Called:
        """Run a command where the suite is, with one tool within reach."""
        path = os.pathsep.join(str(self.tools / name) for name in ("record", tool) if name)
        own = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"}
        before = os.times()
        done = subprocess.run(
            list(map(str, command)), cwd=self.source, env={**os.environ, **own, **environ}, capture_output=True, text=True, check=False
        )
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        return Called(out=done.stdout, err=done.stderr, code=done.returncode, seconds=spent)

    def pytest(self, *options: str, tool: str = "", order: Sequence[str] = ()) -> tuple[dict[str, bool], Called]:
        """Which tests failed, in the order in which they ran."""
        record, wanted = self.source.parent / "record.json", self.source.parent / "order.json"
        record.unlink(missing_ok=True)
        wanted.write_text(json.dumps(list(order)), "utf-8")
        plain = ("-m", "pytest", "-q", "-p", "bench_record", "-p", "no:cacheprovider")
        shuffled = () if tool == "pytest-randomly" else ("-p", "no:randomly")
        environ = {"BENCH_RECORD": str(record)} | ({"BENCH_ORDER": str(wanted)} if order else {})
        called = self.call(self.python, *plain, *shuffled, *self.entry.options, *options, tool=tool, **environ)
        return (json.loads(record.read_text("utf-8")) if record.exists() else {}), called

    def fails(self, *order: str) -> bool | None:
        """Whether the last of these fails after the others, None if it did not run."""
        return self.pytest(order=order)[0].get(order[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A test that hangs on others: `order` ends with it and shows it, `seen` says in how many seeds of each plugin it failed."""

    test: str
    brittle: bool
    order: tuple[str, ...]
    seen: dict[str, int]


def shuffled_runs(bench: Bench) -> dict[tuple[str, int], dict[str, bool]]:
    """How the tests end in file order, under ("", 0), and in each seed of each plugin; what an earlier call has run is not run again."""
    place = bench.source.parent / "runs"
    place.mkdir(exist_ok=True)
    runs = {}
    for tool, seed in [("", 0), *((tool, seed) for tool in SHUFFLERS for seed in SEEDS)]:
        file = place / f"{tool}{seed}.json"
        if not file.exists():
            *options, last = SHUFFLERS.get(tool, ("",))
            ran = bench.pytest(*options, *([f"{last}{seed}"] if tool else []), tool=tool)[0]
            file.write_text(json.dumps(ran), "utf-8")
        runs[tool, seed] = json.loads(file.read_text("utf-8"))
    return runs


def victims(bench: Bench, runs: dict[tuple[str, int], dict[str, bool]]) -> Iterator[Victim]:
    """The first victim and the first brittle test, by the rule above."""
    counts = {test: sum(run.get(test, False) for run in runs.values()) for test in runs["", 0]}
    differing = sorted((test for test, count in counts.items() if 0 < count < len(runs)), key=lambda test: (-counts[test], test))
    wanted = {False, True}
    for test in differing[:_TRIED]:
        brittle = bench.fails(test)
        run = next(run for run in runs.values() if run.get(test) is (not brittle))
        order = tuple(run)[: list(run).index(test) + 1]
        if brittle in wanted and bench.fails(*order) is (not brittle):
            wanted.discard(brittle)
            seen = {tool: sum(runs[tool, seed].get(test, False) for seed in SEEDS) for tool in SHUFFLERS}
            yield Victim(test=test, brittle=bool(brittle), order=order, seen=seen)


# --- the finders ----------------------------------------------------------------------------------


def by_rescope(bench: Bench, victim: Victim) -> dict[str, Any]:
    """What rescope bisect says, whether it holds, and whether the command that it prints shows the failure."""
    order = bench.source.parent / "order.txt"
    order.write_text("\n".join(victim.order), "utf-8")
    asked = ("-q", "--no-cache", "--output-format", "json", "--python", bench.python, "--order", order, victim.test)
    called = bench.call(sys.executable, "-m", "rescope", "bisect", *asked, "--", *bench.entry.options)
    if not called.out:
        return {"found": f"exit {called.code}: {called.err.strip()[-200:]}", "seconds": called.seconds}
    said = json.loads(called.out)
    names = [other["test"] for other in (*said["polluters"], *said["setters"])]
    return {
        "found": checked(bench, victim, names) if names else said["kind"],
        "names": names,
        "runs": said["runs"],
        "seconds": called.seconds,
        "states": list(dict.fromkeys(state["name"] for state in said["states"] if state["proved"])),
        "others": sum(not state["proved"] for state in said["states"]),
        "cure": [finding["code"] for finding in said["cure"]["findings"]] if said["cure"] else [],
        "reproduces": reproduces(bench, victim, said["reproduce"]),
        "notes": said["notes"],
    }


def by_detect_test_pollution(bench: Bench, victim: Victim) -> dict[str, Any]:
    """What detect-test-pollution says, and whether it holds."""
    order = bench.source.parent / "order.txt"
    order.write_text("\n".join(victim.order), "utf-8")
    options = " ".join(option for option in bench.entry.options if not (bench.source / option).exists())
    # Under -m it would ask pytest for a plugin called __main__.
    asked = ("-c", "import detect_test_pollution as d; raise SystemExit(d.main())", "--failing-test", victim.test, "--testids-file", order)
    called = bench.call(bench.python, *asked, tool=FINDER, PYTEST_ADDOPTS=options)
    _, found, name = called.out.partition("the polluting test is: ")
    lines = (called.out + called.err).strip().splitlines() or ["nothing"]
    runs = sum(line.startswith(("ensuring", "running step", "double checking")) for line in called.out.splitlines())
    names = [name.strip()] if found else []
    said = checked(bench, victim, names) if names else f"no: {lines[-1].removeprefix('-> ')[:80]}"
    return {"found": said, "names": names, "runs": runs, "seconds": called.seconds}


def checked(bench: Bench, victim: Victim, names: Sequence[str]) -> str:
    """Whether the test ends after the named ones as it did in the order, and otherwise alone."""
    holds = bench.fails(*names, victim.test) is (not victim.brittle) and bench.fails(victim.test) is victim.brittle
    return "yes" if holds else f"wrong: {', '.join(names)}"


def reproduces(bench: Bench, victim: Victim, command: str | None) -> bool | None:
    """Whether a printed command makes the test fail, None where none is printed."""
    if command is None:
        return None
    record = bench.source.parent / "record.json"
    record.unlink(missing_ok=True)
    bench.call("sh", "-c", command, PYTEST_ADDOPTS="-p bench_record", BENCH_RECORD=str(record))
    return record.exists() and json.loads(record.read_text("utf-8")).get(victim.test) is True


# --- the observers --------------------------------------------------------------------------------


def observed(bench: Bench) -> dict[str, set[str]]:
    """The tests that each observer names in one run in file order."""
    place, record = bench.source.parent / "observing", bench.source.parent / "seen.json"
    record.unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    folder = prepare_observer(place, rescope.analyze(bench.source))
    options = ("-p", "rescope.pytest_plugin", "--rescope=all", f"--rescope-record={record}", f"--rescope-watch={folder / 'watch.json'}")
    bench.pytest(*options, tool=str(folder))
    seen = json.loads(record.read_text("utf-8"))["changes"] if record.exists() else []
    ran, called = bench.pytest(tool=OBSERVER)
    told = called.out.partition(" test hygiene ")[2].splitlines()
    return {"rescope": {change["test"] for change in seen}, OBSERVER: {line for line in told if line in ran}}


def prepared(work: Path) -> Path:
    """A folder with each tool in a folder of its own, none of them installed in the suites' environments."""
    tools = work / "tools"
    for tool in (*SHUFFLERS, FINDER, OBSERVER):
        if not (tools / tool).exists():
            target = ("--target", str(tools / tool), "--no-deps", tool)
            subprocess.run([sys.executable, "-m", "pip", "install", "-q", *target], check=True)
    (tools / "record").mkdir(exist_ok=True)
    (tools / "record" / "bench_record.py").write_text(_RECORDER, "utf-8")
    return tools


def rows(entry: Entry, work: Path) -> list[dict[str, Any]]:
    """What each tool finds in one suite."""
    source = unpacked(entry.name, entry.version, work)
    bench = Bench(entry=entry, source=source, python=environment(entry, source), tools=prepared(work))
    runs = shuffled_runs(bench)
    found, named = [], observed(bench)
    for victim in victims(bench, runs):
        ours, theirs = by_rescope(bench, victim), by_detect_test_pollution(bench, victim)
        blamed = set(ours.get("names", ())) | set(theirs.get("names", ()))
        row = {"suite": f"{entry.name} {entry.version}", "tests": len(runs["", 0]), "test": victim.test, "brittle": victim.brittle}
        row |= {"seen": victim.seen, "rescope": ours, FINDER: theirs}
        row |= {"named": {tool: bool(blamed & tests) for tool, tests in named.items()}}
        row |= {"count": {tool: len(tests) for tool, tests in named.items()}}
        print(json.dumps(row), file=sys.stderr, flush=True)
        found.append(row)
    return found


HEAD = (
    "| suite (tests) | test | fails in seeds of randomly, random-order | rescope bisect | runs | CPU s | state | cure "
    "| detect-test-pollution | runs | CPU s | named by `--rescope=all`, pytest-hygiene |\n"
    "|---|---|---|---|---:|---:|---|---|---|---:|---:|---|\n"
)


def table(measured: Sequence[dict[str, Any]]) -> str:
    """All rows as Markdown."""
    return HEAD + "".join(f"| {' | '.join(map(str, cells(row)))} |\n" for row in measured)


def cells(row: dict[str, Any]) -> Iterator[object]:
    """One row; node ids without their folder."""
    yield f"{row['suite']} ({row['tests']})"
    yield f"`{row['test'].rpartition('::')[2]}`{', brittle' if row['brittle'] else ''}"
    yield ", ".join(f"{count} of {len(SEEDS)}" for count in row["seen"].values())
    for tool in ("rescope", FINDER):
        said = row[tool]
        yield said["found"] if not said.get("names") else f"{said['found']}: {', '.join(f'`{n}`' for n in map(_short, said['names']))}"
        yield said.get("runs", "")
        yield f"{said['seconds']:.0f}"
        if tool == "rescope":
            yield ", ".join(f"`{state}`" for state in said.get("states", ())) or "not known"
            yield ", ".join(said.get("cure", ())) or "none"
    yield ", ".join(f"{'yes' if named else 'no'} ({row['count'][tool]})" for tool, named in row["named"].items())


def _short(test: str) -> str:
    return test.rpartition("/")[2]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--work", type=Path, required=True)
    asked = parser.parse_args()
    os.environ.pop("PYTHONPATH", None)
    asked.work.mkdir(parents=True, exist_ok=True)
    measured = []
    for entry in entries(Path(__file__).with_name("suites.toml")):
        if not asked.names or entry.name in asked.names:
            try:
                measured += rows(entry, asked.work.resolve())
            except Unavailable as missing:
                print(f"{entry.name}: {missing}", file=sys.stderr)
    print(table(measured))


if __name__ == "__main__":
    main()
