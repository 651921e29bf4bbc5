"""What `--rescope=all` adds: every global and class attribute of the project's modules."""

import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from types import FunctionType
from typing import cast
from weakref import ref

from rescope.observer.bindings import Bindings, Space
from rescope.observer.fingerprint import UNSET, Print, Reader
from rescope.observer.ids import Ids, ids_of
from rescope.observer.layout import (
    ATOMS,
    Kind,
    has_constants,
    is_class,
    is_plain_member,
    is_test_case,
    namespace,
)
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
        self, *, ids: Ids, inside: tuple[int, ...], held: tuple[object, ...], live: tuple[str, ...], prints: dict[str, Print]
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
        self.away: dict[tuple[str, int], dict[str, Shelf]] = {}
        self.spaces: list[Space] = []
        self.bindings = Bindings((), ())
        self.scanned = -1

    def moved(self) -> Iterator[Moved]:
        """What changed since the last look; new modules and classes are taken as they are.

        Most looks find every name bound to what it was: all are compared at once then, and only what has insides is looked into.
        """
        self.loaded.refresh()
        values = self.bindings.read() if self.scanned == self.loaded.size else None
        if values is None:
            self.scanned = self.loaded.size
            self.spaces = []
            yield from self._moved_anywhere()
            shelves = ((space, self.shelves[space.label]) for space in self.spaces)
            self.bindings = Bindings(self.loaded.names, ((space, shelf.prints, shelf.live) for space, shelf in shelves))
            return
        for space in self.bindings.moved(values, self.reader.is_same):
            if (yield from self._shelf(space)):
                self.scanned = -1

    def _moved_anywhere(self) -> Iterator[Moved]:
        for name, path in self.loaded.names.items():
            self._change_places(name, id(sys.modules.get(name)))
            space = Space(name, path, "", None)
            members = space.members()
            if (yield from self._look(space)) or name not in self.classes:
                self.classes[name] = tuple((n, f"{name}.{n}") for n, v in list(members.items()) if _defined_here(v, n, name))
            for inner, label in self.classes[name]:
                owner = members.get(inner)
                if is_class(owner):
                    yield from self._look(Space(label, path, inner, ref(cast("type", owner))))

    def _change_places(self, name: str, home: int) -> None:
        """Where another module stands under a name, which is told elsewhere: it is taken as it is, or as it was when it stood there."""
        before = self.homes.setdefault(name, home)
        if before == home:
            return
        self.homes[name] = home
        labels = (name, *(label for _, label in self.classes.pop(name, ())))
        self.away[name, before] = {label: self.shelves.pop(label) for label in labels if label in self.shelves}
        for shelf in self.away[name, before].values():
            for known in shelf.inside:
                self.home.pop(known, None)
        for label, shelf in self.away.pop((name, home), {}).items():
            self.shelves[label] = shelf
            self.home.update((known, label) for known in shelf.inside)

    def _look(self, space: Space) -> Generator[Moved, None, bool]:
        self.spaces.append(space)
        shelf, members = self.shelves.get(space.label), space.members()
        if shelf is not None and shelf.ids == ids_of(tuple(members.values())) and self._is_still_inside(shelf, members):
            return False
        return (yield from self._shelf(space))

    def _is_still_inside(self, shelf: Shelf, members: Mapping[str, object]) -> bool:
        """Whether the insides of a namespace's values are at first sight what they were; where this is not so, a closer look tells."""
        same, prints = self.reader.is_same, shelf.prints
        for name in shelf.live:
            now, before = members[name], prints[name]
            if now is not before and not same(now, before):
                return False
        return True

    def _shelf(self, space: Space) -> Generator[Moved, None, bool]:
        """The differences of one namespace; the value is whether any name was bound anew."""
        label, members = space.label, space.members()
        shelf = self.shelves.get(label)
        if shelf is None:
            self._fill(label, members)
            return True
        if shelf.ids == ids_of(tuple(members.values())):
            for name in shelf.live:
                now = self._take(members[name])
                before = shelf.prints[name]
                if before != now:
                    shelf.prints[name] = now
                    yield Moved(state=_state(space, name), before=before, after=now)
            return False
        before_all = shelf.prints
        after_all = self._fill(label, members).prints
        for name in dict.fromkeys((*before_all, *after_all)):
            before, after = before_all.get(name, UNSET), after_all.get(name, UNSET)
            if before != after:
                yield Moved(state=_state(space, name), before=before, after=after)
        return True

    def _fill(self, label: str, members: Mapping[str, object]) -> Shelf:
        named, closed = self.named(), "_member_map_" in members
        names = [n for n in list(members) if type(n) is str and not _is_bookkeeping(n, closed=closed) and f"{label}.{n}" not in named]
        values = {n: members[n] for n in names}
        for known in self.shelves[label].inside if label in self.shelves else ():
            self.home.pop(known, None)
        live = [n for n, v in values.items() if self._is_live(v) and self.home.setdefault(id(v), label) == label]
        inside = frozenset(live)
        shelf = Shelf(
            ids=ids_of(tuple(members.values())),
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
        if layout.enumeration:
            return not is_plain_member(value)
        if layout.base in {tuple, frozenset} and not layout.own and self.reader.is_flat(value):
            return False
        if layout.kind is Kind.CACHE:
            home = layout.attributes(value).get("__module__") if layout.attributes else None
            return type(home) is str and self.reader.layouts.is_own_module(home)
        if layout.kind is Kind.OBJECT and not layout.own:
            return has_constants(type(value))
        return layout.kind not in _STILL and (layout.base is not object or layout.own)

    def _take(self, value: object) -> Print:
        layout = self.reader.layouts.of(value)
        if layout.kind is Kind.OBJECT and not layout.own:
            return self.reader.constants(value)
        return self.reader.take(value, depth=_DEPTH if layout.own else 0, budget=_BUDGET)


def _state(space: Space, name: str) -> State:
    kind = ATTRIBUTE if space.inner else GLOBAL
    qualname = f"{space.inner}.{name}" if space.inner else name
    return State(kind=kind, name=f"{space.label}.{name}", path=space.path, qualname=qualname)


def _is_bookkeeping(name: str, *, closed: bool) -> bool:
    """Whether Python or pytest keeps something under a name, or `enum` does in a `closed` class."""
    return name[:2] == "__" or name[:1] == "@" or (closed and name[:1] == name[-1:] == "_")


def _defined_here(value: object, name: str, module: str) -> bool:
    """Whether a global is a class of this very module under its own name, and no TestCase: those keep their set-up in attributes."""
    if not is_class(value) or is_test_case(cast("type", value)):
        return False
    home = namespace(cast("type", value)).get("__module__")
    return type(home) is str and home == module and type.__dict__["__qualname__"].__get__(value) == name
