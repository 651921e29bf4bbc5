"""The report for the forges that annotate changed lines: GitHub's workflow commands and GitLab's Code Quality."""

import json
from collections.abc import Iterator, Mapping

from rescope.model.address import Location
from rescope.model.finding import Severity
from rescope.model.plan import ChangeGroup
from rescope.model.report import Report
from rescope.reporting.fingerprint import fingerprints
from rescope.reporting.text import fix_sentence

_COMMANDS: Mapping[Severity, str] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_QUALITY: Mapping[Severity, str] = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render_github(report: Report, prefix: str = "") -> str:
    """One workflow command a finding and a failure; `prefix` leads from the top of the repository to the project."""
    lines = [_annotation(group, prefix) for group in report.shown]
    lines += [_command("error", Location(path=f.path, line=f.line), "rescope", f.message, prefix) for f in report.failures]
    return "".join(f"{line}\n" for line in lines)


def _annotation(group: ChangeGroup, prefix: str) -> str:
    finding = group.finding
    evidence = [f"{at.path}:{at.line}: {at.note}" for at in dict.fromkeys((finding.primary, *finding.related))]
    text = "\n".join([finding.message, *evidence, fix_sentence(group)])
    return _command(_COMMANDS[finding.severity], finding.primary, f"{finding.code} {finding.rule}", text, prefix)


def _command(name: str, at: Location, title: str, text: str, prefix: str) -> str:
    values = {"file": prefix + at.path, "line": str(max(at.line, 1)), "col": str(max(at.column, 1)), "title": title}
    return f"::{name} {','.join(f'{key}={_property(value)}' for key, value in values.items())}::{_data(text)}"


def _data(text: str) -> str:
    """Text as GitHub's runner decodes it after the second pair of colons."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """The same within the properties, where colons and commas part values."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def render_gitlab(report: Report, prefix: str = "") -> str:
    """The findings as a Code Quality report: one JSON array, ending in a newline."""
    return json.dumps(list(_issues(report, prefix)), indent=2, ensure_ascii=False) + "\n"


def _issues(report: Report, prefix: str) -> Iterator[dict[str, object]]:
    groups = report.shown
    for group, key in zip(groups, fingerprints(g.finding for g in groups), strict=True):
        finding = group.finding
        yield {
            "description": f"{finding.code} {finding.message}; {fix_sentence(group)}",
            "check_name": finding.rule,
            "fingerprint": key,
            "severity": _QUALITY[finding.severity],
            "location": {"path": prefix + finding.primary.path, "lines": {"begin": max(finding.primary.line, 1)}},
        }
