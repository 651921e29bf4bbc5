"""The nouns of the observer: a state, who owns a change of it, and the change.

They are named tuples where nothing of them changes: a frozen dataclass takes four times as long to import, and to hash.
"""

from dataclasses import dataclass
from typing import NamedTuple


class State(NamedTuple):
    """Something that outlives a test. `name` is what messages say; `path`, `qualname`, `line` where it is defined, if in the project."""

    kind: str
    name: str
    path: str = ""
    qualname: str = ""
    line: int = 0
    scope: str = ""
    whole: bool = True


class Owner(NamedTuple):
    """A broad fixture whose set-up or teardown made a change; `phase` says which."""

    name: str
    scope: str
    path: str
    line: int
    phase: str = "set-up"


class Place(NamedTuple):
    """A test: its node id, and its file and line."""

    node: str
    path: str
    line: int


class Moved(NamedTuple):
    """One difference between two looks at a state, before anybody is blamed; `before` and `after` are fingerprints."""

    state: State
    before: object
    after: object


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Change:
    """A change that outlived its test, growing while it is in place: `until` is the number of the test that ended it, -1 if none.

    `requested` and `strangers` count later tests that did or did not request the fixture that the change belongs to.
    """

    state: State
    test: str
    path: str
    line: int
    since: int
    owner: Owner | None = None
    where: str = ""
    was: str = ""
    now: str = ""
    until: int = -1
    undone_by: str = ""
    requested: int = 0
    strangers: int = 0
    first_requested: str = ""
    first_stranger: str = ""
