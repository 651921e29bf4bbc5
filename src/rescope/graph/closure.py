"""One item's fixture closure and edges, as pytest resolves them (late binding, override chains, shadowing)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rescope.graph.fixture_graph import Registration, Requester, Resolution
from rescope.graph.visibility import Place
from rescope.model.scope import Scope

Chain = tuple[tuple[Registration, ...], ...]


@dataclass(slots=True, kw_only=True)
class Resolver:
    """Resolves names at one place; `shadowed` names are set by direct parametrization."""

    place: Place
    shadowed: frozenset[str]
    chains: dict[str, Chain] = field(default_factory=dict)
    edges: dict[Requester, tuple[int, ...]] = field(default_factory=dict)
    done: dict[str, tuple[int, ...]] = field(default_factory=dict)
    unresolved: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)

    def chain(self, name: str) -> Chain:
        """All visible definitions of a name, furthest first; none for a shadowed one."""
        if name in self.shadowed:
            return ()
        if name not in self.chains:
            self.chains[name] = tuple(entry for holder in self.place for entry in holder.chain(name))
        return self.chains[name]

    def resolve(self, initial: Sequence[str], dynamic: Sequence[str]) -> Resolution:
        """The closure in pytest's order and every edge, dynamic requests last."""
        closure = self._closure(initial)
        for name in closure:
            self._walk(-1, name, (), dynamic=False)
        for name in dynamic:
            self._walk(-1, name, (), dynamic=True)
        return Resolution(
            closure=closure,
            edges=tuple(self.edges.items()),
            unresolved=tuple(self.unresolved),
            shadowed=self.shadowed,
            unknown=tuple(self.unknown),
        )

    def _closure(self, initial: Sequence[str]) -> tuple[str, ...]:
        """Depth first, then by scope of the nearest definition, broad first (T2, T3 for pytest 9.1 and newer)."""
        indices: dict[str, int] = {}
        names = [n for start in initial for n in self._depth_first(start, indices)]
        return tuple(sorted(names, key=lambda n: -self._scope(n)))

    def _scope(self, name: str) -> int:
        chain = self.chain(name)
        return chain[-1][-1].scope if chain else _BUILTIN_SCOPES.get(name, Scope.FUNCTION)

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
        for request in chain[index][-1].definition.argnames:
            yield from self._depth_first(request, indices)
        indices[name] = index

    def _walk(self, requester: int, name: str, stack: tuple[str, ...], *, dynamic: bool) -> None:
        edge = Requester(id=requester, name=name, dynamic=dynamic)
        if name == "request":
            return
        if name in self.done:
            self.edges[edge] = self.done[name]
            return
        chain = self.chain(name)
        depth = 1 + stack.count(name)
        if depth > len(chain):
            if name not in self.shadowed:
                self._not_found(name)
            return
        targets = chain[-depth]
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

    def _not_found(self, name: str) -> None:
        self.unresolved[name] = None
        for holder in self.place:
            for attr, opaque in holder.opaque:
                if attr == name:
                    self.unknown[f"{name}: {opaque}"] = None


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
_BUILTIN_SCOPES |= {"module_mocker": Scope.MODULE, "class_mocker": Scope.CLASS, "package_mocker": Scope.PACKAGE}
