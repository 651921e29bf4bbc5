"""The file that runs in the project's interpreter: its orders, its record, and where imports lead. By real pytest."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from projects import environment, make_project
from rescope.verify import inside

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="virtual environments look otherwise there")

SUITE = """\
# --- test_a.py
import warnings

import pytest


def test_one(): pass
def test_two(): warnings.warn("take care 0xabc")
class TestGroup:
    def test_three(self): assert 1 == 2, "not equal"
    def test_four(self): pass
# --- test_b.py
import pytest


@pytest.fixture
def broken(): raise OSError("no disk")
@pytest.fixture
def broken_after():
    yield
    raise OSError("no end")


def test_five(broken): pass
def test_six(broken_after): pass
def test_seven(): pytest.skip("not today")
@pytest.mark.xfail
def test_eight(): raise ValueError
@pytest.mark.xfail
def test_nine(): pass
"""
IN_FILE_ORDER = [
    "test_a.py::test_one",
    "test_a.py::test_two",
    "test_a.py::TestGroup::test_three",
    "test_a.py::TestGroup::test_four",
    *(f"test_b.py::test_{n}" for n in ("five", "six", "seven", "eight", "nine")),
]


def run_inside(root: Path, *options: str, autoload: bool = False, python: Path = Path(sys.executable), **task: object) -> list[dict]:
    """The record of a run of the project with the plugin, far from rescope."""
    record = root / "record.jsonl"
    record.unlink(missing_ok=True)
    plugin = root / "plugin"
    plugin.mkdir(exist_ok=True)
    (plugin / "rescope_inside.py").write_bytes(Path(inside.__file__).read_bytes())
    usual = {"record": str(record), "order": "file", "seed": 0, "only": None, "workers": 0, "original": "/nowhere", "copy": str(root)}
    (root / "task.json").write_text(json.dumps(usual | task))
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
    env |= {"PYTHONPATH": str(plugin), "RESCOPE_RUN": str(root / "task.json")}
    env |= {} if autoload else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [str(python), "-m", "pytest", "-p", "rescope_inside", *options]
    subprocess.run(command, cwd=root, env=env, capture_output=True, check=False)
    return [json.loads(line) for line in record.read_text().splitlines()]


def started(record: list[dict]) -> list[str]:
    return [line["test"] for line in record if line["kind"] == "start"]


def words(record: list[dict]) -> dict[str, set[str]]:
    """The outcome words of each test, but for phases that passed."""
    found: dict[str, set[str]] = {}
    for line in record:
        if line["kind"] == "report":
            found.setdefault(line["test"].rpartition("::")[2], set()).add(line["outcome"])
    return {test: seen - {"passed"} or {"passed"} for test, seen in found.items()}


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A small suite with one test for each way to end."""
    return make_project(tmp_path / "suite", SUITE)


def test_outcomes(suite: Path) -> None:
    """Each test ends in one word, failures say why, and warnings are told."""
    record = run_inside(suite)

    assert words(record) == {
        "test_one": {"passed"},
        "test_two": {"passed"},
        "test_three": {"failed"},
        "test_four": {"passed"},
        "test_five": {"error"},
        "test_six": {"error"},
        "test_seven": {"skipped"},
        "test_eight": {"xfailed"},
        "test_nine": {"xpassed"},
    }
    said = {line["test"].rpartition("::")[2]: line["message"] for line in record if line.get("message")}
    assert said == {"test_three": "AssertionError: not equal", "test_five": "OSError: no disk", "test_six": "OSError: no end"}
    assert [(w["category"], w["text"]) for w in record if w["kind"] == "warning"] == [("UserWarning", "take care 0xabc")]
    assert record[-1]["kind"] == "finish"


def test_file_order_and_reversed(suite: Path) -> None:
    """File order is pytest's own; reversed is its mirror image."""
    assert started(run_inside(suite)) == IN_FILE_ORDER
    assert started(run_inside(suite, order="reversed")) == IN_FILE_ORDER[::-1]


def test_shuffled_keeps_modules_and_classes_together() -> None:
    """A seed decides the order; the tests of a module, and of a class, stay side by side."""
    orders = {tuple(item.nodeid for item in shuffled_names(seed)) for seed in range(30)}

    assert len(orders) > 10
    for order in orders:
        modules = [name.partition("::")[0] for name in order]
        assert modules in (sorted(modules), sorted(modules, reverse=True))
        group = [i for i, name in enumerate(order) if "TestGroup" in name]
        assert group[1] - group[0] == 1
    assert [i.nodeid for i in shuffled_names(7)] == [i.nodeid for i in shuffled_names(7)]


class Named:
    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid


def shuffled_names(seed: int) -> list[Named]:
    return inside.shuffled([Named(name) for name in IN_FILE_ORDER], seed, lambda item: item.nodeid)


def test_named_tests_alone(suite: Path) -> None:
    """A list of node ids is run as it stands, and nothing besides."""
    asked = ["test_b.py::test_nine", "test_a.py::test_one"]

    assert started(run_inside(suite, only=asked)) == asked


def test_order_comes_after_other_plugins(suite: Path) -> None:
    """pytest-randomly, a conftest that sorts, and options that stop early have no say."""
    (suite / "conftest.py").write_text("def pytest_collection_modifyitems(items): items.sort(key=lambda i: i.name)\n")
    record = run_inside(suite, "-x", autoload=True, order="shuffled", seed=3)

    assert started(record) == [item.nodeid for item in shuffled_names(3)]


def test_randomly_does_not_shuffle_file_order(suite: Path) -> None:
    """With pytest-randomly installed, file order is still file order."""
    assert started(run_inside(suite, autoload=True)) == IN_FILE_ORDER


def test_outcomes_of_workers(suite: Path) -> None:
    """Under xdist the controller records what every worker did, once; -n of the user is overruled."""
    record = run_inside(suite, "-n", "0", autoload=True, workers=2)

    assert sorted(started(record)) == sorted(IN_FILE_ORDER)
    assert words(record)["test_three"] == {"failed"}
    assert sum(line["kind"] == "finish" for line in record) == 1


def test_death_of_the_process_loses_nothing(suite: Path) -> None:
    """What was recorded before the process died is there, and the last line tells which test it was."""
    (suite / "test_b.py").write_text("import os\ndef test_end(): os._exit(1)\n")
    record = run_inside(suite)

    assert started(record) == [*IN_FILE_ORDER[:4], "test_b.py::test_end"]
    assert record[-1]["kind"] == "report"
    assert not any(line["kind"] == "finish" for line in record)


# --- imports ---------------------------------------------------------------------------------------

PROGRAM = """\
# --- pyproject.toml
[tool.pytest.ini_options]
testpaths = ["tests"]
# --- src/shop/__init__.py
# --- tests/test_shop.py
import os
import subprocess
import sys

import shop


def test_here(): assert shop.__file__.startswith(os.getcwd())
def test_in_a_process():
    place = subprocess.run([sys.executable, "-c", "import shop; print(shop.__file__)"], cwd="/", capture_output=True, text=True).stdout
    assert place.startswith(os.getcwd())
"""
FINDER = """\
import sys
from importlib.machinery import PathFinder
from importlib.util import spec_from_file_location
from pathlib import Path

MAPPING = {{"shop": "{place}"}}


class _EditableFinder:
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname in MAPPING:
            return spec_from_file_location(fullname, Path(MAPPING[fullname]) / "__init__.py")


def install():
    sys.meta_path.append(_EditableFinder)
"""


def outcomes_in_copy(root: Path, site: Path) -> tuple[dict[str, set[str]], set[str]]:
    """Outcomes in a copy of the project at root, and what was imported from outside of it."""
    copy = root.with_name("copy")
    shutil.copytree(root, copy)
    record = run_inside(copy, python=site.parents[2] / "bin" / "python", original=str(root))
    return words(record), {line["name"] for line in record if line["kind"] == "outside"}


@needs_posix
@pytest.mark.parametrize("kind", ["path", "finder"])
def test_editable_installation_leads_into_the_copy(tmp_path: Path, kind: str) -> None:
    """A program installed in editable mode, by path or by finder, is imported from the copy, in other processes as well."""
    root = make_project(tmp_path / "shop", PROGRAM)
    line = str(root / "src") if kind == "path" else "import __editable___shop_finder; __editable___shop_finder.install()"
    site = environment(tmp_path / "venv", line)
    (site / "__editable___shop_finder.py").write_text(FINDER.format(place=root / "src" / "shop"))

    assert outcomes_in_copy(root, site) == ({"test_here": {"passed"}, "test_in_a_process": {"passed"}}, set())


@needs_posix
def test_installed_program_is_told(tmp_path: Path) -> None:
    """A program that is installed for good is imported from there, and the record says so."""
    root = make_project(tmp_path / "shop", PROGRAM)
    site = environment(tmp_path / "venv")
    shutil.copytree(root / "src" / "shop", site / "shop")

    assert outcomes_in_copy(root, site) == ({"test_here": {"failed"}, "test_in_a_process": {"failed"}}, {"shop"})


@needs_posix
def test_environment_inside_the_project_stays(tmp_path: Path) -> None:
    """A virtual environment below the project has no copy, so that its packages come from where they are."""
    root = make_project(tmp_path / "shop", PROGRAM)
    site = environment(root / ".venv", str(root / "src"))
    (site / "price.py").write_text("")
    (root / "tests/test_price.py").write_text("import price\ndef test_price(): assert '.venv' in price.__file__\n")
    copy = tmp_path / "copy"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".venv"))
    record = run_inside(copy, python=root / ".venv/bin/python", original=str(root))

    assert words(record) == {name: {"passed"} for name in ("test_price", "test_here", "test_in_a_process")}
