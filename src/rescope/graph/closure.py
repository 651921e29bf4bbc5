"""One item's fixture closure and edges, as pytest resolves them (late binding, override chains, shadowing).

The order is that of pytest 9.1 and newer: depth first, then sorted by scope. Before 9.1 dependencies came breadth first, and
before 9.0 those of overridden definitions were left out of the closure (they are set up all the same). Edges do not depend on
the version, but for overrides that request each other in a circle: there the order of set-up decides which one reaches the
overridden definition, and the names in the circle, and those whose edges then differ, are called unknown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rescope.graph.fixture_graph import ANY, Registration, Requester, Resolution
from rescope.graph.namespace import MADE
from rescope.graph.visibility import Level, Place
from rescope.model.scope import Scope

_FACTORY = "is made at run time and may request any fixture"
_ORDER = "overrides request each other in a circle, and which is meant depends on pytest's version"
_WORLDS = 32

Found = tuple[tuple[Registration, int], ...]


def resolve(
    place: Place,
    initial: Sequence[str],
    *,
    dynamic: Sequence[str] = (),
    shadowed: frozenset[str] = frozenset(),
    doubts: Sequence[tuple[str, str]] = (),
) -> Resolution:
    """The closure in pytest's order and every edge, dynamic requests last.

    Where branches of a module leave several definitions of a name, each choice is resolved on its own, and an edge has all
    the targets that some choice gives it, the likeliest last. `shadowed` names are set by direct parametrization, `doubts`
    are names that hooks may set.
    """
    worlds, complete = _worlds(place, initial, dynamic, shadowed)
    circular = {name for world in worlds for name in world.circular}
    older = [world.in_older_order(initial, dynamic) for world in worlds] if circular else []
    edges: dict[Requester, tuple[int, ...]] = {edge: (target,) for edge, target in worlds[-1].edges.items()}
    unknown = dict(worlds[-1].unknown)
    for world in reversed(worlds[:-1]):
        for requester, target in world.edges.items():
            edges[requester] = (*(t for t in edges.get(requester, ()) if t != target), target)
        unknown |= world.unknown
    for old, world in zip(older, worlds, strict=False):
        unknown |= {edge.name: _ORDER for edge in {*old.edges, *world.edges} if old.edges.get(edge) != world.edges.get(edge)}
    unknown |= dict.fromkeys(sorted(circular), _ORDER)
    asked = set() if not doubts else {requester.name for requester in edges} | {n for w in worlds for n in w.unresolved} | shadowed
    for name, why in doubts:
        if name == ANY or name in asked:
            unknown.setdefault(name, why)
    if not complete:
        unknown.setdefault(ANY, "it has too many definitions in branches")
    unresolved = tuple(dict.fromkeys(name for world in worlds for name in world.unresolved))
    return Resolution(
        closure=tuple(dict.fromkeys(name for world in worlds for name in world.closure)),
        edges=tuple(edges.items()),
        unresolved=unresolved,
        shadowed=shadowed,
        unknown=tuple(unknown.items()),
        branches=len(worlds) > 1,
        foreign=tuple(name for name in unresolved if name not in _BUILTINS),
        circular=circular != set(),
    )


def _worlds(place: Place, initial: Sequence[str], dynamic: Sequence[str], shadowed: frozenset[str]) -> tuple[list["_World"], bool]:
    """One world for each choice among definitions in branches, the likeliest first; and whether these are all."""
    waiting: list[dict[Level, int]] = [{}]
    done: list[_World] = []
    while waiting and len(done) < _WORLDS:
        fixed = waiting.pop(0)
        world = _World(place=place, shadowed=shadowed, choices=dict(fixed))
        world.run(initial, dynamic)
        done.append(world)
        for level in [lv for lv in world.choices if lv not in fixed]:
            waiting += [{**fixed, level: option} for option in range(level.options - 1)]
            fixed = {**fixed, level: level.options - 1}
    return done, not waiting


@dataclass(slots=True, kw_only=True)
class _World:
    """Resolution at one place where each ambiguous level has one meaning; `choices` grows as such levels are met."""

    place: Place
    shadowed: frozenset[str]
    choices: dict[Level, int]
    closure: tuple[str, ...] = ()
    chains: dict[str, Found] = field(default_factory=dict)
    edges: dict[Requester, int] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    unresolved: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    circular: set[str] = field(default_factory=set)

    def in_older_order(self, initial: Sequence[str], dynamic: Sequence[str]) -> "_World":
        """The same choices resolved in the order of pytest 8.4 and older."""
        world = _World(place=self.place, shadowed=self.shadowed, choices=dict(self.choices))
        names = list(initial)
        for name in names:
            chain = world.chain(name)
            names += [n for n in (chain[-1][0].definition.argnames if chain else ()) if n not in names]
        world.follow(sorted(names, key=world._scope, reverse=True), dynamic)
        return world

    def run(self, initial: Sequence[str], dynamic: Sequence[str]) -> None:
        """Work out the closure and the edges."""
        self.follow(self._closure(initial), dynamic)

    def follow(self, closure: Iterable[str], dynamic: Sequence[str]) -> None:
        """Work out the edges in the order of a closure."""
        self.closure = tuple(closure)
        for name in self.closure:
            self._walk(-1, name, (), dynamic=False)
        for name in dynamic:
            self._walk(-1, name, (), dynamic=True)

    def chain(self, name: str) -> Found:
        """All visible definitions of a name with their holders, furthest first; none for a shadowed one."""
        if name in self.place.settled and name not in self.shadowed:
            return self.place.settled[name]
        if name not in self.chains:
            levels = () if name in self.shadowed else self.place.chain(name)
            chosen = ((self._choose(level), level.holder) for level in levels)
            self.chains[name] = tuple((found, holder) for found, holder in chosen if found is not None)
            if name not in self.shadowed and all(level.options == 1 for level in levels):
                self.place.settled[name] = self.chains[name]
        return self.chains[name]

    def _choose(self, level: Level) -> Registration | None:
        """The alternative taken of a level; the last one, which is no absence, where it is open."""
        if level.options == 1:
            return level.registrations[-1]
        option = self.choices.setdefault(level, level.options - 1)
        absent = level.options - len(level.registrations)
        return None if option < absent else level.registrations[option - absent]

    def _closure(self, initial: Sequence[str]) -> tuple[str, ...]:
        indices: dict[str, int] = {}
        names = [n for start in initial for n in self._depth_first(start, indices)]
        return tuple(sorted(names, key=self._scope, reverse=True))

    def _scope(self, name: str) -> int:
        chain = self.chain(name)
        return chain[-1][0].scope if chain else _BUILTIN_SCOPES.get(name, Scope.FUNCTION)

    def _depth_first(self, name: str, indices: dict[str, int]) -> Iterator[str]:
        index = indices.get(name)
        if index == -1:
            return
        if index is None:
            yield name
            indices[name] = -1
        chain = self.chain(name)
        index = indices.get(name, -1)
        if not chain or -index > len(chain):
            return
        indices[name] = index - 1
        for request in chain[index][0].definition.argnames:
            if indices.get(request) != -1:
                yield from self._depth_first(request, indices)
        indices[name] = index

    def _walk(self, requester: int, name: str, stack: tuple[str, ...], *, dynamic: bool) -> None:
        if name == "request":
            return
        edge = Requester(id=requester, name=name, dynamic=dynamic)
        if name in stack and stack[-1] != name:
            self.circular.update(stack[stack.index(name) :])
        if name in self.done:
            self.edges[edge] = self.done[name]
            return
        chain = self.chain(name)
        depth = 1 + stack.count(name)
        target, holder = chain[-depth] if depth <= len(chain) else (None, -1)
        if name not in self.shadowed:
            self._doubt(name, holder)
        if target is None:
            self.unresolved |= {} if name in self.shadowed else {name: None}
            return
        self.edges[edge] = target.id
        function = target.definition.function
        for request in function.argnames:
            self._walk(target.id, request, (*stack, name), dynamic=False)
        for request in function.requested:
            self._walk(target.id, request, (*stack, name), dynamic=True)
        self.done[name] = target.id

    def _doubt(self, name: str, since: int) -> None:
        if not self.place.doubtful or name in _BUILTINS:
            return
        for path, why in self.place.doubts(name, since):
            self.unknown.setdefault(name, f"{path}: {why}")
            if why.startswith(MADE):
                self.unknown.setdefault(ANY, f"'{name}' of {path} {_FACTORY}")


_BUILTIN_SCOPES = dict.fromkeys(
    [
        "pytestconfig",
        "tmp_path_factory",
        "tmpdir_factory",
        "record_testsuite_property",
        "doctest_namespace",
        "worker_id",
        "testrun_uid",
        "session_mocker",
    ],
    Scope.SESSION,
)
_BUILTINS = frozenset(
    [
        "cache",
        "capfd",
        "capfdbinary",
        "caplog",
        "capsys",
        "capsysbinary",
        "capteesys",
        "doctest_namespace",
        "monkeypatch",
        "pytestconfig",
        "pytester",
        "recwarn",
        "record_property",
        "record_testsuite_property",
        "record_xml_attribute",
        "subtests",
        "testdir",
        "tmp_path",
        "tmp_path_factory",
        "tmpdir",
        "tmpdir_factory",
    ],
)
_BUILTIN_SCOPES |= {"module_mocker": Scope.MODULE, "class_mocker": Scope.CLASS, "package_mocker": Scope.PACKAGE}
