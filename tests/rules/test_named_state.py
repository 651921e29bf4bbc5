"""Whose state the tests speak of, and what they take back themselves."""

from pathlib import Path

import pytest

from projects import check, make_project, only_told, run_pytest

STATE = """\
# --- state.py
import os
from functools import cache

active = False
SEEN = set()
HOOKS = []


class Registry:
    def __init__(self):
        self.names = []

    def register(self, name):
        self.names.append(name)


REGISTRY = Registry()
OTHER = Registry()


def see(name):
    if name in SEEN:
        return False
    SEEN.add(name)
    return True


def hook(function):
    HOOKS.append(function)
    return function


def switch_on():
    global active
    active = True


def switch_off():
    global active
    active = False


@cache
def level():
    return os.environ.get("LEVEL", "low")


def run(name):
    return see(name), len(HOOKS), active, level(), REGISTRY.names, OTHER.names
# --- test_state.py
import pytest

import state
"""

SILENT = {
    "what tests reach, but never name": """
def test_one():
    assert state.run("a")[1] == 0


def test_two():
    assert state.run("b")[1] == 0
""",
    "hooks under a patch of the whole list": """
def test_one(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(state, "HOOKS", [])
        state.hook(print)
        assert state.HOOKS == [print]


def test_two():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("state.HOOKS", [])
        state.hook(repr)
        assert len(state.HOOKS) == 1
""",
    "a flag that goes back to what it starts as": """
def test_one():
    state.active = True
    assert state.run("a")[2]
    state.active = False


def test_two():
    state.active = True
    assert state.run("b")[2]
    state.active = False
""",
    "the opposite function in a finally": """
def test_one():
    state.switch_on()
    try:
        assert state.run("a")[2]
    finally:
        state.switch_off()


def test_two():
    state.switch_on()
    try:
        assert state.run("b")[2]
    finally:
        state.switch_off()
""",
    "the opposite function in a finalizer": """
def test_one(request):
    request.addfinalizer(lambda: state.switch_off())
    state.switch_on()


def test_two(request):
    request.addfinalizer(state.switch_off)
    state.switch_on()
""",
}

SPOKEN = {
    "one that they read, and call the writer of": ("SEEN", "assert state.see('a')", "assert state.see('b') or state.SEEN"),
    "one that they read": ("HOOKS", "state.hook(print); assert state.HOOKS", "state.hook(repr); assert state.HOOKS"),
    "the object whose method they call, not its like": (
        "OTHER",
        "state.OTHER.register('a'); assert state.run('a')[5]",
        "assert state.OTHER.names is not None",
    ),
    "a memo whose variable they set": ("level", "monkeypatch.setenv('LEVEL', 'high'); assert state.level()", "assert state.level()"),
}


def two_tests(first: str, second: str) -> str:
    """The state, and two tests with these bodies."""
    return f"{STATE}\n\ndef test_one(monkeypatch):\n    {first}\n\n\ndef test_two():\n    {second}\n"


@pytest.mark.parametrize("case", SILENT)
def test_what_nobody_leaves_changed_is_silent(tmp_path: Path, case: str) -> None:
    """State that the tests never name, or that they take back themselves, is no finding."""
    root = make_project(tmp_path, f"{STATE}\n{SILENT[case]}")
    assert run_pytest(root).returncode == 0
    assert [g.finding.message for g in check(root).shown] == []


@pytest.mark.parametrize("case", SPOKEN)
def test_what_they_speak_of_is_found(tmp_path: Path, case: str) -> None:
    """Of all the state of a module, exactly what the tests speak of is found."""
    name, first, second = SPOKEN[case]
    root = make_project(tmp_path, two_tests(first, second))
    assert run_pytest(root).returncode == 0
    assert [g.finding.subject.name for g in check(root).shown] == [name]


def test_a_memo_that_nothing_varies_is_told(tmp_path: Path) -> None:
    """Tests that clear a memo by hand, and vary nothing that it depends on, show no leak."""
    text = two_tests("state.level.cache_clear(); assert state.level()", "assert state.level()")
    (group,) = check(make_project(tmp_path, text)).plan.groups
    assert only_told(group)
    assert group.caveat == "no test is seen to vary what the answer depends on"


CLOSES = """\
# --- session.py
import sqlite3


class Session:
    def __init__(self):
        self.connection = sqlite3.connect(":memory:")
        self.level = 1

    def clear(self):
        self.connection.close()
        self.connection = sqlite3.connect(":memory:")

    def raise_level(self):
        self.level += 1


session = Session()
# --- test_session.py
from session import session


def test_raise():
    session.raise_level()
    session.clear()
    assert session.level > 1


def test_again():
    session.raise_level()
    assert session.level > 1


def test_plain():
    assert session.level
"""


def test_an_object_that_closes_what_it_holds_gets_no_reset(tmp_path: Path) -> None:
    """A reset would put the closed connection back."""
    (group,) = check(make_project(tmp_path, CLOSES)).plan.groups

    assert (group.finding.code, group.edits) == ("RSC206", ())
    assert "Session.clear() closes what the object holds" in group.caveat
