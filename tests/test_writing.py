"""Writing is all or nothing: shown by ending the process, interrupting it and failing it at every step.

Run as a program, this file is the other process: `python test_writing.py <mode> <folder>`.
"""

import contextlib
import errno
import functools
import itertools
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rescope.writing
from rescope.model.plan import FileChange
from rescope.writing import LeftAlone, NothingToUndo, Recovery, Undone, WriteRefused, recover, undo, write

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and signals")
needs_permissions = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may write everywhere")

Tree = dict[str, tuple[str, bytes]]


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """New files have the modes that they have for most people."""
    before = os.umask(0o022)
    yield
    os.umask(before)


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


def check_refused(root: Path, reason: str, *changes: FileChange) -> None:
    """The last change is refused for `reason`, and no file of the project moves."""
    before = snapshot(root)
    with pytest.raises(WriteRefused, match=reason) as caught:
        write(root, changes)
    assert caught.value.path == changes[-1].path
    assert snapshot(root) == before


# --- what a write does -----------------------------------------------------------------------------------------------


def test_all_changes_are_written(tmp_path: Path) -> None:
    """Changed and new files hold the new bytes, and nothing but `.rescope` is left behind."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfold\r\nmixed\n")
    write(tmp_path, [change("a.py", b"\xef\xbb\xbfold\r\nmixed\n", b"a\r"), change("sub/new.py", None, b"")])
    assert {name: content for name, (_, content) in snapshot(tmp_path).items()} == {"a.py": b"a\r", "sub/new.py": b""}
    assert sorted(path.name for path in tmp_path.iterdir()) == [".rescope", "a.py", "sub"]


def test_the_own_folder_is_hidden_from_git(tmp_path: Path) -> None:
    """`.rescope` ignores itself."""
    write(tmp_path, [change("a.py", None, b"a")])
    assert (tmp_path / ".rescope/.gitignore").read_bytes() == b"*\n"


def test_nothing_to_write_leaves_no_trace(tmp_path: Path) -> None:
    """Without changes there is not even a `.rescope`."""
    write(tmp_path, [])
    assert list(tmp_path.iterdir()) == []


def test_a_change_that_changes_nothing_is_not_undone(tmp_path: Path) -> None:
    """Equal bytes before and after are no write: the last real one stays on record."""
    write(tmp_path, [change("a.py", None, b"a")])
    write(tmp_path, [change("a.py", b"a", b"a")])
    assert undo(tmp_path) == Undone(removed=("a.py",))


@needs_posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_mode_of_a_file_is_kept(tmp_path: Path, mode: int) -> None:
    """Permissions are the same after a write and after an undo."""
    (tmp_path / "a.py").write_bytes(b"old")
    (tmp_path / "a.py").chmod(mode)
    write(tmp_path, [change("a.py", b"old", b"new")])
    written = stat.S_IMODE((tmp_path / "a.py").stat().st_mode)
    undo(tmp_path)
    assert (written, stat.S_IMODE((tmp_path / "a.py").stat().st_mode)) == (mode, mode)


@needs_posix
def test_a_new_file_gets_the_default_mode(tmp_path: Path) -> None:
    """A new file is as readable as one that an editor would make."""
    (tmp_path / "usual").touch()
    write(tmp_path, [change("a.py", None, b"a")])
    assert (tmp_path / "a.py").stat().st_mode == (tmp_path / "usual").stat().st_mode


@needs_posix
def test_an_old_journal_is_private(tmp_path: Path) -> None:
    """Old bytes of a private file are not readable for others by way of the journal."""
    write(tmp_path, [change("a.py", None, b"a")])
    assert stat.S_IMODE((tmp_path / ".rescope/journal").stat().st_mode) == 0o700


# --- links -----------------------------------------------------------------------------------------------------------


@needs_posix
def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    """A symbolic link inside the project stays one."""
    (tmp_path / "real.py").write_bytes(b"old")
    (tmp_path / "link.py").symlink_to("real.py")
    write(tmp_path, [change("link.py", b"old", b"new")])
    assert (tmp_path / "link.py").readlink() == Path("real.py")
    assert (tmp_path / "real.py").read_bytes() == b"new"
    assert undo(tmp_path) == Undone(restored=("real.py",))


@needs_posix
def test_one_file_under_two_names_is_written_once(tmp_path: Path) -> None:
    """The same change through a link and directly is one change."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/real.py").write_bytes(b"old")
    (tmp_path / "folder").symlink_to("sub")
    write(tmp_path, [change("folder/real.py", b"old", b"new"), change("sub/real.py", b"old", b"new")])
    assert undo(tmp_path) == Undone(restored=("sub/real.py",))


@needs_posix
def test_one_file_with_two_contents_is_refused(tmp_path: Path) -> None:
    """Two different changes of one file cannot both be kept."""
    (tmp_path / "real.py").write_bytes(b"old")
    (tmp_path / "link.py").symlink_to("real.py")
    check_refused(tmp_path, "named twice", change("real.py", b"old", b"new"), change("link.py", b"old", b"other"))


@needs_posix
def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    """A project that is reached through a link is written like any other."""
    (tmp_path / "project").mkdir()
    (tmp_path / "link").symlink_to("project")
    write(tmp_path / "link", [change("a.py", None, b"a")])
    assert undo(tmp_path / "project") == Undone(removed=("a.py",))


@needs_posix
@pytest.mark.parametrize("path", ["link.py", "folder/outside.py", "../outside.py", "sub/../../outside.py", "", "sub/.."])
def test_nothing_outside_is_written(tmp_path: Path, path: str) -> None:
    """Neither a linked file, nor a linked folder, nor dots lead out of the project."""
    (tmp_path / "outside.py").write_bytes(b"old")
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "link.py").symlink_to("../outside.py")
    (root / "folder").symlink_to("..")
    check_refused(root, "outside the project", change(path, b"old", b"new"))
    assert (tmp_path / "outside.py").read_bytes() == b"old"


@needs_posix
@pytest.mark.parametrize("name", ["", "journal", "lock", ".gitignore"])
def test_a_linked_own_folder_leads_nowhere(tmp_path: Path, name: str) -> None:
    """A project that ships `.rescope` as links cannot make a run write elsewhere."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"precious")
    root.mkdir()
    if name:
        (root / ".rescope").mkdir()
    (root / ".rescope" / name).symlink_to(outside if name in {"", "journal"} else outside / "file")
    # An unwanted .gitignore is only never written; everything else has to be ours.
    with contextlib.nullcontext() if name == ".gitignore" else pytest.raises(WriteRefused, match=r"^\.rescope: "):
        write(root, [change("a.py", None, b"a")])
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert (outside / "file").read_bytes() == b"precious"


# --- refusals --------------------------------------------------------------------------------------------------------


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    """A file that is not as it was read stops the whole run."""
    (tmp_path / "a.py").write_bytes(b"a")
    (tmp_path / "b.py").write_bytes(b"edited")
    check_refused(tmp_path, "changed since it was read", change("a.py", b"a", b"A"), change("b.py", b"b", b"B"))


def test_a_vanished_file_is_refused(tmp_path: Path) -> None:
    """A file that was deleted since it was read is not made anew."""
    check_refused(tmp_path, "is gone", change("a.py", b"a", b"A"))


def test_a_new_file_does_not_overwrite(tmp_path: Path) -> None:
    """A file that is there already is never taken for a new one, even with the same bytes."""
    (tmp_path / "a.py").write_bytes(b"A")
    check_refused(tmp_path, "exists already", change("a.py", None, b"A"))


@needs_posix
def test_a_new_file_does_not_fill_a_dangling_link(tmp_path: Path) -> None:
    """A link without a target is in the way of a new file."""
    (tmp_path / "a.py").symlink_to("missing.py")
    check_refused(tmp_path, "exists already", change("a.py", None, b"A"))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """Folders are not made on the way."""
    check_refused(tmp_path, "folder is missing", change("sub/a.py", None, b"A"))


@pytest.mark.parametrize("path", [".git/hooks/pre-commit", ".rescope/lock", "sub/.GIT/config"])
def test_administrative_folders_are_refused(tmp_path: Path, path: str) -> None:
    """What belongs to git or to rescope is no part of the project."""
    check_refused(tmp_path, "belongs to git or to rescope", change(path, None, b"A"))


def test_an_absolute_path_is_refused(tmp_path: Path) -> None:
    """Paths are relative to the project, even those that lie in it."""
    check_refused(tmp_path, "not relative", change(str(tmp_path / "a.py"), None, b"A"))


def test_an_impossible_path_is_refused(tmp_path: Path) -> None:
    """A path that no file can have is refused, not a crash."""
    check_refused(tmp_path, "not a usable path", change("a\0.py", None, b"A"))


@needs_posix
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.name)])
def test_what_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """Folders, pipes and links in a circle are refused and block nothing."""
    make(tmp_path / "a.py")
    with pytest.raises(WriteRefused, match="not a regular file"):
        write(tmp_path, [change("a.py", b"", b"A")])


def test_a_stranger_under_the_temporary_name_is_kept(tmp_path: Path) -> None:
    """A file that has the name of the temporary file is refused, not overwritten."""
    (tmp_path / "a.py").write_bytes(b"a")
    rescope.writing._temporary(tmp_path / "a.py").write_bytes(b"precious")
    check_refused(tmp_path, "in the way", change("a.py", b"a", b"A"))


@needs_permissions
def test_a_write_protected_file_is_refused(tmp_path: Path) -> None:
    """A file without write permission is respected, though its folder would allow replacing it."""
    (tmp_path / "a.py").write_bytes(b"a")
    (tmp_path / "a.py").chmod(0o444)
    check_refused(tmp_path, "not writable", change("a.py", b"a", b"A"))


@needs_permissions
def test_a_write_protected_folder_is_refused(tmp_path: Path) -> None:
    """A folder without write permission stops the run before any other file is written."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.py").write_bytes(b"a")
    (tmp_path / "sub/b.py").write_bytes(b"b")
    (tmp_path / "sub").chmod(0o555)
    try:
        check_refused(tmp_path, "folder is not writable", change("a.py", b"a", b"A"), change("sub/b.py", b"b", b"B"))
    finally:
        (tmp_path / "sub").chmod(0o755)


@needs_permissions
def test_a_write_protected_root_is_refused(tmp_path: Path) -> None:
    """Without a place for the journal nothing is written."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b.py").write_bytes(b"b")
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(WriteRefused):
            write(tmp_path, [change("sub/b.py", b"b", b"B")])
    finally:
        tmp_path.chmod(0o755)
    assert (tmp_path / "sub/b.py").read_bytes() == b"b"


# --- undo ------------------------------------------------------------------------------------------------------------


def test_undo_puts_everything_back(tmp_path: Path) -> None:
    """After an undo the project is as before the write, and there is nothing more to undo."""
    (tmp_path / "a.py").write_bytes(b"a")
    before = snapshot(tmp_path)
    write(tmp_path, [change("a.py", b"a", b"A"), change("new.py", None, b"N")])
    assert undo(tmp_path) == Undone(restored=("a.py",), removed=("new.py",))
    assert snapshot(tmp_path) == before
    with pytest.raises(NothingToUndo):
        undo(tmp_path)


def test_nothing_to_undo_leaves_no_trace(tmp_path: Path) -> None:
    """Undo in a project that was never written says so and makes no folder."""
    with pytest.raises(NothingToUndo):
        undo(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_only_the_last_write_is_undone(tmp_path: Path) -> None:
    """A new write replaces the record of the one before."""
    write(tmp_path, [change("a.py", None, b"1")])
    write(tmp_path, [change("a.py", b"1", b"2")])
    undo(tmp_path)
    assert (tmp_path / "a.py").read_bytes() == b"1"
    with pytest.raises(NothingToUndo):
        undo(tmp_path)


@pytest.mark.parametrize("edit", [lambda path: path.write_bytes(b"edited"), Path.unlink])
def test_undo_spares_what_was_edited_since(tmp_path: Path, edit: Callable[[Path], object]) -> None:
    """One file edited or deleted since, and nothing at all is undone; mended, undo works."""
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.py").write_bytes(b"old")
    write(tmp_path, [change(f"{name}.py", b"old", b"new") for name in ("a", "b", "c")])
    edit(tmp_path / "b.py")
    edited = snapshot(tmp_path)
    with pytest.raises(WriteRefused, match=r"b\.py: edited since"):
        undo(tmp_path)
    assert snapshot(tmp_path) == edited
    (tmp_path / "b.py").write_bytes(b"new")
    assert undo(tmp_path).restored == ("a.py", "b.py", "c.py")


def test_undo_accepts_what_is_back_already(tmp_path: Path) -> None:
    """A file that was reverted by other means is no reason to keep the rest."""
    (tmp_path / "a.py").write_bytes(b"a")
    write(tmp_path, [change("a.py", b"a", b"A"), change("b.py", None, b"B")])
    (tmp_path / "a.py").write_bytes(b"a")
    assert undo(tmp_path) == Undone(removed=("b.py",))


@needs_posix
def test_undo_follows_no_new_link(tmp_path: Path) -> None:
    """A folder that has become a link out of the project since is left alone."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "sub").mkdir(parents=True)
    write(root, [change("sub/a.py", None, b"A")])
    (root / "sub").rename(outside)
    (root / "sub").symlink_to(outside)
    with pytest.raises(WriteRefused, match="outside the project"):
        undo(root)
    assert (outside / "a.py").read_bytes() == b"A"


@pytest.mark.parametrize("text", ["", "{}", '{"files": [7]}', '{"files": [{"path": 1}]}', "[]"])
@pytest.mark.parametrize("name", ["done", "writing"])
def test_a_damaged_journal_is_refused(tmp_path: Path, name: str, text: str) -> None:
    """A journal that rescope did not write is an answer, not a crash."""
    (tmp_path / ".rescope/journal").mkdir(parents=True)
    (tmp_path / f".rescope/journal/{name}.json").write_text(text)
    with pytest.raises(WriteRefused, match="not a readable journal"):
        undo(tmp_path)


@pytest.mark.parametrize("path", ["../victim", "sub/../../victim", ".git/config"])
def test_a_forged_journal_reaches_nothing(tmp_path: Path, path: str) -> None:
    """A journal that comes with a project cannot make a recovery write elsewhere."""
    root = tmp_path / "root"
    (root / ".git").mkdir(parents=True)
    for victim in (tmp_path / "victim", root / ".git/config"):
        victim.write_bytes(b"A")
    write(root, [change("a.py", None, b"A")])
    done = root / ".rescope/journal/done.json"
    done.with_name("writing.json").write_text(done.read_text().replace("a.py", path))
    recovery = recover(root)
    assert recovery is not None
    assert [left.path for left in recovery.left_alone] == [path]
    assert ((tmp_path / "victim").read_bytes(), (root / ".git/config").read_bytes()) == (b"A", b"A")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.none() | st.binary(max_size=99), st.binary(max_size=99)), max_size=5))
def test_any_bytes_come_and_go(drawn: list[tuple[bytes | None, bytes]]) -> None:
    """Whatever the bytes, a write puts them there and an undo gives the old ones back."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        changes = [change(f"{number}.py", *pair) for number, pair in enumerate(drawn)]
        for each in changes:
            if each.before is not None:
                (root / each.path).write_bytes(each.before)
        before = snapshot(root)
        write(root, changes)
        assert all((root / each.path).read_bytes() == each.after for each in changes)
        if any(each.before != each.after for each in changes):
            undo(root)
        assert snapshot(root) == before


# --- recovery --------------------------------------------------------------------------------------------------------


def test_nothing_to_recover(tmp_path: Path) -> None:
    """Without an interrupted run there is nothing to say, and a finished one stays on record."""
    assert recover(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    write(tmp_path, [change("a.py", None, b"a")])
    assert recover(tmp_path) is None
    assert undo(tmp_path).removed == ("a.py",)


@needs_posix
def test_recovery_leaves_edited_files_alone(tmp_path: Path) -> None:
    """A file edited after the crash is reported, its old bytes are kept, and the others are put back."""
    crash(tmp_path)
    (tmp_path / "a.py").write_bytes(b"edited")
    recovery = recover(tmp_path)
    assert recovery is not None
    assert recovery.left_alone == (LeftAlone(path="a.py", reason="edited since it was written"),)
    assert (tmp_path / "a.py").read_bytes() == b"edited"
    assert (tmp_path / "sub/b.py").read_bytes() == TREES["old"]["sub/b.py"]
    assert (tmp_path / ".rescope/journal/unrestored.json").exists()
    assert recover(tmp_path) is None


@needs_posix
def test_an_interrupted_run_is_recovered_before_the_next(tmp_path: Path) -> None:
    """Nothing is written over a half-written project; after the recovery it is."""
    crash(tmp_path)
    with pytest.raises(WriteRefused, match="interrupted run"):
        write(tmp_path, [change("z.py", None, b"z")])
    assert isinstance(recover(tmp_path), Recovery)
    write(tmp_path, [change("z.py", None, b"z")])


@needs_posix
def test_undo_finishes_an_interrupted_run_first(tmp_path: Path) -> None:
    """Undo after a crash puts back what the crashed run wrote; once more, and the run before is undone."""
    crash(tmp_path)
    assert undo(tmp_path).restored
    assert snapshot(tmp_path) == grown(tmp_path, "old")
    undo(tmp_path)
    assert snapshot(tmp_path) == grown(tmp_path, "first")


# --- two runs, signals, a full disk ----------------------------------------------------------------------------------


@needs_posix
def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """While one process writes, write, undo and recover of another are refused; then the first one finishes."""
    grow(tmp_path, "old")
    with program("hold", tmp_path) as other:
        for action in (lambda: write(tmp_path, [change("z.py", None, b"z")]), lambda: undo(tmp_path)):
            with pytest.raises(WriteRefused, match="another rescope is writing here"):
                action()
        with pytest.raises(WriteRefused, match="another rescope is writing here"):
            recover(tmp_path)
        other.communicate(b"go\n")
    assert other.returncode == 0
    assert snapshot(tmp_path) == grown(tmp_path, "new")


@needs_posix
def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    """A killed run does not lock the next one out."""
    grow(tmp_path, "old")
    with program("hold", tmp_path) as other:
        other.kill()
    assert recover(tmp_path) is not None
    assert snapshot(tmp_path) == grown(tmp_path, "old")


@needs_posix
def test_an_interrupt_is_rolled_back(tmp_path: Path) -> None:
    """Ctrl-C between two files leaves the old state without any recovery, and still ends the program."""
    grow(tmp_path, "old")
    with program("hold", tmp_path) as other:
        other.send_signal(signal.SIGINT)
        _, error = other.communicate()
    assert b"KeyboardInterrupt" in error
    assert snapshot(tmp_path) == grown(tmp_path, "old")
    assert recover(tmp_path) is None


@needs_posix
def test_a_full_disk_is_rolled_back(tmp_path: Path) -> None:
    """When the system takes no more bytes for the second file, the first one is as before, and the reason is told."""
    grow(tmp_path, "old")
    before = snapshot(tmp_path)
    with program("limit", tmp_path) as other:
        output, _ = other.communicate()
    assert output.strip() == b"big.py: File too large"
    assert snapshot(tmp_path) == before
    assert recover(tmp_path) is None


# --- every step ------------------------------------------------------------------------------------------------------


@needs_posix
@pytest.mark.parametrize(
    ("mode", "least"),
    [
        ("kill-write", 200),
        ("kill-undo", 200),
        ("kill-recover", 200),
        ("interrupt", 200),
        ("interrupt-undo", 200),
        ("fail", 20),
        ("fail-undo", 20),
        ("full", 6),
        ("full-undo", 4),
    ],
)
def test_every_step(tmp_path: Path, mode: str, least: int) -> None:
    """Ended, interrupted or failed at any step, all files are old or all are new, and every way back works."""
    with program(mode, tmp_path) as other:
        output, _ = other.communicate()
    assert other.returncode == 0
    result = json.loads(output.splitlines()[-1])
    assert result["wrong"] == []
    assert result["points"] >= least


# --- the other process -----------------------------------------------------------------------------------------------

TREES: dict[str, dict[str, bytes]] = {
    "first": {"a.py": b"first a", "sub/b.py": b"b\r\n", "sub/real.py": b"real"},
    "old": {"a.py": b"old a", "sub/b.py": b"b\r\n", "sub/real.py": b"real"},
    "new": {"a.py": b"new a", "sub/b.py": b"new b", "sub/real.py": b"new real", "sub/new.py": b"new"},
}
MODES = {"a.py": 0o644, "sub/b.py": 0o600, "sub/real.py": 0o755, "sub/new.py": 0o644}
CHANGES = {
    "old": [change("a.py", b"first a", b"old a")],
    "new": [
        change("a.py", b"old a", b"new a"),
        change("sub/new.py", None, b"new"),
        change("link.py", b"real", b"new real"),
        change("sub/b.py", b"b\r\n", b"new b"),
    ],
}
CHANGING_EVENTS = frozenset({"os.rename", "os.remove", "os.mkdir", "os.chmod", "os.chown"})


def grow(root: Path, state: str) -> None:
    """The small project in `state`, with the run before it on record."""
    (root / "sub").mkdir(parents=True)
    (root / "link.py").symlink_to("sub/real.py")
    for name, content in TREES["first"].items():
        (root / name).write_bytes(content)
        (root / name).chmod(MODES[name])
    for step in ("old", "new")[: ("first", "old", "new").index(state)]:
        write(root, CHANGES[step])


def grown(root: Path, state: str) -> Tree:
    """What `snapshot` says of the small project in `state`."""
    link = (oct((root / "link.py").lstat().st_mode), b"sub/real.py")
    files = {name: (oct(stat.S_IFREG | MODES[name]), content) for name, content in TREES[state].items()}
    return dict(sorted({**files, "link.py": link}.items()))


def crash(root: Path) -> None:
    """The small project, with a run killed when some of its files were written."""
    grow(root, "old")
    with program("crash", root) as other:
        other.communicate()
    assert other.returncode == -signal.SIGKILL


class program:
    """Runs the file at hand as another process; `hold` is waited for until it is between two files."""

    def __init__(self, mode: str, folder: Path) -> None:
        source = str(Path(rescope.writing.__file__).parents[1])
        self.other = subprocess.Popen(
            [sys.executable, __file__, mode, str(folder)],
            env={**os.environ, "PYTHONPATH": source},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if mode == "hold" else None,
        )
        if mode == "hold":
            assert self.other.stdout is not None
            assert self.other.stdout.readline() == b"holding\n"

    def __enter__(self) -> "subprocess.Popen[bytes]":
        return self.other

    def __exit__(self, *_: object) -> None:
        self.other.kill()
        self.other.communicate()


class Steps:
    """Counts the steps of a write, lines and changing system calls, and acts at the n-th."""

    def __init__(self, at: int, act: Callable[[], None], *, lines: bool = True, lasting: bool = False) -> None:
        self.left, self.act, self.lines, self.lasting = at, act, lines, lasting

    def step(self) -> None:
        self.left -= 1
        if self.left == 0 or (self.lasting and self.left < 0):
            self.act()

    def trace(self, frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != rescope.writing.__file__:
            return None
        if event == "line":
            self.step()
        return self.trace

    def run(self, action: Callable[[], object]) -> None:
        ACTIVE.append(self)
        if self.lines:
            sys.settrace(self.trace)
        try:
            action()
        finally:
            sys.settrace(None)
            ACTIVE.clear()


ACTIVE: list[Steps] = []


def audit(event: str, arguments: tuple[Any, ...]) -> None:
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if ACTIVE and (writes or (event in CHANGING_EVENTS and not ACTIVE[0].lasting)):
        ACTIVE[0].step()


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupt() -> None:
    raise KeyboardInterrupt


def killed(at: int, action: Callable[[], object]) -> bool:
    """Whether a child that does `action` got as far as step `at`, where it is killed."""
    child = os.fork()
    if child == 0:
        Steps(at, kill).run(action)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status not in {0, signal.SIGKILL}:
        raise RuntimeError(status)
    return status != 0


def copies(folder: Path, template: Path) -> Iterator[tuple[int, Path]]:
    for at in itertools.count(1):
        root = folder / "trial"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(template, root, symlinks=True)
        yield at, root


def state(root: Path) -> str:
    now = snapshot(root)
    return next((name for name in TREES if now == grown(root, name)), "mixed")


def after(root: Path, *actions: Callable[[Path], object]) -> str:
    """The state of a copy of `root` after `actions`."""
    copy = root.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(root, copy, symlinks=True)
    for action in actions:
        action(copy)
    return state(copy)


def write_new(root: Path) -> None:
    write(root, CHANGES["new"])


def ends(folder: Path, template: Path, action: Callable[[Path], object]) -> Iterator[tuple[int, Path]]:
    """Every step at which `action` was killed, with what it left on disk."""
    for at, root in copies(folder, template):
        if not killed(at, functools.partial(action, root)):
            return
        yield at, root


def judged(trials: Iterator[tuple[int, Path]], judge: Callable[[Path], str]) -> Iterator[tuple[int, str, str]]:
    # What comes after a kill depends on the disk alone: two steps that left the same are judged once.
    known: dict[str, str] = {}
    for at, root in trials:
        left = repr(everything(root))
        if left not in known:
            known[left] = judge(root)
        yield at, state(root), known[left]


def judge_write(root: Path) -> str:
    recovered, undone = after(root, recover), after(root, recover, undo)
    again = after(root, recover, write_new, undo) if recovered == "old" else "old"
    good = (recovered, undone, again) in {("old", "first", "old"), ("new", "old", "old")}
    return "" if good else f"{recovered}, undone {undone}, again {again}"


def judge_undo(root: Path) -> str:
    recovered = after(root, recover)
    over = state(root) == "old" and not pending(root)
    undone = after(root, expect_nothing_to_undo if over else undo)
    return "" if recovered in {"old", "new"} and undone == "old" else f"{recovered}, undone {undone}"


def judge_recovery(root: Path) -> str:
    ways = (after(root, recover), after(root, recover, undo))
    return "" if ways == ("old", "first") else f"recovered and undone: {ways}"


def expect_nothing_to_undo(root: Path) -> None:
    with pytest.raises(NothingToUndo):
        undo(root)


def kill_write(folder: Path) -> Iterator[tuple[int, str, str]]:
    grow(folder / "template", "old")
    return judged(ends(folder, folder / "template", write_new), judge_write)


def kill_undo(folder: Path) -> Iterator[tuple[int, str, str]]:
    grow(folder / "template", "new")
    return judged(ends(folder, folder / "template", undo), judge_undo)


def kill_recover(folder: Path) -> Iterator[tuple[int, str, str]]:
    grow(folder / "template", "old")
    crashed = next(root for _, root in ends(folder, folder / "template", write_new) if half(root))
    crashed.rename(folder / "crashed")
    return judged(ends(folder, folder / "crashed", recover), judge_recovery)


def pending(root: Path) -> bool:
    return (root / ".rescope/journal/writing.json").exists()


def half(root: Path) -> bool:
    now = {name: (root / name).read_bytes() for name in TREES["old"]}
    return sum(content == TREES["new"][name] for name, content in now.items()) == 2


def failing(folder: Path, act: Callable[[], None], **options: bool) -> Iterator[tuple[int, str, str]]:
    """Every step at which `act` was done to a write: no recovery is needed to see all files old or all files new."""
    grow(folder / "template", "old")
    return attempts(folder, write_new, ("old", "new"), lambda at: Steps(at, act, **options))


def failing_undo(folder: Path, act: Callable[[], None], **options: bool) -> Iterator[tuple[int, str, str]]:
    grow(folder / "template", "new")
    return attempts(folder, undo, ("new", "old"), lambda at: Steps(at, act, **options))


def attempts(
    folder: Path, action: Callable[[Path], object], ways: tuple[str, str], make: Callable[[int], Steps]
) -> Iterator[tuple[int, str, str]]:
    for at, root in copies(folder, folder / "template"):
        steps = make(at)
        allowed = attempt(functools.partial(steps.run, functools.partial(action, root)), ways)
        if steps.left > 0:
            return
        now = state(root)
        yield at, now, "" if now in allowed and not pending(root) else f"{now}, not {allowed}"


def attempt(action: Callable[[], object], ways: tuple[str, str]) -> tuple[str, ...]:
    try:
        action()
    except KeyboardInterrupt:
        return ways
    except WriteRefused:
        return ways[:1]
    return ways[1:]


def sweep(trials: Iterator[tuple[int, str, str]]) -> None:
    done = list(trials)
    seen = {name: sum(crashed == name for _, crashed, _ in done) for name in (*TREES, "mixed")}
    wrong = [f"step {at}: {problem}" for at, _, problem in done if problem]
    print(json.dumps({"points": len(done), "seen": seen, "wrong": wrong}))


def hold_at_second_rename(root: Path) -> None:
    seen = itertools.count()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename" and not str(arguments[1]).endswith(".json") and next(seen) == 1:
            print("holding", flush=True)
            sys.stdin.readline()

    sys.addaudithook(hook)
    write_new(root)


def crash_at_third_rename(root: Path) -> None:
    seen = itertools.count()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename" and not str(arguments[1]).endswith(".json") and next(seen) == 2:
            kill()

    sys.addaudithook(hook)
    write_new(root)


def write_beyond_limit(root: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, 64_000))
    try:
        write(root, [*CHANGES["new"], change("big.py", None, b"x" * 1_000_000)])
    except WriteRefused as refused:
        print(refused)


def main(mode: str, folder: Path) -> None:
    single: dict[str, Callable[[Path], None]] = {
        "hold": hold_at_second_rename,
        "crash": crash_at_third_rename,
        "limit": write_beyond_limit,
    }
    if mode in single:
        single[mode](folder)
        return
    sys.addaudithook(audit)
    sweeps: dict[str, Callable[[], Iterator[tuple[int, str, str]]]] = {
        "kill-write": lambda: kill_write(folder),
        "kill-undo": lambda: kill_undo(folder),
        "kill-recover": lambda: kill_recover(folder),
        "interrupt": lambda: failing(folder, interrupt),
        "fail": lambda: failing(folder, fail, lines=False),
        "full": lambda: failing(folder, fail, lines=False, lasting=True),
        "interrupt-undo": lambda: failing_undo(folder, interrupt),
        "fail-undo": lambda: failing_undo(folder, fail, lines=False),
        "full-undo": lambda: failing_undo(folder, fail, lines=False, lasting=True),
    }
    sweep(sweeps[mode]())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
