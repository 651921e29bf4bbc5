"""Findings, keeps and the rest of the report as parts of the page."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rescope.model.address import Address, Location
from rescope.model.finding import Subject
from rescope.model.plan import ChangeGroup, FileChange
from rescope.model.report import Report
from rescope.reporting.diff import render_diff
from rescope.reporting.html.markup import Markup, code, element, joined, row, table, text
from rescope.reporting.text import headline

_KINDS = {"+": "added", "-": "removed", "@": "hunk"}
_HEADERS = ("diff --git ", "new file mode ", "--- ", "+++ ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """The ids of findings, keeps and skips in the page, and the boxes of the drawing by definition."""

    findings: tuple[str, ...]
    kept: tuple[str, ...]
    boxes: Mapping[Address, str]


def anchors(report: Report, boxes: Mapping[Address, str]) -> Anchors:
    """An id for each finding (`RSC101-client`) and keep (`RSC901-engine`); a second one of a name gets a number."""
    taken: dict[str, int] = {}
    return Anchors(
        findings=tuple(_anchor(g.finding.code, g.finding.subject, taken) for g in report.plan.groups),
        kept=tuple(_anchor(k.code, k.subject, taken) for k in report.plan.kept),
        boxes=boxes,
    )


def _anchor(rule: str, subject: Subject, taken: dict[str, int]) -> str:
    name = f"{rule}-{re.sub(r'[^A-Za-z0-9_.]+', '-', subject.name)}"
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name}~{taken[name]}"


# --- findings -------------------------------------------------------------------------------------


def findings(report: Report, changes: Mapping[ChangeGroup, Sequence[FileChange]], ids: Anchors) -> Iterator[Markup]:
    """Each finding with evidence, fix and diff."""
    for group, anchor in zip(report.plan.groups, ids.findings, strict=True):
        yield _finding(report, group, changes.get(group, ()), anchor, ids)


def _finding(report: Report, group: ChangeGroup, changes: Sequence[FileChange], anchor: str, ids: Anchors) -> Markup:
    finding = group.finding
    title = element("h3", element("a", text(finding.code), href=f"#{anchor}"), text(" "), text(finding.message))
    place = (_place(Location(path=finding.subject.address.path, line=finding.subject.line)), *to_drawing(finding.subject, ids))
    tags = joined(element("span", text(word), class_=f"tag {word.split()[0]}") for word in _tags(group))
    parts = [title, element("p", *place, text(" "), tags, class_="where"), _evidence(report, group), *_fix(report, group, ids)]
    return element("article", *parts, *_diff(group, changes), id=anchor, class_="finding filterable", tabindex="-1")


def _tags(group: ChangeGroup) -> tuple[str, ...]:
    level = group.applicability.value if group.edits else "no fix"
    finding = group.finding
    return (f"{finding.severity.value}", f"{finding.confidence.value} confidence", level)


def _place(at: Location) -> Markup:
    """A path with its line, which may be broken behind each folder."""
    parts = re.split(r"(?<=/)", f"{at.path}:{at.line}")
    return element("span", Markup(element("wbr").join(text(part) for part in parts)), class_="place")


def to_drawing(subject: Subject, ids: Anchors) -> tuple[Markup, ...]:
    """A link to the box of a definition, if it has one."""
    key = ids.boxes.get(subject.address)
    return (text(" "), element("a", text("show in the graph"), href=f"#node-{key}", class_="jump")) if key else ()


def _evidence(report: Report, group: ChangeGroup) -> Markup:
    finding = group.finding
    rows = (
        row(_place(at), code(report.lines.get((at.path, at.line), "")), text(at.note))
        for at in dict.fromkeys((finding.primary, *finding.related))
    )
    return table("Evidence", ("Place", "Code", "What it shows"), rows, class_="evidence")


def _fix(report: Report, group: ChangeGroup, ids: Anchors) -> Iterator[Markup]:
    if not group.edits:
        yield element("p", element("strong", text("No fix")), text(f": {group.caveat}" if group.caveat else "."), class_="fix")
        return
    caveat = f": {group.caveat}" if group.caveat else ""
    yield element("p", element("strong", text("Fix: ")), text(f"{headline(group)} ({group.applicability.value}{caveat})"), class_="fix")
    if group.dependents:
        rows = (
            row(
                joined((_place(Location(path=d.subject.address.path, line=d.subject.line)), *to_drawing(d.subject, ids))),
                code(report.lines.get((d.subject.address.path, d.subject.line), d.subject.name)),
                text(f"{d.subject.scope} -> {d.to}"),
            )
            for d in group.dependents
        )
        yield table("Dependents that follow", ("Place", "Fixture", "Scope"), rows)


def _diff(group: ChangeGroup, changes: Sequence[FileChange]) -> Iterator[Markup]:
    if group.edits and not changes:
        yield element("p", text("No diff: the edits do not fit the files as they are now, or change nothing in them."))
    if changes:
        shown = element("pre", *_diff_lines(changes), tabindex="0", aria_label="Diff", role="region")
        yield element("details", element("summary", text("Diff of this finding alone")), shown, class_="diff", open="")


def _diff_lines(changes: Sequence[FileChange]) -> Iterator[Markup]:
    inside = False
    for line in render_diff(changes).decode("utf-8", "replace").rstrip("\n").split("\n"):
        inside = line.startswith("@@") or (inside and not line.startswith("diff --git "))
        kind = _KINDS.get(line[:1], "same") if inside else "header"
        yield element("span", text(line), class_=kind)


# --- what is kept, skipped, not analysed ----------------------------------------------------------


def kept(report: Report, ids: Anchors) -> Markup:
    """All keeps with their reasons and evidence."""
    rows = (
        row(
            joined((code(keep.subject.name), *to_drawing(keep.subject, ids))),
            text(keep.code),
            text(keep.subject.scope or "singleton"),
            text(keep.because),
            _lines((Location(path=keep.subject.address.path, line=keep.subject.line), *keep.evidence), report),
            id=anchor,
            class_="filterable",
            tabindex="-1",
        )
        for keep, anchor in zip(report.plan.kept, ids.kept, strict=True)
    )
    return table("What stays broad, and why", ("Name", "Rule", "Scope", "Because", "Evidence"), rows)


def _lines(places: Iterable[Location], report: Report) -> Markup:
    lines = {(at.path, at.line): at for at in places}
    return joined(element("div", _place(at), text(" "), code(report.lines.get(where, "")), class_="line") for where, at in lines.items())


def skipped(report: Report) -> Markup:
    """What was left alone."""
    rows = (
        row(code(s.subject.name), _place(Location(path=s.subject.address.path, line=s.subject.line)), text(s.reason), class_="filterable")
        for s in report.plan.skipped
    )
    return table("What was left alone", ("Name", "Place", "Reason"), rows)


def failures(report: Report) -> Markup:
    """Files that were not analysed."""
    rows = (row(_place(Location(path=f.path, line=f.line)), text(f.message), class_="filterable") for f in report.failures)
    return table("Files that were not analysed", ("Place", "Message"), rows)
