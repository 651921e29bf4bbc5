"""Compares random projects with pytest's collection: `python -m oracle.random_trees [--examples N] [--python PATH]...`."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from oracle.compare import PLUGIN, clean_environment, static_graph
from oracle.comparison import Comparison, compare
from oracle.trees import projects

Collect = Callable[[Path], dict[str, object]]


@contextmanager
def collector(python: str) -> Iterator[Collect]:
    """A function that gives pytest's own resolution of the project in a folder; one process serves all calls."""
    command = [python, "-B", str(PLUGIN / "collect_many.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment()) as process:

        def collect(folder: Path) -> dict[str, object]:
            process.stdin.write(f"{folder}\n")
            process.stdin.flush()
            process.stdout.readline()
            output = folder / "oracle.json"
            assert output.exists(), (folder / "oracle.txt").read_text("utf-8")
            return json.loads(output.read_text("utf-8"))

        yield collect
        process.stdin.close()


def check_tree(files: Mapping[str, str], collect: Collect) -> Comparison:
    """The comparison for one tree, which lives only as long as that takes."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        for path, text in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        return compare(collect(root), static_graph(root))


def check_random_trees(python: str, examples: int, *, seed: int | None = None, ordered: bool) -> Comparison:
    """Draw and compare that many trees; AssertionError with the first tree that differs. The sums of all."""
    total = Comparison()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=seed is None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(projects())
    def check(files: dict[str, str]) -> None:
        result = check_tree(files, collect)
        wrong = explain(result, ordered=ordered)
        assert not wrong, f"{show(files)}\n{wrong}"
        total.tests += result.tests
        total.edges += result.edges
        total.agreeing += result.agreeing
        total.admitted += result.admitted

    if seed is not None:
        from hypothesis import seed as seeded

        check = seeded(seed)(check)
    with collector(python) as collect:
        check()
    return total


def explain(result: Comparison, *, ordered: bool) -> str:
    """Every difference as a line; "" if there is none."""
    lines = [f"{title} {edge}" for title, found in (("missing", result.missing), ("extra", result.extra)) for edge, _ in found]
    lines += [f"unseen {test}" for test, _ in result.unseen]
    lines += [f"unknown {edge} ({why})" for edge, why in result.admitted if "pytest's version" not in why]
    lines += [f"uncollected {test}" for test, why in result.uncollected if why == "pytest did not collect it"]
    lines += [f"order of {test}: graph {mine}, pytest {theirs}" for test, mine, theirs in result.order if ordered]
    return "\n".join(lines)


def show(files: Mapping[str, str]) -> str:
    """The tree as one text."""
    return "\n".join(f"# --- {path}\n{text}" for path, text in files.items())


def main(arguments: Iterable[str]) -> int:
    """Print the counts for each interpreter; an AssertionError shows the first difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--python", action="append", help="interpreters whose pytest is asked; this one if none is given")
    options = parser.parse_args(list(arguments))
    for python in options.python or [sys.executable]:
        version = subprocess.run(
            [python, "-c", "import pytest; print(pytest.__version__)"], capture_output=True, text=True, check=True
        ).stdout
        newest = tuple(int(part) for part in version.split(".")[:2]) >= (9, 1)
        total = check_random_trees(python, options.examples, seed=options.seed, ordered=newest)
        print(f"pytest {version.strip()}: {options.examples} trees, {total.tests} tests, {total.edges} edges, {total.agreeing} agreeing")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
