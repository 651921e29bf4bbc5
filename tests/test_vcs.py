"""What git says, asked of real repositories."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rescope.vcs import ignored, in_submodule, is_tracked_tree, uncommitted

ODD = ("with blank.py", "-dash.py", "grün.py", ":(top)magic.py", "star*.py", "tab\there.py", "new\nline.py")

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="names and links that Windows does not have")


def git(folder: Path, *arguments: str) -> None:
    """Run git as nobody in particular, whatever hook or configuration the tests run under."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = ("user.name=A", "user.email=a@b.c", "commit.gpgSign=false", "protocol.file.allow=always")
    options = [part for setting in settings for part in ("-c", setting)]
    subprocess.run(
        ["git", *options, *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        env={**clean, "GIT_CONFIG_GLOBAL": os.devnull},
    )


def repository(folder: Path, **files: str) -> Path:
    """A repository with one commit of `files`; a double underscore stands for a slash."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    for name, content in files.items():
        put(folder, name.replace("__", "/") + ".py", content)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "first")
    return folder


def put(folder: Path, name: str, content: str = "changed") -> None:
    """Write one file, with its folders."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)


# --- the three kinds of change ---------------------------------------------------------------------------------------


def test_a_clean_tree_has_nothing_uncommitted(tmp_path: Path) -> None:
    """Committed files are not reported."""
    assert uncommitted(repository(tmp_path, a="a", sub__b="b"), ["a.py", "sub/b.py"]) == ()


def test_staged_unstaged_and_untracked_files_are_uncommitted(tmp_path: Path) -> None:
    """Each kind of change is reported, in the order asked for, and files not asked for are not."""
    root = repository(tmp_path, clean="", staged="", unstaged="", other="")
    for name in ("staged.py", "unstaged.py", "folder/untracked.py", "other.py"):
        put(root, name)
    git(root, "add", "staged.py")
    asked = ["unstaged.py", "folder/untracked.py", "clean.py", "staged.py"]
    assert uncommitted(root, asked) == ("unstaged.py", "folder/untracked.py", "staged.py")


def test_a_staged_change_taken_back_in_the_tree_is_uncommitted(tmp_path: Path) -> None:
    """The index alone may hold bytes that no commit has."""
    root = repository(tmp_path, a="a")
    put(root, "a.py")
    git(root, "add", "a.py")
    put(root, "a.py", "a")
    assert uncommitted(root, ["a.py"]) == ("a.py",)


def test_a_renamed_file_is_uncommitted_under_both_names(tmp_path: Path) -> None:
    """A staged rename is one file gone and one file new."""
    root = repository(tmp_path, a="the same content", b="")
    git(root, "mv", "a.py", "c.py")
    assert uncommitted(root, ["a.py", "b.py", "c.py"]) == ("a.py", "c.py")


def test_settings_of_the_user_hide_nothing(tmp_path: Path) -> None:
    """A repository set up not to show untracked files still has them."""
    root = repository(tmp_path)
    git(root, "config", "status.showUntrackedFiles", "no")
    put(root, "a.py")
    assert uncommitted(root, ["a.py"]) == ("a.py",)


def test_no_paths_is_nothing(tmp_path: Path) -> None:
    """Asked about no file, git does not answer about all."""
    root = repository(tmp_path)
    put(root, "a.py")
    assert (uncommitted(root, []), ignored(root, []), in_submodule(root, [])) == ((), (), ())


def test_very_many_paths_are_no_problem(tmp_path: Path) -> None:
    """More names than a command line can hold are still one answer."""
    root = repository(tmp_path)
    asked = [f"{'long' * 20}/{number}.py" for number in range(3000)]
    put(root, asked[0])
    put(root, asked[-1])
    assert uncommitted(root, asked) == (asked[0], asked[-1])


# --- names -----------------------------------------------------------------------------------------------------------


@needs_posix
@pytest.mark.parametrize("name", ODD)
def test_odd_names_come_back_as_given(tmp_path: Path, name: str) -> None:
    """Blanks, dashes, letters beyond ASCII and what git takes for patterns are just names."""
    root = repository(tmp_path, starlike="", magic="")
    put(root, name)
    assert uncommitted(root, [name, "starlike.py", "magic.py"]) == (name,)
    put(root, ".gitignore", "*\n")
    assert ignored(root, [name, "starlike.py", "magic.py"]) == (name,)


@needs_posix
def test_a_name_that_is_no_text_comes_back_as_given(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 survive the way to git and back."""
    root = repository(tmp_path)
    name = os.fsdecode(b"latin-\xfc.py")
    try:
        put(root, name)
    except OSError:
        pytest.skip("this file system only takes text")
    assert uncommitted(root, [name]) == (name,)


@needs_posix
def test_links_are_followed(tmp_path: Path) -> None:
    """A link stands for its target; a link out of the repository is nothing git knows."""
    root = repository(tmp_path / "root", clean="", dirty="", sub__dirty="")
    put(root, "dirty.py")
    put(root, "sub/dirty.py")
    (root / "to_clean.py").symlink_to("clean.py")
    (root / "to_dirty.py").symlink_to("dirty.py")
    (root / "folder").symlink_to("sub")
    (root / "out.py").symlink_to("/etc/hosts")
    asked = ["to_clean.py", "to_dirty.py", "folder/dirty.py", "out.py", "../outside.py"]
    assert uncommitted(root, asked) == ("to_dirty.py", "folder/dirty.py")
    assert (ignored(root, asked), in_submodule(root, asked)) == ((), ())


# --- ignored ---------------------------------------------------------------------------------------------------------


def test_ignored_files_are_told(tmp_path: Path) -> None:
    """Files under an ignored folder or pattern, in any .gitignore, are ignored; tracked ones never."""
    root = repository(tmp_path, tracked="")
    put(root, ".gitignore", "build/\ntracked.py\n")
    put(root, "sub/.gitignore", "gen_*.py\n!gen_kept.py\n")
    asked = ["build/a.py", "tracked.py", "sub/gen_a.py", "sub/gen_kept.py", "gen_a.py"]
    for name in asked[:1] + asked[2:]:
        put(root, name)
    assert ignored(root, asked) == ("build/a.py", "sub/gen_a.py")
    assert uncommitted(root, asked) == ("sub/gen_kept.py", "gen_a.py")


def test_nothing_ignored_is_an_answer(tmp_path: Path) -> None:
    """An empty answer is not a failure."""
    assert ignored(repository(tmp_path, a=""), ["a.py"]) == ()


# --- shapes of repositories ------------------------------------------------------------------------------------------


def test_the_root_may_be_a_part_of_the_repository(tmp_path: Path) -> None:
    """In a monorepo, paths are relative to the project, not to the repository."""
    repository(tmp_path, a="", project__a="", project__tests__b="")
    root = tmp_path / "project"
    put(root, "tests/b.py")
    put(tmp_path, "a.py")
    put(tmp_path, ".gitignore", "gen.py\n")
    put(root, "gen.py")
    assert is_tracked_tree(root)
    assert uncommitted(root, ["a.py", "tests/b.py"]) == ("tests/b.py",)
    assert ignored(root, ["a.py", "gen.py"]) == ("gen.py",)


def test_no_commit_yet(tmp_path: Path) -> None:
    """In a repository without a commit everything is uncommitted."""
    git(tmp_path, "init", "--quiet")
    put(tmp_path, "staged.py")
    put(tmp_path, "untracked.py")
    git(tmp_path, "add", "staged.py")
    assert is_tracked_tree(tmp_path)
    assert uncommitted(tmp_path, ["staged.py", "untracked.py"]) == ("staged.py", "untracked.py")


def test_detached_head(tmp_path: Path) -> None:
    """Without a branch nothing is different."""
    root = repository(tmp_path, a="", b="")
    git(root, "checkout", "--quiet", "--detach")
    put(root, "a.py")
    assert uncommitted(root, ["a.py", "b.py"]) == ("a.py",)


def test_a_second_work_tree(tmp_path: Path) -> None:
    """A linked work tree is asked about itself, not about the first one."""
    first = repository(tmp_path / "first", a="", b="")
    git(first, "worktree", "add", "--quiet", "../second")
    put(first, "a.py")
    put(tmp_path / "second", "b.py")
    assert is_tracked_tree(tmp_path / "second")
    assert uncommitted(tmp_path / "second", ["a.py", "b.py"]) == ("b.py",)


def test_submodules_are_told_and_otherwise_passed_over(tmp_path: Path) -> None:
    """Files in a submodule belong to it: neither uncommitted nor ignored here, and no obstacle for the others."""
    inner = repository(tmp_path / "inner", a="")
    root = repository(tmp_path / "root", a="", vendored__b="")
    git(root, "submodule", "--quiet", "add", str(inner), "vendored/inner")
    put(root, "vendored/inner/a.py")
    put(root, "a.py")
    asked = ["a.py", "vendored/inner/a.py", "vendored/b.py"]
    assert in_submodule(root, asked) == ("vendored/inner/a.py",)
    assert in_submodule(root / "vendored", ["b.py", "inner/a.py"]) == ("inner/a.py",)
    assert uncommitted(root, asked) == ("a.py",)
    assert ignored(root, asked) == ()


def test_a_submodule_as_root_is_a_repository(tmp_path: Path) -> None:
    """Run inside a submodule, that is the repository."""
    inner = repository(tmp_path / "inner", a="", b="")
    root = repository(tmp_path / "root")
    git(root, "submodule", "--quiet", "add", str(inner), "inner")
    put(root, "inner/a.py")
    assert in_submodule(root / "inner", ["a.py"]) == ()
    assert uncommitted(root / "inner", ["a.py", "b.py"]) == ("a.py",)


def test_a_repository_cloned_inside_is_told(tmp_path: Path) -> None:
    """A repository that was cloned into another, but never added, is no part of it either."""
    root = repository(tmp_path, a="")
    repository(root / "sub/cloned", a="", b__c="")
    asked = ["a.py", "sub/cloned/a.py", "sub/cloned/b/c.py"]
    assert in_submodule(root, asked) == ("sub/cloned/a.py", "sub/cloned/b/c.py")
    assert (uncommitted(root, asked), ignored(root, asked)) == ((), ())


# --- no git ----------------------------------------------------------------------------------------------------------


def check_unknown(root: Path) -> None:
    """No answer, and no exception."""
    assert not is_tracked_tree(root)
    assert (uncommitted(root, ["a.py"]), ignored(root, ["a.py"]), in_submodule(root, ["a.py"])) == (None, None, None)


def test_a_folder_without_repository(tmp_path: Path) -> None:
    """Outside of any repository git has no answer."""
    check_unknown(tmp_path)


def test_a_missing_folder(tmp_path: Path) -> None:
    """A folder that does not exist is in no repository."""
    check_unknown(tmp_path / "missing")


def test_a_bare_repository_is_no_work_tree(tmp_path: Path) -> None:
    """Neither a bare repository nor the inside of .git holds a project."""
    git(tmp_path, "init", "--quiet", "--bare", "bare")
    check_unknown(tmp_path / "bare")
    check_unknown(repository(tmp_path / "usual") / ".git")


def test_a_broken_repository(tmp_path: Path) -> None:
    """A damaged index is no answer."""
    root = repository(tmp_path, a="")
    (root / ".git/index").write_bytes(b"broken")
    assert (uncommitted(root, ["a.py"]), ignored(root, ["a.py"]), in_submodule(root, ["a.py"])) == (None, None, None)


def test_git_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git on the PATH there is no answer."""
    root = repository(tmp_path / "root", a="")
    monkeypatch.setenv("PATH", str(tmp_path))
    check_unknown(root)


# --- the surroundings ------------------------------------------------------------------------------------------------


def test_a_hook_of_another_repository_does_not_mislead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables by which git tells its hooks where they are do not redirect the question."""
    root = repository(tmp_path / "root", a="", b="")
    other = repository(tmp_path / "other")
    put(root, "a.py")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_ICASE_PATHSPECS", "1")
    assert uncommitted(root, ["a.py", "b.py"]) == ("a.py",)


@needs_posix
def test_no_program_of_the_repository_is_run(tmp_path: Path) -> None:
    """Hooks and a file-system monitor that a repository sets up are not started by a question."""
    root = repository(tmp_path / "root", a="")
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch '{tmp_path}/started'\n")
    script.chmod(0o755)
    git(root, "config", "core.fsmonitor", str(script))
    (root / ".git/hooks").mkdir(exist_ok=True)
    (root / ".git/hooks/post-index-change").symlink_to(script)
    (root / "a.py").touch()
    put(root, "b.py")
    assert uncommitted(root, ["a.py", "b.py"]) == ("b.py",)
    assert not (tmp_path / "started").exists()


@needs_posix
def test_a_git_in_the_current_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of the project that is called git is not taken for git."""
    (tmp_path / "git").write_text("#!/bin/sh\ntouch started\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    check_unknown(tmp_path)
    assert not (tmp_path / "started").exists()


def test_asking_changes_nothing(tmp_path: Path) -> None:
    """The index is not refreshed on disk, so that a git at work beside is not disturbed."""
    root = repository(tmp_path, a="a")
    put(root, "a.py", "b")
    put(root, "a.py", "a")
    index = (root / ".git/index").read_bytes()
    assert uncommitted(root, ["a.py"]) == ()
    assert (root / ".git/index").read_bytes() == index


@pytest.mark.parametrize("language", ["de_DE.UTF-8", "C", "tr_TR.UTF-8"])
def test_the_language_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """Git is asked for data, not for sentences."""
    monkeypatch.setenv("LC_ALL", language)
    monkeypatch.setenv("LANGUAGE", language)
    root = repository(tmp_path, a="")
    put(root, "grün.py")
    assert uncommitted(root, ["a.py", "grün.py"]) == ("grün.py",)
