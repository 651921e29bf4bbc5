"""Who would notice: tests that read state before they set it anew themselves, by the order of the lines that they run."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from rescope.facts.undo import empties
from rescope.facts.verbs import SETUPS, is_back
from rescope.graph.fixture_graph import TestNode
from rescope.graph.index import Definition
from rescope.graph.reach import Reaching
from rescope.graph.state.evidence import CLEARS
from rescope.graph.state.handling import is_entry
from rescope.graph.state.known import Known
from rescope.graph.state.read_evidence import patches, patching
from rescope.model.address import Address, Location
from rescope.model.facts import Call, EffectKind, Function, Root, Target
from rescope.model.scope import Scope
from rescope.model.state import Role, Shape, Singleton

_ASSIGNS = frozenset({EffectKind.BIND, EffectKind.SET_ATTR, EffectKind.DELETE})
_MAKES = frozenset({"__init__", "__new__", "__post_init__"})
_PLAIN = frozenset({"staticmethod", "classmethod", "contextmanager", "asynccontextmanager", "wraps", "lru_cache", "cache", "override"})
_DEPTH = 3
_ENOUGH = 2
_MET = 60
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


class _Called(NamedTuple):
    """A call and the functions that it reaches; `method` is the name of one of it is not known what."""

    line: int
    callees: tuple[Function, ...]
    method: str
    nested: bool


class Victim(NamedTuple):
    """A test that comes unprepared to a state, and where; `directly` says that this line names it, or calls what reads it."""

    at: Location
    directly: bool


class Seen(NamedTuple):
    """The tests that come unprepared, and the fixtures and set-ups that set the state anew for others."""

    victims: tuple[Victim, ...]
    preparing: frozenset[Address]


@dataclass(slots=True, kw_only=True)
class _Question:
    """State as the walk through tests sees it: its names, what sets it anew, and what may come to a reader of it."""

    keys: frozenset[_Key]
    readers: frozenset[Address]
    reading: Reaching
    setters: frozenset[Address] = frozenset()
    methods: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    memo: dict[Address, _Event | None] = field(default_factory=dict)
    around: dict[tuple[int, str, tuple[str, ...]], tuple[_Does, Location] | None] = field(default_factory=dict)
    preparing: set[Address] = field(default_factory=set)

    def means(self, key: _Key, does: _Does) -> _Does | None:
        """What a change or a mention of a name is to the state; None if it is of something else.

        Of an object, `methods` are those that set anew what the tests change, and `attributes` what they assign.
        """
        if key in self.keys:
            return does
        path, name = key
        head, _, tail = name.partition(".")
        if not tail or (path, head) not in self.keys:
            return None
        if tail.partition(".")[0] in (self.methods if does is _Does.READS else self.attributes):
            return _Does.SETS
        return does if does is _Does.READS else _Does.CHANGES


@dataclass(slots=True, kw_only=True)
class Victims:
    """Answers which tests come unprepared to a state; what a function of the tests does is read once."""

    known: Known
    fixtures: dict[int, tuple[Function, bool]] = field(default_factory=dict)
    lines: dict[Address, tuple[tuple[int, _Key, _Does], ...]] = field(default_factory=dict)
    callees: dict[Address, tuple[_Called, ...]] = field(default_factory=dict)
    runs: Counter[Address] = field(default_factory=Counter)
    handed: set[Address] = field(default_factory=set)
    classes: set[_Key] = field(default_factory=set)

    def of(self, singleton: Singleton) -> Seen:
        """Two tests that read the state which neither they nor their set-up have set anew, and one that does directly, if any do.

        The only test that changes the state is none: it would have to run twice.
        """
        path, of_object = singleton.address.path, singleton.shape is Shape.INSTANCE
        names = {name for name, _ in singleton.group} | {singleton.address.qualname}
        sets = {Role.RESET} if singleton.shape is Shape.CONTAINER else {Role.RESET, Role.SETTER}
        question = _Question(
            keys=frozenset((path, name) for name in (*names, *(f"{name}{CLEARS}" for name in names))),
            readers=frozenset(singleton.readers),
            reading=self.known.calls.reaching(singleton.readers),
            setters=frozenset(w.function for w in singleton.writers if (w.role in sets and not w.guarded) or is_back(w.function.name)),
            methods=frozenset(self._setting(singleton)) if of_object else frozenset(),
            attributes=frozenset(_assigned(singleton)) if of_object else frozenset(),
        )
        return self._answer(question, (*singleton.touched_by_tests, *singleton.set_by_tests))

    def _setting(self, singleton: Singleton) -> Iterator[str]:
        """The methods that set an object anew: those that say so, and those by which tests change it, if they assign and do not add."""
        yield from ("set", "reset", "clear")
        changed = _changed(singleton)
        for writer in singleton.writers:
            method = self.known.index.function_at(*writer.function[:3]) if writer.role is Role.MUTATOR else None
            own = [e for e in method.effects if e.target.root is Root.SELF] if method is not None else []
            adds = any(e.kind is not EffectKind.SET_ATTR or e.how != "=" for e in own)
            if is_back(writer.text) or (writer.text in changed and own and not adds):
                yield writer.text

    def may_come_unseen_to(self, singleton: Singleton, seen: Seen) -> bool:
        """Whether a test may come unprepared to the state on ways that no call shows.

        Nothing but a fixture sets what is None else: without it a reader would fail, so that all tests of readers request it.
        """
        unset = all(initial == "None" for _, initial in singleton.group)
        changed = (*singleton.touched_by_tests, *singleton.set_by_tests)
        return not (seen.preparing and unset) and self._may_come_unseen(singleton.readers, seen, changed)

    def _may_come_unseen(self, readers: Iterable[Address], seen: Seen, changed: Iterable[Location]) -> bool:
        """Whether a reader is come to on ways that no call shows: a property, a route or command above it, a function handed to others.

        Where fixtures set anew what others change, the tests that need it are taken to request them.
        """
        places = [self.known.index.function_at(*address[:3]) for address in seen.preparing]
        if places and any(not any(_inside(place, at) for place in places if place is not None) for at in changed):
            return False
        own = [reader for reader in readers if reader.path not in self.known.tests]
        near = dict.fromkeys((*own, *(a for a in self.known.calls.callers_of(own) if a.path not in self.known.tests)))
        functions = [f for f in (self.known.index.function_at(*address[:3]) for address in near) if f is not None]
        reading = self.known.calls.reaching(own)
        if any(self._is_asked_otherwise(f) or f.address in self._handed() for f in functions):
            return True
        return any(f.address in reading and f.address.path not in self.known.tests for f in self._functions() if is_entry(f))

    def _is_asked_otherwise(self, function: Function) -> bool:
        """Whether more than a call by its name runs it: a decorator, or Python by itself where tests name the class."""
        name, owner = function.address.name, function.address.qualname.rpartition(".")[0]
        special = name.startswith("__") and name.endswith("__") and name not in _MAKES
        wrapped = any(decorator.rpartition(".")[2] not in _PLAIN for decorator in function.decorators)
        if not owner or not function.is_method:
            return wrapped
        return (special or wrapped) and (function.address.path, owner) in self._classes()

    def _classes(self) -> set[_Key]:
        """The classes of the program that tests name."""
        if not self.classes:
            self.classes.add(_ARGV)
            for path in self.known.tests:
                for function in self.known.index.functions[path].values():
                    found = (self.known.index.target(target, path) for target in function.mentions)
                    self.classes.update(d for d in found if d is not None and self.known.index.class_at(d) is not None)
        return self.classes

    def _handed(self) -> set[Address]:
        """The functions that some code of the project names without calling them."""
        if not self.handed:
            self.handed.add(Address(path="", qualname=""))
            for module in self.known.index.modules.values():
                for function in (*module.functions, *((module.body,) if module.body else ())):
                    called = {call.callee for call in function.calls}
                    named = (self.known.index.target(t, module.path) for t in function.mentions if t not in called)
                    found = (self.known.index.function(definition) for definition in named)
                    self.handed.update(f.address for f in found if f is not None)
        return self.handed

    def notice(self, names: Iterable[Definition], changed: Collection[Location]) -> bool:
        """Whether a test reads one of the names of modules unprepared, or may on ways that calls do not show.

        Of a definition whose path is "" the name is that of what is no part of the project, `sys.argv`.
        """
        wanted = {(name.path, name.name) for name in names}
        words = {name.rpartition(".")[2] for _, name in wanted}
        readers = [f.address for f in self._functions() if any(self._reads(f, target, wanted, words) for target in f.mentions)]
        reading = self.known.calls.reaching(readers)
        question = _Question(keys=frozenset(wanted), readers=frozenset(readers), reading=reading)
        seen = self._answer(question, changed)
        return bool(seen.victims) or self._may_come_unseen(readers, seen, changed)

    def _functions(self) -> Iterator[Function]:
        return (function for module in self.known.index.modules.values() for function in module.functions)

    def _reads(self, function: Function, target: Target, wanted: set[_Key], words: set[str]) -> bool:
        if words.isdisjoint(target.dotted.split(".")):
            return False
        key = self._key(target, function.address.path)
        return any(_is_of(key, whole) for whole in wanted)

    def _answer(self, question: _Question, changed: Collection[Location]) -> Seen:
        found: list[Victim] = []
        met = 0
        tests = self.known.calls.flow.graph.tests
        if not self.runs:
            self.runs.update(test.function.address for test in tests)
        for test in tests:
            once = self.runs[test.function.address] == 1 and not test.marks.parametrize
            if once and changed and all(_inside(test.function, at) for at in changed):
                continue
            victim = self._victim(test, question)
            met += victim is not None
            if victim is not None and (len(found) < _ENOUGH or victim.directly):
                found.append(victim)
            if len(found) >= _ENOUGH and (found[-1].directly or met > _MET):
                break
        return Seen(victims=tuple(found), preparing=frozenset(question.preparing))

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
        key = (id(test.resolution), test.path, test.classes)
        if key in question.around:
            return question.around[key]
        found: tuple[_Does, Location] | None = None
        for function, each in self._before(test):
            first = self._first(function, question, _DEPTH) if each or function.address in question.reading else None
            if first is None or (first[1] not in _LOOKS and not each):
                continue
            at = Location(path=function.address.path, line=first[0])
            if each and (is_back(function.address.name) or self._sets(function, question)):
                found = (_Does.SETS, at)
                question.preparing.add(function.address)
                break
            found = found or (first[1], at)
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
        for called in self._called(function):
            done = self._call(function, called, question, depth)
            if done is not None and not (replaced and done is _Does.MAY_READ):
                yield called.line, done

    def _is_between(self, key: _Key, question: _Question) -> bool:
        """Whether what a test puts something else in the place of is a function that comes to a reader: what it calls then need not."""
        function = self.known.index.functions.get(key[0], {}).get(key[1])
        return function is not None and function.address in question.reading

    def _called(self, function: Function) -> tuple[_Called, ...]:
        """The calls of a function that run before its teardown, with what they reach: worked out once for all states."""
        if function.address not in self.callees:
            calls = (call for call in function.calls if not (call.after_yield or call.raises))
            self.callees[function.address] = tuple(self._resolved(function, call) for call in calls)
        return self.callees[function.address]

    def _resolved(self, function: Function, call: Call) -> _Called:
        flow = self.known.calls.flow
        found = [*flow.handed_out(function, call), *filter(None, [flow.called(function, call)])]
        found += [f for f in self.known.calls.certain(function, call) if f not in found]
        method = call.callee.dotted.rpartition(".")[2] if not found and "." in call.callee.dotted else ""
        return _Called(line=call.line, callees=tuple(found), method=method, nested=bool(call.nested))

    def _call(self, function: Function, called: _Called, question: _Question, depth: int) -> _Does | None:
        for callee in called.callees:
            if callee.address in question.setters:
                return None if called.nested else _Does.SETS
            if callee.address.path in self.known.tests:
                first = self._first(callee, question, depth - 1) if depth and callee.address != function.address else None
                if first is not None:
                    return first[1]
            elif callee.address in question.reading:
                return _Does.READS if callee.address in question.readers else _Does.MAY_READ
        return _Does.MAY_READ if called.method and question.reading.by_name(called.method) else None

    def _lines(self, function: Function) -> tuple[tuple[int, _Key, _Does], ...]:
        """What a function of the tests sets, changes and names of the program, changes first."""
        if function.address not in self.lines:
            self.lines[function.address] = tuple(dict.fromkeys(self._read(function)))
        return self.lines[function.address]

    def _read(self, function: Function) -> Iterator[tuple[int, _Key, _Does]]:
        known, path = self.known, function.address.path
        if not any(call.callee.dotted == "monkeypatch.undo" for call in function.calls):
            yield from ((line, key, _Does.SETS) for key, line in patches(known, function))
            yield from ((call.line, _ARGV, _Does.SETS) for call in patching(known, function) if _names_argv(call))
        named = [(line, self._key(target, path)) for target, line in zip(function.mentions, function.mentioned_at, strict=True)]
        for effect in function.effects:
            key = self._key(effect.target, path)
            if key is not None and not (effect.after_yield or effect.nested):
                whole = effect.kind in _ASSIGNS or empties(effect) or effect.how == "clear" or key == _ARGV
                again = effect.kind in _ASSIGNS and any(line == effect.line and _is_of(other, key) for line, other in named)
                yield effect.line, key, _Does.READS if whole and again else _Does.SETS if whole else _Does.CHANGES
        for line, key in named:
            if key is not None:
                yield line, key, _Does.SETS if key[1].endswith(CLEARS) else _Does.READS

    def _key(self, target: Target, path: str) -> _Key | None:
        """The name of the program, or the variable of a test file, that a target in a function means; None if it is neither."""
        if target.dotted.startswith("sys.argv"):
            return _ARGV
        definition = self.known.index.target(target, path)
        if definition is None or not definition.name:
            return None
        if definition.path in self.known.tests and self.known.index.variable(definition) is None:
            return None
        whole = self.known.canonical(definition)
        return whole.path, whole.name


def _changed(singleton: Singleton) -> set[str]:
    """The methods and attributes by which tests change an object."""
    return {at.note.partition("()")[0].rpartition(".")[2] for at in singleton.set_by_tests}


def _assigned(singleton: Singleton) -> set[str]:
    return _changed(singleton) - {writer.text for writer in singleton.writers if writer.role is Role.MUTATOR}


def _is_of(key: _Key | None, whole: _Key) -> bool:
    """Whether a name is that of a state, or of a part of it."""
    return key is not None and key[0] == whole[0] and f"{key[1]}.".startswith(f"{whole[1]}.")


def _names_argv(call: Call) -> bool:
    owner = call.passes[0][1].dotted if call.passes else ""
    return any(text.endswith("sys.argv") for text in call.strings[:1]) or (owner == "sys" and call.strings[:1] == ("argv",))


def _inside(function: Function, at: Location) -> bool:
    return at.path == function.address.path and function.line <= at.line <= function.end_line


def _order(event: _Event) -> tuple[int, bool]:
    """By line; of two on one line the one that sets counts first: the doubt is the finding's, not the test's."""
    return event[0], event[1] in _LOOKS
