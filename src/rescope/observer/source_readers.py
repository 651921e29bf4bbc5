"""Which tests read a state as far as the source shows: what is said where the interpreter cannot watch lines (before Python 3.12)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
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
        self.found: dict[tuple[State, int], str] = {}

    def follow(self, wanted: Iterable[Global]) -> None:
        """Know the places that read these states, as far as the watch list names any."""
        for state, _, _ in wanted:
            readers = self.said.get((state.path, state.qualname), ())
            if readers and state not in self.places:
                by_file = self.places[state] = defaultdict(list)
                for reader in readers:
                    path, _, line = reader.rpartition(":")
                    by_file[path].append(int(line))

    def follows(self, state: State) -> bool:
        """Whether any place is known that reads the state."""
        return state in self.places

    def begin(self, item: "pytest.Item", standing: Iterable[State]) -> None:
        """A test begins: what it is seen to read of the states that are changed."""
        for state in standing:
            place = self._read_at(state, item) if state in self.places else ""
            if place and self.note:
                self.note(state, place, None)

    def again(self) -> None:
        """Each test is asked once, whatever its fixtures do."""

    def end(self) -> None:
        """There is nothing to end."""

    def _read_at(self, state: State, item: "pytest.Item") -> str:
        return next(filter(None, (self._within(state, code) for code in _codes(item))), "")

    def _within(self, state: State, code: CodeType) -> str:
        key = (state, id(code))
        if key not in self.found:
            root = self.layouts.root
            path = code.co_filename[len(root) :].replace("\\", "/") if code.co_filename.startswith(root) else code.co_filename
            last = max((line for _, _, line in code.co_lines() if line), default=code.co_firstlineno)
            lines = self.places[state].get(path, ())
            self.found[key] = next((f"{path}:{line}" for line in lines if code.co_firstlineno <= line <= last), "")
        return self.found[key]


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
