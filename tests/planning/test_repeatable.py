"""Set-ups and teardowns that may well be repeated: their fixtures are narrowed all the same."""

from pathlib import Path

import pytest
from oracle.plans import context_of, forced_plan

from projects import check, make_project, run_pytest

REPEATABLE = {
    "a record that the teardown takes out": """\
# --- devices.py
class Device:
    _all = {}

    def __init__(self, name):
        if name in self._all:
            raise KeyError(name)
        self._all[name] = self
        self.name = name

    def close(self):
        del self._all[self.name]
# --- conftest.py
import pytest

from devices import Device


@pytest.fixture(scope="session")
def it():
    device = Device("pump")
    yield device
    device.close()
""",
    "a record of each object's own": """\
# --- devices.py
class Basket:
    items = {}

    def __init__(self, name):
        self.items = {}
        if name in self.items:
            raise KeyError(name)
        self.items[name] = self
# --- conftest.py
import pytest

from devices import Basket


@pytest.fixture(scope="session")
def it():
    return Basket("egg")
""",
    "a record that takes everything": """\
# --- devices.py
class Device:
    _all = {}

    def __init__(self, name):
        if not name:
            raise ValueError(name)
        self._all[name] = self
# --- conftest.py
import pytest

from devices import Device


@pytest.fixture(scope="session")
def it():
    return Device("pump")
""",
    "a file that the set-up names": """\
# --- conftest.py
import os

import pytest


@pytest.fixture(scope="session")
def it():
    with open("it.txt", "w") as file:
        file.write("1")
    yield "it.txt"
    os.remove("it.txt")
""",
    "a folder that a helper makes": """\
# --- conftest.py
import shutil
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("folder")


def prepare():
    FOLDER.mkdir()


@pytest.fixture(scope="session")
def it():
    prepare()
    yield []
    shutil.rmtree(FOLDER)
""",
}


@pytest.mark.parametrize("files", REPEATABLE.values(), ids=[name.replace(" ", "-") for name in REPEATABLE])
def test_a_set_up_that_can_be_repeated_is_no_reason_to_refuse(files: str, tmp_path: Path) -> None:
    """The planner may narrow the fixture; with the scope changed by hand the suite passes."""
    tests = "# --- test_a.py\ndef test_one(it):\n    assert it is not None\n\n\ndef test_two(it):\n    assert it is not None\n"
    root = make_project(tmp_path, files + tests)

    groups = forced_plan(context_of(root), kept=check(root).plan).groups

    assert [g.finding.subject.name for g in groups if g.edits] == ["it"]
    conftest = root / "conftest.py"
    conftest.write_text(conftest.read_text("utf-8").replace('scope="session"', 'scope="function"'), "utf-8")
    assert run_pytest(root).returncode == 0
