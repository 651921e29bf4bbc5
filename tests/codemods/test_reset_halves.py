"""Each half of each kind of reset fixture is needed: without it, a suite that it keeps green goes red."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from rescope.codemods import apply
from rescope.model.edit import AddResetFixture, ResetKind, ResetStep

STATE = """
from collections import deque
from contextvars import ContextVar
from functools import lru_cache

_instance = None
flag = 1
calls = []
registry = {"built-in": 1}
queue = [1]
tags = {"a"}
recent = deque([1], maxlen=3)
request_id = ContextVar("request_id", default="")

def reset_calls():
    calls.clear()

@lru_cache
def get_settings():
    return object()

class Manager:
    _instance = None

class Settings:
    def __init__(self):
        self.debug, self.hooks = False, {"built-in": 1}

settings = Settings()
hooks = settings.hooks
"""


class Kind(NamedTuple):
    """One kind of reset: what changes the state, how it is seen, and whether collecting the tests may change it, too."""

    step: ResetKind
    name: str
    change: str
    clean: str
    early: bool = False
    container: str = ""


KINDS = {
    "initial": Kind(ResetKind.INITIAL, "_instance", "state._instance = object()", "state._instance is None", early=True),
    "snapshot": Kind(ResetKind.SNAPSHOT, "flag", "state.flag = 2", "state.flag == 1"),
    "call": Kind(ResetKind.CALL, "reset_calls", "state.calls.append(1)", "state.calls == []", early=True),
    "cache": Kind(ResetKind.CACHE_CLEAR, "get_settings", "state.get_settings()", "state.get_settings.cache_info()[-1] == 0", early=True),
    "slot": Kind(ResetKind.CLASS_SLOT, "Manager._instance", "state.Manager._instance = 1", "state.Manager._instance is None", early=True),
    "dict": Kind(ResetKind.CONTAINER, "registry", "state.registry['x'] = 1", "state.registry == {'built-in': 1}", container="dict"),
    "list": Kind(ResetKind.CONTAINER, "queue", "state.queue.append(2)", "state.queue == [1]", container="list"),
    "set": Kind(ResetKind.CONTAINER, "tags", "state.tags.add('b')", "state.tags == {'a'}", container="set"),
    "deque": Kind(ResetKind.CONTAINER, "recent", "state.recent.extend('abcd')", "list(state.recent) == [1]", container="deque"),
    "attribute": Kind(ResetKind.OBJECT, "settings", "state.settings.debug = 1", "not (state.settings.debug)"),
    "inside": Kind(ResetKind.OBJECT, "settings", "state.settings.hooks['x'] = 1", "state.settings.hooks is state.hooks == {'built-in': 1}"),
    "context": Kind(ResetKind.CONTEXT, "request_id", "state.request_id.set('x')", "state.request_id.get() == ''"),
}  # fmt: skip


def without(half: str, text: str) -> str:
    """The file less what the fixture does before its yield, or after it."""
    before, middle, after = text.partition("    yield\n")
    if half != "set-up":
        return before + middle + (after if half == "none" else "")
    head, doc, body = before.rpartition('"""Reset."""\n')
    helpers, blank, _ = body.rpartition("\n\n")
    return f"{head}{doc}{helpers}{blank}{middle}{after}"


def suite(root: Path, half: str, *, direct: bool) -> set[str]:
    """The kinds of which a test is red: each has a folder with its fixture and a test, and a test outside that comes later."""
    (root / "app").mkdir()
    (root / "app" / "__init__.py").touch()
    (root / "app" / "state.py").write_text(STATE)
    outside = "from app import state\n"
    for name, kind in KINDS.items():
        step = ResetStep(kind=kind.step, module="app.state", name=kind.name, container=kind.container)
        edit = AddResetFixture(path="conftest.py", name=f"reset_{name}", doc="Reset.", steps=(step,), direct_import=direct)
        (root / name).mkdir()
        (root / name / "conftest.py").write_text(without(half, apply(None, [edit]).decode()))
        early = f"{kind.change}\n" if kind.early else ""
        test = f"from app import state\n{early}\ndef test_inside():\n    assert {kind.clean}\n    {kind.change}\n"
        (root / name / f"test_{name}.py").write_text(test)
        outside += f"\ndef test_outside_{name}():\n    assert {kind.clean}\n"
    (root / "test_outside.py").write_text(outside)
    (root / "pytest.ini").write_text("[pytest]\n")
    return red(root)


def red(root: Path) -> set[str]:
    """The kinds with a failed test or an error when the tests outside come last."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=no", "-rfE", *KINDS, "test_outside.py"]
    run = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode in {0, 1}, run.stdout + run.stderr
    names = re.findall(r"^(?:FAILED|ERROR) (?:(\w+)/|test_outside.py::test_outside_(\w+))", run.stdout, re.MULTILINE)
    return {inside or outside for inside, outside in names}


@pytest.mark.parametrize("direct", [True, False], ids=["imported", "looked up"])
def test_whole(tmp_path: Path, direct: bool) -> None:  # noqa: FBT001 - the case itself
    """With both halves every test passes, whatever was changed during collection."""
    assert suite(tmp_path, "none", direct=direct) == set()


@pytest.mark.parametrize("direct", [True, False], ids=["imported", "looked up"])
@pytest.mark.parametrize("half", ["set-up", "teardown"])
def test_half(tmp_path: Path, half: str, direct: bool) -> None:  # noqa: FBT001
    """Without either half each kind turns a test red."""
    assert suite(tmp_path, half, direct=direct) == set(KINDS)
