"""Rows as a Markdown table, with what was broken and what to know of it below."""

from collections.abc import Iterator, Sequence

from corpus.measuring import Row, Trial

_HEAD = ("project", "tests", "failed", "safe edits", "failed", "broken", "all edits", "failed", "broken", "CPU s")


def render(rows: Sequence[Row]) -> str:
    """The whole table; where there is nothing to apply the cells of the edits are empty."""
    lines = [f"| {' | '.join(_HEAD)} |", "|---" + "|---:" * (len(_HEAD) - 1) + "|"]
    lines += [f"| {' | '.join(_cells(row))} |" for row in rows if not row.trouble]
    return "\n".join([*lines, "", *_total(rows), "", *(note for row in rows for note in _notes(row))]).strip() + "\n"


def _cells(row: Row) -> list[str]:
    trials = [row.safe, *([row.everything] if row.everything != row.safe else [])]
    seconds = [row.cpu, *(trial.cpu for trial in trials if trial.edits)]
    head = [f"{row.name} {row.version}", f"{row.tests}", _slashed(row.failed)]
    return [*head, *_trial(row.safe), *_trial(row.everything, unless=row.safe), " / ".join(f"{each:.0f}" for each in seconds)]


def _trial(trial: Trial, unless: Trial | None = None) -> list[str]:
    if not trial.edits or trial == unless:
        return [str(trial.edits), "", ""]
    return [str(trial.edits), _slashed(trial.failed), str(len(trial.broken))]


def _slashed(counts: tuple[int, ...]) -> str:
    return "/".join(map(str, counts)) if len(set(counts)) > 1 else str(counts[0])


def _total(rows: Sequence[Row]) -> Iterator[str]:
    ran = [row for row in rows if not row.trouble]
    yield f"{len(ran)} projects, {sum(r.tests for r in ran)} tests."
    for what, trials in (("Safe edits", [row.safe for row in ran]), ("All edits", [row.everything for row in ran])):
        tried = [trial for trial in trials if trial.edits]
        broken = sum(len(trial.broken) for trial in tried)
        yield f"{what}: {sum(trial.edits for trial in tried)} in {len(tried)} projects, {broken} tests broken."


def _notes(row: Row) -> Iterator[str]:
    if row.trouble:
        yield f"- {row.name} {row.version}: {row.trouble}"
    if row.flaky:
        yield f"- {row.name}: flaky, {', '.join(f'`{test}`' for test in row.flaky)}"
    yield from (f"- {row.name}: **a safe edit broke** {test}" for test in row.safe.broken)
    yield from (f"- {row.name}: {cause}" for cause in row.everything.causes)
