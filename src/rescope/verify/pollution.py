"""Runs that lead from a test to those that it depends on: alone, in whole orders, and by bisection."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rescope.model.plan import FileChange
from rescope.model.pollution import Kind, Spot
from rescope.model.verdict import FAILS, PASSES, Arrangement, Order, Outcome, Run
from rescope.verify.bisection import search
from rescope.verify.measure import CannotRun, Lab

_SEEDS = 5
_TAIL_RUNS = 6
_MOST_ALONE = 20


@dataclass(slots=True, kw_only=True)
class Hunt:
    """The runs so far; `randomly` is the seed that pytest-randomly works with in all of them, `outcomes` how each test ended last."""

    lab: Lab
    randomly: int = 1
    runs: int = 0
    says: str = ""
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    plugins: frozenset[str] = frozenset()
    cut: list[str] = field(default_factory=list)

    def run(self, order: Order, changes: Sequence[FileChange] = (), *, options: tuple[str, ...] = (), what: str = "") -> Run:
        """One run with further options, numbered in what is told."""
        self.runs += 1
        suite = replace(self.lab.suite, options=(*self.lab.suite.options, *options))
        made = replace(self.lab, suite=suite).once(replace(order, randomly=self.randomly), changes, what or f"run {self.runs}")
        self.places |= made.places
        self.outcomes |= made.outcomes
        self.plugins |= made.plugins
        return made

    def plainly(self, options: tuple[str, ...]) -> Run:
        """One run of pytest as somebody would type it, with these options alone."""
        bare = replace(self, lab=replace(self.lab, suite=replace(self.lab.suite, options=())))
        made = bare.run(Order(arrangement=Arrangement.PLAIN), options=options)
        self.runs += 1
        return made

    def after(
        self, test: str, before: Sequence[str], changes: Sequence[FileChange] = (), *, options: tuple[str, ...] = ()
    ) -> Outcome | None:
        """How the test ends after exactly these, None if it did not run."""
        made = self.run(_listed((*before, test)), changes, options=options)
        self.says = made.messages.get(test, self.says)
        if test not in made.outcomes:
            self.cut.append(f"run {self.runs}: {made.cut or 'pytest did not run it'}")
        return made.outcomes.get(test)

    def spot(self, test: str) -> Spot:
        """Where a test stands that has run."""
        path, line = self.places.get(test, (test.partition("::")[0], 1))
        return Spot(name=test, path=path, line=line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """The tests on which another depends; for AT_IMPORT they are files."""

    kind: Kind
    needed: tuple[str, ...] = ()
    order: str = ""
    alone: Outcome | None = None


def collect(hunt: Hunt) -> tuple[str, ...]:
    """All tests, in file order; CannotRun where pytest does not come so far."""
    made = hunt.run(_listed(()), what="collecting")
    if made.cut or not made.collected:
        raise CannotRun(made)
    return made.collected


def usual_orders() -> tuple[Order, ...]:
    """Where to look for a failure that nobody has told the order of."""
    shuffled = (Order(arrangement=Arrangement.SHUFFLED, seed=seed) for seed in range(1, _SEEDS + 1))
    return (Order(arrangement=Arrangement.FILE), Order(arrangement=Arrangement.REVERSED), *shuffled)


def failing_in(hunt: Hunt, order: Order) -> tuple[str, ...]:
    """The tests that fail in the order, those that do not fail alone first as far as was tried; CannotRun where no test ran."""
    made = hunt.run(order)
    if not made.outcomes:
        raise CannotRun(made)
    failed = [test for test, outcome in made.outcomes.items() if outcome in FAILS]
    victim = next((test for test in failed[:_MOST_ALONE] if hunt.after(test, ()) not in FAILS), "")
    return tuple(sorted(failed, key=lambda test: test != victim))


def trace(hunt: Hunt, test: str, orders: Sequence[Order], collected: Sequence[str]) -> Traced:
    """What the test depends on, looked for in the orders one after the other.

    An order in which a brittle test fails shows nothing of its setter: others are tried for it, too.
    """
    alone = hunt.after(test, ())
    wanted = PASSES if alone in FAILS else FAILS
    tried = [*orders, *(order for order in usual_orders() if alone in FAILS and order not in orders)]
    reached = []
    for order in tried:
        made = hunt.run(_up_to(order, test))
        if not made.outcomes:
            raise CannotRun(made)
        hunt.says = made.messages.get(test, hunt.says)
        hunt.cut += [f"{named(order)}: {made.cut}, before {test}"] if made.cut and test not in made.outcomes else []
        reached += [order] if test in made.outcomes else []
        if made.outcomes.get(test) in wanted:
            before = tuple(t for t in made.outcomes if t != test)
            kind = Kind.VICTIM if wanted is FAILS else Kind.BRITTLE
            return replace(_searched(hunt, test, before, wanted, kind), order=named(order), alone=alone)
    found = _imported(hunt, test, collected) if alone in FAILS else Traced(kind=Kind.UNSEEN)
    return replace(found, order=found.order or ", ".join(map(named, reached or tried)))


def _searched(hunt: Hunt, test: str, before: tuple[str, ...], wanted: frozenset[Outcome], kind: Kind) -> Traced:
    if not before:
        return Traced(kind=Kind.FLAKY)
    hunt.lab.meter.together_left = math.ceil(math.log2(len(before))) + _TAIL_RUNS
    found = search(before, lambda some: hunt.after(test, some) in wanted)
    return Traced(kind=kind, needed=found.needed) if found.steady else Traced(kind=Kind.FLAKY)


def _imported(hunt: Hunt, test: str, collected: Sequence[str]) -> Traced:
    """A test that fails in every order: does it pass where no other file is imported? Then one of these is to blame."""
    own = test.partition("::")[0]
    files = tuple(dict.fromkeys(name.partition("::")[0] for name in collected if not name.startswith(f"{own}::")))

    def fails(some: tuple[str, ...]) -> bool:
        return hunt.after(test, (), options=(*some, own)) in FAILS

    if not files or fails(()):
        return Traced(kind=Kind.BROKEN)
    if not fails(files):
        return Traced(kind=Kind.FLAKY)
    found = search(files, fails)
    return Traced(kind=Kind.AT_IMPORT, needed=found.needed, order="every order") if found.steady else Traced(kind=Kind.FLAKY)


def named(order: Order) -> str:
    """What people call an order in which a test was looked for."""
    return "the saved order" if order.arrangement is Arrangement.LISTED else order.name


def _up_to(order: Order, test: str) -> Order:
    return replace(order, until=test)


def _listed(tests: Sequence[str]) -> Order:
    return Order(arrangement=Arrangement.LISTED, tests=tuple(tests))
