"""A test that sets a state several times leaves the last of it. Each suite is run by pytest, before and after the edit."""

from pathlib import Path

import pytest

from projects import BACKWARDS, check, fix, make_project, outcome, run_pytest

STYLE = """\
# --- address.py
import os
from enum import Enum


class Style(Enum):
    FREE = 0
    LONG = 3


class Address:
    style = Style.LONG


TABLE = {"a": 1}
# --- test_address.py
import os

import address
from address import Address, Style

CONFIG = {"code": "x"}


def test_sets():
    {first}
    assert address
    {last}
    assert address


def test_looks():
    assert {look}
"""
LEFT = {
    "a member of an enumeration": ("Address.style = Style.LONG", "Address.style = Style.FREE", "Address.style is Style.LONG"),
    "a variable": ("os.environ['SHOP'] = '1'", "os.environ['SHOP'] = '2'", "'SHOP' not in os.environ"),
    "a variable that is deleted in between": (
        "os.environ['SHOP'] = '1'\n    del os.environ['SHOP']",
        "os.environ['SHOP'] = '2'",
        "'SHOP' not in os.environ",
    ),
    "an entry of the file's own": ("CONFIG['on'] = True", "assert CONFIG", "not CONFIG.get('on')"),
    "an entry of the program's": ("address.TABLE['b'] = 1", "assert address.TABLE", "not address.TABLE.get('b')"),
}
BACK = {
    "a member of an enumeration": ("Address.style = Style.FREE", "Address.style = Style.LONG", "Address.style is Style.LONG"),
    "a variable that conftest.py sets": ("os.environ['SHOP'] = '1'", "os.environ['SHOP'] = '0'", "os.environ['SHOP'] == '0'"),
    "a variable that is deleted": ("os.environ['SHOP'] = '1'", "del os.environ['SHOP']", "'SHOP' not in os.environ"),
    "an entry that is taken out": ("CONFIG['on'] = True", "del CONFIG['on']", "not CONFIG.get('on')"),
}


def suite(first: str, last: str, look: str, usual: str = "") -> str:
    """The program, a test that sets something twice, and one that looks at it."""
    names = {"first": first, "last": last, "look": look}
    text = f"{BACKWARDS}\nimport os\n{usual}\n{STYLE}"
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@pytest.mark.parametrize("case", LEFT)
def test_what_is_left_is_cured(tmp_path: Path, case: str) -> None:
    """The last assignment is told, and all of them are made by `monkeypatch`."""
    root = make_project(tmp_path, suite(*LEFT[case]))
    assert outcome(run_pytest(root)) == "1 failed, 1 passed"
    assert [g.finding.code for g in check(root).shown] == ["RSC208"]
    fix(root, unsafe=True)
    assert outcome(run_pytest(root)) == outcome(run_pytest(root, "--backwards")) == "2 passed"


SERVER = """\
# --- test_server.py
import pytest

RESULTS = {"one": 0}


def seen():
    return RESULTS["one"]


@pytest.fixture
def server():
    yield
    {end}


def test_one(server):
    RESULTS["one"] = 1


def test_two():
    assert seen() in (0, 1)
"""


@pytest.mark.parametrize(("end", "edits"), [("assert seen() == 1", 0), ("assert server", 1)])
def test_what_a_teardown_looks_at(tmp_path: Path, end: str, edits: int) -> None:
    """An entry that a fixture looks for when the test is over is not put back before that."""
    root = make_project(tmp_path, SERVER.replace("{end}", end))
    assert outcome(run_pytest(root)) == "2 passed"
    (group,) = check(root).plan.groups
    assert len(group.edits) == edits
    fix(root, unsafe=True)
    assert outcome(run_pytest(root)) == "2 passed"


@pytest.mark.parametrize("case", BACK)
def test_what_is_back_is_silent(tmp_path: Path, case: str) -> None:
    """A last assignment that gives what there was is no finding."""
    usual = "os.environ['SHOP'] = '0'" if "conftest" in case else ""
    root = make_project(tmp_path, suite(*BACK[case], usual=usual))
    assert outcome(run_pytest(root)) == "2 passed"
    assert [g.finding.message for g in check(root).shown] == []
