"""check with a baseline: read it, tell what is gone from it, write it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from rescope.baseline import BaselineError, Entry, accept, entries, parse_baseline, render_baseline
from rescope.cli.options import Asked, fail, remark
from rescope.config import Project
from rescope.pipeline import Analysis, wanted, within

ReadBaseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="Accept the findings of this file: only new ones are reported.", show_default=False),
]
WriteBaseline = Annotated[
    Path | None,
    typer.Option(
        "--write-baseline",
        metavar="FILE",
        help="Accept the findings of today in this file. If it exists, it only loses the entries that are gone; new findings are reported.",
        show_default=False,
    ),
]
GrowBaseline = Annotated[bool, typer.Option("--grow-baseline", help="With --write-baseline: add new findings to an existing file, too.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineOptions:
    """What a call asks of the baseline."""

    read: Path | None = None
    write: Path | None = None
    grow: bool = False


def with_baseline(project: Project, analysis: Analysis, asked: Asked, options: BaselineOptions, *, quiet: bool) -> Analysis:
    """The analysis without accepted findings; writes the file where that is asked for."""
    file = _file(project, options)
    if file is None:
        return analysis
    known = _read(file)
    if known is None and options.write is None:
        raise fail(f"{file}: no such baseline; write it with --write-baseline {file}")
    found = entries(g.finding for g in analysis.report.plan.groups)
    gone = _gone(known or (), found, _reach(project, analysis, asked))
    if options.write is not None:
        known = _written(file, known, found, gone, grow=options.grow)
        remark(f"{file}: {_count(len(known))}", quiet=quiet)
    elif gone:
        remark(f"{_count(len(gone))} of the baseline {_are(len(gone))} gone; run with --write-baseline {file} to drop them", quiet=quiet)
    return replace(analysis, report=accept(analysis.report, known or ()))


def _file(project: Project, options: BaselineOptions) -> Path | None:
    if options.grow and options.write is None:
        raise fail("--grow-baseline needs --write-baseline")
    if options.read is not None and options.write is not None and options.read.resolve() != options.write.resolve():
        raise fail("--baseline and --write-baseline name different files; --write-baseline alone reads its file, too")
    configured = project.root / project.settings.baseline if project.settings.baseline else None
    return options.write or options.read or configured


def _read(file: Path) -> tuple[Entry, ...] | None:
    """The entries of the file; None where there is none."""
    try:
        return parse_baseline(file.read_text("utf-8"), str(file))
    except FileNotFoundError:
        return None
    except BaselineError as error:
        raise fail(str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise fail(f"{file}:1: the baseline cannot be read: {error}") from error


def _reach(project: Project, analysis: Analysis, asked: Asked) -> Callable[[Entry], bool]:
    """Whether this call would have reported an entry: only then its absence says that it is gone."""
    if analysis.report.failures or analysis.crashes:
        return lambda _: False
    settings, inside = project.settings, within(project.root, asked.places())
    return lambda entry: (
        inside(entry.path) and wanted(entry.code, settings.select, settings.ignore) and (not settings.only or entry.name in settings.only)
    )


def _gone(known: tuple[Entry, ...], found: tuple[Entry, ...], reach: Callable[[Entry], bool]) -> frozenset[str]:
    present = {entry.fingerprint for entry in found}
    return frozenset(entry.fingerprint for entry in known if entry.fingerprint not in present and reach(entry))


def _written(
    file: Path, known: tuple[Entry, ...] | None, found: tuple[Entry, ...], gone: frozenset[str], *, grow: bool
) -> tuple[Entry, ...]:
    """The entries that stand in the file now."""
    before = {entry.fingerprint: entry for entry in known or () if entry.fingerprint not in gone}
    added = {entry.fingerprint: entry for entry in found if grow or known is None or entry.fingerprint in before}
    after = tuple((before | added).values())
    try:
        file.write_text(render_baseline(after), "utf-8", newline="\n")
    except OSError as error:
        raise fail(f"{file}: the baseline cannot be written: {error.strerror}") from error
    return after


def _count(number: int) -> str:
    return f"{number} {'entry' if number == 1 else 'entries'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
