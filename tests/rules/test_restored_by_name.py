"""What a base class, a loop over saved values or the program itself takes back, and what only seems to do so. All is run by pytest."""

from pathlib import Path

import pytest

from projects import BACKWARDS, check, make_project, outcome, run_pytest

MANAGER = """\
# --- manager.py
class Manager:
    KINDS = {"k8s": object}
# --- test_manager.py
import unittest

from manager import Manager


class Base(unittest.TestCase):
    def setUp(self):
        self.saved = dict(Manager.KINDS)

    def tearDown(self):
        Manager.KINDS = self.saved


class TestManager(Base):
    def tearDown(self):
        {call}

    def test_adds(self):
        Manager.KINDS["test"] = int
        assert len(Manager.KINDS) == 2

    def test_sees(self):
        assert len(Manager.KINDS) == 1
"""


@pytest.mark.parametrize(
    ("call", "left"),
    [("super(TestManager, self).tearDown()", 0), ("super().tearDown()", 0), ("self.saved = None", 1), ("super().setUp()", 1)],
)
def test_teardown_of_a_base_class(tmp_path: Path, call: str, left: int) -> None:
    """A teardown that calls that of its base takes back what this does; one that stands in its place does not."""
    root = make_project(tmp_path, MANAGER.replace("{call}", call))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if left else "2 passed")
    assert [g.finding.code for g in check(root).shown] == ["RSC208"] * left


FEATURES = """\
# --- features.py
USERS = MIRROR = False
# --- test_features.py
import pytest

import features


class TestOn:
    @pytest.fixture(autouse=True)
    def on(self):
        saved = {name: getattr(features, name) for name in ("USERS", "MIRROR")}
        features.USERS = True
        features.MIRROR = True
        yield
        for name, value in saved.items():
            {end}

    def test_on(self):
        assert features.USERS and features.MIRROR


def test_off():
    assert not features.USERS
"""


@pytest.mark.parametrize(("end", "left"), [("setattr(features, name, value)", 0), ("print(name, value)", 1)])
def test_values_that_a_loop_puts_back(tmp_path: Path, end: str, left: int) -> None:
    """Attributes that were saved by name are put back by name."""
    root = make_project(tmp_path, FEATURES.replace("{end}", end))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if left else "2 passed")
    assert [g.finding.code for g in check(root).shown] == ["RSC208"] * left


CONFIG = """\
# --- config.py
import os


class Config:
    VARIABLE = "APP_CONFIG"

    def __init__(self):
        self.text = os.environ.{read}
# --- test_config.py
import os

from config import Config


def test_reads():
    os.environ[Config.VARIABLE] = "a"
    assert Config().text == "a"


def test_nothing_there():
    assert Config.VARIABLE not in os.environ
"""


@pytest.mark.parametrize(("read", "left"), [("pop(self.VARIABLE, None)", 0), ("get(self.VARIABLE)", 1)])
def test_a_variable_that_the_program_takes_out(tmp_path: Path, read: str, left: int) -> None:
    """What the program takes out of the environment when it reads it is told with low confidence."""
    root = make_project(tmp_path, CONFIG.replace("{read}", read))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if left else "2 passed")
    assert len(check(root).shown) == left
    assert len(check(root).plan.groups) == 1


WORKER = """\
# --- features.py
def load():
    globals()["QUOTA"] = 5


load()
# --- test_worker.py
import features


def test_none():
    features.QUOTA = {first}
    assert not features.QUOTA


def test_some():
    features.QUOTA = True
    assert features.QUOTA


def test_default():
    assert features.QUOTA
"""


@pytest.mark.parametrize(("first", "edits"), [("False", 0), ("0", 2)])
def test_an_edit_that_would_bring_back_another_leak(tmp_path: Path, first: str, edits: int) -> None:
    """Where one of two tests that set an attribute would keep doing so, no edit makes the other put that back."""
    root = make_project(tmp_path, BACKWARDS + WORKER.replace("{first}", first))
    assert outcome(run_pytest(root)) == "3 passed"
    (group,) = check(root).plan.groups
    assert len(group.edits) == edits


PATCHED = """\
# --- prod.py
import os


def user():
    return os.getenv("SHOP_USER", "nobody")
# --- test_prod.py
import os
from unittest.mock import MagicMock, patch

from prod import user


@{patched}
class TestUser:
    def test_user(self):
        os.environ["SHOP_USER"] = "ada"
        assert user() == "ada"


def test_nobody():
    assert user() == "nobody"
"""


@pytest.mark.parametrize(("patched", "left"), [("patch('builtins.input', MagicMock())", ["RSC208"]), ("patch.dict(os.environ)", [])])
def test_patches_of_a_class(tmp_path: Path, patched: str, left: list[str]) -> None:
    """A patch around all tests of a class takes back what it is told to, and nothing else."""
    root = make_project(tmp_path, PATCHED.replace("{patched}", patched))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if left else "2 passed")
    assert [g.finding.code for g in check(root).shown] == left
