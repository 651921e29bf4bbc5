"""What a broad fixture's value only leads to is not made anew with it; what it collects is meant to last. Each suite is run by pytest."""

from pathlib import Path

import pytest

from projects import BACKWARDS, check, fix, make_project, outcome, run_pytest

DEVICE = """\
# --- device.py
class Rows:
    def __init__(self, rows):
        self.rows = tuple(rows)


class Device:
    shared = {}
    noted: dict = {}
    own = {}
    pages = [[1], [2]]

    def __init__(self):
        self.own = {}


class Copied:
    def __init__(self, config):
        self.config = dict(config)


CONFIG = {}
ROWS = [[1], [2]]
# --- test_device.py
import pytest

import device
from device import Copied, Device, Rows


@pytest.fixture(scope="module")
def it():
    return {made}


def test_change(it):
    {change}


def test_look(it):
    assert not {look}
"""
REASONS = {
    "of the class": ("Device()", "it.shared['a'] = 1", "it.shared", "'shared' belongs to Device itself"),
    "of the class, annotated": ("Device()", "it.noted['a'] = 1", "it.noted", "'noted' belongs to Device itself"),
    "made of a module's": ("Rows(device.ROWS)", "it.rows[0][0] = 3", "it.rows[0][0] == 3", "'rows' is made of device.ROWS"),
    "given by its name": ("Rows(rows=Device.pages)", "it.rows[0][0] = 3", "it.rows[0][0] == 3", "'rows' is made of device.Device.pages"),
    "a copy of a module's": ("Copied(device.CONFIG)", "it.config['a'] = 1", "it.config", ""),
    "its own": ("Device()", "it.own['a'] = 1", "it.own", ""),
    "a class attribute that it sets": ("Device()", "it.shared = {1: 1}", "it.shared", ""),
}


@pytest.mark.parametrize("case", REASONS)
def test_what_narrowing_does_not_renew(tmp_path: Path, case: str) -> None:
    """No edit is offered where a fresh value would lead to the same object; where it has its own, the edit cures the suite."""
    made, change, look, reason = REASONS[case]
    root = make_project(tmp_path, BACKWARDS + DEVICE.replace("{made}", made).replace("{change}", change).replace("{look}", look))
    (group,) = [g for g in check(root).plan.groups if g.finding.code == "RSC103"]
    assert outcome(run_pytest(root)) == "1 failed, 1 passed"
    assert group.caveat.startswith(reason)
    assert bool(group.edits) != bool(reason)
    if not reason:
        fix(root, unsafe=True)
        assert outcome(run_pytest(root)) == outcome(run_pytest(root, "--backwards")) == "2 passed"


COLLECTS = """\
# --- test_report.py
import json

import pytest


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    found = {"cases": {}}
    yield found
    {end}


def test_one(report):
    assert len(report["cases"]) >= 0
    report["cases"]["one"] = 1


def test_two(report):
    report["cases"]["two"] = 2
"""


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        ("(tmp_path_factory.getbasetemp() / 'report.json').write_text(json.dumps(found))", 0),
        ("for name, case in found.items():\n        (tmp_path_factory.getbasetemp() / name).write_text(json.dumps(case))", 0),
        ("print(found)", 1),
        ("json.dumps({'ended': True})", 1),
        ("tmp_path_factory.getbasetemp()", 1),
    ],
)
def test_a_fixture_that_writes_out_what_tests_collect(tmp_path: Path, end: str, shown: int) -> None:
    """Tests that fill what the fixture writes out at the end do what they are meant to."""
    root = make_project(tmp_path, COLLECTS.replace("{end}", end))
    assert outcome(run_pytest(root)) == "2 passed"
    assert len(check(root).shown) == shown


CHOSEN = """\
# --- test_chosen.py
import pytest


class Result:
    def __init__(self, key, size=1):
        self.key = key


@pytest.fixture(scope="class")
def chosen():
    {made}


class TestChosen:
    def test_pattern(self, chosen):
        chosen.key = "other"
        assert chosen.key == "other"
        chosen.key = {last}

    def test_key(self, chosen):
        assert chosen.key == "key"
"""
PLAIN = "return Result('key')"


@pytest.mark.parametrize(
    ("made", "last", "ends"),
    [
        (PLAIN, "'key'", "2 passed"),
        ("return Result(key='key')", "'key'", "2 passed"),
        (PLAIN, "'another'", "1 failed, 1 passed"),
    ],
)
def test_the_constant_that_it_was_made_with(tmp_path: Path, made: str, last: str, ends: str) -> None:
    """A test that at last gives an attribute the constant of the fixture leaves nothing; any other constant stays."""
    root = make_project(tmp_path, CHOSEN.replace("{made}", made).replace("{last}", last))
    assert outcome(run_pytest(root)) == ends
    assert len(check(root).shown) == (ends != "2 passed")
