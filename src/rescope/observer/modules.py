"""The project's loaded modules: which there are, and what the globals hold that the watch list names."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple, cast

from rescope.observer.fingerprint import UNSET, Print, Reader
from rescope.observer.layout import Layouts, is_class, module_globals, namespace
from rescope.observer.state import Moved, State
from rescope.observer.watchlist import Subject

_NAMED_DEPTH, _NAMED_BUDGET = 3, 300
_UNSEEN = object()


class Loaded:
    """Modules of the project by name, tests last, with their path from the root; scanned again when the number of modules changes."""

    def __init__(self, *, layouts: Layouts) -> None:
        self.layouts = layouts
        self.size = -1
        self.names: dict[str, str] = {}

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


class Global(NamedTuple):
    """A state that a module holds, under a qualified name."""

    state: State
    module: str
    parts: tuple[str, ...]


class NamedGlobals:
    """The singletons of the watch list, by module name and qualified name."""

    def __init__(self, *, loaded: Loaded, reader: Reader, subjects: tuple[Subject, ...], watch: Callable[[Sequence[Global]], None]) -> None:
        self.loaded = loaded
        self.reader = reader
        self.subjects = subjects
        self.watch = watch
        self.places: list[Global] = []
        self.last: dict[str, Print] = {}
        self.scanned = -1

    def moved(self) -> Iterator[Moved]:
        """What changed since the last look; a module seen for the first time is taken as it is."""
        loaded, last, same = sys.modules, self.last, self.reader.is_same
        if self.scanned != len(loaded):
            self._scan()
        for state, module, parts in self.places:
            home = loaded.get(module)
            members = home.__dict__ if type(home) is ModuleType else module_globals(home)
            value = members.get(parts[0], UNSET) if len(parts) == 1 else resolve(members, parts)
            before = last.get(state.name, _UNSEEN)
            if before is value or (before is not _UNSEEN and same(value, before)):
                continue
            now = self.reader.take(value, depth=_NAMED_DEPTH, budget=_NAMED_BUDGET)
            before = last.setdefault(state.name, now)
            if before != now:
                last[state.name] = now
                yield Moved(state=state, before=before, after=now)

    def _scan(self) -> None:
        self.loaded.refresh()
        self.scanned = self.loaded.size
        self.places = list(self._find())
        self.watch(self.places)

    def names(self) -> frozenset[str]:
        """The dotted names of the states that are there to be watched."""
        return frozenset(state.name for state, _, _ in self.places)

    def _find(self) -> Iterator[Global]:
        homes: dict[str, list[str]] = {}
        for name, path in self.loaded.names.items():
            homes.setdefault(path, []).append(name)
        for subject in self.subjects:
            for module in homes.get(subject.path, ()):
                for name in subject.names:
                    state = State(
                        kind="singleton", name=f"{module}.{name}", path=subject.path, qualname=subject.qualname, line=subject.line
                    )
                    yield Global(state, module, tuple(name.split(".")))


def resolve(members: Mapping[str, object], parts: tuple[str, ...]) -> object:
    """What a qualified name stands for, UNSET where it does not exist; a decorated method is unwrapped to its cache."""
    value: object = UNSET
    for part in parts:
        value = members.get(part, UNSET)
        members = namespace(cast("type", value)) if is_class(value) else {}
    if type(value) is staticmethod or type(value) is classmethod:
        return value.__func__
    return value.fget if type(value) is property else value


def values_of(loaded: Iterable[str]) -> Iterator[tuple[str, object]]:
    """Every global of the given modules by dotted name."""
    for module in loaded:
        for name, value in list(module_globals(sys.modules.get(module)).items()):
            yield f"{module}.{name}", value
