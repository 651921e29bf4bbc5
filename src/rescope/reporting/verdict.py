"""The verdict of a verification as text, JSON, or Markdown for a pull request."""

import json
from collections.abc import Iterable, Iterator, Sequence

from rescope.model.verdict import Counts, Kinds, Proposal, Regression, Row, Verdict

SCHEMA = 1
_LISTED = 20
_TITLES = {
    "victims": "victims (fail after others, pass alone)",
    "brittles": "brittle tests (pass only after others, fail alone)",
    "unclear": "order-dependent tests that were not run alone",
    "never": "tests that never pass",
    "flaky": "flaky tests (differ between runs in one and the same order)",
}


def render_verdict(verdict: Verdict, proposal: Proposal) -> str:
    """The table, the tests that hang on the order, and what the plan broke, for people."""
    blocks = [_tried(verdict, proposal), *_table(verdict.rows), "", *_kinds(verdict), *_outcome(verdict)]
    return "\n".join([*blocks, *(f"note: {note}" for note in verdict.notes), _closing(verdict)]) + "\n"


def _tried(verdict: Verdict, proposal: Proposal) -> str:
    if verdict.after is None:
        return f"Nothing to apply: the suite as it is, by {proposal.python}\n"
    return f"{_count(proposal.groups, 'finding')} fixed in {_count(proposal.files, 'file')}, run by {proposal.python}\n"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    width = max(len(row.order) for row in rows)
    both = rows[0].after is not None
    yield f"{'':<{width}}  {'before':<24}" + ("  after" if both else "")
    yield f"{'order':<{width}}  {_HEAD}" + (f"  {_HEAD}" if both else "")
    for row in rows:
        yield f"{row.order:<{width}}  {_cell(row.before)}" + (f"  {_cell(row.after)}" if row.after else "")


_HEAD = f"{'passed':>7} {'failed':>7} {'seconds':>8}"


def _cell(counts: Counts) -> str:
    cut = "+" if counts.cut else ""
    return f"{counts.passed:>7} {counts.failed:>7} {f'{counts.seconds:.2f}{cut}':>8}"


def _kinds(verdict: Verdict) -> Iterator[str]:
    before, after = verdict.before, verdict.after
    yield f"order-dependent tests: {_change(before.order_dependent(), after.order_dependent() if after else None)}"
    for kind, title in _TITLES.items():
        first, last = _of(before, kind), _of(after, kind) if after else None
        if first or last:
            yield f"{title}: {_change(first, last)}"
            yield from _listed(dict.fromkeys((*first, *(last or ()))), gone=set(first) - set(last or ()) if after else set())


def _of(kinds: Kinds, kind: str) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(kinds, kind)
    return found


def _change(before: Sequence[str], after: Sequence[str] | None) -> str:
    return f"{len(before)}" if after is None else f"{len(before)} before, {len(after)} after"


def _listed(tests: Iterable[str], gone: set[str]) -> Iterator[str]:
    names = list(tests)
    yield from (f"  {name}{'  (no longer)' if name in gone else ''}" for name in names[:_LISTED])
    if len(names) > _LISTED:
        yield f"  and {len(names) - _LISTED} more"


def _outcome(verdict: Verdict) -> Iterator[str]:
    if verdict.after is None:
        return
    yield f"cured: {len(verdict.cured)}"
    yield f"regressions: {len(verdict.regressions) or 'none'}"
    yield from (f"  {_regression(each)}" for each in verdict.regressions[:_LISTED])
    if len(verdict.regressions) > _LISTED:
        yield f"  and {len(verdict.regressions) - _LISTED} more"
    if verdict.slowdown is not None:
        yield f"slow-down: {_slowdown(verdict)}"
    yield f"new warnings: {len(verdict.new_warnings) or 'none'}"
    yield from (f"  {warning.category}: {warning.text}" for warning in verdict.new_warnings[:_LISTED])


def _slowdown(verdict: Verdict) -> str:
    cpu = "" if verdict.cpu_slowdown is None else f"; CPU time {verdict.cpu_slowdown:+.1f} %"
    return f"{verdict.slowdown:+.1f} % (median of the runs in file order{cpu})"


def _regression(each: Regression) -> str:
    brittle = "; it passes only after others" if each.brittle else ""
    says = f": {each.message}" if each.message else ""
    return f"{each.test}: passed before, {each.outcome} after in {', '.join(each.orders)}{brittle}{says}"


def _closing(verdict: Verdict) -> str:
    if verdict.after is None:
        return "nothing to apply"
    if verdict.regressions:
        return f"{_count(len(verdict.regressions), 'regression')}: `rescope fix --verify` leaves out what causes them"
    return "no regression"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# --- JSON -----------------------------------------------------------------------------------------


def render_verdict_json(verdict: Verdict, proposal: Proposal) -> str:
    """The verdict as one JSON object; everything of "after" is null where there was nothing to apply."""
    after = verdict.after
    data = {
        "schema": SCHEMA,
        "python": proposal.python,
        "groups": proposal.groups,
        "files": proposal.files,
        "orders": [
            {"order": r.order, "before": _cell_json(r.before), "after": _cell_json(r.after) if r.after else None} for r in verdict.rows
        ],
        "before": _kinds_json(verdict.before),
        "after": _kinds_json(after) if after else None,
        "regressions": [_regression_json(each) for each in verdict.regressions],
        "cured": list(verdict.cured),
        "slowdown_percent": verdict.slowdown,
        "cpu_slowdown_percent": verdict.cpu_slowdown,
        "new_warnings": [{"category": w.category, "text": w.text} for w in verdict.new_warnings],
        "notes": list(verdict.notes),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _cell_json(counts: Counts) -> dict[str, object]:
    return {"passed": counts.passed, "failed": counts.failed, "seconds": round(counts.seconds, 3), "cut": counts.cut or None}


def _kinds_json(kinds: Kinds) -> dict[str, list[str]]:
    return {"order_dependent": list(kinds.order_dependent())} | {kind: list(_of(kinds, kind)) for kind in _TITLES}


def _regression_json(each: Regression) -> dict[str, object]:
    return {"test": each.test, "orders": list(each.orders), "outcome": each.outcome, "message": each.message, "brittle": each.brittle}


# --- Markdown -------------------------------------------------------------------------------------


def render_verdict_markdown(verdict: Verdict, proposal: Proposal) -> str:
    """The verdict for the text of a pull request."""
    lines = [f"### rescope verify: {_closing(verdict)}", "", *_markdown_table(verdict.rows), "", *_markdown_items(verdict)]
    lines += [f"- note: {note}" for note in verdict.notes]
    if verdict.after is not None:
        lines += ["", f"{_count(proposal.groups, 'finding')} fixed in {_count(proposal.files, 'file')}."]
    return "\n".join(lines) + "\n"


def _markdown_table(rows: Sequence[Row]) -> Iterator[str]:
    both = rows[0].after is not None
    cells = ["passed", "failed", "seconds"]
    head = [f"{c} before" for c in cells] + ([f"{c} after" for c in cells] if both else [])
    yield f"| order | {' | '.join(head)} |"
    yield f"|---|{'---:|' * len(head)}"
    for row in rows:
        shown = [c for counts in (row.before, row.after) if counts for c in _cell(counts).split()]
        yield f"| {row.order} | {' | '.join(shown)} |"


def _markdown_items(verdict: Verdict) -> Iterator[str]:
    before, after = verdict.before, verdict.after
    yield f"- order-dependent tests: {_change(before.order_dependent(), after.order_dependent() if after else None)}"
    for kind, title in _TITLES.items():
        first, last = _of(before, kind), _of(after, kind) if after else ()
        if first or last:
            yield f"- {title}: {_change(first, last if after else None)}"
            gone = set(first) - set(last) if after is not None else set()
            listed = list(dict.fromkeys((*first, *last)))[:_LISTED]
            yield from (f"  - `{test}`{' (no longer)' if test in gone else ''}" for test in listed)
    if after is not None:
        yield f"- cured: {len(verdict.cured)}"
        yield f"- regressions: {len(verdict.regressions) or 'none'}"
        yield from (f"  - {_regression(each)}" for each in verdict.regressions[:_LISTED])
        if verdict.slowdown is not None:
            yield f"- slow-down: {_slowdown(verdict)}"
        yield f"- new warnings: {len(verdict.new_warnings) or 'none'}"
        yield from (f"  - `{w.category}: {w.text}`" for w in verdict.new_warnings[:_LISTED])
