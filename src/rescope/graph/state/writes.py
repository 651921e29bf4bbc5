"""Who writes which state: every effect of program code, by the module or class that declares what it changes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rescope.facts.undo import takes_away
from rescope.graph.state.known import Known
from rescope.model.facts import Effect, EffectKind, Function, Root, ValueKind, Variable
from rescope.model.state import Role, Writer

_STORES = frozenset({EffectKind.SET_ATTR, EffectKind.SET_ITEM})
Write = tuple[Function, Effect]


@dataclass(slots=True, kw_only=True)
class Writes:
    """Effects on state by file and dotted name; `by_file` are those that rebind a global, in their own module or from another."""

    known: Known
    by_name: Mapping[tuple[str, str], list[Write]] = field(default_factory=dict)
    bound: Mapping[str, dict[str, list[Write]]] = field(default_factory=dict)
    heads: defaultdict[tuple[str, str], list[Write]] = field(default_factory=lambda: defaultdict(list))

    def of(self, path: str, name: str) -> list[Write]:
        """All changes of what the dotted name holds, parts of it left out."""
        return self.by_name.get((path, name), [])

    def below(self, path: str, name: str) -> Iterator[Write]:
        """All changes of an object's attributes and items, and of what these hold."""
        if not self.heads:
            for (where, dotted), found in self.by_name.items():
                self.heads[where, dotted.partition(".")[0]].extend(found)
        yield from self.heads.get((path, name), ())

    def patches_once(self, writers: Iterable[Function]) -> bool:
        """Whether a writer also patches something that is no state of the project: a reset would patch twice."""
        return any(self._is_patch(effect, function) for function in dict.fromkeys(writers) for effect in function.effects)

    def _is_patch(self, effect: Effect, function: Function) -> bool:
        if effect.target.root is Root.IMPORTED and effect.kind in _STORES:
            return not self._is_state(effect, function)
        return effect.target.root is Root.GLOBAL and effect.kind is EffectKind.SET_ATTR and not self._is_state(effect, function)

    def _is_state(self, effect: Effect, function: Function) -> bool:
        """Whether what is written is a variable of a module or a declared attribute of a class, and not a function or module."""
        found = self.known.index.variable(self.known.written(effect, function))
        return found is not None and not found[1]


def read_writes(known: Known) -> Writes:
    """The table of all effects of program code."""
    by_name: defaultdict[tuple[str, str], list[Write]] = defaultdict(list)
    bound: defaultdict[str, dict[str, list[Write]]] = defaultdict(dict)
    for path, module in known.index.modules.items():
        for function in module.functions if path not in known.tests else ():
            for effect in function.effects:
                _enter(known, by_name, bound, (function, effect))
    return Writes(known=known, by_name=by_name, bound=bound)


def _enter(
    known: Known,
    by_name: defaultdict[tuple[str, str], list[Write]],
    bound: defaultdict[str, dict[str, list[Write]]],
    write: Write,
) -> None:
    function, effect = write
    path = function.address.path
    if effect.kind is EffectKind.BIND:
        if effect.target.root is Root.GLOBAL:
            bound[path].setdefault(effect.target.dotted, []).append(write)
        return
    found = known.written(effect, function)
    if found is None or found.path in known.tests:
        return
    by_name[found.path, found.name].append(write)
    foreign = effect.kind is EffectKind.SET_ATTR and effect.target.root is Root.IMPORTED and effect.undone_at is None
    if foreign and found.name in known.index.variables[found.path]:
        bound[found.path].setdefault(found.name, []).append(write)


def writers(known: Known, writes: Iterable[Write], variable: Variable) -> Iterator[Writer]:
    """What each write of a global or class attribute is for."""
    for function, effect in writes:
        yield Writer(
            function=function.address,
            line=effect.line,
            role=Role.OTHER if balanced(function, effect) else role(effect, variable),
            text=effect.text,
            import_time=function.address in known.calls.import_time,
            guarded=effect.guarded,
        )


def role(effect: Effect, variable: Variable) -> Role:
    """What a rebinding is for."""
    if effect.how == "+=":
        return Role.COUNTER
    if effect.guarded and effect.builds:
        return Role.LAZY
    made_anew = variable.value.kind is ValueKind.LITERAL and effect.builds == variable.value.text
    if made_anew or (effect.value and effect.value == variable.value.text and not effect.builds):
        return Role.RESET
    return Role.SETTER


def container_role(function: Function, effect: Effect) -> Role:
    """What a change of a container is for."""
    if takes_away(effect):
        return Role.RESET
    hands_out = any(value.kind is not ValueKind.NONE for value in function.values)
    fills_cache = effect.kind is EffectKind.SET_ITEM and effect.guarded and hands_out
    return Role.LAZY if fills_cache else Role.MUTATOR


def balanced(function: Function, effect: Effect) -> bool:
    """A change that the same function takes back, or the taking back itself."""
    same = [e for e in function.effects if e.target.dotted == effect.target.dotted]
    back = any((e.after_yield and takes_away(e)) or (not e.after_yield and e.undone_at is not None) for e in same)
    return effect.undone_at is not None or (effect.after_yield and back)
