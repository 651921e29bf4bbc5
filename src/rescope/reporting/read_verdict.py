"""The JSON that `rescope verify` wrote, read back and checked."""

import json
from typing import TypeVar

from rescope.model.verdict import Counts, Kinds, Noted, Proposal, Regression, Row, Verdict
from rescope.reporting.verdict import SCHEMA

_T = TypeVar("_T")
_Object = dict[str, object]


class DamagedVerdict(Exception):
    """The text is no verdict, and why."""


def read_verdict(text: str) -> tuple[Verdict, Proposal]:
    """The verdict and what was tried; DamagedVerdict where a part is missing or of another kind. Unknown keys are passed over."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedVerdict(f"it is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise DamagedVerdict("it is no JSON object")
    if data.get("schema") != SCHEMA:
        raise DamagedVerdict(f"its schema is {data.get('schema')!r}, not {SCHEMA}")
    return _verdict(data), Proposal(groups=_get(data, "groups", int), files=_get(data, "files", int), python=_get(data, "python", str))


def _verdict(data: _Object) -> Verdict:
    rows = tuple(_row(each) for each in _objects(data, "orders"))
    if not rows:
        raise DamagedVerdict("it tells of no run")
    return Verdict(
        rows=rows,
        before=_kinds(_get(data, "before", dict)),
        after=_kinds(found) if (found := _maybe(data, "after", dict)) is not None else None,
        regressions=tuple(_regression(each) for each in _objects(data, "regressions")),
        cured=_texts(data, "cured"),
        slowdown=_number(data, "slowdown_percent"),
        cpu_slowdown=_number(data, "cpu_slowdown_percent"),
        new_warnings=tuple(Noted(category=_get(w, "category", str), text=_get(w, "text", str)) for w in _objects(data, "new_warnings")),
        notes=_texts(data, "notes"),
    )


def _row(data: _Object) -> Row:
    after = _maybe(data, "after", dict)
    return Row(
        order=_get(data, "order", str), before=_counts(_get(data, "before", dict)), after=_counts(after) if after is not None else None
    )


def _counts(data: _Object) -> Counts:
    seconds = _number(data, "seconds")
    if seconds is None:
        raise DamagedVerdict("'seconds' is missing")
    return Counts(passed=_get(data, "passed", int), failed=_get(data, "failed", int), seconds=seconds, cut=_maybe(data, "cut", str) or "")


def _kinds(data: _Object) -> Kinds:
    return Kinds(
        victims=_texts(data, "victims"),
        brittles=_texts(data, "brittles"),
        unclear=_texts(data, "unclear"),
        never=_texts(data, "never"),
        flaky=_texts(data, "flaky"),
    )


def _regression(data: _Object) -> Regression:
    return Regression(
        test=_get(data, "test", str),
        orders=_texts(data, "orders"),
        outcome=_get(data, "outcome", str),
        message=_get(data, "message", str),
        brittle=_get(data, "brittle", bool),
    )


# --- one value ------------------------------------------------------------------------------------


def _get(data: _Object, key: str, kind: type[_T]) -> _T:
    value = data.get(key)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise DamagedVerdict(f"{key!r} is {'missing' if key not in data else f'no {_NAMES[kind]}'}")
    return value


_NAMES: dict[type, str] = {str: "text", int: "whole number", bool: "true or false", dict: "object", list: "list"}


def _maybe(data: _Object, key: str, kind: type[_T]) -> _T | None:
    return None if data.get(key) is None else _get(data, key, kind)


def _number(data: _Object, key: str) -> float | None:
    value = data.get(key)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise DamagedVerdict(f"{key!r} is no number")


def _texts(data: _Object, key: str) -> tuple[str, ...]:
    return tuple(_items(data, key, str))


def _objects(data: _Object, key: str) -> list[_Object]:
    return _items(data, key, dict)


def _items(data: _Object, key: str, kind: type[_T]) -> list[_T]:
    found = _get(data, key, list)
    bad = next((each for each in found if not isinstance(each, kind)), None)
    if bad is not None or None in found:
        raise DamagedVerdict(f"{key!r} holds something that is no {_NAMES[kind]}")
    return found
