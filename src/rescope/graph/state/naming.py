"""Which state the tests speak of: by its name, or by a call of a function of the program that reads or writes it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rescope.graph.state.known import Known
from rescope.model.address import Address, Location
from rescope.model.facts import Call, Function, Root
from rescope.model.state import Singleton

_Key = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Naming:
    """Places in tests by the state that they read, and by the function of the program that they call."""

    read: defaultdict[_Key, list[Location]] = field(default_factory=lambda: defaultdict(list))
    called: dict[Address, Location] = field(default_factory=dict)
    classes: dict[_Key, Location] = field(default_factory=dict)
    access: defaultdict[_Key, list[Address]] = field(default_factory=lambda: defaultdict(list))

    def of(self, singleton: Singleton) -> Iterator[Location]:
        """Where tests name the state, or call what reads or writes it; methods stand for the class that holds it."""
        path = singleton.address.path
        for name, _ in singleton.group:
            yield from self.read.get((path, name), ())
            yield from (self.called[f] for f in self.access.get((path, name), ()) if f in self.called)
            owner = name.rpartition(".")[0]
            if (path, owner) in self.classes:
                yield self.classes[path, owner]
        yield from (self.called[w.function] for w in singleton.writers if w.function in self.called)


def read_naming(known: Known, singletons: Iterable[Singleton]) -> Naming:
    """What all functions of the tests name, fixtures and helpers included."""
    found = Naming()
    for path in sorted(known.tests):
        module = known.index.modules[path]
        for function in (*module.functions, *((module.body,) if module.body else ())):
            _read(known, function, found)
    wanted = {(s.address.path, name) for s in singletons for name, _ in s.group}
    words = {name.rpartition(".")[2] for _, name in wanted}
    for path, module in known.index.modules.items():
        for function in module.functions if path not in known.tests else ():
            for key in _accessed(known, function, words):
                if key in wanted:
                    found.access[key].append(function.address)
    return found


def _read(known: Known, function: Function, found: Naming) -> None:
    path = function.address.path
    at = Location(path=path, line=function.def_line, note=f"named by {function.address.qualname}")
    for target in function.mentions:
        definition = known.index.target(target, path)
        if definition is not None and definition.path not in known.tests and definition.name:
            whole = known.canonical(definition)
            parts = whole.name.split(".")
            for cut in range(1, len(parts) + 1):
                found.read[whole.path, ".".join(parts[:cut])].append(at)
    for call in function.calls:
        callee = known.calls.flow.called(function, call) or _of_fixture(known, function, call)
        if callee is not None and callee.address.path not in known.tests:
            place = Location(path=path, line=call.line, note=f"{call.callee.dotted}()")
            found.called.setdefault(callee.address, place)
            owner = callee.address.qualname.rpartition(".")[0]
            if callee.is_method and owner:
                found.classes.setdefault((callee.address.path, owner), place)
        klass = known.index.class_at(known.index.target(call.callee, path))
        if klass is not None:
            place = Location(path=path, line=call.line, note=f"{call.callee.dotted}()")
            for base in known.calls.flow.namespaces.mro(klass):
                found.classes.setdefault((base.address.path, base.address.qualname), place)


def _of_fixture(known: Known, function: Function, call: Call) -> Function | None:
    """The method of a project class that a call on the value of a fixture reaches."""
    if call.callee.root is not Root.ARGUMENT or not call.callee.tail or "." in call.callee.tail:
        return None
    flow = known.calls.flow
    built = (flow.built_class(fixture) for fixture in flow.graph.resolves(function, call.callee.head))
    return next((m for klass in built if klass is not None and (m := flow.method(klass, call.callee.tail)) is not None), None)


def _accessed(known: Known, function: Function, words: set[str]) -> Iterator[_Key]:
    """The state that a function of the program reads or writes, by the file and the class that declare it."""
    path = function.address.path
    owner = function.address.qualname.rpartition(".")[0]
    for name in function.globals:
        yield path, name
    for target in (*function.mentions, *(e.target for e in function.effects)):
        parts = target.dotted.split(".")
        if not words.intersection(parts):
            continue
        if target.root is Root.CLS and target.tail:
            yield path, f"{owner}.{target.tail.partition('.')[0]}"
            continue
        definition = known.index.target(target, path)
        if definition is not None:
            whole = known.canonical(definition).name.split(".")
            yield from ((definition.path, ".".join(whole[:cut])) for cut in range(1, len(whole) + 1))
