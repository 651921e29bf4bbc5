"""Attributes that are set to what the constructor gives, and those that hold something else by then."""

from pathlib import Path

import pytest

from projects import check, make_project, outcome, run_pytest


def shown(root: Path) -> list[str]:
    return [g.finding.code for g in check(root).shown]


STARTS = """\
# --- engine.py
class Engine:
    def __init__(self):
        self.counter = 0

    def step(self):
        self.counter += 1

    @classmethod
    def instance(cls):
        return cls()


def make():
    return Engine()


class Single:
    def __init__(self, of):
        self.of = of

    def one(self):
        return self.of()


@Single
class Only(Engine):
    pass
# --- app.py
from engine import Engine, Only, make

engine = {made}
# --- test_app.py
from app import engine


def test_steps():
    engine.counter = {value}
    engine.step()
    assert engine.counter == {value} + 1


def test_counts():
    assert engine.counter in (0, 1)
"""


@pytest.mark.parametrize(
    ("made", "value", "found"),
    [
        ("make()", "0", []),
        ("Engine.instance()", "0", []),
        ("Only.one()", "0", []),
        ("make()", "7", ["RSC208"]),
        ("Engine.instance()", "7", ["RSC208"]),
        ("Only.one()", "7", ["RSC208"]),
    ],
)
def test_an_attribute_set_to_what_the_constructor_gives(tmp_path: Path, made: str, value: str, found: list[str]) -> None:
    """A reset, also of an object that a factory makes."""
    root = make_project(tmp_path, STARTS.format(made=made, value=value))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert shown(root) == found


HELD = {
    "set at import": """\
class Engine:
    def __init__(self):
        self.counter = 0


engine = Engine()
engine.counter = 5
""",
    "set by the factory": """\
class Engine:
    def __init__(self):
        self.counter = 0

    @classmethod
    def of(cls):
        made = cls()
        made.counter = 5
        return made


engine = Engine.of()
""",
    "in a branch": """\
class Engine:
    def __init__(self, on=True):
        if on:
            self.counter = 5
        else:
            self.counter = 0


def make():
    return Engine()


engine = make()
""",
    "another list": """\
class Engine:
    def __init__(self):
        self.counter = [5]


def make():
    return Engine()


engine = make()
""",
}


@pytest.mark.parametrize("case", HELD)
def test_an_attribute_that_holds_something_else(tmp_path: Path, case: str) -> None:
    """What the constructor gives is not always what is there."""
    value = "[0]" if case == "another list" else "0"
    sets = f"def test_set():\n    engine.counter = {value}\n\n\n"
    text = f"from app import engine\n\n\n{sets}def test_kept():\n    assert engine.counter in (5, [5])\n"
    root = make_project(tmp_path, f"# --- app.py\n{HELD[case]}# --- test_app.py\n{text}")
    assert outcome(run_pytest(root)) == "1 failed, 1 passed"
    assert [code for code in shown(root) if code in {"RSC206", "RSC208"}]
