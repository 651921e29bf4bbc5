"""What runs say, from runs that are written down here."""

from rescope.model.verdict import Arrangement, Noted, Order, Outcome, Run, Side
from rescope.verify.judge import judge, suspects, unsteady_orders, worse

FILE = Order(arrangement=Arrangement.FILE)
REVERSED = Order(arrangement=Arrangement.REVERSED)
WORKERS = Order(arrangement=Arrangement.WORKERS, workers=2)
WORDS = {"P": Outcome.PASSED, "F": Outcome.FAILED, "E": Outcome.ERROR, "S": Outcome.SKIPPED, "X": Outcome.XFAILED}


def run(order: Order, seconds: float = 1.0, warnings: tuple[str, ...] = (), **outcomes: str) -> Run:
    """A run in which each test ended with the outcome of the letter."""
    return Run(
        order=order,
        outcomes={test: WORDS[letter] for test, letter in outcomes.items()},
        seconds=seconds,
        warnings=frozenset(Noted(category="UserWarning", text=text) for text in warnings),
    )


def alone(test: str, letter: str) -> Run:
    return run(Order(arrangement=Arrangement.ALONE, test=test), **{test: letter})


def side(*runs: Run) -> Side:
    return Side(runs=runs)


def test_kinds_are_told_apart() -> None:
    """A victim passes alone, a brittle test does not, and what fails everywhere never passes."""
    seen = side(
        run(FILE, victim="F", brittle="P", never="F", good="P"),
        run(FILE, victim="F", brittle="P", never="F", good="P"),
        run(REVERSED, victim="P", brittle="F", never="E", good="P"),
        alone("victim", "P"),
        alone("brittle", "F"),
        alone("never", "F"),
    )
    kinds = judge(seen, None).before

    assert (kinds.victims, kinds.brittles, kinds.never, kinds.flaky) == (("victim",), ("brittle",), ("never",), ())


def test_victim_that_fails_in_every_order() -> None:
    """A test that fails in all orders but passes alone fails after others."""
    kinds = judge(side(run(FILE, t="F"), run(REVERSED, t="F"), alone("t", "P")), None).before

    assert kinds.victims == ("t",)


def test_without_change_of_order_it_is_flaky() -> None:
    """A difference between two runs of one order is flaky, whatever other orders say."""
    kinds = judge(side(run(FILE, t="P"), run(FILE, t="F"), run(REVERSED, t="F"), alone("t", "P")), None).before

    assert (kinds.flaky, kinds.order_dependent()) == (("t",), ())


def test_workers_are_no_fixed_order() -> None:
    """Under xdist the tests are shared out anew each time, so that a difference there proves nothing flaky."""
    kinds = judge(side(run(FILE, t="P"), run(WORKERS, t="P"), run(WORKERS, t="F"), alone("t", "P")), None).before

    assert (kinds.flaky, kinds.victims) == ((), ("t",))


def test_differing_test_that_was_not_run_alone() -> None:
    """Without the run alone a test that hangs on the order is of no kind, and a note says so."""
    verdict = judge(side(run(FILE, t="P"), run(REVERSED, t="F")), None)

    assert verdict.before.order_dependent() == verdict.before.unclear == ("t",)
    assert verdict.notes == ("before: 1 of the failing tests were not run alone; there were too many",)


def test_orders_that_differ_are_run_again() -> None:
    """An order is suspected of a flaky test if it differs from file order either way, until it was run twice."""
    first = run(FILE, a="P", b="F"), run(REVERSED, a="P", b="P")

    assert unsteady_orders(side(*first)) == (REVERSED,)
    assert unsteady_orders(side(*first, first[1])) == ()
    assert unsteady_orders(side(first[0], run(REVERSED, a="P", b="F"))) == ()


def test_regression_needs_two_runs_on_both_sides() -> None:
    """One failure after is a suspicion; the same again, while before it passes again, is a regression."""
    before, after = run(FILE, t="P"), run(FILE, t="F")

    assert suspects(side(before), side(after)) == {FILE: frozenset({"t"})}
    assert judge(side(before), side(after, after)).regressions == ()
    assert [r.test for r in judge(side(before, before), side(after, after)).regressions] == ["t"]


def test_flaky_tests_do_not_regress() -> None:
    """A test that differs within one order on either side is no regression."""
    good, bad = run(FILE, t="P"), run(FILE, t="F")

    assert judge(side(good, bad), side(bad, bad)).regressions == ()
    assert judge(side(good, good), side(bad, good)).regressions == ()


def test_what_becomes_flaky_regresses() -> None:
    """A test that held in five runs of an order and fails now and then after is a regression, and told with counts."""
    good, bad = run(FILE, t="P"), run(FILE, t="F")

    (found,) = judge(side(*[good] * 5), side(good, bad, good)).regressions

    assert (found.test, found.orders, found.outcome) == ("t", ("file order",), "failed")
    assert found.message == "in 1 of 3 runs, and in none of 5 before"
    assert judge(side(*[good] * 4), side(good, bad)).regressions == ()
    assert judge(side(*[good] * 5, run(REVERSED, t="P"), run(REVERSED, t="F")), side(good, bad, run(REVERSED, t="P"))).regressions == ()
    assert judge(side(*[run(WORKERS, t="P")] * 5), side(run(WORKERS, t="P"), run(WORKERS, t="F"))).regressions == ()


def test_regression_counts_in_its_own_order() -> None:
    """Failing in an order in which it failed before is none, even if it passes in another."""
    before = side(run(FILE, t="P"), run(FILE, t="P"), run(REVERSED, t="F"), run(REVERSED, t="F"))
    after = side(run(FILE, t="P"), run(FILE, t="P"), run(REVERSED, t="F"), run(REVERSED, t="F"))

    assert judge(before, after).regressions == ()


def test_brittle_regression_is_named() -> None:
    """A brittle test that an isolation breaks is a regression, and said to pass only after others."""
    before = side(run(FILE, t="P"), run(FILE, t="P"), run(REVERSED, t="F"), alone("t", "F"))
    after = side(run(FILE, t="F"), run(FILE, t="F"), run(REVERSED, t="F"))
    (found,) = judge(before, after).regressions

    assert (found.test, found.orders, found.brittle) == ("t", ("file order",), True)


def test_test_that_no_longer_runs() -> None:
    """A test that passed and is missing after is a regression."""
    before, after = run(FILE, t="P", u="P"), run(FILE, u="P")
    (found,) = judge(side(before, before), side(after, after)).regressions

    assert (found.test, found.outcome) == ("t", "did not run")


def test_what_is_worse() -> None:
    """Passing may become nothing else, a skip or expected failure no failure; a failure may become anything."""
    table = {(before, after): worse(WORDS[before], WORDS.get(after)) for before in WORDS for after in ("P", "F", "S", "X", "")}

    assert {pair for pair, bad in table.items() if bad} == {
        *(("P", after) for after in ("F", "S", "X", "")),
        *((before, after) for before in "SX" for after in ("F", "")),
    }


def test_cured_slowdown_and_new_warnings() -> None:
    """A verdict tells which failing tests pass now, what the medians say, and which warnings are new."""
    before = side(run(FILE, 2.0, ("old",), t="F", u="F"), run(FILE, 2.2, t="F", u="F"), run(REVERSED, 9.0, ("old too",), t="P", u="F"))
    after = side(run(FILE, 4.0, ("old", "old too", "new"), t="P", u="F"), run(FILE, 4.4, t="P", u="F"), run(REVERSED, t="P", u="F"))
    verdict = judge(before, after)

    assert verdict.cured == ("t",)
    assert verdict.slowdown == 100.0
    assert [w.text for w in verdict.new_warnings] == ["new"]


def test_rows_show_the_first_run_of_each_order() -> None:
    """The table has one row for each order of the whole suite, errors counted as failures, and the median of the seconds."""
    before = side(run(FILE, 3.0, t="F", u="E", v="P", w="S"), run(FILE, 1.0, t="P"), run(REVERSED, t="P"), alone("t", "P"))
    rows = judge(before, None).rows

    shown = [(r.order, r.before.passed, r.before.failed, r.before.seconds) for r in rows]
    assert shown == [("file order", 1, 2, 2.0), ("reversed", 1, 0, 1.0)]
