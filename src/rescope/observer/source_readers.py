"""Which tests read a state as far as the source shows: what is said where the interpreter cannot watch lines (before Python 3.12)."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any, cast

from rescope.observer.broad import plain_function
from rescope.observer.layout import Layouts, bases, is_class, namespace
from rescope.observer.modules import Global
from rescope.observer.state import State
from rescope.observer.watchlist import Subject

if TYPE_CHECKING:
    import pytest

Note = Callable[[State, str, bool | None], None]
_SET_UPS = ("setUp", "asyncSetUp", "setup_method")


class SourceReaders:
    """The places of each state by file; a test reads it where one of them lies in its function, a fixture's or its set-up's."""

    def __init__(self, *, layouts: Layouts, singletons: Iterable[Subject]) -> None:
        self.layouts = layouts
        self.note: Note | None = None
        self.said = {(s.path, s.qualname): s.readers for s in singletons}
        self.places: dict[State, defaultdict[str, list[int]]] = {}
        self.files: set[str] = set()
        self.found: dict[int, tuple[object, tuple[tuple[State, str], ...]]] = {}

    def follow(self, wanted: Iterable[Global]) -> None:
        """Know the places that read these states, as far as the watch list names any."""
        for state, _, _ in wanted:
            readers = self.said.get((state.path, state.qualname), ())
            if readers and state not in self.places:
                by_file = self.places[state] = defaultdict(list)
                for reader in readers:
                    path, _, line = reader.rpartition(":")
                    by_file[path].append(int(line))
                self.files.update(by_file)
                self.found.clear()

    def follows(self, state: State) -> bool:
        """Whether any place is known that reads the state."""
        return state in self.places

    def begin(self, item: "pytest.Item", standing: Collection[State]) -> None:
        """A test begins: what it is seen to read of the states that are changed."""
        for state, place in self._reads(item) if standing else ():
            if state in standing and self.note:
                self.note(state, place, None)

    def again(self) -> None:
        """Each test is asked once, whatever its fixtures do."""

    def end(self) -> None:
        """There is nothing to end."""

    def _reads(self, item: "pytest.Item") -> tuple[tuple[State, str], ...]:
        """The states that a test is seen to read, each with a place; worked out once for all cases of a parametrized test."""
        of: object = getattr(item, "_fixtureinfo", None) or item
        known = self.found.get(id(of))
        if known is None or known[0] is not of:
            spans = [span for span in map(self._span, _codes(item)) if span]
            places = ((state, self._within(by_file, spans)) for state, by_file in self.places.items() if spans)
            known = self.found[id(of)] = (of, tuple((state, place) for state, place in places if place))
        return known[1]

    def _span(self, code: CodeType) -> tuple[str, int, int] | None:
        """The file and lines of a function, None where no place is in that file."""
        root, path = self.layouts.root, code.co_filename
        inside = path[len(root) :].replace("\\", "/") if path.startswith(root) else path
        if inside not in self.files:
            return None
        return inside, code.co_firstlineno, max((line for _, _, line in code.co_lines() if line), default=code.co_firstlineno)

    @staticmethod
    def _within(by_file: dict[str, list[int]], spans: Iterable[tuple[str, int, int]]) -> str:
        found = (f"{path}:{line}" for path, first, last in spans for line in by_file.get(path, ()) if first <= line <= last)
        return next(found, "")


def _codes(item: "pytest.Item") -> Iterator[CodeType]:
    """The code of a test, its class's set-up, and the fixtures that it requests."""
    info: Any = getattr(item, "_fixtureinfo", None)
    definitions = [chain[-1].func for chain in info.name2fixturedefs.values() if chain] if info else []
    owner = getattr(item, "cls", None)
    spaces = [namespace(base) for base in bases(cast("type", owner))] if is_class(owner) else []
    set_ups = [space[name] for space in spaces for name in _SET_UPS if name in space]
    for function in (getattr(item, "function", None), *set_ups, *definitions):
        plain = plain_function(function)
        if plain is not None:
            yield plain.__code__
