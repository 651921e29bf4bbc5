"""The namespaces of the project, and whether any name in them is bound to another value: most looks end with that question."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import call, is_, itemgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from rescope.observer.fingerprint import Print, is_flat
from rescope.observer.layout import ATOMS, module_globals, namespace

if TYPE_CHECKING:
    from weakref import ref

_CONTAINERS = frozenset(map(id, (list, tuple, set, frozenset)))
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
    """What the names of some namespaces are bound to when this is made, and what the plain containers among the values hold.

    All names are compared at once, without a line of Python for each. What may be held is compared by identity, at half of what ids
    cost; of all else the ids are kept, so that no object of the project lives longer for being watched.
    """

    def __init__(self, spaces: Iterable[tuple[Space, Prints, tuple[str, ...]]]) -> None:
        given = sorted((each for each in spaces if each[0].members()), key=lambda each: each[0].of is not None)
        self.modules = tuple(space.label for space, _, _ in given if space.of is None)
        self.classes = tuple(space.of for space, _, _ in given if space.of is not None)
        homes = self._homes()
        held = self._members(homes)
        self.homes = list(map(id, homes))
        self.sizes = list(map(len, held))
        # Of one name alone an `itemgetter` would give no tuple; a namespace without names to watch gives any.
        names = [[n for n in prints if n in m] or [next(iter(m))] for m, (_, prints, _) in zip(held, given, strict=True)]
        self.takers = [itemgetter(each[0], *each) for each in names]
        values = list(self._taken(held))
        self.kept = taker([number for number, value in enumerate(values) if _may_be_held(value)])
        self.others = taker([number for number, value in enumerate(values) if not _may_be_held(value)])
        self.values, self.ids = self.kept(values), list(map(id, self.others(values)))
        places = [(each, name) for each, inside in zip(given, names, strict=True) for name in ("", *inside)]
        self.live = [Inside(at, name, n, prints) for n, ((at, prints, live), name) in enumerate(places) if name in live]
        self.contents = Contents(self.live, values)

    def read(self) -> list[object] | None:
        """All values, if every name is bound to what it was and none was added or taken away; else None."""
        homes = self._homes()
        if list(map(id, homes)) != self.homes:
            return None
        held = self._members(homes)
        if list(map(len, held)) != self.sizes:
            return None
        try:
            values = list(self._taken(held))
        except KeyError:
            return None
        if not all(map(is_, self.kept(values), self.values)):
            return None
        return values if list(map(id, self.others(values))) == self.ids else None

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

    def _homes(self) -> list[Any]:
        return [*map(sys.modules.get, self.modules), *map(call, self.classes)]

    def _members(self, homes: list[Any]) -> list[Members]:
        count = len(self.modules)
        modules = [home.__dict__ if type(home) is ModuleType else module_globals(home) for home in homes[:count]]
        return [*modules, *map(namespace, homes[count:])]

    def _taken(self, held: list[Members]) -> Iterable[object]:
        return chain.from_iterable(map(call, self.takers, held))


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
        self.lists, self.dicts = (taker([each.number for each in kind]) for kind in (lists, dicts))
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


def _may_be_held(value: object) -> bool:
    """Whether nobody can tell that a value lives until the next look: a plain one or a container of such.

    A function would hold its module's globals, and a method that calls `super()` its class.
    """
    of = type(value)
    return id(of) in ATOMS or (id(of) in _CONTAINERS and is_flat(list(cast("Iterable[object]", value))))


def taker(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """What takes the values under these keys; an `itemgetter` of one key would give no tuple."""
    if len(keys) == 1:
        return lambda held: (held[keys[0]],)
    return itemgetter(*keys) if keys else lambda _: ()
