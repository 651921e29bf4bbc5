"""State is shown where a test reads it unprepared, and only told where each sets it anew first. Each suite is run in both orders."""

from pathlib import Path

import pytest

from projects import BACKWARDS, check, make_project, only_told, outcome, run_pytest

APP = """\
# --- app.py
import argparse
import sys
from functools import cache

mode = "slow"
LIMIT = 3
SEEN = []


def set_mode(value):
    global mode
    mode = value


def reset_mode():
    global mode
    mode = "slow"


def speed():
    return 1 if mode == "slow" else 2


def trip():
    return 2 * speed()


class View:
    @property
    def quick(self):
        return speed() == 2


class Shop:
    main = None

    def __init__(self, main=True):
        if main:
            Shop.main = self


def see(name):
    SEEN.append(name)
    return len(SEEN)


@cache
def limit():
    return LIMIT


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--loud", action="store_true")
    return parser.parse_known_args()[0]


def loud():
    return "--loud" in sys.argv
"""
HEAD = "# --- test_app.py\nimport sys\nimport unittest\nfrom unittest import mock\n\nimport pytest\n\nimport app\n\n\n"
FAST = "def test_fast():\n    app.set_mode('fast')\n    assert app.speed() == 2\n\n\n"
SEES = "def test_see():\n    app.SEEN.clear()\n    assert app.see('a') == 1\n\n\n"
LOUD = "def test_loud():\n    sys.argv = ['app', '--loud']\n    assert app.loud()\n\n\n"
BIG = "def test_big():\n    app.LIMIT = 9\n    assert app.LIMIT == 9\n\n\n"
LIMIT = (
    "def test_limit(monkeypatch):\n    monkeypatch.setattr(app, 'LIMIT', 5)\n    app.limit.cache_clear()\n    assert app.limit() == 5\n\n\n"
)
SLOW = "assert app.speed() == 1"

TOLD = {
    "sets it by a setter first": f"{FAST}def test_slow():\n    app.set_mode('slow')\n    {SLOW}\n",
    "assigns it first": f"{FAST}def test_slow():\n    app.mode = 'slow'\n    {SLOW}\n",
    "assigns it on the line of a patch": f"{FAST}@mock.patch.object(app, 'mode', 'slow')\ndef test_slow():\n    {SLOW}\n",
    "by a helper": f"{FAST}def begin():\n    app.set_mode('slow')\n\n\ndef test_slow():\n    begin()\n    {SLOW}\n",
    "by a fixture": f"{FAST}@pytest.fixture\ndef slow():\n    app.set_mode('slow')\n\n\ndef test_slow(slow):\n    {SLOW}\n",
    "by a set-up": f"{FAST}class TestSlow(unittest.TestCase):\n    def setUp(self):\n        app.set_mode('slow')\n\n"
    "    def test_slow(self):\n        assert app.speed() == 1\n",
    "past a patch": f"{FAST}def test_slow(monkeypatch):\n    monkeypatch.setattr(app, 'speed', int)\n    assert not app.trip()\n",
    "by a set-up that reads it, too": f"{FAST}class TestSlow(unittest.TestCase):\n    def setUp(self):\n        app.trip()\n"
    "        app.set_mode('slow')\n\n"
    "    def test_slow(self):\n        assert app.speed() == 1\n",
    "by a fixture, and on ways that no call shows": (
        f"{FAST}@pytest.fixture\ndef slow():\n    app.set_mode('slow')\n\n\ndef test_view(slow):\n    assert not app.View().quick\n"
    ),
    "nobody else reads it": f"{FAST}def test_other():\n    assert app\n",
    "clears it first": f"{SEES}def test_see_more():\n    app.SEEN.clear()\n    assert app.see('b') == 1\n",
    "clears the cache first": f"{LIMIT}def test_other(monkeypatch):\n    app.limit.cache_clear()\n    assert app.limit() == 3\n",
    "sets the command line first": f"{LOUD}def test_quiet():\n    sys.argv = ['app']\n    assert not app.loud()\n",
    "patches the command line first": f"{LOUD}def test_low():\n    with mock.patch('sys.argv', ['app']):\n        assert not app.loud()\n",
    "sets the constant first": f"{BIG}def test_small():\n    app.LIMIT = 3\n    assert app.LIMIT == 3\n",
}
FOUND = {
    "reads it through the program": ("RSC205", f"def test_slow():\n    {SLOW}\n\n\n{FAST}"),
    "reads it itself": ("RSC205", f"def test_slow():\n    assert app.mode == 'slow'\n\n\n{FAST}"),
    "reads it before it sets it": ("RSC205", f"def test_slow():\n    {SLOW}\n    app.set_mode('slow')\n\n\n{FAST}"),
    "when a patch is undone": (
        "RSC205",
        f"def test_slow(monkeypatch):\n    monkeypatch.setattr(app, 'mode', 'slow')\n    monkeypatch.undo()\n    {SLOW}\n\n\n{FAST}",
    ),
    "beside the patch of another function": (
        "RSC205",
        f"def test_slow(monkeypatch):\n    monkeypatch.setattr(app, 'trip', int)\n    {SLOW}\n\n\n{FAST}",
    ),
    "before a function that nobody calls sets it": (
        "RSC205",
        f"def test_slow():\n    def on_error():\n        app.set_mode('slow')\n\n    {SLOW}\n    assert on_error\n\n\n{FAST}",
    ),
    "before a function that nobody calls assigns it": (
        "RSC205",
        f"def test_slow():\n    def on_error():\n        app.mode = 'slow'\n\n    {SLOW}\n    assert on_error\n\n\n{FAST}",
    ),
    "to change it": (
        "RSC205",
        f"def test_slow():\n    app.mode = app.mode.upper()\n    assert app.mode == 'SLOW'\n    app.reset_mode()\n    assert 1\n\n\n{FAST}",
    ),
    "reads it in a helper": ("RSC205", f"def look():\n    return app.speed()\n\n\ndef test_slow():\n    assert look() == 1\n\n\n{FAST}"),
    "reads it in a fixture": (
        "RSC205",
        f"@pytest.fixture\ndef now():\n    return app.speed()\n\n\ndef test_slow(now):\n    assert now == 1\n\n\n{FAST}",
    ),
    "after an object was made that keeps itself, under a parameter called like the attribute": (
        "RSC205",
        "def test_none():\n    assert app.Shop.main is None\n\n\ndef test_shop():\n    app.Shop()\n    assert app.Shop.main\n",
    ),
    "sees what was added": ("RSC204", f"def test_one():\n    assert app.see('b') == 1\n\n\n{SEES}"),
    "gets the cached answer": ("RSC202", f"def test_other():\n    assert app.limit() == 3\n\n\n{LIMIT}"),
    "reads the command line": ("RSC208", f"def test_quiet():\n    assert not app.loud()\n\n\n{LOUD}"),
    "parses the command line": ("RSC208", f"def test_quiet():\n    assert not app.options().loud\n\n\n{LOUD}"),
    "reads the constant": ("RSC208", f"def test_small():\n    assert app.LIMIT == 3\n\n\n{BIG}"),
}
UNSEEN = {
    "by a property": f"def test_slow():\n    assert not app.View().quick\n\n\n{FAST}",
    "by a function that it hands on": f"def test_slow():\n    assert [f() for f in [app.speed]] == [1]\n\n\n{FAST}",
}


@pytest.mark.parametrize("case", UNSEEN)
def test_what_is_come_to_on_ways_that_no_call_shows_is_told(tmp_path: Path, case: str) -> None:
    """Nobody is seen to read it: it is told with low confidence, although one order fails."""
    root = make_project(tmp_path, BACKWARDS + APP + HEAD + UNSEEN[case])
    assert {outcome(run_pytest(root, *order)) for order in ((), ("--backwards",))} == {"2 passed", "1 failed, 1 passed"}
    assert [only_told(group) for group in check(root).plan.groups] == [True]


@pytest.mark.parametrize("case", TOLD)
def test_what_each_test_sets_first_is_told(tmp_path: Path, case: str) -> None:
    """Nothing is shown of state that no test reads before it, or what runs for it, has set it: every order passes as it is."""
    root = make_project(tmp_path, f"{APP}{BACKWARDS}{HEAD}{TOLD[case]}")
    assert outcome(run_pytest(root)) == outcome(run_pytest(root, "--backwards")) == "2 passed"
    groups = check(root).plan.groups
    assert groups
    assert [g.finding.message for g in groups if not only_told(g)] == []


@pytest.mark.parametrize("case", FOUND)
def test_what_a_test_reads_unprepared_is_found(tmp_path: Path, case: str) -> None:
    """State that one test leaves and another reads as it finds it is shown: the suite fails in the other order."""
    code, text = FOUND[case]
    root = make_project(tmp_path, f"{APP}{BACKWARDS}{HEAD}{text}")
    assert outcome(run_pytest(root)) == "2 passed"
    assert outcome(run_pytest(root, "--backwards")) == "1 failed, 1 passed"
    assert code in [g.finding.code for g in check(root).shown]


@pytest.mark.parametrize("mark", ["@pytest.mark.parametrize('n', [1, 2])\n", ""])
def test_the_only_test_that_changes_it(tmp_path: Path, mark: str) -> None:
    """It sees what it left where it runs twice, and nobody does where it runs once."""
    argument = "n" if mark else ""
    text = f"{mark}def test_fast({argument}):\n    {SLOW}\n    app.set_mode('fast')\n\n\ndef test_other():\n    assert app\n"
    root = make_project(tmp_path, f"{APP}{HEAD}{text}")
    assert outcome(run_pytest(root)) == ("1 failed, 2 passed" if mark else "2 passed")
    assert [only_told(g) for g in check(root).plan.groups] == [not mark]


OWN = """\
# --- lesson.py
engine = object()


def main():
    return engine
# --- test_lesson.py
import pytest


{mark}def test_lesson():
    import lesson as mod

    {before}mod.engine = "memory"
    assert mod.main() == "memory"
# --- conftest.py
import pytest


@pytest.fixture
def n(request):
    return request.param
# --- test_other.py
def test_other():
    {other}
"""


READS = "assert mod.main() != 'memory'\n    "
TWICE = "@pytest.mark.usefixtures('n')\n@pytest.mark.parametrize('n', [1, 2], indirect=True)\n"
ALONE = {
    "once": ("", "", "assert True", []),
    "beside one that imports it": ("", "", f"import lesson as mod\n\n    {READS}", ["RSC208"]),
    "beside one of its file that changes it too": (
        "def test_engine():\n    import lesson as mod\n\n    mod.engine = 'memory'\n\n\n",
        READS,
        "assert True",
        ["RSC208"],
    ),
    "twice": (TWICE, READS, "assert True", ["RSC208"]),
}


@pytest.mark.parametrize("case", ALONE)
def test_module_that_one_test_alone_imports(tmp_path: Path, case: str) -> None:
    """A module to which no other test comes is the test's own: that it is changed is only told."""
    mark, before, other, shown = ALONE[case]
    root = make_project(tmp_path, OWN.format(mark=mark, before=before, other=other))
    assert run_pytest(root, "-p", "no:randomly").returncode == bool(shown)

    assert [g.finding.code for g in check(root).plan.groups] == ["RSC208"]
    assert [g.finding.code for g in check(root).shown] == shown
