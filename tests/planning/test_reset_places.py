"""Where no reset fixture is offered, though the state leaks."""

from pathlib import Path

import pytest

from projects import check, fix, make_project, outcome, run_pytest

UNITTEST = """\
# --- pyproject.toml
[project]
name = "shop"
version = "1"
# --- shop.py
_cart = None


class Cart:
    pass


def cart():
    global _cart
    if _cart is None:
        _cart = Cart()
    return _cart
# --- test_shop.py
import unittest

import shop


class TestShop(unittest.TestCase):
    def test_one(self):
        shop._cart = None
        self.assertTrue(shop.cart())

    def test_two(self):
        self.assertTrue(shop.cart())
"""


@pytest.mark.parametrize(
    ("more", "edits"),
    [
        ("", 0),
        ("# --- requirements-dev.txt\npytest>=8\n", 1),
        ("# --- pytest.ini\n[pytest]\n", 1),
        ("# --- test_other.py\nimport pytest\n", 1),
        ("# --- conftest.py\n", 1),
    ],
    ids=["nothing", "requirements", "configuration", "import", "conftest"],
)
def test_a_project_that_does_not_speak_of_pytest(tmp_path: Path, more: str, edits: int) -> None:
    """Whoever runs its tests with unittest would get a fixture that nothing calls."""
    (group,) = check(make_project(tmp_path, UNITTEST + more)).plan.groups

    assert len(group.edits) == edits
    assert edits or group.caveat == "nothing in the project names pytest: its tests may be run by something else"


RENEWED = """\
# --- shop.py
class Stock:
    def __init__(self):
        self.names = ["tea"]


_stock = None


def stock():
    global _stock
    if _stock is None:
        _stock = Stock()
    return _stock


def names():
    return list(stock().names)


def reset_stock():
    global _stock
    _stock = Stock()


def override(name):
    stock().names.append(name)
# --- test_shop.py
import pytest

import shop


@pytest.fixture(scope="module")
def usual():
    return shop.names()


def test_none():
    shop._stock = None
    assert shop.names() == ["tea"]


def test_override():
    shop.override("milk")
    assert shop.names() == ["tea", "milk"]
    {end}


def test_usual(usual):
    assert shop.names() == usual == ["tea"]
"""


@pytest.mark.parametrize("end", ["shop.reset_stock()", "shop._stock = None"])
def test_no_object_is_restored_that_tests_put_away(tmp_path: Path, end: str) -> None:
    """A broader fixture fills it, so what was there would be restored; where a test puts another in its place, that is the changed one."""
    root = make_project(tmp_path, RENEWED.format(end=end))
    (group,) = check(root).plan.groups

    assert outcome(run_pytest(root)) == "3 passed"
    assert group.edits == ()
    why = f"test_shop.py:19 {end.partition(' ')[0]} puts another in its place"
    assert group.caveat == f"what a test did to the old object would be restored: {why}"


def test_what_is_emptied_first_is_restored(tmp_path: Path) -> None:
    """A test that only begins without the object leaves one that nobody has changed."""
    root = make_project(tmp_path, RENEWED.format(end="").replace('shop.override("milk")', "shop._stock = None").replace(', "milk"', ""))
    fix(root, unsafe=True)

    assert "_stock = saved" in (root / "test_shop.py").read_text()
    assert outcome(run_pytest(root)) == "3 passed"
