"""What was seen, in lines for the terminal."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rescope.observer.state import IMPORT, Change

_SHOWN = 3
_PLACES = 2
Json = dict[str, Any]


def lines(seen: Json) -> Iterator[str]:
    """The section of a run: the changes by state, counts, and where to read on. That a module was imported is recorded, not told."""
    seen = seen | {"changes": [change for change in seen["changes"] if change["kind"] != IMPORT]}
    moved = {_key(w): w["moved"] for w in seen["watched"]}
    for key, group in groupby(seen["changes"], _key):
        changes = list(group)
        for change in changes[:_SHOWN]:
            yield _told(change)
            yield f"    {_aftermath(change, by_line=seen['lines'])}"
        more = max(moved.get(key, 0), len(changes)) - _SHOWN
        if more > 0:
            yield f"    and {more} more test{'s' if more > 1 else ''} changed {_spoken(changes[0])}"
    yield from seen["errors"]
    yield _closing(seen)


def change_line(change: Change) -> str:
    """One change as the failure of `--rescope-strict` tells it."""
    state = _spoken({"kind": change.state.kind, "name": change.state.name, "scope": change.state.scope})
    return f"{change.path}:{change.line}: {change.test} changed {state}{change.where} (was {change.was}, now {change.now})"


def _key(entry: Json) -> tuple[str, str, str]:
    return entry["path"], entry["name"], entry["kind"]


def _spoken(entry: Json) -> str:
    """A state as messages name it: a fixture's value by scope and name, anything else by name."""
    return f"the value of {entry['scope']} fixture '{entry['name']}'" if entry["kind"] == "fixture" else entry["name"]


def _told(change: Json) -> str:
    owner = change["owner"]
    by = f"{change['test']}"
    if owner:
        by += f": {owner['phase']} of {owner['scope']} fixture '{owner['name']}'"
    at = f", at {' or '.join(change['changed_at'][:_PLACES])}" if change["changed_at"] else ""
    return f"{by} changed {_spoken(change)}{change['where']} (was {change['was']}, now {change['now']}){at}"


def _aftermath(change: Json, *, by_line: bool) -> str:
    if not change["in_place"]:
        return "no test ran with that in place"
    count = f"{_count(change['in_place'], 'later test')} ran with that in place, first {change['first']}"
    if change["read_by"] is not None:
        who = f"{change['read_by']}" if change["read_by"] else "none"
        count += f"; {who} seen {'to read it' if by_line else 'in the source to read it'}"
        count += f", first {change['first_reader']} at {change['read_at']}" if change["read_by"] else ""
    if change["owner"] and change["strangers"]:
        return f"{count}; {change['strangers']} did not request '{change['owner']['name']}', first {change['first_stranger']}"
    if change["kind"] == "fixture":
        return f"{count}; {change['requested']} requested it{', first ' if change['requested'] else ''}{change['first_requested']}"
    return count


def _closing(seen: Json) -> str:
    names = list(dict.fromkeys(c["name"] for c in seen["changes"]))
    tests = {c["test"] for c in seen["changes"]}
    still = [w for w in seen["watched"] if w["tests"] and not w["moved"]]
    text = f"{_count(len(names), 'state')} changed by {_count(len(tests), 'test')}, {len(still)} watched and never changed"
    text += f"; {_count(seen['tests'], 'test')} ran"
    named = next((w["name"] for w in seen["watched"] if w["moved"]), "")
    return f"{text}; more: rescope why {named.rpartition('.')[2]}" if named else text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
