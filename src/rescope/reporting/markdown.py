"""The report as Markdown, for a pull request or a job summary."""

import re
from collections.abc import Iterator
from urllib.parse import quote

from rescope.model.address import Location
from rescope.model.finding import Subject
from rescope.model.plan import ChangeGroup
from rescope.model.report import Report
from rescope.reporting.text import fix_sentence, summary

_SPECIAL = re.compile(r"([\\`*_{}\[\]<#|~$&@])")


def render_markdown(report: Report, prefix: str = "") -> str:
    """Findings with evidence and fix, what is kept and skipped folded away, and the counts.

    `prefix` leads from the top of the repository to the project: links start there.
    """
    blocks = [*_findings(report, prefix), *_failures(report, prefix), *_kept(report, prefix), *_skipped(report, prefix)]
    return "\n\n".join(["### rescope", *blocks, _escaped(summary(report))]) + "\n"


def _findings(report: Report, prefix: str) -> Iterator[str]:
    for group in report.plan.groups:
        yield "\n".join(_finding(report, group, prefix))


def _finding(report: Report, group: ChangeGroup, prefix: str) -> Iterator[str]:
    finding = group.finding
    yield f"**{finding.code}** {_link(_place(finding.subject), prefix)} {_escaped(finding.message)}"
    yield ""
    for at in dict.fromkeys((finding.primary, *finding.related)):
        yield f"- {_link(at, prefix)} {_code(report.lines.get((at.path, at.line), ''))} {_escaped(at.note)}".rstrip()
    yield f"- **{_escaped(fix_sentence(group))}**"
    for dependent in group.dependents:
        subject = dependent.subject
        yield f"  - {_link(_place(subject), prefix)} {_code(subject.name)} {subject.scope} -> {dependent.to}"


def _failures(report: Report, prefix: str) -> Iterator[str]:
    lines = [f"- {_link(Location(path=f.path, line=f.line), prefix)} {_escaped(f.message)}" for f in report.failures]
    if lines:
        yield "\n".join(["**Not analysed**", "", *lines])


def _kept(report: Report, prefix: str) -> Iterator[str]:
    lines = []
    for keep in report.plan.kept:
        scope = f"{keep.subject.scope}, " if keep.subject.scope else ""
        lines.append(f"- {_link(_place(keep.subject), prefix)} {_code(keep.subject.name)} {_escaped(scope + keep.because)}")
    yield from _folded("kept", lines)


def _skipped(report: Report, prefix: str) -> Iterator[str]:
    skipped = report.plan.skipped
    yield from _folded("skipped", [f"- {_link(_place(s.subject), prefix)} {_code(s.subject.name)} {_escaped(s.reason)}" for s in skipped])


def _folded(title: str, lines: list[str]) -> Iterator[str]:
    """A block that opens on a click; the blank lines make its inside Markdown again."""
    if lines:
        yield "\n".join([f"<details><summary>{len(lines)} {title}</summary>", "", *lines, "", "</details>"])


def _place(subject: Subject) -> Location:
    return Location(path=subject.address.path, line=subject.line)


def _link(at: Location, prefix: str) -> str:
    return f"[{_escaped(f'{at.path}:{at.line}')}]({quote(prefix + at.path)}#L{at.line})"


def _code(text: str) -> str:
    """Text as code, fenced by more backticks than stand in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
