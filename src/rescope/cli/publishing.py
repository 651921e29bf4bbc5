"""What becomes of the branches of a migration: texts, pushes, pull requests, and the commands that are left to type."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rescope.cli.options import fail, remark

if TYPE_CHECKING:
    from rescope.cli.suite import Asking
    from rescope.migration.git import Repository
    from rescope.migration.plan import Chosen, Cutting, PlannedBranch
    from rescope.model.address import Address
    from rescope.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the options of one call ask for beside the analysis; `asking` says how --verify runs the suite, None for not at all."""

    cutting: "Cutting"
    push: str
    create_pr: bool
    switch: bool
    allow_dirty: bool
    dry_run: bool
    body_file: Path | None
    asking: "Asking | None"
    quiet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Everything that is known before the first commit; `table` is the Markdown of --verify, "" without it."""

    wanted: Wanted
    repository: "Repository"
    report: "Report"
    chosen: "Chosen"
    table: str
    branches: "tuple[PlannedBranch, ...]" = ()
    uses: "Mapping[Address, int]" = field(default_factory=dict)
    prefix: str = ""


def publish(work: Work) -> None:
    """Push, open pull requests, print texts and what is left to type; the branches stay even if one of these fails."""
    from rescope.migration import git

    _put_texts(work)
    names = [branch.name for branch in work.branches]
    try:
        if work.wanted.push:
            git.push(work.repository.top, work.wanted.push, names)
            remark(f"pushed {', '.join(names)} to {work.wanted.push}", quiet=work.wanted.quiet)
        opened = work.wanted.create_pr and _create_pull_requests(work)
        if work.wanted.switch:
            git.switch(work.repository.top, names[0])
    except git.GitRefused as refused:
        left = "\n".join(f"  {line}" for line in (_push_command(work), *_pull_request_commands(work)))
        raise fail(f"{refused}\n{', '.join(names)}: made all the same; what is not done yet can be done by\n{left}") from refused
    lines = [*([] if work.wanted.push else [_push_command(work)]), *([] if opened else _pull_request_commands(work))]
    if lines:
        remark("\n".join(["to go on:", *(f"  {line}" for line in lines)]), quiet=work.wanted.quiet)


def _create_pull_requests(work: Work) -> bool:
    """Whether they could be opened; False without gh."""
    from rescope.migration import git

    gh = git.gh()
    if gh is None:
        remark("gh is not installed")
        return False
    for branch in work.branches:
        remark(gh(work.repository.top, [*_pull_request(work, branch), "--body-file", "-"], _text(work, branch)), quiet=False)
    return True


# --- what is printed ------------------------------------------------------------------------------


def print_dry_run(work: Work) -> None:
    """Print the commits of each branch, with what they change, and the text."""
    from rescope.reporting.diff import render_stat

    for branch in work.branches:
        print(f"branch {branch.name}, {len(branch.commits)} {'commit' if len(branch.commits) == 1 else 'commits'}\n")
        for commit in branch.commits:
            indented = "\n".join(f"    {line}".rstrip() for line in commit.message.splitlines())
            print(f"{indented}\n\n{render_stat(commit.changes)}")
        print(_text(work, branch), end="")


def _put_texts(work: Work) -> None:
    for branch, file in zip(work.branches, _body_files(work), strict=True):
        text = _text(work, branch)
        if file is None:
            print(text if len(work.branches) == 1 else f"<!-- {branch.name} -->\n\n{text}", end="")
            continue
        try:
            file.write_text(text, "utf-8")
        except OSError as error:
            print(text, end="")
            remark(f"{file}: the text cannot be written: {error.strerror}; it is on stdout")


def _body_files(work: Work) -> Iterator[Path | None]:
    """A file for each branch: the one that was named, or that with a number."""
    file = work.wanted.body_file
    for number in range(1, len(work.branches) + 1):
        yield file if file is None or len(work.branches) == 1 else file.with_stem(f"{file.stem}-{number}")


def _pull_request_commands(work: Work) -> list[str]:
    files = [str(file or "FILE-WITH-THE-TEXT") for file in _body_files(work)]
    pairs = zip(work.branches, files, strict=True)
    return [shlex.join(["gh", *_pull_request(work, branch), "--body-file", file]) for branch, file in pairs]


def _push_command(work: Work) -> str:
    remote = work.wanted.push or _remote(work) or "REMOTE"
    return shlex.join(["git", "push", "--set-upstream", remote, *(branch.name for branch in work.branches)])


def _pull_request(work: Work, branch: "PlannedBranch") -> list[str]:
    from rescope.migration.commits import title
    from rescope.migration.git import upstream

    base = upstream(work.repository.top, work.repository.branch)[1]
    onto = ["--base", base] if base else []
    return ["pr", "create", "--head", branch.name, *onto, "--title", title(branch.groups)]


def _text(work: Work, branch: "PlannedBranch") -> str:
    from rescope.reporting.pull_request import PullRequest, Sibling, render_pull_request

    others = [other for other in work.branches if other is not branch]
    request = PullRequest(
        groups=branch.groups,
        commits=tuple(commit.subject for commit in branch.commits),
        base=work.repository.head,
        links=_links(work),
        uses=work.uses,
        left_out=work.chosen.left_out,
        table=work.table,
        beside=tuple(Sibling(name=o.name, groups=o.groups, shared=tuple(sorted(branch.paths() & o.paths()))) for o in others),
    )
    return render_pull_request(work.report, request)


def _links(work: Work) -> str:
    from urllib.parse import quote

    from rescope.migration.forge import blob_links
    from rescope.migration.git import remote_url

    remote = _remote(work)
    url = remote_url(work.repository.top, remote) if remote else ""
    return blob_links(url, work.repository.head) + quote(work.prefix)


def _remote(work: Work) -> str:
    """The remote that is pushed to, or that the branch follows, or origin, or the only one."""
    from rescope.migration.git import upstream

    repository = work.repository
    known = (work.wanted.push, upstream(repository.top, repository.branch)[0], "origin" if "origin" in repository.remotes else "")
    return next((name for name in known if name), repository.remotes[0] if len(repository.remotes) == 1 else "")
