"""`sys.modules` as `--rescope=all` looks at it."""

import sys
from collections.abc import Iterator

from rescope.observer.fingerprint import UNSET, Print, Reader
from rescope.observer.ids import Ids, ids_of
from rescope.observer.layout import bases, module_globals, namespace
from rescope.observer.process import module_name
from rescope.observer.state import IMPORT, MODULE, Moved, State

_DOUBLES = frozenset({"unittest.mock", "mock.mock", "mock"})


class ModuleTable:
    """`sys.modules`: which module is replaced, taken out, or put there by hand.

    That a module of the project is added is another kind: a test that is the first to import one has done nothing wrong, but a
    later test may hang on it.
    """

    def __init__(self, *, reader: Reader) -> None:
        self.reader = reader
        self.ids: Ids | None = None
        self.prints: dict[str, Print] = {}
        self.imported: set[str] = set()

    def moved(self) -> Iterator[Moved]:
        """What changed since the last look; the first look only remembers."""
        ids = ids_of(tuple(sys.modules.values()))
        if ids == self.ids:
            return
        before_all, first = self.prints, self.ids is None
        self.ids, self.prints = ids, {n: self.reader.identity(m) for n, m in list(sys.modules.items()) if type(n) is str}
        if first:
            return
        for name in dict.fromkeys((*before_all, *self.prints)):
            before, after = before_all.get(name, UNSET), self.prints.get(name, UNSET)
            if before != after:
                kind = self._kind(name, before, after)
                if kind:
                    yield Moved(state=State(kind=kind, name=module_name(name)), before=before, after=after)

    def _kind(self, name: str, before: Print, after: Print) -> str:
        module = sys.modules.get(name)
        if before is UNSET:
            self.imported.add(name)
            return self._added(module)
        if after is UNSET:
            return IMPORT if name in self.imported else MODULE
        file = module_globals(module).get("__file__")
        foreign = type(file) is str and not self.reader.layouts.is_own_file(file)
        return IMPORT if foreign else MODULE  # a library that loads lazily replaces itself

    def _added(self, module: object) -> str:
        """What it is that a test has added. An empty module may be of its making, but C libraries make such modules, too."""
        if any(namespace(base).get("__module__") in _DOUBLES for base in bases(type(module))):
            return MODULE
        held = module_globals(module)
        file = held.get("__file__")
        own = self.reader.layouts.is_own_file(file) if type(file) is str else held.get("__spec__") is None
        return IMPORT if own else ""
