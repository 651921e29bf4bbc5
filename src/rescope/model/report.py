"""What every output format is rendered from."""

from dataclasses import dataclass, field

from rescope.model.facts import ParseFailure
from rescope.model.finding import Confidence
from rescope.model.plan import ChangeGroup, FileChange, Plan, Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What was looked at; `seconds` is wall time."""

    files: int = 0
    fixtures: int = 0
    tests: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The plan with what could not be read, and the source lines that evidence points at; `accepted` counts findings of the baseline.

    Findings below `min_confidence` are only told to whoever asks for everything, and not acted upon.
    """

    root: str
    plan: Plan
    failures: tuple[ParseFailure, ...] = ()
    stats: Stats = Stats()
    accepted: int = 0
    min_confidence: Confidence = Confidence.MEDIUM
    lines: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def shown(self) -> tuple[ChangeGroup, ...]:
        """The groups that are sure enough to be shown and acted upon."""
        return tuple(group for group in self.plan.groups if group.finding.confidence.reaches(self.min_confidence))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """The files that the groups taken make, and the groups that could not be applied."""

    changes: tuple[FileChange, ...] = ()
    taken: tuple[ChangeGroup, ...] = ()
    refused: tuple[Skipped, ...] = ()
