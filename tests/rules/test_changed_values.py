"""Who changes the value of a broad fixture: hard corner cases of the rules on it, each run by pytest where it is rewritten."""

from pathlib import Path

import pytest

from projects import check, fix, make_project, outcome, run_pytest
from rescope.model.finding import Applicability

SWITCH = """\
# --- lamp.py
class Lamp:
    def __init__(self):
        self.lit = False

    def switch(self, lit=None):
        if lit is None:
            return self.lit
        self.lit = lit
"""
SWITCHED = """\


def test_switch(lamp):
    lamp.switch(True)
    assert lamp.switch()


def test_dark(lamp):
    assert not lamp.switch()
"""
LEAKS = {
    "an object of the program that keeps the value and changes it": (
        "RSC103",
        """\
# --- shop.py
class Cart:
    def __init__(self, prices):
        self.prices = prices

    def discount(self):
        self.prices["apple"] = 1
# --- test_shop.py
import pytest

from shop import Cart


@pytest.fixture(scope="module")
def prices():
    return {"apple": 2}


def test_discount(prices):
    Cart(prices).discount()
    assert prices["apple"] == 1


def test_full(prices):
    assert prices["apple"] == 2
""",
    ),
    "a method of a local object that is handed the value": (
        "RSC103",
        """\
# --- shop.py
class Till:
    def round(self, prices):
        prices["apple"] = 0
# --- test_shop.py
import pytest

from shop import Till


@pytest.fixture(scope="module")
def prices():
    return {"apple": 2}


def test_round(prices):
    till = Till()
    till.round(prices)
    assert prices["apple"] == 0


def test_full(prices):
    assert prices["apple"] == 2
""",
    ),
    "a method that changes its object through another one": (
        "RSC103",
        """\
# --- lamp.py
class Lamp:
    def __init__(self):
        self.lit = False

    def press(self):
        self._switch(not self.lit)

    def _switch(self, lit):
        self.lit = lit
# --- test_lamp.py
import pytest

from lamp import Lamp


@pytest.fixture(scope="module")
def lamp():
    return Lamp()


def test_press(lamp):
    lamp.press()
    assert lamp.lit


def test_dark(lamp):
    assert not lamp.lit
""",
    ),
    "a part of what the set-up has called for": (
        "RSC107",
        SWITCH
        + """\


class Shop:
    def order(self, count):
        return [Lamp() for _ in range(count)], "bill"
# --- test_lamp.py
import pytest

from lamp import Shop


@pytest.fixture(scope="module")
def lamp():
    lamps, bill = Shop().order(2)
    yield lamps[0]
"""
        + SWITCHED,
    ),
    "a value that another generator yields": (
        "RSC107",
        SWITCH
        + """\
# --- test_lamp.py
import pytest

from lamp import Lamp


def lamps():
    yield Lamp()


@pytest.fixture(scope="module")
def lamp():
    yield from lamps()
"""
        + SWITCHED,
    ),
    "a mock that a broad patch puts in place": (
        "RSC108",
        """\
# --- mail.py
def send(text):
    raise OSError(text)


def welcome():
    send("welcome")
# --- test_mail.py
from unittest.mock import patch

import pytest

import mail


@pytest.fixture(scope="module")
def send():
    with patch("mail.send") as fake:
        yield fake


def test_once(send):
    mail.welcome()
    send.assert_called_once()


def test_once_more(send):
    mail.welcome()
    send.assert_called_once()
""",
    ),
    "an iterator that two tests go on with": (
        "RSC108",
        """\
# --- test_ids.py
import itertools

import pytest


@pytest.fixture(scope="module")
def ids():
    return itertools.count(1)


def test_first(ids):
    assert next(ids) == 1


def test_also_first(ids):
    assert next(ids) == 1
""",
    ),
}


@pytest.mark.parametrize(("code", "text"), LEAKS.values(), ids=[name.replace(" ", "-") for name in LEAKS])
def test_narrowed(code: str, text: str, tmp_path: Path) -> None:
    """The leak makes one of two tests fail; it is found, and gone after an unsafe fix."""
    root = make_project(tmp_path, text)
    assert outcome(run_pytest(root)) == "1 failed, 1 passed"

    (group,) = check(root).plan.groups
    assert (group.finding.code, group.applicability) == (code, Applicability.UNSAFE)
    fix(root, unsafe=True)

    assert outcome(run_pytest(root)) == "2 passed"


def test_patches_of_a_broad_monkeypatch(tmp_path: Path) -> None:
    """A fixture that patches through a broad MonkeyPatch is told with the cure; narrowing it alone would take nothing back."""
    text = """\
# --- conftest.py
import pytest


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def debug(monkeypatch_module):
    monkeypatch_module.setenv("APP_DEBUG", "1")
# --- test_debug.py
import os


def test_debug(debug):
    assert os.environ["APP_DEBUG"] == "1"


def test_default():
    assert os.environ.get("APP_DEBUG", "0") in {"0", "1"}
"""
    (group,) = check(make_project(tmp_path, text)).plan.groups

    assert (group.finding.code, group.finding.subject.name, group.edits) == ("RSC102", "debug", ())
    assert group.caveat == "request monkeypatch instead of 'monkeypatch_module', in a function-scoped fixture"
