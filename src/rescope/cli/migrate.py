"""rescope migrate: branches, commits and the text of pull requests."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rescope import vcs
from rescope.cli.analysis import run_exploration, unsafe_hint
from rescope.cli.options import (
    EXIT_FAILED,
    Asked,
    Quiet,
    asks,
    fail,
    open_project,
    remark,
)
from rescope.cli.publishing import Wanted, Work, print_dry_run, publish
from rescope.cli.suite import EXIT_INTERRUPTED, Asking, Python, Seeds, Timeout, laboratory
from rescope.migration.plan import Chosen, Cutting, NoOwners, SplitBy, choose, plan_branches
from rescope.model.plan import Skipped

if TYPE_CHECKING:
    from rescope.config import Project
    from rescope.migration.git import Checkout, Repository
    from rescope.model.report import Report
    from rescope.rule import RuleContext

_BRANCH = "rescope/isolate-tests"
_LISTED = 3


@asks
def migrate(
    context: typer.Context,
    asked: Asked,
    branch: Annotated[str, typer.Option("--branch", metavar="NAME", help="The new branch, or what several begin with.")] = _BRANCH,
    single_commit: Annotated[bool, typer.Option("--single-commit", help="One commit for everything.")] = False,
    max_groups: Annotated[
        int, typer.Option("--max-groups", metavar="N", min=0, help="Several branches, of at most N findings each; 0 for no limit.")
    ] = 0,
    split_by: Annotated[
        SplitBy | None, typer.Option("--split-by", help="A branch for each directory or group of code owners.", show_default=False)
    ] = None,
    push: Annotated[str, typer.Option("--push", metavar="REMOTE", help="Push the new branches there.", show_default=False)] = "",
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open pull requests with gh, after --push.")] = False,
    switch: Annotated[bool, typer.Option("--switch", help="Check the new branch out afterwards.")] = False,
    body_file: Annotated[
        Path | None,
        typer.Option("--body-file", metavar="FILE", help="Write the text of the pull request here, not to stdout.", show_default=False),
    ] = None,
    allow_dirty: Annotated[bool, typer.Option("--allow-dirty", help="Leave uncommitted changes aside: only HEAD is looked at.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the commits and the text, change nothing.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Run the suite in scratch copies first, commit only what breaks no test, tell the result.")
    ] = False,
    python: Python = None,
    seeds: Seeds = 3,
    timeout: Timeout = 0,
    quiet: Quiet = False,
) -> None:
    """Make a branch of commits that are read one by one, and print the text of its pull request.

    The commits are made in a temporary work tree: what is checked out, the index and the stash stay as they are, and HEAD only moves
    with --switch. Author, signing and hooks are those of the repository; the text of its commit template stands below each message.
    Run again after a branch was merged, it goes on with what is left. With --verify, everything behind -- goes to pytest.
    """
    from rescope.migration.git import GitRefused

    asking = Asking(python=python, seeds=seeds, workers=0, timeout=timeout, pytest_options=tuple(context.obj or ()), quiet=quiet)
    if not verify and (python is not None or asking.pytest_options):
        raise fail("--python and options for pytest only say something with --verify")
    wanted = Wanted(
        cutting=Cutting(name=branch, most=max_groups, by=split_by, single=single_commit),
        push=push,
        create_pr=create_pr,
        switch=switch,
        allow_dirty=allow_dirty,
        dry_run=dry_run,
        body_file=body_file,
        asking=asking if verify else None,
        quiet=quiet,
    )
    _check_options(wanted)
    try:
        work, crashed = _migrate(asked, wanted)
    except (GitRefused, NoOwners) as refused:
        raise fail(str(refused)) from refused
    except KeyboardInterrupt:
        remark("interrupted: there are no new branches, nothing was changed")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if work is not None:
        print_dry_run(work) if dry_run else publish(work)
    raise typer.Exit(EXIT_FAILED if crashed else 0)


def _check_options(wanted: Wanted) -> None:
    if wanted.create_pr and not wanted.push:
        raise fail("--create-pr needs --push REMOTE: a pull request is made of a branch that is there")
    if wanted.switch and (wanted.cutting.most or wanted.cutting.by):
        raise fail("--switch needs a single branch; it does not go with --max-groups or --split-by")
    if wanted.body_file is not None and not wanted.body_file.absolute().parent.is_dir():
        raise fail(f"{wanted.body_file}: no such folder")


def _migrate(asked: Asked, wanted: Wanted) -> "tuple[Work | None, bool]":
    """What was done, or with --dry-run would be, None for nothing; and whether a rule crashed."""
    from rescope.migration import git

    repository = git.find_repository(open_project(asked).root)
    git.check_branch_name(repository.top, wanted.cutting.name)
    dirty = _guard_dirty(repository, wanted)
    with contextlib.ExitStack() as stack:
        at = stack.enter_context(git.checkout(repository)) if dirty else None
        place, top = (_moved(asked, repository, at), at.folder) if at else (asked, repository.top)
        project, context, analysis = run_exploration(place, quiet=wanted.quiet)
        chosen, table = _choose(project, analysis.report, wanted)
        work = _plan(project, context, top, Work(wanted=wanted, repository=repository, report=analysis.report, chosen=chosen, table=table))
        if work.branches and not wanted.dry_run:
            _guard(project, work)
            _commit(at or stack.enter_context(git.checkout(repository)), work)
    return work if work.branches else None, bool(analysis.crashes)


# --- before anything is made ----------------------------------------------------------------------


def _guard_dirty(repository: "Repository", wanted: Wanted) -> bool:
    """Whether there are uncommitted changes, which then are left aside; refused unless that is asked for."""
    from rescope.migration import git

    dirty = git.changed(repository.top)
    if not dirty:
        return False
    listed = ", ".join(dirty[:_LISTED]) + (f" and {len(dirty) - _LISTED} more" if len(dirty) > _LISTED else "")
    if not wanted.allow_dirty:
        raise fail(f"uncommitted changes in {listed}; commit or stash them, or pass --allow-dirty to leave them aside")
    if wanted.asking is not None:
        raise fail(f"--verify runs the files as they are, and needs a clean tree; there are uncommitted changes in {listed}")
    if wanted.switch:
        raise fail(f"--switch needs a clean tree; there are uncommitted changes in {listed}")
    inner = git.submodules(repository.top)
    if inner:
        raise fail(f"{inner[0]} is a submodule, which --allow-dirty cannot look into at HEAD; commit or stash the changes in {listed}")
    remark(f"uncommitted changes are not looked at, and not part of the commits: {listed}", quiet=wanted.quiet)
    return True


def _moved(asked: Asked, repository: "Repository", at: "Checkout") -> Asked:
    """The same question about the checkout of HEAD."""
    places = []
    for place in asked.places():
        path = place.resolve()
        if not path.is_relative_to(repository.top) or not (at.folder / path.relative_to(repository.top)).exists():
            raise fail(f"{place}: not in the commit that is checked out")
        places.append(at.folder / path.relative_to(repository.top))
    return replace(asked, paths=places, no_cache=True, config=asked.config and asked.config.resolve())


def _choose(project: "Project", report: "Report", wanted: Wanted) -> tuple[Chosen, str]:
    """What is to be applied, and with --verify the table of before and after."""
    from rescope.pipeline import applicable

    root, unsafe = project.root.resolve(), project.settings.unsafe
    groups = applicable(report.shown, unsafe=unsafe)
    chosen, table = choose(root, groups), ""
    if wanted.asking is not None and chosen.taken:
        chosen, table = _proven(root, chosen, wanted.asking)
    for skip in chosen.left_out:
        remark(f"left out: '{skip.subject.name}': {skip.reason}", quiet=wanted.quiet)
    hint = unsafe_hint(report, len(groups), unsafe=unsafe)
    if hint:
        remark(hint, quiet=wanted.quiet)
    if not chosen.taken:
        remark("nothing to do", quiet=wanted.quiet)
    return chosen, table


def _proven(root: Path, chosen: Chosen, asking: Asking) -> tuple[Chosen, str]:
    """What of the groups breaks no test, and the table of before and after for them."""
    from rescope.model.verdict import Proposal
    from rescope.pipeline import rewrite
    from rescope.reporting.verdict import render_verdict_markdown
    from rescope.verify import judge, measure
    from rescope.verify.prove import Trials, prove

    with laboratory(root, asking) as lab:
        before = measure.explore(lab, measure.baseline(lab, sides=2), (), "before")
        changes = rewrite(root, chosen.taken).changes
        before, after = measure.compare(lab, before, changes)
        if judge.regressions(before, after):
            held = prove(lab, root, chosen.taken, Trials(before=before), allowed=None)
            broken = tuple(Skipped(subject=group.finding.subject, reason=f"--verify: {reason}") for group, reason in held.left_out)
            again = choose(root, held.kept)
            chosen = Chosen(taken=again.taken, left_out=(*chosen.left_out, *broken, *again.left_out))
            changes = rewrite(root, chosen.taken).changes
            before, after = measure.compare(lab, before, changes) if changes else (before, before)
        verdict = judge.judge(before, after)
    if verdict.regressions:
        raise fail(f"{verdict.regressions[0].test} does worse with the changes, whatever is left out; nothing was committed")
    proposal = Proposal(groups=len(chosen.taken), files=len(changes), python=str(lab.suite.python))
    return chosen, render_verdict_markdown(verdict, proposal)


def _plan(project: "Project", context: "RuleContext", top: Path, work: Work) -> Work:
    """The work with its branches, in the checkout at `top`."""
    root, cutting = project.root.resolve(), work.wanted.cutting
    planned = replace(
        work,
        branches=plan_branches(root, top, work.chosen.taken, cutting) if work.chosen.taken else (),
        uses={f.address: len(context.graph.tests_using(f)) for f in context.graph.definitions()},
        prefix=vcs.prefix(project.root),
    )
    for branch in planned.branches:
        if cutting.most and len(branch.groups) > cutting.most:
            together = f"{branch.name}: {len(branch.groups)} findings share definitions or rely on each other, and stay together"
            remark(together, quiet=work.wanted.quiet)
    return planned


def _guard(project: "Project", work: Work) -> None:
    """Refuse what git could not commit, and names that are taken, before anything is made."""
    from rescope.migration import git

    paths = sorted(path for branch in work.branches for path in branch.paths())
    for path in vcs.in_submodule(project.root, paths) or ():
        raise fail(f"{path} belongs to another repository; run rescope there")
    for path in vcs.ignored(project.root, paths) or ():
        raise fail(f"{path} is ignored by git and cannot be committed")
    top = work.repository.top
    names = [branch.name for branch in work.branches]
    for name in names:
        if git.branch_exists(top, name):
            raise fail(f"there is a branch {name} already; once it is merged, `git branch -d {name}`; or choose another name with --branch")
    push = work.wanted.push
    for name in git.remote_branches(top, push, names) if push else ():
        raise fail(f"{push} has a branch {name} already; delete it there, or choose another --branch")


# --- making it ------------------------------------------------------------------------------------


def _commit(at: "Checkout", work: Work) -> None:
    """Make all branches, or none."""
    from rescope.migration import git
    from rescope.verify.interrupts import undisturbed

    with git.new_branches(work.repository) as made:
        for branch in work.branches:
            first = {c.path: c.before for commit in reversed(branch.commits) for c in commit.changes}
            git.leave_branch(at)
            for path, before in first.items():
                git.check_unchanged(at, work.prefix + path, before)
            with undisturbed():
                git.start_branch(at, branch.name)
                made.append(branch.name)
            for number, commit in enumerate(branch.commits, 1):
                made_as = git.commit(at, commit, work.prefix)
                remark(f"{branch.name} {number}/{len(branch.commits)}: {made_as[:12]} {commit.subject}", quiet=work.wanted.quiet)
        git.leave_branch(at)
