"""The judges of real suites can say no: on small suites of which the answer is known."""

import ast
import sys
from pathlib import Path

import pytest

from corpus.every_file import RESET, same_elsewhere, wrong_with
from corpus.measuring import measured
from corpus.sources import Entry
from corpus.table import render
from projects import LEAK, commit_all, make_project
from rescope.facts import collect
from rescope.model.address import Address
from rescope.model.edit import AddReason
from rescope.model.plan import FileChange

BUILDS = """\
# --- conftest.py
import pytest


class Cart:
    def __init__(self):
        self.items = []


@pytest.fixture(scope="module")
def cart():
    return Cart()
# --- test_cart.py
def test_add(cart):
    cart.items.append(1)
    assert cart.items


def test_still_there(cart):
    assert cart.items == [1]
"""
BROKEN = "`test_cart.py::test_still_there` failed (alone it failed before): assert [] == [1]"


def row_of(tmp_path: Path, text: str) -> object:
    source = commit_all(make_project(tmp_path / "small", text))
    return measured(Entry(name="small", version="1", install=()), source, Path(sys.executable), anew=False)


def test_a_safe_edit_is_tried(tmp_path: Path) -> None:
    """A suite that holds is told with its edits, and a second run does not measure it again."""
    row = row_of(tmp_path, LEAK)
    again = measured(Entry(name="small", version="1", install=()), tmp_path / "small", Path("/nowhere/python"), anew=False)

    assert (row.tests, row.failed, row.safe.edits, row.safe.broken, row.trouble) == (2, (0, 0, 0, 0), 1, (), "")
    assert row == again
    assert "| small 1 | 2 | 0 | 1 | 0 | 0 | 1 |  |  |" in render([row])


def test_an_unsafe_edit_is_to_blame(tmp_path: Path) -> None:
    """What an edit breaks is told with the edit that does it; no safe edit is blamed."""
    row = row_of(tmp_path, BUILDS)

    assert row.safe.edits == 0
    assert BROKEN in row.everything.broken
    assert "RSC103 `cart` (conftest.py): test_cart.py::test_still_there failed in file order" in row.everything.causes[0]
    assert row.everything.causes[0] in render([row])


def test_a_suite_that_does_not_run_proves_nothing(tmp_path: Path) -> None:
    """No row stands in the table for a suite that fails to start, and the reason is told."""
    row = row_of(tmp_path, LEAK.replace("# --- test_app.py", "# --- test_app.py\nimport nowhere_to_be_found"))

    assert "no test ran" in row.trouble
    assert "| small 1 |" not in render([row])


FIXTURE = """\
import pytest


@pytest.fixture(scope='session')
def client():
    return 1


def test_client(client):
    one = client
    assert one


limit = 1
"""
CHANGES = {
    "a scope": (FIXTURE.replace("session", "function"), True),
    "a docstring": (FIXTURE.replace("client():", "client():\n    'A client.'"), True),
    "a reset fixture": (f"import sys\n{FIXTURE}\n\ndef {RESET}():\n    sys\n", True),
    "another value": (FIXTURE.replace("limit = 1", "limit = 2"), False),
    "another body": (FIXTURE.replace("return 1", "return 2"), False),
    "another test": (FIXTURE.replace("one = client", "one = None"), False),
    "another parameter": (FIXTURE.replace("def client()", "def client(app)"), False),
    "a lost import": (FIXTURE.replace("import pytest\n", ""), False),
    "one function more": (f"{FIXTURE}\n\ndef other(): ...\n", False),
}


@pytest.mark.parametrize(("after", "same"), CHANGES.values(), ids=CHANGES)
def test_what_no_edit_names(after: str, same: bool) -> None:  # noqa: FBT001
    """A fixture's decorator and docstring may change, a reset fixture may come with its imports, and nothing else."""
    assert same_elsewhere(ast.parse(FIXTURE), ast.parse(after), {4, 5}) is same


def test_a_file_that_does_not_parse() -> None:
    """A damaged file is a fault, and so is one that the edits would change again."""
    edit = AddReason(address=Address(path="a.py", qualname="client"), text="Because.")
    facts = collect("a.py", FIXTURE.encode())

    def faults(after: str) -> list[str]:
        return list(wrong_with(FileChange(path="a.py", before=FIXTURE.encode(), after=after.encode()), [edit], facts))

    assert "does not parse" in faults("def (")[0]
    assert "the edits change it again when they are applied again" in faults(FIXTURE)
