"""State that is put back by what a fixture or set-up calls, hands out or registers. Each suite is run in both orders by pytest."""

from pathlib import Path

import pytest

from projects import check, make_project, only_told, outcome, run_pytest

CONFIG = """\
# --- config.py
class Config:
    mode = 1
    value = None


def run():
    Config.value = 5
"""
TESTS = """\
# --- test_config.py
from config import Config, run


def test_change():
    Config.mode = 2
    run()
    assert Config.value == 5


def test_fresh():
    assert Config.mode == 1
    assert Config.value is None
"""
ASSIGN = "    Config.mode = 1\n    Config.value = None\n"
HELPER = f"def put_back():\n{ASSIGN}"
HEAD = "# --- conftest.py\nimport pytest\n\nfrom config import Config\n\n\n"
AUTOUSE = "@pytest.fixture(autouse=True)\n"
AROUND = {
    "a helper around each test": f"{HEAD}{HELPER}\n\n{AUTOUSE}def fresh():\n    put_back()\n    yield\n    put_back()\n",
    "a helper before each test": f"{HEAD}{HELPER}\n\n{AUTOUSE}def fresh():\n    put_back()\n",
    "a helper after each test": f"{HEAD}{HELPER}\n\n{AUTOUSE}def fresh():\n    yield\n    put_back()\n",
    "assignments before each test": f"{HEAD}{AUTOUSE}def fresh():\n{ASSIGN}",
    "a function that another fixture hands out": (
        f"{HEAD}@pytest.fixture\ndef put_back():\n    def assign():\n        Config.mode = 1\n        Config.value = None\n\n"
        f"    return assign\n\n\n{AUTOUSE}def fresh(put_back):\n    put_back()\n    yield\n    put_back()\n"
    ),
}


@pytest.mark.parametrize("around", AROUND.values(), ids=[name.replace(" ", "-") for name in AROUND])
def test_an_autouse_fixture_undoes_through_others(around: str, tmp_path: Path) -> None:
    """What a fixture around all tests resets is kept or silent, through whatever it does so."""
    root = make_project(tmp_path, CONFIG + around + TESTS)
    assert outcome(run_pytest(root)) == "2 passed"
    report = check(root)
    assert [g.finding.message for g in report.plan.groups] == []
    assert {k.code for k in report.plan.kept} == {"RSC904"}


def test_without_it_both_are_found(tmp_path: Path) -> None:
    """The helper alone, that nobody calls, undoes nothing."""
    root = make_project(tmp_path, f"{CONFIG}{HEAD}{HELPER}{TESTS}")
    assert outcome(run_pytest(root)) == "1 failed, 1 passed"
    assert {g.finding.code for g in check(root).plan.groups} == {"RSC205", "RSC208"}


ENVIRON = """\
# --- test_environ.py
import os
import unittest


class TestLevel(unittest.TestCase):
    def setUp(self):
        {set_up}

    def put_back(self):
        {put_back}

    def test_set(self):
        os.environ["RESCOPE_LEVEL"] = "1"
        assert os.getenv("RESCOPE_LEVEL") == "1"

    def test_unset(self):
        assert os.getenv("RESCOPE_LEVEL") is None
"""
POP = "os.environ.pop('RESCOPE_LEVEL', None)"
DELETE = "if 'RESCOPE_LEVEL' in os.environ:\n            del os.environ['RESCOPE_LEVEL']"


@pytest.mark.parametrize(("set_up", "put_back"), [("self.addCleanup(self.put_back)", POP), ("self.put_back()", DELETE)])
def test_a_set_up_undoes_through_a_method(set_up: str, put_back: str, tmp_path: Path) -> None:
    """A method that a set-up calls or registers counts as the set-up itself."""
    root = make_project(tmp_path, ENVIRON.format(set_up=set_up, put_back=put_back))
    assert outcome(run_pytest(root)) == "2 passed"
    assert check(root).plan.groups == ()


def test_a_method_that_nobody_calls_undoes_nothing(tmp_path: Path) -> None:
    """Only what the set-up names counts."""
    (group,) = check(make_project(tmp_path, ENVIRON.format(set_up="pass", put_back=POP))).plan.groups
    assert group.finding.code == "RSC208"


HOOKS = """\
# --- hooks.py
class Hooks:
    def __init__(self):
        self.styles = []

    def style(self, name):
        self.styles.append(name)


hooks = Hooks()
# --- test_hooks.py
import pytest

from hooks import hooks


@pytest.fixture
def cleaned():
    yield
    hooks.styles = []


def test_one({first}):
    hooks.style("a")
    assert hooks.styles == ["a"]


def test_two(cleaned):
    hooks.style("b")
    assert hooks.styles == ["b"]
"""


@pytest.mark.parametrize(("first", "found", "passes"), [("cleaned", 0, True), ("", 1, False)])
def test_a_fixture_that_each_writer_requests(first: str, found: int, passes: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """A fixture that takes an object's changes back counts for those who request it, and for nobody else."""
    root = make_project(tmp_path, HOOKS.format(first=first))
    assert (run_pytest(root).returncode == 0) == passes
    assert len(check(root).plan.groups) == found


STORE = """\
# --- store.py
class Store:
    def __init__(self):
        self.rows = []


_store = None


def get_store():
    global _store
    if _store is None:
        _store = Store()
    return _store


def forget():
    global _store
    _store = None
# --- test_store.py
import unittest

import store


class TestStore(unittest.TestCase):
    def test_add(self):
        {undo}
        store.get_store().rows.append(1)
        assert store.get_store().rows == [1]

    def test_other(self):
        assert store
"""


def test_the_one_test_that_fills_it_registers_the_undo(tmp_path: Path) -> None:
    """A reset that a test registers is no sign that others see what it left; and nobody else comes to it."""
    (group,) = check(make_project(tmp_path, STORE.format(undo="self.addCleanup(store.forget)"))).plan.groups
    assert only_told(group)
    assert not any("touched" in at.note for at in group.finding.related)


ENCODING = """\
# --- codec.py
encoding = "utf-8"


def set_encoding(name):
    global encoding
    encoding = name
# --- test_codec.py
import unittest
from unittest import mock

import codec


class TestCodec(unittest.TestCase):
    def setUp(self):
        self.before = codec.encoding

    def tearDown(self):
        {tear_down}

    def put_back(self):
        {put_back}

    {decorator}
    def test_latin(self):
        codec.set_encoding("latin-1")
        assert codec.encoding == "latin-1"

    {decorator}
    def test_ascii(self):
        codec.set_encoding("ascii")
        assert codec.encoding == "ascii"
"""
ENCODINGS = {
    "a teardown that calls the setter": ("codec.set_encoding(self.before)", "", 0),
    "a teardown that calls a method": ("self.put_back()", "", 0),
    "a patch decorator": ("pass", '@mock.patch("codec.encoding", None)', 0),
    "nothing": ("pass", "", 1),
}


@pytest.mark.parametrize(("tear_down", "decorator", "found"), ENCODINGS.values(), ids=[name.replace(" ", "-") for name in ENCODINGS])
def test_what_stands_around_the_tests_of_a_class(tear_down: str, decorator: str, found: int, tmp_path: Path) -> None:
    """A global that a teardown puts back, by whatever it calls, or that a decorator patches, does not stay."""
    put_back = "codec.encoding = self.before" if "put_back" in tear_down else "pass"
    text = ENCODING.format(tear_down=tear_down, put_back=put_back, decorator=decorator).replace("\n    \n    def", "\n    def")
    root = make_project(tmp_path, text)
    assert outcome(run_pytest(root)) == "2 passed"
    assert [g.finding.code for g in check(root).plan.groups] == ["RSC205"] * found


HELD = """\
# --- hooks.py
class Hooks:
    def __init__(self):
        self.styles = []

    def style(self, name):
        self.styles.append(name)


hooks = Hooks()
# --- test_hooks.py
import unittest

from hooks import hooks


class TestStyles(unittest.TestCase):
    def setUp(self):
        self.before = hooks.styles

    def tearDown(self):
        {tear_down}

    def test_one(self):
        hooks.styles = tuple("a")
        assert "a" in hooks.styles

    def test_two(self):
        hooks.styles = tuple("b")
        assert "b" in hooks.styles


class TestZero(unittest.TestCase):
    def test_none(self):
        assert hooks.styles == []
"""


@pytest.mark.parametrize(("tear_down", "found"), [("hooks.styles = self.before", 0), ("pass", 1)])
def test_an_object_that_the_teardown_of_a_class_puts_back(tear_down: str, found: int, tmp_path: Path) -> None:
    """The attribute that a teardown assigns is put back for the tests of its class."""
    root = make_project(tmp_path, HELD.format(tear_down=tear_down))
    assert outcome(run_pytest(root)) == ("1 failed, 2 passed" if found else "3 passed")
    assert [g.finding.code for g in check(root).plan.groups] == ["RSC206"] * found


CACHED = """\
# --- runtime.py
import os
from functools import lru_cache


@lru_cache
def level():
    return os.environ.get("RESCOPE_LEVEL")
# --- test_runtime.py
from runtime import level


def test_one(monkeypatch):
    monkeypatch.setenv("RESCOPE_LEVEL", "1")
    level.cache_clear()
    try:
        assert level() == "1"
    finally:
        level.cache_clear()


def test_two(monkeypatch):
    monkeypatch.setenv("RESCOPE_LEVEL", "2")
    level.cache_clear()
    assert level() == "2"
    LAST
"""


@pytest.mark.parametrize(("last", "kept"), [("level.cache_clear()", True), ("assert level", False)])
def test_a_cache_that_all_who_ask_it_clear_at_last(last: str, kept: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """In a `finally` or as the last line; one test that does not is enough for a finding."""
    plan = check(make_project(tmp_path, CACHED.replace("LAST", last))).plan
    assert ([k.code for k in plan.kept], [g.finding.code for g in plan.groups]) == ((["RSC904"], []) if kept else ([], ["RSC202"]))


PLUGIN = """\
# --- host.py
name = None


def get_name():
    global name
    if not name:
        name = "me"
    return name
# --- tests/__init__.py
# --- tests/conftest.py
pytest_plugins = ["tests.fixtures"]
# --- tests/fixtures.py
import pytest

import host


@pytest.fixture
def forgotten():
    before = host.name
    host.name = None
    yield
    host.name = before
# --- tests/test_host.py
import host


def test_default(forgotten):
    assert host.get_name() == "me"


def test_other(forgotten):
    host.name = "you"
    assert host.get_name() == "you"
"""


def test_a_fixture_of_a_plugin_stands_around_all_tests(tmp_path: Path) -> None:
    """A module that `pytest_plugins` names counts as a conftest.py."""
    root = make_project(tmp_path, PLUGIN)
    assert [k.code for k in check(root).plan.kept] == ["RSC904"]
    (tmp_path / "tests" / "conftest.py").write_text("from tests.fixtures import forgotten as other\n", "utf-8")
    assert [k.code for k in check(root).plan.kept] == []


SHIPPED = """\
# --- shop/__init__.py
# --- shop/test/__init__.py
# --- shop/test/command.py
from shop.state import set_official


def run(value):
    set_official(value)
# --- shop/state.py
official = False


def set_official(value):
    global official
    official = bool(value)
# --- tests/test_state.py
from shop import state


def test_official():
    assert not state.official


def test_again():
    assert state.official is False
"""


def test_a_package_of_the_program_that_is_called_test(tmp_path: Path) -> None:
    """A folder called `test` without a test in it says nothing of the tests; with one, it does."""
    root = make_project(tmp_path, SHIPPED)
    assert check(root).plan.groups == ()
    (tmp_path / "shop" / "test" / "test_command.py").write_text(
        "from shop.test.command import run\n\n\ndef test_run():\n    assert run\n", "utf-8"
    )
    assert [g.finding.code for g in check(root).plan.groups] == ["RSC205"]
