"""Hooks and autouse fixtures around tests are believed to put back what they take hold of, and nothing else."""

from pathlib import Path

import pytest

from projects import check, make_project, outcome, run_pytest

LEAVES = """\
# --- test_leaves.py
import os


def test_leaves(tmp_path):
    os.environ["RESCOPE_TOKEN"] = "x"
    os.chdir(tmp_path)
    assert os.environ["RESCOPE_TOKEN"]


def test_later():
    assert "RESCOPE_TOKEN" not in os.environ
    assert os.path.exists("test_leaves.py")
# --- conftest.py
import os
import tempfile

import pytest


"""
ENVIRONMENT, FOLDER = "os.environ", "the working directory"
AROUND = {
    "a hook that looks at the environment": (
        'def pytest_runtest_setup(item):\n    assert os.environ.get("RESCOPE_PROFILE", "") == ""\n',
        {ENVIRONMENT, FOLDER},
    ),
    "a hook that puts the environment back": (
        (
            "@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_call(item):\n    before = dict(os.environ)\n"
            "    try:\n        return (yield)\n    finally:\n        os.environ.clear()\n        os.environ.update(before)\n"
        ),
        {FOLDER},
    ),
    "a fixture that is only called so": (
        (
            '@pytest.fixture(scope="session", autouse=True)\ndef tmp_dl_dir():\n    with tempfile.TemporaryDirectory() as folder:\n'
            "        yield folder\n"
        ),
        {ENVIRONMENT, FOLDER},
    ),
    "a fixture that makes a value of that name": (
        "@pytest.fixture(autouse=True)\ndef env(tmp_path):\n    return dict(folder=str(tmp_path))\n",
        {ENVIRONMENT, FOLDER},
    ),
    "a fixture that goes where its tests are": (
        "def back():\n    os.chdir(os.path.dirname(__file__))\n\n\n@pytest.fixture(autouse=True)\ndef cwd():\n    back()\n",
        {ENVIRONMENT},
    ),
    "a fixture that goes there itself": (
        "@pytest.fixture(autouse=True)\ndef cwd():\n    os.chdir(os.path.dirname(__file__))\n",
        {ENVIRONMENT},
    ),
    "a fixture that goes back": (
        "@pytest.fixture(autouse=True)\ndef tmp_dir():\n    before = os.getcwd()\n    yield\n    os.chdir(before)\n",
        {ENVIRONMENT},
    ),
}


@pytest.mark.parametrize("case", AROUND)
def test_what_stands_around_tests(tmp_path: Path, case: str) -> None:
    """What nothing around the tests puts back is told, and makes the later test fail."""
    conftest, left = AROUND[case]
    root = make_project(tmp_path, LEAVES + conftest)
    assert outcome(run_pytest(root)) == "1 failed, 1 passed"

    assert {g.finding.subject.name for g in check(root).shown} == left


ANCHORED = """\
# --- conftest.py
import copy

import pytest


class Env:
    def __init__(self):
        self.time = 0


@pytest.fixture(scope="module")
def env():
    return Env()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    env = item.funcargs.get("{name}")
    before = copy.copy(vars(env)) if env else {{}}
    try:
        return (yield)
    finally:
        vars(env).update(before) if env else None
# --- test_env.py
def test_forward(env):
    env.time += 100
    assert env.time == 100


def test_start(env):
    assert env.time == 0
"""


@pytest.mark.parametrize(("name", "found"), [("env", []), ("other", ["env"])])
def test_value_that_a_hook_takes_from_the_test(tmp_path: Path, name: str, found: list[str]) -> None:
    """A hook that stands around a test and takes the value of one of its fixtures is there to restore it."""
    root = make_project(tmp_path, ANCHORED.format(name=name))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")

    assert [g.finding.subject.name for g in check(root).shown] == found


PRESERVED = """\
# --- conftest.py
import os

import pytest


def preserve():
    before = os.environ.copy()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def preserved():
    yield from preserve()
# --- test_a.py
import os

import pytest


@pytest.fixture(scope="module")
def items({argument}):
    os.environ["RESCOPE_ITEMS"] = "700"
    return [1, 2]


def test_items(items):
    assert items == [1, 2]
# --- test_b.py
import os


def test_none():
    assert "RESCOPE_ITEMS" not in os.environ
"""


@pytest.mark.parametrize(("argument", "found"), [("preserved", []), ("", ["items"])])
def test_environment_that_a_requested_fixture_puts_back(tmp_path: Path, argument: str, found: list[str]) -> None:
    """What a fixture sets is gone with one that it requests, before the tests of another file."""
    root = make_project(tmp_path, PRESERVED.format(argument=argument))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")

    assert [g.finding.subject.name for g in check(root).shown] == found


TOLD_TO_RESET = """\
# --- app.py
class Base:
    strict = True
    known = ("strict",)

    def reset(self, *names):
        for name in names:
            vars(self).pop(name, None)


settings = type("Settings", (Base,), {{}})()
# --- conftest.py
import pytest


def start():
    import app

    {call}


@pytest.fixture(autouse=True)
def _start():
    start()
# --- test_app.py
import app


def test_lax():
    app.settings.strict = 0
    assert not app.settings.strict


def test_strict():
    assert app.settings.strict
"""
CALLS = {
    "app.settings.reset(*app.settings.known)": [],
    'app.settings.reset("strict")': [],
    'app.settings.reset("other")': ["RSC208"],
    "assert app.settings.known": ["RSC208"],
}


@pytest.mark.parametrize("call", CALLS)
def test_object_that_is_told_to_reset_itself(tmp_path: Path, call: str) -> None:
    """A helper of an autouse fixture may tell the changed object, of which the class is not known, to take back what it knows or names."""
    root = make_project(tmp_path, TOLD_TO_RESET.format(call=call))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if CALLS[call] else "2 passed")

    assert [g.finding.code for g in check(root).shown] == CALLS[call]
