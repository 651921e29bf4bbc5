"""Set-ups that must not be done for each test, and those that may well be: the latter are narrowed all the same."""

from pathlib import Path

import pytest
from oracle.plans import context_of, forced_plan

from projects import check, fix, make_project, run_pytest

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


ONCE = """\
# --- transfer.py
import os


class Line:
    free = 1

    def __init__(self):
        Line.free -= 1
        assert Line.free >= 0
        self.wanted = []


def connect():
    return Line()


class Transfer:
    def __init__(self, name):
        self.name = name
        self.wanted = []

    def send(self):
        with open(self.name, "w") as file:
            file.write("sent")
# --- test_transfer.py
import os

import pytest

from transfer import Line, Transfer, connect


@pytest.fixture(scope="module")
def it():
    {set_up}


def test_send(it):
    {first}
    it.wanted.append(1)


def test_sent(it):
    {second}
"""
OUTSIDE = "if os.path.exists('sent.txt'):\n        os.remove('sent.txt')\n    return Transfer('sent.txt')"
LAID_OUT = {
    "what it deletes": (OUTSIDE, "it.send()", "assert os.path.exists('sent.txt')", "(line 11) deletes what it finds"),
    "what it opens": ("return connect()", "assert it", "assert it", "would open a connection by transfer.connect()"),
}


@pytest.mark.parametrize("case", LAID_OUT)
def test_what_is_done_once_for_all_tests(tmp_path: Path, case: str) -> None:
    """A set-up that takes away what an earlier test has left, or opens what nothing closes, stays broad: done for each, the suite fails."""
    set_up, first, second, because = LAID_OUT[case]
    root = make_project(tmp_path, ONCE.format(set_up=set_up, first=first, second=second))
    assert run_pytest(root, "-p", "no:randomly").returncode == 0
    (group,) = check(root).plan.groups
    assert because in group.caveat

    fix(root, unsafe=True)
    assert run_pytest(root, "-p", "no:randomly").returncode == 0
    test = root / "test_transfer.py"
    assert 'scope="module"' in test.read_text("utf-8")
    test.write_text(test.read_text("utf-8").replace('(scope="module")', ""), "utf-8")
    (root / "sent.txt").unlink(missing_ok=True)
    assert run_pytest(root, "-p", "no:randomly").returncode == 1
