"""What all kinds of singleton ask of the project."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rescope.facts.verbs import ENDS, MUTATORS
from rescope.graph.index import Definition, ModuleIndex
from rescope.graph.reach import CallGraph
from rescope.model.facts import Call, ClassDef, Effect, EffectKind, Function, Root, Target, ValueKind, Variable

_SYNCHRONIZERS = frozenset({"Lock", "RLock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "CapacityLimiter"})
_LOGGERS = frozenset({"logging.getLogger", "logging.Logger", "logging.LoggerAdapter"})
_SETTINGS = frozenset({"settings", "config", "environ", "getenv", "configuration"})


@dataclass(slots=True, kw_only=True)
class Known:
    """The project as the finders of singletons see it.

    `tests` are the paths of tests and conftest files, `idle` those among them that no run of the tests loads: scripts beside them.
    """

    index: ModuleIndex
    calls: CallGraph
    tests: frozenset[str]
    idle: frozenset[str] = frozenset()
    read: set[str] = field(default_factory=set)
    bases: set[str] = field(default_factory=set)
    owners: dict[tuple[str, str, str], Definition] = field(default_factory=dict)
    ended: set[Definition] | None = None
    made: dict[tuple[str, Target], list[Function]] = field(default_factory=dict)
    calls_on: dict[tuple[str, str], list[tuple[Function, int]]] = field(default_factory=dict)

    def written(self, effect: Effect, function: Function) -> Definition | None:
        """The state that an effect changes, by the file and the class that declare it; None if it is not the project's."""
        target, path = effect.target, function.address.path
        if target.root in {Root.CLS, Root.SELF}:
            owner = function.address.qualname.rpartition(".")[0]
            klass = self.index.classes[path].get(owner)
            return self._declared(klass, target.tail) if klass is not None and target.tail else None
        found = self.index.target(target, path)
        if found is None:
            return None
        through = self._through_instance(found) if effect.kind is not EffectKind.SET_ATTR else None
        return through or self.canonical(found)

    def _through_instance(self, found: Definition) -> Definition | None:
        """The class attribute that a part of a module-level object is: `state._views[ref] = view`."""
        held = self.index.variable(found)
        if held is None or not held[1] or held[0].value.kind is not ValueKind.CALL or held[0].value.target is None:
            return None
        klass = self.class_named(held[0].value.target.dotted, held[0].address.path)
        name = held[1].partition(".")[0]
        family = self.calls.flow.namespaces.mro(klass) if klass is not None else ()
        shared = any(a.address.name == name for owner in family for a in owner.attributes)
        return self._declared(klass, held[1]) if klass is not None and shared else None

    def canonical(self, found: Definition) -> Definition:
        """The definition, an attribute that a class inherits named by the class that declares it."""
        parts = found.name.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            klass = self.index.classes[found.path].get(".".join(parts[:cut]))
            if klass is not None:
                return self._declared(klass, ".".join(parts[cut:]))
        return found

    def _declared(self, klass: ClassDef, tail: str) -> Definition:
        name, _, rest = tail.partition(".")
        key = (klass.address.path, klass.address.qualname, name)
        if key not in self.owners:
            family = self.calls.flow.namespaces.mro(klass)
            declaring = next((k for k in family if any(a.address.name == name for a in k.attributes)), klass)
            self.owners[key] = Definition(path=declaring.address.path, name=f"{declaring.address.qualname}.{name}")
        owner = self.owners[key]
        return Definition(path=owner.path, name=f"{owner.name}.{rest}") if rest else owner

    def told(self, key: tuple[str, str]) -> list[tuple[Function, int]]:
        """The functions of the program that call a method of a module-level object, and where: `(path, "name.method")`."""
        if not self.calls_on:
            for path, module in self.index.modules.items():
                for function in module.functions if path not in self.tests else ():
                    for call in function.calls:
                        found = self.index.target(call.callee, path) if call.callee.dotted.endswith((".set", ".reset")) else None
                        if found is not None:
                            self.calls_on.setdefault(found, []).append((function, call.line))
        return self.calls_on.get(key, [])

    def ends_entries(self, variable: Variable) -> bool:
        """Whether the program closes or stops what a container holds, one after the other: it keeps them alive until then."""
        if self.ended is None:
            self.ended = set()
            for path, module in self.index.modules.items():
                for call in (c for f in module.functions for c in f.calls if path not in self.tests):
                    base, item, tail = call.callee.dotted.partition(".[].")
                    found = self.index.target(call.callee._replace(dotted=base), path) if item and tail in ENDS else None
                    self.ended |= {found} if found is not None else set()
        return Definition(path=variable.address.path, name=variable.address.qualname) in self.ended

    def outside_tests(self, target: Target, path: str) -> Definition | None:
        """What a target in a file of the tests names in a file of the program, below its module."""
        found = self.index.target(target, path)
        return found if found is not None and found.name and found.path not in self.tests else None

    def made_by(self, call: Call, path: str) -> list[Function]:
        """What runs when a call makes an instance of a class of the project."""
        key = (path, call.callee)
        if key not in self.made:
            klass = self.index.class_at(self.index.target(call.callee, path))
            made = (self.calls.flow.method(klass, name) for name in ("__new__", "__init__")) if klass is not None else ()
            self.made[key] = [method for method in made if method is not None]
        return self.made[key]

    def class_named(self, dotted: str, path: str) -> ClassDef | None:
        """The class of the project that a name in a file stands for."""
        return self.index.classes[path].get(dotted) or (self.index.class_at(self.index.locate(dotted, path)) if dotted else None)

    def is_project(self, dotted: str, path: str) -> bool:
        """Whether a callee is a class of the project, or a function of it that returns an instance of one."""
        if self.class_named(dotted, path) is not None:
            return True
        function = self.index.functions[path].get(dotted) or self.index.function(self.index.locate(dotted, path))
        made = (v.target.dotted for v in function.values if v.target and v.kind is ValueKind.CALL) if function else ()
        return any(self.class_named(callee, function.address.path) for callee in made) if function else False

    def is_stateless(self, builds: str, path: str) -> bool:
        """Whether a callee makes what has nothing to leak: a lock that nobody holds, or a logger, which is the same by its name."""
        klass = self.class_named(builds, path)
        bases = (base for owner in self.calls.flow.namespaces.mro(klass) for base in owner.bases) if klass is not None else ()
        return is_synchronizer(builds) or builds in _LOGGERS or any(base in _LOGGERS for base in bases)

    def reads_settings(self, functions: Iterable[Function], builds: str, path: str) -> bool:
        """Whether what makes a value speaks of settings or the environment, by the words of the names in it."""
        builder = self.index.functions[path].get(builds) or self.index.function(self.index.locate(builds, path)) if builds else None
        bodies = (*functions, *([builder] if builder is not None else []))
        words = {word for f in bodies for t in f.mentions for word in _words(t.dotted)}
        return bool(_SETTINGS & (words | _words(builds)))

    def subclassed(self, klass: ClassDef) -> bool:
        """Whether a class of the project may derive from this one, by the last part of its bases' names."""
        if not self.bases:
            self.bases.update(base.rpartition(".")[2] for m in self.index.modules.values() for c in m.classes for base in c.bases)
        return klass.address.name in self.bases

    def names_read(self) -> set[str]:
        """Every name that some function of the project reads in another way than by changing it."""
        if not self.read:
            functions = (f for m in self.index.modules.values() for f in (*m.functions, *((m.body,) if m.body else ())))
            dotted = {target.dotted for function in functions for target in function.mentions}
            for name in dotted:
                parts = name.split(".")
                self.read.update(p for p, after in zip(parts, [*parts[1:], ""], strict=True) if after not in MUTATORS)
        return self.read


def is_synchronizer(builds: str) -> bool:
    """Whether a callee makes a lock or the like: one that nobody holds has nothing to leak."""
    return builds.rpartition(".")[2] in _SYNCHRONIZERS


def _words(dotted: str) -> set[str]:
    """The words of a dotted name, in lower case: `os.environ`, `AppSettings` -> os, environ, app, settings."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", dotted)}
