"""The book of changes: who made them, how long they were in place, and what JSON they make.

The JSON of `--rescope-record`, schema 2:

    {"schema": 2, "tool": "rescope", "mode": "named" or "all", "tests": how many ran,
     "lines": whether lines were watched; if not, readers are those that are seen in the source,
     "watched": [{"kind", "name", "path", "qualname", "line", "scope", "tests": ran while it was watched,
                  "moved": tests that changed it, "whole": whether every change of it could be seen}],
     "changes": [{"kind", "name", "path", "qualname", "line", "scope",       the state, as under "watched"
                  "test": node id, "test_path", "test_line",                 during which it changed
                  "owner": null or {"name", "scope", "path", "line", "phase"},  the broad fixture that did it
                  "where", "was", "now",                                     the first difference, in words
                  "in_place": later tests that ran before the same place was changed again or undone, "first": the first of them,
                  "requested", "first_requested", "strangers", "first_stranger":  of those, by whether they requested
                                                                             the fixture that the change belongs to
                  "changed_at": lines that ran and may have made the change, as "path:line", none where that is not known,
                  "read_by": of the later tests, how many ran a line that reads the state, null where that is not known,
                  "first_reader": the first of them, "read_at": at which line,
                  "undone_by": node id or ""}],
     "errors": [text]}

Paths are relative to pytest's rootdir. At most 20 changes of one state are told per process; "moved" counts all. With
xdist the numbers are sums over the workers: each is a run of its own.
"""

import sys
from collections.abc import Collection, Iterable
from typing import Any

from rescope.observer.fingerprint import OBJECT, At, Difference, Print, differences
from rescope.observer.state import Change, Moved, Owner, Place, State

SCHEMA = 2
LINES = hasattr(sys, "monitoring")
_TOLD = 20
_REMEMBERED = 100
_PLACES = 50
_FRESH = 3
_FEW = 4
Json = dict[str, Any]


class Standing:
    """A change that may be in place: what was at each of its places before, and which later change of what place has `covered` one."""

    def __init__(self, change: Change, places: dict[At, Print]) -> None:
        self.change = change
        self.places = places
        self.covered: dict[At, tuple[Change, At]] = {}


class Ledger:
    """What one process saw, in the order in which its tests ran."""

    def __init__(self, *, mode: str) -> None:
        self.mode = mode
        self.ran: list[str] = []
        self.changes: list[Change] = []
        self.standing: dict[State, list[Standing]] = {}
        self.watched_from: dict[State, int] = {}
        self.watched_tests: dict[State, int] = {}
        self.moved_in: dict[State, list[str]] = {}
        self.followed: dict[Change, str] = {}
        self.errors: list[str] = []
        self.accessed: dict[State, list[tuple[str, bool]]] = {}
        self.begun_with: set[State] = set()
        self.expected: list[tuple[Change, str]] = []
        self.newest = -_FRESH

    def begin(self, test: str, requested: Collection[str]) -> None:
        """A test begins: count it, also for the changes that belong to fixtures."""
        self._settle()
        self.ran.append(test)
        self.accessed.clear()
        self.begun_with.clear()
        if not self.followed:
            return
        names = requested if len(self.followed) < _FEW else frozenset(requested)
        for change, name in self.followed.items():
            if name in names:
                change.requested += 1
                change.first_requested = change.first_requested or test
            else:
                change.strangers += 1
                change.first_stranger = change.first_stranger or test

    def access(self, state: State, place: str, *, writes: bool, by_test: bool) -> None:
        """A line ran that accesses a state: a test, or a function-scoped fixture of it, that reads it first sees what was left."""
        self.accessed.setdefault(state, []).append((place, writes))
        first = by_test and state not in self.begun_with
        if by_test:
            self.begun_with.add(state)
        if writes or not first:
            return
        for each in self.standing.get(state, ()):
            if each.change.until < 0 and each.change.since < len(self.ran):
                self._count(each.change, place)

    def expect(self, state: State, place: str) -> None:
        """The test that began is seen in the source to read a state: it counts, unless its set-up has put the state back."""
        self.expected += [(each.change, place) for each in self.standing.get(state, ()) if each.change.until < 0]

    def _settle(self) -> None:
        for change, place in self.expected:
            if change.until < 0 or change.until >= len(self.ran):
                self._count(change, place)
        self.expected.clear()

    def _count(self, change: Change, place: str) -> None:
        change.read_by += 1
        change.first_reader = change.first_reader or self.ran[-1]
        change.read_at = change.read_at or place

    def enter(self, moved: Moved, test: Place, owner: Owner | None, *, in_set_up: bool) -> Change | None:
        """Book a difference: a new change, or None where it takes an earlier one back or is no difference worth telling."""
        found = list(differences(moved.before, moved.after))
        if not found:
            return None
        shown = found[0]
        if len(found) > _PLACES:
            found = [Difference((), moved.before, moved.after)]
        stack, until = self.standing.setdefault(moved.state, []), len(self.ran) - in_set_up
        left = [each for each in found if not self._is_back(stack, each, test, until)]
        if not left:
            return None
        shown = left[0] if left[0].at else shown
        change = Change(moved.state, test, since=len(self.ran), owner=owner, difference=shown.words())
        self._cover(stack, change, left, until)
        accesses = self.accessed.get(moved.state, ())
        lines = [at for at, writes in accesses if writes] or [at for at, _ in accesses if _is_container(moved.after)]
        change.changed_at = tuple(dict.fromkeys(lines))
        stack.append(Standing(change, {each.at: each.was for each in left}))
        for forgotten in stack[:-_REMEMBERED]:
            self._close(forgotten.change, until)
        del stack[:-_REMEMBERED]
        self._open(change)
        return change

    def _cover(self, stack: list[Standing], change: Change, by: Iterable[Difference], until: int) -> None:
        """A new change ends those of the same places; what is only added to a list or a set leaves in place what was added before."""
        places = [each.at for each in by if not _adds(each)]
        for earlier in stack:
            for at in earlier.places:
                place = next((place for place in places if _overlap(at, place)), None) if at not in earlier.covered else None
                if place is not None:
                    earlier.covered[at] = (change, place)
            if len(earlier.covered) == len(earlier.places):
                self._close(earlier.change, until)

    def _is_back(self, stack: list[Standing], difference: Difference, test: Place, until: int) -> bool:
        """Whether a place is again what it was before one of the standing changes: there, it and all later ones end.

        What they had covered stands again.
        """
        at, _, now = difference
        found = next((n for n in range(len(stack) - 1, -1, -1) if at in stack[n].places and stack[n].places[at] == now), None)
        if found is None:
            return False
        freed: set[tuple[Change, At]] = set()
        for each in stack[found:]:
            inside = [place for place in each.places if place[: len(at)] == at]
            freed.update((each.change, place) for place in inside)
            for place in inside:
                del each.places[place]
                each.covered.pop(place, None)
            if not each.places:
                self._close(each.change, until)
                each.change.undone_by = test.node
                if each.change.test == test.node and each.change.owner is None:
                    self._withdraw(each.change)
        stack[:] = [each for each in stack if each.places]
        for each in stack:
            each.covered = {place: by for place, by in each.covered.items() if by not in freed}
            if each.change.until >= 0 and len(each.covered) < len(each.places):
                each.change.until = -1
                self._follow(each.change)
        return True

    def is_fresh(self) -> bool:
        """Whether anything changed during the last 3 tests: a fixture that resets for all shows at the very next one."""
        return len(self.ran) - self.newest < _FRESH

    def _open(self, change: Change) -> None:
        self.newest = len(self.ran)
        moved_in = self.moved_in.setdefault(change.state, [])
        if change.test not in moved_in[-1:]:
            moved_in.append(change.test)
        if len(moved_in) <= _TOLD:
            self.changes.append(change)
        self._follow(change)

    def _withdraw(self, change: Change) -> None:
        """A test that undoes its own change has changed nothing."""
        self.changes = [c for c in self.changes if c is not change]
        moved_in = self.moved_in[change.state]
        if moved_in[-1:] == [change.test]:
            moved_in.pop()

    def _follow(self, change: Change) -> None:
        fixture = change.owner.name if change.owner else change.state.name if change.state.kind == "fixture" else ""
        if fixture:
            self.followed[change] = fixture

    def _close(self, change: Change, until: int) -> None:
        if change.until < 0:
            change.until = max(until, change.since)
        self.followed.pop(change, None)

    def forget(self, state: State) -> None:
        """The state is gone: a fixture was torn down. What was changed in it is in place no longer."""
        for each in self.standing.pop(state, ()):
            self._close(each.change, len(self.ran))

    def watch(self, state: State, *, already: int = 0) -> None:
        """The state is watched from the next test on, until `unwatch` or the end; `already` counts tests that began before."""
        self.watched_from.setdefault(state, max(0, len(self.ran) - already))

    def unwatch(self, state: State) -> None:
        """The state is watched no longer."""
        since = self.watched_from.pop(state, None)
        if since is not None:
            self.watched_tests[state] = self.watched_tests.get(state, 0) + len(self.ran) - since

    def as_json(self) -> Json:
        """Everything, in a stable order."""
        self._settle()
        for state in list(self.watched_from):
            self.unwatch(state)
        watched = [self._watched_json(state) for state in self.watched_tests]
        changes = [self._change_json(c) for c in self.changes]
        head = {"schema": SCHEMA, "tool": "rescope", "mode": self.mode, "tests": len(self.ran), "lines": LINES}
        return _sorted({**head, "watched": watched, "changes": changes, "errors": self.errors})

    def _watched_json(self, state: State) -> Json:
        return {**state._asdict(), "tests": self.watched_tests[state], "moved": len(self.moved_in.get(state, ()))}

    def _change_json(self, change: Change) -> Json:
        until = change.until if change.until >= 0 else len(self.ran)
        later = self.ran[change.since : until]
        state = {k: v for k, v in change.state._asdict().items() if k != "whole"}
        return {
            **state,
            "test": change.test,
            "test_path": change.path,
            "test_line": change.line,
            "owner": change.owner._asdict() if change.owner else None,
            "where": change.where,
            "was": change.was,
            "now": change.now,
            "in_place": len(later),
            "first": later[0] if later else "",
            "requested": change.requested,
            "first_requested": change.first_requested,
            "strangers": change.strangers,
            "first_stranger": change.first_stranger,
            "changed_at": list(change.changed_at),
            "read_by": change.read_by if change.read_by >= 0 else None,
            "first_reader": change.first_reader,
            "read_at": change.read_at,
            "undone_by": change.undone_by,
        }


def _overlap(at: At, other: At) -> bool:
    """Whether one of two places inside a value is the other, or within it."""
    shorter = min(len(at), len(other))
    return at[:shorter] == other[:shorter]


def _adds(difference: Difference) -> bool:
    """Whether a list or a set holds all that it held, and more."""
    _, was, now = difference
    if type(was) is list and type(now) is list:
        return now[: len(was)] == was
    return type(was) is frozenset and type(now) is frozenset and was <= now


def _is_container(taken: Print) -> bool:
    """Whether a value may have been changed through a line that only reads the name that holds it."""
    return type(taken) in {dict, list, frozenset} or (type(taken) is tuple and bool(taken) and taken[0] == OBJECT)


def merge(parts: Iterable[Json]) -> Json:
    """The books of several processes as one: numbers are added, changes put side by side."""
    head = {"schema": SCHEMA, "tool": "rescope", "mode": "named", "tests": 0, "lines": LINES}
    whole: Json = {**head, "watched": [], "changes": [], "errors": []}
    watched: dict[tuple[object, ...], Json] = {}
    for part in parts:
        whole["mode"] = part["mode"]
        whole["tests"] += part["tests"]
        whole["changes"] += part["changes"]
        whole["errors"] += [e for e in part["errors"] if e not in whole["errors"]]
        for entry in part["watched"]:
            key = tuple(v for k, v in entry.items() if k not in {"tests", "moved", "whole"})
            known = watched.setdefault(key, {**entry, "tests": 0, "moved": 0})
            known["tests"] += entry["tests"]
            known["moved"] += entry["moved"]
            known["whole"] = known["whole"] and entry["whole"]
    return _sorted(whole | {"watched": list(watched.values())})


def _sorted(data: Json) -> Json:
    """The same with lists in an order that does not depend on which worker was first."""
    by_state = ("path", "name", "kind")
    changes = sorted(data["changes"], key=lambda c: (*(c[k] for k in by_state), c["test"], c["where"]))
    watched = sorted(data["watched"], key=lambda w: tuple(w[k] for k in by_state))
    return data | {"watched": watched, "changes": changes, "errors": sorted(data["errors"])}
