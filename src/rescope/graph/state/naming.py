"""Which state the tests speak of: by its name, or by a call of a function of the program that reads or writes it."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from rescope.graph.state.known import Known
from rescope.model.address import Address, Location
from rescope.model.facts import Call, Function, Root, Target
from rescope.model.state import Singleton

_Key = tuple[str, str]
_Said = tuple[Address, Location]


@dataclass(slots=True, kw_only=True)
class Naming:
    """Places in tests by the state that they read, and by the function of the program that they call."""

    read: defaultdict[_Key, list[_Said]] = field(default_factory=lambda: defaultdict(list))
    called: defaultdict[Address, list[_Said]] = field(default_factory=lambda: defaultdict(list))
    access: defaultdict[_Key, list[Address]] = field(default_factory=lambda: defaultdict(list))
    readers: defaultdict[_Key, list[Address]] = field(default_factory=lambda: defaultdict(list))

    def of(self, singleton: Singleton, but: Container[Address]) -> Iterator[Location]:
        """Where tests, `but` some functions of them, name the state, or call what reads or writes it."""
        yield from (at for by, at in self._all(singleton) if by not in but)

    def is_read(self, singleton: Singleton, but: Container[Address]) -> bool:
        """Whether tests, `but` some functions of them, name the state itself."""
        path = singleton.address.path
        return any(by not in but for name, _ in singleton.group for by, _ in self.read.get((path, name), ()))

    def readers_of(self, singleton: Singleton) -> Iterator[Address]:
        """The functions, of the program and the tests, that read the state; of what a class holds, all that has a part in it."""
        path = singleton.address.path
        for name, _ in singleton.group or ((singleton.name, ""),):
            yield from (by for by, _ in self.read.get((path, name), ()))
            yield from (self.access if "." in name else self.readers).get((path, name), ())

    def _all(self, singleton: Singleton) -> Iterator[_Said]:
        path = singleton.address.path
        functions = [w.function for w in singleton.writers]
        for name, _ in singleton.group:
            yield from self.read.get((path, name), ())
            functions += self.access.get((path, name), ())
        for function in dict.fromkeys(functions):
            yield from self.called.get(function, ())


def read_naming(known: Known, singletons: Iterable[Singleton]) -> Naming:
    """What all functions of the tests name, fixtures and helpers included."""
    found = Naming()
    for path in sorted(known.tests - known.idle):
        module = known.index.modules[path]
        for function in (*module.functions, *((module.body,) if module.body else ())):
            _read(known, function, found)
    wanted = {(s.address.path, name) for s in singletons for name, _ in s.group}
    words = {name.rpartition(".")[2] for _, name in wanted}
    for path, module in known.index.modules.items():
        for function in module.functions if path not in known.tests else ():
            for key in _accessed(known, function, function.mentions, words):
                if key in wanted:
                    found.readers[key].append(function.address)
                    found.access[key].append(function.address)
            for key in chain(((path, name) for name in function.globals), _accessed(known, function, _changed(function), words)):
                if key in wanted:
                    found.access[key].append(function.address)
    return found


def _read(known: Known, function: Function, found: Naming) -> None:
    path, by = function.address.path, function.address
    at = Location(path=path, line=function.def_line, note=f"named by {by.qualname}")
    for target in function.mentions:
        definition = known.index.target(target, path)
        if definition is not None and definition.path not in known.tests and definition.name:
            whole = known.canonical(definition)
            for name in _prefixes(whole.name):
                found.read[whole.path, name].append((by, at))
    for call in function.calls:
        for callee in _callees(known, function, call):
            if callee.address.path not in known.tests:
                found.called[callee.address].append((by, Location(path=path, line=call.line, note=f"{call.callee.dotted}()")))


def _callees(known: Known, function: Function, call: Call) -> Iterator[Function]:
    """The function that a call runs; of a class, both that make an instance."""
    made = known.made_by(call, function.address.path)
    found = (*made, None if made else known.calls.flow.called(function, call), _of_fixture(known, function, call))
    yield from filter(None, found)


def _prefixes(dotted: str) -> Iterator[str]:
    parts = dotted.split(".")
    yield from (".".join(parts[:cut]) for cut in range(1, len(parts) + 1))


def _of_fixture(known: Known, function: Function, call: Call) -> Function | None:
    """The method of a project class that a call on the value of a fixture reaches."""
    if call.callee.root is not Root.ARGUMENT or not call.callee.tail or "." in call.callee.tail:
        return None
    flow = known.calls.flow
    built = (flow.built_class(fixture) for fixture in flow.graph.resolves(function, call.callee.head))
    return next((m for klass in built if klass is not None and (m := flow.method(klass, call.callee.tail)) is not None), None)


def _changed(function: Function) -> Iterator[Target]:
    return (effect.target for effect in function.effects)


def _accessed(known: Known, function: Function, targets: Iterable[Target], words: set[str]) -> Iterator[_Key]:
    """The state that a function of the program means by what it names, by the file and the class that declare it."""
    path = function.address.path
    owner = function.address.qualname.rpartition(".")[0]
    for target in targets:
        parts = target.dotted.split(".")
        if not words.intersection(parts):
            continue
        if target.root in {Root.CLS, Root.SELF} and target.tail:
            yield path, f"{owner}.{target.tail.partition('.')[0]}"
            continue
        definition = known.index.target(target, path)
        if definition is not None:
            yield from ((definition.path, name) for name in _prefixes(known.canonical(definition).name))
