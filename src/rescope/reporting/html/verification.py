"""What `rescope verify` measured, as part of the page."""

from collections.abc import Iterable, Iterator, Sequence

from rescope.model.verdict import Counts, Kinds, Proposal, Regression, Row, Verdict
from rescope.reporting.html.markup import Markup, element, joined, row, table, text

_KINDS = {
    "victims": "Victims (fail after others, pass alone)",
    "brittles": "Brittle tests (pass only after others, fail alone)",
    "unclear": "Order-dependent tests that were not run alone",
    "never": "Tests that never pass",
    "flaky": "Flaky tests (differ between runs in one and the same order)",
}


def verification(verdict: Verdict, proposal: Proposal) -> Iterator[Markup]:
    """The closing sentence, the runs order by order, the tests by what they hang on, regressions, warnings and notes."""
    yield element("p", element("strong", text(_closing(verdict))), text(f" {_tried(verdict, proposal)}"))
    yield _orders(verdict.rows)
    yield table(
        "Tests that the order or chance decides", ("Kind", "Before", "After"), _kinds(verdict.before, verdict.after), class_="narrow"
    )
    yield from _named(verdict)
    if verdict.regressions:
        yield table("Regressions", ("Test", "Orders", "Outcome after", "Message"), map(_regression, verdict.regressions))
    yield from _list("Cured", verdict.cured)
    yield from _list("New warnings", [f"{w.category}: {w.text}" for w in verdict.new_warnings])
    yield from _list("Notes", verdict.notes)


def _closing(verdict: Verdict) -> str:
    if verdict.after is None:
        return "There was nothing to apply."
    count = len(verdict.regressions)
    return f"{count} regression{'' if count == 1 else 's'}." if count else "No regression."


def _tried(verdict: Verdict, proposal: Proposal) -> str:
    if verdict.after is None:
        return "The suite as it is."
    cost = "" if verdict.slowdown is None else f" Slow-down: {verdict.slowdown:+.1f} %{_cpu(verdict.cpu_slowdown)}."
    return f"Findings fixed: {proposal.groups}, in files: {proposal.files}.{cost}"


def _cpu(percent: float | None) -> str:
    return "" if percent is None else f" (CPU time {percent:+.1f} %)"


def _orders(rows: Sequence[Row]) -> Markup:
    sides = ("before", "after") if any(each.after for each in rows) else ("before",)
    head = [f"{what} {side}" for side in sides for what in ("Passed", "Failed", "Seconds")]
    none = (text("-"),) * 3 if len(sides) > 1 else ()
    lines = (row(text(each.order), *_cells(each.before), *(_cells(each.after) if each.after else none)) for each in rows)
    return table("Runs of the suite", ("Order", *head), lines, class_="counts")


def _cells(counts: Counts) -> tuple[Markup, ...]:
    seconds = f"{counts.seconds:.2f}{f' ({counts.cut})' if counts.cut else ''}"
    failed = element("strong", text(counts.failed)) if counts.failed else text(0)
    return text(counts.passed), failed, text(seconds)


def _kinds(before: Kinds, after: Kinds | None) -> Iterator[Markup]:
    for kind, title in _KINDS.items():
        yield row(text(title), text(len(_of(before, kind))), text(len(_of(after, kind)) if after else "-"))


def _of(kinds: Kinds, kind: str) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(kinds, kind)
    return found


def _named(verdict: Verdict) -> Iterator[Markup]:
    for kind, title in _KINDS.items():
        first, last = _of(verdict.before, kind), _of(verdict.after, kind) if verdict.after else ()
        gone = set(first) - set(last) if verdict.after else set()
        yield from _list(title, [f"{test}{' (no longer)' if test in gone else ''}" for test in dict.fromkeys((*first, *last))])


def _regression(each: Regression) -> Markup:
    outcome = f"{each.outcome}{'; it passes only after others' if each.brittle else ''}"
    return row(text(each.test), text(", ".join(each.orders)), text(outcome), text(each.message))


def _list(title: str, items: Iterable[str]) -> Iterator[Markup]:
    lines = [element("li", text(item)) for item in items]
    if lines:
        yield element("details", element("summary", text(f"{title}: {len(lines)}")), element("ul", joined(lines)))
