"""What a teardown that assigns means at function scope, where it runs after each test."""

from collections.abc import Iterator

from rescope.model.edit import RestoreInPlace
from rescope.model.facts import CopyBack, Effect, EffectKind, FixtureDef, Root, Variable
from rescope.rule import RuleContext

_CONTAINERS = frozenset({"dict", "list", "set"})
_REBINDS = frozenset({EffectKind.SET_ATTR, EffectKind.BIND})
_FOREIGN = frozenset({Root.IMPORTED, Root.GLOBAL})


def repairs(ctx: RuleContext, fixture: FixtureDef) -> tuple[RestoreInPlace, ...]:
    """The edits that let a teardown fill a container again instead of replacing it by a copy, where that is certain to be the same."""
    return tuple(
        RestoreInPlace(address=fixture.function.address, target=copy.target, saved=copy.saved, container=container)
        for copy in fixture.function.copies_back
        if (container := _container(ctx, fixture, copy))
    )


def replaces_by_copy(ctx: RuleContext, fixture: FixtureDef) -> str:
    """Why a teardown that puts a copy in a container's place cannot be repeated for each test, "" if it is repaired or there is none.

    Whoever holds the container itself would go on with what a test left in it (spec: suites, starlette).
    """
    for copy in fixture.function.copies_back:
        if _variable(ctx, fixture, copy.line) is not None and not _container(ctx, fixture, copy):
            return f"its teardown puts a copy in the place of {copy.target} (line {copy.line}), and others may hold what stood there"
    return ""


def assigning_teardown(ctx: RuleContext, fixture: FixtureDef) -> Iterator[str]:
    """Why a teardown that assigns makes the edit unsafe; one that puts back the very object that stood there does not."""
    name = ctx.graph.name_of(fixture)
    copied = {copy.line for copy in fixture.function.copies_back}
    rebound = (e.target.dotted for e in _assigned_behind(fixture) if e.line not in copied and e.undone_at != e.line)
    for target in rebound:
        yield f"the teardown of '{name}' rebinds {target}, which others may hold"
    for repair in repairs(ctx, fixture):
        yield f"the teardown of '{name}' is rewritten: it fills {repair.target} again instead of replacing it by a copy"


def _assigned_behind(fixture: FixtureDef) -> Iterator[Effect]:
    for effect in fixture.function.effects:
        if effect.after_yield and effect.kind in _REBINDS and effect.target.root in _FOREIGN:
            yield effect


def _variable(ctx: RuleContext, fixture: FixtureDef, line: int) -> Variable | None:
    """The module global of the project that the teardown assigns at this line."""
    for effect in _assigned_behind(fixture):
        if effect.line == line:
            found = ctx.index.variable(ctx.index.target(effect.target, fixture.function.address.path))
            return found[0] if found else None
    return None


def _container(ctx: RuleContext, fixture: FixtureDef, copy: CopyBack) -> str:
    """The builtin container that surely stands at the place all the time, "" if it may be another kind or is rebound by others."""
    variable = _variable(ctx, fixture, copy.line)
    if not copy.once or variable is None or variable.rebound or variable.value.text not in _CONTAINERS:
        return ""
    name = variable.address.name
    for module in ctx.index.modules.values():
        for function in module.functions:
            if function.address != fixture.function.address and any(_replaces(effect, name) for effect in function.effects):
                return ""
    return variable.value.text


def _replaces(effect: Effect, name: str) -> bool:
    """Whether an effect puts something else under this name, in whatever module; patches take themselves back."""
    return effect.kind in _REBINDS and effect.target.dotted.rpartition(".")[2] == name
