"""Who would notice that the value of a broad fixture has changed: tests that look at it before it is set anew for them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from rescope.facts.verbs import is_back, renews
from rescope.graph.fixture_graph import FixtureGraph, TestNode, instance
from rescope.graph.flow import Flow, Mutation, joined
from rescope.model.address import Location
from rescope.model.facts import ClassDef, Effect, EffectKind, FixtureDef, Function, Root, Target, ValueKind
from rescope.model.scope import Scope

_PLAIN = frozenset({EffectKind.SET_ATTR, EffectKind.SET_ITEM})
_DEPTH = 4


class _Change(NamedTuple):
    """What of a value is changed: a part of it and a key there, or all that a method of it, or of the part, may set."""

    part: str
    key: str
    method: str


@dataclass(slots=True, kw_only=True)
class Onlookers:
    """Answers which tests come unprepared to what others change of a fixture's value."""

    graph: FixtureGraph
    flow: Flow
    fixtures: dict[int, FixtureDef] = field(default_factory=dict)

    def of(self, fixture: FixtureDef, found: Iterable[Mutation], *, plainly: bool = False) -> Iterator[Location]:
        """Where tests may look at what others change. What a test does to itself, when it is run with other parameters, is its own.

        `plainly` asks for looks at the very attribute that is changed.
        """
        klass = self.flow.built_class(fixture)
        pairs = [(m.by, frozenset(self._changes(m, klass))) for m in found]
        made = [(self.graph.sharing(fixture, by), changes) for by, changes in dict.fromkeys(pairs)]
        for test in self.graph.tests_using(fixture):
            place, own = instance(fixture, test), {test.function.address}
            met = {change for shared, changes in made if shared.get(place, set()) - own for change in changes}
            looks = (self._look(test, fixture, change, plainly=plainly) for change in met) if not test.marks.skip else ()
            at = min((look for look in looks if look is not None), default=None)
            if at is not None:
                yield at

    def _changes(self, mutation: Mutation, klass: ClassDef | None) -> Iterator[_Change]:
        """What a line changes: of a method of the project the attributes that it writes, all of the value where they are not known."""
        effect, first = mutation.effect, mutation.part.partition(".")[0]
        own = self.flow.own_effects(klass, effect.how) if klass is not None and effect.kind is EffectKind.CALL and not first else ()
        assigns = all(e.kind is EffectKind.SET_ATTR and e.how == "=" for e in own)
        for part in {e.target.tail for e in own}:
            yield _Change(part=part, key="", method=effect.how if assigns else "")
        if not own:
            behind = klass is not None and self.flow.method(klass, first) is not None  # a property writes what it likes
            key = effect.key if effect.kind in _PLAIN else ""
            yield _Change(part="" if behind else mutation.part, key=key, method="")

    def _look(self, test: TestNode, fixture: FixtureDef, change: _Change, *, plainly: bool) -> Location | None:
        """Where the test, or a fixture of it, looks at what is changed before one of them has set it."""
        around = [f for f in self._around(test) if f.address != fixture.address]
        if any(f.scope is Scope.FUNCTION and self._sets(f.function, fixture, change) for f in around):
            return None
        for function in (test.function, *(f.function for f in around)):
            line = self._looked_at(function, fixture, change, plainly=plainly)
            if line:
                return Location(path=function.address.path, line=line, note=f"looked at by {test.function.address.qualname}")
        return None

    def _around(self, test: TestNode) -> Iterator[FixtureDef]:
        if not self.fixtures:
            self.fixtures = {r.id: r.definition for r in self.graph.registrations}
        yield from (self.fixtures[number] for number in sorted(test.resolution.fixtures()))

    def _sets(self, function: Function, fixture: FixtureDef, change: _Change) -> bool:
        """Whether a fixture sets anew for its test what is changed, whatever it looks at before."""
        lines = (line for name, part in self._names(function, fixture) for line in _setting(function, name, part, change))
        return next(lines, None) is not None

    def _looked_at(self, function: Function, fixture: FixtureDef, change: _Change, *, plainly: bool) -> int:
        """The line at which a function first looks at what is changed, before it sets it; 0 if it does not."""
        called = {call.callee for call in function.calls}
        klass = self.flow.built_class(fixture)
        last = function.yields_at or function.end_line  # a teardown that looks at it is there to clean up
        for name, part in self._names(function, fixture):
            first = min(_setting(function, name, part, change), default=function.end_line + 1)
            mentions = (
                (t, line)
                for t, line in function.looks
                if t.head == name and not (t in called and change.method and t.tail == change.method)
            )
            looks = ((joined(part, _seen(t, called)), line) for t, line in mentions)
            near = [(tail, line) for tail, line in looks if line <= min(first, last)]
            lines = [line for tail, line in near if self._meets(klass, tail, change, plainly=plainly)]
            if lines:
                return min(lines)
        return 0

    def _meets(self, klass: ClassDef | None, part: str, change: _Change, *, plainly: bool) -> bool:
        """Whether a look may see the change: the part holds what is changed, or is held, or code of the class looks at anything."""
        if plainly:
            return bool(part and change.part) and _within(part, change.part)
        behind = klass is not None and bool(part) and self.flow.method(klass, part.partition(".")[0]) is not None
        return behind or not (part and change.part) or _within(part, change.part) or _within(change.part, part)

    def _names(self, function: Function, fixture: FixtureDef) -> Iterator[tuple[str, str]]:
        """The arguments by which a function has the fixture's value, or a part of it, each with that part."""
        for name in dict.fromkeys((*function.argnames, *function.requested)):
            for part in self._handed(function, name, fixture, _DEPTH):
                yield name, part

    def _handed(self, function: Function, name: str, fixture: FixtureDef, depth: int) -> Iterator[str]:
        for source in self.graph.resolves(function, name):
            if source.address == fixture.address:
                yield ""
            for value in source.function.values if depth else ():
                if value.kind is ValueKind.ALIAS and value.target is not None and value.target.root is Root.ARGUMENT:
                    above = self._handed(source.function, value.target.head, fixture, depth - 1)
                    yield from (joined(part, value.target.tail) for part in above)


def _setting(function: Function, name: str, part: str, change: _Change) -> Iterator[int]:
    """The lines at which a function sets anew what is changed, before it is done."""
    for effect in function.effects:
        if (
            effect.target.root is Root.ARGUMENT
            and effect.target.head == name
            and not (effect.guarded or effect.nested or effect.after_yield)
        ):
            whole = effect.kind in _PLAIN and _covers(joined(part, effect.target.tail), effect, change)
            if whole or (is_back(effect.how) and joined(part, effect.target.tail) == change.part):
                yield effect.line
    for call in function.calls:
        on, _, method = call.callee.dotted.rpartition(".")
        mine = call.callee.root is Root.ARGUMENT and call.callee.head == name and not (call.nested or call.after_yield)
        anew = renews(method) or (change.method and method == change.method)
        if mine and not on.partition(".")[2] and not part and anew:
            yield call.line


def _covers(part: str, effect: Effect, change: _Change) -> bool:
    """Whether an assignment sets all that is changed: the same place, or what holds it."""
    if effect.kind is EffectKind.SET_ATTR:
        return part == change.part or change.part.startswith(f"{part}.")
    return part == change.part and effect.key == change.key


def _seen(target: Target, called: set[Target]) -> str:
    """The part of an argument that is looked at: of a method that is called all of what it is called on."""
    return target.tail.rpartition(".")[0] if target in called else target.tail


def _within(part: str, whole: str) -> bool:
    return f"{part}.".startswith(f"{whole}.")
