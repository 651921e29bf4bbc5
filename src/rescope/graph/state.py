"""The project's singletons: facts of all files joined by the state that they write."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from rescope.facts.effects import MUTATORS
from rescope.facts.undo import takes_away
from rescope.graph.index import Definition, ModuleIndex
from rescope.graph.reach import CLASS_HOOKS, CallGraph
from rescope.model.address import Address, Location
from rescope.model.facts import ClassDef, Effect, EffectKind, Function, ModuleFacts, Root, ValueKind, Variable
from rescope.model.scope import Scope
from rescope.model.state import Role, Shape, Singleton, Writer

CACHES = frozenset(
    {"functools.lru_cache", "functools.cache", "async_lru.alru_cache", "cachetools.func.lru_cache", "cachetools.func.ttl_cache"}
)
_SETTINGS = frozenset({"settings", "config", "environ", "getenv", "configuration"})
_TASKS = (
    "create_task",
    "ensure_future",
    "Thread",
    "Timer",
    "Lock",
    "RLock",
    "Queue",
    "Event",
    "Popen",
    "submit",
    "call_soon",
    "call_later",
)
_MADE_BY_CLASS = {"cls", "cls.__new__", "super.__new__", "super().__new__", "object.__new__"}
_HOOKS = ("pytest_runtest_setup", "pytest_runtest_teardown", "pytest_runtest_call", "pytest_runtest_protocol")


@dataclass(slots=True, kw_only=True)
class StateFinder:
    """Finds singletons in program modules; `tests` are the paths of tests and conftest files."""

    index: ModuleIndex
    calls: CallGraph
    tests: frozenset[str]
    touched: dict[tuple[str, str], list[Location]] = field(default_factory=dict)
    resets: dict[tuple[str, str], list[Location]] = field(default_factory=dict)
    held: dict[Address, list[Location]] = field(default_factory=dict)
    standing: dict[tuple[str, str], list[Location]] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    bases: set[str] = field(default_factory=set)
    outside: dict[str, list[tuple[str, Function, Effect]]] = field(default_factory=dict)

    def find(self) -> tuple[Singleton, ...]:
        """All singletons, in path and line order."""
        self._read_tests()
        self._read_bodies()
        found: list[Singleton] = []
        for path, module in sorted(self.index.modules.items()):
            if path not in self.tests:
                found += self._globals(module)
                found += self._cached(module)
                found += self._class_slots(module)
                found += self._containers(module)
        return tuple(self._with_evidence(s) for s in found)

    # --- evidence from tests and module bodies ----------------------------------------------------

    def _read_tests(self) -> None:
        for path in self.tests:
            body = self.index.modules[path].body
            for key, location in self._touches(body) if body else ():
                self.standing.setdefault(key, []).append(location)
            for function in self.index.functions[path].values():
                resets = self._is_reset_fixture(function)
                stands = not resets and self._stands(function)
                if resets and function.address.name.startswith(("reset", "_reset")):
                    self._mentioned(function)
                for key, location in self._touches(function):
                    self.touched.setdefault(key, []).append(location)
                    if stands:
                        self.standing.setdefault(key, []).append(location)
                    if resets:
                        self.resets.setdefault(key, []).append(location)

    def _mentioned(self, function: Function) -> None:
        """A fixture called reset... that names a class resets its slots, by whatever loop it goes through them."""
        for target in function.mentions:
            found = self.index.target(target, function.address.path)
            klass = self.index.class_at(found)
            if found is not None and klass is not None:
                at = Location(path=function.address.path, line=function.def_line, note=function.address.name)
                for attribute in klass.attributes:
                    self.resets.setdefault((found.path, attribute.address.qualname), []).append(at)

    def _stands(self, function: Function) -> bool:
        """A fixture of a broader scope, a hook or set-up code: what it does to the state, tests count on."""
        fixtures = self.index.modules[function.address.path].fixtures
        broad = any(f.function.address == function.address and f.scope is not Scope.FUNCTION for f in fixtures)
        return broad or function.address.name.startswith(("pytest_", "setup", "setUp"))

    def _is_reset_fixture(self, function: Function) -> bool:
        if function.address.name in _HOOKS:
            return True
        fixtures = self.index.modules[function.address.path].fixtures
        own = (f for f in fixtures if f.function.address == function.address)
        return any(f.autouse is not False and f.scope is Scope.FUNCTION for f in own)

    def _touches(self, function: Function) -> Iterator[tuple[tuple[str, str], Location]]:
        path = function.address.path
        for effect in function.effects:
            definition = self.index.target(effect.target, path)
            taken_back = effect.undone_at is not None and not self._is_reset_fixture(function)
            if definition is not None and definition.path not in self.tests and not taken_back:
                yield (definition.path, definition.name), Location(path=path, line=effect.line, note=effect.text)
        for call in function.calls:
            definition = self.index.target(call.callee, path)
            if definition is not None and definition.path not in self.tests:
                yield (definition.path, definition.name), Location(path=path, line=call.line, note=f"{call.callee.dotted}()")
            for text in call.strings[:1]:
                yield from self._named(text, path, call.line, call.callee.dotted)
            if call.callee.dotted.endswith("setattr") and call.passes and call.strings:
                owner = self.index.target(call.passes[0][1], path)
                if owner is not None and owner.path not in self.tests:
                    name = ".".join(part for part in (owner.name, call.strings[0]) if part)
                    yield (owner.path, name), Location(path=path, line=call.line, note=f"{call.callee.dotted}()")

    def _named(self, text: str, path: str, line: int, callee: str) -> Iterator[tuple[tuple[str, str], Location]]:
        """`monkeypatch.setattr("pkg.mod.X", ...)`, `patch("pkg.mod.X")`, `sys.modules.get("pkg.mod")`."""
        if " " in text or ("." not in text and callee != "sys.modules.get"):
            return
        definition = self.index.locate(text, path)
        if definition is not None and definition.path not in self.tests:
            yield (definition.path, definition.name), Location(path=path, line=line, note=f"{callee}({text!r})")

    def _read_bodies(self) -> None:
        """Import-time calls of a getter: someone holds what it returned for ever."""
        for path, module in self.index.modules.items():
            for call in module.body.calls if module.body else ():
                found = self.calls.flow.callee(module.body, call) if module.body else None
                if found is not None:
                    note = f"{call.callee.dotted}() runs while this module is imported"
                    self.held.setdefault(found.address, []).append(Location(path=path, line=call.line, note=note))

    def _with_evidence(self, singleton: Singleton) -> Singleton:
        path = singleton.address.path
        names = [name for name, _ in singleton.group]
        functions = [w.function for w in singleton.writers if w.role is not Role.RESET]
        keys = [(path, n) for n in names] + [(path, f"{n}.cache_clear") for n in names]
        if singleton.reset_function:
            keys.append((path, singleton.reset_function))
        standing = [at for key in keys for at in self.standing.get(key, ())]
        held = [at for f in functions for at in self.held.get(f, ())]
        resets = [at for key in [*keys, (path, "")] for at in self.resets.get(key, ())]
        touched = [at for key in keys for at in self.touched.get(key, ())]
        return replace(
            singleton,
            held_at_import=tuple(held),
            set_by_set_up=tuple(sorted(standing)),
            touched_by_tests=tuple(sorted(touched)),
            reset_by=tuple(sorted(resets)),
        )

    # --- module globals ---------------------------------------------------------------------------

    def _globals(self, module: ModuleFacts) -> Iterator[Singleton]:
        writes = self._global_writes(module)
        variables = self.index.variables[module.path]
        for names in _grouped(writes):
            members = [variables[n] for n in names if n in variables]
            if len(members) != len(names) or any(_is_optional(module, n) for n in names):
                continue
            writers = tuple(w for n in names for w in self._writers(writes[n], variables[n]))
            lazy = next((w for w in writers if w.role is Role.LAZY), None)
            if self._patches_once(module, writers) or any(w.role is Role.COUNTER for w in writers):
                continue
            if lazy is None:
                yield from self._written(members, writers)
                continue
            main = next(n for n in names for f, e in writes[n] if f.address == lazy.function and e.line == lazy.line)
            builds = next((e.builds for f, e in writes[main] if f.address == lazy.function and e.builds), "")
            if not all(_has_literal(v) for v in members):
                continue
            yield Singleton(
                address=variables[main].address,
                shape=Shape.LAZY_GLOBAL,
                line=variables[main].line,
                group=tuple((v.address.name, v.value.text) for v in members),
                writers=writers,
                builds=builds,
                builds_project=self._is_project(builds, module.path),
                handed_out=self._hands_out(module, lazy, main),
                reset_function=self._reset_function(module, names, writes, variables),
            )

    def _written(self, members: list[Variable], writers: tuple[Writer, ...]) -> Iterator[Singleton]:
        """Flags and settings that functions set while tests run."""
        sets = any(w.role is Role.SETTER and w.function not in self.calls.import_time for w in writers)
        if sets and all(_has_literal(v) for v in members):
            yield Singleton(
                address=members[0].address,
                shape=Shape.WRITTEN,
                line=members[0].line,
                group=tuple((v.address.qualname, v.value.text) for v in members),
                writers=writers,
            )

    def _hands_out(self, module: ModuleFacts, lazy: Writer, name: str) -> bool:
        """Whether the function that fills the global also returns it: a getter, not a set-up that runs once."""
        function = self.index.function_at(*lazy.function[:3])
        given = {v.target.dotted for v in function.values if v.target is not None} if function is not None else set()
        return name in given if lazy.function.path == module.path else any(dotted.endswith(f".{name}") for dotted in given)

    def _global_writes(self, module: ModuleFacts) -> dict[str, list[tuple[Function, Effect]]]:
        found: defaultdict[str, list[tuple[Function, Effect]]] = defaultdict(list)
        for function in module.functions:
            for effect in function.effects:
                if effect.kind is EffectKind.BIND and effect.target.root is Root.GLOBAL:
                    found[effect.target.dotted].append((function, effect))
        for name, function, effect in self._from_outside().get(module.path, ()):
            found[name].append((function, effect))
        return dict(found)

    def _from_outside(self) -> dict[str, list[tuple[str, Function, Effect]]]:
        """`module.NAME = value` in functions of other modules, by the path of the module that is written."""
        if not self.outside:
            for path, module in self.index.modules.items():
                for function in module.functions if path not in self.tests else ():
                    for effect in function.effects:
                        found = self._foreign_variable(effect, path)
                        if found is not None and effect.undone_at is None:
                            self.outside.setdefault(found.path, []).append((found.name, function, effect))
        return self.outside

    def _foreign_variable(self, effect: Effect, path: str) -> Definition | None:
        if effect.kind is not EffectKind.SET_ATTR or effect.target.root is not Root.IMPORTED:
            return None
        found = self.index.target(effect.target, path)
        return found if found is not None and found.name in self.index.variables[found.path] else None

    def _writers(self, writes: Iterable[tuple[Function, Effect]], variable: Variable) -> Iterator[Writer]:
        for function, effect in writes:
            yield Writer(
                function=function.address,
                line=effect.line,
                role=_role(effect, variable),
                text=effect.text,
                import_time=function.address in self.calls.import_time,
            )

    def _patches_once(self, module: ModuleFacts, writers: Iterable[Writer]) -> bool:
        """A guard around a patch of something else: a reset would patch twice."""
        wanted = {w.function for w in writers}
        for function in module.functions:
            if function.address in wanted:
                for effect in function.effects:
                    if effect.target.root is Root.IMPORTED and effect.kind in {EffectKind.SET_ATTR, EffectKind.SET_ITEM}:
                        return True
                    if effect.target.root is Root.GLOBAL and effect.kind is EffectKind.SET_ATTR:
                        return True
        return False

    def _is_project(self, dotted: str, path: str) -> bool:
        """Whether a callee is a class of the project, or a function of it that returns an instance of one."""
        klass = self._class(dotted, path)
        if klass is not None:
            return True
        found = self.index.locate(dotted, path)
        function = self.index.functions[path].get(dotted) or self.index.function(found)
        made = (v.target.dotted for v in function.values if v.target and v.kind is ValueKind.CALL) if function else ()
        return any(self._class(callee, function.address.path) for callee in made) if function else False

    def _class(self, dotted: str, path: str) -> ClassDef | None:
        return self.index.classes[path].get(dotted) or (self.index.class_at(self.index.locate(dotted, path)) if dotted else None)

    def _reset_function(
        self,
        module: ModuleFacts,
        names: Iterable[str],
        writes: dict[str, list[tuple[Function, Effect]]],
        variables: dict[str, Variable],
    ) -> str:
        """A `reset...` or `clear...` without arguments that puts every name of the group back, if there is one."""
        for function in module.functions:
            bare = function.address.qualname.lstrip("_")
            if function.params or function.is_async or function.is_method or not bare.startswith(("reset", "clear")):
                continue
            covers = all(any(f.address == function.address and _role(e, variables[n]) is Role.RESET for f, e in writes[n]) for n in names)
            if covers:
                return function.address.qualname
        return ""

    # --- cached factories -------------------------------------------------------------------------

    def _cached(self, module: ModuleFacts) -> Iterator[Singleton]:
        for function in module.functions:
            if "." in function.address.qualname or not CACHES & set(function.decorators):
                continue
            words = {word for t in function.mentions for word in _words(t.dotted)}
            built = next((v.target.dotted for v in function.values if v.kind is ValueKind.CALL and v.target), "")
            yield Singleton(
                address=function.address,
                shape=Shape.CACHED_FACTORY,
                line=function.def_line,
                group=((function.address.qualname, ""),),
                writers=(Writer(function=function.address, line=function.def_line, role=Role.LAZY, text=function.address.qualname),),
                builds=built,
                builds_project=self._is_project(built, module.path),
                reads_settings=bool(_SETTINGS & (words | _words(built))),
                has_arguments=bool(function.params),
            )

    # --- class-level slots ------------------------------------------------------------------------

    def _class_slots(self, module: ModuleFacts) -> Iterator[Singleton]:
        for klass in module.classes:
            for attribute in klass.attributes:
                writes = list(self._slot_writes(module, klass, attribute.address.name))
                lazy = [(f, e) for f, e in writes if e.guarded and e.builds and f.address.name not in CLASS_HOOKS]
                if any(e.how == "+=" for _, e in writes) or any(f.address.name in CLASS_HOOKS for f, _ in writes):
                    continue
                if writes and not lazy:
                    yield from self._written([attribute], tuple(self._writers(writes, attribute)))
                if not lazy or attribute.value.kind is not ValueKind.NONE:
                    continue
                builds = lazy[0][1].builds
                yield Singleton(
                    address=attribute.address,
                    shape=Shape.CLASS_ATTRIBUTE,
                    line=attribute.line,
                    group=((attribute.address.qualname, attribute.value.text),),
                    writers=tuple(self._writers(writes, attribute)),
                    builds=builds,
                    builds_project=self._is_project(builds, module.path) or builds in _MADE_BY_CLASS,
                    subclassed=self._subclassed(klass),
                )

    def _subclassed(self, klass: ClassDef) -> bool:
        """Whether a class of the project may derive from this one, by the last part of its bases' names."""
        if not self.bases:
            self.bases.update(base.rpartition(".")[2] for m in self.index.modules.values() for c in m.classes for base in c.bases)
        return klass.address.name in self.bases

    def _slot_writes(self, module: ModuleFacts, klass: ClassDef, name: str) -> Iterator[tuple[Function, Effect]]:
        own = f"{klass.address.qualname}."
        for function in module.functions:
            for effect in function.effects:
                through_cls = effect.target.root is Root.CLS and function.address.qualname.startswith(own)
                if (through_cls and effect.target.dotted == f"cls.{name}") or (
                    effect.target.root is Root.GLOBAL and effect.target.dotted == f"{klass.address.qualname}.{name}"
                ):
                    yield function, effect

    # --- containers -------------------------------------------------------------------------------

    def _containers(self, module: ModuleFacts) -> Iterator[Singleton]:
        owned: list[tuple[ClassDef | None, Variable]] = [(None, v) for v in module.variables if "." not in v.address.qualname]
        owned += [(klass, v) for klass in module.classes for v in klass.attributes]
        for klass, variable in owned:
            kind = variable.value.text
            if (
                variable.value.kind is not ValueKind.LITERAL
                or kind not in {"dict", "list", "set"}
                or variable.address.name.startswith("__")
            ):
                continue
            writes = list(self._class_writes(module, klass, variable) if klass else self._container_writes(module, variable.address.name))
            run_time = [(f, e) for f, e in writes if f.address not in self.calls.import_time and not _balanced(f, e)]
            if run_time and not self._is_bookkeeping(module, variable, [f for f, _ in writes]):
                yield self._container(variable, writes)

    def _container(self, variable: Variable, writes: list[tuple[Function, Effect]]) -> Singleton:
        return Singleton(
            address=variable.address,
            shape=Shape.CONTAINER,
            line=variable.line,
            group=((variable.address.qualname, ""),),
            writers=tuple(
                Writer(
                    function=f.address,
                    line=e.line,
                    role=_container_role(f, e),
                    text=e.text,
                    import_time=f.address in self.calls.import_time or bool(e.nested),
                )
                for f, e in writes
            ),
            container=variable.value.text,
            size=variable.size,
        )

    def _is_bookkeeping(self, module: ModuleFacts, variable: Variable, writers: list[Function]) -> bool:
        """Whether entries belong to something alive or to patches that are in place, or are never read.

        To put such a container back would drop the only reference to a task, or the way to undo a patch.
        """
        name = variable.address.name
        made = {c.callee.dotted.rpartition(".")[2] for f in writers for c in f.calls}
        handed = any(t.dotted.startswith(f"{name}.") for f in writers for c in f.calls for _, t in c.passes)
        patches = self._patches_once(module, (Writer(function=f.address, line=0, role=Role.MUTATOR) for f in writers))
        return handed or patches or bool(made & set(_TASKS)) or name not in self._names_read()

    def _names_read(self) -> set[str]:
        """Every name that some function of the project reads in another way than by changing it."""
        if not self.read:
            functions = (f for m in self.index.modules.values() for f in (*m.functions, *((m.body,) if m.body else ())))
            for function in functions:
                for target in function.mentions:
                    parts = target.dotted.split(".")
                    self.read.update(p for p, after in zip(parts, [*parts[1:], ""], strict=True) if after not in MUTATORS)
        return self.read

    def _class_writes(self, module: ModuleFacts, klass: ClassDef, variable: Variable) -> Iterator[tuple[Function, Effect]]:
        """Changes of a class's container through the class or an instance, unless instances get their own."""
        own, name = f"{klass.address.qualname}.", variable.address.name
        found = []
        for function in module.functions:
            inside = function.address.qualname.startswith(own)
            for effect in function.effects:
                through = (
                    {f"{klass.address.qualname}.{name}"}
                    if not inside
                    else {f"{klass.address.qualname}.{name}", f"cls.{name}", f"self.{name}"}
                )
                if effect.target.dotted in through and effect.target.root in {Root.CLS, Root.SELF, Root.GLOBAL}:
                    found.append((function, effect))
        rebound = any(e.kind is EffectKind.SET_ATTR for _, e in found)
        yield from () if rebound else found

    def _container_writes(self, module: ModuleFacts, name: str) -> Iterator[tuple[Function, Effect]]:
        for function in module.functions:
            for effect in function.effects:
                if effect.target.root is Root.GLOBAL and effect.target.dotted == name and effect.kind is not EffectKind.BIND:
                    yield function, effect


def _role(effect: Effect, variable: Variable) -> Role:
    if effect.how == "+=":
        return Role.COUNTER
    if effect.guarded and effect.builds:
        return Role.LAZY
    if effect.value and effect.value == variable.value.text and not effect.builds:
        return Role.RESET
    return Role.SETTER


def _grouped(writes: dict[str, list[tuple[Function, Effect]]]) -> Iterator[tuple[str, ...]]:
    """Names that any function writes together stand in one group: half a reset is worse than none."""
    groups: dict[str, set[str]] = {name: {name} for name in writes}
    by_function: defaultdict[Address, set[str]] = defaultdict(set)
    for name, found in writes.items():
        for function, _ in found:
            by_function[function.address].add(name)
    for names in by_function.values():
        merged = set().union(*(groups[n] for n in names))
        for name in merged:
            groups[name] = merged
    yield from dict.fromkeys(tuple(sorted(group)) for group in groups.values())


def _is_optional(module: ModuleFacts, name: str) -> bool:
    """Bound more than once or in a branch: an optional import or a platform switch."""
    found = [b for b in module.bindings if b.name == name]
    return len(found) != 1 or found[0].conditional


def _has_literal(variable: Variable) -> bool:
    return variable.value.kind in {ValueKind.NONE, ValueKind.CONSTANT}


def _balanced(function: Function, effect: Effect) -> bool:
    """A change that the same function takes back, or the taking back itself."""
    taken = any(e.after_yield and takes_away(e) and e.target.dotted == effect.target.dotted for e in function.effects)
    return effect.undone_at is not None or (effect.after_yield and taken)


def _container_role(function: Function, effect: Effect) -> Role:
    if takes_away(effect):
        return Role.RESET
    fills_cache = effect.kind is EffectKind.SET_ITEM and effect.guarded and bool(function.values)
    return Role.LAZY if fills_cache else Role.MUTATOR


def _words(dotted: str) -> set[str]:
    """The words of a dotted name, in lower case: `os.environ`, `AppSettings` -> os, environ, app, settings."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", dotted)}
