"""What the user keeps: by a comment on the definition, or by the configuration."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatch

from rescope.model.address import Address, Location
from rescope.model.finding import Finding, Keep, Subject
from rescope.rule import RuleContext

USER_KEEP = "RSC900"


def user_keeps(ctx: RuleContext, results: Iterable[Finding | Keep]) -> Iterator[tuple[Address, Keep]]:
    """The keeps that the user asks for, of what the rules spoke of."""
    for result in results:
        first = min(
            result.subject.line,
            *(f.line for f in ctx.index.modules[result.subject.address.path].fixtures if f.address == result.subject.address),
            result.subject.line,
        )
        keep = user_keep(ctx, result.subject, first)
        if keep:
            yield result.subject.address, keep


def user_keep(ctx: RuleContext, subject: Subject, first_line: int) -> Keep | None:
    """The keep that a comment on the definition or the configuration asks for."""
    for remark in ctx.index.modules[subject.address.path].remarks:
        if remark.verb == "keep" and remark.reason and first_line <= remark.line <= subject.line:
            where = Location(path=subject.address.path, line=remark.line, note="# rescope: keep")
            return Keep(code=USER_KEEP, subject=subject, because=remark.reason, evidence=(where,))
    for pattern, reason in ctx.settings.keep:
        path, _, name = pattern.rpartition("::")
        if fnmatch(subject.address.path, path) and fnmatch(subject.name, name):
            return Keep(code=USER_KEEP, subject=subject, because=reason)
    return None
