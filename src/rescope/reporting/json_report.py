"""The report as JSON, schema 1."""

import json
from collections.abc import Iterator

from rescope.model.address import Address, Location
from rescope.model.edit import AddReason, AddResetFixture, ChangeScope, Edit, RestoreInPlace, UseMonkeypatch
from rescope.model.facts import ParseFailure
from rescope.model.finding import Keep, Strategy, Subject
from rescope.model.plan import ChangeGroup, Skipped
from rescope.model.report import Report
from rescope.reporting.fingerprint import fingerprints

SCHEMA = 1
Json = dict[str, object]


def render_json(report: Report) -> str:
    """The report as one JSON object, ending in a newline."""
    plan = report.plan
    keys = fingerprints(g.finding for g in plan.groups)
    data = {
        "schema": SCHEMA,
        "root": ".",
        "min_confidence": report.min_confidence.value,
        "findings": [_finding(g, key) for g, key in zip(plan.groups, keys, strict=True)],
        "kept": [_keep(k) for k in plan.kept],
        "skipped": [_skip(s) for s in plan.skipped],
        "failures": [_failure(f) for f in report.failures],
        "stats": {
            "files": report.stats.files,
            "fixtures": report.stats.fixtures,
            "tests": report.stats.tests,
            "unremarkable": len(plan.unremarkable),
            "baseline": report.accepted,
            "seconds": report.stats.seconds,
        },
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _finding(group: ChangeGroup, key: str) -> Json:
    finding = group.finding
    return {
        "code": finding.code,
        "rule": finding.rule,
        "message": finding.message,
        "reason": finding.reason,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "applicability": group.applicability.value,
        "caveat": group.caveat,
        "subject": subject_json(finding.subject),
        "primary": _location(finding.primary),
        "related": [_location(at) for at in finding.related],
        "fix": _fix(group),
        "fingerprint": key,
    }


def _fix(group: ChangeGroup) -> Json | None:
    if not group.edits:
        return None
    strategy = group.finding.strategy
    return {"strategy": strategy.value if strategy is not Strategy.NONE else "narrow", "edits": list(_edits(group))}


def _edits(group: ChangeGroup) -> Iterator[Json]:
    subjects = {d.subject.address: d.subject for d in group.dependents}
    subjects[group.finding.subject.address] = group.finding.subject
    for edit in group.edits:
        yield _edit(edit, subjects)


def _edit(edit: Edit, subjects: dict[Address, Subject]) -> Json:
    match edit:
        case ChangeScope(address=address, before=before, after=after):
            subject = subjects[address]
            place: Json = {"name": subject.name, "qualname": address.qualname, "path": address.path, "line": subject.line}
            return {"kind": "change-scope", **place, "from": str(before), "to": str(after)}
        case AddReason(address=address, text=text):
            subject = subjects[address]
            return {"kind": "add-reason", "name": subject.name, "path": address.path, "line": subject.line, "text": text}
        case RestoreInPlace(address=address, target=target):
            subject = subjects[address]
            return {"kind": "restore-in-place", "name": subject.name, "path": address.path, "line": subject.line, "state": target}
        case UseMonkeypatch(address=address, patches=patches):
            states = [patch.state for patch in patches]
            return {"kind": "use-monkeypatch", "name": address.name, "qualname": address.qualname, "path": address.path, "states": states}
        case AddResetFixture(path=path, name=name, creates_file=creates):
            states = [f"{step.module}.{step.name}" for step in edit.steps] + [f"{edit.fixture}.{p.path}".rstrip(".") for p in edit.parts]
            return {"kind": "add-reset-fixture", "name": name, "path": path, "line": None, "creates_file": creates, "states": states}


def subject_json(subject: Subject) -> Json:
    """A subject; `scope` is null for a singleton, `names` are all that are written together with it, `readers` where tests use it."""
    return {
        "kind": subject.kind.value,
        "name": subject.name,
        "qualname": subject.address.qualname,
        "path": subject.address.path,
        "line": subject.line,
        "scope": subject.scope or None,
        "names": list(subject.names),
        "readers": list(subject.readers),
    }


def _location(at: Location) -> Json:
    return {"path": at.path, "line": at.line, "column": at.column, "note": at.note}


def _keep(keep: Keep) -> Json:
    evidence = [_location(at) for at in keep.evidence]
    return {"code": keep.code, "subject": subject_json(keep.subject), "because": keep.because, "evidence": evidence}


def _skip(skip: Skipped) -> Json:
    return {"subject": subject_json(skip.subject), "reason": skip.reason}


def _failure(failure: ParseFailure) -> Json:
    return {"path": failure.path, "line": failure.line, "message": failure.message}
