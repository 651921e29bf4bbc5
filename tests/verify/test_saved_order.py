"""The order of a run from what people keep of it, and the names by which they call a test."""

from pathlib import Path

import pytest

from projects import make_project, run_pytest
from rescope.verify.saved_order import OrderError, matching, saved_order, similar

SUITE = """\
# --- tests/test_b.py
import pytest


class TestGroup:
    @pytest.mark.parametrize("text", ["a - b", "x::y", "PASSED z"])
    def test_two(self, text): pass
    def test_three(self): assert 1 == 2, "no - not at all"
# --- tests/test_a.py
def test_one(): pass
"""
IDS = (
    "tests/test_b.py::TestGroup::test_two[a - b]",
    "tests/test_b.py::TestGroup::test_two[x::y]",
    "tests/test_b.py::TestGroup::test_two[PASSED z]",
    "tests/test_b.py::TestGroup::test_three",
    "tests/test_a.py::test_one",
)


def test_forms_that_pytest_writes(tmp_path: Path) -> None:
    """Verbose output, JUnit XML and plain node ids all give the order in which the tests ran."""
    root = make_project(tmp_path, SUITE)
    shown = run_pytest(root, "-v", "-v", "--junitxml=run.xml", "tests/test_b.py", "tests/test_a.py").stdout

    assert saved_order(shown, IDS[::-1]) == IDS
    assert saved_order((root / "run.xml").read_text(), IDS[::-1]) == IDS
    assert saved_order("\n".join(IDS[::-1]), IDS) == IDS[::-1]


def test_only_the_worker_that_ran_the_test() -> None:
    """Of a run by several workers, the tests of other workers are no part of what went before."""
    text = (
        "[gw0] [ 20%] PASSED tests/test_a.py::test_one \n[gw1] [ 40%] PASSED tests/test_b.py::TestGroup::test_two[x::y] \n"
        "[gw0] [ 60%] FAILED tests/test_b.py::TestGroup::test_three \n"
    )

    assert saved_order(text, IDS, IDS[3]) == (IDS[4], IDS[3])


@pytest.mark.parametrize(
    ("text", "test", "said"),
    [("nothing of use", "", "no line names a test"), (IDS[0], IDS[3], "no line names tests/test_b.py"), ("<a>", "", "no JUnit XML")],
)
def test_text_without_an_order(text: str, test: str, said: str) -> None:
    """What holds no order of this project, or not the test in question, is refused with the reason."""
    with pytest.raises(OrderError, match=said):
        saved_order(text, IDS, test)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("test_one", IDS[4:]),
        ("test_a.py::test_one", IDS[4:]),
        (IDS[4], IDS[4:]),
        ("test_two", IDS[:3]),
        ("TestGroup::test_two[x::y]", IDS[1:2]),
        ("est_one", ()),
        ("one", ()),
    ],
)
def test_abbreviations(text: str, meant: tuple[str, ...]) -> None:
    """The end of a node id stands for it, if it begins at a part; without parameters, for all of them."""
    assert matching(text, IDS) == meant


def test_nearest_names() -> None:
    """A name that no test has brings up those like it."""
    assert similar("test_on", IDS) == (IDS[4],)
