"""One suite as it is, with the safe edits, and with all edits: which tests that passed fail, and which edit is to blame."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from corpus.sources import Entry
from rescope.config import Project, load_project
from rescope.model.plan import ChangeGroup, FileChange
from rescope.model.verdict import FAILS, Arrangement, Order, Regression, Run, Side
from rescope.pipeline import analyze, applicable, rewrite
from rescope.verify import judge
from rescope.verify.copies import scratch_folder
from rescope.verify.measure import FILE_ORDER, CannotRun, Lab, baseline, confirmed
from rescope.verify.prove import Trials, prove
from rescope.verify.runs import Suite

LIMIT = 900
ORDERS = (FILE_ORDER, *(Order(arrangement=Arrangement.SHUFFLED, seed=seed) for seed in (1, 2, 3)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The suite with some edits: failed tests in each order, those of them that passed before, CPU seconds in file order."""

    edits: int = 0
    files: int = 0
    failed: tuple[int, ...] = ()
    broken: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    cpu: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is known of one project; `trouble` says why the runs prove nothing, "" if they do."""

    name: str
    version: str
    tests: int = 0
    failed: tuple[int, ...] = ()
    flaky: tuple[str, ...] = ()
    cpu: float = 0.0
    safe: Trial = Trial()
    everything: Trial = Trial()
    trouble: str = ""


def measured(entry: Entry, source: Path, python: Path, *, anew: bool) -> Row:
    """The row of a project: of an earlier run if its edits are the same to the byte, unless asked to run anew."""
    project = load_project([source])
    project = replace(project, settings=replace(project.settings, cache=False))
    report = analyze(project).report
    safe, everything = (applicable(report.shown, unsafe=unsafe) for unsafe in (False, True))
    key = _key(entry, [rewrite(project.root, groups).changes for groups in (safe, everything)])
    file = source.parent / "row.json"
    known = json.loads(file.read_text("utf-8")) if file.exists() and not anew else {}
    if known.get("key") == key:
        return _row(known["row"])
    row = _measured(entry, project, python, safe, everything)
    if not row.trouble:
        file.write_text(json.dumps({"key": key, "row": asdict(row)}, indent=1), "utf-8")
    return row


def _key(entry: Entry, edits: Iterable[Sequence[FileChange]]) -> str:
    return hashlib.sha256(repr((entry, ORDERS, list(edits))).encode()).hexdigest()


def _row(known: dict) -> Row:
    trials = {name: Trial(**{k: _frozen(v) for k, v in known[name].items()}) for name in ("safe", "everything")}
    return Row(**{k: _frozen(v) for k, v in known.items()} | trials)


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _measured(entry: Entry, project: Project, python: Path, safe: tuple[ChangeGroup, ...], everything: tuple[ChangeGroup, ...]) -> Row:
    row = Row(name=entry.name, version=entry.version)
    with scratch_folder() as scratch:
        suite = Suite(root=project.root / entry.folder, python=python, scratch=scratch, options=entry.options)
        lab = Lab(suite=suite, orders=ORDERS, timeout=LIMIT, tell=lambda _: None)
        try:
            before = baseline(lab, sides=1) if everything else Side(runs=tuple(lab.once(order, (), "before") for order in ORDERS))
        except CannotRun as cannot:
            return replace(row, trouble=f"{cannot.run.cut}: {cannot.run.tail[-300:]}")
        trials = Trials(before=before)
        first = _trial(lab, project.root, safe, trials)
        second = _trial(lab, project.root, everything, trials) if len(everything) > len(safe) else first
        if second.broken:
            second = replace(second, causes=_causes(lab, project.root, everything, trials))
    before = trials.before
    return replace(
        row,
        tests=len(before.runs[0].outcomes),
        failed=_failed(before),
        flaky=tuple(sorted(judge.flaky_tests(before))),
        cpu=_cpu(before),
        safe=first,
        everything=second,
        trouble=_trouble(before, tried=bool(everything)),
    )


def _trial(lab: Lab, root: Path, groups: tuple[ChangeGroup, ...], trials: Trials) -> Trial:
    """What the edits of the groups do to the suite; suspicions are tried a second time on both sides."""
    result = rewrite(root, groups)
    if not result.changes:
        return Trial()
    after = Side(runs=tuple(lab.once(order, result.changes, "after") for order in (*ORDERS, FILE_ORDER)))
    trials.before, after = confirmed(lab, trials.before, after, result.changes, "after")
    found = judge.regressions(trials.before, after)
    return Trial(
        edits=len(result.taken),
        files=len(result.changes),
        failed=_failed(after),
        broken=tuple(_told(each) for each in found),
        cpu=_cpu(after),
    )


def _told(each: Regression) -> str:
    return f"`{each.test}` {each.outcome}{' (alone it failed before)' if each.brittle else ''}: {each.message[:200]}"


def _causes(lab: Lab, root: Path, groups: tuple[ChangeGroup, ...], trials: Trials) -> tuple[str, ...]:
    """The groups without which nothing breaks, each with what it breaks."""
    left_out = prove(lab, root, groups, trials, allowed=None).left_out
    return tuple(f"{g.finding.code} `{g.finding.subject.name}` ({g.finding.subject.address.path}): {why}" for g, why in left_out)


def _trouble(before: Side, *, tried: bool) -> str:
    cut = [f"{run.order.name}: {run.cut}" for run in before.runs if run.cut]
    outside = sorted({name for run in before.runs for name, _ in run.outside}) if tried else ()
    notes = [f"{', '.join(outside)} came from outside of the copy, so edits were not tried"] if outside else []
    return "; ".join([*cut, *notes])


def _failed(side: Side) -> tuple[int, ...]:
    return tuple(_failures(next(run for run in side.runs if run.order == order)) for order in ORDERS)


def _failures(run: Run) -> int:
    return sum(outcome in FAILS for outcome in run.outcomes.values())


def _cpu(side: Side) -> float:
    return round(median(run.cpu for run in side.runs if run.order == FILE_ORDER), 1)
