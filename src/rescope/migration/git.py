"""Branches and commits by git's command line, as the user set it up, in a checkout beside the user's own."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rescope import vcs
from rescope.migration.commits import Commit
from rescope.verify.copies import scratch_folder
from rescope.verify.interrupts import undisturbed

# By these a hook or an alias that runs rescope would redirect git to another repository.
_ELSEWHERE = frozenset(
    (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_PREFIX",
        "GIT_NAMESPACE",
        "GIT_QUARANTINE_PATH",
    )
)
_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
_READ = (".py", ".toml", ".ini", ".cfg", ".gitignore")


class GitRefused(Exception):
    """Git, a hook, or signing said no; the text is what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The repository at `top`: the commit that is checked out, its branch ("" if detached), and what its remotes are called."""

    top: Path
    head: str
    branch: str
    remotes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A second checkout of a commit, in a folder of its own."""

    repository: Repository
    folder: Path


def find_repository(place: Path) -> Repository:
    """The repository around a folder; GitRefused where there is none, no git, or no commit."""
    top = Path(os.path.realpath(run(place, "rev-parse", "--show-toplevel")))
    try:
        head = run(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except GitRefused:
        raise GitRefused(f"{top}: there is no commit yet") from None
    return Repository(
        top=top, head=head, branch=asked(top, "symbolic-ref", "--quiet", "--short", "HEAD"), remotes=_lines(run(top, "remote"))
    )


def changed(top: Path) -> tuple[str, ...]:
    """What differs from HEAD: tracked files, and untracked ones that rescope would read."""
    options = ("--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=untracked")
    entries = [entry for entry in run(top, "--no-optional-locks", "status", *options).split("\0") if entry]
    return tuple(entry[3:] for entry in entries if not entry.startswith("??") or entry.endswith(_READ))


def submodules(top: Path) -> tuple[str, ...]:
    """The submodules that are checked out."""
    entries = run(top, "ls-files", "--stage", "-z").split("\0")
    paths = (entry.partition("\t")[2] for entry in entries if entry.startswith("160000"))
    return tuple(path for path in paths if os.path.lexists(top / path / ".git"))


def branch_exists(top: Path, name: str) -> bool:
    """Whether there is a local branch of that name."""
    return bool(asked(top, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}"))


def check_branch_name(top: Path, name: str) -> None:
    """GitRefused for a name that no branch can have."""
    run(top, "check-ref-format", "--branch", name)


def remote_branches(top: Path, remote: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that are branches of the remote; GitRefused where that cannot be reached."""
    wanted = {f"refs/heads/{name}": name for name in names}
    found = (line.partition("\t")[2] for line in _lines(run(top, "ls-remote", "--", remote, *wanted)))
    return tuple(wanted[ref] for ref in found if ref in wanted)


def remote_url(top: Path, remote: str) -> str:
    """The address that the remote is pushed to; a remote may be given by its address."""
    return asked(top, "remote", "get-url", "--push", "--", remote) or remote


def upstream(top: Path, branch: str) -> tuple[str, str]:
    """Remote and branch that a local branch follows, "" for each that there is none of."""
    remote = asked(top, "config", "--get", f"branch.{branch}.remote") if branch else ""
    merge = asked(top, "config", "--get", f"branch.{branch}.merge") if branch else ""
    return remote, merge.removeprefix("refs/heads/")


@contextlib.contextmanager
def checkout(repository: Repository) -> Iterator[Checkout]:
    """HEAD in a temporary work tree that is gone afterwards, whatever happens."""
    with scratch_folder() as scratch:
        # Git names its record of a work tree after the folder.
        folder = scratch / scratch.name
        try:
            # The repository's hooks are for commits of the user; a checkout beside may not even be seen by them.
            run(repository.top, *_NO_HOOKS, "worktree", "add", "--quiet", "--detach", str(folder), repository.head, lfs=False)
            yield Checkout(repository=repository, folder=folder)
        finally:
            with undisturbed():
                record = vcs.worktree_record(folder)
                if record is not None:
                    vcs.remove_worktree(repository.top, folder, record)


@contextlib.contextmanager
def new_branches(repository: Repository) -> Iterator[list[str]]:
    """A list for the names of branches as they are made; if anything fails, they are deleted."""
    made: list[str] = []
    try:
        yield made
    except BaseException:
        with undisturbed():
            for name in made:
                asked(repository.top, "update-ref", "-d", f"refs/heads/{name}")
        raise


def start_branch(at: Checkout, name: str) -> None:
    """Make a branch at the commit of the checkout's repository, and check it out there."""
    run(at.folder, *_NO_HOOKS, "switch", "--quiet", "--no-track", "--create", name, at.repository.head, lfs=False)


def leave_branch(at: Checkout) -> None:
    """Check out the commit that all began with."""
    run(at.folder, *_NO_HOOKS, "switch", "--quiet", "--detach", at.repository.head, lfs=False)


def commit(at: Checkout, change: Commit, prefix: str) -> str:
    """Commit the changes, and give the commit's hash; `prefix` leads from the top of the repository to the project.

    Author, signing and hooks are those of the repository; the text of its commit template stands below the message.
    """
    names = [_put(at.folder, prefix + each.path, each.after) for each in change.changes]
    message = at.folder.parent / "message"
    message.write_text(change.message + _template(at), "utf-8", newline="\n")
    hooks = ("-c", f"core.hooksPath={_hooks(at.repository.top)}", "-c", "i18n.commitEncoding=UTF-8")
    arguments = (*hooks, "commit", "--quiet", f"--file={message}")
    _add(at, names)
    try:
        run(at.folder, *arguments)
    except GitRefused:
        if not _formatted(at, names):
            raise
        # Hooks that format refuse at first and leave their work in the files: taking that over is what people do.
        _add(at, names)
        run(at.folder, *arguments)
    return run(at.folder, "rev-parse", "HEAD")


def check_unchanged(at: Checkout, name: str, before: bytes | None) -> None:
    """GitRefused unless a file of the checkout lies in it and is, for git, the same as one of the given bytes."""
    file = _inside(at.folder, name)
    there = file.read_bytes() if file.is_file() else None
    if there != before and (there is None or before is None or not _same_for_git(at, file, before)):
        raise GitRefused(f"{name}: differs from the commit that is checked out")


def _same_for_git(at: Checkout, file: Path, content: bytes) -> bool:
    """Whether both come to one blob: line endings and filters may make the user's file another one than a fresh checkout's."""
    name = file.relative_to(at.folder).as_posix()
    other = at.folder.parent / "content"
    other.write_bytes(content)
    return run(at.folder, "hash-object", f"--path={name}", str(other)) == run(at.folder, "rev-parse", f"{at.repository.head}:{name}")


def push(top: Path, remote: str, names: Sequence[str]) -> None:
    """Push new branches, and have them follow those of the remote."""
    run(top, "push", "--quiet", "--set-upstream", "--", remote, *(f"refs/heads/{name}:refs/heads/{name}" for name in names))


def switch(top: Path, name: str) -> None:
    """Check a branch out where the user works."""
    run(top, "switch", "--quiet", name)


# --- beneath --------------------------------------------------------------------------------------


def run(folder: Path, *arguments: str, lfs: bool = True) -> str:
    """What git prints, without the last line's end; GitRefused with what it said where it fails."""
    program = shutil.which("git")
    # A relative answer names a program in the current folder, which may be the project.
    if program is None or not Path(program).is_absolute():
        raise GitRefused("git is not installed")
    kept = {name: value for name, value in os.environ.items() if name.upper() not in _ELSEWHERE}
    extra = {} if lfs else {"GIT_LFS_SKIP_SMUDGE": "1"}
    command = [program, "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, check=False, env={**kept, **extra})
    if done.returncode:
        said = b"\n".join(part.strip() for part in (done.stdout, done.stderr) if part.strip()).decode("utf-8", "replace")
        raise GitRefused(said.removeprefix("error: ").removeprefix("fatal: ") or f"git {arguments[0]} failed")
    return os.fsdecode(done.stdout).removesuffix("\n")


def asked(folder: Path, *arguments: str) -> str:
    """As run, but "" where git fails."""
    try:
        return run(folder, *arguments)
    except GitRefused:
        return ""


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.splitlines())


def _put(folder: Path, name: str, content: bytes) -> str:
    """Write one file; the name under which git knows it, links resolved."""
    file = _inside(folder, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file.relative_to(folder).as_posix()


def _inside(folder: Path, name: str) -> Path:
    file = Path(os.path.realpath(folder / name))
    if not file.is_relative_to(folder):
        raise GitRefused(f"{name}: leads out of the repository")
    return file


def _add(at: Checkout, names: Sequence[str]) -> None:
    run(at.folder, "--literal-pathspecs", "add", "--", *names)


def _formatted(at: Checkout, names: Sequence[str]) -> bool:
    return bool(run(at.folder, "--literal-pathspecs", "diff", "--name-only", "--", *names))


def _hooks(top: Path) -> str:
    # A relative core.hooksPath may name a folder that git ignores: it is only there where the user works.
    return str(top / run(top, "rev-parse", "--git-path", "hooks"))


def _template(at: Checkout) -> str:
    """The commit template of the repository without its comments, after a blank line; "" without one."""
    name = asked(at.repository.top, "config", "--path", "--get", "commit.template")
    mark = asked(at.repository.top, "config", "--get", "core.commentChar") or "#"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        lines = (at.repository.top / name).read_text("utf-8").splitlines() if name else []
        text = "\n".join(line for line in lines if not line.startswith("#" if mark == "auto" else mark)).strip()
        return f"\n{text}\n" if text else ""
    return ""


def gh() -> Callable[[Path, Sequence[str], str], str] | None:
    """GitHub's command line as a function of folder, arguments and standard input; None where it is not installed."""
    program = shutil.which("gh")
    if program is None or not Path(program).is_absolute():
        return None

    def call(folder: Path, arguments: Sequence[str], text: str) -> str:
        done = subprocess.run([program, *arguments], cwd=folder, input=text.encode(), capture_output=True, check=False)
        if done.returncode:
            raise GitRefused(done.stderr.decode("utf-8", "replace").strip() or f"gh {arguments[0]} failed")
        return done.stdout.decode("utf-8", "replace").strip()

    return call
