"""Facts of all files to the fixture graph."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from rescope.config import PytestIni
from rescope.graph.closure import Resolver
from rescope.graph.fixture_graph import FixtureGraph, Resolution, TestNode
from rescope.graph.index import ModuleIndex
from rescope.graph.namespace import Namespaces
from rescope.graph.visibility import Place, Visibility
from rescope.model.address import Address
from rescope.model.facts import ClassDef, FixtureDef, Function, Marks


def build(index: ModuleIndex, test_modules: Iterable[str], ini: PytestIni) -> FixtureGraph:
    """The graph of the project; `test_modules` are the paths that pytest would collect."""
    namespaces = Namespaces(index=index)
    paths = tuple(test_modules)
    visibility = Visibility(namespaces=namespaces, plugin_paths=_plugin_paths(index, paths, ini))
    collector = _Collection(index=index, namespaces=namespaces, visibility=visibility, ini=ini)
    for path in paths:
        collector.module(path)
    collector.unused()
    return _assemble(collector)


def _plugin_paths(index: ModuleIndex, test_modules: tuple[str, ...], ini: PytestIni) -> tuple[str, ...]:
    """Project modules that pytest loads as plugins, in registration order."""
    found: dict[str, None] = {}
    roots = [p for p in index.modules if PurePosixPath(p).name == "conftest.py"] + list(test_modules)
    queue = [(name, "") for name in ini.plugins]
    queue += [(name, path) for path in sorted(roots, key=lambda p: p.count("/")) for name in index.modules[path].plugins]
    while queue:
        name, near = queue.pop(0)
        path = index.module(name, near)
        if path is not None and path not in found:
            found[path] = None
            queue += [(inner, path) for inner in index.modules[path].plugins]
    return tuple(found)


@dataclass(slots=True, kw_only=True)
class _Collection:
    """Collects tests module by module, as pytest would."""

    index: ModuleIndex
    namespaces: Namespaces
    visibility: Visibility
    ini: PytestIni
    tests: list[TestNode] = field(default_factory=list)
    resolutions: dict[object, Resolution] = field(default_factory=dict)
    extra: list[Resolution] = field(default_factory=list)

    def module(self, path: str) -> None:
        """Collect one test module."""
        facts = self.index.modules[path]
        place = self.visibility.module(path)
        namespace = self.namespaces.module(path)
        for name, bounds in namespace.items():
            for bound in bounds:
                if bound.function is not None and self._is_test(name):
                    self._test(path, (), name, bound.function, place, (facts.marks,))
                elif bound.klass is not None and not bound.klass.address.qualname.count("."):
                    self._class(path, (bound.klass,), name, place, (facts.marks,))

    def _is_test(self, name: str) -> bool:
        return any(name.startswith(p) or ("*" in p and fnmatchcase(name, p)) for p in self.ini.python_functions)

    def _is_test_class(self, klass: ClassDef, name: str) -> bool:
        mro = self.namespaces.mro(klass)
        flagged = next((c for c in mro if c.not_test or c.is_test), None)
        if flagged is not None and flagged.not_test:
            return False
        named = any(name.startswith(p) or ("*" in p and fnmatchcase(name, p)) for p in self.ini.python_classes)
        return (named or flagged is not None) and not any(c.has_init for c in mro)

    def _class(self, path: str, chain: tuple[ClassDef, ...], name: str, outer: Place, marks: tuple[Marks, ...]) -> None:
        klass = chain[-1]
        unittest = self.namespaces.is_unittest(klass)
        if not unittest and not self._is_test_class(klass, name):
            return
        place = self.visibility.klass(outer, path, (klass,))
        bases = self.namespaces.mro(klass)
        stack = (*marks, *(c.marks for c in bases))
        for attr, bounds in self.namespaces.class_members(klass).items():
            for bound in bounds:
                if bound.function is not None and (attr.startswith("test") if unittest else self._is_test(attr)):
                    self._test(path, chain, attr, bound.function, place, stack, unittest=unittest)
                elif bound.klass is not None and not unittest:
                    self._class(path, (*chain, bound.klass), attr, place, stack)

    def _test(
        self,
        path: str,
        chain: tuple[ClassDef, ...],
        name: str,
        function: Function,
        place: Place,
        marks: tuple[Marks, ...],
        *,
        unittest: bool = False,
    ) -> None:
        own = _merge_marks((function.marks, *reversed(marks)))
        argnames = () if unittest else function.argnames
        initial = self._initial(place, own, argnames)
        shadowed = frozenset(n for p in own.parametrize for n in p.argnames if p.indirect is not None and n not in p.indirect)
        key = (tuple(id(h) for h in place), initial, shadowed, function.requested)
        if key not in self.resolutions:
            self.resolutions[key] = Resolver(place=place, shadowed=shadowed).resolve(initial, function.requested)
        names = tuple(c.address.name for c in chain)
        self.tests.append(
            TestNode(
                id="::".join((path, *names, name)),
                path=path,
                classes=names,
                function=function,
                argnames=argnames,
                marks=own,
                resolution=self.resolutions[key],
                unittest=unittest,
            ),
        )

    def _initial(self, place: Place, marks: Marks, argnames: tuple[str, ...]) -> tuple[str, ...]:
        autouse = [name for holder in place for name in holder.autouse()]
        return tuple(dict.fromkeys([*self.ini.usefixtures, *autouse, *marks.usefixtures, *argnames]))

    def unused(self) -> None:
        """Resolve fixtures that no test reaches from where they stand, so that edits keep them sound."""
        for path, module in self.index.modules.items():
            if module.fixtures and PurePosixPath(path).name == "conftest.py":
                self.visibility.module(path)
        reached = {i for r in self.resolutions.values() for i in r.fixtures()}
        for holder in list(self.visibility.holders.values()):
            missing = tuple(r.name for entry in holder.registrations for r in entry if r.id not in reached)
            if missing:
                place = self._place_of(holder.baseid, holder)
                self.extra.append(Resolver(place=place, shadowed=frozenset()).resolve(missing, ()))

    def _place_of(self, baseid: str, holder: object) -> Place:
        path = baseid.partition("::")[0]
        place = self.visibility.module(path) if path in self.index.modules else self.visibility.folder(path or ".")
        known = any(h is holder for h in place)
        return place if known else (*place, holder)  # type: ignore[return-value]


def _merge_marks(marks: Iterable[Marks]) -> Marks:
    found = tuple(marks)
    return Marks(
        usefixtures=tuple(name for m in found for name in m.usefixtures),
        parametrize=tuple(p for m in found for p in m.parametrize),
        opaque=any(m.opaque for m in found),
    )


def _assemble(collector: _Collection) -> FixtureGraph:
    registrations = tuple(collector.visibility.registrations)
    graph = FixtureGraph(registrations=registrations, tests=tuple(collector.tests), static_edges=frozenset(_edges(collector)))
    by_definition: defaultdict[Address, list] = defaultdict(list)  # type: ignore[type-arg]
    for registration in registrations:
        by_definition[registration.definition.address].append(registration)
    graph.by_definition = {a: tuple(r) for a, r in by_definition.items()}
    _link_fixtures(graph)
    _link_tests(graph)
    return graph


def _edges(collector: _Collection) -> Iterator[tuple[int, str, int]]:
    for resolution in [*collector.resolutions.values(), *collector.extra]:
        for requester, targets in resolution.edges:
            yield from ((requester.id, requester.name, target) for target in targets)


def _link_fixtures(graph: FixtureGraph) -> None:
    requesters: defaultdict[Address, dict[tuple[Address, str], tuple[FixtureDef, str]]] = defaultdict(dict)
    resolved: defaultdict[tuple[Address, str], dict[Address, FixtureDef]] = defaultdict(dict)
    for requester, name, target in sorted(graph.static_edges):
        if requester >= 0:
            source, goal = graph.registrations[requester].definition, graph.registrations[target].definition
            requesters[goal.address][source.address, name] = (source, name)
            resolved[source.function.address, name][goal.address] = goal
    for test in graph.tests:
        for edge, targets in test.resolution.edges:
            if edge.id == -1:
                found = {graph.registrations[t].definition.address: graph.registrations[t].definition for t in targets}
                resolved[test.function.address, edge.name] |= found
    graph.requesters = {a: tuple(found.values()) for a, found in requesters.items()}
    graph.resolved = {key: tuple(found.values()) for key, found in resolved.items()}


def _link_tests(graph: FixtureGraph) -> None:
    memo: dict[int, frozenset[Address]] = {}
    users: defaultdict[Address, list[int]] = defaultdict(list)
    for number, test in enumerate(graph.tests):
        key = id(test.resolution)
        if key not in memo:
            memo[key] = frozenset(graph.registrations[i].definition.address for i in test.resolution.fixtures())
        for address in memo[key]:
            users[address].append(number)
    graph.users = {address: tuple(numbers) for address, numbers in users.items()}
