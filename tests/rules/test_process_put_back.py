"""State of the process and of the program that is put back by name, by a new module or object, or that nobody minds."""

from pathlib import Path

import pytest

from projects import check, make_project, outcome, run_pytest


def shown(root: Path) -> list[str]:
    return [g.finding.code for g in check(root).shown]


PROCESS = """\
# --- app.py
from lib import Base


class Conf(Base):
    sites = "all"


conf = Conf()


class Group:
    commands = all_commands = ("a", "b")


def sites():
    return conf.sites, Group.commands
# --- {support}base.py
import os
import unittest


class Base(unittest.TestCase):
    def setUp(self):
        super().setUp()
        {set_up}
# --- test_app.py
import os
import unittest

import pytest

from app import Group, conf, sites
from {module}base import Base


class TestA(Base):
    def test_few(self):
        {change}
        assert sites()

    {teardown}


class TestB(Base):
    def test_all(self):
        assert sites()


def test_usual():
    assert sites()
"""
SETS = 'conf.sites = "few"'
QUIET = {
    "a named reset in the teardown": (SETS, "def tearDown(self):\n        conf.reset('sites')", "pass"),
    "a reset of all in the teardown": (SETS, "def tearDown(self):\n        conf.reset()", "pass"),
    "what the object holds as its own": ("Group.commands = Group.all_commands", "", "pass"),
    "an attribute that keeps the original": ("Group.old_commands = Group.commands", "", "pass"),
    "how unittest tells a failure": ("unittest.TestCase.maxDiff = None", "", "pass"),
    "a set-up that many classes share": ("pass", "", 'os.environ["LANG"] = "C"'),
    "a call in such a set-up": ("pass", "", "os.umask(0o22)"),
    "an object that is made anew in its place": (SETS, "def tearDown(self):\n        conf.__init__()", "pass"),
}
LOUD = {
    "a reset of something else": (SETS, "def tearDown(self):\n        conf.reset('other')", "pass"),
    "another attribute of the object": ("Group.commands = Group.test_commands", "", "pass"),
    "a set-up of what differs": ("pass", "", 'os.environ["LANG"] = self.id()'),
    "a set-up beside the tests": ("pass", "def setUp(self):\n        super().setUp()\n        os.environ['LANG'] = 'C'", "pass"),
}


def process(root: Path, case: tuple[str, str, str]) -> Path:
    change, teardown, set_up = case
    return make_project(root, PROCESS.format(change=change, teardown=teardown, set_up=set_up, support="tests_base/", module="tests_base."))


@pytest.mark.parametrize("case", QUIET)
def test_state_of_the_process_that_nobody_minds(tmp_path: Path, case: str) -> None:
    """Not shown; the base of the class is a library's, so that nothing is known of its methods."""
    assert shown(process(tmp_path, QUIET[case])) == []


@pytest.mark.parametrize("case", LOUD)
def test_state_of_the_process_that_stays(tmp_path: Path, case: str) -> None:
    """Shown."""
    assert shown(process(tmp_path, LOUD[case])) == ["RSC208"]


def test_an_attribute_set_by_name(tmp_path: Path) -> None:
    """`setattr(owner, "name", ...)` is told as what it is, with advice that can be followed."""
    root = process(tmp_path, ('setattr(conf, "sites", "few")', "", "pass"))
    (finding,) = [g.finding for g in check(root).shown]

    assert (finding.subject.name, finding.caveat.partition(",")[0]) == ("conf.sites", "use self.addCleanup(...) beside it")
    assert "leaves conf.sites changed" in finding.message


CONTAINER = """\
# --- sim.py
devices = {{"default": 1}}
seen = {{}}


def count():
    return len(devices), len(seen)
# --- test_sim.py
from unittest import mock

import sim


def test_change(monkeypatch):
    {body}
    assert sim.count()


def test_usual():
    assert sim.count() == (1, 0)
"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('sim.devices["more"] = 2', ["a later test may count on the change"]),
        ('sim.devices.update({"more": 2})', ["mock.patch.dict(sim.devices)"]),
        ('del sim.devices["default"]', ["monkeypatch.delitem(sim.devices, 'default')"]),
        ('monkeypatch.setitem(sim.devices, "more", 2)\n    sim.devices["more"] = 3', []),
        ('sim.devices["more"] = 2\n    del sim.devices["more"]', []),
        ("sim.devices.clear()", ["mock.patch.dict(sim.devices)"]),
        ("sim.seen.clear()", []),
    ],
)
def test_a_container_of_the_program(tmp_path: Path, body: str, found: list[str]) -> None:
    """What a test puts into what the program starts with stays for others; what is patched, taken out or a cache is its own affair."""
    root = make_project(tmp_path, CONTAINER.format(body=body))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert [g.caveat.removeprefix("use ").partition(", which")[0] for g in check(root).shown] == found


DROPPED = """\
# --- app.py
FLAG = False


def flag():
    return FLAG
# --- conftest.py
import sys

import pytest


@pytest.fixture
def device():
    {drop}
# --- test_app.py
def test_on(device):
    import app

    app.FLAG = True
    assert app.flag()


def test_off(device):
    import app

    assert not app.flag()
"""


@pytest.mark.parametrize(("drop", "found"), [('sys.modules.pop("app", None)', []), ("pass", ["RSC208"])])
def test_a_module_that_is_imported_anew(tmp_path: Path, drop: str, found: list[str]) -> None:
    """What a test sets on it goes with it."""
    root = make_project(tmp_path, DROPPED.format(drop=drop))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert shown(root) == found


VARIABLE = """\
# --- app.py
import os


def color():
    return os.environ.get("APP_COLOR", "plain")


def size():
    return os.environ.get("APP_SIZE", "small")
# --- test_app.py
import os

import pytest

import app


@pytest.fixture(scope="module")
def loud():
    os.environ["APP_COLOR"] = "red"
    yield
    del os.environ["APP_COLOR"]


def test_loud(loud):
    assert app.color() == "red"


def test_other():
    assert app.{asks}()
"""


@pytest.mark.parametrize(("asks", "found"), [("color", ["RSC102"]), ("size", [])])
def test_who_reads_another_variable_sees_nothing(tmp_path: Path, asks: str, found: list[str]) -> None:
    """Of a variable of the environment only those see a change who ask for it by its name."""
    assert shown(make_project(tmp_path, VARIABLE.format(asks=asks))) == found


def test_a_variable_that_one_test_sets_and_another_takes_away(tmp_path: Path) -> None:
    """No edit: once the first undoes it, there is nothing to take away."""
    sets = 'def test_set():\n    os.environ["APP_MODE"] = "1"\n    assert os.environ\n'
    takes = 'def test_unset():\n    del os.environ["APP_MODE"]\n    assert os.environ.get("APP_MODE") is None\n'
    root = make_project(tmp_path, f"# --- test_app.py\nimport os\n\n\n{sets}\n\n{takes}")
    (group,) = check(root).shown

    assert outcome(run_pytest(root)) == "2 passed"
    assert (group.finding.code, group.edits) == ("RSC208", ())


def test_a_body_that_runs_elsewhere(tmp_path: Path) -> None:
    """What a decorator sends to another process changes nothing here."""
    head = "# --- test_app.py\nimport os\n\nfrom elsewhere import run_in_child\n\n\n"
    rest = "def test_set():\n    os.environ['APP_MODE'] = '1'\n    assert os.environ\n\n\ndef test_other():\n    assert os.environ\n"
    assert shown(make_project(tmp_path / "there", f"{head}@run_in_child()\n{rest}")) == []
    assert shown(make_project(tmp_path / "here", head + rest)) == ["RSC208"]


UNUSED = """\
# --- test_app.py
import os

import pytest


@pytest.fixture(scope="session")
def mode():
    os.environ["APP_MODE"] = "1"
    yield
    del os.environ["APP_MODE"]


def test_mode({asks}):
    assert True


def test_other():
    assert os.environ.get("APP_MODE") is None
"""


@pytest.mark.parametrize(("asks", "found"), [("mode", ["RSC102"]), ("", [])])
def test_a_fixture_that_nobody_requests(tmp_path: Path, asks: str, found: list[str]) -> None:
    """It never runs."""
    root = make_project(tmp_path, UNUSED.format(asks=asks))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert shown(root) == found


ENTERED = """\
# --- app.py
import os


def mode():
    return os.environ.get("APP_MODE", "plain")


made = mode()
# --- helpers.py
import importlib
import os
import sys
from contextlib import contextmanager

import app


@contextmanager
def temp_env(**more):
    before = os.environ.copy()
    os.environ.update(more)
    yield
    os.environ.clear()
    os.environ.update(before)


@contextmanager
def clean_env():
    yield
    os.environ.pop("APP_MODE", None)


class restored_env:
    def __enter__(self):
        return os.environ

    def __exit__(self, *of):
        os.environ.pop("APP_MODE", None)


@contextmanager
def fresh_app():
    yield app
    importlib.reload(app)


@contextmanager
def app_in(mode):
    with temp_env(APP_MODE=mode):
        importlib.reload(app)
        yield app
    importlib.reload(app)
# --- test_app.py
import os

import app
from helpers import app_in, clean_env, fresh_app, restored_env, temp_env


def test_change():
    {body}


def test_usual():
    assert (app.mode(), app.made) == ("plain", "plain")
"""
SET = 'os.environ["APP_MODE"] = "loud"'


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"with temp_env():\n        {SET}\n        assert app.mode() == 'loud'", []),
        (f"{SET}\n    with temp_env():\n        assert app.mode() == 'loud'", ["RSC208"]),
        ("with app_in('loud'):\n        app.made = 'other'\n        assert app.mode() == 'loud'", []),
        (f"{SET}\n    with clean_env():\n        assert app.mode() == 'loud'", []),
        (f"{SET}\n    with restored_env():\n        assert app.mode() == 'loud'", []),
        (f"with fresh_app():\n        {SET}\n        assert app.mode() == 'loud'", ["RSC208"]),
        ("app.made = 'other'\n    with temp_env():\n        assert app.made == 'other'", ["RSC208"]),
    ],
)
def test_what_a_context_puts_back(tmp_path: Path, body: str, found: list[str]) -> None:
    """Only what is set after it was entered, if it keeps what was there; one that imports a module anew takes all of that back."""
    root = make_project(tmp_path, ENTERED.format(body=body))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert shown(root) == found
