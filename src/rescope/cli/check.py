"""rescope check: what leaks, what is kept, and why."""

from pathlib import Path
from typing import Annotated

import typer

from rescope.cli.analysis import exit_code, run_analysis
from rescope.cli.baseline import BaselineOptions, GrowBaseline, ReadBaseline, WriteBaseline, with_baseline
from rescope.cli.formats import Format, TextOptions, read_verified, render
from rescope.cli.options import (
    EXIT_FINDINGS,
    Asked,
    Color,
    Colored,
    Quiet,
    asks,
    fail,
)
from rescope.evidence import Evidence, EvidenceError, read_evidence


@asks
def check(
    asked: Asked,
    output_format: Annotated[Format, typer.Option("--output-format", help="How to write the report.")] = Format.TEXT,
    output_file: Annotated[
        Path | None, typer.Option("--output-file", metavar="FILE", help="Write the report here.", show_default=False)
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", metavar="FILE", help="Join what `pytest --rescope-record=FILE` saw.", show_default=False),
    ] = None,
    verdict: Annotated[
        Path | None,
        typer.Option(
            "--verdict", metavar="FILE", help="With html: show what `verify --output-format json` wrote to FILE.", show_default=False
        ),
    ] = None,
    show_kept: Annotated[bool, typer.Option("--show-kept", help="List what is kept broad, with reasons.")] = False,
    statistics: Annotated[bool, typer.Option("--statistics", help="Print only how often each rule speaks.")] = False,
    baseline: ReadBaseline = None,
    write_baseline: WriteBaseline = None,
    grow_baseline: GrowBaseline = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit 0 even with findings.")] = False,
    color: Colored = Color.AUTO,
    quiet: Quiet = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "-v", "--verbose", help="Also show findings of low confidence, and list broad fixtures about which there is nothing to say."
        ),
    ] = False,
) -> None:
    """Report what leaks from one test into the next, what is kept, and why."""
    if verdict is not None and output_format is not Format.HTML:
        raise fail("--verdict goes with --output-format html")
    verified = read_verified(verdict)
    project, analysis = run_analysis(asked, quiet=quiet, evidence=_evidence(evidence) if evidence else None)
    options = BaselineOptions(read=baseline, write=write_baseline, grow=grow_baseline)
    analysis = with_baseline(project, analysis, asked, options, quiet=quiet)
    shown = TextOptions(kept=show_kept or verbose, everything=verbose, statistics=statistics)
    text = render(project, analysis, output_format, shown, verified)
    if output_file is not None:
        _write(output_file, text)
    else:
        _print(text, output_format, color)
    found = EXIT_FINDINGS if analysis.report.shown and not exit_zero else 0
    raise typer.Exit(exit_code(analysis, found))


def _evidence(path: Path) -> Evidence:
    try:
        return read_evidence(path)
    except EvidenceError as error:
        raise fail(str(error)) from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise fail(f"{path}: the report cannot be written: {error.strerror}") from error


def _print(text: str, output_format: Format, color: Color) -> None:
    if output_format is Format.TEXT:
        from rescope.reporting.terminal import print_text

        print_text(text, color=color)
    else:
        print(text, end="")
