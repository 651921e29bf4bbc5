"""Who is told to have changed something: the broad fixture at its scope, or the test."""

from pathlib import Path

import pytest

from projects import LEAK, ROOT, make_project

TAKEN = ("name", "scope", "path", "line", "phase")


def owners(seen: dict) -> list[tuple]:
    return [(c["test"].partition("::")[2], tuple(c["owner"][k] for k in TAKEN) if c["owner"] else None) for c in seen["changes"]]


def test_set_up_of_a_broad_fixture(tmp_path: Path, observe) -> None:
    """What a broad fixture's set-up changes belongs to it, and tests that never requested it are counted apart."""
    out, seen = observe(make_project(tmp_path, LEAK))

    assert owners(seen) == [("test_client", ("client", "session", "conftest.py", 7, "set-up"))]
    change = seen["changes"][0]
    assert (change["name"], change["in_place"], change["strangers"], change["first_stranger"]) == (
        "app.app.dependency_overrides",
        1,
        1,
        "test_app.py::test_alone",
    )
    assert change["undone_by"] == "test_app.py::test_alone"
    assert "set-up of session fixture 'client' changed app.app.dependency_overrides['user'] (was unset, now 'ada')" in out


NESTED = """\
# --- state.py
outer = inner = own = 0
# --- test_nested.py
import pytest
import state


@pytest.fixture(scope="module")
def outer(request):
    state.outer = 1
    request.getfixturevalue("inner")
    state.outer = 2
    yield
    state.outer = 0


@pytest.fixture(scope="class")
def klass():
    state.own = 5
    yield
    state.own = 6


@pytest.fixture(scope="session")
def inner():
    state.inner = 1
    yield


@pytest.fixture
def narrow():
    state.own = 1
    yield
    state.own = 0


class TestIt:
    def test_one(self, outer, narrow):
        assert state.own == 1

    def test_two(self, klass):
        assert state.own == 5


def test_three():
    assert state.own == 6
"""


def test_nested_set_ups(tmp_path: Path, observe) -> None:
    """A fixture set up in the middle of another takes only its own change, a narrow fixture that undoes is silent, a teardown is told."""
    _, seen = observe(make_project(tmp_path, NESTED), "--rescope=all")
    told = {(c["name"], c["owner"]["name"], c["owner"]["phase"], c["was"], c["now"]) for c in seen["changes"]}

    assert told == {
        ("state.outer", "outer", "set-up", "0", "1"),
        ("state.outer", "outer", "set-up", "1", "2"),
        ("state.inner", "inner", "set-up", "0", "1"),
        ("state.own", "klass", "set-up", "0", "5"),
        ("state.own", "klass", "teardown", "5", "6"),
    }


VALUES = """\
# --- conftest.py
import pytest


class Basket:
    def __init__(self):
        self.items = []


@pytest.fixture(scope="session")
def basket():
    return Basket()


@pytest.fixture(scope="module")
def rows():
    return []
# --- test_a.py
def test_put(basket, rows):
    basket.items.append(1)
    rows.append(1)


def test_other():
    assert True


def test_read(basket, rows):
    assert rows
# --- test_b.py
def test_fresh_rows(rows):
    assert rows == []


def test_basket(basket):
    assert basket.items
"""


def test_values_of_broad_fixtures(tmp_path: Path, observe) -> None:
    """A value is watched while its fixture lives: a new instance starts anew, and tests that requested the changed one are counted."""
    _, seen = observe(make_project(tmp_path, VALUES))
    told = {(c["name"], c["scope"], c["test"], c["where"], c["in_place"], c["requested"], c["first_requested"]) for c in seen["changes"]}

    assert told == {
        ("basket", "session", "test_a.py::test_put", ".items", 4, 2, "test_a.py::test_read"),
        ("rows", "module", "test_a.py::test_put", "", 2, 1, "test_a.py::test_read"),
    }


RESET = """\
# --- state.py
_level = None


def set_level(level):
    global _level
    _level = level


def get_level():
    return _level
# --- test_state.py
import pytest
import state


@pytest.fixture(autouse=True)
def fresh():
    state._level = None


def test_set():
    state.set_level(1)


def test_read():
    assert state.get_level() is None


def test_late():
    assert state.get_level() is None
"""


def test_reset_before_the_next_test(tmp_path: Path, observe) -> None:
    """What the next test's own set-up takes back was in place for no test."""
    _, seen = observe(make_project(tmp_path, RESET), "--rescope=all")

    assert [(c["name"], c["test"], c["in_place"], c["undone_by"]) for c in seen["changes"]] == [
        ("state._level", "test_state.py::test_set", 0, "test_state.py::test_read")
    ]


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "xdist"])
def test_sample(observe, workers: tuple[str, ...]) -> None:
    """On the sample the cache and the client are named, each with a test; the results of two workers are one report."""
    out, seen = observe(ROOT / "fixtures_samples" / "session_management", *workers)

    assert seen["tests"] == 474
    assert {c["owner"]["name"] for c in seen["changes"] if c["kind"] == "overrides"} == {"client", "authenticated_user"}
    assert [w["tests"] for w in seen["watched"] if w["qualname"] == "_cache_instance"] == [474]
    filled = [c for c in seen["changes"] if c["qualname"] == "_cache_instance"]
    assert {c["was"] for c in filled} >= {"None"}
    assert all(c["test"].startswith("tests/api/") for c in filled)
    assert "RescopeWarning: tests/conftest.py:44: RSC101 session-scoped fixture 'client'" in out
    assert "rescope why _cache_instance" in out
