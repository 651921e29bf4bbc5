"""Reset fixtures at work: pytest runs polluted tests with and without them, in both orders."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rescope.codemods import apply
from rescope.model.edit import AddResetFixture, ResetKind, ResetStep

STATE = """
from functools import lru_cache

_instance = None
_ready = False
flag = 1
calls = []
registry = {"built-in": 1}
queue = [1]
tags = {"a"}

def reset_calls():
    calls.clear()

@lru_cache
def get_settings():
    return object()

class Manager:
    _instance = None

class Declares(Manager):
    _instance = None

class Inherits(Manager):
    pass
"""
TESTS = """
import pytest
from app import state
from app.state import Declares, Inherits, Manager, queue, registry, tags

turns = pytest.mark.parametrize("turn", ["a", "b"])

@turns
def test_initial(turn):
    assert (state._instance, state._ready) == (None, False)
    state._instance, state._ready = object(), True

@turns
def test_initial_of_a_late_import(turn):
    from app import late
    assert late.value is None
    late.value = 1

@turns
def test_snapshot(turn):
    assert state.flag == 1
    state.flag = 2

@turns
def test_call(turn):
    assert state.calls == []
    state.calls.append(1)

@turns
def test_cache_clear(turn):
    assert state.get_settings.cache_info().currsize == 0
    state.get_settings()

@turns
def test_class_slot(turn):
    assert Manager._instance is None
    Manager._instance = Manager()

@turns
def test_class_slot_of_subclasses(turn):
    assert vars(Declares)["_instance"] is None
    assert "_instance" not in vars(Inherits)
    Declares._instance, Inherits._instance = Declares(), Inherits()

@turns
def test_container_dict(turn):
    assert state.registry is registry
    assert registry == {"built-in": 1}
    registry["x"] = 1

@turns
def test_container_list(turn):
    assert state.queue is queue
    assert queue == [1]
    queue.append(2)

@turns
def test_container_set(turn):
    assert state.tags is tags
    assert tags == {"a"}
    tags.add("b")
"""
CONFTEST = """
import os

def pytest_collection_modifyitems(items):
    if os.environ["ORDER"] == "backwards":
        items.reverse()
"""
POLLUTED = frozenset(re.findall(r"def (test_\w+)", TESTS))


def steps(module: str) -> tuple[ResetStep, ...]:
    """A step of every kind."""

    def step(kind: ResetKind, name: str, initial: str = "None", container: str = "") -> ResetStep:
        return ResetStep(kind=kind, module=module, name=name, initial=initial, container=container)

    return (
        step(ResetKind.INITIAL, "_instance"),
        step(ResetKind.INITIAL, "_ready", "False"),
        step(ResetKind.SNAPSHOT, "flag"),
        step(ResetKind.CALL, "reset_calls"),
        step(ResetKind.CACHE_CLEAR, "get_settings"),
        step(ResetKind.CLASS_SLOT, "Manager._instance"),
        *(step(ResetKind.CONTAINER, n, container=c) for n, c in (("registry", "dict"), ("queue", "list"), ("tags", "set"))),
    )


def reset(direct: bool) -> list[AddResetFixture]:  # noqa: FBT001 - the case itself
    """The fixtures of both modules."""
    late = ResetStep(kind=ResetKind.INITIAL, module="app.late", name="value")
    return [
        AddResetFixture(path="conftest.py", name=name, doc="Reset.", steps=found, direct_import=direct)
        for name, found in (("reset_state", steps("app.state")), ("reset_late", (late,)))
    ]


def failed(root: Path, order: str) -> set[str]:
    """The tests that fail when pytest runs the project in this order."""
    environment = {**os.environ, "ORDER": order, "PYTHONPATH": str(root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=short", "-rf", "-o", "addopts="]
    run = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode in {0, 1}, run.stdout + run.stderr
    return set(re.findall(r"^FAILED \S+::(\S+)", run.stdout, re.MULTILINE))


def project(root: Path, edits: list[AddResetFixture]) -> None:
    """A package with every kind of state, its polluted tests, and a conftest.py after the edits."""
    files = {"app/__init__.py": "", "app/state.py": STATE, "app/late.py": "value = None\n", "test_state.py": TESTS}
    for name, text in {**files, "pytest.ini": "[pytest]\n"}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    (root / "conftest.py").write_bytes(apply(CONFTEST.encode(), edits))


@pytest.mark.parametrize(("order", "second"), [("forwards", "b"), ("backwards", "a")])
def test_without_a_reset_the_second_test_of_each_kind_fails(tmp_path: Path, order: str, second: str) -> None:
    """Every kind of state leaks, whichever test comes first."""
    project(tmp_path, [])
    assert failed(tmp_path, order) == {f"{name}[{second}]" for name in POLLUTED}


@pytest.mark.parametrize("order", ["forwards", "backwards"])
@pytest.mark.parametrize("direct", [True, False], ids=["imported", "looked up"])
def test_with_the_reset_all_tests_pass(tmp_path: Path, order: str, direct: bool) -> None:  # noqa: FBT001
    """Every kind of state is put back, however the fixture finds the module."""
    project(tmp_path, reset(direct))
    assert failed(tmp_path, order) == set()
