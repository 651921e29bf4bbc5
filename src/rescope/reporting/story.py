"""The whole story of one fixture or singleton, to be pasted into a review."""

import difflib
from collections.abc import Iterator

from rescope.model.facts import FixtureDef
from rescope.model.finding import Subject
from rescope.model.plan import ChangeGroup
from rescope.model.report import Report
from rescope.model.state import Singleton
from rescope.reporting.text import finding_block
from rescope.rule import RuleContext

_LISTED = 5
_BY_TEST = "RSC208"


def render_story(context: RuleContext, report: Report, name: str) -> tuple[str, list[str]]:
    """The story of every fixture, singleton and state left changed that has the name ("" if nothing has), and the nearest known names."""
    fixtures = [f for f in context.graph.definitions() if name in context.graph.names_of(f)]
    states = [s for s in context.singletons if name in {s.name, *(n for n, _ in s.group)}]
    blocks = ["\n".join(_fixture(context, report, f)) for f in sorted(fixtures, key=lambda f: f.address)]
    blocks += ["\n".join(_singleton(context, report, s)) for s in states]
    blocks += [
        "\n".join(_left_changed(report, g)) for g in report.plan.groups if g.finding.code == _BY_TEST and g.finding.subject.name == name
    ]
    known = {r.name for r in context.graph.registrations} | {s.name for s in context.singletons}
    near = [] if blocks else difflib.get_close_matches(name, sorted(known), n=2)
    return ("\n\n".join(blocks) + "\n" if blocks else ""), near


def _fixture(context: RuleContext, report: Report, fixture: FixtureDef) -> Iterator[str]:
    subject = context.subject(fixture)
    kind = "autouse fixture" if fixture.autouse else "fixture"
    yield f"{subject.address.path}:{subject.line}: {kind} '{subject.name}', {fixture.scope}-scoped"
    for argument in fixture.argnames:
        found = context.graph.resolves(fixture.function, argument)
        where = ", ".join(f"{f.address.path}:{f.line} ({f.scope})" for f in found) or "not defined in this project"
        yield f"  requests '{argument}': {where}"
    for requester, _ in context.graph.requested_by(fixture):
        yield f"  requested by '{context.graph.name_of(requester)}': {requester.address.path}:{requester.line} ({requester.scope})"
    tests = context.graph.tests_using(fixture)
    yield f"  used by {len(tests)} {'test' if len(tests) == 1 else 'tests'}" + (
        f", among them {', '.join(t.id for t in tests[:_LISTED])}" if tests else ""
    )
    yield from _verdict(report, subject)


def _singleton(context: RuleContext, report: Report, singleton: Singleton) -> Iterator[str]:
    subject = context.state_subject(singleton)
    yield f"{subject.address.path}:{subject.line}: {singleton.shape.value} '{singleton.name}'"
    for writer in singleton.writers:
        yield f"  written by {writer.function.qualname}() in line {writer.line} ({writer.role.value})"
    for at in singleton.touched_by_tests[:_LISTED]:
        yield f"  touched by {at.path}:{at.line}: {at.note}"
    yield from _verdict(report, subject)


def _left_changed(report: Report, group: ChangeGroup) -> Iterator[str]:
    subject = group.finding.subject
    yield f"{subject.address.path}:{subject.line}: state of the process '{subject.name}'"
    yield from _verdict(report, subject)


def _verdict(report: Report, subject: Subject) -> Iterator[str]:
    group = _group_of(report, subject)
    keep = next((k for k in report.plan.kept if k.subject.address == subject.address), None)
    skip = next((s for s in report.plan.skipped if s.subject.address == subject.address), None)
    if group is not None and group.finding.subject.address == subject.address:
        yield "  verdict: it leaks"
        yield from finding_block(report, group)
    elif group is not None:
        first = group.finding.subject
        yield f"  verdict: it follows '{first.name}' ({first.address.path}:{first.line}), which leaks: {group.finding.message}"
    elif keep is not None:
        yield f"  verdict: kept, {keep.because}"
        yield from (f"    {at.path}:{at.line}: {at.note}" for at in keep.evidence)
    elif skip is not None:
        yield f"  verdict: left alone, {skip.reason}"
    else:
        yield "  verdict: nothing known against it"


def _group_of(report: Report, subject: Subject) -> ChangeGroup | None:
    for group in report.plan.groups:
        addresses = {group.finding.subject.address, *(d.subject.address for d in group.dependents)}
        if subject.address in addresses:
            return group
    return None
