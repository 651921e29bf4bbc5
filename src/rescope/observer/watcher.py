"""One look after another: what moved since the last one, and who is to blame."""

import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rescope.observer.broad import BroadFixtures
from rescope.observer.fingerprint import Reader
from rescope.observer.layout import Layouts
from rescope.observer.ledger import Ledger
from rescope.observer.modules import Global, Loaded, NamedGlobals
from rescope.observer.overrides import Overrides
from rescope.observer.state import ATTRIBUTE, GLOBAL, Change, Moved, Owner, Place, State
from rescope.observer.watchlist import Subject, WatchList

if TYPE_CHECKING:
    import pytest


_NAMED = 3
_GLOBALS = (GLOBAL, ATTRIBUTE)
_BEFORE = Place(node="the collection", path="", line=0)


class Probe(Protocol):
    """Something that can be looked at again and again."""

    def moved(self) -> Iterator[Moved]:
        """What changed since the last look."""
        ...


class Reads(Protocol):
    """Finds out which tests read a state that is followed: tells of `path:line`, and whether it is written there.

    None in place of the latter says that the test is only seen in the source to read it.
    """

    note: Callable[[State, str, bool | None], None] | None

    def follow(self, wanted: Iterable[Global]) -> None:
        """Follow these states from now on."""
        ...

    def follows(self, state: State) -> bool:
        """Whether it can be told who reads this state."""
        ...

    def begin(self, item: "pytest.Item", standing: Collection[State]) -> None:
        """A test begins, with some states changed."""
        ...

    def again(self) -> None:
        """A fixture's turn is over: what read a state during it is to be told again."""
        ...

    def end(self) -> None:
        """Follow nothing any more."""
        ...


class Watcher:
    """The probes, the book, and whose turn it is: the fixtures that are being set up or torn down, innermost last."""

    def __init__(self, *, ledger: Ledger, broad: BroadFixtures, probes: tuple[Probe, ...], around: tuple[Probe, ...], reads: Reads) -> None:
        self.ledger = ledger
        self.broad = broad
        self.probes = probes
        self.at_set_ups = around
        self.reads = reads
        self.turns: list[Owner] = []
        self.begun: pytest.Item | None = None
        self.in_set_up = False
        reads.note = self._read

    @property
    def test(self) -> Place:
        """The test that began last."""
        return _place(self.begun) if self.begun else _BEFORE

    def begin(self, item: "pytest.Item") -> None:
        """A test begins."""
        self.begun = item
        self.in_set_up = True
        self.ledger.begin(item.nodeid, getattr(item, "fixturenames", ()))
        self.reads.begin(item, self.ledger.standing)

    def end(self) -> None:
        """The run is over."""
        self.reads.end()

    def look(self, *, quickly: bool = False) -> list[Change]:
        """Book what moved since the last look on whoever's turn it is; the new changes. A quick look is at named state only."""
        return self._book(self.probes[: _NAMED if quickly else None])

    def begin_turn(self, owner: Owner) -> list[Change]:
        """From now on, what moves belongs to this fixture; what moved before belongs to whoever had the turn."""
        found = self._book((*self.probes, *self.at_set_ups) if self.turns else self.probes)
        if not self.turns:
            for probe in self.at_set_ups:
                deque(probe.moved(), maxlen=0)
        self.turns.append(owner)
        return found

    def end_turn(self) -> list[Change]:
        """The fixture is done: what moved belongs to it, also in state that is looked at around set-ups only."""
        found = self._book((*self.probes, *self.at_set_ups))
        self.turns.pop()
        self.reads.again()
        return found

    def _book(self, probes: Iterable[Probe]) -> list[Change]:
        moved = [each for probe in probes for each in probe.moved()]
        if not moved:
            return []
        owner = self.turns[-1] if self.turns else None
        enter, test = self.ledger.enter, self.test
        entered = (enter(each, test, owner, in_set_up=self.in_set_up) for each in moved)
        found = [change for change in entered if change is not None]
        self.reads.follow(_global(change.state) for change in found if change.state.kind in _GLOBALS)
        for change in found:
            change.read_by = 0 if self.reads.follows(change.state) else -1
        return found

    def _read(self, state: State, place: str, writes: bool | None) -> None:  # noqa: FBT001 - called back for each line
        if writes is None:
            self.ledger.expect(state, place)
        else:
            self.ledger.access(state, place, writes=writes, by_test=not self.turns)

    def set_up(self, fixture: "pytest.FixtureDef[Any]") -> None:
        """A broad fixture was set up: its value is watched from now on."""
        self.broad.started(fixture)
        state = self.broad.state_of(fixture)
        if state is not None:
            self.ledger.watch(state, already=1)

    def torn_down(self, fixture: "pytest.FixtureDef[Any]") -> None:
        """A broad fixture is gone, and its value with it."""
        state = self.broad.state_of(fixture)
        if state is not None:
            self.ledger.unwatch(state)
            self.ledger.forget(state)
        self.broad.ended(fixture)


def make_watcher(root: Path, watch: WatchList, mode: str) -> Watcher:
    """A watcher of what the list names, and of everything else where the mode is "all".

    Where a finding says that a fixture changes process or module state, that state is looked at around set-ups.
    """
    wide = mode == "all"
    layouts = Layouts(root=f"{root}{_separator(root)}", known={})
    reader = Reader(layouts=layouts)
    loaded = Loaded(layouts=layouts)
    broad = BroadFixtures(reader=reader, subjects=watch.fixtures, watch_all=wide)
    ledger = Ledger(mode=mode)
    reads = _reads(loaded, layouts, watch.singletons)

    def found(places: Sequence[Global]) -> None:
        for place in places:
            ledger.watch(place.state)
        reads.follow(places)

    named = NamedGlobals(loaded=loaded, reader=reader, subjects=watch.singletons, watch=found)
    probes: list[Probe] = [named, broad, Overrides(loaded=loaded, reader=reader, values=broad.holders)]
    around: tuple[Probe, ...] = ()
    if wide or watch.process:  # what few runs need is imported by those alone
        from rescope.observer.process import process_readings, wide_readings

        probes += process_readings()
    if wide:
        from rescope.observer.module_table import ModuleTable

        probes += (ModuleTable(reader=reader), *wide_readings(reader))
    if wide or watch.by_set_ups:
        from rescope.observer.all_globals import AllGlobals

        everything = AllGlobals(loaded=loaded, reader=reader, named=named.names)
        probes += (everything,) if wide else ()
        around = () if wide else (everything,)
    return Watcher(ledger=ledger, broad=broad, probes=tuple(probes), around=around, reads=reads)


def _reads(loaded: Loaded, layouts: Layouts, singletons: Iterable[Subject]) -> Reads:
    if hasattr(sys, "monitoring"):
        from rescope.observer.accesses import Accesses

        return Accesses(loaded=loaded, layouts=layouts)
    from rescope.observer.source_readers import SourceReaders

    return SourceReaders(layouts=layouts, singletons=singletons)


def _global(state: State) -> Global:
    """Where a state of `AllGlobals` is held: its name is the module's, then its own."""
    return Global(state, state.name.removesuffix(f".{state.qualname}"), tuple(state.qualname.split(".")))


def _place(item: "pytest.Item") -> Place:
    path, line, _ = item.location
    return Place(node=item.nodeid, path=path.replace("\\", "/"), line=(line or 0) + 1)


def _separator(root: Path) -> str:
    return "" if str(root).endswith(("/", "\\")) else "\\" if "\\" in str(root) else "/"
