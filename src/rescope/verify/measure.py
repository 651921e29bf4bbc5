"""Which runs are made: every order before and after, what differs once more, and each failing test alone."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import mean

from rescope.model.plan import FileChange
from rescope.model.verdict import Arrangement, Order, Run, Side
from rescope.verify import judge
from rescope.verify.runs import Suite, run

FILE_ORDER = Order(arrangement=Arrangement.FILE)
_FIRST_LIMIT = 3600.0
_LEAST_LIMIT = 120.0
_LIMIT_FACTOR = 10
_MOST_ALONE = 60
_ALONE_SHARE = 0.5


class CannotRun(Exception):
    """The suite as it is does not run; `run` says how far it came."""

    def __init__(self, failed: Run) -> None:
        super().__init__(failed.cut)
        self.run = failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where things stand; `run` is None while it goes on, `tests` of about `of` are over, and seconds left are a guess."""

    when: str
    order: Order
    tests: int = 0
    of: int = 0
    run: Run | None = None
    seconds_left: float | None = None


@dataclass(slots=True, kw_only=True)
class _Meter:
    """How long runs took, and how many are still to come."""

    together: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    together_left: int = 0
    alone_left: int = 0

    def left(self, spent: float = 0.0) -> float | None:
        if not (self.together and (self.together_left or self.alone_left)):
            return None  # nothing is known of how long runs take, or of how many more are made
        one = mean(self.together)
        each = mean(self.alone) if self.alone else one * _ALONE_SHARE
        return max(0.0, self.together_left * one + self.alone_left * each - spent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Everything that stays the same from run to run; `timeout` in seconds, 0 for ten times what the first run took."""

    suite: Suite
    orders: tuple[Order, ...]
    timeout: float
    tell: Callable[[Progress], None]
    meter: _Meter = field(default_factory=_Meter)
    totals: dict[Order, int] = field(default_factory=dict)

    def once(self, order: Order, changes: Sequence[FileChange], when: str) -> Run:
        """One run, told of while it goes on and when it is over."""
        of = len(order.tests) or (1 if _is_small(order) else max(self.totals.values(), default=0))

        def watch(tests: int) -> None:
            share = mean(self.meter.together) * tests / of if of and self.meter.together else 0.0
            self.tell(Progress(when=when, order=order, tests=tests, of=of, seconds_left=self.meter.left(share)))

        started = time.monotonic()
        made = run(self.suite, order, changes, limit=self._limit(), watch=watch)
        self._note(order, made, time.monotonic() - started)
        self.tell(Progress(when=when, order=order, tests=len(made.outcomes), of=of, run=made, seconds_left=self.meter.left()))
        return made

    def _limit(self) -> float:
        if self.timeout:
            return self.timeout
        return max(_LEAST_LIMIT, _LIMIT_FACTOR * self.meter.together[0]) if self.meter.together else _FIRST_LIMIT

    def _note(self, order: Order, made: Run, seconds: float) -> None:
        meter = self.meter
        if _is_small(order):
            meter.alone.append(seconds)
            meter.alone_left = max(0, meter.alone_left - 1)
        else:
            meter.together.append(seconds)
            meter.together_left = max(0, meter.together_left - 1)
            self.totals[order] = len(made.outcomes)


def _is_small(order: Order) -> bool:
    """Whether a run in this order says nothing of how long the suite takes."""
    return order.arrangement is Arrangement.ALONE or (order.arrangement is Arrangement.LISTED and len(order.tests) < 2)


def orders_of(seeds: int, workers: int) -> tuple[Order, ...]:
    """File order, reversed, the seeds 1 to `seeds`, and on request shared out among workers."""
    shuffled = (Order(arrangement=Arrangement.SHUFFLED, seed=seed) for seed in range(1, seeds + 1))
    shared = [Order(arrangement=Arrangement.WORKERS, workers=workers)] if workers else []
    return (FILE_ORDER, Order(arrangement=Arrangement.REVERSED), *shuffled, *shared)


def baseline(lab: Lab, *, sides: int) -> Side:
    """The suite as it is: each order, file order twice; CannotRun where that does not come to its end, or another order not to a test.

    `sides` is how many sides will be measured in all, for the guess of the time left.
    """
    lab.meter.together_left += sides * (len(lab.orders) + 1)
    runs = []
    for order in (*lab.orders, FILE_ORDER):
        made = lab.once(order, (), "before")
        if not made.outcomes or (order == FILE_ORDER and made.cut):
            raise CannotRun(made)
        runs.append(made)
    return Side(runs=tuple(runs))


def explore(lab: Lab, side: Side, changes: Sequence[FileChange], when: str) -> Side:
    """The side with what tells the kinds apart: unsteady orders once more, and each failing test alone."""
    again = judge.unsteady_orders(side)
    side = repeated(lab, side, again, changes, when)
    if again and judge.kinds_of(side).order_dependent():
        # A test that fails every other time gets through two pairs of runs too often to be called order-dependent.
        ending = [order for order in again if not any(run.cut for run in side.runs if run.order == order)]
        side = repeated(lab, side, (FILE_ORDER, *ending[:1]), changes, when)
    undecided = judge.kinds_of(side).unclear
    failing = sorted(judge.failing(side) - judge.flaky_tests(side), key=lambda test: (test not in undecided, test))
    return repeated(lab, side, [_alone(test) for test in failing[:_MOST_ALONE]], changes, when)


def compare(lab: Lab, before: Side, changes: Sequence[FileChange]) -> tuple[Side, Side]:
    """Both sides, with every run that a verdict needs."""
    after = Side(runs=tuple(lab.once(o, changes, "after") for o in (*lab.orders, FILE_ORDER)))
    after = explore(lab, after, changes, "after")
    return confirmed(lab, before, after, changes, "after")


def confirmed(lab: Lab, before: Side, after: Side, changes: Sequence[FileChange], when: str) -> tuple[Side, Side]:
    """Both sides with each suspected order run at least twice, and each suspected test alone as it was before.

    Where a test became flaky, the suite as it is runs often enough to tell that it was not so before.
    """
    suspects = judge.suspects(before, after)
    for_before = [order for order in suspects if _times(before, order) < 2]
    for_after = [order for order in suspects if _times(after, order) < 2]
    before = repeated(lab, before, for_before, (), "before")
    after = repeated(lab, after, for_after, changes, when)
    for order in judge.unsteadied(before, after):
        while _times(before, order) < judge.STEADY and order in judge.unsteadied(before, after):
            before = repeated(lab, before, (order,), (), "before")
    tests = {test for found in judge.suspects(before, after).values() for test in found}
    alone = [order for test in sorted(tests)[:_MOST_ALONE] if not _times(before, order := _alone(test))]
    return repeated(lab, before, alone, (), "before"), after


def repeated(lab: Lab, side: Side, orders: Iterable[Order], changes: Sequence[FileChange], when: str) -> Side:
    """The side with one more run in each of the orders."""
    wanted = tuple(orders)
    lab.meter.alone_left += sum(o.arrangement is Arrangement.ALONE for o in wanted)
    lab.meter.together_left += sum(o.arrangement is not Arrangement.ALONE for o in wanted)
    return Side(runs=(*side.runs, *(lab.once(order, changes, when) for order in wanted)))


def _alone(test: str) -> Order:
    return Order(arrangement=Arrangement.ALONE, test=test)


def _times(side: Side, order: Order) -> int:
    return sum(run.order == order for run in side.runs)
