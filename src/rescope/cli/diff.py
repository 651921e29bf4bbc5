"""rescope diff: the dry run."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rescope.cli.analysis import exit_code, run_analysis, unsafe_hint
from rescope.cli.options import (
    EXIT_FINDINGS,
    Asked,
    Color,
    Colored,
    Quiet,
    asks,
    remark,
)
from rescope.model.report import Rewrite
from rescope.vcs import prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rescope.reporting.diff import Part


class GroupBy(StrEnum):
    """What makes one diff."""

    FILE = "file"
    FINDING = "finding"


@asks
def diff(
    asked: Asked,
    group_by: Annotated[
        GroupBy, typer.Option("--group-by", help="One diff a file, or one a finding with what it says above; both are patches.")
    ] = GroupBy.FILE,
    side_by_side: Annotated[bool, typer.Option("--side-by-side", help="Old and new in two columns, on terminals of 100 columns.")] = False,
    stat: Annotated[bool, typer.Option("--stat", help="Only the numbers of changed lines.")] = False,
    color: Colored = Color.AUTO,
    quiet: Quiet = False,
) -> None:
    """Print the unified diff of everything that `rescope fix` would write; write nothing.

    On a terminal it is coloured and shown through a pager, as git does; elsewhere it is a plain patch.
    """
    from rescope.pipeline import applicable, rewrite
    from rescope.reporting.diff import render_parts, render_stat

    project, analysis = run_analysis(asked, quiet=quiet)
    result = rewrite(project.root, applicable(analysis.report.shown, unsafe=project.settings.unsafe))
    if stat:
        print(render_stat(result.changes), end="")
    else:
        parts = tuple(_parts(project.root, result, group_by))
        if not (side_by_side and _in_columns(parts, color, quiet=quiet)):
            _print(render_parts(parts, prefix(project.root)), color)
    for skip in result.refused:
        remark(f"left out: '{skip.subject.name}': {skip.reason}", quiet=quiet)
    hint = unsafe_hint(analysis.report, len(result.taken), unsafe=project.settings.unsafe)
    if hint:
        remark(hint, quiet=quiet)
    raise typer.Exit(exit_code(analysis, EXIT_FINDINGS if result.changes else 0))


def _parts(root: Path, result: Rewrite, group_by: GroupBy) -> "Iterator[Part]":
    from rescope.reporting.diff import Part, finding_part
    from rescope.steps import steps

    if group_by is GroupBy.FINDING:
        yield from (finding_part(group, changes) for group, changes in steps(root, result.taken))
    else:
        yield Part(changes=result.changes)


def _in_columns(parts: "tuple[Part, ...]", color: Color, *, quiet: bool) -> bool:
    from rescope.reporting.terminal import print_parts_side_by_side

    shown = print_parts_side_by_side(parts, color=color)
    if not shown:
        remark("--side-by-side needs a terminal of 100 columns; here is the unified diff", quiet=quiet)
    return shown


def _print(patch: bytes, color: Color) -> None:
    from rescope.reporting.terminal import page_diff, print_diff, wants_color

    if wants_color(color):
        show = page_diff if patch and sys.stdout.isatty() else print_diff
        show(patch, color=color)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(patch)
