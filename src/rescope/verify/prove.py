"""Which change groups may be written: those that, tried together, break no test and cost no more than allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rescope.model.plan import ChangeGroup, FileChange
from rescope.model.verdict import Regression, Run, Side
from rescope.pipeline import rewrite
from rescope.verify import judge
from rescope.verify.backoff import Held, hold_back
from rescope.verify.measure import FILE_ORDER, Lab, confirmed

_PAIRS = 3


@dataclass(slots=True, kw_only=True)
class Trials:
    """The runs of the suite as it is, of which trials may ask for more, and what the last trial that held cost in per cent."""

    before: Side
    slowdown: float | None = None


def prove(lab: Lab, root: Path, groups: Sequence[ChangeGroup], trials: Trials, *, allowed: float | None) -> Held[ChangeGroup]:
    """What of the groups holds; `allowed` is the largest slow-down in per cent, None for any."""

    def holds(chosen: tuple[ChangeGroup, ...]) -> str:
        result = rewrite(root, _in_order(groups, chosen))
        if result.refused:
            return result.refused[0].reason
        return _objection(lab, result.changes, trials, allowed=allowed)

    held = hold_back(groups, holds)
    return Held(kept=_in_order(groups, held.kept), left_out=held.left_out)


def _in_order(groups: Sequence[ChangeGroup], chosen: Sequence[ChangeGroup]) -> tuple[ChangeGroup, ...]:
    return tuple(group for group in groups if group in chosen)


def _objection(lab: Lab, changes: Sequence[FileChange], trials: Trials, *, allowed: float | None) -> str:
    """Why the changes do not hold, found as early as it can be; "" if they do."""
    after = Side(runs=())
    lab.meter.together_left = len(lab.orders) + 1
    for order in (*lab.orders, FILE_ORDER):
        after = Side(runs=(*after.runs, lab.once(order, changes, "trial")))
        if judge.suspects(trials.before, after) or judge.unsteadied(trials.before, after):
            trials.before, after = confirmed(lab, trials.before, after, changes, "trial")
            broken = judge.regressions(trials.before, after)
            if broken:
                return _told(broken)
    return _too_slow(lab, after, changes, trials, allowed=allowed)


def _told(broken: Sequence[Regression]) -> str:
    first = broken[0]
    more = f", and {len(broken) - 1} more" if len(broken) > 1 else ""
    says = f": {first.message}" if first.message else ""
    brittle = " (it passes only after others)" if first.brittle else ""
    return f"{first.test} {first.outcome} in {', '.join(first.orders)}{brittle}{says}{more}"


def _too_slow(lab: Lab, after: Side, changes: Sequence[FileChange], trials: Trials, *, allowed: float | None) -> str:
    cost = judge.slowdown(trials.before, after)
    if cost is not None and allowed is not None and cost > allowed:
        lab.meter.together_left += 2 * _PAIRS
        pairs = [(lab.once(FILE_ORDER, (), "before"), lab.once(FILE_ORDER, changes, "trial")) for _ in range(_PAIRS)]
        cut = next((last.cut for first, last in pairs if last.cut and not first.cut), "")
        if cut:
            return f"timed again, the suite does not end: {cut}"
        cost = _in_turns(pairs)
        if cost is not None and cost > allowed:
            return f"the suite gets {cost:.0f} % slower, {allowed:g} % are allowed"
    trials.slowdown = cost
    return ""


def _in_turns(pairs: Sequence[tuple[Run, Run]]) -> float | None:
    """The slow-down in per cent, as the median of pairs of runs: what else the machine does takes time from both of a pair."""
    costs = (judge.slowdown(Side(runs=(first,)), Side(runs=(last,))) for first, last in pairs)
    return median(known) if (known := [cost for cost in costs if cost is not None]) else None
