"""One plan as several branches: what must go together, and how it is cut by number, directory or owner."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rescope.model.edit import AddResetFixture
from rescope.model.plan import ChangeGroup
from rescope.pipeline import edit_path

Unit = tuple[ChangeGroup, ...]
Key = Callable[[Unit], str]
Ties = Iterable[tuple[ChangeGroup, ChangeGroup]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """The groups that are reviewed and merged as one; `name` is that of the git branch."""

    name: str
    groups: Unit


def split(groups: Sequence[ChangeGroup], ties: Ties, name: str, *, key: Key | None = None, most: int = 0) -> tuple[Branch, ...]:
    """The branches, each of which stands alone; `most` is the largest number of groups in one, 0 for any.

    Groups that share a definition, or of which one relies on the other, are never parted, even where that is more than `most`.
    """
    shelves: dict[str, list[Unit]] = {}
    for unit in _units(groups, ties):
        shelves.setdefault(key(unit) if key else "", []).append(unit)
    parts = [(label, part) for label, units in sorted(shelves.items()) for part in _cut(units, most)]
    if len(parts) == 1 and key is None:
        return (Branch(name=name, groups=parts[0][1]),)
    return tuple(Branch(name=n, groups=part) for n, (_, part) in zip(_names(name, parts), parts, strict=True))


def directory(unit: Unit) -> str:
    """The deepest folder that holds every file that the unit edits."""
    folders = [PurePosixPath(edit_path(edit)).parent.parts for group in unit for edit in group.edits]
    shared: list[str] = []
    for level in zip(*folders, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "/".join(shared) or "root"


def _units(groups: Sequence[ChangeGroup], ties: Ties) -> Iterator[Unit]:
    """Groups that hang together, in the order of the plan."""
    homes = list(range(len(groups)))
    numbers = {id(group): number for number, group in enumerate(groups)}
    first: dict[object, int] = {}
    pairs = [(numbers[id(a)], numbers[id(b)]) for a, b in ties]
    pairs += [(number, first.setdefault(one, number)) for number, group in enumerate(groups) for one in _claims(group)]
    for a, b in pairs:
        old, new = sorted((homes[a], homes[b]), reverse=True)
        homes = [new if home == old else home for home in homes]
    for home in dict.fromkeys(homes):
        yield tuple(group for number, group in enumerate(groups) if homes[number] == home)


def _claims(group: ChangeGroup) -> Iterator[object]:
    """The definitions that a group edits, and the files that it creates."""
    for edit in group.edits:
        if not isinstance(edit, AddResetFixture):
            yield edit.address
        elif edit.creates_file:
            yield edit.path
        else:
            yield (edit.path, edit.name)


def _cut(units: Sequence[Unit], most: int) -> Iterator[Unit]:
    """The units in as few parts of at most `most` groups as their order allows; a larger unit is a part of its own."""
    part: Unit = ()
    for unit in units:
        if part and most and len(part) + len(unit) > most:
            yield part
            part = ()
        part += unit
    if part:
        yield part


def _names(name: str, parts: Sequence[tuple[str, Unit]]) -> Iterator[str]:
    taken: set[str] = set()
    for label, _ in parts:
        # No dots: git refuses two in a row, one at the end, and the ending ".lock".
        word = re.sub(r"[^A-Za-z0-9_]+", "-", label).strip("-")
        alone = bool(word) and sum(other == label for other, _ in parts) == 1
        stem = f"{name}-{word}" if word else name
        candidates = ([stem] if alone else []) + [f"{stem}-{number}" for number in range(1, len(parts) + 2)]
        chosen = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(chosen)
        yield chosen
