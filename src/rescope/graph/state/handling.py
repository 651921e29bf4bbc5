"""Which functions of the program hand out objects that somebody changes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rescope.graph.state.instances import changers
from rescope.graph.state.known import Known
from rescope.model.address import Address
from rescope.model.facts import Function, Target, ValueKind
from rescope.model.state import Role, Singleton


@dataclass(slots=True, kw_only=True)
class Handling:
    """What is done to the result of a function: the methods that are called of it, "" where it is changed from outside.

    `handed` are functions that are given to others to call, as in `Depends(get_cache)`: what becomes of their result is not seen.
    """

    known: Known
    by: defaultdict[Address, set[str]] = field(default_factory=lambda: defaultdict(set))
    handed: set[Address] = field(default_factory=set)

    def works_on(self, singleton: Singleton) -> bool:
        """Whether the object that the singleton hands out is changed, is told to change itself, or may be by who was handed it."""
        getters = _getters(singleton)
        methods = {name for getter in getters for name in self.by.get(getter, ())}
        if "" in methods:
            return True
        klass = self.known.class_named(singleton.builds, singleton.address.path)
        handed = not self.handed.isdisjoint(getters)
        if klass is None or not self.known.calls.flow.namespaces.is_own(klass):  # what the methods of others change is not known
            return bool(methods) or (klass is not None and handed)
        changing = {method.address.name for method in changers(self.known, klass)}
        return not changing.isdisjoint(methods) or (bool(changing) and handed)


def read_handling(known: Known, singletons: Iterable[Singleton]) -> Handling:
    """What all functions of the program and the tests, and who requests a fixture, do to what the singletons hand out.

    Of the program, too, since tests come to its code on ways that no call shows: a request to a route, a command, a plugin.
    """
    found = Handling(known=known)
    getters = {getter for singleton in singletons for getter in _getters(singleton)}
    words = {getter.name for getter in getters} | {getter.qualname.split(".")[0] for getter in getters}
    for path, module in known.index.modules.items():
        for function in (*module.functions, *((module.body,) if module.body else ())):
            _read(known, function, path, words, found)
    for fixture in known.calls.flow.graph.definitions():
        given = list(_given(known, fixture.function, words))
        if given and known.calls.flow.mutations(fixture):
            for address in given:
                found.by[address].add("")
    return found


def _getters(singleton: Singleton) -> set[Address]:
    return {w.function for w in singleton.writers if w.role is Role.LAZY}


def _read(known: Known, function: Function, path: str, words: set[str], found: Handling) -> None:
    for target, method in function.handled:
        for address in _named(known, target, path, words):
            found.by[address].add(method)
    called = {call.callee for call in function.calls}
    for target in function.mentions:
        if target not in called:
            found.handed.update(_named(known, target, path, words))


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
