"""Whether making a fixture's value anew renews what is changed of it."""

from collections.abc import Iterable

from rescope.facts.values import CONTAINERS
from rescope.graph.flow import Flow, Mutation
from rescope.model.facts import ClassDef, EffectKind, FixtureDef, Root, ValueKind

_OUTSIDE = frozenset({Root.IMPORTED, Root.GLOBAL})
_INITS = ("__init__", "__new__", "__post_init__", "setup", "reset")


def is_handed_on(fixture: FixtureDef) -> bool:
    """Whether the value is another fixture's: narrowing this one renews nothing."""
    values = [v for v in fixture.function.values if v.kind is not ValueKind.NONE]
    return bool(values) and all(v.kind is ValueKind.ALIAS and v.target and v.target.root is Root.ARGUMENT for v in values)


def why_not_renewed(flow: Flow, fixture: FixtureDef, changes: Iterable[Mutation]) -> str:
    """Why what is changed outlives the fixture's value, "" if nothing says so."""
    if any(v.kind is ValueKind.ALIAS and v.target and v.target.root in _OUTSIDE for v in fixture.function.values):
        return "it hands out an object that lives at module level: narrowing renews nothing"
    for change in changes:
        name = change.part.partition(".")[0]
        if not name or name == "[]" or (change.effect.kind is EffectKind.SET_ATTR and name == change.part):
            continue
        klass = flow.built_class(fixture)
        if klass is not None and _is_of_class(flow, klass, name):
            return f"'{name}' belongs to {klass.address.name} itself: narrowing renews nothing of it"
        given = _given(fixture, name)
        if given and not (change.part == name and klass is not None and not _keeps(flow, klass, name)):
            return f"'{name}' is made of {given}, which outlives the fixture: narrowing renews nothing of it"
    return ""


def _is_of_class(flow: Flow, klass: ClassDef, name: str) -> bool:
    """Whether all instances share a container of that name: a class has it, and no constructor gives an instance its own.

    What has an annotation may be a field, of which each instance gets a copy, if the class has no constructor of its own.
    """
    family = flow.namespaces.mro(klass)
    owner = next((a for c in family for a in c.attributes if a.address.name == name), None)
    written = any(c.has_init for c in family) and not any(c.decorators for c in family)
    plain = owner is not None and owner.value.text in CONTAINERS and (not owner.annotation or "ClassVar" in owner.annotation or written)
    return plain and not any(e.target.tail == name for init in _INITS for e in flow.own_effects(klass, init))


def _keeps(flow: Flow, klass: ClassDef, name: str) -> bool:
    """Whether the constructor keeps, under that name, an argument as it is: a copy of it would have entries of its own."""
    made = flow.method(klass, "__init__")
    return made is not None and any(tail == name and source.root is Root.ARGUMENT for tail, source in made.stored)


def _given(fixture: FixtureDef, name: str) -> str:
    """The object of a module that the value is made with, and that it has an attribute of the same name for."""
    made = {(v.target, v.line) for v in fixture.function.values if v.kind is ValueKind.CALL and v.target is not None}
    calls = (c for c in fixture.function.calls if (c.callee, c.line) in made)
    passed = ((by, target.dotted) for c in calls for by, target in c.passes if target.root in _OUTSIDE)
    return next((dotted for by, dotted in passed if name.lower() in {by, dotted.rpartition(".")[2].lower()}), "")
