"""Hard corner cases of globals that are filled on first use."""

from pathlib import Path

from projects import check, fix, make_project, outcome, run_pytest

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
