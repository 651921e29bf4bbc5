"""Edits that would cure half of something, and set-ups that are no leak. Each suite is run by pytest."""

from pathlib import Path

import pytest

from projects import check, make_project, outcome, run_pytest

CONFIG = """\
# --- config.py
import os


class Config:
    merged = None

    @classmethod
    def load(cls):
        if Config.merged is None:
            {beside}
            Config.merged = dict(os.environ)
        return Config.merged
# --- test_config.py
from config import Config


def test_load():
    Config.merged = None
    assert Config.load()


def test_again():
    assert Config.load()
"""


@pytest.mark.parametrize(("beside", "half"), [("Config.own = {}", True), ("pass", False)])
def test_an_attribute_that_is_set_beside(tmp_path: Path, beside: str, half: bool) -> None:  # noqa: FBT001 - a case
    """A reset of one of two attributes that belong together is not offered."""
    root = make_project(tmp_path, CONFIG.replace("{beside}", beside))
    (group,) = check(root).plan.groups
    assert outcome(run_pytest(root)) == "2 passed"
    assert (group.finding.code, "half of the two" in group.caveat) == ("RSC203", half)


ROWS = """\
# --- db.py
def SessionLocal():
    return []
# --- conftest.py
import pytest

from db import SessionLocal


@pytest.fixture(scope="module")
def session():
    return SessionLocal()


@pytest.fixture(scope="module")
def user(session):
    return ["ada", session]
# --- test_rows.py
def test_make(session, {user}):
    assert session == []


def test_rename(session):
    assert session == []
"""


@pytest.mark.parametrize(("user", "shared"), [("user", True), ("tmp_path", False)])
def test_what_is_made_with_a_session(tmp_path: Path, user: str, shared: bool) -> None:  # noqa: FBT001 - a case
    """A session whose narrowing would make a user for each test is shown without an edit."""
    root = make_project(tmp_path, ROWS.replace("{user}", user))
    found = [g for g in check(root).plan.groups if g.finding.code == "RSC104"]
    assert outcome(run_pytest(root)) == "2 passed"
    assert ["a 'user' of its own" in g.caveat for g in found] == [shared]


TRACKER = """\
# --- bugs.py
tracker = None


def choose(name="fake"):
    global tracker
    tracker = name
# --- base.py
import bugs


class Base:
    def prepare(self):
        bugs.choose()


class Cases(Base):
    def setup_method(self):
        self.prepare()
# --- test_work.py
import bugs
from base import Base, Cases


class TestWork(Cases):
    def setup_method(self):
        super().setup_method()

    def test_one(self):
        assert bugs.tracker == "fake"

    def test_two(self):
        assert bugs.tracker == "fake"


class TestOther(Base):
    def test_other(self):
        BODY
"""


@pytest.mark.parametrize(("body", "found"), [("assert self", []), ('bugs.choose("real")', ["RSC205"])])
def test_a_helper_of_a_set_up(tmp_path: Path, body: str, found: list[str]) -> None:
    """What only set-ups call prepares their tests; a test that sets the same leaves it."""
    root = make_project(tmp_path, TRACKER.replace("BODY", body))
    assert outcome(run_pytest(root)) == "3 passed"
    assert [g.finding.code for g in check(root).shown] == found


REGISTRY = """\
# --- registry.py
class Entities:
    entities = [0]


class Task:
    def __init__(self, name):
        self.name = name
        {register}


def names():
    return [e and e.name for e in Entities.entities]
# --- test_core.py
from registry import Task

first = Task("first")


def test_core():
    assert first.name == "first"
# --- test_package.py
import registry
from registry import Task

second = Task("second")


def test_registrable():
    registry.Entities.entities = [second]
    assert registry.names() == ["second"]


def test_names():
    Task("third")
    assert "third" in registry.names() or registry.names() == [0]
"""


@pytest.mark.parametrize(("register", "edits"), [("Entities.entities.append(self)", 0), ("print(Entities.entities)", 1)])
def test_a_registry_that_a_test_replaces(tmp_path: Path, register: str, edits: int) -> None:
    """What all files have registered would come back for the tests below, which may be written for the short list."""
    (group,) = check(make_project(tmp_path, REGISTRY.format(register=register))).plan.groups

    assert (group.finding.code, len(group.edits)) == ("RSC208", edits)
