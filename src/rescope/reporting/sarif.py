"""The report as SARIF 2.1.0, for code scanning and editors."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from rescope.model.address import Location
from rescope.model.finding import Finding, Severity, Subject, SubjectKind
from rescope.model.plan import ChangeGroup, FileChange
from rescope.model.report import Report
from rescope.reporting.fingerprint import fingerprints
from rescope.reporting.replacements import Replacement, encoding_of, replacements
from rescope.reporting.text import fix_sentence
from rescope.rule import Rule
from rescope.version import __version__

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_LEVELS: Mapping[Severity, str] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SarifExtras:
    """What SARIF says beyond the report: rules, the file changes of each group, rules that failed, the way from the repository's top."""

    rules: tuple[Rule, ...]
    changes: Mapping[ChangeGroup, tuple[FileChange, ...]]
    crashes: tuple[str, ...] = ()
    prefix: str = ""


def render_sarif(report: Report, extras: SarifExtras) -> str:
    """One SARIF log with one run, ending in a newline."""
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report, extras)]}, indent=2, ensure_ascii=False) + "\n"


def _run(report: Report, extras: SarifExtras) -> Json:
    groups = report.plan.groups
    keys = fingerprints(g.finding for g in groups)
    driver = {"name": "rescope", "semanticVersion": __version__, "rules": [_rule(r) for r in extras.rules]}
    return {
        "tool": {"driver": driver},
        "invocations": [_invocation(report, extras)],
        "originalUriBaseIds": {_ROOT: {"description": _message("the top of the repository, or the project where there is none")}},
        "artifacts": list(_artifacts(extras)),
        "defaultEncoding": "utf-8",
        "columnKind": "unicodeCodePoints",
        "results": [_result(group, key, extras) for group, key in zip(groups, keys, strict=True)],
        "properties": {"kept": len(report.plan.kept), "skipped": len(report.plan.skipped)},
    }


def _rule(rule: Rule) -> Json:
    why = rule.doc.strip().split("\n\n")[1].splitlines()[2:]
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": " ".join(why)},
        "help": {"text": rule.doc.strip(), "markdown": rule.doc.strip()},
    }


def _invocation(report: Report, extras: SarifExtras) -> Json:
    broken = [_notification(f.message, [_location(Location(path=f.path, line=f.line), extras)]) for f in report.failures]
    broken += [_notification(crash, []) for crash in extras.crashes]
    return {"executionSuccessful": not broken, "toolExecutionNotifications": broken}


def _notification(text: str, locations: list[Json]) -> Json:
    return {"level": "error", "message": _message(text), "locations": locations}


def _artifacts(extras: SarifExtras) -> Iterator[Json]:
    """The files whose text a fix replaces and that are not in UTF-8: a fix is text, the file has bytes."""
    contents = {c.path: c.before for changes in extras.changes.values() for c in changes if c.before is not None}
    for path, content in sorted(contents.items()):
        encoding = encoding_of(content)
        if not encoding.startswith("utf-8"):
            yield {"location": _artifact(path, extras), "encoding": encoding}


def _result(group: ChangeGroup, key: str, extras: SarifExtras) -> Json:
    finding = group.finding
    codes = [rule.code for rule in extras.rules]
    result: Json = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": _message(finding.message),
        "locations": [{**_location(finding.primary, extras), "logicalLocations": [_logical(finding.subject)]}],
        "relatedLocations": [{"id": n, **_location(at, extras)} for n, at in enumerate(_related(finding))],
        "partialFingerprints": {"rescopeFinding/v1": key},
        "properties": {
            "confidence": finding.confidence.value,
            "applicability": group.applicability.value,
            "reason": finding.reason,
            "caveat": group.caveat,
        },
    }
    changes = extras.changes.get(group, ())
    return {**result, "fixes": [_fix(group, changes, extras)]} if changes else result


def _related(finding: Finding) -> Iterable[Location]:
    return dict.fromkeys((finding.primary, *finding.related))


def _fix(group: ChangeGroup, changes: Iterable[FileChange], extras: SarifExtras) -> Json:
    return {
        "description": _message(fix_sentence(group)),
        "artifactChanges": [
            {"artifactLocation": _artifact(c.path, extras), "replacements": [_replacement(r) for r in replacements(c)]} for c in changes
        ],
    }


def _replacement(part: Replacement) -> Json:
    region = {"startLine": part.line, "startColumn": 1, "endLine": part.end_line, "endColumn": part.end_column}
    return {"deletedRegion": region, "insertedContent": {"text": part.text}}


def _logical(subject: Subject) -> Json:
    kind = "function" if subject.kind is SubjectKind.FIXTURE else "variable"
    return {"name": subject.name, "fullyQualifiedName": subject.address.qualname, "kind": kind}


def _location(at: Location, extras: SarifExtras) -> Json:
    region = {"startLine": max(at.line, 1), "startColumn": max(at.column, 1)}
    place: Json = {"physicalLocation": {"artifactLocation": _artifact(at.path, extras), "region": region}}
    return {**place, "message": _message(at.note)} if at.note else place


def _artifact(path: str, extras: SarifExtras) -> Json:
    return {"uri": quote(extras.prefix + path), "uriBaseId": _ROOT}


def _message(text: str) -> Json:
    """A message; braces are doubled, since SARIF reads single ones as placeholders (2.1.0, 3.11.5)."""
    return {"text": text.replace("{", "{{").replace("}", "}}")}
