"""What `--rescope=all` adds: every global and class attribute of the project's modules."""

import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any, cast

from rescope.observer.fingerprint import UNSET, Print, Reader
from rescope.observer.layout import ATOMS, Kind, is_class, is_test_case, module_globals, namespace
from rescope.observer.modules import Loaded
from rescope.observer.state import ATTRIBUTE, GLOBAL, Moved, State

_DEPTH, _BUDGET = 2, 200
_STILL = frozenset({Kind.OPAQUE, Kind.ARRAY})


class Shelf:
    """One namespace as it was at the last look: ids of all values, and fingerprints of those whose insides may change.

    `inside` are the ids of the latter.
    `held` keeps the plain values alive, so that their ids cannot be taken over by others; objects are never held.
    """

    def __init__(
        self, *, ids: tuple[int, ...], inside: tuple[int, ...], held: tuple[object, ...], live: tuple[str, ...], prints: dict[str, Print]
    ) -> None:
        self.ids = ids
        self.inside = inside
        self.held = held
        self.live = live
        self.prints = prints


class AllGlobals:
    """Every global and class attribute of the project's modules, but for the names that are watched already.

    An object that several modules know is looked into where it was met first (`home`); elsewhere its identity is compared.
    """

    def __init__(self, *, loaded: Loaded, reader: Reader, named: Callable[[], frozenset[str]]) -> None:
        self.loaded = loaded
        self.reader = reader
        self.named = named
        self.shelves: dict[str, Shelf] = {}
        self.classes: dict[str, tuple[tuple[str, str], ...]] = {}
        self.home: dict[int, str] = {}
        self.homes: dict[str, int] = {}

    def moved(self) -> Iterator[Moved]:
        """What changed since the last look; new modules and classes are taken as they are."""
        self.loaded.refresh()
        loaded, shelves, classes, is_still = sys.modules, self.shelves, self.classes, self._is_still
        for name, path in self.loaded.names.items():
            home = loaded.get(name)
            members = home.__dict__ if type(home) is ModuleType else module_globals(home)
            shelf = shelves.get(name)
            rebound = shelf is None or not is_still(shelf, members)
            if rebound:
                self._forget_replaced(name, id(home))
                rebound = yield from self._shelf(name, path, members)
            if rebound or name not in classes:
                classes[name] = tuple((n, f"{name}.{n}") for n, v in list(members.items()) if _defined_here(v, n, name))
            for inner, label in classes[name]:
                owner: Any = members.get(inner)
                if type(owner) is type or is_class(owner):
                    held = namespace(owner)
                    shelf = shelves.get(label)
                    if shelf is None or not is_still(shelf, held):
                        yield from self._shelf(label, path, held, inner)

    def _forget_replaced(self, name: str, home: int) -> None:
        """A module that another one has replaced is told as that: its globals and classes are taken as they are."""
        if self.homes.setdefault(name, home) != home:
            self.homes[name] = home
            for label in (name, *(label for _, label in self.classes.pop(name, ()))):
                self.shelves.pop(label, None)

    def _is_still(self, shelf: Shelf, members: Mapping[str, object]) -> bool:
        """Whether a namespace is at first sight what it was; where this is not so, a closer look tells."""
        if shelf.ids != tuple(map(id, members.values())):
            return False
        same, prints = self.reader.is_same, shelf.prints
        for name in shelf.live:
            now, before = members[name], prints[name]
            if now is not before and not same(now, before):
                return False
        return True

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
    kind = ATTRIBUTE if inner else GLOBAL
    return State(kind=kind, name=f"{label}.{name}", path=path, qualname=f"{inner}.{name}" if inner else name)


def _defined_here(value: object, name: str, module: str) -> bool:
    """Whether a global is a class of this very module under its own name, and no TestCase: those keep their set-up in attributes."""
    if not is_class(value) or is_test_case(cast("type", value)):
        return False
    home = namespace(cast("type", value)).get("__module__")
    return type(home) is str and home == module and type.__dict__["__qualname__"].__get__(value) == name
