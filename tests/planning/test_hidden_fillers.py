"""A broad fixture or a hook that fills the state in an odd place: a reset would take away what it made, so that no edit is safe."""

from pathlib import Path

import pytest

from projects import fix, make_project, outcome, run_pytest

SHOP = """\
# --- shop.py
class Store:
    def __init__(self):
        self.rows = {{}}


_store = None


def get_store():
    global _store
    if _store is None:
        _store = Store()
    return _store


def save(key):
    get_store().rows[key] = 1


def load(key):
    return get_store().rows[key]
# --- conftest.py
import pytest

import shop


{hook}


@pytest.fixture(scope="module")
def shelf():
    {body}
    return 1
# --- test_shop.py
import shop


def test_first(shelf):
    assert shop.load("base") == 1
    shop.get_store().rows["own"] = 1


def test_second(shelf):
    assert shop.load("base") == 1
    shop.get_store().rows["more"] = 1
"""
BODIES = {
    "the guard of a match arm": 'match 3:\n        case 3 if shop.save("base") is None:\n            pass',
    "a default of a nested function": 'def inner(x=shop.save("base")):\n        return x',
    "a decorator of a nested function": '@(lambda f, done=shop.save("base"): f)\n    def inner():\n        pass',
    "what an except clause catches": 'try:\n        raise KeyError\n    except (shop.save("base"), KeyError)[1]:\n        pass',
    "the item that a loop assigns": 'seen = {}\n    for seen[shop.save("base")] in [1]:\n        pass',
}
HOOK = 'def pytest_configure(config):\n    getattr(shop, "sa" + "ve")("base")'


@pytest.mark.parametrize(("hook", "body"), [*(("", body) for body in BODIES.values()), (HOOK, "pass")], ids=[*BODIES, "a hook"])
def test_no_safe_edit(hook: str, body: str, tmp_path: Path) -> None:
    """The suite passes, and passes after the safe edits."""
    root = make_project(tmp_path, SHOP.format(hook=hook, body=body))
    assert outcome(run_pytest(root)) == "2 passed"
    fix(root)

    assert outcome(run_pytest(root)) == "2 passed"
