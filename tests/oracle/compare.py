"""Collects projects from PyPI with pytest and compares rescope's graph: `python -m oracle.compare --work DIR [NAME]...`.

Then rescope's own plan is applied, and one that narrows every broad fixture that planning lets go, all together and the
first few alone: `--setup-plan` must refuse no test that it did not refuse before.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from corpus.sources import PROJECTS, Entry, Unavailable, entries, environment, unpacked

from oracle.comparison import Comparison, compare, summary
from oracle.plans import context_of, forced_plan, try_plan
from rescope import pipeline
from rescope.config import load_project
from rescope.graph import FixtureGraph

PLUGIN = Path(__file__).parent / "plugin"
_SHOWN = 15
_ALONE = 8


def main(arguments: Iterable[str]) -> int:
    """Print a line for each project, and its differences; 0 if every edge that can be known agrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="distributions to compare; all if none is given")
    parser.add_argument("--work", type=Path, required=True, help="where sources and environments are kept")
    parser.add_argument("--verbose", action="store_true", help="also list tests that pytest did not collect")
    asked = parser.parse_args(list(arguments))
    os.environ.pop("PYTHONPATH", None)
    asked.work.mkdir(parents=True, exist_ok=True)
    chosen = [e for e in entries(PROJECTS) if not asked.names or e.name in asked.names]
    return max((_report(e, asked.work.resolve(), verbose=asked.verbose) for e in chosen), default=2)


def _report(entry: Entry, work: Path, *, verbose: bool) -> int:
    try:
        source = unpacked(entry.name, entry.version, work)
        python = environment(entry, source)
        data = run_oracle(python, source, *entry.options)
    except (Unavailable, OSError) as error:
        print(f"{entry.name:16} {entry.version:8} could not be collected: {error}")
        return 1
    result = compare(data, static_graph(source))
    print(f"{entry.name:16} {entry.version:8} {summary(result)}", flush=True)
    for line in _differences(result, verbose=verbose):
        print(f"    {line}")
    refused = _report_plans(_copy(source), python, entry.options)
    return 0 if result.exact and not refused else 1


def _copy(source: Path) -> Path:
    """A copy to edit: an interrupted run must not leave a changed source behind."""
    target = source.with_name("edited")
    shutil.rmtree(target, ignore_errors=True)
    return shutil.copytree(source, target, symlinks=True)


def _report_plans(source: Path, python: Path, arguments: tuple[str, ...]) -> bool:
    """Print what pytest says of each plan; whether it refuses anything new."""
    before = run_set_up(python, source, *arguments)
    ctx = context_of(source)
    kept = pipeline.analyze(load_project([source])).report.plan
    plans = {"its own plan": kept, "all narrowed": forced_plan(ctx, kept=kept)}
    plans |= {f"'{ctx.graph.name_of(f)}' narrowed": forced_plan(ctx, [n], kept) for n, f in enumerate(ctx.broad_fixtures()) if n < _ALONE}
    outcomes = {
        name: try_plan(source, ctx, plan, before, lambda root: run_set_up(python, root, *arguments)) for name, plan in plans.items()
    }
    edited = [o for o in outcomes.values() if o.scopes]
    scopes = sum(o.scopes for o in edited)
    print(f"    --setup-plan: {len(before)} refused before; {len(plans)} plans, {len(edited)} with edits of {scopes} scopes", flush=True)
    for name, outcome in outcomes.items():
        for test, why in list(outcome.refused.items())[:_SHOWN]:
            print(f"    refused after {name}: {test}: {' '.join(why.split())[-300:]}")
    return any(o.refused for o in edited)


def _differences(result: Comparison, *, verbose: bool) -> Iterable[str]:
    for title, found in (("missing", result.missing), ("extra", result.extra), ("unseen", result.unseen)):
        yield from (f"{title} {what} ({why})" for what, why in found[:_SHOWN])
        if len(found) > _SHOWN:
            yield f"{title}: {len(found) - _SHOWN} more"
    if verbose:
        yield from (f"not collected: {test} ({why})" for test, why in result.uncollected)
        yield from (f"unknown {edge} ({why})" for edge, why in result.admitted)
        yield from (f"order {test}: graph {mine}, pytest {theirs}" for test, mine, theirs in result.order[:_SHOWN])


def run_oracle(python: Path | str, root: Path, *arguments: str) -> dict[str, object]:
    """What pytest itself says of the project at root; OSError if it wrote nothing."""
    return _ask(python, root, "graph", ("--collect-only", "-p", "fixture_oracle", "--fixture-oracle"), arguments)


def run_set_up(python: Path | str, root: Path, *arguments: str) -> dict[str, str]:
    """The tests that pytest cannot set up, and why, without running a fixture; OSError if it wrote nothing."""
    return _ask(python, root, "setup", ("--setup-plan", "-p", "setup_errors", "--setup-errors"), arguments)


def _ask(python: Path | str, root: Path, what: str, options: tuple[str, ...], arguments: tuple[str, ...]) -> dict[str, object]:
    output = root.parent / f"{root.name}.{what}.json"
    output.unlink(missing_ok=True)
    quiet = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", "ignore", *options[:-1], f"{options[-1]}={output}")
    command = [str(python), "-m", "pytest", *quiet, *arguments]
    done = subprocess.run(command, cwd=root, env=clean_environment(), capture_output=True, text=True, check=False)
    if not output.exists():
        raise OSError(f"pytest wrote nothing: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(output.read_text("utf-8"))


def clean_environment() -> dict[str, str]:
    """The environment for a pytest of its own, with the plugin within reach."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
    return kept | {"PYTHONPATH": str(PLUGIN), "PYTHONDONTWRITEBYTECODE": "1"}


def static_graph(root: Path) -> FixtureGraph:
    """rescope's graph of the project at root."""
    return context_of(root).graph


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
