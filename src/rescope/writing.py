"""Bytes into files: all of them or none, and back again.

The name of a file in `.rescope/journal/` is the state of a run. `writing.json` holds the old bytes of a run that is not
over, `done.json` those of the last finished one; one rename turns the first into the second. An undo is the same rename
backwards and then a recovery, so being killed has one cure for both.
"""

import base64
import contextlib
import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from rescope.model.plan import FileChange

_FOLDER = ".rescope"
_WRITING = "writing.json"
_DONE = "done.json"
_UNRESTORED = "unrestored.json"


class WriteRefused(Exception):
    """Nothing was written: `path`, relative to the root, stood in the way for `reason`."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class NothingToUndo(Exception):
    """No finished or interrupted write is on record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone:
    """A file that was not put back, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What became of an interrupted write: files that got their old bytes, new files taken away, files edited since."""

    restored: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What an undo put back and took away; `refused` only has entries when it finished an interrupted run."""

    restored: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    refused: tuple[LeftAlone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    path: str
    old: bytes | None
    new_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    path: str
    expected: str | None
    content: bytes | None


def write(root: Path, changes: Sequence[FileChange]) -> None:
    """Put all changes in place, or raise WriteRefused with every file as it was."""
    if not changes:
        return
    top = _real(root)
    with _locked(top) as journal:
        if os.path.lexists(journal / _WRITING):
            raise WriteRefused(_FOLDER, "an interrupted run has to be recovered first")
        accepted = _accepted(top, changes)
        if accepted:
            _commit(top, journal, accepted)


def recover(root: Path) -> Recovery | None:
    """Put back the old files of a write or an undo that was cut off; None where there is none; WriteRefused if that fails."""
    top = _real(root)
    if not os.path.lexists(top / _FOLDER / "journal" / _WRITING):
        return None
    with _locked(top) as journal:
        return _recover(top, journal)


def undo(root: Path) -> Undone:
    """Put back what the last write changed; WriteRefused, and nothing undone, if a file was edited since; else NothingToUndo."""
    top = _real(root)
    folder = top / _FOLDER / "journal"
    if not any(os.path.lexists(folder / name) for name in (_WRITING, _DONE)):
        raise NothingToUndo
    with _locked(top) as journal:
        done = _recover(top, journal) or _take_back(top, journal)
    return Undone(restored=done.restored, removed=done.removed, refused=done.left_alone)


def _commit(top: Path, journal: Path, changes: Sequence[FileChange]) -> None:
    steps = [_Step(path=each.path, expected=_digest(each.before), content=each.after) for each in changes]
    try:
        with _refusing(_FOLDER):
            _place(journal / _WRITING, _dumped(changes))
            _carry_out(top, steps)
            (journal / _WRITING).replace(journal / _DONE)
            _sync(journal)
    except BaseException as error:
        _roll_back(top, journal, error)
        raise


def _roll_back(top: Path, journal: Path, cause: BaseException) -> Recovery | None:
    try:
        return _recover(top, journal)
    except WriteRefused as stuck:
        reason = f"{stuck.reason}; some files are written, and the next run or an undo has to put them back"
        raise WriteRefused(stuck.path, reason) from cause


def _take_back(top: Path, journal: Path) -> Recovery:
    entries = _loaded(journal / _DONE)
    if entries is None:
        raise NothingToUndo
    _refuse_edited(top, entries)
    try:
        with _refusing(_FOLDER):
            (journal / _DONE).replace(journal / _WRITING)
            _sync(journal)
        recovery = _recover(top, journal)
    except WriteRefused as error:
        if _called_off(top, journal, entries):
            raise
        recovery = _roll_back(top, journal, error)
    except BaseException as error:
        _roll_back(top, journal, error)
        raise
    return recovery or Recovery()


def _called_off(top: Path, journal: Path, entries: tuple[_Entry, ...]) -> bool:
    # Once one file is back, only going on leads to a whole state.
    if not os.path.lexists(journal / _WRITING):
        return True
    with contextlib.suppress(OSError):
        for entry in entries:
            _temporary(top / entry.path).unlink(missing_ok=True)
        if all(_state(top / entry.path) == entry.new_sha256 for entry in entries):
            (journal / _WRITING).replace(journal / _DONE)
            return True
    return False


def _refuse_edited(top: Path, entries: tuple[_Entry, ...]) -> None:
    for entry in entries:
        with _refusing(entry.path):
            if _state(_same_target(top, entry.path)) not in {entry.new_sha256, _digest(entry.old)}:
                raise WriteRefused(entry.path, "edited since it was written, so nothing was undone")


def _recover(top: Path, journal: Path) -> Recovery | None:
    entries = _loaded(journal / _WRITING)
    if entries is None:
        return None
    recovery = _put_back(top, entries)
    with _refusing(_FOLDER):
        if recovery.left_alone:
            # The journal may hold the only copy of what such a file was.
            (journal / _WRITING).replace(journal / _UNRESTORED)
        else:
            (journal / _WRITING).unlink()
        _sync(journal)
    return recovery


def _put_back(top: Path, entries: tuple[_Entry, ...]) -> Recovery:
    ways = [_way_back(top, entry) for entry in entries]
    steps = [way for way in ways if isinstance(way, _Step)]
    _carry_out(top, steps)
    return Recovery(
        restored=tuple(step.path for step in steps if step.content is not None),
        removed=tuple(step.path for step in steps if step.content is None),
        left_alone=tuple(way for way in ways if isinstance(way, LeftAlone)),
    )


def _way_back(top: Path, entry: _Entry) -> _Step | LeftAlone | None:
    try:
        target = _same_target(top, entry.path)
    except WriteRefused as refused:
        return LeftAlone(path=entry.path, reason=refused.reason)
    with _refusing(entry.path):
        _temporary(target).unlink(missing_ok=True)
        now = _state(target)
    if now == _digest(entry.old):
        return None
    if now != entry.new_sha256:
        return LeftAlone(path=entry.path, reason="edited since it was written")
    return _Step(path=entry.path, expected=now, content=entry.old)


def _carry_out(top: Path, steps: Sequence[_Step]) -> None:
    # What needs space comes first: a full disk is found before anything is replaced.
    for step in steps:
        if step.content is not None:
            with _refusing(step.path):
                _store(_temporary(top / step.path), step.content, like=top / step.path)
    for step in steps:
        with _refusing(step.path):
            _switch(top / step.path, step)
    for folder in {(top / step.path).parent for step in steps}:
        _sync(folder)


def _switch(target: Path, step: _Step) -> None:
    if _state(target) != step.expected:
        raise WriteRefused(step.path, "changed while it was written")
    if step.content is None:
        target.unlink()
    else:
        _temporary(target).replace(target)


def _accepted(top: Path, changes: Sequence[FileChange]) -> tuple[FileChange, ...]:
    accepted: dict[str, FileChange] = {}
    for change in changes:
        target = _target(top, change.path)
        real = replace(change, path=target.relative_to(top).as_posix())
        if accepted.setdefault(real.path, real) != real:
            raise WriteRefused(change.path, f"named twice (as {real.path}), with different content")
        with _refusing(change.path):
            reason = _folder_obstacle(target) or _file_obstacle(top / change.path, target, change)
        if reason:
            raise WriteRefused(change.path, reason)
    return tuple(change for change in accepted.values() if change.before != change.after)


def _folder_obstacle(target: Path) -> str:
    if not target.parent.is_dir():
        return "its folder is missing"
    if not os.access(target.parent, os.W_OK | os.X_OK):
        return "its folder is not writable"
    return f"{_temporary(target).name} beside it is in the way" if os.path.lexists(_temporary(target)) else ""


def _file_obstacle(named: Path, target: Path, change: FileChange) -> str:
    if change.before is None:
        return "exists already" if os.path.lexists(named) else ""
    if not target.is_file():
        return "not a regular file" if os.path.lexists(target) else "is gone"
    if not os.access(target, os.W_OK):
        return "not writable"
    return "" if _state(target) == _digest(change.before) else "changed since it was read"


def _target(top: Path, path: str) -> Path:
    if Path(path).is_absolute():
        raise WriteRefused(path, "not relative to the project")
    try:
        target = _real(top / path)
    except (OSError, ValueError) as error:
        raise WriteRefused(path, f"not a usable path: {error}") from error
    if target == top or not target.is_relative_to(top):
        raise WriteRefused(path, "outside the project")
    if not {_FOLDER, ".git"}.isdisjoint(part.casefold() for part in target.relative_to(top).parts):
        raise WriteRefused(path, "belongs to git or to rescope")
    return target


def _same_target(top: Path, path: str) -> Path:
    # A journal holds resolved paths: one that leads elsewhere now has been tampered with since.
    target = _target(top, path)
    if target != top / path:
        raise WriteRefused(path, "reached through a symbolic link that was not there")
    return target


@contextlib.contextmanager
def _locked(top: Path) -> Iterator[Path]:
    folder, journal = top / _FOLDER, top / _FOLDER / "journal"
    with _refusing(_FOLDER):
        for each in (folder, journal):
            each.mkdir(exist_ok=True, mode=0o700)
            if _real(each) != each:
                raise WriteRefused(_FOLDER, "a symbolic link")
            _sync(each.parent)
        lock = FileLock(folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise WriteRefused(_FOLDER, "another rescope is writing here") from None
    try:
        with _refusing(_FOLDER):
            if not os.path.lexists(folder / ".gitignore"):
                _place(folder / ".gitignore", b"*\n")
        yield journal
    finally:
        lock.release()


@contextlib.contextmanager
def _refusing(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteRefused(path, error.strerror or str(error)) from error


def _place(path: Path, content: bytes) -> None:
    fresh = path.with_name("next")
    fresh.unlink(missing_ok=True)
    _store(fresh, content, like=path)
    fresh.replace(path)
    _sync(path.parent)


def _store(path: Path, content: bytes, *, like: Path) -> None:
    with path.open("xb") as file:
        if os.path.lexists(like):
            _take_after(path, like)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _take_after(path: Path, like: Path) -> None:
    wanted = like.lstat()
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.chown(path, wanted.st_uid, wanted.st_gid)
    path.chmod(stat.S_IMODE(wanted.st_mode))


def _sync(folder: Path) -> None:
    # Not every system can sync a folder; by then the bytes are safe, and a failure here would report a write that did happen as refused.
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _temporary(target: Path) -> Path:
    # From the name alone, so that a recovery knows it; hashed, so that a long name stays possible.
    return target.with_name(f".rescope-{_sha256(os.fsencode(target.name))[:16]}.tmp")


def _state(target: Path) -> str | None:
    if not os.path.lexists(target):
        return None
    return _sha256(target.read_bytes()) if target.is_file() and not target.is_symlink() else "not a file"


def _digest(content: bytes | None) -> str | None:
    return None if content is None else _sha256(content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _dumped(changes: Sequence[FileChange]) -> bytes:
    files = [
        {
            "path": change.path,
            "old": None if change.before is None else base64.b64encode(change.before).decode(),
            "old_sha256": _digest(change.before),
            "new_sha256": _sha256(change.after),
        }
        for change in changes
    ]
    return json.dumps({"version": 1, "files": files}).encode()


def _loaded(path: Path) -> tuple[_Entry, ...] | None:
    try:
        return tuple(_entry(file) for file in json.loads(path.read_bytes())["files"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise WriteRefused(f"{_FOLDER}/journal/{path.name}", f"not a readable journal: {error}") from error


def _entry(file: dict[str, str | None]) -> _Entry:
    old = None if file["old"] is None else base64.b64decode(file["old"], validate=True)
    path, new_sha256 = file["path"], file["new_sha256"]
    if not isinstance(path, str) or not isinstance(new_sha256, str) or _digest(old) != file["old_sha256"]:
        raise ValueError("damaged")
    return _Entry(path=path, old=old, new_sha256=new_sha256)
