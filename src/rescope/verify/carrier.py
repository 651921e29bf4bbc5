"""Through which state: the tests once more, watched by the observer, then with states put back; and which change groups cure that."""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import rescope
from rescope.model.finding import Applicability, Confidence, SubjectKind
from rescope.model.plan import ChangeGroup, FileChange
from rescope.model.pollution import Carrier
from rescope.model.report import Report
from rescope.model.verdict import FAILS
from rescope.pipeline import applicable, names_of, rewrite
from rescope.reporting.json_report import render_json
from rescope.verify.bisection import search
from rescope.verify.pollution import Hunt

State = tuple[str, str, str]
_Of = TypeVar("_Of")

_RANDOM = "random numbers"
_IMPORT = "import"
_PUT_BACK = "rescope_put_back"
_ONE_BY_ONE = 4
_FEW_PLACES = 6
_WHOLE = ("", "", "")
MOST_TRIED = 40
# The kinds of state, the likeliest to be read by another test first.
_LIKELY = (
    *("singleton", "overrides", "fixture", "Django models", "class attribute", "global", "environment", "working directory"),
    *("search path", "event loop", "logging", "module", "warnings", _IMPORT, _RANDOM),
)


def prepare_observer(scratch: Path, report: Report) -> Path:
    """A folder from which the project's interpreter can import the observer, and nothing else of what rescope is installed with."""
    folder = scratch / "observer"
    source, target = Path(rescope.__file__).parent, folder / "rescope"
    shutil.copytree(source / "observer", target / "observer", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(source / "pytest_plugin.py", target / "pytest_plugin.py")
    (target / "__init__.py").touch()
    shutil.copyfile(source / "verify" / "putback.py", folder / f"{_PUT_BACK}.py")
    (folder / "watch.json").write_text(render_json(report), "utf-8")
    return folder


def carriers(hunt: Hunt, others: Sequence[str], test: str, folder: Path, *, fails_alone: bool) -> tuple[tuple[Carrier, ...], str]:
    """What the others left changed while the test ran, that which was tried and carries it first; and what is to be said of that.

    A state is tried by one more run, in which it is put back before the test: does this end as it does alone?
    """
    record = folder / "seen.json"
    watching = ("-p", "rescope.pytest_plugin", "--rescope=all", f"--rescope-record={record}", f"--rescope-watch={folder / 'watch.json'}")
    outcome = hunt.after(test, others, options=watching)
    if outcome is None or not record.is_file():
        return (), "the state could not be observed: the observer does not run in the project's pytest"
    changes = tuple(_in_place(json.loads(record.read_text("utf-8"))["changes"], (*others, test)))
    changes = tuple(c for c in changes if c["kind"] != _RANDOM) or changes
    if not changes:
        return (), "no state was seen to stay changed: what carries it is out of the observer's sight"

    unrun: list[State] = []

    def ends_otherwise(states: Sequence[State], places: Sequence[str] = (), *, late: bool = False) -> bool:
        asked = {"states": [(kind, name) for kind, _, name in states], "places": places, "late": late}
        (folder / _PUT_BACK).with_suffix(".json").write_text(json.dumps(asked), "utf-8")
        ended = hunt.after(test, others, options=("-p", _PUT_BACK))
        unrun.extend(states if ended is None else ())
        return ended is not None and (ended in FAILS) is fails_alone

    states = tuple(dict.fromkeys(sorted(map(_state, changes), key=lambda state: _LIKELY.index(state[0]))))
    proved, late = carrying(states, ends_otherwise), False
    if proved == () and ends_otherwise(states, late=True):
        # What a set-up gives for many tests was not there yet at first: without it, the test ends as badly.
        proved, late = carrying(states, lambda some: ends_otherwise(some, late=True)), True
    if proved is None:
        return tuple(map(_carrier, changes)), f"which of {len(states)} changes carry it was not found out in {MOST_TRIED} runs"
    if len(proved) == 1:
        told = proved
        changes = tuple(_placed(changes, told[0], _places(folder, lambda places: ends_otherwise(told, places, late=late)), late=late))
    seen = sorted((_carrier(c, proved=_state(c) in proved) for c in changes), key=lambda c: (not c.proved, _LIKELY.index(c.kind)))
    seen = [carrier for carrier in seen if carrier.proved or carrier.kind not in {_IMPORT, _RANDOM}]
    ended = "with all of these put back, the test ends as before"
    unproved = f"no state is known to carry it: {'where they are put back, pytest does not come to the test' if unrun else ended}"
    return tuple(seen), "" if proved else unproved


def _places(folder: Path, ends_otherwise: Callable[[Sequence[str]], bool]) -> list[tuple[str, str, str]]:
    """Where in the state that was put back last lies what carries it, what was there and what is.

    Of a few places each is tried: those that only together make the test end so are all named, since each of them alone ends that.
    Where no few of them will do, as the order of a dict, the whole is named; nothing, where there are no places in the state.
    """
    said: list[tuple[str, str, str]] = json.loads((folder / _PUT_BACK).with_suffix(".places.json").read_text("utf-8"))
    names = tuple(dict.fromkeys(where for where, _, _ in said))
    needed: Sequence[str] | None = [name for name in names if ends_otherwise((name,))] if len(names) <= _FEW_PLACES else ()
    needed = needed or (carrying(names, ends_otherwise) if len(names) > 1 else ())
    if names and (not needed or len(needed) > _FEW_PLACES):
        return [_WHOLE]
    return [place for place in said if place[0] in (needed or ())]


def _placed(
    changes: Iterable[dict[str, Any]], state: State, places: Sequence[tuple[str, str, str]], *, late: bool
) -> Iterator[dict[str, Any]]:
    """The changes, those of the state replaced by one for each of the places; of what a set-up has given (`late`) the last is meant.

    The observer says of each test one place: who changed another one of several is among those who changed the state.
    """
    told = [change for change in changes if _state(change) == state]
    yield from (change for change in changes if _state(change) != state)
    yield from () if places else told[-1:] if late else told
    by = " or ".join(dict.fromkeys(change["test"] for change in told))
    for where, was, now in places:
        change = next((c for c in reversed(told) if c["where"] == where), {**told[-1], "test": by} if " or " in by else told[-1])
        yield {**change, "where": where, "was": was, "now": now}


class _Costly(Exception):
    """More runs would be needed than the answer is worth."""


def carrying(states: Sequence[_Of], ends_otherwise: Callable[[Sequence[_Of]], bool]) -> tuple[_Of, ...] | None:
    """The states, or places of one, as few as can be, with which put back the test ends otherwise; () if it does not even with all of them.

    The likeliest are tried one by one; the rest by halves. None where MOST_TRIED runs do not tell.
    """
    asked = count(1)

    def once_more(some: Sequence[_Of]) -> bool:
        if next(asked) > MOST_TRIED:
            raise _Costly
        return ends_otherwise(some)

    try:
        return _fewest(states, once_more)
    except _Costly:
        return None


def _fewest(states: Sequence[_Of], ends_otherwise: Callable[[Sequence[_Of]], bool]) -> tuple[_Of, ...]:
    for state in states[:_ONE_BY_ONE]:
        if ends_otherwise((state,)):
            return (state,)
    if len(states) == 1 or not ends_otherwise(states):
        return ()
    by_name = {str(number): state for number, state in enumerate(states)}
    found = search(tuple(by_name), lambda names: bool(names) and ends_otherwise([by_name[name] for name in names]))
    return tuple(by_name[name] for name in found.needed) if found.steady else tuple(states)


def _in_place(changes: Sequence[dict[str, Any]], order: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The changes that lasted from the test that made them to the last one, or were built upon by one that did."""
    made = [change for change in changes if change["test"] in order[:-1]]
    lasting = {_state(c) for c in made if c["in_place"] >= len(order) - 1 - order.index(c["test"])}
    # What the last test's own teardown undid was in place while it ran.
    return (change for change in made if _state(change) in lasting and change["undone_by"] in {"", order[-1]})


def _carrier(change: dict[str, Any], *, proved: bool = False) -> Carrier:
    owner = change["owner"] or {}
    return Carrier(
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
        proved=proved,
    )


def _state(change: dict[str, Any]) -> State:
    return change["kind"], change["path"], change["name"]


# --- the cure -------------------------------------------------------------------------------------


def cure(root: Path, report: Report, seen: Sequence[Carrier], passes: Callable[[tuple[FileChange, ...]], bool]) -> tuple[ChangeGroup, ...]:
    """The change groups with which the test passes, each of them needed; () if there are none.

    Those that speak of an observed state are tried first, one by one, then all groups together.
    """
    groups = applicable(report.plan.groups, unsafe=True)

    def cures(chosen: Sequence[ChangeGroup]) -> bool:
        wanted = asked_for(report, chosen)
        result = rewrite(root, wanted)
        return len(result.taken) == len(wanted) and passes(result.changes)

    near = [group for group in groups if any(speaks_of(group, carrier) for carrier in seen)]
    for group in near:
        if cures((group,)):
            return (group,)
    rest = [group for group in groups if group not in near] if len(near) < 2 else list(groups)
    return _needed(rest, cures)


def asked_for(report: Report, groups: Sequence[ChangeGroup]) -> tuple[ChangeGroup, ...]:
    """What `fix` takes if it is asked for these groups by the names of their subjects."""
    names = {group.finding.subject.name for group in groups}
    unsafe = any(group.applicability is Applicability.UNSAFE for group in groups)
    sure = replace(report, min_confidence=least_sure(report, groups)).shown
    return tuple(group for group in applicable(sure, unsafe=unsafe) if names & names_of(group))


def least_sure(report: Report, groups: Iterable[ChangeGroup]) -> Confidence:
    """The highest confidence that takes in all of the groups, and no higher than what the report asks for."""
    return max((report.min_confidence, *(group.finding.confidence for group in groups)), key=list(Confidence).index)


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
