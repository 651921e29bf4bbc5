"""Dotted names to the project's files and definitions."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple

from rescope.facts.values import CONTAINERS
from rescope.model.address import Address
from rescope.model.facts import INSIDE, UNBOUND, BindingKind, ClassDef, Function, ModuleFacts, Root, Target, Variable

_HOPS = 12


class Definition(NamedTuple):
    """A name inside a project module: the owning file and the dotted rest behind the module name."""

    path: str
    name: str


@dataclass(slots=True, kw_only=True)
class ModuleIndex:
    """Finds modules, functions, classes and variables of the project by name; `memo` has one table for each folder and the files in it."""

    modules: Mapping[str, ModuleFacts]
    by_name: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: dict[str, dict[str, Function]] = field(default_factory=dict)
    classes: dict[str, dict[str, ClassDef]] = field(default_factory=dict)
    variables: dict[str, dict[str, Variable]] = field(default_factory=dict)
    imports: dict[str, dict[str, str]] = field(default_factory=dict)
    ordinals: dict[tuple[str, str, int], Function | ClassDef] = field(default_factory=dict)
    memo: dict[str, dict[str, Definition | None]] = field(default_factory=dict)
    spoken: frozenset[str] | None = None

    def module(self, dotted: str, near: str) -> str | None:
        """The path of the module that `dotted` names, as seen from the file `near`."""
        paths = self.by_name.get(dotted)
        if not paths:
            return None
        if len(paths) == 1:
            return paths[0]
        return max(paths, key=lambda path: (_shared(path, near), -len(path)))

    def locate(self, dotted: str, near: str) -> Definition | None:
        """The definition that an absolute dotted name leads to, re-exports followed."""
        known = self.memo.get(near)
        if known is None:
            known = self.memo[near] = self.memo.setdefault(f"{near.rpartition('/')[0]}/", {})
        if dotted not in known:
            known[dotted] = self._locate(dotted, near, _HOPS)
        return known[dotted]

    def _locate(self, dotted: str, near: str, hops: int) -> Definition | None:
        parts = dotted.split(".")
        for cut in range(len(parts), 0, -1):
            path = self.module(".".join(parts[:cut]), near)
            if path is not None:
                return self._follow(path, parts[cut:], hops)
        return None

    def _follow(self, path: str, rest: list[str], hops: int) -> Definition | None:
        if not rest:
            return Definition(path=path, name="")
        bound = self.imports[path].get(rest[0])
        defined = rest[0] in self.functions[path] or rest[0] in self.classes[path] or rest[0] in self.variables[path]
        if bound and not defined:
            if hops == 0:
                return None
            return self._locate(".".join((bound, *rest[1:])), path, hops - 1)
        if not defined:
            starred = self._starred(path, rest, hops)
            if starred:
                return starred
        return Definition(path=path, name=".".join(rest))

    def _starred(self, path: str, rest: list[str], hops: int) -> Definition | None:
        for binding in self.modules[path].bindings:
            if binding.kind is BindingKind.STAR and hops:
                source = self.module(binding.refers, path)
                if source and source != path and rest[0] in {b.name for b in self.modules[source].bindings}:
                    return self._follow(source, rest, hops - 1)
        return None

    def target(self, target: Target, path: str) -> Definition | None:
        """The definition that a target names from within the file `path`; None if it is not the project's."""
        if target.root is Root.IMPORTED:
            return self.locate(target.dotted, path)
        if target.root is Root.GLOBAL and self._defines(path, target.head):
            return self._follow(path, target.dotted.split("."), _HOPS)
        return None

    def _defines(self, path: str, name: str) -> bool:
        return name in self.functions[path] or name in self.classes[path] or name in self.variables[path]

    def function_at(self, path: str, qualname: str, ordinal: int) -> Function | None:
        """The function of that name and place in the order of definitions."""
        found = self.ordinals.get((path, qualname, ordinal))
        return found if isinstance(found, Function) else None

    def class_of(self, path: str, qualname: str, ordinal: int) -> ClassDef | None:
        """The class of that name and place in the order of definitions."""
        found = self.ordinals.get((path, qualname, ordinal))
        return found if isinstance(found, ClassDef) else None

    def function(self, definition: Definition | None) -> Function | None:
        """The function or method at a definition."""
        return self.functions[definition.path].get(definition.name) if definition else None

    def class_at(self, definition: Definition | None) -> ClassDef | None:
        """The class at a definition."""
        return self.classes[definition.path].get(definition.name) if definition else None

    def variable(self, definition: Definition | None) -> tuple[Variable, str] | None:
        """The variable whose name starts the definition, and the dotted rest behind it."""
        if definition is None:
            return None
        head, _, rest = definition.name.partition(".")
        found = self.variables[definition.path].get(head)
        if found:
            return found, rest
        owner = self.classes[definition.path].get(head)
        attr, _, tail = rest.partition(".")
        attribute = next((a for a in owner.attributes if a.address.name == attr), None) if owner and attr else None
        return (attribute, tail) if attribute else None

    def is_filled(self, definition: Definition, tests: Container[str]) -> bool:
        """Whether functions outside the tests add to a container, or take from it: who replaces it replaces what others have registered."""
        held = self.variable(definition)
        if held is None or held[1] or held[0].value.text not in CONTAINERS:
            return False
        last = definition.name.rpartition(".")[2]
        functions = (f for path, found in self.functions.items() if path not in tests for f in found.values())
        effects = ((f.address.path, e) for f in functions for e in f.effects if e.target.dotted.endswith(last))
        return any(e.kind in INSIDE and self.target(e.target, path) == definition for path, e in effects)

    def is_spoken_of(self, path: str) -> bool:
        """Whether a call anywhere is handed a dotted string with the name of a file as a part: `patch("test_app.environ")`."""
        if self.spoken is None:
            functions = (f for m in self.modules.values() for f in (*m.functions, *((m.body,) if m.body else ())))
            texts = (text for f in functions for call in f.calls for text in call.strings if "." in text)
            self.spoken = frozenset(part for text in texts for part in text.split("."))
        return PurePosixPath(path).stem in self.spoken

    def binds(self, definition: Definition) -> bool:
        """Whether a file of the project gives the name itself a value; an annotation alone gives none."""
        found = self.variable(definition)
        bound = found is not None and not found[1] and found[0].value.text != UNBOUND
        return bound or self.function(definition) is not None or self.class_at(definition) is not None


def _shared(path: str, near: str) -> int:
    """How many leading folders two paths share."""
    count = 0
    for a, b in zip(path.split("/"), near.split("/"), strict=False):
        if a != b:
            break
        count += 1
    return count


def build_index(modules: Iterable[ModuleFacts], source_roots: Iterable[str]) -> ModuleIndex:
    """The index of all files; each is known by its path from the root and by its import name."""
    known = {m.path: m for m in modules}
    index = ModuleIndex(modules=known)
    names: defaultdict[str, list[str]] = defaultdict(list)
    roots = tuple(r.strip("/").removeprefix("./") for r in source_roots if r.strip("./"))
    for path in known:
        for name in import_names(path, known, roots):
            names[name].append(path)
    index.by_name = {name: tuple(dict.fromkeys(paths)) for name, paths in names.items()}
    for path, module in known.items():
        index.functions[path] = {f.address.qualname: f for f in module.functions}
        index.classes[path] = {c.address.qualname: c for c in module.classes}
        index.variables[path] = {v.address.qualname: v for v in reversed(module.variables)}
        index.imports[path] = dict(module.imports)
        index.ordinals |= {(path, f.address.qualname, f.address.ordinal): f for f in module.functions}
        index.ordinals |= {(path, c.address.qualname, c.address.ordinal): c for c in module.classes}
    return index


def import_names(path: str, known: Mapping[str, object], roots: tuple[str, ...]) -> tuple[str, ...]:
    """Every dotted name by which the file may be imported, the one from the root first."""
    pure = PurePosixPath(path).with_suffix("")
    parts = list(pure.parts[:-1] if pure.name == "__init__" else pure.parts)
    names = [".".join(parts)]
    for cut in range(1, len(parts) + 1):
        folder = "/".join(parts[:cut])
        if folder in roots or (f"{'/'.join(parts[:cut])}/__init__.py" not in known and cut < len(parts)):
            names.append(".".join(parts[cut:]))
    return tuple(dict.fromkeys(n for n in names if n))


def address_of(definition: Definition) -> Address:
    """The address of a definition that has only one of its name."""
    return Address(path=definition.path, qualname=definition.name)
