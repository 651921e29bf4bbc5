"""Changes to files, and what a folder holds."""

import os
import stat
from pathlib import Path

from rescope.model.plan import FileChange

Tree = dict[str, tuple[str, bytes]]


def change(path: str, before: bytes | None, after: bytes) -> FileChange:
    return FileChange(path=path, before=before, after=after)


def everything(root: Path) -> Tree:
    """Kind and mode, and content or link target, of all files."""
    found = {}
    for path in sorted(root.rglob("*")):
        content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[path.relative_to(root).as_posix()] = (oct(path.lstat().st_mode), content)
    return found


def snapshot(root: Path) -> Tree:
    """The files, links and whatever else is neither a folder nor in `.rescope`."""
    folder = oct(stat.S_IFDIR)[:4]
    return {name: found for name, found in everything(root).items() if name.split("/")[0] != ".rescope" and not found[0].startswith(folder)}
