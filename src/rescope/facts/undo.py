"""Which effects a function takes back itself, and where."""

import ast
import re
from collections.abc import Collection, Iterable

from rescope.facts.environment import Environment
from rescope.facts.values import CONTAINERS
from rescope.facts.verbs import ENDS
from rescope.model.facts import Call, Effect, EffectKind, Function, Root, Target, Value, ValueKind

_ASSIGNS = frozenset({EffectKind.BIND, EffectKind.SET_ATTR, EffectKind.SET_ITEM, EffectKind.DELETE})
_WHERE = frozenset({"os.getcwd", "os.curdir", "pathlib.Path.cwd"})
_ORIGINAL = re.compile(r"_*(?:orig|original|old|saved|real|default|initial|all|backup)_+(\w+)")
REMOVERS = frozenset({"clear", "pop", "popitem", "remove", "discard", "undo", "stop", "reset_mock"})


def settle(found: Iterable[Effect], calls: Iterable[Call], finalizers: frozenset[str]) -> tuple[Effect, ...]:
    """The effects, with those of finalizers moved behind the yield and undone ones marked.

    A method called in a `finally` or behind the yield on the argument that was changed counts as taking back, and so does what stops a
    `patch.dict` of a mapping, which puts back all of it, or updates an object from what its `copy()` gave, which does so for attributes.
    """
    effects = [e._replace(after_yield=True) if e.nested and e.nested in finalizers else e for e in found]
    closing = {c.callee.dotted.rpartition(".")[0]: c.line for c in calls if c.after_yield and c.discarded and "." in c.callee.dotted}
    stopped = any(c.after_yield and c.receiver.endswith("patch.dict") for c in calls)
    patched = {target.dotted for c in calls if stopped and c.callee.dotted.endswith("patch.dict") for _, target in c.passes}
    copied = {c.callee.dotted.removesuffix(".copy") for c in calls if c.callee.dotted.endswith(".copy") and not c.after_yield}
    patched |= {f"{e.target.dotted}." for e in effects if e.after_yield and e.how == "update" and e.target.dotted in copied}
    effects = [e._replace(undone_at=e.line) if _is_in(e, patched) else _closed(e, closing) for e in effects]
    return tuple(e if e.after_yield else _undone(e, effects) for e in effects)


def closing_lines(test: Function) -> frozenset[int]:
    """The last lines of a test, as far as they only assign, delete or take out: it looks at nothing of that, it puts something back.

    What is taken out may be ended at once: `SERVERS.pop().close()`.
    """
    if all(effect.line != test.end_line for effect in test.effects):
        return frozenset()
    plain = {c.line for c in test.calls if c.discarded or any(made == c.callee and method in ENDS for made, method in test.handled)}
    assigned = {e.line for e in test.effects if not e.nested and (e.kind in _ASSIGNS or (takes_away(e) and e.line in plain))}
    found: set[int] = set()
    while test.end_line - len(found) in assigned:
        found.add(test.end_line - len(found))
    first = test.end_line - len(found) + 1
    worked = any(c.line < first for c in test.calls) or any(e.line < first for e in test.effects)
    return frozenset(found) if worked else frozenset()


def puts_back(env: Environment, node: ast.expr, target: Target, value: ast.expr, made: Value) -> bool:
    """Whether what is assigned to a place is what the same place held before, or a copy of it that has a local name."""
    if isinstance(value, ast.Name) and isinstance(node, ast.Subscript) and env.entries.get(value.id) == ast.unparse(node):
        return True
    if made.target is None:
        return False
    if made.kind is ValueKind.ALIAS and _keeps_original(target.dotted, made.target.dotted):
        return True
    if made.target.root is Root.GLOBAL and env.names.saved.get(made.target.dotted) == target.dotted:
        return True
    copied = made.kind is ValueKind.CALL and made.target.dotted in {"copy.copy", "copy.deepcopy"} and isinstance(value, ast.Name)
    return copied or made.target == target or (made.kind is ValueKind.CALL and made.target.dotted == f"{target.dotted}.copy")


def _keeps_original(place: str, source: str) -> bool:
    """Whether one of two attributes of an object says by its name that it holds what the other was: `x.old_get = x.get` and back."""
    (owner, _, name), (theirs, _, other) = place.rpartition("."), source.rpartition(".")
    kept = {match[1] for match in (_ORIGINAL.fullmatch(name), _ORIGINAL.fullmatch(other)) if match is not None}
    return owner == theirs and not kept.isdisjoint({name.lstrip("_"), other.lstrip("_")})


def entry_of(value: ast.expr) -> str:
    """The source of the entry that an expression reads, be it by `get`, "" if it reads none."""
    match value:
        case ast.Subscript():
            return ast.unparse(value)
        case ast.Call(func=ast.Attribute(value=base, attr="get"), args=[key, *_]):
            return f"{ast.unparse(base)}[{ast.unparse(key)}]"
    return ""


def is_initial(effect: Effect, held: Value) -> bool:
    """Whether an assignment gives a variable what it starts with."""
    return is_same_constant(effect.value, held.text)


def is_same_constant(value: str, other: str) -> bool:
    """Whether the sources of two constants are those of equal ones: `0` is `0.0`."""
    if not value or value == other:
        return bool(value)
    try:
        return float(value) == float(other)
    except ValueError:
        return False


def empties(effect: Effect) -> bool:
    """Whether an effect puts an empty container in place of what was there."""
    return effect.kind in {EffectKind.BIND, EffectKind.SET_ATTR} and effect.value in CONTAINERS


def takes_away(effect: Effect) -> bool:
    """Whether an effect removes rather than adds."""
    return effect.kind is EffectKind.DELETE or effect.how in REMOVERS


def stays(effect: Effect) -> bool:
    """Whether nothing says that the change is taken back, or made only where it is missing."""
    taken_back = effect.undone_at is not None or effect.after_yield or effect.in_context
    return not (taken_back or effect.nested or effect.guarded or effect.how == "setdefault")


def is_of_same_place(one: Effect, other: Effect) -> bool:
    """Whether two changes are of the same place: the second may be what restores it."""
    return one.target == other.target and (one.key == other.key or not (one.key and other.key))


def shields(function: Function, effect: Effect) -> bool:
    """Whether it takes away a variable that need not be there: the developer's own, which no test wants back."""
    pops = (c for c in function.calls if c.line == effect.line and c.callee.dotted == "os.environ.pop")
    return effect.how == "pop" and any(c.arguments > 1 for c in pops)


def is_over(earlier: Effect, effect: Effect) -> bool:
    """Whether a change was taken back before another one is made, or is that taking back."""
    return (earlier.line if earlier.kind is EffectKind.DELETE else earlier.undone_at or effect.line) < effect.line


def may_go_back(function: Function, call: Call) -> bool:
    """Whether a function asked where it was before it goes somewhere that the call does not name: perhaps back."""
    asked = any(c.callee.dotted in _WHERE and c.line < call.line for c in function.calls)
    return asked and call.arguments == 1 and not (call.passes or call.strings)


def goes_back(function: Function, call: Call) -> bool:
    """Whether a change of folder is the last thing a function does, after it asked where it was."""
    return call.line == function.end_line and may_go_back(function, call)


def _is_in(effect: Effect, places: Collection[str]) -> bool:
    """Whether it is one of the places, or an attribute of one that ends in a dot."""
    return effect.target.dotted in places or (
        effect.kind is EffectKind.SET_ATTR and f"{effect.target.dotted.rpartition('.')[0]}." in places
    )


def _closed(effect: Effect, closing: dict[str, int]) -> Effect:
    if effect.target.root is not Root.ARGUMENT or effect.undone_at is not None or effect.target.head not in closing:
        return effect
    return effect._replace(undone_at=closing[effect.target.head])


def _undone(effect: Effect, effects: list[Effect]) -> Effect:
    """The effect with the line that takes it back: behind the yield, in a finally, or later in the same body."""
    if effect.undone_at is not None:
        return effect
    if any(_made_for(other, effect) for other in effects):
        return effect._replace(undone_at=effect.line)
    line = next((other.line for other in effects if _takes_back(other, effect)), None)
    return effect._replace(undone_at=line) if line is not None else effect


def _takes_back(other: Effect, effect: Effect) -> bool:
    dotted, theirs = effect.target.dotted, other.target.dotted
    if theirs == dotted and _is_entry(effect) and _is_entry(other) and effect.key != other.key:
        return False
    if other.after_yield and takes_away(other) and (theirs in {dotted, f"{dotted}.[]"} or dotted.startswith(f"{theirs}.")):
        return True
    if other.after_yield and (theirs == dotted or (other.kind is EffectKind.SET_ATTR and dotted.startswith(f"{theirs}."))):
        return True
    if other.after_yield and other.kind is EffectKind.SET_ATTR and theirs == f"{dotted.rpartition('.')[0]}.[]":
        return True  # each of the attributes that were saved, by a computed name
    later = other.line > effect.line and other.nested == effect.nested
    return later and theirs == dotted and (takes_away(other) or _restores(other))


def _is_entry(effect: Effect) -> bool:
    """Whether it is about one entry of a mapping, whose key is written out."""
    one = effect.kind in {EffectKind.SET_ITEM, EffectKind.DELETE} or effect.how in {"pop", "setdefault"}
    return one and effect.key.startswith(("'", '"'))


def _made_for(other: Effect, effect: Effect) -> bool:
    """Whether an effect takes out what another one of the same body has put in: an entry, or the last item of a list."""
    before = (other.target, other.nested) == (effect.target, effect.nested) and other.line < effect.line
    entry = effect.kind is EffectKind.DELETE and effect.key and other.kind is EffectKind.SET_ITEM and other.key == effect.key
    return before and bool(entry or (effect.how == "pop" and not effect.key and other.how == "append"))


def _restores(effect: Effect) -> bool:
    """Whether what is assigned was read from the same place before."""
    return effect.kind in {EffectKind.SET_ATTR, EffectKind.SET_ITEM} and effect.undone_at == effect.line
