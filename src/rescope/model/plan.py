"""What will be done, what will not, and what that makes of the files."""

from dataclasses import dataclass

from rescope.model.address import Address
from rescope.model.edit import Edit
from rescope.model.finding import Applicability, Finding, Keep, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """A fixture that must follow a narrowed one, and whom it requests."""

    subject: Subject
    requests: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeGroup:
    """All edits of one finding: taken or left whole.

    `relies_on` are the fixtures that other groups must narrow, or these edits could break tests that pass.
    """

    finding: Finding
    edits: tuple[Edit, ...]
    dependents: tuple[Dependent, ...] = ()
    applicability: Applicability = Applicability.SAFE
    caveat: str = ""
    relies_on: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that was left alone, and why."""

    subject: Subject
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Groups in report order; `unremarkable` counts broad fixtures about which there is nothing to say."""

    groups: tuple[ChangeGroup, ...] = ()
    kept: tuple[Keep, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    unremarkable: tuple[Subject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """The bytes of one file before and after; `before` is None where the file is new."""

    path: str
    before: bytes | None
    after: bytes
