"""The nouns of the observer: a state, who owns a change of it, and the change.

In this package nothing is a dataclass: making one at import costs as much as some thirty looks. What never changes is a
named tuple, the rest is a plain class.
"""

from typing import NamedTuple

RANDOM = "random numbers"
MODULE = "module"
IMPORT = "import"
GLOBAL = "global"
ATTRIBUTE = "class attribute"


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


class Change:
    """A change that outlived its test, growing while it is in place: `until` is the number of the test that ended it, -1 if none.

    `requested` and `strangers` count later tests that did or did not request the fixture that the change belongs to, `read_by`
    those that ran a line that reads the state, at first `read_at`; -1 where that is not known. `changed_at` are the lines of the
    test's run that may have made the change. A place is `path:line`.
    """

    def __init__(self, state: State, test: Place, *, since: int, owner: Owner | None, difference: tuple[str, str, str]) -> None:
        self.state = state
        self.test, self.path, self.line = test
        self.since = since
        self.owner = owner
        self.where, self.was, self.now = difference
        self.until = -1
        self.undone_by = ""
        self.requested = 0
        self.strangers = 0
        self.first_requested = ""
        self.first_stranger = ""
        self.changed_at: tuple[str, ...] = ()
        self.read_by = -1
        self.first_reader = ""
        self.read_at = ""
