"""The overrides of applications: `dependency_overrides`, wherever the project keeps one."""

import sys
from collections.abc import Callable, Iterable, Iterator

from rescope.observer.fingerprint import OVERRIDES, Print, Reader
from rescope.observer.layout import Kind, module_globals
from rescope.observer.modules import Loaded, values_of
from rescope.observer.state import Moved, State


class Overrides:
    """The `dependency_overrides` of applications in the project's globals and in the values of broad fixtures."""

    def __init__(self, *, loaded: Loaded, reader: Reader, values: Callable[[], list[tuple[str, object]]]) -> None:
        self.loaded = loaded
        self.reader = reader
        self.values = values
        self.names: list[tuple[str, str]] = []
        self.labels: dict[int, str] = {}
        self.last: dict[str, Print] = {}
        self.scanned = -1

    def moved(self) -> Iterator[Moved]:
        """What changed since the last look; an application seen for the first time is taken as it is."""
        self.loaded.refresh()
        if self.scanned != self.loaded.size:
            self.scanned = self.loaded.size
            everywhere = values_of(self.loaded.names)
            self.names = [tuple(n.rpartition(".")[::2]) for n, v in everywhere if self._table(v) is not None]  # type: ignore[misc]
        values = self.values()
        if not (self.names or values or self.last):
            return
        seen = dict(self._look(values))
        for name, now in seen.items():
            before = self.last.get(name, now)
            if before != now:
                yield Moved(state=State(kind="overrides", name=name), before=before, after=now)
        self.last = seen

    def _look(self, values: Iterable[tuple[str, object]]) -> Iterator[tuple[str, Print]]:
        """The tables by the name of their first holder, which they keep; an application imported elsewhere is the same one."""
        tables: set[int] = set()
        for name, value in self._holders(values):
            table = self._table(value)
            if table is not None and id(table) not in tables:
                tables.add(id(table))
                label = self.labels.setdefault(id(table), f"{name}.{OVERRIDES}")
                yield label, self.reader.take(table, depth=0, budget=200)

    def _holders(self, values: Iterable[tuple[str, object]]) -> Iterator[tuple[str, object]]:
        for module, name in self.names:
            yield f"{module}.{name}", module_globals(sys.modules.get(module)).get(name)
        for name, value in values:
            yield name, value
            yield f"{name}.app", self.reader.layouts.attribute(value, "app")

    def _table(self, value: object) -> object:
        table = self.reader.layouts.attribute(value, OVERRIDES)
        return table if table is not None and self.reader.layouts.of(table).kind is Kind.MAPPING else None
