"""Hard corner cases of globals that are filled on first use."""

from pathlib import Path

import pytest

from projects import check, fix, make_project, only_told, outcome, run_pytest

FROM_OUTSIDE = """\
# --- state.py
class Store:
    def __init__(self):
        self.rows = []


STORE = None
# --- api.py
import state


def get_store():
    if state.STORE is None:
        state.STORE = state.Store()
    return state.STORE
# --- test_api.py
from api import get_store


def test_add():
    assert get_store().rows == []
    get_store().rows.append(1)


def test_fresh():
    assert get_store().rows == []
    get_store().rows.append(2)
"""


def test_filled_from_another_module(tmp_path: Path) -> None:
    """A global that a function of another module fills is found, and reset where it stands."""
    root = make_project(tmp_path, FROM_OUTSIDE)
    assert outcome(run_pytest(root)) == "1 failed, 1 passed"

    assert [(g.finding.code, g.finding.subject.address.path) for g in check(root).plan.groups] == [("RSC201", "state.py")]
    fix(root, unsafe=True)

    assert outcome(run_pytest(root)) == "2 passed"


HANDED = """\
# --- cache.py
class Cache:
    def __init__(self):
        self.items = {}

    def set(self, key, value):
        CHANGE


_cache = None


def get_cache():
    global _cache
    if _cache is None:
        _cache = Cache()
    return _cache
# --- app.py
from cache import get_cache


class Depends:
    def __init__(self, make):
        self.make = make


def put(key, cache=Depends(get_cache)):
    cache.make().set(key, 1)
# --- test_app.py
from app import put
from cache import get_cache


def test_put():
    assert get_cache()
    put("a")


def test_again():
    assert get_cache()
    put("b")
"""


@pytest.mark.parametrize(("change", "told"), [("self.items[key] = value", False), ("return key, value", True)])
def test_a_getter_that_is_handed_on(change: str, told: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """What calls a getter that was handed to it is not seen: it counts where the object has a method that changes it."""
    (group,) = check(make_project(tmp_path, HANDED.replace("CHANGE", change))).plan.groups
    assert (group.finding.code, only_told(group)) == ("RSC201", told)
