"""rescope check: what leaks, what is kept, and why."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rescope.cli.analysis import exit_code, run_analysis
from rescope.cli.options import (
    EXIT_FINDINGS,
    Asked,
    Color,
    Colored,
    ConfigFile,
    Exclude,
    Ignore,
    Jobs,
    NoCache,
    Only,
    Paths,
    Quiet,
    Select,
    Unsafe,
    fail,
)
from rescope.model.report import Report


class Format(StrEnum):
    """Output formats of check."""

    TEXT = "text"
    JSON = "json"


def check(
    paths: Paths = None,
    select: Select = None,
    ignore: Ignore = None,
    only: Only = None,
    unsafe: Unsafe = False,  # noqa: ARG001 - check shows unsafe edits anyway; the option is there so that all commands take the same
    exclude: Exclude = None,
    config: ConfigFile = None,
    jobs: Jobs = 0,
    no_cache: NoCache = False,
    output_format: Annotated[Format, typer.Option("--output-format", help="How to write the report.")] = Format.TEXT,
    output_file: Annotated[
        Path | None, typer.Option("--output-file", metavar="FILE", help="Write the report here.", show_default=False)
    ] = None,
    show_kept: Annotated[bool, typer.Option("--show-kept", help="List what is kept broad, with reasons.")] = False,
    statistics: Annotated[bool, typer.Option("--statistics", help="Print only how often each rule speaks.")] = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit 0 even with findings.")] = False,
    color: Colored = Color.AUTO,
    quiet: Quiet = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Also list broad fixtures about which there is nothing to say.")] = False,
) -> None:
    """Report what leaks from one test into the next, what is kept, and why."""
    asked = Asked(paths=paths, select=select, ignore=ignore, only=only, exclude=exclude, config=config, jobs=jobs, no_cache=no_cache)
    _, analysis = run_analysis(asked, quiet=quiet)
    text = _render(analysis.report, output_format, show_kept=show_kept or verbose, show_all=verbose, statistics=statistics)
    if output_file is not None:
        _write(output_file, text)
    else:
        _print(text, output_format, color)
    found = EXIT_FINDINGS if analysis.report.plan.groups and not exit_zero else 0
    raise typer.Exit(exit_code(analysis, found))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise fail(f"{path}: the report cannot be written: {error.strerror}") from error


def _render(report: Report, output_format: Format, *, show_kept: bool, show_all: bool, statistics: bool) -> str:
    if output_format is Format.JSON:
        from rescope.reporting.json_report import render_json

        return render_json(report)
    from rescope.reporting.text import render_text

    return render_text(report, show_kept=show_kept, show_all=show_all, statistics=statistics)


def _print(text: str, output_format: Format, color: Color) -> None:
    if output_format is Format.TEXT:
        from rescope.reporting.terminal import print_text

        print_text(text, color=color)
    else:
        print(text, end="")
