"""What the rules say: findings and keeps."""

from dataclasses import dataclass
from enum import Enum

from rescope.model.address import Address, Location
from rescope.model.edit import UseMonkeypatch, ValuePart


class Severity(Enum):
    """How much the finding matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Confidence(Enum):
    """How sure the detection is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    def reaches(self, least: "Confidence") -> bool:
        """Whether it is as high as `least`, or higher."""
        levels = list(Confidence)
        return levels.index(self) <= levels.index(least)


class Applicability(Enum):
    """How safe the edit is, in ruff's words."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY_ONLY = "display-only"


class Strategy(Enum):
    """The cure that a finding asks for."""

    NARROW = "narrow"
    RESET = "reset"
    DOCUMENT = "document"
    PATCH = "patch"
    NONE = "none"


class SubjectKind(Enum):
    """What a finding is about."""

    FIXTURE = "fixture"
    SINGLETON = "singleton"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The definition that a finding, keep or skip is about; `scope` is "" for a singleton.

    `names` are all the globals that are written together with a singleton, itself first, and `readers` the places in tests, as
    `path:line`, that are seen to read it or to call what uses it; both are empty for a fixture.
    """

    kind: SubjectKind
    name: str
    address: Address
    line: int
    scope: str = ""
    names: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A leak: `message` is for people, `reason` completes "Function-scoped so that ...".

    `parts` is all that is changed of a fixture's value, where that is known well enough to put it back; `patches` are the changes of
    the process that pytest's `monkeypatch` can make in their place.
    """

    code: str
    rule: str
    message: str
    reason: str
    subject: Subject
    primary: Location
    related: tuple[Location, ...] = ()
    severity: Severity = Severity.WARNING
    confidence: Confidence = Confidence.HIGH
    applicability: Applicability = Applicability.SAFE
    strategy: Strategy = Strategy.NARROW
    caveat: str = ""
    parts: tuple[ValuePart, ...] = ()
    patches: tuple[UseMonkeypatch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """A definition that stays as it is. `firm` keeps also win over a finding's edit."""

    code: str
    subject: Subject
    because: str
    evidence: tuple[Location, ...] = ()
    firm: bool = True
