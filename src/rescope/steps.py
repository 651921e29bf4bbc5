"""A rewrite as a sequence: what each change group adds to those before it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rescope.model.plan import ChangeGroup, FileChange
from rescope.pipeline import draft, edit_path


def steps(root: Path, groups: Sequence[ChangeGroup]) -> Iterator[tuple[ChangeGroup, tuple[FileChange, ...]]]:
    """Each group with its file changes on top of the earlier ones; the last state of each file is that of the whole rewrite.

    A group whose edits all stand in earlier groups, too, changes nothing more.
    """
    now: dict[str, bytes] = {}
    for number, group in enumerate(groups):
        paths = _paths(group)
        beside = [g for g in groups[: number + 1] if paths & _paths(g)]
        changes = [c for c in draft(root, beside).changes if c.path in paths and now.get(c.path) != c.after]
        yield group, tuple(FileChange(path=c.path, before=now.get(c.path, c.before), after=c.after) for c in changes)
        now |= {c.path: c.after for c in changes}


def _paths(group: ChangeGroup) -> set[str]:
    return {edit_path(edit) for edit in group.edits}
