"""The report for people: findings with evidence, what is kept, what was left alone, and a closing line."""

from collections import Counter
from collections.abc import Iterable, Iterator

from rescope.model.address import Location
from rescope.model.edit import AddResetFixture, ChangeScope, UseMonkeypatch
from rescope.model.finding import Applicability, Confidence, Keep, Strategy, Subject
from rescope.model.plan import ChangeGroup, Skipped
from rescope.model.report import Report

_CODE_WIDTH = 56
_LEAST_CODE_WIDTH = 24


def render_text(report: Report, *, show_kept: bool = False, show_all: bool = False, statistics: bool = False, width: int = 0) -> str:
    """The whole report, with rich markup-free text; one finding is a block, blocks are parted by blank lines.

    What is below the least confidence is counted in the last line, and shown with `show_all`. Code is cut so that it
    stands beside its note in `width` columns; 0 means that there is room.
    """
    if statistics:
        return "".join(_statistics(report))
    blocks = [finding_block(report, group, width) for group in (report.plan.groups if show_all else report.shown)]
    if show_kept:
        blocks += [[_keep_line(report, keep)] for keep in report.plan.kept]
    blocks += [[_skip_line(skip)] for skip in report.plan.skipped]
    if show_all:
        blocks += [[f"unremarkable: {_where(s)}: {s.name}  {s.scope}"] for s in report.plan.unremarkable]
    blocks.append([summary(report)])
    return "\n\n".join("\n".join(block) for block in _joined(blocks)) + "\n"


def _joined(blocks: list[list[str]]) -> Iterator[list[str]]:
    """Blocks of one line that follow each other need no blank line between them."""
    run: list[str] = []
    for block in blocks[:-1]:
        if len(block) == 1:
            run += block
            continue
        if run:
            yield run
            run = []
        yield block
    if run:
        yield run
    yield blocks[-1]


def _headline(group: ChangeGroup) -> str:
    finding = group.finding
    return f"{finding.subject.address.path}:{finding.subject.line}:{finding.primary.column}: {finding.code} {finding.message}"


def finding_block(report: Report, group: ChangeGroup, width: int = 0) -> list[str]:
    """One finding as lines: the sentence, the evidence, the fix."""
    finding = group.finding
    lines = [_headline(group)]
    lines += _evidence(report, tuple(dict.fromkeys((finding.primary, *finding.related))), finding.subject.address.path, width)
    lines += _fix_lines(report, group)
    return lines


def _evidence(report: Report, locations: tuple[Location, ...], home: str, width: int) -> Iterator[str]:
    column = _code_width(locations, home, width)
    for location in locations:
        code = report.lines.get((location.path, location.line), "")
        place = f"{location.line:>5}" if location.path == home else f"  {location.path}:{location.line}:"
        text = code if len(code) <= column else f"{code[: column - 3]}..."
        yield f"{place}  {text:<{column if location.path == home else 0}}  {location.note}".rstrip()


def _code_width(locations: Iterable[Location], home: str, width: int) -> int:
    """The columns for code that leave room for the longest note beside it."""
    note = max((len(at.note) for at in locations if at.path == home), default=0)
    return max(_LEAST_CODE_WIDTH, min(_CODE_WIDTH, width - len("12345    ") - note)) if width else _CODE_WIDTH


def _fix_lines(report: Report, group: ChangeGroup) -> Iterator[str]:
    sure = "low confidence, " if group.finding.confidence is Confidence.LOW else ""
    if not group.edits:
        yield f"  {sure}no fix: {group.caveat}" if group.caveat else f"  {sure}no fix"
        return
    level = group.applicability.value
    because = f": {group.caveat}" if group.caveat and group.applicability is Applicability.UNSAFE else ""
    yield f"  fix: {headline(group)} ({sure}{level}{because})"
    for dependent in group.dependents:
        subject = dependent.subject
        code = report.lines.get((subject.address.path, subject.line), subject.name).removesuffix(":")
        yield f"    {subject.address.path}:{subject.line}: {code}  {subject.scope} -> {dependent.to}"
    if group.caveat and group.applicability is Applicability.SAFE:
        yield f"  note: {group.caveat}"


def fix_sentence(group: ChangeGroup) -> str:
    """What the fix does, how safe it is and why, in one line; or why there is none."""
    because = f": {group.caveat}" if group.caveat else ""
    return f"fix: {headline(group)} ({group.applicability.value}{because})" if group.edits else f"no fix{because}"


def headline(group: ChangeGroup) -> str:
    """What the edits of a group do, in a few words."""
    resets = [e for e in group.edits if isinstance(e, AddResetFixture)]
    if resets:
        return f"add fixture '{resets[0].name}' to {resets[0].path}"
    if group.finding.strategy is Strategy.DOCUMENT:
        return f"say why it is {group.finding.subject.scope}-scoped"
    patched = [e for e in group.edits if isinstance(e, UseMonkeypatch)]
    if patched:
        functions = "1 function" if len(patched) == 1 else f"{len(patched)} functions"
        return f"use monkeypatch in {functions}"
    first = next(e for e in group.edits if isinstance(e, ChangeScope))
    count = len(group.dependents)
    more = f", and {count} dependent{'s' if count > 1 else ''}" if count else ""
    return f"{first.before} -> {first.after}{more}"


def _where(subject: Subject) -> str:
    return f"{subject.address.path}:{subject.line}"


def _keep_line(report: Report, keep: Keep) -> str:
    code = report.lines.get((keep.subject.address.path, keep.subject.line), keep.subject.name).removesuffix(":")
    scope = f"{keep.subject.scope}, " if keep.subject.scope else ""
    return f"kept: {_where(keep.subject)}: {code}  {scope}{keep.because}"


def _skip_line(skip: Skipped) -> str:
    return f"skipped: {_where(skip.subject)}: {skip.subject.name}  {skip.reason}"


def _statistics(report: Report) -> Iterator[str]:
    counts = Counter((g.finding.code, g.finding.rule) for g in report.shown)
    for (code, rule), count in sorted(counts.items(), key=lambda c: (-c[1], c[0])):
        yield f"{count}\t{code}\t{rule}\n"


def summary(report: Report) -> str:
    """The closing line with all counts."""
    groups = report.shown
    told = len(report.plan.groups) - len(groups)
    levels = Counter(g.applicability for g in groups if g.edits)
    fixable = f"{levels[Applicability.SAFE]} safe, {levels[Applicability.UNSAFE]} unsafe" if levels else "none fixable"
    found = f"{_count(len(groups), 'finding')} ({fixable})" if groups else "no findings"
    level = "lower" if report.min_confidence is Confidence.HIGH else "low"
    found += f", {told} of {level} confidence told with -v" if told else ""
    found += f", {_count(len(report.failures), 'file')} not understood" if report.failures else ""
    accepted = f"{report.accepted} in the baseline, " if report.accepted else ""
    return (
        f"{found}, {accepted}{len(report.plan.kept)} kept, {len(report.plan.skipped)} skipped, "
        f"{len(report.plan.unremarkable)} broad and unremarkable; {_count(report.stats.fixtures, 'fixture')} and "
        f"{_count(report.stats.tests, 'test')} in {_count(report.stats.files, 'file')}, {report.stats.seconds:.2f} s"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
