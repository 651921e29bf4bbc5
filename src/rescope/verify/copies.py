"""Scratch copies of the working tree, as it is now: with what is not committed, and with what git ignores but suites need."""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rescope import vcs
from rescope.model.plan import FileChange
from rescope.verify.interrupts import signals_raise, undisturbed

_LEFT_OUT = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".rescope",
        ".tox",
        ".nox",
        ".direnv",
        ".pixi",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
        "__pycache__",
        "__pypackages__",
        "node_modules",
    }
)
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy of everything below `original` at `top`; the project is at `root` in it."""

    original: Path
    top: Path
    root: Path


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder that is gone afterwards, also when the user or the system interrupts."""
    with signals_raise():
        folder = None
        try:
            with undisturbed():
                folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="rescope-")))
            yield folder
        finally:
            if folder is not None:
                with undisturbed():
                    remove(folder)


@contextlib.contextmanager
def scratch_copy(root: Path, folder: Path, changes: Sequence[FileChange] = ()) -> Iterator[Copy]:
    """A fresh copy of the project and the repository around it, below `folder`, with the changes applied."""
    root = Path(os.path.realpath(root))
    original = _copied_top(root)
    # The name of the folder is the name of a package where it holds an __init__.py.
    target = folder / (original.name[:_NAME_LENGTH] or "project")
    record = None
    try:
        with undisturbed():
            if original == vcs.repository(root) and vcs.add_worktree(original, target):
                record = vcs.worktree_record(target)
        copy = Copy(original=original, top=target, root=target / root.relative_to(original))
        _copy_tree(original, copy)
        _apply(changes, copy.root)
        yield copy
    finally:
        with undisturbed():
            if record is not None:
                vcs.remove_worktree(original, target, record)
            remove(target)


def _copied_top(root: Path) -> Path:
    # Who keeps a home folder under version control does not want all of it copied.
    top = vcs.repository(root)
    return root if top is None or top == Path(os.path.realpath(Path.home())) else top


def _apply(changes: Sequence[FileChange], root: Path) -> None:
    for change in changes:
        (root / change.path).write_bytes(change.after)


# --- files ----------------------------------------------------------------------------------------


def _copy_tree(original: Path, copy: Copy) -> None:
    for folder, names, files in os.walk(original):
        here = Path(folder)
        there = copy.top / here.relative_to(original)
        there.mkdir(parents=True, exist_ok=True)
        for name in [*files, *(n for n in names if (here / n).is_symlink())]:
            if name not in _LEFT_OUT:
                _copy_file(here / name, there / name, copy)
        # The folder for temporary files may lie in the tree.
        names[:] = [n for n in names if not _left_out(here / n) and here / n != copy.top.parent]


def _left_out(folder: Path) -> bool:
    return folder.name in _LEFT_OUT or folder.is_symlink() or any((folder / mark).exists() for mark in _ENVIRONMENT_MARKS)


def _copy_file(source: Path, target: Path, copy: Copy) -> None:
    # What the user cannot read, the suite cannot read either; what vanishes meanwhile is none of ours.
    with contextlib.suppress(PermissionError, FileNotFoundError):
        if source.is_symlink():
            target.symlink_to(_link(source, copy), target_is_directory=source.is_dir())
        elif stat.S_ISREG(source.lstat().st_mode):
            shutil.copy2(source, target)


def _link(source: Path, copy: Copy) -> Path:
    """Where the copy of a link leads: into the copy if the link stays in the tree, else to the same place as before."""
    aim = source.readlink()
    absolute = Path(os.path.normpath(source.parent / aim))
    if not absolute.is_relative_to(copy.original):
        return absolute
    return copy.top / absolute.relative_to(copy.original) if aim.is_absolute() else aim


def remove(folder: Path) -> None:
    """Take a folder away, write-protected files included; what the system still refuses is left."""

    def again(action: Callable[[str], object], path: str, _: object) -> None:
        with contextlib.suppress(OSError):
            Path(path).parent.chmod(stat.S_IRWXU)
            Path(path).chmod(stat.S_IRWXU)
            action(path)

    for _ in range(3):  # a process that was just killed may still write
        shutil.rmtree(folder, onerror=again)
        if not folder.exists():
            return
