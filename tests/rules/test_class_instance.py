"""A class attribute that is filled on first use: what is safe to reset, and what only may be."""

from pathlib import Path

import pytest

from projects import check, fix, make_project, run_pytest
from rescope.model.finding import Applicability

PLUGINS = """\
# --- plugins.py
{made}class Loader:
    _options = None

    @classmethod
    def options(cls):
        if cls._options is None:
            cls._options = {call}
        return cls._options
# --- test_plugins.py
from plugins import Loader


def test_none():
    Loader._options = None


def test_change():
    options = Loader.options()
    options.update(b=2)
"""
GUARDED = """\
# --- manager.py
class Manager:
    _instance = None
    _initialized = False

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __init__(self):
        if not Manager._initialized:
            Manager._initialized = True
            self.jobs = []

    def add(self, job):
        self.jobs.append(job)
# --- test_manager.py
from manager import Manager


def test_add():
    Manager().add(1)
    assert Manager().jobs == [1]


def test_other():
    assert Manager().jobs is Manager().jobs
"""


def test_a_flag_that_guards_the_making(tmp_path: Path) -> None:
    """An instance whose __init__ runs once for the class is told and never reset: a new one would have no attributes."""
    (group,) = check(make_project(tmp_path, GUARDED)).plan.groups

    assert group.edits == ()
    assert group.caveat.startswith("Manager._initialized guards its __init__")


OWN = "class Options(dict):\n    pass\n\n\n"


@pytest.mark.parametrize(
    ("made", "call", "expected"),
    [("", "dict(a=1)", Applicability.UNSAFE), (OWN, "Options()", Applicability.SAFE)],
    ids=["a plain value", "an object of the project"],
)
def test_what_is_safe(made: str, call: str, expected: Applicability, tmp_path: Path) -> None:
    """Only the project's own object is dropped without asking: anything else may be a memo."""
    root = make_project(tmp_path, PLUGINS.format(made=made, call=call))
    assert [(g.finding.code, g.applicability) for g in check(root).plan.groups] == [("RSC203", expected)]


PRIVATE = """\
# --- rates.py
class Table:
    def __init__(self):
        self.rows = []


class Rates:
    __table = None
    __last = 0

    @classmethod
    def table(cls):
        if cls.__table is None:
            cls.__table = Table()
        return cls.__table

    @classmethod
    def ask(cls, number):
        cls.__last = number

    @classmethod
    def last(cls):
        return cls.__last
# --- test_rates.py
from rates import Rates


def test_fill():
    Rates.ask(3)
    Rates.table().rows.append(1)


def test_empty():
    assert Rates.table().rows == []
    assert Rates.last() == 0
"""


def test_private_names(tmp_path: Path) -> None:
    """A private name is written as it is stored: outside of its class Python does not mangle it."""
    root = make_project(tmp_path, PRIVATE)
    assert run_pytest(root, "-p", "no:randomly").returncode == 1
    fix(root, unsafe=True)
    assert run_pytest(root, "-p", "no:randomly").returncode == 0


FACTORY = """\
# --- factory.py
import logging
import socket
import aiohttp


class Log(logging.Logger):
    pass


class Factory:
    _instance = None
    _log = None
    _opened = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    @classmethod
    def log(cls):
        if cls._log is None:
            cls._log = {log}
        return cls._log

    def get(self):
        if self._opened is None:
            self._opened = {opened}
        return self._opened
# --- aiohttp.py
class ClientSession:
    pass
# --- test_factory.py
from factory import Factory


def test_get():
    Factory._log = None
    Factory().seen = Factory().get()
    assert Factory.log() is not None


def test_same():
    assert Factory().get() is Factory().get()
    assert Factory.log() is Factory.log()
"""


@pytest.mark.parametrize(
    ("log", "opened", "names"),
    [
        ("Log('it')", "socket.socket()", set()),
        ("Log('it')", "aiohttp.ClientSession()", set()),
        ("Log('it')", "[]", {"Factory._instance"}),
        ("list(())", "socket.socket()", {"Factory._log"}),
        ("logging.getLogger('it')", "[]", {"Factory._instance"}),
    ],
)
def test_what_an_instance_opens_later(tmp_path: Path, log: str, opened: str, names: set[str]) -> None:
    """A reset that would drop what a method has opened is not offered; a memo of a logger is no state."""
    root = make_project(tmp_path, FACTORY.replace("{log}", log).replace("{opened}", opened))
    assert run_pytest(root).returncode == 0
    assert {g.finding.subject.name for g in check(root).plan.groups if g.edits} == names


ANEW = """\
# --- tracer.py
class Tracer:
    _one = None

    def __new__(cls):
        if cls._one is None:
            cls._one = super().__new__(cls)
        return cls._one

    {making}

    def trace(self, name):
        self.names.add(name)
# --- test_tracer.py
from tracer import Tracer


def test_trace():
    tracer = Tracer()
    tracer.trace("a")
    assert tracer.names == {{"a"}}


def test_nothing():
    assert Tracer().names == set()
"""
MAKING = {
    "in any case": ("def __init__(self):\n        self.names = set()", []),
    "the first time": (
        "done = 0\n\n    def __init__(self):\n        if self.done: return\n        self.done = True\n        self.names = {*()}",
        ["Tracer._one"],
    ),
    "once": ("def __init__(self):\n        if hasattr(self, 'names'): return\n        self.names = set()", ["Tracer._one"]),
}


@pytest.mark.parametrize("case", MAKING)
def test_an_instance_that_each_call_makes_anew(tmp_path: Path, case: str) -> None:
    """Python runs `__init__` whenever `__new__` gives an instance of the class: what it sets in any case is no state."""
    making, shown = MAKING[case]
    root = make_project(tmp_path, ANEW.format(making=making))
    assert run_pytest(root, "-p", "no:randomly").returncode == bool(shown)

    assert [g.finding.subject.name for g in check(root).shown] == shown
