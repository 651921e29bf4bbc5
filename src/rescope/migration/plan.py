"""What a migration will do: which groups go into which branch, in which commits, and what is left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rescope.migration.branches import Key, Unit, directory, split
from rescope.migration.commits import Commit, make_commits, one_commit
from rescope.migration.owners import PLACES, owner_label, parse_owners
from rescope.model.edit import ChangeScope
from rescope.model.plan import ChangeGroup, Skipped
from rescope.pipeline import edit_path, rewrite


class SplitBy(StrEnum):
    """What makes one branch."""

    DIRECTORY = "directory"
    CODEOWNERS = "codeowners"


class NoOwners(Exception):
    """There is no CODEOWNERS file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """How the work is cut: the name of the branch, and what several of them are made by; `most` groups in each, 0 for any."""

    name: str
    most: int = 0
    by: SplitBy | None = None
    single: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBranch:
    """A branch before it is made."""

    name: str
    groups: tuple[ChangeGroup, ...]
    commits: tuple[Commit, ...]

    def paths(self) -> frozenset[str]:
        """Every file that it changes."""
        return frozenset(change.path for commit in self.commits for change in commit.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The groups to apply, all of which fit, and those that were asked for and left out."""

    taken: tuple[ChangeGroup, ...]
    left_out: tuple[Skipped, ...]


def choose(root: Path, groups: Sequence[ChangeGroup]) -> Chosen:
    """The groups that can be applied to the files below root, without a reset that relies on what is not done."""
    result = rewrite(root, groups)
    return Chosen(taken=result.taken, left_out=result.refused)


def _ties(groups: Sequence[ChangeGroup]) -> Iterator[tuple[ChangeGroup, ChangeGroup]]:
    """Each reset with each group that narrows what it relies on."""
    for group in groups:
        for other in groups:
            narrowed = {e.address for e in other.edits if isinstance(e, ChangeScope)}
            if narrowed.intersection(group.relies_on):
                yield group, other


def plan_branches(root: Path, top: Path, groups: Sequence[ChangeGroup], cutting: Cutting) -> tuple[PlannedBranch, ...]:
    """Every branch with its commits; NoOwners where it is to be split by a CODEOWNERS file that is not there."""
    prefix = "" if root == top else f"{root.relative_to(top).as_posix()}/"
    key = _key(top, prefix, cutting.by)
    tied = _ties(groups) if key or cutting.most else ()
    commits = one_commit if cutting.single else make_commits
    return tuple(
        PlannedBranch(name=branch.name, groups=branch.groups, commits=commits(root, branch.groups))
        for branch in split(groups, tied, cutting.name, key=key, most=cutting.most)
    )


def _key(top: Path, prefix: str, by: SplitBy | None) -> Key | None:
    if by is None:
        return None
    if by is SplitBy.DIRECTORY:
        return directory
    file = next((top / place for place in PLACES if (top / place).is_file()), None)
    if file is None:
        raise NoOwners(f"there is no {', '.join(PLACES[:-1])} or {PLACES[-1]}")
    lines = parse_owners(file.read_text("utf-8", "replace"))

    def owner(unit: Unit) -> str:
        return owner_label(lines, (prefix + edit_path(edit) for group in unit for edit in group.edits))

    return owner
