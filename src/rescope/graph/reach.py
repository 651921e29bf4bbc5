"""Who reaches what: modules through imports, functions through calls."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from rescope.facts.names import module_parts
from rescope.graph.flow import Flow
from rescope.graph.index import ModuleIndex
from rescope.model.address import Address
from rescope.model.facts import Call, ClassDef, Function, Root, Target

_RECEIVERS = frozenset({Root.SELF, Root.CLS})
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
    back: dict[bool, dict[str, list[str]]] = field(default_factory=dict)
    above: dict[tuple[str, bool], frozenset[str]] = field(default_factory=dict)
    spelled: dict[str, Counter[str]] = field(default_factory=dict)
    roots: Counter[str] = field(default_factory=Counter)

    def closure_of(self, paths: frozenset[str], *, lazy: bool) -> frozenset[str]:
        """All files that importing any of the paths loads; with `lazy` also those that their functions may load."""
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

    def importers(self, path: str, *, lazy: bool) -> frozenset[str]:
        """All files that load `path` when they are imported, itself included; with `lazy` also those whose functions may."""
        key = (path, lazy)
        if key not in self.above:
            back = self._back(lazy=lazy)
            seen: set[str] = set()
            stack = [path]
            while stack:
                current = stack.pop()
                if current not in seen:
                    seen.add(current)
                    stack += back.get(current, ())
            self.above[key] = frozenset(seen)
        return self.above[key]

    def _back(self, *, lazy: bool) -> dict[str, list[str]]:
        if lazy not in self.back:
            table: defaultdict[str, list[str]] = defaultdict(list)
            for path in self.index.modules:
                for loaded in self._edges(path, lazy=lazy):
                    table[loaded].append(path)
            self.back[lazy] = table
        return self.back[lazy]

    def _edges(self, path: str, *, lazy: bool) -> frozenset[str]:
        table = self.any if lazy else self.eager
        if path not in table:
            module = self.index.modules[path]
            names = (*module.imported_modules, *module.lazy_modules) if lazy else module.imported_modules
            table[path] = frozenset(found for name in names for _, found in self._resolve(name.removeprefix("."), path))
        return table[path]

    def _resolve(self, name: str, near: str) -> Iterator[tuple[str, str]]:
        """The packages above a dotted name and the module itself, with the project files they lead to."""
        parts = name.split(".")
        for cut in range(1, len(parts) + 1):
            spelled = ".".join(parts[:cut])
            found = self.index.module(spelled, near)
            if found:
                yield spelled, found

    def spellings(self, owner: str) -> tuple[str, ...]:
        """The dotted names by which the project's code imports the file, the most used first.

        Where only relative imports name it, the one name under which its neighbours are imported.
        """
        if not self.roots:
            self._spell()
        direct = self.spelled.get(owner)
        if direct:
            return tuple(name for name, _ in sorted(direct.items(), key=lambda c: (-c[1], c[0])))
        fitting = (root for root in self.roots if owner.startswith(root))
        best = max(fitting, key=lambda root: (self.roots[root], len(root)), default=None)
        return () if best is None else (".".join(module_parts(owner[len(best) :])),)

    def _spell(self) -> None:
        """Count every absolute dotted module name in the project's imports, by the file it leads to."""
        for near, module in self.index.modules.items():
            for name in dict.fromkeys((*module.imported_modules, *module.lazy_modules)):
                for spelled, path in () if name.startswith(".") else self._resolve(name, near):
                    self.spelled.setdefault(path, Counter())[spelled] += 1
        for path, names in self.spelled.items():
            for spelled, count in names.items():
                self.roots[_left_out(spelled, path)] += count


def _left_out(spelled: str, path: str) -> str:
    """The folder that an import name leaves out: `src/` for `pkg.api` and `src/pkg/api.py`."""
    parts = module_parts(path)
    return "".join(f"{part}/" for part in parts[: len(parts) - spelled.count(".") - 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaching:
    """The functions that may call one of the goals; a byte for each function of the project, since projects have many singletons."""

    goals: frozenset[Address]
    numbers: Mapping[Address | str, int]
    seen: bytearray

    def __contains__(self, address: Address) -> bool:
        """Whether the function may call a goal, or is one."""
        number = self.numbers.get(address)
        return address in self.goals if number is None else bool(self.seen[number])

    def by_name(self, method: str) -> bool:
        """Whether some method of that name may call a goal."""
        number = self.numbers.get(method)
        return number is not None and bool(self.seen[number])


@dataclass(slots=True, kw_only=True)
class CallGraph:
    """Call edges between the project's functions, by resolved name and, failing that, by method name.

    A method name is a node of its own between the calls of it and the methods that have it: their product would be too many edges.
    """

    flow: Flow
    methods: dict[str, tuple[Function, ...]] = field(default_factory=dict)
    import_time: frozenset[Address] = frozenset()
    nodes: list[Address | str] = field(default_factory=list)
    numbers: dict[Address | str, int] = field(default_factory=dict)
    callers: list[list[int]] = field(default_factory=list)
    memo: dict[frozenset[Address], Reaching] = field(default_factory=dict)
    surely: dict[str, dict[tuple[str, Target], tuple[Function, ...]]] = field(default_factory=dict)

    def reached(self, starts: Iterable[Function]) -> frozenset[Address]:
        """Addresses of all functions that the starts call by names that resolve, themselves included."""
        seen: dict[Address, Function] = {}
        stack = list(starts)
        while stack:
            function = stack.pop()
            if function.address not in seen:
                seen[function.address] = function
                for call in {c.callee: c for c in function.calls}.values():
                    stack += self.certain(function, call)
        return frozenset(seen)

    def reaching(self, goals: Iterable[Address]) -> Reaching:
        """All functions that may, directly or not, call one of the goals; the goals included."""
        wanted = frozenset(goals)
        if wanted not in self.memo:
            levels = self._backwards(wanted)
            seen = bytearray(len(self.nodes))
            for number in chain.from_iterable(levels):
                seen[number] = 1
            self.memo[wanted] = Reaching(goals=wanted, numbers=self.numbers, seen=seen)
        return self.memo[wanted]

    def callers_of(self, goals: Iterable[Address]) -> Iterator[Address]:
        """The functions that call one of the goals by a name that resolves."""
        if not self.numbers:
            self._link()
        for goal in goals:
            nodes = (self.nodes[number] for number in self.callers[self.numbers[goal]]) if goal in self.numbers else ()
            yield from (node for node in nodes if not isinstance(node, str))

    def reach_twice(self, weights: Mapping[Address, int], goals: Iterable[Address]) -> bool:
        """Whether functions whose weights add up to two or more may call one of the goals."""
        total = 0
        wanted = frozenset(goals)
        for number in chain.from_iterable(self._backwards(wanted)):
            node = self.nodes[number]
            total += 0 if isinstance(node, str) else weights.get(node, 0)
            if total > 1:
                return True
        return total + sum(weights.get(goal, 0) for goal in wanted if goal not in self.numbers) > 1

    def _backwards(self, goals: frozenset[Address]) -> Iterator[set[int]]:
        """The goals, then level by level those that reach them, each once: sets are merged faster than numbers are looked at."""
        if not self.numbers:
            self._link()
        return self._levels({self.numbers[goal] for goal in goals if goal in self.numbers})

    def _levels(self, level: set[int]) -> Iterator[set[int]]:
        seen = set(level)
        while level:
            yield level
            level = set().union(*map(self.callers.__getitem__, level)) - seen
            seen |= level

    def _link(self) -> None:
        """Number all nodes, and list the callers of each: walks over whole projects are many, and numbers need no hashing."""
        for module in self.flow.index.modules.values():
            for function in (*module.functions, *((module.body,) if module.body else ())):
                number = self._number(function.address)
                for node in self._nodes(function):
                    self.callers[self._number(node)].append(number)
        for name, methods in self.methods.items():
            for method in methods:
                self.callers[self._number(method.address)].append(self._number(name))

    def _number(self, node: Address | str) -> int:
        number = self.numbers.get(node)
        if number is None:
            number = self.numbers[node] = len(self.nodes)
            self.nodes.append(node)
            self.callers.append([])
        return number

    def _nodes(self, function: Function) -> set[Address | str]:
        """What a function calls: functions, and the names of methods of it is not known what."""
        found: set[Address | str] = set()
        for callee, call in {c.callee: c for c in function.calls}.items():
            certain = self.certain(function, call)
            if certain:
                found.update(f.address for f in certain)
            elif callee.root is not Root.IMPORTED and "." in callee.dotted:
                found.add(callee.dotted.rpartition(".")[2])
        return found

    def certain(self, function: Function, call: Call) -> tuple[Function, ...]:
        """The functions that a call surely runs: one by its name, or what makes an instance of a class."""
        callee, path = call.callee, function.address.path
        known = self.surely.setdefault(path, {})
        # What a call of `self` reaches depends on the class, of any other name on the module alone.
        key = (function.address.qualname.rpartition(".")[0] if callee.root in _RECEIVERS else "", callee)
        found = known.get(key)
        if found is None:
            found = known[key] = self._certain(function, call)
        return found

    def _certain(self, function: Function, call: Call) -> tuple[Function, ...]:
        found = self.flow.callee(function, call)
        if found is not None:
            return (found,)
        klass = self.flow.index.class_at(self.flow.index.target(call.callee, function.address.path))
        if klass is None:
            return ()
        made = (self.flow.method(klass, name) for name in ("__init__", "__new__", "__post_init__"))
        return tuple(m for m in made if m)


def build_call_graph(flow: Flow) -> CallGraph:
    """The call graph, and which functions run while modules are imported."""
    methods: defaultdict[str, list[Function]] = defaultdict(list)
    starts: list[Function] = []
    named = (k for m in flow.index.modules.values() for c in m.classes for k in c.keywords if k.startswith("metaclass="))
    metaclasses = {k.removeprefix("metaclass=").rpartition(".")[2] for k in named}
    for module in flow.index.modules.values():
        starts += [module.body] if module.body else []
        makers = {f"{c.address.qualname}.{n}" for c in module.classes if _makes_classes(c, metaclasses) for n in ("__init__", "__new__")}
        for function in module.functions:
            if runs_with_classes(function) or function.address.qualname in makers:
                starts.append(function)
            if function.is_method and function.address.name not in _COMMON:
                methods[function.address.name].append(function)
    graph = CallGraph(flow=flow, methods={n: tuple(f) for n, f in methods.items()})
    bodies = {f.address for f in starts if f.address.qualname == "<module>"}
    graph.import_time = graph.reached(starts) - bodies
    return graph


def _makes_classes(klass: ClassDef, metaclasses: Container[str]) -> bool:
    """Whether its instances are classes: `type` and the like are among its bases, or some class names it as `metaclass=`."""
    bases = [base.rpartition(".")[2] for base in klass.bases]
    return klass.address.name in metaclasses or any(b == "type" or b.endswith(("Meta", "Metaclass", "MetaClass")) for b in bases)


def runs_with_classes(function: Function) -> bool:
    """Runs when classes are made, mappers configured or applications loaded, which is as good as import time."""
    return function.address.name in CLASS_HOOKS or any(d.endswith(("listens_for", "receiver")) for d in function.decorators)
