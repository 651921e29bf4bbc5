"""What watching costs: CPU time of one suite of 1,000 short tests, with and without the plugin's options, in one run.

    python tests/bench/observer.py [--rounds 15] [--tests 1000] [--instructions]

Prints ratios of user + system time of the whole pytest process: the median, over several rounds after one that is not counted, of each
run's time to that of the run without the plugin in the same round, so that whatever else the machine does cancels out. The
suite has 20 test modules and 20 modules of a program with constants, classes, caches, singletons and a session-scoped fixture, of which the
analysis names some; a few tests change them. "--rescope" includes the run of `rescope check`; "--rescope-watch" does not.

With `--instructions` valgrind counts what the process of pytest executes, once for each mode: the same to 0.1 % in any run, whatever the
machine does. CPU time of equal runs differs by more than watching costs.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = '''\
"""Part {n} of a program."""
import logging
from functools import lru_cache

logger = logging.getLogger(__name__)
LIMIT = {n}
NAME = "part-{n}"
RATES = {{"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "e": 5.0}}
ORDER = ["first", "second", "third", "fourth"]
KNOWN = frozenset({{"x", "y", "z"}})


class Store:
    """Keeps values."""

    default_size = 10

    def __init__(self):
        self.items = {{}}

    def put(self, key, value):
        self.items[key] = value


class Item:
    """One value."""

    kind = "item"

    def __init__(self, price):
        self.price = price

    def total(self, count):
        return self.price * count + LIMIT


def add(a, b):
    return a + b


@lru_cache
def rate(name):
    return RATES[name]
'''
SINGLETON = """

_store = None


def get_store():
    global _store
    if _store is None:
        _store = Store()
    return _store
"""
CONFTEST = """\
import pytest
from program.part_0 import get_store


@pytest.fixture(scope="session")
def basket():
    return []


@pytest.fixture
def store():
    return get_store()


@pytest.fixture
def number():
    return 3
"""
TEST_MODULE = """\
import pytest
from program.part_{n} import Item, add, rate
{getter}

def test_changes_the_basket(basket):
    basket.append({n})


@pytest.mark.parametrize("count", range({count}))
def test_total(number, count):
    assert Item(number).total(count) == number * count + {n}


class TestAdd:
    @pytest.mark.parametrize("count", range({count}))
    def test_add(self, count, number):
        assert add(count, number) == count + 3
        assert rate("a") == 1.0
"""
USES = """

def test_uses_the_singleton():
    get_store().put("a", 1)
"""
MODULES, SINGLETONS = 20, 6


def build(root: Path, tests: int) -> Path:
    """The project, and beside it what `rescope check` says of it."""
    for folder in ("program", "tests"):
        (root / folder).mkdir(parents=True)
    (root / "program" / "__init__.py").touch()
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n', "utf-8")
    (root / "tests" / "conftest.py").write_text(CONFTEST, "utf-8")
    for n in range(MODULES):
        single = n < SINGLETONS
        getter = f"from program.part_{n} import get_store\n" if single else ""
        count = (tests // MODULES - 1 - single + 1) // 2
        (root / "program" / f"part_{n}.py").write_text(PROGRAM.format(n=n) + (SINGLETON if single else ""), "utf-8")
        text = TEST_MODULE.format(n=n, getter=getter, count=count) + (USES if single else "")
        (root / "tests" / f"test_part_{n}.py").write_text(text, "utf-8")
    command = [sys.executable, "-m", "rescope", "check", "--output-format", "json", "--exit-zero", "--output-file", "named.json"]
    subprocess.run(command, cwd=root, check=True)
    return root


def run_suite(root: Path, *options: str, under: tuple[str, ...] = ()) -> str:
    """One run of the suite; what it said on stderr."""
    command = [*under, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", *options]
    # Users have their bytecode on disk: only the first of their runs compiles.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONHASHSEED": "0"}
    result = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stderr


def cpu_seconds(root: Path, *options: str) -> float:
    """User and system time of one run, with all that it starts and waits for."""
    before = os.times()
    run_suite(root, *options)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def instructions(root: Path, *options: str) -> float:
    """Millions of instructions of pytest's process in one run, without what it starts."""
    said = run_suite(root, *options, under=("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"))
    counted = re.search(r"Collected : (\d+)", said)
    assert counted, said
    return int(counted[1]) / 1e6


MODES = {
    "without the plugin (-p no:rescope)": ("-p", "no:rescope"),
    "installed, no option": (),
    "--rescope-watch=named.json": ("--rescope-watch=named.json",),
    "--rescope": ("--rescope",),
    "--rescope=all --rescope-watch=named.json": ("--rescope=all", "--rescope-watch=named.json"),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--instructions", action="store_true")
    asked = parser.parse_args()
    if asked.instructions and not shutil.which("valgrind"):
        parser.error("--instructions needs valgrind")
    measure, rounds, unit = (instructions, 1, "million instructions") if asked.instructions else (cpu_seconds, asked.rounds, "CPU seconds")
    with tempfile.TemporaryDirectory() as folder:
        root = build(Path(folder).resolve() / "suite", asked.tests)
        measured: dict[str, list[float]] = {mode: [] for mode in MODES}
        for options in MODES.values():
            run_suite(root, *options)
        for _ in range(rounds):
            for mode, options in MODES.items():
                measured[mode].append(measure(root, *options))
    base = measured["without the plugin (-p no:rescope)"]
    print(f"{asked.tests} tests, rounds: {rounds}\n| run | {unit} | to the suite without the plugin |\n|---|---|---|")
    for mode, values in measured.items():
        ratio = statistics.median(value / plain for value, plain in zip(values, base, strict=True))
        print(f"| `{mode}` | {statistics.median(values):.2f} | {ratio:.3f} |")


if __name__ == "__main__":
    main()
