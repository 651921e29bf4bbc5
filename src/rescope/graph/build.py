"""Facts of all files to the fixture graph."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from rescope.config import PytestIni
from rescope.graph.closure import resolve
from rescope.graph.fixture_graph import ANY, FixtureGraph, Registration, Resolution, TestNode
from rescope.graph.index import Definition, ModuleIndex
from rescope.graph.namespace import Namespaces
from rescope.graph.plugins import loaded_plugins, plugin_paths
from rescope.graph.uncertain import ASKED, Doubt, doubts_of_decorators, doubts_of_hooks, doubts_of_marks
from rescope.graph.visibility import Holder, Place, Visibility
from rescope.model.address import Address
from rescope.model.facts import ClassDef, FixtureDef, Function, Marks, ModuleFacts


def build(index: ModuleIndex, test_modules: Iterable[str], ini: PytestIni) -> FixtureGraph:
    """The graph of the project; `test_modules` are the paths that pytest would collect."""
    namespaces = Namespaces(index=index)
    paths = tuple(test_modules)
    plugins = plugin_paths(index, ini)
    named = {path: [(name, path) for name in index.modules[path].plugins] for path in paths}
    late = {path: tuple(p for p in loaded_plugins(index, wanted, ini.blocked) if p not in plugins) for path, wanted in named.items()}
    visibility = Visibility(namespaces=namespaces, plugin_paths=plugins, late_plugins={p: found for p, found in late.items() if found})
    collector = _Collection(index=index, namespaces=namespaces, visibility=visibility, ini=ini)
    for path in paths:
        collector.module(path)
    collector.unused()
    return _assemble(collector)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """Where tests are collected: the module or class, what is visible there, and the marks that apply."""

    path: str
    baseid: str
    place: Place
    marks: tuple[Marks, ...]
    doubts: tuple[Doubt, ...]
    classes: tuple[str, ...] = ()
    unittest: bool = False


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
    visible: list[tuple[Place, Resolution]] = field(default_factory=list)
    mark_memo: dict[str, Marks] = field(default_factory=dict)

    def module(self, path: str) -> None:
        """Collect one test module."""
        facts = self.index.modules[path]
        if facts.not_test or facts.failure:
            return
        place = self.visibility.module(path)
        marks = (self._marks(facts.marks, path),)
        doubts = tuple(doubts_of_hooks(self.index, place, path, ()))
        scene = _Scene(path=path, baseid=path, place=place, marks=marks, doubts=doubts)
        self._unwritten(facts, place)
        for name, bounds in self.namespaces.module(path).items():
            for bound in bounds:
                if bound.function is not None and self._is_test(name):
                    self._test(scene, name, bound.function)
                elif bound.klass is not None:
                    self._class(scene, name, bound.klass)

    def _unwritten(self, facts: ModuleFacts, place: Place) -> None:
        """Doubt all that tests made by pytest-bdd from feature files may request."""
        if facts.body and any(call.callee.dotted == _SCENARIOS for call in facts.body.calls):
            made = resolve(place, place.autouse(), doubts=((ANY, f"{_SCENARIOS} in {facts.path} makes tests"),))
            self.extra.append(made)
            self.visible.append((place, made))

    def _is_test(self, name: str) -> bool:
        return _matches(name, self.ini.python_functions)

    def _is_test_class(self, klass: ClassDef, name: str, *, unittest: bool) -> bool:
        mro = self.namespaces.mro(klass)
        flagged = next((c for c in mro if c.not_test or c.is_test), None)
        if flagged is not None and flagged.not_test:
            return False
        if unittest:
            return True
        named = _matches(name, self.ini.python_classes) or flagged is not None
        return named and not any(c.has_init for c in mro) and not self.namespaces.foreign_init(klass)

    def _class(self, outer: _Scene, name: str, klass: ClassDef) -> None:
        unittest = self.namespaces.is_unittest(klass)
        if not self._is_test_class(klass, name, unittest=unittest):
            return
        baseid = f"{outer.baseid}::{name}"
        bases = self.namespaces.mro(klass)
        place = self.visibility.klass(outer.place, baseid, klass)
        scene = _Scene(
            path=outer.path,
            baseid=baseid,
            place=place,
            marks=(*outer.marks, *(self._marks(c.marks, c.address.path) for c in bases)),
            doubts=(*outer.doubts, *doubts_of_hooks(self.index, Place(), outer.path, bases)),
            classes=(*outer.classes, name),
            unittest=unittest,
        )
        for attr, bounds in self.namespaces.class_members(klass).items():
            for bound in bounds:
                if bound.function is not None and (attr.startswith("test") if unittest else self._is_test(attr)):
                    self._test(scene, attr, bound.function)
                elif bound.klass is not None and not unittest:
                    self._class(scene, attr, bound.klass)

    def _test(self, scene: _Scene, name: str, function: Function) -> None:
        mine = self._marks(function.marks, function.address.path)
        own = _merge_marks((mine, *reversed(scene.marks)))
        if function.is_async and (own.anyio or self.ini.anyio_auto) and not scene.unittest:
            own = _merge_marks((mine, _ANYIO, *reversed(scene.marks)))
        argnames = () if scene.unittest else function.argnames
        node = TestNode(
            id=f"{scene.baseid}::{name}",
            path=scene.path,
            classes=scene.classes,
            function=function,
            argnames=argnames,
            marks=own,
            resolution=self._resolution(scene, own, function, argnames),
            unittest=scene.unittest,
        )
        self.tests.append(node)

    def _resolution(self, scene: _Scene, marks: Marks, function: Function, argnames: tuple[str, ...]) -> Resolution:
        """What the test's names resolve to; shared with the tests beside it that ask for the same."""
        initial = tuple(dict.fromkeys([*self.ini.usefixtures, *scene.place.autouse(), *marks.usefixtures, *argnames]))
        shadowed = frozenset(n for p in marks.parametrize for n in p.argnames if p.indirect is not None and n not in p.indirect)
        own = (*scene.doubts, *doubts_of_marks(marks), *doubts_of_decorators(function))
        doubts = tuple(sorted(own, key=lambda doubt: doubt[1].startswith(ASKED)))
        key = (scene.place, initial, shadowed, function.requested, doubts)
        if key not in self.resolutions:
            resolution = resolve(scene.place, initial, dynamic=function.requested, shadowed=shadowed, doubts=doubts)
            self.resolutions[key] = resolution
            if resolution.unknown:
                self.visible.append((scene.place, resolution))
        return self.resolutions[key]

    def _marks(self, marks: Marks, path: str) -> Marks:
        """The marks, with those behind names of other decorators and mark variables."""
        if not marks.refers:
            return marks
        parts = [replace(marks, usefixtures=(), refers=())]
        start = 0
        for place, name in marks.refers:
            parts += [Marks(usefixtures=marks.usefixtures[start:place]), self._marks_behind(name, path)]
            start = place
        return _merge_marks((*parts, Marks(usefixtures=marks.usefixtures[start:])))

    def _marks_behind(self, dotted: str, path: str) -> Marks:
        key = f"{path}:{dotted}"
        if key not in self.mark_memo:
            self.mark_memo[key] = Marks()
            self.mark_memo[key] = self._find_marks(dotted, path)
        return self.mark_memo[key]

    def _find_marks(self, dotted: str, path: str) -> Marks:
        definition = self.index.locate(dotted, path) if "." in dotted else Definition(path=path, name=dotted)
        if definition is None:
            return Marks()
        held = dict(self.index.modules[definition.path].marks_by_name).get(definition.name)
        if held is not None:
            return self._marks(held, definition.path)
        function = self.index.function(definition)
        marks = function is not None and any(c.callee.dotted in _APPLIED for c in function.calls)
        return Marks(opaque=marks)

    def unused(self) -> None:
        """Resolve fixtures that no test reaches from where they stand, so that edits keep them sound."""
        for path, module in self.index.modules.items():
            if module.fixtures and PurePosixPath(path).name == "conftest.py":
                self.visibility.module(path)
        reached = {i for r in self.resolutions.values() for i in r.fixtures()}
        for holder in list(self.visibility.holders.values()):
            missing = tuple(dict.fromkeys(r.name for r in holder.registrations() if r.id not in reached))
            if missing:
                self.extra.append(resolve(self._place_of(holder), missing))

    def _place_of(self, holder: Holder) -> Place:
        path = holder.baseid.partition("::")[0]
        place = self.visibility.module(path) if path in self.index.modules else self.visibility.folder(path or ".")
        return place if any(h is holder for h in place.holders) else place.below(holder)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(name.startswith(p) or (set("*?[") & set(p) and fnmatchcase(name, p)) for p in patterns)


def _merge_marks(marks: Iterable[Marks]) -> Marks:
    found = tuple(m for m in marks if m != _NO_MARKS)
    if len(found) < 2:
        return found[0] if found else _NO_MARKS
    return Marks(
        usefixtures=tuple(name for m in found for name in m.usefixtures),
        parametrize=tuple(p for m in found for p in m.parametrize),
        opaque=any(m.opaque for m in found),
        computed=any(m.computed for m in found),
        anyio=any(m.anyio for m in found),
        skip=any(m.skip for m in found),
    )


_NO_MARKS = Marks()
_CIRCLE = "overrides request each other in a circle, where another scope changes who gets which"
_SCENARIOS = "pytest_bdd.scenarios"
_ANYIO = Marks(usefixtures=("anyio_backend",), anyio=True)
_APPLIED = frozenset({"pytest.mark.usefixtures", "pytest.mark.parametrize"})


def _assemble(collector: _Collection) -> FixtureGraph:
    registrations = tuple(collector.visibility.registrations)
    graph = FixtureGraph(registrations=registrations, tests=tuple(collector.tests), static_edges=frozenset(_edges(collector)))
    by_definition: defaultdict[Address, list[Registration]] = defaultdict(list)
    for registration in registrations:
        by_definition[registration.definition.address].append(registration)
    graph.by_definition = {a: tuple(r) for a, r in by_definition.items()}
    _link_fixtures(graph)
    _link_tests(graph)
    graph.doubts, graph.maybes = _doubts(collector)
    graph.unknown_names = frozenset(name for _, r in collector.visible for name, _ in r.unknown)
    return graph


def _doubts(collector: _Collection) -> tuple[dict[Address, tuple[str, ...]], dict[Address, str]]:
    """For each definition that an unknown name may mean or request, the reasons; apart from them, where only tests may."""
    maybes: dict[Address, str] = {}
    found: defaultdict[Address, dict[str, None]] = defaultdict(dict)
    for place, resolution in collector.visible:
        unknown = dict(resolution.unknown)
        for registration in (r for holder in place.holders for r in holder.registrations()):
            why = unknown.get(registration.name) or unknown.get(ANY)
            if why and why.startswith(ASKED):
                maybes[registration.definition.address] = why
            elif why:
                found[registration.definition.address][why] = None
    for number in {i for r in _all_resolutions(collector) if r.circular for i in r.fixtures()}:
        found[collector.visibility.registrations[number].definition.address][_CIRCLE] = None
    return {address: tuple(reasons) for address, reasons in found.items()}, maybes


def _all_resolutions(collector: _Collection) -> Iterator[Resolution]:
    yield from collector.resolutions.values()
    yield from collector.extra


def _edges(collector: _Collection) -> Iterator[tuple[int, str, int]]:
    for resolution in _all_resolutions(collector):
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
        asked = {*test.argnames, *test.function.requested}
        for edge, targets in test.resolution.edges:
            if edge.id == -1 and edge.name in asked:
                found = (graph.registrations[t].definition for t in targets)
                resolved[test.function.address, edge.name] |= {f.address: f for f in found}
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
