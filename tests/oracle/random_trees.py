"""Compares random projects with pytest's collection: `python -m oracle.random_trees [--examples N] [--python PATH]...`.

On each tree some broad fixtures are then narrowed by force, one by one and all together, and pytest must refuse no test
that it did not refuse before.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from oracle.compare import PLUGIN, clean_environment
from oracle.comparison import Comparison, compare
from oracle.plans import context_of, forced_plan, try_plan
from oracle.trees import TRAITS, projects, show, traits

Ask = Callable[[str, Path], dict[str, object]]


@dataclass(slots=True, kw_only=True)
class Totals:
    """What all trees together held: edges compared, scopes changed by force, and how many trees had each trait."""

    comparison: Comparison = field(default_factory=Comparison)
    trees: int = 0
    plans: int = 0
    scopes: int = 0
    drawn: Counter[str] = field(default_factory=Counter)

    def add(self, result: Comparison, files: Mapping[str, str]) -> None:
        """Count one tree."""
        self.trees += 1
        self.comparison.tests += result.tests
        self.comparison.edges += result.edges
        self.comparison.agreeing += result.agreeing
        self.comparison.late += result.late
        self.comparison.admitted += result.admitted
        self.drawn.update(traits(files))


@contextmanager
def collector(python: str) -> Iterator[Ask]:
    """A function that asks pytest for the "graph" or the "setup" errors of a folder; one process serves all calls."""
    command = [python, "-B", str(PLUGIN / "collect_many.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment()) as process:

        def ask(mode: str, folder: Path) -> dict[str, object]:
            output = folder / f"{mode}.json"
            output.unlink(missing_ok=True)
            process.stdin.write(f"{mode} {folder}\n")
            process.stdin.flush()
            process.stdout.readline()
            assert output.exists(), (folder / "pytest.txt").read_text("utf-8")
            return json.loads(output.read_text("utf-8"))

        yield ask
        process.stdin.close()


@contextmanager
def planted(files: Mapping[str, str]) -> Iterator[Path]:
    """A folder with the files, which lives only as long as the block."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        for path, text in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        yield root


def check_tree(files: Mapping[str, str], ask: Ask) -> Comparison:
    """The comparison for one tree."""
    with planted(files) as root:
        return compare(ask("graph", root), context_of(root).graph)


def narrowed(files: Mapping[str, str], ask: Ask, numbers: Iterable[int]) -> tuple[int, int, str]:
    """Force these broad fixtures down one by one, then all: plans with edits, scopes changed, and what pytest newly refuses."""
    with planted(files) as root:
        ctx = context_of(root)
        before = ask("setup", root)
        plans = [forced_plan(ctx, [n]) for n in numbers] + [forced_plan(ctx)]
        outcomes = [try_plan(root, ctx, plan, before, lambda folder: ask("setup", folder)) for plan in plans]
    wrong = [f"refused {test}: {why}" for outcome in outcomes for test, why in outcome.refused.items()]
    return sum(o.scopes > 0 for o in outcomes), sum(o.scopes for o in outcomes), "\n".join(wrong)


def check_random_trees(python: str, examples: int, *, seed: int | None = None, ordered: bool) -> Totals:
    """Draw and compare that many trees; AssertionError with the first tree that differs. The sums of all."""
    totals = Totals()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=seed is None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(projects(), st.lists(st.integers(0, 40), min_size=2, max_size=2, unique=True))
    def check(files: dict[str, str], numbers: list[int]) -> None:
        result = check_tree(files, ask)
        wrong = explain(result, ordered=ordered)
        assert not wrong, f"{show(files)}\n{wrong}"
        totals.add(result, files)
        plans, scopes, refused = narrowed(files, ask, numbers)
        assert not refused, f"{show(files)}\n{refused}"
        totals.plans += plans
        totals.scopes += scopes

    if seed is not None:
        from hypothesis import seed as seeded

        check = seeded(seed)(check)
    with collector(python) as ask:
        check()
    return totals


def explain(result: Comparison, *, ordered: bool) -> str:
    """Every difference as a line; "" if there is none."""
    lines = [f"{title} {edge}" for title, found in (("missing", result.missing), ("extra", result.extra)) for edge, _ in found]
    lines += [f"unseen {test}" for test, _ in result.unseen]
    lines += [f"unknown {edge} ({why})" for edge, why in result.admitted if "pytest's version" not in why]
    lines += [f"uncollected {test}" for test, why in result.uncollected if why == "pytest did not collect it"]
    lines += [f"order of {test}: graph {mine}, pytest {theirs}" for test, mine, theirs in result.order if ordered]
    return "\n".join(lines)


def main(arguments: Iterable[str]) -> int:
    """Print the counts for each interpreter; an AssertionError shows the first difference. 1 if something was never drawn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--python", action="append", help="interpreters whose pytest is asked; this one if none is given")
    options = parser.parse_args(list(arguments))
    missing: set[str] = set()
    for python in options.python or [sys.executable]:
        version = subprocess.run(
            [python, "-c", "import pytest; print(pytest.__version__)"], capture_output=True, text=True, check=True
        ).stdout
        newest = tuple(int(part) for part in version.split(".")[:2]) >= (9, 1)
        totals = check_random_trees(python, options.examples, seed=options.seed, ordered=newest)
        print(_summary(version.strip(), totals), flush=True)
        missing |= TRAITS.keys() - totals.drawn.keys()
    return 1 if missing else 0


def _summary(version: str, totals: Totals) -> str:
    found = totals.comparison
    lines = [
        f"pytest {version}: {totals.trees} trees, {found.tests} tests, {found.edges} edges, {found.agreeing} agreeing",
        f"{len(found.admitted)} depend on pytest's version, {found.late} only where overridden definitions count",
        f"narrowed by force: {totals.plans} plans with edits, {totals.scopes} scopes, nothing newly refused",
        f"drawn: {', '.join(f'{name} {totals.drawn[name]}' for name in TRAITS)}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
