"""Tests and fixtures that change the process for good are rewritten to `monkeypatch`. Each suite is run in both orders."""

from pathlib import Path

import pytest

from projects import BACKWARDS, check, fix, make_project, outcome, run_pytest

APP = """\
# --- app.py
import os

mode = "slow"


class Base:
    __abstractmethods__ = frozenset({"run"})


def level():
    return os.environ.get("RESCOPE_LEVEL", "")
"""
HEAD = "# --- test_app.py\nimport os\nimport unittest\n\nimport pytest\n\nimport app\n\n\n"
SLOW = "def test_slow():\n    assert (app.level(), app.mode) == ('', 'slow')\n\n\n"
LOUD = "os.environ['RESCOPE_LEVEL'] = '9'"
CURED = {
    "a test": f"def test_loud():\n    {LOUD}\n    assert app.level() == '9'\n",
    "a test of a class": f"class TestLoud:\n    def test_loud(self):\n        {LOUD}\n        assert app.level() == '9'\n",
    "a fixture": f"@pytest.fixture\ndef loud():\n    {LOUD}\n\n\ndef test_loud(loud):\n    assert app.level() == '9'\n",
    "an attribute": "def test_fast():\n    app.mode = 'fast'\n    assert app.mode == 'fast'\n",
    "below a mark of the project": (
        f"from marks import old\n\n\n@old\ndef test_loud():\n    {LOUD}\n    assert app.level() == '9'\n"
        "# --- marks.py\nimport pytest\n\nold = pytest.mark.skipif(False, reason='never')\n"
    ),
    "a fixture of whose name others call a variable": (
        f"@pytest.fixture\ndef loud():\n    {LOUD}\n    return str\n\n\ndef test_loud(loud):\n    assert loud(9) == app.level()\n\n\n"
        "def helper():\n    loud = len\n    return loud('')\n"
    ),
    "below a mark": f"@pytest.mark.parametrize('n', [1])\ndef test_loud(n):\n    {LOUD}\n    assert n\n",
}
LEFT = {
    "a test of unittest": (
        f"class TestLoud(unittest.TestCase):\n    def test_loud(self):\n        {LOUD}\n        assert app.level()\n",
        "to which pytest passes nothing",
    ),
    "a test that others call": (
        f"def test_loud():\n    {LOUD}\n    assert app.level()\n\n\ndef test_again():\n    test_loud()\n",
        "other code calls test_loud()",
    ),
    "a test that its file calls when it is run": (
        f"def test_loud():\n    {LOUD}\n    assert app.level()\n\n\nif __name__ == '__main__':\n    test_loud()\n",
        "other code calls test_loud()",
    ),
    "what each call of a class depends on": (
        "def test_loud():\n    app.Base.__abstractmethods__ = frozenset()\n    assert app.Base()\n",
        "use monkeypatch.setattr(app.Base",
    ),
    "a decorator that may call it": (
        f"def twice(f):\n    return f\n\n\n@twice\ndef test_loud():\n    {LOUD}\n    assert app.level()\n",
        "a decorator of test_loud may call it otherwise: twice",
    ),
    "a monkeypatch of the project": (
        f"@pytest.fixture\ndef monkeypatch():\n    return None\n\n\ndef test_loud():\n    {LOUD}\n    assert app.level()\n",
        "the project has a fixture 'monkeypatch' of its own",
    ),
    "a folder that may be the one before": (
        "def test_away(tmp_path):\n    before = os.getcwd()\n    os.chdir(str(tmp_path))\n    assert before != os.getcwd()\n",
        "use monkeypatch.chdir(...)",
    ),
    "what monkeypatch cannot do": ("def test_loud():\n    os.umask(0o77)\n    assert app\n", "behind the yield of a fixture"),
}


@pytest.mark.parametrize("case", CURED)
def test_the_suite_passes_in_every_order_afterwards(tmp_path: Path, case: str) -> None:
    """Red backwards before, green both ways after, and a second fix has nothing to do."""
    root = make_project(tmp_path, APP + BACKWARDS + HEAD + SLOW + CURED[case])
    assert outcome(run_pytest(root)) == "2 passed"
    assert outcome(run_pytest(root, "--backwards")) == "1 failed, 1 passed"

    assert fix(root) == []
    assert fix(root, unsafe=True) == ["test_app.py"]

    assert outcome(run_pytest(root)) == outcome(run_pytest(root, "--backwards")) == "2 passed"
    assert fix(root, unsafe=True) == []


@pytest.mark.parametrize("case", LEFT)
def test_what_cannot_request_it_is_left_alone(tmp_path: Path, case: str) -> None:
    """The finding stays, with the idiom and the reason."""
    text, because = LEFT[case]
    (group,) = check(make_project(tmp_path, APP + HEAD + SLOW + text)).plan.groups
    assert (group.finding.code, group.edits) == ("RSC208", ())
    assert because in group.caveat


FOLDERS = """\
# --- test_client.py
import contextlib
import os
import tempfile


@contextlib.contextmanager
def client():
    {before}with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        yield folder
    {after}


def test_client():
    with client() as folder:
        assert os.path.isdir(folder)
# --- test_publish.py
import os


def test_publish(tmp_path):
    os.chdir(tmp_path)
    assert os.listdir() == []


def test_nothing():
    pass
"""


def test_folder_that_is_deleted(tmp_path: Path) -> None:
    """`monkeypatch.chdir` fails in a folder that is gone, in which another test may leave this one: done by hand, the suite fails."""
    root = make_project(tmp_path, FOLDERS.format(before="", after=""))
    assert outcome(run_pytest(root)) == "3 passed"
    groups = check(root).plan.groups
    group = next(g for g in groups if g.finding.subject.address.path == "test_publish.py")

    assert [(g.finding.code, g.edits) for g in groups] == [("RSC208", ())] * 2
    assert "test_client.py:7 may leave the tests in a deleted folder" in group.caveat
    test = root / "test_publish.py"
    test.write_text(
        test.read_text("utf-8").replace("publish(tmp_path", "publish(tmp_path, monkeypatch").replace("os.chdir", "monkeypatch.chdir")
    )
    assert "FileNotFoundError" in run_pytest(root).stdout


def test_folder_from_which_a_helper_comes_back(tmp_path: Path) -> None:
    """A helper that goes back deletes nothing under the feet of the others."""
    root = make_project(tmp_path, FOLDERS.format(before="before = os.getcwd()\n    ", after="os.chdir(before)"))
    assert outcome(run_pytest(root)) == "3 passed"

    assert fix(root, unsafe=True) == ["test_publish.py"]
    assert outcome(run_pytest(root)) == "3 passed"


@pytest.mark.parametrize(("patched", "stays"), [("test_app.environ", True), ("os.environ", False)])
def test_an_import_that_another_file_patches(tmp_path: Path, patched: str, stays: bool) -> None:  # noqa: FBT001
    """What another file speaks of in a string is not taken away, though nothing in its own file uses it any more."""
    test = "def test_loud():\n    environ['RESCOPE_LEVEL'] = '9'\n    assert app.level() == '9'\n"
    other = f"from unittest import mock\n\n\n@mock.patch({patched!r}, {{}})\ndef test_other():\n    pass\n"
    root = make_project(tmp_path, f"{APP}# --- test_app.py\nfrom os import environ\n\nimport app\n\n\n{test}# --- test_other.py\n{other}")

    assert fix(root, unsafe=True) == ["test_app.py"]
    assert ("from os import environ" in (root / "test_app.py").read_text()) == stays
    assert outcome(run_pytest(root)) == "2 passed"
