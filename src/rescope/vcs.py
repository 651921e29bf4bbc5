"""What git knows about files, asked through its command line; None or False where git is missing or cannot tell, never an exception.

No hook or file-system monitor of the repository is run, nothing is asked of the user, and but for scratch work trees git
only reads here and takes no lock. Paths are relative to the given root, with forward slashes, and come back as they were
given and in that order. Symbolic links are followed, since it is their targets that get written.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# Windows takes 32767 characters in all; a path of four-byte characters still stays below that.
_COMMAND_LENGTH = 16_000
_GITLINK = b"160000"
_QUIET = ("--no-optional-locks", "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


def is_tracked_tree(root: Path) -> bool:
    """Whether `root` lies in the work tree of a git repository."""
    return bool(_git(root, "rev-parse", "--show-toplevel"))


def repository(root: Path) -> Path | None:
    """The top of the work tree around `root`, with links resolved; None without git."""
    output = _git(root, "rev-parse", "--show-toplevel")
    return Path(os.path.realpath(os.fsdecode(output.removesuffix(b"\n")))) if output else None


def add_worktree(top: Path, folder: Path) -> bool:
    """Whether git made `folder` a detached work tree, with a filled index and no files; it cannot without a commit."""
    if _git(top, "worktree", "add", "--quiet", "--detach", "--no-checkout", str(folder)) is None:
        return False
    return _git(folder, "read-tree", "HEAD") is not None


def worktree_record(folder: Path) -> Path | None:
    """Where git keeps its record of the linked work tree at `folder`; None if it is none."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        record = Path((folder / ".git").read_text("utf-8").removeprefix("gitdir:").strip())
        return record if record.parent.name == "worktrees" else None
    return None


def remove_worktree(top: Path, folder: Path, record: Path) -> None:
    """Make git forget a work tree, whatever has become of its files."""
    # No `worktree prune`: that would also forget trees of the user that are away for a while, on a disk that is not mounted.
    _git(top, "worktree", "remove", "--force", "--force", str(folder))
    shutil.rmtree(record, ignore_errors=True)
    with contextlib.suppress(OSError):
        record.parent.rmdir()


def prefix(root: Path) -> str:
    """The path of root below the top of its repository, ending in a slash; "" at the top or without a repository."""
    shown = _git(root, "rev-parse", "--show-prefix")
    return os.fsdecode(shown.removesuffix(b"\n")) if shown else ""


def uncommitted(root: Path, paths: Sequence[str]) -> tuple[str, ...] | None:
    """Those of `paths` with staged, unstaged or untracked changes, of which git could not give back the bytes; None without git.

    Files that git ignores or that belong to a submodule are not among them: see `ignored` and `in_submodule`.
    """
    asked = _asked(root, paths)
    changed = None if asked is None else _changed(asked)
    return None if asked is None or changed is None else asked.only(changed)


def ignored(root: Path, paths: Sequence[str]) -> tuple[str, ...] | None:
    """Those of `paths` that git ignores; a tracked file never is; None without git."""
    asked = _asked(root, paths)
    if asked is None:
        return None
    matched = _matched(asked)
    tracked = None if matched is None else _listed(asked.top, "ls-files", "-z", names=sorted(matched))
    return None if matched is None or tracked is None else asked.only(matched - tracked)


def in_submodule(root: Path, paths: Sequence[str]) -> tuple[str, ...] | None:
    """Those of `paths` that lie in a submodule, or in another repository inside the one around `root`; None without git."""
    asked = _asked(root, paths)
    return None if asked is None else asked.only(asked.foreign)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Paths with their names from `top` on, where they lie inside; `foreign` names are in a repository of their own."""

    top: Path
    names: tuple[tuple[str, str], ...]
    foreign: frozenset[str]

    def own(self) -> tuple[str, ...]:
        return tuple(sorted({name for _, name in self.names} - self.foreign))

    def only(self, found: frozenset[str]) -> tuple[str, ...]:
        return tuple(path for path, name in self.names if name in found)


def _asked(root: Path, paths: Sequence[str]) -> _Asked | None:
    top = repository(root)
    links = _submodules(top) if top else None
    if top is None or links is None:
        return None
    names = tuple((path, name) for path in paths if (name := _name(top, root / path)))
    return _Asked(top=top, names=names, foreign=_foreign(top, (name for _, name in names), links))


def _submodules(top: Path) -> frozenset[str] | None:
    output = _git(top, "ls-files", "--stage", "-z")
    if output is None:
        return None
    entries = (entry.partition(b"\t") for entry in output.split(b"\0") if entry.startswith(_GITLINK))
    return frozenset(os.fsdecode(name) for _, _, name in entries)


def _name(top: Path, path: Path) -> str:
    try:
        real = Path(os.path.realpath(path))
    except (OSError, ValueError):
        return ""
    return real.relative_to(top).as_posix() if real != top and real.is_relative_to(top) else ""


def _foreign(top: Path, names: Iterable[str], links: frozenset[str]) -> frozenset[str]:
    # Git answers nothing at all about files in a repository that was cloned into this one but never added.
    above = {name: {parent.as_posix() for parent in Path(name).parents} - {"."} for name in names}
    folders = set().union(*above.values())
    roots = links | {folder for folder in folders if os.path.lexists(top / folder / ".git")}
    return frozenset(name for name, folders in above.items() if not roots.isdisjoint({name, *folders}))


def _changed(asked: _Asked) -> frozenset[str] | None:
    options = ("--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all")
    entries = _listed(asked.top, "status", *options, names=asked.own())
    return None if entries is None else frozenset(entry[len("XY ") :] for entry in entries)


def _matched(asked: _Asked) -> frozenset[str] | None:
    # This command takes no literal names: behind "./" a colon is not magic, and without the index a star matches no tracked file.
    names = b"".join(os.fsencode(f"./{name}\0") for name in asked.own())
    output = _git(asked.top, "check-ignore", "--no-index", "-z", "--stdin", stdin=names)
    return None if output is None else frozenset(name.removeprefix("./") for name in _split(output))


def _listed(top: Path, command: str, *options: str, names: Sequence[str]) -> frozenset[str] | None:
    listed: set[str] = set()
    for part in _parts(names):
        output = _git(top, command, *options, "--", *part)
        if output is None:
            return None
        listed.update(_split(output))
    return frozenset(listed)


def _parts(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    part: list[str] = []
    length = 0
    for name in names:
        if part and length + len(name) > _COMMAND_LENGTH:
            yield tuple(part)
            part, length = [], 0
        part.append(name)
        length += len(name) + 1
    if part:
        yield tuple(part)


def _split(output: bytes) -> list[str]:
    return [os.fsdecode(each) for each in output.split(b"\0") if each]


def _git(folder: Path, command: str, *arguments: str, stdin: bytes = b"") -> bytes | None:
    program = shutil.which("git")
    # A relative answer names a program in the current folder, which may be the project that is being looked at.
    if program is None or not Path(program).is_absolute():
        return None
    ignoring = command == "check-ignore"
    literal = () if ignoring else ("--literal-pathspecs",)
    try:
        done = subprocess.run(
            [program, "-C", str(folder), *_QUIET, *literal, command, *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env=_environment(),
        )
    except (OSError, ValueError):
        return None
    return done.stdout if done.returncode in ((0, 1) if ignoring else (0,)) else None


def _environment() -> dict[str, str]:
    # A hook that runs rescope hands down GIT_DIR and GIT_INDEX_FILE of its own repository.
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("GIT_")}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
