"""Time rescope beside ruff, on one large tree of source distributions, in one run.

    python tests/bench/bench.py --work DIR [--rounds 3]

Prints medians, peak memory and ratios; ratios are what counts, since machines differ. "Repeated" means that nothing has
changed since the last run, "one file changed" that one test module has.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PYTHON = sys.executable
RUFF = [PYTHON, "-m", "ruff", "check", "--select", "PT", "--isolated", "."]
CHECK = [PYTHON, "-m", "rescope", "check", "."]
READ = "import pathlib; [f.read_bytes() for f in pathlib.Path().rglob('*.py') if f.is_file()]"
PARSE = """
import ast, pathlib
for f in pathlib.Path().rglob("*.py"):
    try:
        ast.parse(f.read_bytes())
    except (SyntaxError, ValueError, RecursionError, OSError):
        pass
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Wall time and processor time in seconds, and peak memory of one process in MB."""

    seconds: float
    cpu: float
    memory: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A command, and what is done before each run of it, outside the measured time."""

    command: list[str]
    before: Callable[[], None] = lambda: None
    rounds: int = 1


def build_tree(work: Path) -> Path:
    """The tree: every source distribution of trees.toml, unpacked side by side."""
    tree = work / "tree"
    downloads = work / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    tree.mkdir(exist_ok=True)
    for name, version in tomllib.loads((HERE / "trees.toml").read_text("utf-8"))["sources"].items():
        if (tree / name).exists():
            continue
        options = ["--no-deps", "--no-binary", ":all:", "--dest", str(downloads / name)]
        command = [PYTHON, "-m", "pip", "download", "--quiet", *options, f"{name}=={version}"]
        subprocess.run(command, capture_output=True, check=False)
        for archive in (downloads / name).glob("*.tar.gz"):
            with tarfile.open(archive) as packed:
                packed.extractall(tree / name, filter="data")
    (tree / "pytest.ini").write_text("[pytest]\n", "utf-8")
    (tree / "test_changed.py").write_text("def test_changed(): ...\n", "utf-8")
    return tree


def size(tree: Path) -> tuple[int, int]:
    """Python files and lines below the tree."""
    files = list(tree.rglob("*.py"))
    return len(files), sum(f.read_bytes().count(b"\n") for f in files if f.is_file())


def run(measure: Measure, cwd: Path) -> Timed:
    """One run."""
    measure.before()
    start = time.perf_counter()
    with subprocess.Popen(measure.command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Timed(seconds=time.perf_counter() - start, cpu=used.ru_utime + used.ru_stime, memory=used.ru_maxrss / 1024)


def measures(tree: Path, cache: Path, rounds: int) -> dict[str, Measure]:
    """All rows of the table."""

    def forget() -> None:
        shutil.rmtree(cache, ignore_errors=True)

    def change() -> None:
        (tree / "test_changed.py").write_text(f"def test_changed(): ...  # {time.time_ns()}\n", "utf-8")

    quick = {
        "python -c pass": [PYTHON, "-c", "pass"],
        "rescope --version": [PYTHON, "-m", "rescope", "--version"],
        "rescope --help": [PYTHON, "-m", "rescope", "--help"],
    }
    rows = {name: Measure(command=command, rounds=rounds * 5) for name, command in quick.items()}
    rows |= {
        "reading all files": Measure(command=[PYTHON, "-c", READ], rounds=rounds),
        "ast.parse of all files, one process": Measure(command=[PYTHON, "-c", PARSE], rounds=rounds),
        "ruff check --select PT --no-cache": Measure(command=[*RUFF, "--no-cache"], rounds=rounds),
        "ruff check --select PT, repeated": Measure(command=RUFF, rounds=rounds),
        "rescope check, cold": Measure(command=CHECK, before=forget, rounds=rounds),
        "rescope check, one file changed": Measure(command=CHECK, before=change, rounds=rounds),
        "rescope check, repeated": Measure(command=CHECK, rounds=rounds),
        "rescope diff, repeated": Measure(command=[PYTHON, "-m", "rescope", "diff", "."], rounds=rounds),
    }
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    work = asked.work.resolve()
    tree = build_tree(work)
    files, lines = size(tree)
    cache = work / "cache"
    os.environ["XDG_CACHE_HOME"] = str(cache)
    measured = {}
    for name, measure in measures(tree, cache, asked.rounds).items():
        measured[name] = [run(measure, tree) for _ in range(measure.rounds)]
    print_table(measured, f"{files} files, {lines} lines, medians of {asked.rounds} rounds")


def print_table(measured: dict[str, list[Timed]], title: str) -> None:
    """One row for each command."""
    seconds = {name: statistics.median(t.seconds for t in timed) for name, timed in measured.items()}
    ruff, nothing = seconds["ruff check --select PT --no-cache"], seconds["python -c pass"]
    print(title)
    print("| command | seconds | processor seconds | peak MB | to ruff | to python -c pass |\n|---|---|---|---|---|---|")
    for name, timed in measured.items():
        cpu, memory = statistics.median(t.cpu for t in timed), max(t.memory for t in timed)
        value = seconds[name]
        print(f"| {name} | {value:.3f} | {cpu:.2f} | {memory:.0f} | {value / ruff:.2f} | {value / nothing:.1f} |")


if __name__ == "__main__":
    main()
