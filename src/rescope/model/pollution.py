"""What makes one test depend on others, and what carries it from one to the other."""

from dataclasses import dataclass
from enum import StrEnum

from rescope.model.plan import ChangeGroup
from rescope.model.verdict import Outcome


class Kind(StrEnum):
    """What a bisection comes to; the first three are findings."""

    VICTIM = "victim"
    BRITTLE = "brittle"
    AT_IMPORT = "victim of an import"
    FLAKY = "flaky"
    BROKEN = "fails always"
    UNSEEN = "not reproduced"


FOUND = frozenset({Kind.VICTIM, Kind.BRITTLE, Kind.AT_IMPORT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A test, or a test file, and where it stands."""

    name: str
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A state that a test left changed, in place while the dependent test ran; `owner` is the broad fixture that did it, if one did.

    It is `proved` if the dependent test was seen to end as it does alone where this was put back before it.
    """

    kind: str
    name: str
    was: str
    now: str
    test: str
    owner: str = ""
    path: str = ""
    qualname: str = ""
    line: int = 0
    owner_path: str = ""
    proved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """The change groups with which the test passes, as was tried; `command` writes them."""

    groups: tuple[ChangeGroup, ...]
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What came of a bisection. `others` are polluters, or setters of a brittle test; `order` is the one in which it was seen.

    `reproduce` is a command that shows the failure, `passing` one that shows the brittle test pass, each as it was tried, or "".
    """

    kind: Kind
    test: Spot
    python: str
    runs: int = 0
    seconds: float = 0.0
    order: str = ""
    alone: Outcome = Outcome.PASSED
    says: str = ""
    others: tuple[Spot, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    cure: Cure | None = None
    reproduce: str = ""
    passing: str = ""
    notes: tuple[str, ...] = ()
