"""Who reads a state that was changed, and at which line it was changed: seen line by line, from Python 3.12 on."""

import sys
from pathlib import Path

import pytest

from projects import make_project
from rescope.observer.accesses import mentions

seen_line_by_line = pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="sys.monitoring is new in Python 3.12")

FUNCTIONS = """\
def read(): return len(it) + 1
def write(value):
    global it
    it = value
def delete():
    global it
    del it
def attribute(): return home.it
def set_attribute(value, home): home.it = value
def dotted(): return pack.home.it
def called(): return home.it()
def imported():
    from home import it
def constant(): return "it"
def local():
    it = 1
    return it
def other(): return item
def item(value): it[0] = value
def taken_out(): del it[0]
def cleared(): it.clear()
def looked_up(): return it[0]
"""


def test_mentions() -> None:
    """A name counts as a global and as an attribute of something, with its line; not as a constant, a local name or an import."""
    space: dict = {}
    exec(compile(FUNCTIONS, "functions.py", "exec"), space)

    found = {name: [tuple(m) for m in mentions(space[name].__code__, "it")] for name in space if not name.startswith("__")}

    assert {name: places for name, places in found.items() if places} == {
        "read": [(1, None, False)],
        "write": [(4, None, True)],
        "delete": [(7, None, True)],
        "attribute": [(8, "home", False)],
        "set_attribute": [(9, "home", True)],
        "dotted": [(10, "home", False)],
        "called": [(11, "home", False)],
        "item": [(19, None, True)],
        "taken_out": [(20, None, True)],
        "cleared": [(21, None, True)],
        "looked_up": [(22, None, False)],
    }


PROGRAM = """\
_store = None
hooks = {}


class Store:
    pass


class Pool:
    _shared = None

    @classmethod
    def get(cls):
        if cls._shared is None:
            cls._shared = cls()
        return cls._shared


def get_store():
    global _store
    if _store is None:
        _store = Store()
    return _store


def add(name, hook):
    hooks[name] = hook
"""
KINDS = f"""\
# --- program/__init__.py
# --- program/state.py
{PROGRAM}# --- program/twin.py
{PROGRAM}# --- conftest.py
import pytest


@pytest.fixture
def first_hook():
    from program import state

    return next(iter(state.hooks), None)
# --- test_kinds.py
import program.state
from program.state import Pool, add, get_store, hooks
from program.twin import get_store as get_other_store


def test_changes_all():
    assert get_store()
    assert Pool.get()
    add("a", print)


def test_looks_at_nothing():
    assert get_other_store()


def test_reads_through_a_function():
    assert get_store()


def test_reads_a_class_attribute():
    assert Pool._shared


def test_reads_what_was_imported():
    assert "a" in hooks


def test_reads_an_attribute_of_the_module():
    assert program.state._store


def test_reads_in_a_fixture(first_hook):
    assert first_hook == "a"


def test_replaces_without_reading():
    program.state._store = None
    program.state._store = 3
"""


@seen_line_by_line
def test_who_reads_what_was_changed(tmp_path: Path, observe) -> None:
    """Each state has the line that changed it, and the later tests that ran a line that reads it, the first of them with its line."""
    _, seen = observe(make_project(tmp_path, KINDS), "--rescope=all", "-p", "no:randomly")

    keys = ("test", "changed_at", "read_by", "first_reader", "read_at")
    first = {c["name"]: tuple(c[k] for k in keys) for c in reversed(seen["changes"])}
    test = "test_kinds.py::test"
    assert first["program.state._store"] == (
        f"{test}_changes_all",
        ["program/state.py:22"],
        2,
        f"{test}_reads_through_a_function",
        "program/state.py:21",
    )
    assert first["program.state.Pool._shared"] == (
        f"{test}_changes_all",
        ["program/state.py:15"],
        1,
        f"{test}_reads_a_class_attribute",
        "test_kinds.py:21",
    )
    assert first["program.state.hooks"] == (
        f"{test}_changes_all",
        ["program/state.py:27"],
        2,
        f"{test}_reads_what_was_imported",
        "test_kinds.py:25",
    )
    assert first["program.twin._store"][2:] == (0, "", ""), "a twin's code is equal, and another's"


@seen_line_by_line
def test_told_at_the_end(tmp_path: Path, observe) -> None:
    """The report names the line and the first reader; where no test read a state, it says so."""
    root = make_project(tmp_path, KINDS)
    out, _ = observe(root, "-p", "no:randomly")

    lines = [line.strip() for line in out.splitlines()]
    changed = next(line for line in lines if "changed program.state._store" in line)
    assert changed.endswith("(was None, now <state.Store>), at program/state.py:22")
    after = lines[lines.index(changed) + 1]
    assert after.endswith("; 2 seen to read it, first test_kinds.py::test_reads_through_a_function at program/state.py:21")
    unread = next(n for n, line in enumerate(lines) if "changed program.twin._store" in line)
    assert lines[unread + 1].endswith("; none seen to read it")


SHORT = """\
# --- state.py
_s = None
class Thing: pass
def fill():
    global _s
    if _s is None:
        _s = Thing()
    return _s
def peek(): return _s
def deep(n): return deep(n - 1) if n else peek()
def deepest(n):
    try:
        return deepest(n + 1)
    except RecursionError:
        return n
# --- conftest.py
import pytest
import state


@pytest.fixture(scope="module")
def broad():
    return state.peek()
# --- test_state.py
import sys
import state


def test_fills():
    assert state.fill()


def test_short(): assert state.peek()


def test_after_a_broad_fixture(broad):
    assert state.peek()


def test_at_the_recursion_limit():
    assert state.deep(state.deepest(0) - 2)


def test_frees_all_tools():
    for tool in range(6):
        if sys.monitoring.get_tool(tool):
            sys.monitoring.free_tool_id(tool)


def test_goes_on():
    assert state.peek()
"""


@seen_line_by_line
def test_short_functions_and_hostile_tests(tmp_path: Path, observe) -> None:
    """A function on one line is seen, at the recursion limit, too; a test that frees all tools ends the watching and fails nobody."""
    out, seen = observe(make_project(tmp_path, SHORT), "-p", "no:randomly")

    assert "6 passed" in out
    (change,) = (c for c in seen["changes"] if c["name"] == "state._s")
    assert change["changed_at"] == ["state.py:6"]
    assert (change["read_by"], change["first_reader"], change["read_at"]) == (3, "test_state.py::test_short", "state.py:8")
    assert seen["errors"] == []


FREE = """\
# --- test_tool.py
import sys


def test_takes_a_tool():
    sys.monitoring.use_tool_id(4, "mine")
    sys.monitoring.free_tool_id(4)
"""


@seen_line_by_line
def test_no_place_is_taken_where_nothing_is_followed(tmp_path: Path, observe) -> None:
    """A suite that monitors by itself finds its place free."""
    assert "1 passed" in observe(make_project(tmp_path, FREE))[0]


STORE = """\
# --- state.py
_store = None


class Store:
    pass


def get_store():
    global _store
    if _store is None:
        _store = Store()
    return _store
"""
TAKEN = f"""{STORE}\
# --- conftest.py
import sys

for tool in (3, 4):
    sys.monitoring.use_tool_id(tool, "another tool")
# --- test_state.py
from state import get_store


def test_a():
    assert get_store()


def test_b():
    assert get_store()
"""


@seen_line_by_line
def test_other_tools_have_taken_the_places(tmp_path: Path, observe) -> None:
    """Where other tools monitor already, nothing is said about readers, and nothing fails."""
    out, seen = observe(make_project(tmp_path, TAKEN), "-p", "no:randomly")

    assert "2 passed" in out
    assert [(c["changed_at"], c["read_by"]) for c in seen["changes"]] == [([], None)]


@pytest.mark.skipif(hasattr(sys, "monitoring"), reason="Python 3.12 and newer watch the lines")
def test_seen_in_the_source_before_python_3_12(tmp_path: Path, observe) -> None:
    """An older Python cannot tell what ran: the tests are named that are seen to read what the analysis names."""
    out, seen = observe(make_project(tmp_path, KINDS), "-p", "no:randomly")

    keys = ("changed_at", "read_by", "first_reader", "read_at")
    first = {c["name"]: tuple(c[k] for k in keys) for c in reversed(seen["changes"])}
    assert not seen["lines"]
    reads = "test_kinds.py::test_reads"
    assert first["program.state._store"] == ([], 2, f"{reads}_through_a_function", "test_kinds.py:17")
    assert first["program.state.Pool._shared"] == ([], 1, f"{reads}_a_class_attribute", "test_kinds.py:20")
    assert first["program.twin._store"][1:] == (0, "", "")
    assert f"; 2 seen in the source to read it, first {reads}_through_a_function at test_kinds.py:17" in out


RESET = f"""{STORE}\
# --- conftest.py
import pytest
import state


@pytest.fixture
def fresh():
    state._store = None
# --- test_state.py
import unittest

from state import get_store


def test_fills():
    assert get_store()


class TestSetUp(unittest.TestCase):
    def setUp(self):
        self.store = get_store()

    def test_reads_in_the_set_up(self):
        assert self.store


def test_starts_anew(fresh):
    assert get_store()
"""


def test_a_set_up_that_puts_it_back_comes_before_reading(tmp_path: Path, observe) -> None:
    """Who reads in the set-up of a class counts; who reads what a fixture has just made anew does not."""
    _, seen = observe(make_project(tmp_path, RESET), "-p", "no:randomly")

    (first, *_) = seen["changes"]
    assert (first["test"], first["read_by"], first["first_reader"]) == (
        "test_state.py::test_fills",
        1,
        "test_state.py::TestSetUp::test_reads_in_the_set_up",
    )
