"""What a fixture does once and must not do for each test: reasons to refuse its narrowing."""

import re

from rescope.graph.around import cleans_up
from rescope.graph.construction import Step, steps
from rescope.model.facts import Effect, EffectKind, FixtureDef, Function, Root, ValueKind
from rescope.rule import RuleContext

_REGISTERS = "register"
_DELETES = ("os.remove", ".unlink", "os.rmdir", "shutil.rmtree")
_CONNECTS = re.compile(r"(^|[._])(connect|Connect[A-Z]\w*|(create|open)_connection)$")
_IN_MEMORY = ":memory:"
_ADDS = frozenset({"add", "append", "setdefault", "update", "insert", "extend"})


def refused_twice(ctx: RuleContext, fixture: FixtureDef) -> str:
    """A set-up that enters something where a second entry is refused, and has no teardown that could take it out.

    That is seen where it enters it, or by the error that it comes to, which says so by its name: `raise PidAlreadyUsed`. What saves
    something under a fixed name may refuse to do so twice.
    """
    function = fixture.function
    if function.yields_at is not None or "request.addfinalizer" in function.request_attributes:
        return ""
    run = list(steps(ctx.flow, function))
    refused = {name for step in run for name in step.function.refuses}
    for step in run if refused else ():
        for effect in step.function.effects:
            place = effect.target.dotted.rpartition(".")[2]
            if place in refused and _adds(effect) and _lasting(ctx, step, effect):
                where = f"{step.function.address.path}:{effect.line}"
                return f"its set-up cannot be repeated: {where} enters it in {place}, which takes nothing twice, and nothing takes it out"
    for step in run:
        for line, error in step.function.conflicts:
            where = f"{step.function.address.path}:{line}"
            return f"its set-up may not be repeated: {where} raises {error} for what is there already, and nothing takes it out"
        for call in step.function.calls:
            name = next((repr(text) for text in call.strings), call.constant)
            if call.callee.dotted.endswith(".save") and name.startswith(("'", '"')) and not (call.nested or call.after_yield):
                where = f"{step.function.address.path}:{call.line}"
                return f"its set-up may not be repeated: {where} saves something under the name {name}, and nothing takes it out"
    return ""


def registers_again(ctx: RuleContext, fixture: FixtureDef) -> str:
    """A set-up that registers something with an object of a module, which outlives the fixture and may take nothing twice.

    A pluggy.PluginManager does not; nothing is said where the teardown calls an object of that name.
    """
    ended = {_owner(call.callee.dotted) for call in fixture.function.calls if call.after_yield}
    for step in steps(ctx.flow, fixture.function):
        for call in step.function.calls:
            owner, _, verb = call.callee.dotted.rpartition(".")
            if verb != _REGISTERS or call.nested or call.after_yield or call.callee.root not in {Root.GLOBAL, Root.IMPORTED}:
                continue
            held = ctx.index.variable(ctx.index.target(call.callee._replace(dotted=owner), step.function.address.path))
            if held is not None and held[0].value.kind is ValueKind.CALL and _owner(call.callee.dotted) not in ended:
                where = f"{step.function.address.path}:{call.line}"
                return f"its set-up may not be repeated: {where} registers something with {owner}, which lasts as long as the process"
    return ""


def _owner(dotted: str) -> str:
    """The name of the object whose method is called, without the module that it is from."""
    return dotted.rpartition(".")[0].rpartition(".")[2]


def _adds(effect: Effect) -> bool:
    adding = effect.kind is EffectKind.SET_ITEM or (effect.kind is EffectKind.MUTATE and effect.how in _ADDS)
    return adding and not (effect.nested or effect.after_yield) and effect.undone_at is None


def _lasting(ctx: RuleContext, step: Step, effect: Effect) -> bool:
    """Whether what the effect changes lives as long as the process: of a module, a class, or a module's instance."""
    if effect.target.root in {Root.GLOBAL, Root.IMPORTED}:
        return ctx.index.variable(ctx.index.target(effect.target, step.function.address.path)) is not None
    if effect.target.root not in {Root.SELF, Root.CLS} or "." in effect.target.tail or step.klass is None:
        return False
    if step.shared:
        return True
    owners = ctx.flow.namespaces.mro(step.klass)
    declared = any(a.address.name == effect.target.tail for owner in owners for a in owner.attributes)
    made = ctx.flow.method(step.klass, "__init__")
    own = any(e.kind is EffectKind.SET_ATTR and e.target == effect.target for e in made.effects) if made else False
    return declared and not own


def removes_what_it_finds(ctx: RuleContext, fixture: FixtureDef) -> str:
    """A teardown that deletes a file which the set-up does not make: after the first test nobody would have it."""
    function = fixture.function
    for call in function.calls if function.removes else ():
        made = ctx.flow.called(function, call) or ctx.flow.class_named(call.callee.dotted, function.address.path)
        if not (call.after_yield or call.nested) and (call.discarded or made is not None):
            return ""
    for line, text in function.removes:
        return f"its teardown (line {line}) deletes {text}, which its set-up does not make: after the first test it would be gone"
    return ""


def tidies_first(function: Function) -> str:
    """A set-up that deletes what it finds outside of the process: done for each test, it takes away what an earlier one has left there."""
    deleting = (c for c in function.calls if not (c.after_yield or c.nested) and c.callee.dotted.endswith(_DELETES))
    call = next(deleting, None)
    return f"its set-up (line {call.line}) deletes what it finds, which a later test may count on" if call is not None else ""


def stays_open(function: Function) -> str:
    """A set-up that hands out a connection which nothing closes: done for each test, there would be one more at a time."""
    if function.yields_at is not None or any(map(cleans_up, function.calls)):
        return ""
    made = {v.target.dotted for v in function.values if v.kind is ValueKind.CALL and v.target is not None}
    calls = (c for c in function.calls if c.callee.root is Root.IMPORTED and c.callee.dotted in made and _IN_MEMORY not in c.strings)
    call = next((c for c in calls if _CONNECTS.search(c.callee.dotted)), None)
    return f"each test would open a connection by {call.callee.dotted}(), and nothing closes it" if call is not None else ""
