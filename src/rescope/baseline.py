"""Findings that a project accepts for now, as a file of one line a finding: text to entries and back."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace

from rescope.model.finding import Finding
from rescope.model.report import Report
from rescope.reporting.fingerprint import fingerprints

_SCHEMA = 1
_ADVICE = "mend the line, or delete the file and write it anew with --write-baseline"


class BaselineError(Exception):
    """A baseline that cannot be used; the text says where and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Entry:
    """One accepted finding; the fingerprint decides, the rest is for people who read the file."""

    code: str
    path: str
    name: str
    fingerprint: str


def entries(findings: Iterable[Finding]) -> tuple[Entry, ...]:
    """One entry for each finding, in order."""
    listed = tuple(findings)
    pairs = zip(listed, fingerprints(listed), strict=True)
    return tuple(Entry(code=f.code, path=f.subject.address.path, name=f.subject.name, fingerprint=key) for f, key in pairs)


def accept(report: Report, baseline: Iterable[Entry]) -> Report:
    """The report without the findings of the baseline, which are counted instead."""
    known = {entry.fingerprint for entry in baseline}
    groups = report.plan.groups
    new = tuple(g for g, key in zip(groups, fingerprints(g.finding for g in groups), strict=True) if key not in known)
    return replace(report, plan=replace(report.plan, groups=new), accepted=len(groups) - len(new))


def render_baseline(baseline: Iterable[Entry]) -> str:
    """The entries as JSON, sorted, one a line: a change of the baseline is a diff of the lines that changed."""
    lines = ",\n".join(json.dumps(asdict(entry), ensure_ascii=False) for entry in sorted(set(baseline)))
    return "\n".join([f'{{"schema": {_SCHEMA}, "findings": [', *([lines] if lines else []), "]}", ""])


def parse_baseline(text: str, file: str) -> tuple[Entry, ...]:
    """The entries of a baseline; raises BaselineError with file and line where it is damaged."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise BaselineError(f"{file}:{error.lineno}: the baseline is damaged: {error.msg}; {_ADVICE}") from error
    if not isinstance(data, dict) or data.get("schema") != _SCHEMA or not isinstance(data.get("findings"), list):
        raise BaselineError(f"{file}:1: this is no baseline of schema {_SCHEMA}; {_ADVICE}")
    names = [field.name for field in fields(Entry)]
    for index, item in enumerate(data["findings"]):
        if not isinstance(item, dict) or set(item) != set(names) or not all(isinstance(v, str) for v in item.values()):
            message = f"{file}:{_line(text, index)}: the baseline is damaged: an entry has {', '.join(names)}; {_ADVICE}"
            raise BaselineError(message)
    return tuple(Entry(**item) for item in data["findings"])


def _line(text: str, index: int) -> int:
    """The line of the entry with this index in valid JSON."""
    opened = re.search(r'"findings"\s*:\s*\[', text)
    at = opened.end() if opened else 0
    for _ in range(index):
        _, at = json.JSONDecoder().raw_decode(text, _next(text, at))
    return text.count("\n", 0, _next(text, at)) + 1


def _next(text: str, at: int) -> int:
    return at + len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
