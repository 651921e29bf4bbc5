"""rescope diff: the dry run."""

import sys
from typing import Annotated

import typer

from rescope.cli.analysis import exit_code, run_analysis, unsafe_hint
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
    remark,
)
from rescope.model.plan import FileChange
from rescope.vcs import prefix


def diff(
    paths: Paths = None,
    select: Select = None,
    ignore: Ignore = None,
    only: Only = None,
    unsafe: Unsafe = False,
    exclude: Exclude = None,
    config: ConfigFile = None,
    jobs: Jobs = 0,
    no_cache: NoCache = False,
    stat: Annotated[bool, typer.Option("--stat", help="Only the numbers of changed lines.")] = False,
    color: Colored = Color.AUTO,
    quiet: Quiet = False,
) -> None:
    """Print the unified diff of everything that `rescope fix` would write; write nothing."""
    from rescope.pipeline import applicable, rewrite

    asked = Asked(
        paths=paths, select=select, ignore=ignore, only=only, unsafe=unsafe, exclude=exclude, config=config, jobs=jobs, no_cache=no_cache
    )
    project, analysis = run_analysis(asked, quiet=quiet)
    result = rewrite(project.root, applicable(analysis.report.plan, unsafe=project.settings.unsafe))
    _print(result.changes, prefix(project.root), color, stat=stat)
    for skip in result.refused:
        remark(f"left out: '{skip.subject.name}': {skip.reason}", quiet=quiet)
    hint = unsafe_hint(analysis.report, len(result.taken), unsafe=project.settings.unsafe)
    if hint:
        remark(hint, quiet=quiet)
    raise typer.Exit(exit_code(analysis, EXIT_FINDINGS if result.changes else 0))


def _print(changes: tuple[FileChange, ...], below: str, color: Color, *, stat: bool) -> None:
    from rescope.reporting.diff import render_diff, render_stat
    from rescope.reporting.terminal import print_diff, wants_color

    if stat:
        print(render_stat(changes), end="")
        return
    patch = render_diff(changes, below)
    if wants_color(color):
        print_diff(patch, color=color)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(patch)
