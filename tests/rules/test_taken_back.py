"""State of the program that tests put back by calling something, not by an assignment."""

from pathlib import Path

import pytest

from projects import check, make_project, only_told, outcome, run_pytest

MODULE = """\
# --- sink.py
_sink = None


def set_sink(sink):
    global _sink
    _sink = sink


def send(text):
    return _sink(text) if _sink else text
"""
FLAG = """\
# --- flag.py
from contextvars import ContextVar

quiet = ContextVar("quiet", default=False)


def set_quiet(value):
    return quiet.set(value)
"""
OTHER = """

def test_plain():
    assert sink.send("a") == "a"
"""

BACK = {
    "a setter behind the yield of an autouse fixture": f"""{MODULE}\
# --- test_sink.py
import pytest
import sink


@pytest.fixture(autouse=True)
def put_back():
    before = sink._sink
    sink.set_sink(None)
    yield
    sink.set_sink(before)


def test_upper():
    sink.set_sink(str.upper)
    assert sink.send("a") == "A"
{OTHER}""",
    "a last call with the initial value": f"""{MODULE}\
# --- test_sink.py
import sink


def test_upper():
    sink.set_sink(str.upper)
    assert sink.send("a") == "A"
    sink.set_sink(None)
{OTHER}""",
    "a last assignment of the initial value": f"""{MODULE}\
# --- test_sink.py
import sink


def test_upper():
    sink.set_sink(str.upper)
    assert sink.send("a") == "A"
    sink._sink = None
{OTHER}""",
    "the set-up of a base class in another file": f"""{MODULE}\
# --- base.py
import unittest
import sink


class Base(unittest.TestCase):
    def setUp(self):
        sink._sink = None
# --- test_sink.py
import sink
from base import Base


class TestSink(Base):
    def test_upper(self):
        sink._sink = str.upper
        assert sink.send("a") == "A"

    def test_plain(self):
        assert sink.send("a") == "a"
""",
    "an entry that the test takes out again": """\
# --- sessions.py
active = {}


def open_session(name):
    active[name] = 1
    return name


def count():
    return len(active)
# --- test_sessions.py
import sessions


def test_open():
    sessions.active["a"] = 1
    assert sessions.count() == 1
    del sessions.active["a"]
    assert sessions.count() == 0


def test_none():
    assert sessions.count() == 0
""",
    "a cache that each test which asks it clears in the end": """\
# --- settings.py
from functools import lru_cache


@lru_cache
def level():
    return {"level": "low"}
# --- test_settings.py
import settings


def test_high():
    settings.level.cache_clear()
    try:
        settings.level()["level"] = "high"
        assert settings.level() == {"level": "high"}
    finally:
        settings.level.cache_clear()


def test_low():
    assert settings
""",
    "a context variable that is set to its default at last": f"""{FLAG}\
# --- test_flag.py
import flag


def test_quiet():
    flag.set_quiet(True)
    assert flag.quiet.get()
    flag.quiet.set(False)


def test_loud():
    assert not flag.quiet.get()
""",
    "a context variable that is reset by the token of a setter": f"""{FLAG}\
# --- test_flag.py
import flag


def test_quiet():
    token = flag.set_quiet(True)
    try:
        assert flag.quiet.get()
    finally:
        flag.quiet.reset(token)


def test_loud():
    assert not flag.quiet.get()
""",
}

REGISTRY = """\
# --- auth.py
KINDS = {}


def register(name, kind):
    KINDS[name] = kind


def known():
    return sorted(KINDS)
# --- test_auth.py
import auth


def test_plain():
    assert auth.known() == []


"""
OWN = "def test_own():\n    auth.register('own', int)\n    assert 'own' in auth.KINDS\n"
TAKEN_OUT = {
    "deleted in the last line": f"{OWN}    del auth.KINDS['own']\n",
    "popped in the last line": f"{OWN}    auth.KINDS.pop('own')\n",
    "popped in a finally": (
        "def test_own():\n    try:\n        auth.register('own', int)\n        assert 'own' in auth.KINDS\n"
        "    finally:\n        auth.KINDS.pop('own', None)\n"
    ),
}


@pytest.mark.parametrize("test", TAKEN_OUT.values(), ids=TAKEN_OUT)
def test_an_entry_taken_out_by_its_test(test: str, tmp_path: Path) -> None:
    """What a function of the program entered and the same test takes out at last leaves nothing; without that it is found."""
    taken = check(make_project(tmp_path / "taken", REGISTRY + test)).plan.groups
    left = check(make_project(tmp_path / "left", f"{REGISTRY}{OWN}\n\n{OWN.replace('own', 'other')}")).plan.groups

    assert [g.finding.message for g in taken if not only_told(g)] == []
    assert [g.finding.code for g in left if not only_told(g)] == ["RSC204"]


LEFT = {
    "a setter before the yield alone": f"""{MODULE}\
# --- test_sink.py
import pytest
import sink


@pytest.fixture
def begun():
    sink.set_sink(None)
    yield


def test_upper(begun):
    sink.set_sink(str.upper)
    assert sink.send("a") == "A"
{OTHER}""",
    "the initial value first": f"""{MODULE}\
# --- test_sink.py
import sink


def test_upper():
    sink.set_sink(None)
    sink.set_sink(str.upper)
    assert sink.send("a") == "A"
{OTHER}""",
    "the default of a context variable first": f"""{FLAG}\
# --- test_flag.py
import flag


def test_quiet():
    flag.quiet.set(False)
    flag.set_quiet(True)
    assert flag.quiet.get()


def test_loud():
    assert not flag.quiet.get()
""",
}


@pytest.mark.parametrize("text", BACK.values(), ids=[name.replace(" ", "-") for name in BACK])
def test_silent(text: str, tmp_path: Path) -> None:
    """Nothing that is put back is a finding."""
    assert [g.finding.message for g in check(make_project(tmp_path, text)).plan.groups] == []


@pytest.mark.parametrize("text", LEFT.values(), ids=[name.replace(" ", "-") for name in LEFT])
def test_found(text: str, tmp_path: Path) -> None:
    """What is set when all is done stays set, whatever was set before."""
    (group,) = check(make_project(tmp_path, text)).plan.groups
    assert not only_told(group)


def test_a_line_of_another_file_is_told_with_its_file(tmp_path: Path) -> None:
    """A function of another module that sets the state is shown by the line of that module."""
    text = """\
# --- state.py
class State:
    level = 0
# --- change.py
from state import State


def raise_level():
    State.level = 1
# --- test_state.py
from change import raise_level
from state import State


def test_raised():
    raise_level()
    assert State.level == 1


def test_zero():
    assert State.level in (0, 1)
"""
    (group,) = check(make_project(tmp_path, text)).plan.groups
    assert [(at.path, at.line) for at in group.finding.related if "raise_level() writes it" in at.note] == [("change.py", 5)]


COUNTER = """\
# --- names.py
from itertools import count


class Name:
    numbers = count(0)

    def __init__(self):
        self.number = next(self.numbers)
# --- test_names.py
from itertools import count

from names import Name

SEEN = []


def test_names():
    {start}
    Name.numbers = count(start)
    SEEN.extend([Name().number, Name().number])
    assert SEEN == [start, start + 1]


def test_names_are_unique():
    assert Name().number not in SEEN
"""


@pytest.mark.parametrize(("start", "codes"), [("start = next(Name.numbers)", []), ("start = 7", ["RSC208"])])
def test_counter_that_goes_on(tmp_path: Path, start: str, codes: list[str]) -> None:
    """Who asks a counter for its next number and starts another there has changed nothing; the first one, put back, would repeat it."""
    root = make_project(tmp_path, COUNTER.format(start=start))
    assert outcome(run_pytest(root, "-p", "no:randomly")) == "2 passed"

    assert [g.finding.code for g in check(root).shown] == codes
    if not codes:
        test = root / "test_names.py"
        patched = test.read_text("utf-8").replace("test_names()", "test_names(monkeypatch)")
        test.write_text(patched.replace("Name.numbers = count(start)", 'monkeypatch.setattr(Name, "numbers", count(start))'), "utf-8")
        assert outcome(run_pytest(root, "-p", "no:randomly")) == "1 failed, 1 passed"
