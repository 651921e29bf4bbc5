"""A teardown that assigns: put right where that is certain, refused where others may hold what it replaces."""

from pathlib import Path

import pytest
from oracle.plans import context_of

from projects import check, make_project
from rescope.model.edit import RestoreInPlace
from rescope.planning.undoing import assigning_teardown, replaces_container

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
    "annotated": ("{'a': 1}", "saved: dict = app.REG.copy()\n    app.REG['b'] = 2\n    yield\n    app.REG = saved", "dict"),
    "deep": ("{'a': 1}", "saved = copy.deepcopy(app.REG)\n    app.REG['b'] = 2\n    yield\n    app.REG = saved", "dict"),
    "slice": ("['a']", "saved = app.REG[:]\n    app.REG.append('b')\n    yield\n    app.REG = saved", "list"),
    "set": ("{'a'}", "saved = set(app.REG)\n    app.REG.add('b')\n    yield\n    app.REG = saved", "set"),
}
BACK = "app.REG['b'] = 2\n    yield\n    app.REG = saved"
PATCH = "\n# --- test_patch.py\nimport app\n\n\ndef test_patch(monkeypatch, reg):\n    monkeypatch.setattr(app, 'REG', {})"
UNCERTAIN = {
    "a test patches it, and the patch may outlast the teardown": ("{'a': 1}", f"saved = app.REG.copy()\n    {BACK}", PATCH),
    "a copy of another kind": ("{'a': 1}", f"saved = list(app.REG)\n    {BACK}", ""),
    "an entry by entry copy": ("{'a': 1}", f"saved = {{k: v for k, v in app.REG.items()}}\n    {BACK}", ""),
    "a copy under another name": ("{'a': 1}", f"first = app.REG.copy()\n    saved = first\n    {BACK}", ""),
    "a copy of the copy": ("{'a': 1}", f"saved = app.REG.copy()\n    {BACK}.copy()", ""),
    "the copy is used afterwards": ("{'a': 1}", f"saved = app.REG.copy()\n    {BACK}\n    saved['done'] = 1", ""),
    "the container is handed out": ("{'a': 1}", f"saved = app.REG.copy()\n    {BACK}".replace("yield", "yield app.REG"), ""),
    "by setattr": ("{'a': 1}", f"saved = app.REG.copy()\n    {BACK}".replace("app.REG = saved", "setattr(app, 'REG', saved)"), ""),
    "a new one": ("{'a': 1}", f"{BACK[:-5]}{{'a': 1}}", ""),
    "in company on its line": ("{'a': 1}", f"saved = app.REG.copy()\n    {BACK}".replace("app.REG = saved", "x = 1; app.REG = saved"), ""),
    "bound twice in its module": ("{'a': 1}", f"saved = app.REG.copy()\n    {BACK}", "\nREG = dict(REG)"),
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
    line = 9 + body.count("\n", 0, max(body.rfind("app.REG ="), body.rfind("setattr")))
    assert group.edits == ()
    assert group.caveat.startswith("its teardown replaces ")
    assert group.caveat.endswith(f" (line {line}), and others may hold what stood there")


ALLOWED = {
    "the object itself": ("{'a': 1}", "saved = app.REG\n    app.REG = {'b': 2}\n    yield\n    app.REG = saved"),
    "an entry taken out": ("{'a': 1}", "app.REG['b'] = 2\n    yield\n    del app.REG['b']"),
    "filled again": (
        "{'a': 1}",
        f"saved = app.REG.copy()\n    {BACK}".replace("app.REG = saved", "app.REG.clear()\n    app.REG.update(saved)"),
    ),
}


@pytest.mark.parametrize(("value", "body"), ALLOWED.values(), ids=ALLOWED)
def test_nothing_is_replaced(tmp_path: Path, value: str, body: str) -> None:
    """Who puts back the very object, or changes it in place, takes nothing from anybody."""
    ctx = context_of(made(tmp_path, value, body))

    (fixture,) = ctx.broad_fixtures()
    assert (replaces_container(ctx, fixture), list(assigning_teardown(ctx, fixture))) == ("", [])
