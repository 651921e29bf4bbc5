"""A teardown that assigns: put right where that is certain, refused where others may hold what it replaces."""

from pathlib import Path

import pytest
from oracle.plans import context_of

from projects import check, make_project
from rescope.model.edit import RestoreInPlace
from rescope.planning.undoing import assigning_teardown

SUITE = """\
# --- app.py
REG = {value}
# --- conftest.py
import copy

import app
import pytest


@pytest.fixture(scope="module")
def reg():
    {body}
# --- test_reg.py
import app


def test_with(reg):
    assert "b" in app.REG


def test_without():
    assert "b" not in app.REG
"""
CERTAIN = {
    "method": ("{'a': 1}", "saved = app.REG.copy()\n    app.REG['b'] = 2\n    yield\n    app.REG = saved", "dict"),
    "constructor": ("dict()", "saved = dict(app.REG)\n    app.REG['b'] = 2\n    yield\n    app.REG = saved", "dict"),
    "display": ("{'a': 1}", "saved = {**app.REG}\n    app.REG['b'] = 2\n    yield\n    app.REG = saved", "dict"),
    "deep": ("{'a': 1}", "saved = copy.deepcopy(app.REG)\n    app.REG['b'] = 2\n    yield\n    app.REG = saved", "dict"),
    "slice": ("['a']", "saved = app.REG[:]\n    app.REG.append('b')\n    yield\n    app.REG = saved", "list"),
    "set": ("{'a'}", "saved = set(app.REG)\n    app.REG.add('b')\n    yield\n    app.REG = saved", "set"),
}
UNCERTAIN = {
    "it is replaced in the set-up, too": (
        "{'a': 1}",
        "saved = app.REG.copy()\n    app.REG = {}\n    app.REG['b'] = 2\n    yield\n    app.REG = saved",
        "",
    ),
    "a function replaces it": (
        "{'a': 1}",
        "saved = app.REG.copy()\n    app.REG['b'] = 2\n    yield\n    app.REG = saved",
        "\n\n\ndef renew():\n    global REG\n    REG = {}",
    ),
    "a test replaces it": (
        "{'a': 1}",
        "saved = app.REG.copy()\n    app.REG['b'] = 2\n    yield\n    app.REG = saved",
        "\n# --- test_replace.py\nimport app\n\n\ndef test_replace():\n    app.REG = {}",
    ),
}


def made(root: Path, value: str, body: str, more: str = "") -> Path:
    """The suite with this container and this fixture."""
    return make_project(root, SUITE.replace("{value}", value + more).replace("{body}", body))


@pytest.mark.parametrize(("value", "body", "container"), CERTAIN.values(), ids=CERTAIN)
def test_repaired(tmp_path: Path, value: str, body: str, container: str) -> None:
    """The edit says which container is filled again; it is unsafe, since a line of the user's is rewritten."""
    group = next(iter(check(made(tmp_path, value, body)).plan.groups))

    repairs = [(e.target, e.saved, e.container) for e in group.edits if isinstance(e, RestoreInPlace)]
    assert (repairs, group.applicability.value) == ([("app.REG", "saved", container)], "unsafe")


@pytest.mark.parametrize(("value", "body", "more"), UNCERTAIN.values(), ids=UNCERTAIN)
def test_left_alone(tmp_path: Path, value: str, body: str, more: str) -> None:
    """Where another object may stand there, nothing is edited, and the reason names the line."""
    groups = check(made(tmp_path, value, body, more)).plan.groups

    group = next(g for g in groups if g.finding.subject.name == "reg")
    line = 9 + body.count("\n", 0, body.index("app.REG = saved"))
    assert group.edits == ()
    assert group.caveat == f"its teardown puts a copy in the place of app.REG (line {line}), and others may hold what stood there"


def test_the_object_itself_put_back(tmp_path: Path) -> None:
    """Who puts back the very object that stood there takes nothing from anybody; a new one in its place may."""
    same = made(tmp_path / "same", "{'a': 1}", "saved = app.REG\n    app.REG = {'b': 2}\n    yield\n    app.REG = saved")
    new = made(tmp_path / "new", "{'a': 1}", "app.REG['b'] = 2\n    yield\n    app.REG = {'a': 1}")

    said = []
    for root in (same, new):
        ctx = context_of(root)
        said.append([list(assigning_teardown(ctx, fixture)) for fixture in ctx.broad_fixtures()])
    assert said == [[[]], [["the teardown of 'reg' rebinds app.REG, which others may hold"]]]
