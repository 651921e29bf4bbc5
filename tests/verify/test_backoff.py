"""Bisection over parts, without any suite."""

from hypothesis import given
from hypothesis import strategies as st

from rescope.verify.backoff import hold_back


def objection(bad: frozenset[int], clashes: frozenset[frozenset[int]], parts: tuple[int, ...]) -> str:
    """The reason against a set of parts: one that is bad, or two that clash."""
    found = sorted(bad & set(parts))
    if found:
        return f"{found[0]} is bad"
    return next((f"{sorted(clash)} clash" for clash in sorted(clashes, key=sorted) if clash <= set(parts)), "")


def test_all_at_once_where_all_holds() -> None:
    """If everything holds together, one trial is enough."""
    trials: list[tuple[int, ...]] = []

    def holds(parts: tuple[int, ...]) -> str:
        trials.append(parts)
        return ""

    assert hold_back((1, 2, 3, 4), holds).kept == (1, 2, 3, 4)
    assert trials == [(1, 2, 3, 4)]


def test_one_bad_part_is_found_by_bisection() -> None:
    """Among sixteen parts the bad one takes about twice four trials, not sixteen."""
    trials: list[tuple[int, ...]] = []

    def holds(parts: tuple[int, ...]) -> str:
        trials.append(parts)
        return "11 breaks it" if 11 in parts else ""

    held = hold_back(range(16), holds)

    assert (set(held.kept), held.left_out) == (set(range(16)) - {11}, ((11, "11 breaks it"),))
    assert len(trials) <= 10


def test_part_that_needs_a_later_one() -> None:
    """A part that only holds beside one that was added after it is tried again."""
    held = hold_back((1, 2, 3), lambda parts: "1 needs 3" if 1 in parts and 3 not in parts else "2 is bad" if 2 in parts else "")

    assert (set(held.kept), held.left_out) == ({1, 3}, ((2, "2 is bad"),))


@given(
    st.integers(0, 12),
    st.frozensets(st.integers(0, 11), max_size=4),
    st.frozensets(st.frozensets(st.integers(0, 11), min_size=2, max_size=2), max_size=3),
)
def test_what_is_kept_was_tried(count: int, bad: frozenset[int], clashes: frozenset[frozenset[int]]) -> None:
    """Exactly the kept parts held in a trial, every part is kept or left out with a reason, and no more could be kept."""
    proven: set[tuple[int, ...]] = {()}

    def holds(parts: tuple[int, ...]) -> str:
        reason = objection(bad, clashes, parts)
        if not reason:
            proven.add(parts)
        return reason

    held = hold_back(range(count), holds)

    assert held.kept in proven
    assert sorted([*held.kept, *(part for part, _ in held.left_out)]) == list(range(count))
    assert all(reason and objection(bad, clashes, (*held.kept, part)) for part, reason in held.left_out)
