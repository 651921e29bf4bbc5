"""Which functions of the program hand out objects that somebody changes."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

from rescope.facts.verbs import is_back
from rescope.graph.state.instances import changers
from rescope.graph.state.known import Known
from rescope.graph.state.read_evidence import may_stand_around
from rescope.model.address import Address
from rescope.model.facts import Function, Target, ValueKind
from rescope.model.state import Role, Singleton

_OF_METHODS = frozenset({"setter", "getter", "deleter", "cached_property", "lru_cache", "cache", "wraps", "contextmanager", "override"})


@dataclass(slots=True, kw_only=True)
class Handling:
    """What tests do to the result of a function: the methods that are called of it, "" where it is changed from outside.

    Theirs is also what functions do that they call themselves, and routes and commands, to which they come on ways that no call
    shows. `handed` are functions that the program gives to others to call, as in `Depends(get_cache)`: what becomes of their
    result is not seen; `ended` are those whose result fixtures and set-ups take back by a method of its own.
    """

    known: Known
    by: defaultdict[Address, set[str]] = field(default_factory=lambda: defaultdict(set))
    handed: set[Address] = field(default_factory=set)
    ended: set[Address] = field(default_factory=set)

    def works_on(self, singleton: Singleton) -> bool:
        """Whether the object that the singleton hands out is changed, is told to change itself, or may be by who was handed it."""
        getters = _getters(singleton)
        if not self.ended.isdisjoint(getters):
            return False
        methods = {name for getter in getters for name in self.by.get(getter, ()) if not is_back(name)}
        if "" in methods:
            return True
        klass = self.known.class_named(singleton.builds, singleton.address.path)
        handed = not self.handed.isdisjoint(getters)
        if klass is None or not self.known.calls.flow.namespaces.is_own(klass):  # what the methods of others change is not known
            return bool(methods)
        changing = {method.address.name for method in changers(self.known, klass)}
        return not changing.isdisjoint(methods) or (bool(changing) and handed)


def read_handling(known: Known, singletons: Iterable[Singleton], called: Container[Address]) -> Handling:
    """What the tests, those that request a fixture, and the functions that tests have called do to what singletons hand out.

    `called` are the functions of the program that tests call themselves.
    """
    found = Handling(known=known)
    getters = {getter for singleton in singletons for getter in _getters(singleton)}
    words = {getter.name for getter in getters} | {getter.qualname.split(".")[0] for getter in getters}
    for path, module in known.index.modules.items():
        for function in (*module.functions, *((module.body,) if module.body else ())):
            by_tests = path in known.tests or function.address in called or is_entry(function)
            _read(known, function, words, found, by_tests=by_tests)
    for fixture in known.calls.flow.graph.definitions():
        given = list(_given(known, fixture.function, words))
        if given and known.calls.flow.mutations(fixture):
            for address in given:
                found.by[address].add("")
    return found


def _getters(singleton: Singleton) -> set[Address]:
    return {w.function for w in singleton.writers if w.role is Role.LAZY}


def _read(known: Known, function: Function, words: set[str], found: Handling, *, by_tests: bool) -> None:
    path = function.address.path
    around = path in known.tests and may_stand_around(known, function)
    for target, method in function.handled if by_tests else ():
        for address in _named(known, target, path, words):
            found.by[address].add(method)
            if around and is_back(method):
                found.ended.add(address)
    called = {call.callee for call in function.calls}
    for target in function.mentions if path not in known.tests else ():
        if target not in called:
            found.handed.update(_named(known, target, path, words))


def is_entry(function: Function) -> bool:
    """Whether a decorator may have registered the function with what calls it: a router, a group of commands, a scheduler."""
    return any("." in decorator and decorator.rpartition(".")[2] not in _OF_METHODS for decorator in function.decorators)


def _given(known: Known, function: Function, words: set[str]) -> Iterator[Address]:
    for value in function.values:
        if value.kind is ValueKind.CALL and value.target is not None:
            yield from _named(known, value.target, function.address.path, words)


def _named(known: Known, target: Target, path: str, words: set[str]) -> Iterator[Address]:
    """The function of the project that a target names, if its name is one of the words; of a class, what makes an instance."""
    if target.dotted.rpartition(".")[2] not in words:
        return
    definition = known.index.target(target, path)
    klass = known.index.class_at(definition)
    made = known.calls.flow.method(klass, "__new__") if klass is not None else known.index.function(definition)
    if made is not None:
        yield made.address
