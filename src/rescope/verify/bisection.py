"""Which tests, run before a test, decide how it ends: a pure search over "does it end so after these?", in few runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Names = tuple[str, ...]
Reproduces = Callable[[Names], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The tests that are needed, in their order; `steady` is False where a repetition ended otherwise."""

    needed: Names
    steady: bool


def search(before: Sequence[str], reproduces: Reproduces) -> Search:
    """The tests of `before` that are needed, given that all of them reproduce and that none does not, as was just seen.

    For one needed test of n: about log2 n + 5 runs. For k that are needed together: about k * (log2 n + 3) + 2 more, of which the first
    two ask whether it is worth the others: of a test that fails now and then, halves lead nowhere either.
    """
    needed = _one(tuple(before), reproduces)
    if not needed and (reproduces(()) or not reproduces(tuple(before))):
        return Search(needed=(), steady=False)
    needed = needed or _several(tuple(before), reproduces)
    if len(needed) > 1:
        needed = _without_idle(needed, reproduces)
    return Search(needed=needed, steady=reproduces(needed) and reproduces(needed) and not reproduces(()))


def _one(tests: Names, reproduces: Reproduces) -> Names:
    """The one test that is enough, () if halving does not lead to one.

    Only first halves are tried: where one does not reproduce, the second is believed to, which saves up to half of the runs.
    The last test alone says whether that was right.
    """
    seen = False
    while len(tests) > 1:
        half = len(tests) // 2
        seen = reproduces(tests[:half])
        tests = tests[:half] if seen else tests[half:]
    return tests if seen or reproduces(tests) else ()


def _several(tests: Names, reproduces: Reproduces) -> Names:
    """Tests that are enough together, from the last to the first.

    Each is found as the end of the shortest prefix that reproduces together with those already found: one step before it did
    not, so the test matters. This holds also where a test in between puts the state back.
    """
    found: Names = ()
    rest = tests
    while True:
        end = _shortest(rest, found, reproduces)
        found, rest = (rest[end - 1], *found), rest[: end - 1]
        if not rest or reproduces(found):
            return found


def _shortest(rest: Names, found: Names, reproduces: Reproduces) -> int:
    """How many of `rest`, from its start, reproduce before `found`, while one less does not."""
    too_few, enough = 0, len(rest)
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if reproduces((*rest[:middle], *found)):
            enough = middle
        else:
            too_few = middle
    return enough


def _without_idle(needed: Names, reproduces: Reproduces) -> Names:
    """The tests without those that can be left out: what stays is needed, each of it."""
    for test in needed:
        fewer = tuple(t for t in needed if t != test)
        if fewer and reproduces(fewer):
            return _without_idle(fewer, reproduces)
    return needed
