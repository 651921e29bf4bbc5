"""Kept fixtures that do not say why they are broad: one line for each, where the user asks for it."""

from collections.abc import Iterable, Iterator

from rescope.model.address import Location
from rescope.model.edit import AddReason
from rescope.model.facts import FixtureDef
from rescope.model.finding import Confidence, Finding, Keep, Severity, Strategy, SubjectKind
from rescope.model.plan import ChangeGroup
from rescope.planning.keeps import USER_KEEP
from rescope.rule import RuleContext

_NAME = "undocumented-scope"


def documented(ctx: RuleContext, keeps: Iterable[Keep]) -> Iterator[ChangeGroup]:
    """A group for each kept fixture without a docstring that can be given one; what has a docstring, or a comment, is left alone."""
    by_address = {f.address: f for f in ctx.broad_fixtures()}
    for keep in keeps:
        fixture = by_address.get(keep.subject.address)
        if keep.code != USER_KEEP and keep.subject.kind is SubjectKind.FIXTURE and fixture is not None and _lacks(ctx, fixture):
            yield _group(keep)


def _lacks(ctx: RuleContext, fixture: FixtureDef) -> bool:
    module = ctx.index.modules[fixture.address.path]
    return not (fixture.function.has_doc or fixture.editable or fixture.address.assigned or module.generated or module.failure)


def _group(keep: Keep) -> ChangeGroup:
    subject = keep.subject
    sentence = f"{subject.scope.capitalize()}-scoped: {keep.because.rstrip('.')}."
    finding = Finding(
        code=keep.code,
        rule=_NAME,
        message=f"{subject.scope}-scoped fixture '{subject.name}' does not say why it is kept broad",
        reason=keep.because,
        subject=subject,
        primary=Location(path=subject.address.path, line=subject.line, note=keep.because),
        related=keep.evidence,
        severity=Severity.INFO,
        confidence=Confidence.HIGH,
        strategy=Strategy.DOCUMENT,
    )
    return ChangeGroup(finding=finding, edits=(AddReason(address=subject.address, text=sentence),))
