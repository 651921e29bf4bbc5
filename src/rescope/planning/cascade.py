"""Which fixtures must follow a narrowed one, so that pytest refuses none (ScopeMismatch)."""

from collections.abc import Mapping
from dataclasses import dataclass

from rescope.model.address import Address
from rescope.model.facts import FixtureDef
from rescope.model.finding import Keep
from rescope.model.scope import Scope
from rescope.rule import RuleContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A fixture to narrow, and the name of the narrowed one that it requests ("" for the root)."""

    fixture: FixtureDef
    requests: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """All steps, the root first; `blocked` says why the whole must not be done, "" if it may."""

    steps: tuple[Step, ...]
    blocked: str = ""


def cascade(ctx: RuleContext, root: FixtureDef, target: Scope, keeps: Mapping[Address, Keep]) -> Cascade:
    """The root and every fixture that requests a narrowed one at a broader scope than `target`."""
    steps = {root.address: Step(fixture=root, requests="")}
    queue = [root]
    while queue:
        current = queue.pop(0)
        for requester, name in ctx.graph.requested_by(current):
            if requester.address in steps or requester.scope == target or _narrower(requester, target):
                continue
            blocked = _blocked(ctx, requester, name, keeps)
            if blocked:
                return Cascade(steps=tuple(steps.values()), blocked=blocked)
            steps[requester.address] = Step(fixture=requester, requests=name)
            queue.append(requester)
    return Cascade(steps=tuple(steps.values()))


def _narrower(fixture: FixtureDef, target: Scope) -> bool:
    return isinstance(fixture.scope, Scope) and fixture.scope < target


def _blocked(ctx: RuleContext, requester: FixtureDef, name: str, keeps: Mapping[Address, Keep]) -> str:
    mine = ctx.graph.name_of(requester)
    where = f"{requester.address.path}:{requester.line}"
    if not isinstance(requester.scope, Scope):
        return f"'{mine}' ({where}) requests '{name}', and {requester.scope.why}"
    kept = keeps.get(requester.address)
    if kept is not None and kept.firm:
        return f"'{mine}' ({where}) requests '{name}' and is kept: {kept.because}"
    if requester.editable:
        return f"'{mine}' ({where}) requests '{name}', and {requester.editable}"
    return ""
