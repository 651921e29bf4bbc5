"""What a test run saw (`pytest --rescope-record`), joined with the findings: confirmed, or never moved.

Nothing is removed, and no edit becomes safer: a run shows what happened in one order, not what may happen.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rescope.model.address import Location
from rescope.model.finding import Confidence, Finding, Subject, SubjectKind
from rescope.model.plan import ChangeGroup, Plan

SCHEMA = 2
_BY_SET_UP = frozenset({"RSC101", "RSC102"})
_BY_TEST = "RSC208"
_BY_VALUE = frozenset({"RSC103", "RSC104", "RSC105"})
_LOWER = {Confidence.HIGH: Confidence.MEDIUM, Confidence.MEDIUM: Confidence.LOW, Confidence.LOW: Confidence.LOW}
_SHOWN = 3


class EvidenceError(Exception):
    """The file is no record of a test run; the message is for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A state that was watched: by how many tests, and how many of them moved it. `whole`: any move would have been seen."""

    path: str
    qualname: str
    tests: int
    moved: int
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A change that later tests ran with; `owner` is the path and name of the broad fixture that made it.

    `changed_at` and `read_at` are places as `path:line`, empty where they are not known; `ran` says that the latter was seen to run, not
    only seen in the source; `unread` says that no test read the state.
    """

    kind: str
    path: str
    qualname: str
    state: str
    test: str
    at: tuple[str, int]
    owner: tuple[str, str] | None
    later: str
    changed_at: str
    read_at: str
    ran: bool
    unread: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The record of one run."""

    watched: tuple[Watched, ...] = ()
    seen: tuple[Seen, ...] = ()


def read_evidence(path: Path) -> Evidence:
    """The record in a file."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise EvidenceError(f"{path}: the evidence cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise EvidenceError(f"{path}: no evidence of rescope: it is not JSON ({error})") from error
    if not isinstance(data, dict) or data.get("tool") != "rescope" or "watched" not in data:
        raise EvidenceError(f"{path}: no evidence of rescope: write it with `pytest --rescope-record=FILE`")
    if data.get("schema") != SCHEMA:
        raise EvidenceError(f"{path}: evidence of schema {data.get('schema')!r}, this rescope reads schema {SCHEMA}; record it anew")
    try:
        return Evidence(watched=tuple(map(_watched, data["watched"])), seen=tuple(_seen(data["changes"], lines=data["lines"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError(f"{path}: the evidence is damaged: {error!r}; record it anew") from error


def _watched(entry: Mapping[str, Any]) -> Watched:
    tests, moved = int(entry["tests"]), int(entry["moved"])
    return Watched(path=str(entry["path"]), qualname=str(entry["qualname"]), tests=tests, moved=moved, whole=entry["whole"] is True)


def _seen(entries: Iterable[Mapping[str, Any]], *, lines: bool) -> Iterator[Seen]:
    """The changes that later tests ran with. A test that read the state is named, else one that did not request the fixture."""
    for entry in entries:
        owner = entry["owner"]
        later = str(entry["first_reader"] or (entry["first_stranger"] if owner else entry["first_requested"]) or entry["first"])
        if later and int(entry["in_place"]) > 0:
            yield Seen(
                kind=str(entry["kind"]),
                path=str(entry["path"]),
                qualname=str(entry["qualname"]),
                state=f"{entry['name']}{entry['where']}",
                test=str(entry["test"]),
                at=(str(entry["test_path"]), int(entry["test_line"])),
                owner=(str(owner["path"]), str(owner["name"])) if owner and owner["phase"] == "set-up" else None,
                later=later,
                changed_at=" or ".join(map(str, entry["changed_at"])),
                read_at=str(entry["read_at"]),
                ran=lines,
                unread=lines and entry["read_by"] == 0,
            )


def join(plan: Plan, evidence: Evidence) -> Plan:
    """The plan with findings confirmed or doubted; groups, edits and applicability are as they were."""
    return replace(plan, groups=tuple(_joined(group, evidence) for group in plan.groups))


def _joined(group: ChangeGroup, evidence: Evidence) -> ChangeGroup:
    finding = group.finding
    subjects = (finding.subject, *(d.subject for d in group.dependents))
    proofs = sorted((s for s in evidence.seen if _proves(s, finding, subjects)), key=lambda s: s.unread)
    if proofs:
        places = tuple(Location(path=s.at[0], line=s.at[1], note=_told(s)) for s in proofs[:_SHOWN])
        confidence = finding.confidence if all(s.unread for s in proofs) else Confidence.HIGH
        return replace(group, finding=_observed(finding, places, confidence))
    watched = [w for w in evidence.watched if (w.path, w.qualname) == _key(finding.subject)]
    tests = sum(w.tests for w in watched)
    if not tests or not _would_show(finding, watched):
        return group
    note = f"watched in {tests} test{'s' if tests > 1 else ''}, never moved"
    place = Location(path=finding.subject.address.path, line=finding.subject.line, note=note)
    return replace(group, finding=_observed(finding, (place,), _LOWER[finding.confidence]))


def _observed(finding: Finding, places: tuple[Location, ...], confidence: Confidence) -> Finding:
    return replace(finding, related=(*finding.related, *places), confidence=confidence)


def _key(subject: Subject) -> tuple[str, str]:
    return subject.address.path, subject.address.qualname


def _proves(seen: Seen, finding: Finding, subjects: tuple[Subject, ...]) -> bool:
    """Whether a change is the one that the finding speaks of."""
    if finding.code == _BY_TEST:
        return seen.at[0] == finding.primary.path and seen.state.partition("[")[0].endswith(finding.subject.name)
    if finding.subject.kind is SubjectKind.SINGLETON:
        return seen.kind == "singleton" and (seen.path, seen.qualname) == _key(finding.subject)
    if finding.code in _BY_SET_UP:
        process = seen.kind == "overrides" if finding.code == "RSC101" else seen.kind not in {"overrides", "fixture"}
        return process and seen.owner in {(s.address.path, s.name) for s in subjects}
    return finding.code in _BY_VALUE and seen.kind == "fixture" and (seen.path, seen.qualname) == _key(finding.subject)


def _would_show(finding: Finding, watched: list[Watched]) -> bool:
    """Whether the finding, if true, would have shown in what was watched: not so for effects of a set-up, and for half-seen values."""
    if any(w.moved for w in watched) or finding.code in _BY_SET_UP:
        return False
    return (finding.subject.kind is SubjectKind.SINGLETON and finding.code != _BY_TEST) or (
        finding.code in _BY_VALUE and all(w.whole for w in watched)
    )


def _told(seen: Seen) -> str:
    by = f"set-up of '{seen.owner[1]}' in {seen.test}" if seen.owner else seen.test
    at = f" at {seen.changed_at}" if seen.changed_at else ""
    after = f"in place while {seen.later} ran"
    if seen.read_at:
        in_source = f"{after}, which the source shows to use it at {seen.read_at}"
        after = f"read by {seen.later} at {seen.read_at}" if seen.ran else in_source
    return f"{seen.state} changed by {by}{at}, {after}{', seen to be read by no test' if seen.unread else ''}"
