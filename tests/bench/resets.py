"""What reset fixtures cost: thread CPU time of one empty test with 1, 10 and 50 resets, each of its own or all in one fixture.

    python tests/bench/resets.py [--rounds 3] [--tests 1000]

Prints microseconds that a test takes longer than without a reset. Each run times the whole protocol of every test by
`time.thread_time_ns`, and takes the 5th percentile; of several rounds, in each of which every variant runs once, the lowest counts.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rescope.codemods import apply
from rescope.model.edit import AddResetFixture, ResetKind, ResetStep

COUNTS = (1, 10, 50)
PERCENTILE = 20
TIMER = """
import time

import pytest

taken = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    started = time.thread_time_ns()
    yield
    taken.append(time.thread_time_ns() - started)


def pytest_sessionfinish():
    with open("taken", "w") as file:
        file.write("\\n".join(map(str, taken)))
"""


def make_suite(root: Path, count: int, tests: int, *, table: bool) -> None:
    """A module with that many globals, a conftest.py that resets them, and empty tests that import it."""
    root.mkdir()
    (root / "state.py").write_text("".join(f"_value_{n} = None\n" for n in range(count)))
    (root / "timer.py").write_text(TIMER)
    (root / "test_empty.py").write_text(
        "import state\nimport pytest\n\n" + f'@pytest.mark.parametrize("n", range({tests}))\ndef test_empty(n):\n    pass\n'
    )
    (root / "pytest.ini").write_text("[pytest]\n")
    edits = [
        AddResetFixture(
            path="conftest.py",
            name="reset_state" if table else f"reset_value_{n}",
            doc="Reset.",
            steps=(ResetStep(kind=ResetKind.INITIAL, module="state", name=f"_value_{n}"),),
            table=table,
        )
        for n in range(count)
    ]
    (root / "conftest.py").write_bytes(apply(b"", edits))


def measure(root: Path) -> float:
    """Microseconds of thread CPU time for one test: the 5th percentile of a run."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "timer"]
    subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True)
    taken = sorted(int(line) for line in (root / "taken").read_text().split())
    return taken[len(taken) // PERCENTILE] / 1000


def main() -> None:
    """Print what each number of resets adds to a test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tests", type=int, default=1000)
    options = parser.parse_args()
    variants = [(0, False), *((count, table) for table in (False, True) for count in COUNTS)]
    best = dict.fromkeys(variants, float("inf"))
    with tempfile.TemporaryDirectory() as name:
        for number, (count, table) in enumerate(variants):
            make_suite(Path(name) / str(number), count, options.tests, table=table)
        for _ in range(options.rounds):
            for number, variant in enumerate(variants):
                best[variant] = min(best[variant], measure(Path(name) / str(number)))
    without = best[0, False]
    print(f"without a reset {without:.0f} us")
    for count, table in variants[1:]:
        print(f"{count:3} resets, {'one fixture' if table else 'a fixture each'}: {best[count, table] - without:+.0f} us")


if __name__ == "__main__":
    main()
