"""What a write does and refuses, and how it is undone."""

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from writing.trees import change, snapshot

import rescope.writing
from rescope.model.plan import FileChange
from rescope.writing import NothingToUndo, Undone, WriteRefused, recover, undo, write

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and signals")
needs_permissions = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may write everywhere")


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
