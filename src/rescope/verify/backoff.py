"""Which of many parts to leave out so that the rest holds, in as few trials as bisection needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Generic[Part]):
    """The parts that hold together, proven so by a trial of exactly these, and the others with the reason for each."""

    kept: tuple[Part, ...]
    left_out: tuple[tuple[Part, str], ...] = ()


def hold_back(parts: Sequence[Part], holds: Callable[[tuple[Part, ...]], str]) -> Held[Part]:
    """What of `parts` holds together; `holds` answers "" or the reason why a set of parts does not."""
    kept, refused = _added((), tuple(parts), holds)
    left_out = []
    for part, reason, company in refused:
        # It may have needed a part that was only added later.
        if len(kept) > company and not holds((*kept, part)):
            kept = (*kept, part)
        else:
            left_out.append((part, reason))
    return Held(kept=kept, left_out=tuple(left_out))


def _added(
    kept: tuple[Part, ...], parts: tuple[Part, ...], holds: Callable[[tuple[Part, ...]], str]
) -> tuple[tuple[Part, ...], list[tuple[Part, str, int]]]:
    """`kept` with all of `parts` that can join it, and the others with the reason and how many were kept when they were tried."""
    if not parts:
        return kept, []
    reason = holds((*kept, *parts))
    if not reason:
        return (*kept, *parts), []
    if len(parts) == 1:
        return kept, [(parts[0], reason, len(kept))]
    half = len(parts) // 2
    kept, first = _added(kept, parts[:half], holds)
    kept, second = _added(kept, parts[half:], holds)
    return kept, [*first, *second]
