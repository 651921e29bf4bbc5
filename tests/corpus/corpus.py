"""Run real suites before and after `rescope fix`: nothing that passed may fail.

    python tests/corpus/corpus.py [--work DIR] [--unsafe] [--orders file,reversed,1,2,3] [NAME...]

Prints one table row per project; exit 1 if a test that passed before fails after in the same order.
"""

import argparse
import json
import os
import subprocess
import sys
import tarfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LIMIT = 900


@dataclass(frozen=True)
class Run:
    """One run of a suite: node id to outcome, and seconds."""

    outcomes: dict[str, str]
    seconds: float

    def passed(self) -> set[str]:
        return {test for test, outcome in self.outcomes.items() if outcome == "passed"}

    def failed(self) -> set[str]:
        return {test for test, outcome in self.outcomes.items() if outcome == "failed"}


def quiet(*command: str | Path, cwd: Path) -> None:
    """Run a command, and show its output only when it fails."""
    result = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed in {cwd}:\n{result.stdout[-2000:]}{result.stderr[-2000:]}")


def unpack(name: str, version: str, work: Path) -> Path:
    """The unpacked source distribution, under version control of its own."""
    source = work / name / "source"
    if source.exists():
        return source
    download = work / name / "download"
    download.mkdir(parents=True)
    options = ["--no-deps", "--no-binary", ":all:", "--dest", str(download)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *options, f"{name}=={version}"]
    subprocess.run(command, cwd=work, capture_output=True, check=False)
    archives = list(download.glob("*.tar.gz"))
    if not archives:
        raise SystemExit(f"{name} {version} could not be downloaded")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(download, filter="data")
    next(p for p in download.iterdir() if p.is_dir()).rename(source)
    for arguments in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-qm", "As shipped"]):
        quiet("git", "-c", "user.name=corpus", "-c", "user.email=corpus@example.com", *arguments, cwd=source)
    return source


def environment(name: str, source: Path, install: list[str], work: Path) -> Path:
    """The interpreter of a virtual environment that runs the project's suite."""
    python = work / name / "venv" / "bin" / "python"
    if not python.exists():
        quiet(sys.executable, "-m", "venv", work / name / "venv", cwd=work)
        quiet(python, "-m", "pip", "install", "--quiet", "--upgrade", "pip", cwd=work)
        quiet(python, "-m", "pip", "install", "--quiet", *install, "pytest-randomly", cwd=source)
    return python


def run_suite(python: Path, source: Path, options: list[str], order: str) -> Run:
    """The suite in one order: "file", "reversed", or a seed."""
    results = source.parent / "outcomes.json"
    results.unlink(missing_ok=True)
    shuffled = [f"--randomly-seed={order}"] if order.isdigit() else ["-p", "no:randomly"]
    env = os.environ | {"PYTHONPATH": str(HERE), "RESCOPE_OUTCOMES": str(results), "RESCOPE_ORDER": order, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "outcomes", *shuffled, *options]
    start = time.perf_counter()
    try:
        subprocess.run(command, cwd=source, env=env, capture_output=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Run({}, LIMIT)
    outcomes = json.loads(results.read_text("utf-8")) if results.exists() else {}
    return Run(outcomes, time.perf_counter() - start)


def restore(source: Path) -> None:
    """Every file as shipped, and none besides, but what the installation made."""
    quiet("git", "checkout", "-q", ".", cwd=source)
    quiet("git", "clean", "-fdq", "-e", "*.egg-info", "-e", "*.so", cwd=source)


def fix(source: Path, *, unsafe: bool) -> dict:
    """The JSON report, after `rescope fix` wrote its edits."""
    rescope = [sys.executable, "-m", "rescope"]
    report = subprocess.run([*rescope, "check", "--output-format", "json"], cwd=source, capture_output=True, text=True, check=False)
    options = ["--unsafe"] if unsafe else []
    subprocess.run([*rescope, "fix", "--quiet", *options], cwd=source, capture_output=True, check=False)
    return json.loads(report.stdout)


def changed(source: Path) -> int:
    """How many files differ from what was shipped."""
    shown = subprocess.run(["git", "diff", "--name-only"], cwd=source, capture_output=True, text=True, check=False)
    return len(shown.stdout.split())


def project(name: str, about: dict, work: Path, orders: list[str], *, unsafe: bool) -> set[str]:
    """One row of the table; the tests that passed before and fail after."""
    source = unpack(name, about["version"], work)
    python = environment(name, source, about["install"], work)
    options = about.get("options", [])
    restore(source)
    before = {order: run_suite(python, source, options, order) for order in orders}
    restore(source)
    report = fix(source, unsafe=unsafe)
    files = changed(source)
    after = {order: run_suite(python, source, options, order) for order in orders} if files else before
    if not all(run.outcomes for run in before.values()):
        print(f"    {name}: the suite did not run before the fix", flush=True)
        return {name}
    broken = {test for order in orders for test in before[order].passed() - after[order].passed()}
    levels = [f["applicability"] for f in report["findings"] if f["fix"]]
    first = orders[0]
    cells = [
        f"{name} {about['version']}",
        len(before[first].outcomes),
        "/".join(str(len(before[o].failed())) for o in orders),
        "/".join(str(len(after[o].failed())) for o in orders),
        report["stats"]["fixtures"],
        f"{levels.count('safe')}/{levels.count('unsafe')}/{len(report['findings']) - len(levels)}",
        len(report["kept"]),
        files,
        len(broken),
        f"{before[first].seconds:.0f}/{after[first].seconds:.0f}",
    ]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    for test in sorted(broken)[:20]:
        print(f"    broken: {test}", flush=True)
    return broken


def main() -> int:
    """Run the projects asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--orders", default="file,1,2,3")
    parser.add_argument("--unsafe", action="store_true")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    table = tomllib.loads((HERE / "projects.toml").read_text("utf-8"))
    orders = asked.orders.split(",")
    print(f"orders: {', '.join(orders)}; edits: {'safe and unsafe' if asked.unsafe else 'safe'}")
    print("| project | tests | failed before | failed after | fixtures | safe/unsafe/no fix | kept | files | broken | seconds |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    broken = set()
    for name in asked.names or table:
        broken |= project(name, table[name], asked.work.resolve(), orders, unsafe=asked.unsafe)
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
