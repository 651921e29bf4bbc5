"""Who reaches what: modules through imports, functions through calls."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rescope.graph.flow import Flow
from rescope.graph.index import ModuleIndex
from rescope.model.address import Address
from rescope.model.facts import Call, Function, Root

CLASS_HOOKS = frozenset({"__init_subclass__", "__set_name__", "__class_getitem__", "ready"})
_COMMON = frozenset(
    [
        "get",
        "set",
        "add",
        "pop",
        "clear",
        "update",
        "close",
        "open",
        "run",
        "start",
        "stop",
        "read",
        "write",
        "append",
        "remove",
        "items",
        "keys",
        "values",
    ]
)


@dataclass(slots=True, kw_only=True)
class ImportGraph:
    """Import edges between the project's files."""

    index: ModuleIndex
    eager: dict[str, frozenset[str]] = field(default_factory=dict)
    any: dict[str, frozenset[str]] = field(default_factory=dict)
    memo: dict[tuple[frozenset[str], bool], frozenset[str]] = field(default_factory=dict)

    def closure(self, path: str, *, lazy: bool) -> frozenset[str]:
        """All files that importing `path` loads; with `lazy` also those that its functions may load."""
        return self.closure_of(frozenset({path}), lazy=lazy)

    def closure_of(self, paths: frozenset[str], *, lazy: bool) -> frozenset[str]:
        """All files that importing any of the paths loads."""
        key = (paths, lazy)
        if key not in self.memo:
            seen: set[str] = set()
            stack = list(paths)
            while stack:
                current = stack.pop()
                if current not in seen:
                    seen.add(current)
                    stack += self._edges(current, lazy=lazy)
            self.memo[key] = frozenset(seen)
        return self.memo[key]

    def _edges(self, path: str, *, lazy: bool) -> frozenset[str]:
        table = self.any if lazy else self.eager
        if path not in table:
            module = self.index.modules[path]
            names = (*module.imported_modules, *module.lazy_modules) if lazy else module.imported_modules
            table[path] = frozenset(self._resolve(names, path))
        return table[path]

    def _resolve(self, names: Iterable[str], path: str) -> Iterator[str]:
        for name in names:
            parts = name.removeprefix(".").split(".")
            for cut in range(1, len(parts) + 1):
                found = self.index.module(".".join(parts[:cut]), path)
                if found:
                    yield found


@dataclass(slots=True, kw_only=True)
class CallGraph:
    """Call edges between the project's functions, by resolved name and, failing that, by method name."""

    flow: Flow
    methods: dict[str, tuple[Function, ...]] = field(default_factory=dict)
    import_time: frozenset[Address] = frozenset()
    memo: dict[Address, tuple[Function, ...]] = field(default_factory=dict)
    callers: dict[Address, tuple[Address, ...]] = field(default_factory=dict)

    def reached(self, starts: Iterable[Function], *, certain: bool = False) -> frozenset[Address]:
        """Addresses of all functions that the starts may call, themselves included; `certain`: by resolved names only."""
        seen: dict[Address, Function] = {}
        stack = list(starts)
        while stack:
            function = stack.pop()
            if function.address not in seen:
                seen[function.address] = function
                stack += self.certain_callees(function) if certain else self.callees(function)
        return frozenset(seen)

    def reaching(self, goals: Iterable[Address]) -> frozenset[Address]:
        """Addresses of all functions that may, directly or not, call one of the goals; the goals included."""
        if not self.callers:
            self._link()
        seen: set[Address] = set()
        stack = list(goals)
        while stack:
            address = stack.pop()
            if address not in seen:
                seen.add(address)
                stack += self.callers.get(address, ())
        return frozenset(seen)

    def _link(self) -> None:
        callers: defaultdict[Address, list[Address]] = defaultdict(list)
        for module in self.flow.index.modules.values():
            for function in (*module.functions, *((module.body,) if module.body else ())):
                for callee in self.callees(function):
                    callers[callee.address].append(function.address)
        self.callers = {address: tuple(found) for address, found in callers.items()}

    def callees(self, function: Function) -> tuple[Function, ...]:
        """The functions that one function may call, each once."""
        if function.address not in self.memo:
            found = {callee.address: callee for callee in self._callees(function)}
            self.memo[function.address] = tuple(found.values())
        return self.memo[function.address]

    def _callees(self, function: Function) -> Iterator[Function]:
        for call in function.calls:
            found = tuple(self._certain(function, call))
            yield from found
            if not found and call.callee.root is not Root.IMPORTED and "." in call.callee.dotted:
                yield from self.methods.get(call.callee.dotted.rpartition(".")[2], ())

    def certain_callees(self, function: Function) -> Iterator[Function]:
        """The functions that one function calls by names that resolve."""
        for call in function.calls:
            yield from self._certain(function, call)

    def _certain(self, function: Function, call: Call) -> Iterator[Function]:
        found = self.flow.callee(function, call)
        if found is not None:
            yield found
            return
        klass = self.flow.index.class_at(self.flow.index.target(call.callee, function.address.path))
        if klass is not None:
            made = (self.flow.method(klass, name) for name in ("__init__", "__new__", "__post_init__"))
            yield from (m for m in made if m)


def build_call_graph(flow: Flow) -> CallGraph:
    """The call graph, and which functions run while modules are imported."""
    methods: defaultdict[str, list[Function]] = defaultdict(list)
    starts: list[Function] = []
    for module in flow.index.modules.values():
        starts += [module.body] if module.body else []
        for function in module.functions:
            if runs_with_classes(function):
                starts.append(function)
            if function.is_method and function.address.name not in _COMMON:
                methods[function.address.name].append(function)
    graph = CallGraph(flow=flow, methods={n: tuple(f) for n, f in methods.items()})
    bodies = {f.address for f in starts if f.address.qualname == "<module>"}
    graph.import_time = graph.reached(starts, certain=True) - bodies
    return graph


def runs_with_classes(function: Function) -> bool:
    """Runs when classes are made, mappers configured or applications loaded, which is as good as import time."""
    return function.address.name in CLASS_HOOKS or any(d.endswith(("listens_for", "receiver")) for d in function.decorators)
