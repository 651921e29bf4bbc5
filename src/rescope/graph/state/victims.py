"""Who would notice: tests that read state before they set it anew themselves, by the order of the lines that they run."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from rescope.facts.undo import empties
from rescope.facts.verbs import is_back
from rescope.graph.around import SETUPS
from rescope.graph.fixture_graph import TestNode
from rescope.graph.index import Definition
from rescope.graph.reach import Reaching
from rescope.graph.state.evidence import CLEARS
from rescope.graph.state.known import Known
from rescope.graph.state.read_evidence import patches, patching
from rescope.model.address import Address, Location
from rescope.model.facts import Call, EffectKind, Function, Target
from rescope.model.scope import Scope
from rescope.model.state import Role, Shape, Singleton

_ASSIGNS = frozenset({EffectKind.BIND, EffectKind.SET_ATTR, EffectKind.DELETE})
_DEPTH = 3
_ENOUGH = 2
_Key = tuple[str, str]
_ARGV: _Key = ("", "sys.argv")


class _Does(StrEnum):
    """What a line does to a state; what comes to it by calls of calls may read it."""

    SETS = "sets"
    CHANGES = "changes"
    READS = "reads"
    MAY_READ = "may read"


_LOOKS = frozenset({_Does.READS, _Does.MAY_READ})
_Event = tuple[int, _Does]


class Victim(NamedTuple):
    """A test that comes unprepared to a state, and where; `directly` says that this line names it, or calls what reads it."""

    at: Location
    directly: bool


@dataclass(slots=True, kw_only=True)
class _Question:
    """State as the walk through tests sees it: its names, what sets it anew, and what may come to a reader of it."""

    keys: frozenset[_Key]
    readers: frozenset[Address]
    reading: Reaching
    setters: frozenset[Address] = frozenset()
    methods: frozenset[str] | None = None
    memo: dict[Address, _Event | None] = field(default_factory=dict)
    around: dict[int, tuple[_Does, Location] | None] = field(default_factory=dict)

    def means(self, key: _Key, does: _Does) -> _Does | None:
        """What a change or a mention of a name is to the state; None if it is of something else.

        Of an object that its methods change (`methods` are these), any change counts as setting it anew.
        """
        if key in self.keys:
            return does
        path, name = key
        head, _, tail = name.partition(".")
        if not tail or (path, head) not in self.keys:
            return None
        if self.methods is not None:
            return does if does is _Does.READS and tail not in self.methods else _Does.SETS
        return does if does is _Does.READS else _Does.CHANGES


@dataclass(slots=True, kw_only=True)
class Victims:
    """Answers which tests come unprepared to a state; what a function of the tests does is read once."""

    known: Known
    fixtures: dict[int, tuple[Function, bool]] = field(default_factory=dict)
    lines: dict[Address, tuple[tuple[int, _Key, _Does], ...]] = field(default_factory=dict)

    def of(self, singleton: Singleton) -> tuple[Victim, ...]:
        """Two tests that read the state which neither they nor their set-up have set anew, and one that does directly, if any do.

        The only test that changes the state is none: it would have to run twice.
        """
        path = singleton.address.path
        names = {name for name, _ in singleton.group} | {singleton.address.qualname}
        sets = {Role.RESET} if singleton.shape is Shape.CONTAINER else {Role.RESET, Role.SETTER}
        changed = frozenset(w.text for w in singleton.writers if w.role is Role.MUTATOR) | {"set", "reset"}
        question = _Question(
            keys=frozenset((path, name) for name in (*names, *(f"{name}{CLEARS}" for name in names))),
            readers=frozenset(singleton.readers),
            reading=self.known.calls.reaching(singleton.readers),
            setters=frozenset(w.function for w in singleton.writers if (w.role in sets and not w.guarded) or is_back(w.function.name)),
            methods=changed if singleton.shape is Shape.INSTANCE else None,
        )
        return self._answer(question, (*singleton.touched_by_tests, *singleton.set_by_tests))

    def of_names(self, names: Iterable[Definition], changed: Collection[Location]) -> tuple[Victim, ...]:
        """As `of`, for names of modules; of one whose path is "" the name is that of what is no part of the project, `sys.argv`."""
        wanted = {(name.path, name.name) for name in names}
        words = {name.rpartition(".")[2] for _, name in wanted}
        readers = [f.address for f in self._functions() if any(self._reads(f, target, wanted, words) for target in f.mentions)]
        reading = self.known.calls.reaching(readers)
        return self._answer(_Question(keys=frozenset(wanted), readers=frozenset(readers), reading=reading), changed)

    def _functions(self) -> Iterator[Function]:
        return (function for module in self.known.index.modules.values() for function in module.functions)

    def _reads(self, function: Function, target: Target, wanted: set[_Key], words: set[str]) -> bool:
        return not words.isdisjoint(target.dotted.split(".")) and self._key(target, function.address.path) in wanted

    def _answer(self, question: _Question, changed: Collection[Location]) -> tuple[Victim, ...]:
        found: list[Victim] = []
        for test in self.known.calls.flow.graph.tests:
            if changed and all(_inside(test.function, at) for at in changed):
                continue
            victim = self._victim(test, question)
            if victim is not None and (len(found) < _ENOUGH or victim.directly):
                found.append(victim)
            if len(found) >= _ENOUGH and found[-1].directly:
                break
        return tuple(found)

    def _victim(self, test: TestNode, question: _Question) -> Victim | None:
        around = self._around(test, question)
        if around is None and test.function.address in question.reading:
            first = self._first(test.function, question, _DEPTH)
            around = (first[1], Location(path=test.path, line=first[0])) if first is not None else None
        if around is None or around[0] not in _LOOKS:
            return None
        return Victim(at=replace(around[1], note=f"read by {test.function.address.qualname}"), directly=around[0] is _Does.READS)

    def _around(self, test: TestNode, question: _Question) -> tuple[_Does, Location] | None:
        """What the fixtures and the set-up of a test do to the state before it: one that sets it anew counts first."""
        key = id(test.resolution)
        if not test.classes and key in question.around:
            return question.around[key]
        found: tuple[_Does, Location] | None = None
        for function, each in self._before(test):
            first = self._first(function, question, _DEPTH) if each or function.address in question.reading else None
            if first is None or (first[1] not in _LOOKS and not each):
                continue
            at = Location(path=function.address.path, line=first[0])
            if each and (is_back(function.address.name) or self._sets(function, question)):
                found = (_Does.SETS, at)
                break
            found = found or (first[1], at)
        if not test.classes:
            question.around[key] = found
        return found

    def _sets(self, function: Function, question: _Question) -> bool:
        return any(does is _Does.SETS for _, does in self._events(function, question, _DEPTH))

    def _before(self, test: TestNode) -> Iterator[tuple[Function, bool]]:
        """The fixtures and set-ups of a test, each with whether it runs anew for it."""
        flow = self.known.calls.flow
        if not self.fixtures:
            registrations = flow.graph.registrations
            self.fixtures = {r.id: (r.definition.function, r.definition.scope is Scope.FUNCTION) for r in registrations}
        yield from (self.fixtures[number] for number in sorted(test.resolution.fixtures()))
        klass = self.known.index.classes[test.path].get(".".join(test.classes)) if test.classes else None
        methods = (flow.method(klass, name) for name in sorted(SETUPS)) if klass is not None else ()
        yield from ((method, True) for method in methods if method is not None)

    def _first(self, function: Function, question: _Question, depth: int) -> _Event | None:
        """The first line of a function, its teardown left out, that sets or reads the state, and which of both it does."""
        address = function.address
        if address not in question.memo:
            question.memo[address] = None
            question.memo[address] = min(self._events(function, question, depth), default=None, key=_order)
        return question.memo[address]

    def _events(self, function: Function, question: _Question, depth: int) -> Iterator[_Event]:
        changed: set[int] = set()
        replaced = False
        for line, key, does in self._lines(function):
            replaced = replaced or (does is _Does.SETS and self._is_between(key, question))
            done = question.means(key, does)
            if done is _Does.CHANGES:
                changed.add(line)
            elif done is not None and line not in changed:
                yield line, done
        for call in function.calls:
            done = None if call.after_yield or call.raises else self._call(function, call, question, depth)
            if done is _Does.SETS or (done is not None and not replaced):
                yield call.line, done

    def _is_between(self, key: _Key, question: _Question) -> bool:
        """Whether what a test puts something else in the place of is a function that comes to a reader: what it calls then need not."""
        function = self.known.index.functions.get(key[0], {}).get(key[1])
        return function is not None and function.address in question.reading

    def _call(self, function: Function, call: Call, question: _Question, depth: int) -> _Does | None:
        flow = self.known.calls.flow
        callees = [*flow.handed_out(function, call), *filter(None, [flow.called(function, call)])]
        callees += [f for f in self.known.calls.certain(function, call) if f not in callees]
        for callee in callees:
            if callee.address in question.setters:
                return _Does.SETS
            if callee.address.path in self.known.tests:
                first = self._first(callee, question, depth - 1) if depth and callee.address != function.address else None
                if first is not None:
                    return first[1]
            elif callee.address in question.reading:
                return _Does.READS if callee.address in question.readers else _Does.MAY_READ
        named = not callees and "." in call.callee.dotted and question.reading.by_name(call.callee.dotted.rpartition(".")[2])
        return _Does.MAY_READ if named else None

    def _lines(self, function: Function) -> tuple[tuple[int, _Key, _Does], ...]:
        """What a function of the tests sets, changes and names of the program, changes first."""
        if function.address not in self.lines:
            self.lines[function.address] = tuple(dict.fromkeys(self._read(function)))
        return self.lines[function.address]

    def _read(self, function: Function) -> Iterator[tuple[int, _Key, _Does]]:
        known, path = self.known, function.address.path
        yield from ((line, key, _Does.SETS) for key, line in patches(known, function))
        yield from ((call.line, _ARGV, _Does.SETS) for call in patching(known, function) if _names_argv(call))
        for effect in function.effects:
            key = self._key(effect.target, path)
            if key is not None and not effect.after_yield:
                whole = effect.kind in _ASSIGNS or empties(effect) or effect.how == "clear" or key == _ARGV
                yield effect.line, key, _Does.SETS if whole else _Does.CHANGES
        for target, line in zip(function.mentions, function.mentioned_at, strict=True):
            key = self._key(target, path)
            if key is not None:
                yield line, key, _Does.SETS if key[1].endswith(CLEARS) else _Does.READS

    def _key(self, target: Target, path: str) -> _Key | None:
        """The name of the program that a target in a function means; None if it is the tests' own, or foreign."""
        if target.dotted.startswith("sys.argv"):
            return _ARGV
        definition = self.known.index.target(target, path)
        if definition is None or definition.path in self.known.tests or not definition.name:
            return None
        whole = self.known.canonical(definition)
        return whole.path, whole.name


def _names_argv(call: Call) -> bool:
    owner = call.passes[0][1].dotted if call.passes else ""
    return call.strings[:1] == ("sys.argv",) or (owner == "sys" and call.strings[:1] == ("argv",))


def _inside(function: Function, at: Location) -> bool:
    return at.path == function.address.path and function.line <= at.line <= function.end_line


def _order(event: _Event) -> tuple[int, bool]:
    """By line; of two on one line the one that sets counts first: the doubt is the finding's, not the test's."""
    return event[0], event[1] in _LOOKS
