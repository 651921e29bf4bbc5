"""RSC203 in hard corners: one instance that is nothing but a mark."""

from pathlib import Path

import pytest

from projects import check, make_project
from rescope.model.finding import Confidence

MARK = """\
# --- missing.py
class Missing:
    _instance = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self):
        return "missing"


MISSING = Missing()
# --- test_missing.py
from missing import MISSING


def test_missing():
    assert repr(MISSING) == "missing"
"""
CHANGING = {
    "an attribute": MARK.replace("def __repr__(self):", "def note(self):\n        self.seen = 1\n\n    def __repr__(self):"),
    "a container": MARK.replace("def __repr__(self):", "def note(self):\n        self.seen.append(1)\n\n    def __repr__(self):"),
    "a base": MARK.replace("class Missing:", "class Missing(dict):"),
    "a subclass": MARK.replace("MISSING = Missing()", "class Changing(Missing):\n    seen = 0\n\n\nMISSING = Missing()"),
}


def test_a_mark_has_no_state(tmp_path: Path) -> None:
    """A second instance of a mark would not be the one that modules compare with: it is told, never reset."""
    (group,) = check(make_project(tmp_path, MARK)).plan.groups

    assert group.finding.confidence is Confidence.LOW
    assert group.edits == ()


@pytest.mark.parametrize("text", CHANGING.values(), ids=CHANGING)
def test_what_can_change_is_no_mark(text: str, tmp_path: Path) -> None:
    """As soon as the instance can hold something, a reset is offered, though not as safe."""
    (group,) = check(make_project(tmp_path, text)).plan.groups

    assert group.edits
    assert group.caveat
