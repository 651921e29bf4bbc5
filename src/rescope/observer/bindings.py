"""The namespaces of the project, and whether any name in them is bound to another value: most looks end with that question."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import call, is_, itemgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from rescope.observer.fingerprint import Print, is_flat
from rescope.observer.ids import ids_of
from rescope.observer.layout import module_globals, namespace

if TYPE_CHECKING:
    from weakref import ref

Members = Mapping[str, object]
Prints = dict[str, Print]


class Space(NamedTuple):
    """A namespace to look at: that of a module, or of the class `inner` of one, which is not kept alive by this."""

    label: str
    path: str
    inner: str
    of: "ref[type] | None"

    def members(self) -> Members:
        """What the namespace holds now; nothing where it is gone."""
        if self.of is None:
            home = sys.modules.get(self.label)
            return home.__dict__ if type(home) is ModuleType else module_globals(home)
        owner = self.of()
        return namespace(owner) if owner is not None else {}


class Inside(NamedTuple):
    """A value whose insides may change: where it is held, its number among those that `Bindings.read`, and its space's fingerprints."""

    space: Space
    name: str
    number: int
    prints: Prints


class Bindings:
    """What the names of the project's modules and of their classes are bound to when this is made, and what the plain containers hold.

    All ids are compared at once, without a line of Python for each: no object of the project lives longer for being watched.
    """

    def __init__(self, modules: Iterable[str], spaces: Iterable[tuple[Space, Prints, tuple[str, ...]]]) -> None:
        given = sorted(spaces, key=lambda each: each[0].of is not None)
        self.modules = tuple(modules)
        self.classes = tuple(space.of for space, _, _ in given if space.of is not None)
        homes = self._homes()
        self.homes = ids_of(homes)
        items = [list(members.items()) for members in self._members(homes)]
        values = tuple(value for inside in items for _, value in inside)
        self.ids = ids_of(values)
        live = {(space.label, name): (space, prints) for space, prints, names in given for name in names}
        labels = (*self.modules, *(space.label for space, _, _ in given if space.of is not None))
        named = [(label, n) for label, inside in zip(labels, items, strict=True) for n, _ in inside]
        places = ((number, *each) for number, each in enumerate(named) if type(each[1]) is str and each in live)
        self.live = [Inside(live[label, name][0], name, number, live[label, name][1]) for number, label, name in places]
        self.contents = Contents(self.live, values)

    def read(self) -> tuple[object, ...] | None:
        """All values, if every name is bound to what it was and none was added or taken away; else None."""
        homes = self._homes()
        if ids_of(homes) != self.homes:
            return None
        try:
            values = tuple(chain.from_iterable([members.values() for members in self._members(homes)]))
        except RuntimeError:  # another thread adds a name meanwhile
            return None
        return values if ids_of(values) == self.ids else None

    def moved(self, values: Sequence[object], is_same: Callable[[object, Print], bool]) -> Iterator[Space]:
        """The namespaces of which a value, as `read`, is at first sight not what its fingerprint says."""
        as_they_were = self.contents.are_the_same(values)
        moved = {}
        for space, name, number, prints in self.contents.others if as_they_were else self.live:
            now, before = values[number], prints[name]
            if now is not before and not is_same(now, before):
                moved[space.label] = space
        yield from moved.values()
        if not as_they_were:  # whoever asked has taken new fingerprints meanwhile
            self.contents = Contents(self.live, values)

    def _homes(self) -> tuple[Any, ...]:
        return (*map(sys.modules.get, self.modules), *map(call, self.classes))

    def _members(self, homes: tuple[Any, ...]) -> list[Members]:
        count = len(self.modules)
        modules = [home.__dict__ if type(home) is ModuleType else module_globals(home) for home in homes[:count]]
        return [*modules, *[namespace(home) if home is not None else {} for home in homes[count:]]]


class Contents:
    """What lists and dicts of plain values hold, as their fingerprints say, to compare all of them at once; `others` are no such thing."""

    def __init__(self, insides: Iterable[Inside], values: Sequence[object]) -> None:
        self.others: list[Inside] = []
        lists, dicts = [], []
        for each in insides:
            of, taken = type(values[each.number]), each.prints[each.name]
            if of is list and type(taken) is list and is_flat(taken):
                lists.append(each)
            elif of is dict and type(taken) is dict and is_flat(taken) and is_flat(taken.values()):
                dicts.append(each)
            else:
                self.others.append(each)
        self.lists, self.dicts = (_taker([each.number for each in kind]) for kind in (lists, dicts))
        inside = [each.prints[each.name] for each in (*lists, *dicts)]
        self.sizes = list(map(len, inside))
        self.items = list(chain.from_iterable(inside))
        self.values = list(chain.from_iterable(map(dict.values, inside[len(lists) :])))

    def are_the_same(self, values: Sequence[object]) -> bool:
        """Whether they hold what they held, among all values by number."""
        dicts: Any = self.dicts(values)
        every: Any = (*self.lists(values), *dicts)
        try:
            return (
                list(map(len, every)) == self.sizes
                and all(map(is_, chain.from_iterable(every), self.items))
                and all(map(is_, chain.from_iterable(map(dict.values, dicts)), self.values))
            )
        except RuntimeError:  # another thread changes one meanwhile
            return False


def _taker(numbers: Sequence[int]) -> Callable[[Sequence[object]], tuple[object, ...]]:
    """What takes the values of these numbers; an `itemgetter` of one would give no tuple."""
    if len(numbers) == 1:
        return lambda values: (values[numbers[0]],)
    return itemgetter(*numbers) if numbers else lambda _: ()
