"""Scratch copies of real trees, with git and without."""

import contextlib
import sys
from pathlib import Path

import pytest

from projects import commit_all, git, make_project
from rescope.model.plan import FileChange
from rescope.verify.copies import remove, scratch_copy, scratch_folder

TREE = """\
# --- shop.py
PRICE = 1
# --- tests/test_shop.py
def test_price(): pass
# --- .gitignore
_version.py
.venv
"""

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="links and write protection that Windows does not have")


def state_of(root: Path) -> list[str]:
    """What git tells of a repository: head, branches, tags, stash, index, work trees, changes."""
    questions = (
        ["rev-parse", "HEAD"],
        ["for-each-ref"],
        ["ls-files", "--stage"],
        ["worktree", "list", "--porcelain"],
        ["status", "--porcelain", "--ignored"],
        ["reflog"],
    )
    return [git(root, *question).stdout for question in questions] + sorted(p.name for p in (root / ".git").iterdir())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with one commit, one untracked, one ignored and one changed file, and a virtual environment."""
    root = commit_all(make_project(tmp_path / "shop", TREE))
    (root / "shop.py").write_text("PRICE = 2\n")
    (root / "new.py").write_text("NEW = 1\n")
    (root / "_version.py").write_text("VERSION = 1\n")
    for skipped in (".venv/pyvenv.cfg", "env/pyvenv.cfg", "node_modules/a.js", "tests/__pycache__/x.pyc", ".tox/x", ".pytest_cache/x"):
        (root / skipped).parent.mkdir(parents=True, exist_ok=True)
        (root / skipped).touch()
    return root


def files_below(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name != ".git"}


def test_copy_is_the_tree_as_it_is_now(project: Path, tmp_path: Path) -> None:
    """Changed, untracked and ignored files come along; environments, caches and git's own folder do not."""
    with scratch_copy(project, tmp_path / "copies") as copy:
        assert files_below(copy.root) == {"shop.py", "new.py", "_version.py", "tests/test_shop.py", ".gitignore", "pyproject.toml"}
        assert (copy.root / "shop.py").read_text() == "PRICE = 2\n"
        assert (copy.root.name, copy.root) == ("shop", copy.top)


def test_changes_are_applied_to_the_copy_alone(project: Path, tmp_path: Path) -> None:
    """A change replaces or makes a file in the copy, never in the tree."""
    changes = [
        FileChange(path="shop.py", before=b"PRICE = 2\n", after=b"PRICE = 3\n"),
        FileChange(path="tests/conftest.py", before=None, after=b"# new\n"),
    ]
    with scratch_copy(project, tmp_path / "copies", changes) as copy:
        assert (copy.root / "shop.py").read_text() == "PRICE = 3\n"
        assert (copy.root / "tests/conftest.py").exists()
    assert (project / "shop.py").read_text() == "PRICE = 2\n"
    assert not (project / "tests/conftest.py").exists()


def test_git_works_in_the_copy_and_knows_nothing_afterwards(project: Path, tmp_path: Path) -> None:
    """In the copy git lists the tracked files and the same changes; afterwards the repository is what it was."""
    before = state_of(project)
    with scratch_copy(project, tmp_path / "copies") as copy:
        assert "shop.py" in git(copy.root, "ls-files").stdout
        assert git(copy.root, "status", "--porcelain").stdout == " M shop.py\n?? new.py\n"
        assert str(copy.top) in git(project, "worktree", "list").stdout
    assert state_of(project) == before
    assert not any((tmp_path / "copies").iterdir())


def test_git_forgets_a_copy_whose_files_are_gone(project: Path, tmp_path: Path) -> None:
    """A suite that deletes its own folder leaves no work tree behind, and work trees of the user stay."""
    git(project, "worktree", "add", "-q", "--detach", str(tmp_path / "mine"))
    remove(tmp_path / "mine")
    before = state_of(project)
    with scratch_copy(project, tmp_path / "copies") as copy:
        remove(copy.top)
    assert state_of(project) == before
    assert "mine" in git(project, "worktree", "list").stdout


def test_project_within_a_repository(tmp_path: Path) -> None:
    """The whole repository is copied, and the project is at its place in it."""
    top = commit_all(make_project(tmp_path / "mono", "# --- lib/lib.py\n# --- app/test_app.py\n"))
    with scratch_copy(top / "app", tmp_path / "copies") as copy:
        assert copy.root == copy.top / "app"
        assert (copy.top / "lib/lib.py").exists()


@pytest.mark.parametrize("prepare", [lambda _: None, lambda root: git(root, "init", "-q")], ids=["no git", "no commit"])
def test_without_git_or_commit_it_is_a_plain_copy(tmp_path: Path, prepare) -> None:
    """Where git cannot make a work tree, the files are copied all the same."""
    root = make_project(tmp_path / "shop", TREE)
    prepare(root)
    with scratch_copy(root, tmp_path / "copies") as copy:
        assert (copy.root / "tests/test_shop.py").exists()
        assert not (copy.root / ".git").exists()
    assert not any((tmp_path / "copies").iterdir())


@needs_posix
def test_links_lead_where_they_led(project: Path, tmp_path: Path) -> None:
    """Links stay links: those inside the tree lead into the copy, those out of it to the same place."""
    (tmp_path / "outside.txt").write_text("out")
    (project / "relative.py").symlink_to("shop.py")
    (project / "absolute.py").symlink_to(project / "shop.py")
    (project / "folder").symlink_to("tests")
    (project / "out.txt").symlink_to("../outside.txt")
    with scratch_copy(project, tmp_path / "deep" / "copies") as copy:
        assert (copy.root / "relative.py").resolve() == (copy.root / "absolute.py").resolve() == copy.root / "shop.py"
        assert (copy.root / "folder").is_symlink()
        assert (copy.root / "folder/test_shop.py").exists()
        assert (copy.root / "out.txt").read_text() == "out"


@needs_posix
def test_write_protected_files_are_removed() -> None:
    """A suite that takes write permission away does not keep its copy alive."""
    with scratch_folder() as folder:
        (folder / "locked").mkdir()
        (folder / "locked/file").touch()
        (folder / "locked").chmod(0o500)
    assert not folder.exists()


def test_folder_is_gone_after_an_error() -> None:
    """An error inside is passed on, after the folder was removed."""
    kept = []
    with contextlib.suppress(ZeroDivisionError), scratch_folder() as folder:
        kept.append(folder)
        (folder / "file").touch()
        raise ZeroDivisionError
    assert [folder.exists() for folder in kept] == [False]


def test_temporary_folder_within_the_tree(project: Path) -> None:
    """A copy that lies in the tree itself does not hold a copy of itself."""
    with scratch_copy(project, project / "tmp" / "copies") as copy:
        assert not (copy.root / "tmp" / "copies").exists()
        assert (copy.root / "shop.py").exists()
