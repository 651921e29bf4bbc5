"""What a bisection found, as text and as JSON."""

import json
from collections.abc import Iterator

from rescope.model.finding import Applicability
from rescope.model.plan import ChangeGroup
from rescope.model.pollution import FOUND, Carrier, Cure, Diagnosis, Kind, Spot
from rescope.model.verdict import Outcome

SCHEMA = 1
_SHOWN = 5
_ALONE = {Outcome.SKIPPED: "is skipped", Outcome.XFAILED: "fails as expected"}


def render_diagnosis(found: Diagnosis) -> str:
    """Who depends on whom, through which state, what cures it, and how to see it, for people."""
    lines = [f"{_at(found.test)} {_sentence(found)}"]
    lines += [f"  {_label(found)}: {_at(other)}" for other in found.others]
    if found.kind in FOUND:
        lines += [*_states(found), *_cured(found.cure)]
    if found.says:
        lines.append(f"  it fails with: {found.says}")
    if found.reproduce:
        lines += ["  reproduce:", f"    {found.reproduce}"]
    if found.passing:
        lines += ["  it passes with:", f"    {found.passing}"]
    lines += [f"note: {note}" for note in found.notes]
    return "\n".join([*lines, f"{_count(found.runs, 'run')} in {found.seconds:.1f} s, by {found.python}"]) + "\n"


def _at(spot: Spot) -> str:
    return f"{spot.path}:{spot.line}: {spot.name}"


def _sentence(found: Diagnosis) -> str:
    count = len(found.others)
    match found.kind:
        case Kind.VICTIM:
            others = "another test" if count == 1 else f"{count} other tests together"
            return f"is a victim: it {_ALONE.get(found.alone, 'passes')} alone and fails after {others} (seen in {found.order})"
        case Kind.BRITTLE:
            others = "another test" if count == 1 else f"{count} other tests together"
            return f"is brittle: it fails alone and passes only after {others} (seen in {found.order})"
        case Kind.AT_IMPORT:
            others = "another test file is" if count == 1 else f"{count} other test files are"
            return f"is a victim: it passes alone and fails where {others} imported before it"
        case Kind.FLAKY:
            return f"is flaky: it ended in different ways after the same tests ({found.order}); no test is to blame"
        case Kind.BROKEN:
            return f"fails alone and in {found.order}: that hangs on no other test"
        case Kind.UNSEEN:
            return f"does not fail alone, nor in {found.order}; --seed and --order name other orders"


def _label(found: Diagnosis) -> str:
    return "setter" if found.kind is Kind.BRITTLE else "polluter"


def _states(found: Diagnosis) -> Iterator[str]:
    shown = [carrier for carrier in found.carriers if carrier.proved] or found.carriers[:_SHOWN]
    for carrier in shown:
        values = f" (was {carrier.was}, then {carrier.now})" if carrier.was or carrier.now else " as a whole"
        yield f"  state: {_state(carrier)}{values}, changed by {_by(carrier)}{_proved(found, carrier)}"
    if len(found.carriers) > len(shown):
        yield f"  and {_count(len(found.carriers) - len(shown), 'more change')} that stayed in place"


def _proved(found: Diagnosis, carrier: Carrier) -> str:
    if not carrier.proved:
        return ""
    this = "this" if sum(c.proved for c in found.carriers) == 1 else "these"
    ends = "fails" if found.kind is Kind.BRITTLE else _ALONE.get(found.alone, "passes")
    return f"; with {this} put back, the test {ends}"


def _state(carrier: Carrier) -> str:
    place = f"{carrier.path}:{carrier.line}: " if carrier.line else ""
    return f"{place}the value of fixture '{carrier.name}'" if carrier.kind == "fixture" else f"{place}{carrier.name}"


def _by(carrier: Carrier) -> str:
    return f"fixture '{carrier.owner}' in {carrier.test}" if carrier.owner else carrier.test


def _cured(cure: Cure | None) -> Iterator[str]:
    if cure is None:
        yield "  no change of rescope cures it"
        return
    for group in cure.groups:
        finding = group.finding
        yield f"  cured by: {finding.subject.address.path}:{finding.subject.line}: {finding.code} {finding.message}{_unsafe(group)}"
    yield f"    {cure.command}"


def _unsafe(group: ChangeGroup) -> str:
    if group.applicability is not Applicability.UNSAFE:
        return ""
    return f" (unsafe: {group.caveat})" if group.caveat else " (unsafe)"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# --- JSON -----------------------------------------------------------------------------------------


def render_diagnosis_json(found: Diagnosis) -> str:
    """The same as one JSON object; what there is none of is null."""
    data = {
        "schema": SCHEMA,
        "python": found.python,
        "kind": found.kind.value,
        "test": _spot_json(found.test),
        "order": found.order,
        "message": found.says or None,
        "polluters": [] if found.kind is Kind.BRITTLE else [_spot_json(other) for other in found.others],
        "setters": [_spot_json(other) for other in found.others] if found.kind is Kind.BRITTLE else [],
        "states": [_carrier_json(carrier) for carrier in found.carriers],
        "cure": _cure_json(found.cure) if found.cure else None,
        "reproduce": found.reproduce or None,
        "passing": found.passing or None,
        "notes": list(found.notes),
        "runs": found.runs,
        "seconds": round(found.seconds, 3),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _spot_json(spot: Spot) -> dict[str, object]:
    return {"test": spot.name, "path": spot.path, "line": spot.line}


def _carrier_json(carrier: Carrier) -> dict[str, object]:
    return {
        "kind": carrier.kind,
        "name": carrier.name,
        "path": carrier.path or None,
        "line": carrier.line or None,
        "was": carrier.was,
        "now": carrier.now,
        "test": carrier.test,
        "fixture": carrier.owner or None,
        "proved": carrier.proved,
    }


def _cure_json(cure: Cure) -> dict[str, object]:
    return {"findings": [_group_json(group) for group in cure.groups], "command": cure.command}


def _group_json(group: ChangeGroup) -> dict[str, object]:
    subject = group.finding.subject
    return {
        "code": group.finding.code,
        "name": subject.name,
        "path": subject.address.path,
        "line": subject.line,
        "message": group.finding.message,
        "applicability": group.applicability.value,
        "caveat": group.caveat,
    }
