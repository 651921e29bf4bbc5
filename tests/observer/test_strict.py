"""`--rescope-strict`: the test that leaves state behind fails, and nobody else."""

from pathlib import Path

from projects import LEAK, make_project

STRICT = """\
# --- state.py
names = []


def add(name):
    names.append(name)
# --- test_state.py
import state


def test_leaves():
    state.add("a")


def test_undoes():
    state.add("b")
    state.names.remove("b")


def test_fails():
    state.add("c")
    assert False
"""


def test_the_culprit_fails(tmp_path: Path, observe) -> None:
    """The one that left something has an error at teardown that tells what; its own failure stays a failure."""
    out, seen = observe(make_project(tmp_path, STRICT), "--rescope=all", "--rescope-strict")

    assert "1 failed, 2 passed, 2 errors" in out
    assert "ERROR test_state.py::test_leaves - Failed: the test leaves state behind" in out
    assert "test_state.py:4: test_state.py::test_leaves changed state.names (was [], now ['a'])" in out
    assert seen["tests"] == 3


def test_a_broad_fixture_fails_nobody(tmp_path: Path, observe) -> None:
    """What a broad fixture leaves is its own: the test that happened to set it up passes."""
    assert "2 passed" in observe(make_project(tmp_path, LEAK), "--rescope-strict")[0]
