"""The whole of a bisection: the tests, the state, the cure, and the commands that show it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rescope.model.plan import FileChange
from rescope.model.pollution import FOUND, Carrier, Cure, Diagnosis, Kind
from rescope.model.report import Report
from rescope.model.verdict import FAILS, PASSES, Order, Outcome
from rescope.verify.carrier import asked_for, carriers, cure, prepare_observer, speaks_of
from rescope.verify.commands import fix_command, pytest_commands
from rescope.verify.pollution import Hunt, trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test to explain, where to look for it, and what the static analysis says of the project."""

    test: str
    orders: tuple[Order, ...]
    collected: tuple[str, ...]
    report: Report


class Stopped(KeyboardInterrupt):
    """An interrupt after the tests were found; `found` is what was known by then."""

    def __init__(self, found: Diagnosis) -> None:
        super().__init__()
        self.found = found


def diagnose(hunt: Hunt, case: Case) -> Diagnosis:
    """What the runs say of the test; Stopped where an interrupt comes when the tests on which it depends are known."""
    started = time.monotonic()
    traced = trace(hunt, case.test, case.orders, case.collected)
    plain = Diagnosis(
        alone=traced.alone or Outcome.PASSED,
        kind=traced.kind,
        test=hunt.spot(case.test),
        python=str(hunt.lab.suite.python),
        order=traced.order,
        says="" if traced.kind is Kind.UNSEEN else hunt.says,
        others=tuple(hunt.spot(other) for other in traced.needed),
    )
    found = plain if traced.kind in FOUND else replace(plain, notes=tuple(hunt.cut))
    try:
        for more in _explained(hunt, case, plain) if traced.kind in FOUND else ():
            found = more
    except KeyboardInterrupt:
        notes = (*found.notes, "interrupted: the state and the cure were not looked for to the end")
        raise Stopped(replace(found, notes=notes, runs=hunt.runs, seconds=time.monotonic() - started)) from None
    return replace(found, runs=hunt.runs, seconds=time.monotonic() - started)


def _explained(hunt: Hunt, case: Case, plain: Diagnosis) -> Iterator[Diagnosis]:
    """The diagnosis with the commands, then with the state, then with the cure."""
    others = tuple(other.name for other in plain.others)
    before = () if plain.kind is Kind.BRITTLE else others
    notes = [f"{other} fails itself" for other in others if hunt.outcomes.get(other) in FAILS]
    calls = [((*before, case.test), FAILS), *([((*others, case.test), PASSES)] if plain.kind is Kind.BRITTLE else [])]
    commands = pytest_commands(hunt, case.test, calls)
    notes += [] if commands else ["no command of plain pytest was found that reproduces this"]
    reproduce, passing = (*commands, "", "")[:2]
    found = replace(plain, reproduce=reproduce, passing=passing, notes=tuple(notes))
    yield found
    seen, unseen = _observed(hunt, case, plain.kind, others)
    found = replace(found, carriers=seen, notes=tuple(filter(None, (unseen, *notes))))
    yield found
    cure = _cure(hunt, case, plain.kind, before, seen)
    cured = cure.groups if cure else ()
    seen = tuple(sorted(seen, key=lambda carrier: not (carrier.proved or any(speaks_of(group, carrier) for group in cured))))
    yield replace(found, carriers=seen, cure=cure)


def _observed(hunt: Hunt, case: Case, kind: Kind, others: tuple[str, ...]) -> tuple[tuple[Carrier, ...], str]:
    if kind is Kind.AT_IMPORT:
        return (), "the state was not observed: it is changed at import, before the first test"
    folder = prepare_observer(hunt.lab.suite.scratch, case.report)
    watched = replace(hunt, lab=replace(hunt.lab, suite=replace(hunt.lab.suite, plugin_folder=folder)))
    found = carriers(watched, others, case.test, folder, fails_alone=kind is Kind.BRITTLE)
    hunt.runs = watched.runs
    return found


def _cure(hunt: Hunt, case: Case, kind: Kind, before: tuple[str, ...], seen: tuple[Carrier, ...]) -> Cure | None:
    def passes(changes: tuple[FileChange, ...]) -> bool:
        if kind is Kind.AT_IMPORT:
            return hunt.after(case.test, (), changes, options=(*before, case.test.partition("::")[0])) in PASSES
        return hunt.after(case.test, before, changes) in PASSES

    root, report = hunt.lab.suite.root, case.report
    groups = cure(root, report, seen, passes)
    return Cure(groups=asked_for(report, groups), command=fix_command(root, report, groups)) if groups else None
