"""One item's fixture closure and edges, as pytest resolves them (late binding, override chains, shadowing).

The order is that of pytest 9.1 and newer: depth first, then sorted by scope. Before 9.1 dependencies came breadth first, and
before 9.0 those of overridden definitions were left out of the closure (they are set up all the same). Edges do not depend on
the version.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rescope.graph.fixture_graph import ANY, Registration, Requester, Resolution
from rescope.graph.namespace import MADE
from rescope.graph.visibility import Chain, Place
from rescope.model.scope import Scope

_FACTORY = "is made at run time and may request any fixture"


@dataclass(slots=True, kw_only=True)
class Resolver:
    """Resolves names at one place; `shadowed` names are set by direct parametrization."""

    place: Place
    shadowed: frozenset[str] = frozenset()
    edges: dict[Requester, tuple[int, ...]] = field(default_factory=dict)
    done: dict[str, tuple[int, ...]] = field(default_factory=dict)
    unresolved: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    def chain(self, name: str) -> Chain:
        """All visible definitions of a name, furthest first; none for a shadowed one."""
        return () if name in self.shadowed else self.place.chain(name)

    def resolve(self, initial: Sequence[str], dynamic: Sequence[str], doubts: Iterable[tuple[str, str]] = ()) -> Resolution:
        """The closure in pytest's order and every edge, dynamic requests last; `doubts` are names that hooks may set."""
        closure = self._closure(initial)
        for name in closure:
            self._walk(-1, name, (), dynamic=False)
        for name in dynamic:
            self._walk(-1, name, (), dynamic=True)
        asked = {requester.name for requester in self.edges} | set(self.unresolved) | self.shadowed
        for name, why in doubts:
            if name == ANY or name in asked:
                self.unknown.setdefault(name, why)
        return Resolution(
            closure=closure,
            edges=tuple(self.edges.items()),
            unresolved=tuple(self.unresolved),
            shadowed=self.shadowed,
            unknown=tuple(self.unknown.items()),
        )

    def _closure(self, initial: Sequence[str]) -> tuple[str, ...]:
        indices: dict[str, int] = {}
        names = [n for start in initial for n in self._depth_first(start, indices)]
        return tuple(sorted(names, key=lambda n: -self._scope(n)))

    def _scope(self, name: str) -> int:
        chain = self.chain(name)
        return chain[-1].registrations[-1].scope if chain else _BUILTIN_SCOPES.get(name, Scope.FUNCTION)

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
        for target in reversed(_candidates(chain, -index)):
            for request in target.definition.argnames:
                yield from self._depth_first(request, indices)
        indices[name] = index

    def _walk(self, requester: int, name: str, stack: tuple[str, ...], *, dynamic: bool) -> None:
        if name == "request":
            return
        edge = Requester(id=requester, name=name, dynamic=dynamic)
        if name in self.done:
            self.edges[edge] = self.done[name]
            return
        chain = self.chain(name)
        depth = 1 + stack.count(name)
        targets = _candidates(chain, depth)
        if name not in self.shadowed:
            self._doubt(name, chain[max(0, len(chain) - depth)].holder if targets else -1)
        if not targets:
            self.unresolved |= {} if name in self.shadowed else {name: None}
            return
        ids = tuple(r.id for r in targets)
        self.edges[edge] = ids
        for target in targets:
            self._requests_of(target, name, stack)
        self.done[name] = ids

    def _requests_of(self, target: Registration, name: str, stack: tuple[str, ...]) -> None:
        function = target.definition.function
        for request in function.argnames:
            self._walk(target.id, request, (*stack, name), dynamic=False)
        for request in function.requested:
            self._walk(target.id, request, (*stack, name), dynamic=True)

    def _doubt(self, name: str, since: int) -> None:
        if name in _BUILTINS:
            return
        for path, why in self.place.doubts(name, since):
            self.unknown.setdefault(name, f"{path}: {why}")
            if why.startswith(MADE):
                self.unknown.setdefault(ANY, f"'{name}' of {path} {_FACTORY}")


def _candidates(chain: Chain, depth: int) -> tuple[Registration, ...]:
    """The definitions that may be the one `depth` levels up, the likeliest last; levels in branches may not exist."""
    certain = 0
    found: list[tuple[Registration, ...]] = []
    for before, level in enumerate(reversed(chain)):
        if certain <= depth - 1 <= before:
            found.append(level.registrations)
        certain += level.certain
    return tuple(r for registrations in reversed(found) for r in registrations)


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
    "cache capfd capfdbinary caplog capsys capsysbinary capteesys doctest_namespace monkeypatch pytestconfig pytester recwarn "
    "record_property record_testsuite_property record_xml_attribute subtests testdir tmp_path tmp_path_factory tmpdir tmpdir_factory".split(),
)
_BUILTIN_SCOPES |= {"module_mocker": Scope.MODULE, "class_mocker": Scope.CLASS, "package_mocker": Scope.PACKAGE}
