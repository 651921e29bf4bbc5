"""What runs say: which tests hang on the order, what a plan broke and cured. Pure functions over runs."""

from collections.abc import Iterable, Iterator
from statistics import median

from rescope.model.verdict import (
    FAILS,
    PASSES,
    Arrangement,
    Counts,
    Kinds,
    Noted,
    Order,
    Outcome,
    Regression,
    Row,
    Run,
    Side,
    Verdict,
)

NOT_RUN = "did not run"
STEADY = 5
_UNSTEADY = frozenset({Arrangement.WORKERS})


def judge(before: Side, after: Side | None) -> Verdict:
    """The whole verdict; without `after` only what can be said of the suite as it is."""
    kinds = kinds_of(before)
    if after is None:
        return Verdict(rows=rows(before, None), before=kinds, notes=notes(before, None))
    return Verdict(
        rows=rows(before, after),
        before=kinds,
        after=kinds_of(after),
        regressions=regressions(before, after),
        cured=cured(before, after),
        slowdown=slowdown(before, after),
        cpu_slowdown=cpu_slowdown(before, after),
        new_warnings=new_warnings(before, after),
        notes=notes(before, after),
    )


# --- one side -------------------------------------------------------------------------------------


def kinds_of(side: Side) -> Kinds:
    """Every test that fails in some run, sorted into kinds; fails in no order known, and it is in none."""
    flaky = flaky_tests(side)
    found: dict[str, list[str]] = {"victims": [], "brittles": [], "unclear": [], "never": []}
    for test in sorted(failing(side) - flaky):
        kind = _kind(side, test)
        if kind:
            found[kind].append(test)
    return Kinds(flaky=tuple(sorted(flaky)), **{kind: tuple(tests) for kind, tests in found.items()})


def _kind(side: Side, test: str) -> str:
    alone = {o in FAILS for o in _outcomes(_alone(side), test)}
    together = {o in FAILS for o in _outcomes(_together(side), test)}
    if not alone:
        return "unclear" if together == {True, False} else "never"
    if alone == {True}:
        return "brittles" if False in together else "never"
    return "victims" if True in together else ""


def failing(side: Side) -> frozenset[str]:
    """The tests that fail in some run."""
    return frozenset(test for run in side.runs for test, outcome in run.outcomes.items() if outcome in FAILS)


def flaky_tests(side: Side) -> frozenset[str]:
    """The tests that both fail and do not in runs of one and the same order; workers share tests out anew each time."""
    seen: dict[tuple[Order, str], set[bool]] = {}
    for run in side.runs:
        if run.order.arrangement not in _UNSTEADY:
            for test, outcome in run.outcomes.items():
                seen.setdefault((run.order, test), set()).add(outcome in FAILS)
    return frozenset(test for (_, test), fails in seen.items() if len(fails) > 1)


def unsteady_orders(side: Side) -> tuple[Order, ...]:
    """The orders run once in which some test fares otherwise than in file order: to be run again, lest it be flaky."""
    flaky = flaky_tests(side)
    usual = {t for run in _together(side) if run.order.arrangement is Arrangement.FILE for t in _failed(run)}
    once = [run for run in _together(side) if len(_in_order(side, run.order)) == 1 and run.order.arrangement not in _UNSTEADY]
    return tuple(run.order for run in once if (_failed(run) ^ usual) - flaky)


def _failed(run: Run) -> set[str]:
    return {test for test, outcome in run.outcomes.items() if outcome in FAILS}


def _together(side: Side) -> list[Run]:
    return [run for run in side.runs if run.order.arrangement is not Arrangement.ALONE]


def _alone(side: Side) -> list[Run]:
    return [run for run in side.runs if run.order.arrangement is Arrangement.ALONE]


def _outcomes(runs: Iterable[Run], test: str) -> Iterator[Outcome]:
    return (run.outcomes[test] for run in runs if test in run.outcomes)


def _in_order(side: Side, order: Order) -> list[Run]:
    return [run for run in side.runs if run.order == order]


# --- both sides -----------------------------------------------------------------------------------


def suspects(before: Side, after: Side) -> dict[Order, frozenset[str]]:
    """For each order the tests that held in it before, every time, and do not after, any time; flaky ones left out."""
    flaky = flaky_tests(before) | flaky_tests(after)
    found = {}
    for order in dict.fromkeys(run.order for run in after.runs):
        earlier, later = _in_order(before, order), _in_order(after, order)
        tests = {t for run in earlier for t in run.outcomes} - flaky
        broken = frozenset(t for t in tests if _broken(earlier, later, t)) if earlier and later else frozenset()
        if broken:
            found[order] = broken
    return found


def _broken(earlier: list[Run], later: list[Run], test: str) -> bool:
    return all(worse(run.outcomes.get(test), then.outcomes.get(test)) for run in earlier for then in later)


def worse(before: Outcome | None, after: Outcome | None) -> bool:
    """Whether a test that held no longer does: passing became anything else, or a skip or an expected failure became a failure."""
    if before is None or before in FAILS:
        return False
    return after not in PASSES if before in PASSES else after is None or after in FAILS


def unsteadied(before: Side, after: Side) -> dict[Order, frozenset[str]]:
    """For each order the tests that end now so, now so in it after, and held in it before, every time."""
    shaky = flaky_tests(after) - flaky_tests(before)
    found = {}
    for order in dict.fromkeys(run.order for run in after.runs) if shaky else ():
        earlier, later = _in_order(before, order), _in_order(after, order)
        tests = frozenset(t for t in shaky if {o in FAILS for o in _outcomes(later, t)} == {True, False} and _held(earlier, t))
        if tests and order.arrangement not in _UNSTEADY:
            found[order] = tests
    return found


def _held(runs: list[Run], test: str) -> bool:
    return bool(runs) and all(run.outcomes.get(test, Outcome.FAILED) not in FAILS for run in runs)


def regressions(before: Side, after: Side) -> tuple[Regression, ...]:
    """The suspects that were tried at least twice on both sides in the order in which they fail, and what became flaky.

    A test that fails now and then after has become flaky where it held in STEADY runs of that order before.
    """
    by_test: dict[str, list[Order]] = {}
    for order, tests in suspects(before, after).items():
        if min(len(_in_order(before, order)), len(_in_order(after, order))) > 1:
            for test in tests:
                by_test.setdefault(test, []).append(order)
    for order, tests in unsteadied(before, after).items():
        if len(_in_order(before, order)) >= STEADY:
            for test in tests:
                by_test.setdefault(test, []).append(order)
    return tuple(_regression(before, after, test, orders) for test, orders in sorted(by_test.items()))


def _regression(before: Side, after: Side, test: str, orders: list[Order]) -> Regression:
    later = _in_order(after, orders[0])
    run = next((r for r in later if r.outcomes.get(test) in FAILS), later[0])
    ended = run.outcomes.get(test)
    says = run.messages.get(test, run.cut if ended is None else "")
    failed = sum(r.outcomes.get(test) in FAILS for r in later)
    if 0 < failed < len(later):
        often = f"in {failed} of {len(later)} runs, and in none of {len(_in_order(before, orders[0]))} before"
        says = f"{often}: {says}" if says else often
    alone = list(_outcomes(_alone(before), test))
    return Regression(
        test=test,
        orders=tuple(order.name for order in orders),
        outcome=ended.value if ended is not None else NOT_RUN,
        message=says,
        brittle=bool(alone) and all(o in FAILS for o in alone),
    )


def cured(before: Side, after: Side) -> tuple[str, ...]:
    """The tests that fail in some order before, and pass in every run after."""
    last = failing(after)
    steady = failing(before) - flaky_tests(before) - last
    return tuple(sorted(t for t in steady if any(o in PASSES for o in _outcomes(after.runs, t))))


def slowdown(before: Side, after: Side) -> float | None:
    """By how many per cent the suite got slower: the median of the runs in file order after, over that before."""
    return _growth([run.seconds for run in _usual(before)], [run.seconds for run in _usual(after)])


def cpu_slowdown(before: Side, after: Side) -> float | None:
    """The same of CPU time, which other programs on the machine change less."""
    return _growth([run.cpu for run in _usual(before)], [run.cpu for run in _usual(after)])


def _growth(first: list[float], last: list[float]) -> float | None:
    return round(100 * (median(last) / median(first) - 1), 1) if first and last and median(first) > 0 else None


def _usual(side: Side) -> list[Run]:
    return [run for run in side.runs if run.order.arrangement is Arrangement.FILE and not run.cut]


def new_warnings(before: Side, after: Side) -> tuple[Noted, ...]:
    """The warnings that no run gave before and some run in file order gives after."""
    known = {w for run in before.runs for w in run.warnings}
    shown = {w for run in after.runs if run.order.arrangement is Arrangement.FILE for w in run.warnings}
    return tuple(sorted(shown - known, key=lambda w: (w.category, w.text)))


def rows(before: Side, after: Side | None) -> tuple[Row, ...]:
    """One row for each order in which the whole suite ran, the first run of each with the median of the seconds."""
    orders = dict.fromkeys(run.order for run in _together(before))
    return tuple(Row(order=o.name, before=_counts(before, o), after=_counts(after, o) if after else None) for o in orders)


def _counts(side: Side, order: Order) -> Counts:
    runs = _in_order(side, order)
    run, outcomes = runs[0], list(runs[0].outcomes.values())
    return Counts(
        passed=sum(o in PASSES for o in outcomes),
        failed=sum(o in FAILS for o in outcomes),
        seconds=median(each.seconds for each in runs),
        cut=run.cut,
    )


def notes(before: Side, after: Side | None) -> tuple[str, ...]:
    """What a reader has to know of the runs: what was cut short, what came from outside of the copy, what was left out."""
    found = [f"{run.order.name}, before: {run.cut}" for run in _together(before) if run.cut]
    found += [f"{run.order.name}, after: {run.cut}" for run in _together(after) if run.cut] if after else []
    places = dict(pair for run in before.runs for pair in run.outside)
    found += [f"'{name}' was imported from {place}, so edits to it were not tried" for name, place in sorted(places.items())]
    for side, when in ((before, "before"), (after, "after")):
        left = failing(side) - flaky_tests(side) - {run.order.test for run in _alone(side)} if side else ()
        if left:
            found.append(f"{when}: {len(left)} of the failing tests were not run alone; there were too many")
    return tuple(dict.fromkeys(found))
