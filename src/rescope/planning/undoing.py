"""What a teardown that assigns means at function scope, where it runs after each test."""

from collections.abc import Iterator

from rescope.model.edit import RestoreInPlace
from rescope.model.facts import CopyBack, Effect, EffectKind, FixtureDef, Function, ModuleFacts, Root, Variable
from rescope.rule import RuleContext

_CONTAINERS = frozenset({"dict", "list", "set"})
_REBINDS = frozenset({EffectKind.SET_ATTR, EffectKind.BIND})
_FOREIGN = frozenset({Root.IMPORTED, Root.GLOBAL})


def repairs(ctx: RuleContext, fixture: FixtureDef) -> tuple[RestoreInPlace, ...]:
    """The edits that let a teardown fill a container again instead of replacing it by a copy, where that is certain to be the same."""
    return tuple(
        RestoreInPlace(address=fixture.function.address, target=copy.target, saved=copy.saved, container=container)
        for copy in fixture.function.copies_back
        if (container := _repairable(ctx, fixture, copy))
    )


def replaces_container(ctx: RuleContext, fixture: FixtureDef) -> str:
    """Why a teardown that puts something in a container's place cannot be repeated for each test.

    "" if it puts back the very object, is repaired, or does no such thing. Whoever holds the container itself would go on with what
    a test left in it (spec: suites, starlette).
    """
    known = {copy.line: copy for copy in fixture.function.copies_back}
    for effect in _assigned_behind(fixture):
        copy = known.get(effect.line)
        harmless = copy is not None and (copy.kind == "same" or _repairable(ctx, fixture, copy))
        if not harmless and _container(ctx, fixture, effect):
            return f"its teardown replaces {effect.text} (line {effect.line}), and others may hold what stood there"
    return ""


def assigning_teardown(ctx: RuleContext, fixture: FixtureDef) -> Iterator[str]:
    """Why a teardown that assigns makes the edit unsafe; one that puts back the very object that stood there does not."""
    name = ctx.graph.name_of(fixture)
    known = {copy.line for copy in fixture.function.copies_back}
    for target in (e.target.dotted for e in _assigned_behind(fixture) if e.line not in known):
        yield f"the teardown of '{name}' rebinds {target}, which others may hold"
    for repair in repairs(ctx, fixture):
        yield f"the teardown of '{name}' is rewritten: it fills {repair.target} again instead of replacing it by a copy"


def _assigned_behind(fixture: FixtureDef) -> Iterator[Effect]:
    for effect in fixture.function.effects:
        if effect.after_yield and _rebinds(effect) and effect.target.root in _FOREIGN:
            yield effect


def _rebinds(effect: Effect) -> bool:
    return effect.kind in _REBINDS or (effect.kind is EffectKind.DELETE and not effect.key)


def _variable(ctx: RuleContext, fixture: FixtureDef, effect: Effect) -> Variable | None:
    """The global of the project that the teardown assigns."""
    found = ctx.index.variable(ctx.index.target(effect.target, fixture.function.address.path))
    return found[0] if found else None


def _container(ctx: RuleContext, fixture: FixtureDef, effect: Effect) -> str:
    """The builtin container that stands at the place when its module is imported, "" if there is none."""
    variable = _variable(ctx, fixture, effect)
    return variable.value.text if variable is not None and variable.value.text in _CONTAINERS else ""


def _repairable(ctx: RuleContext, fixture: FixtureDef, copy: CopyBack) -> str:
    """The builtin container that surely stands at the place all the time, "" if it may be another kind or another object."""
    effect = next((e for e in _assigned_behind(fixture) if e.line == copy.line), None)
    container = _container(ctx, fixture, effect) if effect else ""
    variable = _variable(ctx, fixture, effect) if effect else None
    if variable is None or not copy.once or variable.rebound or copy.kind not in {"copy", container}:
        return ""
    module, name = ctx.index.modules[variable.address.path], variable.address.name
    bound = sum(binding.name == name for binding in module.bindings)
    others = (f for m in ctx.index.modules.values() for f in _functions(m) if f.address != fixture.function.address)
    return "" if bound > 1 or any(_may_replace(f, name) for f in others) else container


def _functions(module: ModuleFacts) -> Iterator[Function]:
    yield from module.functions
    if module.body is not None:
        yield module.body


def _may_replace(function: Function, name: str) -> bool:
    """Whether a function puts something else under this name, in whatever module, or names it to what may: a patch, `setattr`.

    A patch takes itself back, but at function scope perhaps only after the teardown.
    """
    rebinds = any(_rebinds(e) and e.target.dotted.rpartition(".")[2] == name for e in function.effects)
    keyed = any(e.key.strip("'\"") == name for e in function.effects)
    named = any(text.rpartition(".")[2] == name for call in function.calls for text in call.strings)
    return rebinds or keyed or named
