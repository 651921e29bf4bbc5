"""rescope fix: rewrite in place."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from rescope import vcs
from rescope.cli.analysis import run_analysis, unsafe_hint
from rescope.cli.options import (
    EXIT_FAILED,
    Asked,
    Quiet,
    asks,
    fail,
    open_project,
    remark,
)
from rescope.cli.suite import Asking, Python, Seeds, Timeout, laboratory
from rescope.model.plan import ChangeGroup, FileChange, Skipped
from rescope.model.report import Report, Rewrite
from rescope.writing import WriteRefused, recover, write


@asks
def fix(
    context: typer.Context,
    asked: Asked,
    interactive: Annotated[bool, typer.Option("--interactive", "-i", help="Ask for each change group.")] = False,
    allow_dirty: Annotated[bool, typer.Option("--allow-dirty", help="Also change files with uncommitted changes.")] = False,
    allow_no_vcs: Annotated[bool, typer.Option("--allow-no-vcs", help="Also change files outside version control.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Run the suite in scratch copies first, and write only what breaks no test.")
    ] = False,
    max_slowdown: Annotated[
        float | None,
        typer.Option("--max-slowdown", metavar="PCT", help="With --verify: the largest slow-down of the suite.", show_default=False),
    ] = None,
    python: Python = None,
    seeds: Seeds = 3,
    timeout: Timeout = 0,
    quiet: Quiet = False,
) -> None:
    """Rewrite the project in place: all edits or none; `rescope undo` puts everything back.

    With --verify, everything behind -- goes to pytest.
    """
    from rescope.pipeline import applicable, rewrite

    asking = Asking(python=python, seeds=seeds, workers=0, timeout=timeout, pytest_options=tuple(context.obj or ()), quiet=quiet)
    if not verify and (max_slowdown is not None or python is not None or asking.pytest_options):
        raise fail("--max-slowdown, --python and options for pytest only say something with --verify")

    _recover(open_project(asked).root)
    project, analysis = run_analysis(asked, quiet=quiet)
    groups = applicable(analysis.report.shown, unsafe=project.settings.unsafe)
    over: dict[str, bytes] = {}
    kept = 0
    if interactive:
        groups, over, kept = _chosen(project.root, groups)
    result = rewrite(project.root, groups, over)
    _guard(project.root, result.changes, allow_dirty=allow_dirty, allow_no_vcs=allow_no_vcs)
    if verify and result.taken:
        result = _proven(project.root, result, asking, max_slowdown, over)
    try:
        write(project.root, result.changes)
    except WriteRefused as refused:
        raise fail(f"{refused.path}: {refused.reason}; nothing was written") from refused
    _tell(result, analysis.report, kept=kept, unsafe=project.settings.unsafe, quiet=quiet)
    raise typer.Exit(EXIT_FAILED if analysis.crashes else 0)


def _recover(root: Path) -> None:
    """Put an interrupted run right before anything is read."""
    try:
        found = recover(root)
    except (WriteRefused, OSError) as error:
        raise fail(f"an earlier run was interrupted and could not be repaired: {error}", EXIT_FAILED) from error
    if found is not None:
        remark(f"an earlier run was interrupted: {len(found.restored)} restored, {len(found.removed)} removed")
        for left in found.left_alone:
            remark(f"{left.path}: {left.reason}")


def _guard(root: Path, changes: tuple[FileChange, ...], *, allow_dirty: bool, allow_no_vcs: bool) -> None:
    """Refuse what cargo fix refuses: work that only exists in the working tree could be lost."""
    paths = [c.path for c in changes]
    if not paths:
        return
    if not vcs.is_tracked_tree(root):
        if not allow_no_vcs:
            raise fail(f"{root} is not under version control; commit it first, or pass --allow-no-vcs")
        return
    inner = vcs.in_submodule(root, paths)
    if inner:
        raise fail(f"{inner[0]} belongs to another repository; run rescope there")
    old = [c.path for c in changes if c.before is not None]
    dirty = (*(vcs.uncommitted(root, old) or ()), *(vcs.ignored(root, old) or ()))
    if dirty and not allow_dirty:
        raise fail(f"uncommitted changes in {', '.join(dict.fromkeys(dirty))}; commit or stash them, or pass --allow-dirty")


def _chosen(root: Path, groups: tuple[ChangeGroup, ...]) -> tuple[tuple[ChangeGroup, ...], dict[str, bytes], int]:
    """The groups that the user takes, the files that remember what is to be kept, and how much that is."""
    from rescope.cli.interactive import ask
    from rescope.keeping import with_keeps

    answers = ask(root, groups)
    over, homeless = with_keeps(root, answers.keeps)
    for subject in homeless:
        remark(f"'{subject.name}' is left alone this time, but that cannot be written down: no room beside it, and no pyproject.toml")
    return answers.taken, over, len(answers.keeps) - len(homeless)


def _proven(root: Path, result: Rewrite, asking: Asking, allowed: float | None, over: dict[str, bytes]) -> Rewrite:
    """What is left of the rewrite when everything that breaks a test or costs too much is taken out."""
    from rescope.pipeline import rewrite
    from rescope.verify.measure import baseline
    from rescope.verify.prove import Trials, prove

    with laboratory(root, asking) as lab:
        trials = Trials(before=baseline(lab, sides=1))
        held = prove(lab, root, result.taken, trials, allowed=allowed)
        orders = ", ".join(order.name for order in lab.orders)
    left_out = tuple(Skipped(subject=group.finding.subject, reason=reason) for group, reason in held.left_out)
    if held.kept:
        cost = f"; slow-down {trials.slowdown:+.1f} %" if trials.slowdown is not None else ""
        typer.echo(f"no regression in {orders}{cost}")
    return replace(rewrite(root, held.kept, over), refused=(*result.refused, *left_out))


def _tell(result: Rewrite, report: Report, *, kept: int, unsafe: bool, quiet: bool) -> None:
    for change in result.changes:
        typer.echo(f"{'created' if change.before is None else 'changed'} {change.path}")
    for skip in result.refused:
        remark(f"left out: '{skip.subject.name}': {skip.reason}", quiet=quiet)
    count, files = len(result.taken), len(result.changes)
    fixed = [f"{count} {'finding' if count == 1 else 'findings'} fixed"] if count else []
    done = " and ".join([*fixed, *([f"{kept} kept"] if kept else [])])
    typer.echo(f"{done} in {files} {'file' if files == 1 else 'files'}" if done else "nothing to do")
    hint = unsafe_hint(report, count + len(result.refused), unsafe=unsafe)
    if hint:
        remark(hint, quiet=quiet)
