"""Where no reset fixture is offered, though the state leaks."""

from pathlib import Path

import pytest

from projects import check, make_project

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
