"""What helpers of the tests leave changed is told, unless the test that calls them, or what stands around it, puts it back."""

from pathlib import Path

import pytest

from projects import check, make_project, outcome, run_pytest

HEAD = """\
# --- test_here.py
import contextlib
import os
import signal
import unittest

import pytest

HERE = os.getcwd()


def away(folder):
    os.chdir(folder)


@contextlib.contextmanager
def staying(folder):
    os.chdir(folder)
    yield folder


@contextlib.contextmanager
def going_back(folder):
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield folder
    finally:
        os.chdir(before)


def trip(program):
    before = os.getcwd()
    found = program()
    os.chdir(before)
    return found


def alarmed():
    signal.signal(signal.SIGALRM, lambda *_: None)


def ended():
    signal.signal(signal.SIGALRM, signal.default_int_handler)


def interrupted():
    signal.signal(signal.SIGINT, signal.default_int_handler)


def back():
    os.chdir(HERE)


"""
LAST = """\


def test_here():
    assert os.getcwd() == HERE
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
"""
LEAVING = {
    "a function": ("away", "def test_away(tmp_path):\n    away(tmp_path)\n    assert os.listdir() == []\n"),
    "a context manager": ("staying", "def test_away(tmp_path):\n    with staying(tmp_path):\n        assert os.listdir() == []\n"),
    "a handler": ("alarmed", "def test_alarm():\n    alarmed()\n    assert signal.alarm(0) == 0\n"),
    "Python's handler of another signal": ("ended", "def test_end():\n    ended()\n    assert signal.alarm(0) == 0\n"),
    "called by a fixture": (
        "away",
        "@pytest.fixture\ndef there(tmp_path):\n    away(tmp_path)\n\n\ndef test_away(there):\n    assert os.listdir() == []\n",
    ),
    "one of two that call it puts it back": (
        "away",
        "def test_away(tmp_path):\n    away(tmp_path)\n    back()\n\n\ndef test_for_good(tmp_path):\n    away(tmp_path)\n",
    ),
}
QUIET = {
    "the test goes back": "def test_away(tmp_path):\n    before = os.getcwd()\n    away(tmp_path)\n    os.chdir(before)\n",
    "another helper goes back": "def test_away(tmp_path):\n    away(tmp_path)\n    back()\n",
    "the helper goes back": "def test_away(tmp_path):\n    with going_back(tmp_path):\n        assert os.listdir() == []\n",
    "the helper goes back before it returns": "def test_away():\n    assert trip(os.listdir)\n",
    "a fixture goes back": (
        "@pytest.fixture\ndef home():\n    yield\n    os.chdir(HERE)\n\n\ndef test_away(home, tmp_path):\n    away(tmp_path)\n"
    ),
    "a teardown goes back": (
        "class TestAway:\n    def teardown_method(self):\n        os.chdir(HERE)\n\n"
        "    def test_away(self, tmp_path):\n        away(tmp_path)\n"
    ),
    "it is expected to fail": "def test_away(tmp_path):\n    with pytest.raises(OSError):\n        away(tmp_path / 'no')\n",
    "the handler is that of Python": "def test_interrupt():\n    interrupted()\n    assert signal.alarm(0) == 0\n",
    "nobody calls it": "def test_away(tmp_path):\n    assert away\n",
}


@pytest.mark.parametrize("case", LEAVING)
def test_what_a_helper_leaves_is_told(tmp_path: Path, case: str) -> None:
    """The helper is named, nothing is edited, and the test that follows fails."""
    helper, text = LEAVING[case]
    root = make_project(tmp_path, HEAD + text + LAST)
    assert "1 failed" in outcome(run_pytest(root))

    (group,) = check(root).shown
    assert (group.finding.code, group.edits) == ("RSC208", ())
    assert group.finding.message.startswith(f"{helper} leaves ")


@pytest.mark.parametrize("case", QUIET)
def test_what_is_put_back_is_silent(tmp_path: Path, case: str) -> None:
    """All tests pass, and nothing is said."""
    root = make_project(tmp_path, HEAD + QUIET[case] + LAST)
    assert "failed" not in outcome(run_pytest(root))

    assert [g.finding.message for g in check(root).shown] == []


def test_what_the_helper_of_every_test_does(tmp_path: Path) -> None:
    """Where each test is taken there anew, none finds itself where another left it."""
    root = make_project(tmp_path, HEAD + LEAVING["a function"][1] + "\n\ndef test_more(tmp_path):\n    away(tmp_path)\n")
    assert outcome(run_pytest(root)) == "2 passed"

    assert check(root).shown == ()
