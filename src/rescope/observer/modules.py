"""The project's loaded modules: which there are, and what their globals and classes hold."""

import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import cast

from rescope.observer.fingerprint import UNSET, Print, Reader
from rescope.observer.layout import ATOMS, Kind, Layouts, is_class, is_test_case, module_globals, namespace
from rescope.observer.state import Moved, State
from rescope.observer.watchlist import Subject

_NAMED_DEPTH, _NAMED_BUDGET = 3, 300
_DEPTH, _BUDGET = 2, 200
_UNSEEN = object()
_STILL = frozenset({Kind.OPAQUE, Kind.ARRAY})


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Loaded:
    """Modules of the project by name, tests last, with their path from the root; scanned again when the number of modules changes."""

    layouts: Layouts
    size: int = -1
    names: dict[str, str] = field(default_factory=dict)

    def refresh(self) -> bool:
        """Look again if modules came or went; whether that was so."""
        if len(sys.modules) == self.size:
            return False
        self.size = len(sys.modules)
        files = ((name, module_globals(module).get("__file__")) for name, module in list(sys.modules.items()) if name != "__main__")
        own = ((n, f) for n, f in files if type(f) is str and self.layouts.is_own_file(f))
        paths = {n: f[len(self.layouts.root) :].replace(os.sep, "/") for n, f in own}
        self.names = dict(sorted(paths.items(), key=_tests_last))
        return True


def _tests_last(module: tuple[str, str]) -> tuple[bool, str]:
    """The order in which modules are asked whose an object is that several of them know."""
    last = module[0].rpartition(".")[2]
    return last == "conftest" or last.startswith("test_") or last.endswith("_test"), module[0]


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class NamedGlobals:
    """The singletons of the watch list, by module name and qualified name."""

    loaded: Loaded
    reader: Reader
    subjects: tuple[Subject, ...]
    watch: Callable[[State], None]
    places: list[tuple[State, str, tuple[str, ...]]] = field(default_factory=list)
    last: dict[str, Print] = field(default_factory=dict)
    scanned: int = -1

    def moved(self) -> Iterator[Moved]:
        """What changed since the last look; a module seen for the first time is taken as it is."""
        self.loaded.refresh()
        if self.scanned != self.loaded.size:
            self.scanned = self.loaded.size
            self.places = list(self._find())
            for state, _, _ in self.places:
                self.watch(state)
        last, loaded, same = self.last, sys.modules, self.reader.is_same
        for state, module, parts in self.places:
            members = module_globals(loaded.get(module))
            value = members.get(parts[0], UNSET) if len(parts) == 1 else resolve(members, parts)
            before = last.get(state.name, _UNSEEN)
            if before is value or (before is not _UNSEEN and same(value, before)):
                continue
            now = self.reader.take(value, depth=_NAMED_DEPTH, budget=_NAMED_BUDGET)
            before = last.setdefault(state.name, now)
            if before != now:
                last[state.name] = now
                yield Moved(state=state, before=before, after=now)

    def names(self) -> frozenset[str]:
        """The dotted names of the states that are there to be watched."""
        return frozenset(state.name for state, _, _ in self.places)

    def _find(self) -> Iterator[tuple[State, str, tuple[str, ...]]]:
        homes: dict[str, list[str]] = {}
        for name, path in self.loaded.names.items():
            homes.setdefault(path, []).append(name)
        for subject in self.subjects:
            for module in homes.get(subject.path, ()):
                for name in subject.names:
                    state = State(
                        kind="singleton", name=f"{module}.{name}", path=subject.path, qualname=subject.qualname, line=subject.line
                    )
                    yield state, module, tuple(name.split("."))


def resolve(members: Mapping[str, object], parts: tuple[str, ...]) -> object:
    """What a qualified name stands for, UNSET where it does not exist; a decorated method is unwrapped to its cache."""
    value: object = UNSET
    for part in parts:
        value = members.get(part, UNSET)
        members = namespace(cast("type", value)) if is_class(value) else {}
    if type(value) in {staticmethod, classmethod}:
        return value.__func__  # type: ignore[attr-defined]
    return value.fget if type(value) is property else value


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Shelf:
    """One namespace as it was at the last look: ids of all values, and fingerprints of those whose insides may change.

    `inside` are the ids of the latter.
    `held` keeps the plain values alive, so that their ids cannot be taken over by others; objects are never held.
    """

    ids: tuple[int, ...] = ()
    inside: tuple[int, ...] = ()
    held: tuple[object, ...] = ()
    live: tuple[str, ...] = ()
    prints: dict[str, Print] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class AllGlobals:
    """Every global and class attribute of the project's modules, but for the names that are watched already.

    An object that several modules know is looked into where it was met first (`home`); elsewhere its identity is compared.
    """

    loaded: Loaded
    reader: Reader
    named: Callable[[], frozenset[str]]
    shelves: dict[str, Shelf] = field(default_factory=dict)
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    home: dict[int, str] = field(default_factory=dict)

    def moved(self) -> Iterator[Moved]:
        """What changed since the last look; new modules and classes are taken as they are."""
        self.loaded.refresh()
        loaded = sys.modules
        for name, path in self.loaded.names.items():
            members = module_globals(loaded.get(name))
            shelf = self.shelves.get(name)
            rebound = shelf is None or not self._is_still(shelf, members)
            if rebound:
                rebound = yield from self._shelf(name, path, members)
            if rebound or name not in self.classes:
                self.classes[name] = tuple(n for n, v in list(members.items()) if _defined_here(v, n, name))
            for inner in self.classes[name]:
                owner = members.get(inner)
                if is_class(owner):
                    label, held = f"{name}.{inner}", namespace(cast("type", owner))
                    shelf = self.shelves.get(label)
                    if shelf is None or not self._is_still(shelf, held):
                        yield from self._shelf(label, path, held, inner)

    def _is_still(self, shelf: Shelf, members: Mapping[str, object]) -> bool:
        """Whether a namespace is at first sight what it was; where this is not so, a closer look tells."""
        if shelf.ids != tuple(map(id, members.values())):
            return False
        return all(map(self.reader.is_same, map(members.__getitem__, shelf.live), map(shelf.prints.__getitem__, shelf.live)))

    def _shelf(self, label: str, path: str, members: Mapping[str, object], inner: str = "") -> Generator[Moved, None, bool]:
        """The differences of one namespace; the value is whether any name was bound anew."""
        shelf = self.shelves.get(label)
        if shelf is None:
            self._fill(label, members)
            return True
        if shelf.ids == tuple(map(id, members.values())):
            for name in shelf.live:
                now = self._take(members[name])
                before = shelf.prints[name]
                if before != now:
                    shelf.prints[name] = now
                    yield Moved(state=_state(label, name, path, inner), before=before, after=now)
            return False
        before_all = shelf.prints
        after_all = self._fill(label, members).prints
        for name in dict.fromkeys((*before_all, *after_all)):
            before, after = before_all.get(name, UNSET), after_all.get(name, UNSET)
            if before != after:
                yield Moved(state=_state(label, name, path, inner), before=before, after=after)
        return True

    def _fill(self, label: str, members: Mapping[str, object]) -> Shelf:
        named = self.named()
        names = [n for n in list(members) if type(n) is str and n[:2] != "__" and n[:1] != "@" and f"{label}.{n}" not in named]
        values = {n: members[n] for n in names}
        for known in self.shelves[label].inside if label in self.shelves else ():
            self.home.pop(known, None)
        live = [n for n, v in values.items() if self._is_live(v) and self.home.setdefault(id(v), label) == label]
        inside = frozenset(live)
        shelf = Shelf(
            ids=tuple(map(id, members.values())),
            inside=tuple(id(values[n]) for n in live),
            held=tuple(v for v in members.values() if id(type(v)) in ATOMS),
            live=tuple(live),
            prints={n: self._take(v) if n in inside or id(type(v)) in ATOMS else self.reader.identity(v) for n, v in values.items()},
        )
        self.shelves[label] = shelf
        return shelf

    def _is_live(self, value: object) -> bool:
        if id(type(value)) in ATOMS or type(value) is FunctionType:
            return False
        layout = self.reader.layouts.of(value)
        if layout.base in {tuple, frozenset} and not layout.own and self.reader.is_flat(value):
            return False
        if layout.kind is Kind.CACHE:
            home = layout.attributes(value).get("__module__") if layout.attributes else None
            return type(home) is str and self.reader.layouts.is_own_module(home)
        return layout.kind not in _STILL and (layout.base is not object or layout.own or layout.kind is Kind.OBJECT)

    def _take(self, value: object) -> Print:
        layout = self.reader.layouts.of(value)
        if layout.kind is Kind.OBJECT and not layout.own:
            return self.reader.constants(value)
        return self.reader.take(value, depth=_DEPTH if layout.own else 0, budget=_BUDGET)


def _state(label: str, name: str, path: str, inner: str) -> State:
    kind = "class attribute" if inner else "global"
    return State(kind=kind, name=f"{label}.{name}", path=path, qualname=f"{inner}.{name}" if inner else name)


def _defined_here(value: object, name: str, module: str) -> bool:
    """Whether a global is a class of this very module under its own name, and no TestCase: those keep their set-up in attributes."""
    if not is_class(value) or is_test_case(cast("type", value)):
        return False
    home = namespace(cast("type", value)).get("__module__")
    return type(home) is str and home == module and type.__dict__["__qualname__"].__get__(value) == name


def values_of(loaded: Iterable[str]) -> Iterator[tuple[str, object]]:
    """Every global of the given modules by dotted name."""
    for module in loaded:
        for name, value in list(module_globals(sys.modules.get(module)).items()):
            yield f"{module}.{name}", value
