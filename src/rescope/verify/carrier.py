"""Through which state: the tests once more, watched by the observer; and which change groups cure that."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import rescope
from rescope.model.finding import Applicability, SubjectKind
from rescope.model.plan import ChangeGroup, FileChange, Plan
from rescope.model.pollution import Carrier
from rescope.model.report import Report
from rescope.pipeline import applicable, names_of, rewrite
from rescope.reporting.json_report import render_json
from rescope.verify.bisection import search
from rescope.verify.pollution import Hunt

_RANDOM = "random numbers"


def prepare_observer(scratch: Path, report: Report) -> Path:
    """A folder from which the project's interpreter can import the observer, and nothing else of what rescope is installed with."""
    folder = scratch / "observer"
    source, target = Path(rescope.__file__).parent, folder / "rescope"
    shutil.copytree(source / "observer", target / "observer", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(source / "pytest_plugin.py", target / "pytest_plugin.py")
    (target / "__init__.py").touch()
    (folder / "watch.json").write_text(render_json(report), "utf-8")
    return folder


def carriers(hunt: Hunt, others: Sequence[str], test: str, folder: Path) -> tuple[tuple[Carrier, ...], str]:
    """What the others left changed while the test ran; and why nothing can be said, "" if something can."""
    record = folder / "seen.json"
    watching = ("-p", "rescope.pytest_plugin", "--rescope=all", f"--rescope-record={record}", f"--rescope-watch={folder / 'watch.json'}")
    outcome = hunt.after(test, others, options=watching)
    if outcome is None or not record.is_file():
        return (), "the state could not be observed: the observer does not run in the project's pytest"
    seen = json.loads(record.read_text("utf-8"))
    found = tuple(_in_place(seen["changes"], (*others, test)))
    named = tuple(c for c in found if c.kind != _RANDOM) or found
    return named, "" if named else "no state was seen to stay changed: what carries it is out of the observer's sight"


def _in_place(changes: Sequence[dict[str, Any]], order: Sequence[str]) -> Iterator[Carrier]:
    """The changes that lasted from the test that made them to the last one, or were built upon by one that did."""
    made = [change for change in changes if change["test"] in order[:-1]]
    lasting = {_state(c) for c in made if c["in_place"] >= len(order) - 1 - order.index(c["test"])}
    for change in made:
        # What the last test's own teardown undid was in place while it ran.
        if _state(change) in lasting and change["undone_by"] in {"", order[-1]}:
            owner = change["owner"] or {}
            yield Carrier(
                kind=change["kind"],
                name=f"{change['name']}{change['where']}",
                was=change["was"],
                now=change["now"],
                test=change["test"],
                owner=owner.get("name", ""),
                owner_path=owner.get("path", ""),
                path=change["path"],
                qualname=change["qualname"],
                line=change["line"],
            )


def _state(change: dict[str, Any]) -> tuple[str, str, str]:
    return change["kind"], change["path"], change["name"]


# --- the cure -------------------------------------------------------------------------------------


def cure(root: Path, plan: Plan, seen: Sequence[Carrier], passes: Callable[[tuple[FileChange, ...]], bool]) -> tuple[ChangeGroup, ...]:
    """The change groups with which the test passes, each of them needed; () if there are none.

    Those that speak of an observed state are tried first, one by one, then all groups together.
    """
    groups = applicable(plan, unsafe=True)

    def cures(chosen: Sequence[ChangeGroup]) -> bool:
        wanted = asked_for(plan, chosen)
        result = rewrite(root, wanted)
        return len(result.taken) == len(wanted) and passes(result.changes)

    near = [group for group in groups if any(speaks_of(group, carrier) for carrier in seen)]
    for group in near:
        if cures((group,)):
            return (group,)
    rest = [group for group in groups if group not in near] if len(near) < 2 else list(groups)
    return _needed(rest, cures)


def asked_for(plan: Plan, groups: Sequence[ChangeGroup]) -> tuple[ChangeGroup, ...]:
    """What `fix` takes if it is asked for these groups by the names of their subjects."""
    names = {group.finding.subject.name for group in groups}
    unsafe = any(group.applicability is Applicability.UNSAFE for group in groups)
    return tuple(group for group in applicable(plan, unsafe=unsafe) if names & names_of(group))


def _needed(groups: Sequence[ChangeGroup], cures: Callable[[Sequence[ChangeGroup]], bool]) -> tuple[ChangeGroup, ...]:
    if not groups or not cures(groups):
        return ()
    by_name = {str(number): group for number, group in enumerate(groups)}
    found = search(tuple(by_name), lambda names: bool(names) and cures([by_name[name] for name in names]))
    return tuple(by_name[name] for name in found.needed) if found.steady else ()


def speaks_of(group: ChangeGroup, carrier: Carrier) -> bool:
    """Whether a finding's subject is the state, or it or a dependent is the fixture that changed it."""
    subjects = (group.finding.subject, *(d.subject for d in group.dependents))
    if carrier.owner and any((s.name, s.address.path) == (carrier.owner, carrier.owner_path) for s in subjects):
        return True
    subject = group.finding.subject
    same = (subject.address.path, subject.address.qualname) == (carrier.path, carrier.qualname)
    return same and (subject.kind is SubjectKind.FIXTURE) == (carrier.kind == "fixture")
