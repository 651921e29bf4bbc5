"""State that somebody resets already, by whatever way: it is kept, and said where."""

from pathlib import Path

import pytest

from projects import check, make_project

STATE = """\
# --- state.py
class Store:
    def __init__(self):
        self.rows = []


_store = None
SEEN = []


def store():
    global _store
    if _store is None:
        _store = Store()
    return _store


def add(row):
    SEEN.append(row)
    store().rows.append(row)
    return len(SEEN)


def forget():
    global _store
    _store = None
    SEEN.clear()


def restart():
    forget()
"""
TESTS = """\


def test_add():
    assert state.add(1) == 1
    assert state.SEEN == [1]


def test_again():
    assert state.add(2) == 1
    assert state._store.rows == [2]
"""
AUTOUSE = """\
# --- conftest.py
import pytest

import state


@pytest.fixture(autouse=True)
def fresh():
    yield
    state.restart()
# --- test_state.py
import state
"""
ASKED = """\
# --- test_state.py
import pytest

import state


@pytest.fixture
def fresh():
    yield
    state._store = None
    state.SEEN.clear()
"""
TORN = """\
# --- test_state.py
import state


def teardown_function():
    state._store = None
    state.SEEN.clear()
"""
RESETS = {
    "an autouse fixture that calls a function which calls the one that resets": AUTOUSE + TESTS,
    "a fixture that all tests of the file ask for": ASKED + TESTS.replace("()", "(fresh)"),
    "the tear-down of each function": TORN + TESTS,
}


@pytest.mark.parametrize("text", RESETS.values(), ids=[name.replace(" ", "-") for name in RESETS])
def test_nothing_to_add(text: str, tmp_path: Path) -> None:
    """Neither the global nor the list is a finding."""
    plan = check(make_project(tmp_path, STATE + text)).plan

    assert plan.groups == ()
    assert {k.subject.name for k in plan.kept if k.code == "RSC904"} == {"_store", "SEEN"}


def test_a_fixture_that_others_do_not_see(tmp_path: Path) -> None:
    """A fixture of one file says nothing of what the tests of another one touch."""
    other = "# --- test_other.py\nimport state\n\n\ndef test_other():\n    state.SEEN.append(3)\n    assert state.SEEN\n"
    plan = check(make_project(tmp_path, STATE + RESETS["a fixture that all tests of the file ask for"] + other)).plan

    assert "SEEN" in {g.finding.subject.name for g in plan.groups}


CACHED = """\
# --- region.py
from functools import lru_cache

REGION = "eu"


@lru_cache(maxsize=1)
def partition():
    return REGION


def _clear_caches():
    partition.cache_clear()
# --- test_region.py
import pytest

import region


@pytest.fixture(autouse=True)
def fresh():
    region._clear_caches()


def test_partition(monkeypatch):
    monkeypatch.setattr(region, "REGION", "cn")
    region.partition.cache_clear()
    assert region.partition() == "cn"
"""


def test_a_function_of_the_program_that_clears_the_cache(tmp_path: Path) -> None:
    """A cache is reset, too, where an autouse fixture calls what clears it, under whatever name."""
    kept = check(make_project(tmp_path / "kept", CACHED)).plan
    found = check(make_project(tmp_path / "found", CACHED.replace("    partition.cache_clear()\n#", "    pass\n#"))).plan

    assert (kept.groups, [k.code for k in kept.kept]) == ((), ["RSC904"])
    assert [g.finding.code for g in found.groups] == ["RSC202"]
