"""Time `rescope check` and `diff` beside ruff, on one large tree of source distributions, in one run.

    python tests/bench/bench.py --work DIR [--rounds 3]

Prints medians and ratios; ratios are what counts, since machines differ.
"""

import argparse
import statistics
import subprocess
import sys
import tarfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent


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
        command = [sys.executable, "-m", "pip", "download", "--quiet", *options, f"{name}=={version}"]
        subprocess.run(command, capture_output=True, check=False)
        for archive in (downloads / name).glob("*.tar.gz"):
            with tarfile.open(archive) as packed:
                packed.extractall(tree / name, filter="data")
    (tree / "pytest.ini").write_text("[pytest]\n", "utf-8")
    return tree


def size(tree: Path) -> tuple[int, int]:
    """Python files and lines below the tree."""
    files = list(tree.rglob("*.py"))
    return len(files), sum(f.read_bytes().count(b"\n") for f in files if f.is_file())


def seconds(command: list[str], cwd: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, capture_output=True, check=False)
    return time.perf_counter() - start


def median(measure: Callable[[], float], rounds: int) -> float:
    return statistics.median(measure() for _ in range(rounds))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    tree = build_tree(asked.work.resolve())
    files, lines = size(tree)
    python = sys.executable
    commands = {
        "python -c pass": [python, "-c", "pass"],
        "rescope --version": [python, "-m", "rescope", "--version"],
        "rescope --help": [python, "-m", "rescope", "--help"],
        "ruff check --select PT --no-cache": [python, "-m", "ruff", "check", "--select", "PT", "--no-cache", "--isolated", "."],
        "rescope check": [python, "-m", "rescope", "check", "."],
        "rescope diff": [python, "-m", "rescope", "diff", "."],
    }
    measured = {}
    for name, command in commands.items():
        rounds = asked.rounds if name.startswith(("rescope check", "rescope diff", "ruff")) else asked.rounds * 5
        measured[name] = median(lambda command=command: seconds(command, tree), rounds)
    ruff, nothing = measured["ruff check --select PT --no-cache"], measured["python -c pass"]
    print(f"{files} files, {lines} lines, medians of {asked.rounds} rounds")
    print("| command | seconds | to ruff | to python -c pass |\n|---|---|---|---|")
    for name, value in measured.items():
        print(f"| `{name}` | {value:.3f} | {value / ruff:.2f} | {value / nothing:.1f} |")


if __name__ == "__main__":
    main()
