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
    links = quote(prefix)
    blocks = [*_findings(report, links), *failures_block(report, links), *kept_block(report, links), *skipped_block(report, links)]
    return "\n\n".join(["### rescope", *blocks, escaped(summary(report))]) + "\n"


def _findings(report: Report, links: str) -> Iterator[str]:
    for group in report.shown:
        yield "\n".join(finding_lines(report, group, links))


def finding_lines(report: Report, group: ChangeGroup, links: str) -> Iterator[str]:
    """One finding: what leaks, then a list of evidence, the fix and who follows; `links` is what links to files begin with."""
    finding = group.finding
    yield f"**{finding.code}** {link(place(finding.subject), links)} {escaped(finding.message)}"
    yield ""
    for at in dict.fromkeys((finding.primary, *finding.related)):
        yield f"- {link(at, links)} {code(report.lines.get((at.path, at.line), ''))} {escaped(at.note)}".rstrip()
    yield f"- **{escaped(fix_sentence(group))}**"
    for dependent in group.dependents:
        subject = dependent.subject
        yield f"  - {link(place(subject), links)} {code(subject.name)} {subject.scope} -> {dependent.to}"


def failures_block(report: Report, links: str) -> Iterator[str]:
    """The files that could not be analysed, if there are any."""
    lines = [f"- {link(Location(path=f.path, line=f.line), links)} {escaped(f.message)}" for f in report.failures]
    if lines:
        yield "\n".join(["**Not analysed**", "", *lines])


def kept_block(report: Report, links: str) -> Iterator[str]:
    """What is kept and why, folded away, if there is anything."""
    lines = []
    for keep in report.plan.kept:
        scope = f"{keep.subject.scope}, " if keep.subject.scope else ""
        lines.append(f"- {link(place(keep.subject), links)} {code(keep.subject.name)} {escaped(scope + keep.because)}")
    yield from folded("kept", lines)


def skipped_block(report: Report, links: str) -> Iterator[str]:
    """What was left alone and why, folded away, if there is anything."""
    skipped = report.plan.skipped
    yield from folded("skipped", [f"- {link(place(s.subject), links)} {code(s.subject.name)} {escaped(s.reason)}" for s in skipped])


def folded(title: str, lines: list[str]) -> Iterator[str]:
    """A block that opens on a click; the blank lines make its inside Markdown again."""
    if lines:
        yield "\n".join([f"<details><summary>{len(lines)} {title}</summary>", "", *lines, "", "</details>"])


def place(subject: Subject) -> Location:
    """Where the subject is defined."""
    return Location(path=subject.address.path, line=subject.line)


def link(at: Location, links: str) -> str:
    """A link to the line, called by its path from the project on."""
    return f"[{escaped(f'{at.path}:{at.line}')}]({links}{quote(at.path)}#L{at.line})"


def code(text: str) -> str:
    """Text as code, fenced by more backticks than stand in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def escaped(text: str) -> str:
    """Text in which nothing is markup."""
    return _SPECIAL.sub(r"\\\1", text)
