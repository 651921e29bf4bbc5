"""The search for polluters and setters, over synthetic suites: what it finds, and in how many runs."""

from collections.abc import Callable, Iterable
from itertools import count
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescope.verify.bisection import Names, search

SIZES = (1, 2, 3, 10, 64, 1000)


def names(size: int) -> Names:
    return tuple(f"t{number}" for number in range(size))


def counted(holds: Callable[[Names], bool]) -> tuple[Callable[[Names], bool], list[Names]]:
    """The predicate, and the list of what it was asked."""
    asked: list[Names] = []

    def reproduces(before: Names) -> bool:
        asked.append(before)
        return holds(before)

    return reproduces, asked


def together(*needed: str) -> Callable[[Names], bool]:
    """A victim that ends so only after all of these."""
    return lambda before: set(needed) <= set(before)


def last_word(effects: dict[str, bool]) -> Callable[[Names], bool]:
    """A victim that sees what the last test with an effect left behind."""

    def holds(before: Names) -> bool:
        said = [effects[test] for test in before if test in effects]
        return bool(said) and said[-1]

    return holds


@pytest.mark.parametrize("size", SIZES)
def test_one_polluter_takes_logarithmic_runs(size: int) -> None:
    """Wherever the one polluter stands, it is found in log2 n runs, one to be sure and three repetitions."""
    for polluter in names(size)[:: ceil(size / 50)]:
        reproduces, asked = counted(together(polluter))
        found = search(names(size), reproduces)

        assert (found.needed, found.steady) == ((polluter,), True)
        assert len(asked) <= ceil(log2(size)) + 4


@pytest.mark.parametrize("needed", [("t3", "t4"), ("t0", "t999"), ("t500", "t501"), ("t10", "t400", "t900")])
def test_several_needed_together(needed: Names) -> None:
    """Tests that only pollute together are found together, in their order, in about k log2 n runs more."""
    reproduces, asked = counted(together(*needed))
    found = search(names(1000), reproduces)

    assert (found.needed, found.steady) == (needed, True)
    assert len(asked) <= (len(needed) + 1) * (ceil(log2(1000)) + 3)


def test_each_run_is_smaller_than_the_suite() -> None:
    """For one polluter, all runs together execute about as many tests as one run of the suite."""
    reproduces, asked = counted(together("t700"))
    search(names(1000), reproduces)

    assert sum(map(len, asked)) <= 1000 + 10


@pytest.mark.parametrize(
    "effects",
    [
        {"t2": True, "t7": False, "t12": True},
        {"t2": True, "t3": False, "t4": True, "t5": False, "t6": True},
        {"t0": False, "t15": True},
    ],
)
def test_cleaner_in_between(effects: dict[str, bool]) -> None:
    """A test that puts the state back between two polluters leads to no wrong blame."""
    found = search(names(16), counted(last_word(effects))[0])

    assert found.steady
    assert [effects[test] for test in found.needed] == [True]


def test_idle_company_is_left_out() -> None:
    """A cleaner that another test disarms: every test that is named is needed."""

    def holds(before: Names) -> bool:
        return "t1" in before and ("t5" not in before or "t9" in before)

    found = search(names(12), counted(holds)[0])

    assert found.needed == ("t1",)


@pytest.mark.parametrize("every", [2, 3])
def test_flaky_failure_is_said_to_be_so(every: int) -> None:
    """A failure that comes and goes by itself is not steady, whoever was last accused."""
    turns = count()

    assert not search(names(40), lambda _: next(turns) % every == 0).steady


@pytest.mark.parametrize("ends", [lambda _: False, lambda before: not before], ids=["never again", "alone as well"])
def test_what_halves_do_not_show_is_asked_again(ends: Callable[[Names], bool]) -> None:
    """Before the long search for several, all tests and none are tried once more: that ends it for a test which fails now and then."""
    reproduces, asked = counted(ends)

    assert not search(names(64), reproduces).steady
    assert len(asked) <= log2(64) + 3


def test_victim_that_ends_so_alone_as_well_is_not_steady() -> None:
    """What happens with no test before as well cannot be blamed on one."""
    assert not search(names(8), lambda _: True).steady


@given(st.integers(1, 40), st.data())
def test_what_is_named_was_proven(size: int, data: st.DataObject) -> None:
    """Whatever the effects of tests, what is named reproduces by itself, and not without any one of it."""
    some = st.dictionaries(st.sampled_from(names(size)), st.booleans(), min_size=1)
    effects: dict[str, bool] = data.draw(some)
    needed = data.draw(st.frozensets(st.sampled_from(names(size)), max_size=3))

    def holds(before: Iterable[str]) -> bool:
        given = tuple(before)
        return last_word(effects)(given) and needed <= set(given)

    if not holds(names(size)):
        return
    found = search(names(size), holds)

    assert found.steady
    assert holds(found.needed)
    assert not any(holds(t for t in found.needed if t != one) for one in found.needed if len(found.needed) > 1)
