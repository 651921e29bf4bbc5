"""Cutting a plan: what stays together, and what branches are called."""

import pytest

from rescope.migration.branches import Branch, directory, split
from rescope.model.address import Address, Location
from rescope.model.edit import AddResetFixture, ChangeScope
from rescope.model.finding import Finding, Subject, SubjectKind
from rescope.model.plan import ChangeGroup
from rescope.model.scope import Scope


def narrowing(*places: str) -> ChangeGroup:
    """A group that narrows the fixtures at "path::name"; the first is its subject."""
    addresses = [Address(*place.split("::")) for place in places]
    edits = tuple(ChangeScope(address=a, before=Scope.SESSION, after=Scope.FUNCTION) for a in addresses)
    return ChangeGroup(finding=finding(addresses[0]), edits=edits)


def reset(path: str, name: str, *, creates: bool = False) -> ChangeGroup:
    """A group that adds a reset fixture."""
    edit = AddResetFixture(path=path, name=name, doc="", steps=(), creates_file=creates)
    return ChangeGroup(finding=finding(Address("app.py", name)), edits=(edit,))


def finding(address: Address) -> Finding:
    subject = Subject(kind=SubjectKind.FIXTURE, name=address.name, address=address, line=1)
    return Finding(code="RSC101", rule="r", message="m", reason="r", subject=subject, primary=Location(path=address.path, line=1))


def shown(branches: tuple[Branch, ...]) -> dict[str, list[str]]:
    return {branch.name: [group.finding.subject.name for group in branch.groups] for branch in branches}


A, B, C = (narrowing(f"{name}/conftest.py::{name}") for name in "abc")


def test_one_branch_without_a_cut() -> None:
    """Without limits everything is one branch of the given name."""
    assert shown(split([A, B, C], [], "x")) == {"x": ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("most", "expected"),
    [(1, {"x-1": ["a"], "x-2": ["b"], "x-3": ["c"]}), (2, {"x-1": ["a", "b"], "x-2": ["c"]}), (3, {"x": ["a", "b", "c"]})],
)
def test_numbers(most: int, expected: dict[str, list[str]]) -> None:
    """As few branches as the limit allows, numbered; a single one needs no number."""
    assert shown(split([A, B, C], [], "x", most=most)) == expected


def test_a_shared_dependent_ties() -> None:
    """Groups that narrow the same fixture are not parted, also through a third."""
    first, second = narrowing("conftest.py::a", "conftest.py::shared"), narrowing("conftest.py::c", "conftest.py::shared")

    assert shown(split([first, B, second], [], "x", most=1)) == {"x-1": ["a", "c"], "x-2": ["b"]}


def test_ties_are_kept() -> None:
    """Pairs that rely on each other stay together, whatever the limit or the key."""
    assert shown(split([A, B, C], [(C, A)], "x", most=1)) == {"x-1": ["a", "c"], "x-2": ["b"]}
    assert shown(split([A, B, C], [(C, A)], "x", key=directory)) == {"x-b": ["b"], "x-root": ["a", "c"]}


def test_a_new_file_ties() -> None:
    """Two resets that create one conftest.py would conflict, two in an existing file are told apart by name."""
    assert len(split([reset("conftest.py", "a", creates=True), reset("conftest.py", "b", creates=True)], [], "x", most=1)) == 1
    assert len(split([reset("conftest.py", "a"), reset("conftest.py", "b")], [], "x", most=1)) == 2


def test_directories_with_a_limit() -> None:
    """A folder with too many groups gets numbered branches; names of folders become words."""
    groups = [narrowing("a b/c.d/conftest.py::x"), narrowing("t/conftest.py::y"), narrowing("t/conftest.py::z")]

    assert shown(split(groups, [], "n", key=directory, most=1)) == {"n-a-b-c-d": ["x"], "n-t-1": ["y"], "n-t-2": ["z"]}


def test_names_that_come_to_one_word() -> None:
    """Two folders whose names become the same word get two branches."""
    groups = [narrowing("a-b/conftest.py::x"), narrowing("a/b/conftest.py::y")]

    assert shown(split(groups, [], "n", key=directory)) == {"n-a-b": ["x"], "n-a-b-1": ["y"]}


def test_directory_of_many_files() -> None:
    """The folder of a group is the deepest that holds all its files, the top being called root."""
    assert directory((narrowing("t/a/conftest.py::x", "t/b/test_b.py::y"),)) == "t"
    assert directory((narrowing("conftest.py::x", "t/b/test_b.py::y"),)) == "root"
