"""What the tests say of state, and the singletons with what they say: where tests touch, set and reset them, and what holds them."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from rescope.facts.verbs import is_back
from rescope.model.address import Address, Location
from rescope.model.facts import Function
from rescope.model.state import Role, Shape, Singleton, Writer

CLEARS = ".cache_clear"
Key = tuple[str, str]


class Use(NamedTuple):
    """What a function of the tests does to a module-level object: `member` is the method it calls or the attribute it changes."""

    by: Function
    member: str
    at: Location
    is_call: bool
    takes_away: bool
    after: bool
    resets: bool
    stands: bool
    constant: str


class Called(NamedTuple):
    """A call of a function of the program by one of the tests; `constant` is its only argument, if that is one."""

    by: Address
    at: Location
    constant: str


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Places in tests by the state that they name.

    `called` are the functions of the program that they call themselves, `after` those that they call when all else is done,
    `closing` these and those of a last line, `ended` the calls of teardowns and behind the yield of a fixture; `around` are
    those that autouse fixtures call, `around_after` behind their yield, themselves or through others; `by_request` are the
    attributes of an object that fixtures take back for who requests them, and teardowns for their class, and `members`
    those that its methods change, None where that is not all seen; `cleared` are the functions of the tests that clear a
    cache at last, `plugins` the files that `pytest_plugins` names, `served` the test modules that use the fixtures of a
    file; `patched` are the functions of the tests that put something else in the place of the state, or that fixtures do it
    for, `restoring` those that assign it when all else is done; `inverse` are the methods of an object that only give
    attributes what its class starts with, with these.
    """

    touched: defaultdict[Key, list[tuple[Location, Address]]] = field(default_factory=lambda: defaultdict(list))
    standing: defaultdict[Key, list[Location]] = field(default_factory=lambda: defaultdict(list))
    resets: defaultdict[Key, list[Location]] = field(default_factory=lambda: defaultdict(list))
    held: defaultdict[Address, list[Location]] = field(default_factory=lambda: defaultdict(list))
    uses: defaultdict[Key, list[Use]] = field(default_factory=lambda: defaultdict(list))
    called: defaultdict[Address, list[Called]] = field(default_factory=lambda: defaultdict(list))
    around: defaultdict[Address, list[Location]] = field(default_factory=lambda: defaultdict(list))
    around_after: defaultdict[Address, list[Location]] = field(default_factory=lambda: defaultdict(list))
    on_request: defaultdict[Key, list[Location]] = field(default_factory=lambda: defaultdict(list))
    cleared: defaultdict[Key, set[Address]] = field(default_factory=lambda: defaultdict(set))
    plugins: frozenset[str] = frozenset()
    served: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ended: defaultdict[Address, list[Called]] = field(default_factory=lambda: defaultdict(list))
    by_request: defaultdict[Key, defaultdict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    members: dict[Key, dict[str, set[str] | None]] = field(default_factory=dict)
    after: defaultdict[Address, set[Address]] = field(default_factory=lambda: defaultdict(set))
    closing: defaultdict[Address, set[Address]] = field(default_factory=lambda: defaultdict(set))
    patched: defaultdict[Key, set[Address]] = field(default_factory=lambda: defaultdict(set))
    restoring: defaultdict[Key, set[Address]] = field(default_factory=lambda: defaultdict(set))
    inverse: dict[Key, dict[str, set[str]]] = field(default_factory=dict)

    def join(self, singleton: Singleton) -> Singleton:
        """The singleton with all that the tests say of it."""
        if singleton.shape in {Shape.INSTANCE, Shape.CONTEXT}:
            return self._join_object(singleton)
        path = singleton.address.path
        names = [name for name, _ in singleton.group]
        keys = [(path, n) for n in names] + [(path, f"{n}.cache_clear") for n in names]
        if singleton.reset_function:
            keys.append((path, singleton.reset_function))
        backward = [(w.function.path, w.function.qualname) for w in singleton.writers if w.role is Role.RESET or is_back(w.function.name)]
        filling = [w.function for w in singleton.writers if w.role is not Role.RESET]
        undoing = self._undoing(singleton)
        touched = tuple(sorted(at for key in keys for at, by in self.touched.get(key, ()) if by not in undoing))
        resets = [at for key in [*keys, (path, "")] for at in self.resets.get(key, ())]
        resets += self._around(singleton.writers)
        resets += self._cleared_by_all(singleton)
        asked = [at for key in [*keys, *backward] for at in self.on_request.get(key, ())]
        ended = (w.function for w in singleton.writers if w.role in {Role.SETTER, Role.RESET})
        calls = (call for function in dict.fromkeys(ended) for call in self.ended.get(function, ()))
        asked += [call.at for call in calls if not call.constant or call.constant in _initial(singleton)]
        if asked and all(any(self._covers(by, at) for by in asked) for at in touched):
            resets += asked
        return replace(
            singleton,
            held_at_import=tuple(at for f in filling for at in self.held.get(f, ())),
            set_by_set_up=tuple(sorted(at for key in keys for at in self.standing.get(key, ()))),
            touched_by_tests=touched,
            set_by_tests=tuple(sorted(self._set_through(singleton))),
            reset_by=tuple(sorted(resets)),
        )

    def _join_object(self, singleton: Singleton) -> Singleton:
        """As join, for an object: by the methods that change it, and the attributes that are set."""
        own = {"set", "reset"} if singleton.shape is Shape.CONTEXT else set()
        methods = own | {w.text for w in singleton.writers if w.role is Role.MUTATOR}
        uses = self.uses.get((singleton.address.path, singleton.name), [])
        changes = [u for u in uses if not u.is_call or u.member in methods]
        initial = _initial(singleton)
        last = {u.by.address: u for u in sorted(changes, key=lambda u: u.at)}
        back = {u.by.address for u in changes if u.after or u.takes_away or is_back(u.member)}
        set_at: Counter[Address] = Counter()
        for call in (c for w in singleton.writers for c in self.called.get(w.function, ())):
            set_at[call.by] = max(set_at[call.by], call.at.line)
        back |= {
            by for by, u in last.items() if (u.constant in initial and u.at.line >= set_at[by]) or self._inverts(singleton, u, changes)
        }
        back |= {u.by.address for u in changes if self._taken_back(singleton, u)} | self.patchers(singleton)
        left = [u for u in changes if not (u.resets or u.stands or u.by.address in back) and not (u.by.is_async and singleton.container)]
        if singleton.shape is Shape.CONTEXT:
            left = [u for u in left if not u.by.is_async]
        return replace(
            singleton,
            held_at_import=(),
            set_by_set_up=tuple(sorted(u.at for u in changes if u.stands)),
            touched_by_tests=tuple(sorted(u.at for u in uses if not u.resets)),
            set_by_tests=tuple(sorted([*(u.at for u in left), *self._set_through(singleton, back)])),
            reset_by=tuple(sorted(self._reset_uses(singleton, uses, changes))),
        )

    def _inverts(self, singleton: Singleton, last: Use, changes: list[Use]) -> bool:
        """Whether a function's last call gives all attributes that its other ones change what the constructor gives them."""
        key = (singleton.address.path, singleton.name)
        covered = self.inverse.get(key, {}).get(last.member, set()) if last.is_call else set()
        members = self.members.get(key, {})
        changed = [members.get(u.member) if u.is_call else {u.member} for u in changes if u.by.address == last.by.address]
        return bool(covered) and all(attributes is not None and attributes <= covered for attributes in changed)

    def _taken_back(self, singleton: Singleton, use: Use) -> bool:
        """Whether a fixture that the function requests, or the teardown of its class, takes back all attributes that it changes."""
        key = (singleton.address.path, singleton.name)
        changed = self.members.get(key, {}).get(use.member, {use.member} if not use.is_call else None)
        fixtures: Mapping[str, set[str]] = self.by_request.get(key, {})
        return changed is not None and any(changed <= fixtures[name] for name in (*use.by.argnames, class_of(use.by)) if name in fixtures)

    def _reset_uses(self, singleton: Singleton, uses: list[Use], changes: list[Use]) -> Iterator[Location]:
        yield from (u.at for u in uses if u.resets and (u in changes or is_back(u.member)))
        yield from self._around(singleton.writers)

    def _around(self, writers: tuple[Writer, ...]) -> Iterator[Location]:
        """Where an autouse fixture calls what takes the state back, or behind its yield a setter, itself or through others."""
        backward = (w.function for w in writers if w.role is Role.RESET or is_back(w.function.name))
        yield from (at for function in dict.fromkeys(backward) for at in self.around.get(function, ()))
        setters = (w.function for w in writers if w.role is Role.SETTER)
        yield from (at for function in dict.fromkeys(setters) for at in self.around_after.get(function, ()))

    def _set_through(self, singleton: Singleton, back: Container[Address] = ()) -> Iterator[Location]:
        """Calls of a setter by tests that take nothing back, be it by its initial value; a method says nothing of other objects."""
        writers = [w for w in singleton.writers if not (singleton.shape is Shape.INSTANCE and w.role is Role.MUTATOR)]
        spared = {c.by for w in writers if w.role is Role.RESET or is_back(w.function.name) for c in self.called.get(w.function, ())}
        spared |= {by for w in writers for by in self.after.get(w.function, ())} | self.patchers(singleton) | self._undoing(singleton)
        spared |= {by for name, _ in singleton.group for by in self._restorers(singleton, name)}
        initial = _initial(singleton)
        forward = (w for w in writers if w.role in {Role.SETTER, Role.MUTATOR} and not (w.guarded or is_back(w.function.name)))
        for function in dict.fromkeys(w.function for w in forward):
            last = {c.by: c for c in sorted(self.called.get(function, ()), key=lambda c: c.at)}
            spared |= {by for by, call in last.items() if call.constant in initial}
            yield from (c.at for c in self.called.get(function, ()) if c.by not in spared and c.by not in back)

    def _cleared_by_all(self, singleton: Singleton) -> list[Location]:
        """Where the functions of the tests that call a cached function clear it at last, if all of them do."""
        if singleton.shape is not Shape.CACHED_FACTORY:
            return []
        calls = [call for w in singleton.writers for call in self.called.get(w.function, ())]
        cleared = self.cleared.get((singleton.address.path, f"{singleton.name}{CLEARS}"), set())
        return [call.at for call in calls] if {call.by for call in calls} <= cleared else []

    def _undoing(self, singleton: Singleton) -> set[Address]:
        """The functions of the tests that at last call what takes the state back: what they do before does not stay."""
        backward = {w.function for w in singleton.writers if w.role is Role.RESET or is_back(w.function.name)}
        last = (by for function in backward for by in self.closing.get(function, ()))
        setters = {w.function for w in singleton.writers if w.role is Role.SETTER}
        initial = _initial(singleton)
        again = (by for function in setters for by in self.closing.get(function, ()) if self._sets_back(by, function, initial))
        return {*last, *again}

    def _sets_back(self, by: Address, function: Address, initial: Container[str]) -> bool:
        """Whether the last of several calls of a setter may give what was there before: no constant, or that of the start."""
        calls = sorted((call for call in self.called.get(function, ()) if call.by == by), key=lambda call: call.at)
        return len(calls) > 1 and (not calls[-1].constant or calls[-1].constant in initial)

    def _restorers(self, singleton: Singleton, name: str) -> Iterator[Address]:
        """The functions of the tests that assign the state, or an attribute of the object, when all else is done."""
        path = singleton.address.path
        yield from self.restoring.get((path, name), ())
        if singleton.shape is Shape.INSTANCE:
            yield from (
                by for (where, key), found in self.restoring.items() if where == path and key.startswith(f"{name}.") for by in found
            )

    def _covers(self, by: Location, at: Location) -> bool:
        """Whether a fixture or set-up in one file may stand around what another line of the tests does."""
        folder = by.path.rpartition("/")[0]
        below = by.path.endswith("conftest.py") and at.path.startswith(f"{folder}/" if folder else "")
        return by.path == at.path or by.path in self.plugins or below or at.path in self.served.get(by.path, ())

    def patchers(self, singleton: Singleton) -> set[Address]:
        """The functions of the tests that put something else in the place of the state: what they do afterwards does not reach it."""
        return {by for name, _ in singleton.group for by in self.patched.get((singleton.address.path, name), ())}


def class_of(function: Function) -> str:
    """The class of a method, by its file."""
    return f"{function.address.path}:{function.address.qualname.rpartition('.')[0]}"


def _initial(singleton: Singleton) -> set[str]:
    return {value for _, value in singleton.group if value}
