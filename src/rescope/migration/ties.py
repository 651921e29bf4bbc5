"""Which resets rely on which narrowings: parted from them, they could break tests that pass."""

from collections.abc import Iterable, Iterator, Sequence

from rescope.model.address import Address
from rescope.model.edit import AddResetFixture, ChangeScope, ResetStep
from rescope.model.finding import Applicability
from rescope.model.plan import ChangeGroup
from rescope.model.state import Singleton
from rescope.planning.conftest_target import find_target
from rescope.planning.resets import blocks_reset, reset_fixture
from rescope.rule import RuleContext


def unmet(context: RuleContext, groups: Sequence[ChangeGroup]) -> Iterator[ChangeGroup]:
    """Those groups whose reset was planned, or called safe, on the assumption that a fixture is narrowed that is not among them."""
    narrowed = _narrowed(groups)
    for group, singleton in _resets(context, groups):
        steps, note, risk = _way(context, singleton, narrowed)
        planned = next(edit.steps for edit in group.edits if isinstance(edit, AddResetFixture))
        if steps != planned or (group.applicability is Applicability.SAFE and (note or risk)):
            yield group


def ties(context: RuleContext, groups: Sequence[ChangeGroup]) -> Iterator[tuple[ChangeGroup, ChangeGroup]]:
    """Each reset with each narrowing that it relies on."""
    everything = _narrowed(groups)
    for group, singleton in _resets(context, groups):
        way = _way(context, singleton, everything)
        if _way(context, singleton, frozenset()) == way:
            continue
        for other in groups:
            own = _narrowed([other])
            if own and _way(context, singleton, everything - own) != way:
                yield group, other


def _resets(context: RuleContext, groups: Iterable[ChangeGroup]) -> Iterator[tuple[ChangeGroup, Singleton]]:
    known = {singleton.address: singleton for singleton in context.singletons}
    for group in groups:
        singleton = known.get(group.finding.subject.address)
        if singleton is not None and any(isinstance(edit, AddResetFixture) for edit in group.edits):
            yield group, singleton


def _narrowed(groups: Iterable[ChangeGroup]) -> frozenset[Address]:
    return frozenset(e.address for g in groups for e in g.edits if isinstance(e, ChangeScope))


def _way(context: RuleContext, singleton: Singleton, narrowed: frozenset[Address]) -> tuple[tuple[ResetStep, ...], str, str]:
    """How a state is reset, and what speaks against it, given which fixtures are narrowed."""
    edit, note = reset_fixture(context, singleton, find_target(context, singleton), narrowed)
    return edit.steps, note, blocks_reset(context, singleton, narrowed)
