"""rescope migrate as users type it, on real repositories with a bare remote."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from migration.suites import (
    ALL,
    BRANCH,
    FOLDERS,
    SUITE,
    branches,
    commit,
    done,
    make_repository,
    refused,
    script,
    state,
    subjects,
)

from projects import git, make_project, outcome, rescope, run_pytest

# --- the branch -----------------------------------------------------------------------------------


def test_commits_can_be_read_one_by_one(repository: Path, surroundings: Path) -> None:
    """Resets come first, then each narrowed fixture; HEAD, index, stash and files stay; nothing temporary is left."""
    before = done(repository, "status", "--porcelain=v2", "--branch"), done(repository, "rev-parse", "HEAD")
    result = rescope(repository, "migrate")

    assert (result.returncode, subjects(repository, BRANCH)) == (0, ALL)
    assert (done(repository, "status", "--porcelain=v2", "--branch"), done(repository, "rev-parse", "HEAD")) == before
    assert done(repository, "log", "-3", "--format=%an <%ae>", BRANCH).splitlines() == ["Grace <grace@example.com>"] * 3
    assert done(repository, "worktree", "list").count("\n") == 0
    assert list(surroundings.iterdir()) == []
    assert not (repository / ".rescope").exists()


def test_each_commit_collects_and_the_last_passes(repository: Path) -> None:
    """The suite collects after every commit; before the migration it fails, after it passes."""
    assert outcome(run_pytest(repository)) == "1 failed, 3 passed"
    rescope(repository, "migrate", "-q")
    for each in done(repository, "rev-list", "--reverse", f"main..{BRANCH}").splitlines():
        done(repository, "checkout", "-q", each)
        assert run_pytest(repository, "--collect-only").returncode == 0
    assert outcome(run_pytest(repository)) == "4 passed"


def test_the_branch_is_what_fix_writes(repository: Path) -> None:
    """The last commit holds the very bytes of `rescope fix`, whether in one commit or in many."""
    rescope(repository, "migrate", "-q")
    rescope(repository, "migrate", "-q", "--single-commit", "--branch", "one")
    rescope(repository, "fix")

    assert done(repository, "diff", BRANCH, "--", ".") == done(repository, "diff", "one", "--", ".") == ""
    assert subjects(repository, "one") == ["Isolate tests: narrow 4 fixtures and reset 1 singleton"]


def test_message(repository: Path) -> None:
    """A message names finding, evidence, reason, dependents and rule, in lines that a terminal shows."""
    rescope(repository, "migrate", "-q", "--only", "api_client")
    message = done(repository, "log", "-1", "--format=%B", BRANCH)

    assert "session-scoped fixture 'api_client' leaves an override in app.dependency_overrides" in message.replace("\n", " ")
    assert re.search(r"^- api/conftest\.py:\d+: undone only when the scope ends", message, re.MULTILINE)
    assert "Function-scoped so that" in message
    assert "'api_user' (api/conftest.py:" in message.replace("\n", " ")
    assert message.endswith("rescope RSC101 (override-in-broad-fixture), safe")
    assert max(map(len, message.splitlines())) <= 72


def test_paths_and_selection_are_those_of_fix(repository: Path) -> None:
    """Paths, --only and --select limit what is committed."""
    for number, arguments in enumerate((["api"], ["--only", "api_client"], ["--select", "RSC1", "--exclude", "web"])):
        rescope(repository, "migrate", "-q", "--branch", f"b{number}", *arguments)
        assert subjects(repository, f"b{number}") == ALL[1:2]


def test_a_reset_that_relies_on_a_narrowing_is_not_made_alone(repository: Path) -> None:
    """A reset that is only safe since fixtures are narrowed is left out where these are."""
    result = rescope(repository, "migrate", "--only", "_instance")

    assert "left out: '_instance': it relies on 'api_client' (api/conftest.py) being narrowed" in result.stderr
    assert (result.returncode, branches(repository)) == (0, ["main"])


def test_nothing_to_do(repository: Path) -> None:
    """A suite without findings gets no branch, and exit code 0."""
    rescope(repository, "fix")
    commit(repository, "Fixed")
    result = rescope(repository, "migrate")

    assert (result.returncode, result.stdout, branches(repository)) == (0, "", ["main"])
    assert "nothing to do" in result.stderr


def test_switch(repository: Path) -> None:
    """Only with --switch the new branch is checked out afterwards."""
    rescope(repository, "migrate", "-q", "--switch")

    assert done(repository, "branch", "--show-current") == BRANCH
    assert done(repository, "status", "--porcelain") == ""


def test_dry_run_changes_nothing(repository: Path) -> None:
    """A dry run prints commits with what they change, and the text, and leaves no trace."""
    before = state(repository)
    result = rescope(repository, "migrate", "--dry-run", "--body-file", "body.md")

    assert result.returncode == 0
    assert [line.strip() for line in result.stdout.splitlines() if line.strip() in ALL] == ALL
    assert " cached/conftest.py | +" in result.stdout
    assert "### How to undo" in result.stdout
    assert state(repository) == before


def test_migrating_again_goes_on_with_the_rest(repository: Path) -> None:
    """After one of several branches was merged, the next run plans only what is left; after all, nothing."""
    rescope(repository, "migrate", "-q", "--only", "api_client")
    done(repository, "merge", "-q", "--no-ff", "-m", "Merge", BRANCH)
    assert f"there is a branch {BRANCH} already; once it is merged, `git branch -d {BRANCH}`" in refused(repository)
    done(repository, "branch", "-d", BRANCH)
    rescope(repository, "migrate", "-q")
    assert subjects(repository, BRANCH) == [ALL[0], ALL[2]]
    done(repository, "merge", "-q", "--ff-only", BRANCH)
    assert "nothing to do" in rescope(repository, "migrate", "--branch", "again").stderr


# --- several branches -----------------------------------------------------------------------------


def test_max_groups(folders: Path) -> None:
    """A large migration becomes numbered branches that all start at HEAD, and merge one after the other."""
    result = rescope(folders, "migrate", "--max-groups", "1")
    names = [f"{BRANCH}-1", f"{BRANCH}-2"]

    assert branches(folders) == ["main", *names]
    assert [subjects(folders, name) for name in names] == [ALL[1:2], ALL[2:]]
    assert [f"<!-- {name} -->" in result.stdout for name in names] == [True, True]
    for name in names:
        done(folders, "merge", "-q", "-m", name, name)
    assert rescope(folders, "check").returncode == 0


def test_max_groups_goes_on_with_the_rest(folders: Path) -> None:
    """With the first of two branches merged, a second run makes one of what is left."""
    rescope(folders, "migrate", "-q", "--max-groups", "1")
    done(folders, "merge", "-q", f"{BRANCH}-1")
    rescope(folders, "migrate", "-q", "--max-groups", "1", "--branch", "rest")

    assert subjects(folders, "rest") == ALL[2:]


def test_what_relies_on_each_other_stays_together(repository: Path) -> None:
    """A reset that needs narrowings is in one branch with them, even if that is more than was asked for."""
    result = rescope(repository, "migrate", "--max-groups", "1")

    assert (branches(repository), subjects(repository, BRANCH)) == (["main", BRANCH], ALL)
    assert "3 findings share definitions or rely on each other" in result.stderr


def test_split_by_directory(folders: Path) -> None:
    """Each folder gets a branch that is called after it, and a file with its text."""
    rescope(folders, "migrate", "-q", "--split-by", "directory", "--body-file", "../body.md")

    assert branches(folders) == ["main", f"{BRANCH}-api", f"{BRANCH}-web"]
    assert [("**RSC101** [api/" in text, "**RSC101** [web/" in text) for text in _bodies(folders.parent)] == [(True, False), (False, True)]


def _bodies(folder: Path) -> list[str]:
    return [(folder / f"body-{number}.md").read_text() for number in (1, 2)]


def test_split_by_codeowners(folders: Path) -> None:
    """Each group of owners gets a branch that is called after it; without the file it is refused."""
    assert "CODEOWNERS" in refused(folders, "--split-by", "codeowners")
    (folders / ".github").mkdir()
    (folders / ".github/CODEOWNERS").write_text("* @org/all\n/web/ @org/web @ada\n")
    commit(folders, "Owners")
    rescope(folders, "migrate", "-q", "--split-by", "codeowners")

    assert branches(folders) == ["main", f"{BRANCH}-ada-org-web", f"{BRANCH}-org-all"]


# --- what is refused, and what that leaves --------------------------------------------------------


def test_dirty_tree(repository: Path) -> None:
    """Uncommitted changes are refused, whatever they are in; with --allow-dirty they are left aside and survive."""
    (repository / "cache.py").write_text("broken(\n")
    (repository / "api/test_new.py").write_text("def test_new(): ...\n")
    done(repository, "add", "cache.py")
    (repository / "web/conftest.py").write_text("")
    assert "uncommitted changes in cache.py, web/conftest.py, api/test_new.py; commit or stash them" in refused(repository)
    before = state(repository)[3:]
    result = rescope(repository, "migrate", "--allow-dirty")

    assert (result.returncode, subjects(repository, BRANCH)) == (0, ALL)
    assert "uncommitted changes are not looked at" in result.stderr
    assert state(repository)[3:] == before


def test_a_dirty_tree_may_hold_the_paths(repository: Path) -> None:
    """With --allow-dirty, paths and the current folder mean those of HEAD, and what is not in it is refused."""
    (repository / "new").mkdir()
    (repository / "new/test_new.py").write_text("")
    assert "new: not in the commit" in refused(repository, "--allow-dirty", "new")
    rescope(repository / "api", "migrate", "-q", "--allow-dirty")

    assert subjects(repository, BRANCH) == ALL[1:2]


def test_files_that_nothing_reads_are_no_obstacle(repository: Path) -> None:
    """An untracked note does not make a tree dirty."""
    (repository / "notes.txt").write_text("")

    assert rescope(repository, "migrate").returncode == 0


def test_stash_and_index_stay(repository: Path) -> None:
    """A stash, and staged changes beside --allow-dirty, are as before."""
    (repository / "cache.py").write_text("stashed = 1\n")
    done(repository, "stash", "-q")
    (repository / "cache.py").write_text("staged = 1\n")
    done(repository, "add", "cache.py")
    before = done(repository, "stash", "list"), done(repository, "diff", "--cached")
    rescope(repository, "migrate", "-q", "--allow-dirty")

    assert (done(repository, "stash", "list"), done(repository, "diff", "--cached")) == before


def test_detached_head(repository: Path) -> None:
    """The branch starts at a detached HEAD, which stays detached."""
    done(repository, "checkout", "-q", "--detach")
    head = done(repository, "rev-parse", "HEAD")

    assert rescope(repository, "migrate").returncode == 0
    assert (subjects(repository, BRANCH), done(repository, "rev-parse", "HEAD")) == (ALL, head)
    assert git(repository, "symbolic-ref", "HEAD").returncode != 0


def test_second_work_tree(repository: Path, tmp_path: Path) -> None:
    """Run in a linked work tree, the branch starts at the commit that is checked out there, and both trees stay."""
    done(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side/extra.py").write_text("")
    commit(tmp_path / "side", "Extra")
    trees = done(repository, "worktree", "list")

    assert rescope(tmp_path / "side", "migrate").returncode == 0
    assert subjects(repository, BRANCH, since="side") == ALL
    assert done(repository, "worktree", "list") == trees


def test_project_below_the_top(tmp_path: Path) -> None:
    """In a larger repository the project's files are found, and links start at the top."""
    make_project(tmp_path / "top/back end", SUITE)
    root = make_repository(tmp_path / "top", "# --- other.py\n")
    result = rescope(root / "back end", "migrate")

    assert (result.returncode, subjects(root, BRANCH)) == (0, ALL)
    assert "(back%20end/api/conftest.py#L" in result.stdout


def test_submodules(repository: Path, tmp_path: Path) -> None:
    """A submodule is no obstacle, is left as it is, and is a repository of its own when run inside."""
    inner = make_repository(tmp_path / "inner", FOLDERS.replace("api", "inside").replace("web", "within"))
    done(repository, "submodule", "--quiet", "add", str(inner), "sub")
    commit(repository, "Submodule")
    assert "belongs to another repository" in refused(repository)
    assert rescope(repository, "migrate", "api", "--only", "api_client").returncode == 0
    assert subjects(repository, BRANCH) == ALL[1:2]
    for name in ("user.name", "user.email"):
        done(repository / "sub", "config", name, "Grace")
    assert rescope(repository / "sub", "migrate").returncode == 0
    assert "sub is a submodule" in _dirty(repository, "--allow-dirty", "--branch", "other")
    assert done(repository, "status", "--porcelain") == "M cache.py"


def _dirty(root: Path, *arguments: str) -> str:
    (root / "cache.py").write_text("")
    return refused(root, *arguments)


def test_shallow_clone(repository: Path, tmp_path: Path) -> None:
    """A shallow clone gets its branch, and can push it."""
    (repository / "more.py").write_text("")
    commit(repository, "More")
    done(repository, "push", "-q")
    done(tmp_path, "clone", "-q", "--depth", "1", (tmp_path / "remote.git").as_uri(), "shallow")
    for name in ("user.name", "user.email"):
        done(tmp_path / "shallow", "config", name, "Grace")
    result = rescope(tmp_path / "shallow", "migrate", "--push", "origin")

    assert (result.returncode, done(tmp_path / "shallow", "rev-parse", "--is-shallow-repository")) == (0, "true")
    assert subjects(tmp_path / "remote.git", BRANCH) == ALL


def test_no_repository(tmp_path: Path) -> None:
    """Without a repository, or without a commit in it, migrate refuses and says why."""
    root = make_project(tmp_path / "plain", SUITE)
    plain = rescope(root, "migrate")
    done(root, "init", "-q")
    empty = rescope(root, "migrate")

    assert (plain.returncode, empty.returncode) == (2, 2)
    assert "not a git repository" in plain.stderr
    assert "there is no commit yet" in empty.stderr


def test_git_is_not_installed(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without git on the PATH migrate refuses."""
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        result = rescope(repository, "migrate")

    assert (result.returncode, result.stderr) == (2, "error: git is not installed\n")


def test_bad_branch_name(repository: Path) -> None:
    """A name that git does not take is refused."""
    assert "not a valid branch name" in refused(repository, "--branch", "a..b")


def test_ignored_target(repository: Path) -> None:
    """A conftest.py that git ignores could not be committed, so nothing is."""
    done(repository, "rm", "-q", "--cached", "cached/conftest.py")
    done(repository, "commit", "-qm", "Ignore")
    (repository / ".git/info/exclude").write_text("cached/conftest.py\n")

    assert "cached/conftest.py is ignored by git" in refused(repository)


def test_line_endings_of_the_repository(repository: Path) -> None:
    """Where git writes other line endings than the user's files have, the commits still hold those of the repository."""
    done(repository, "config", "core.autocrlf", "true")
    result = rescope(repository, "migrate")

    assert (result.returncode, subjects(repository, BRANCH)) == (0, ALL)
    assert "\r" not in done(repository, "show", f"{BRANCH}:api/conftest.py")
    assert done(repository, "diff", "--stat", "main", BRANCH, "--", "api/conftest.py").endswith("6 insertions(+), 2 deletions(-)")


def test_a_file_that_git_was_told_to_overlook(repository: Path) -> None:
    """Changes that git hides (assume-unchanged) are seen: they would become part of a commit."""
    done(repository, "update-index", "--assume-unchanged", "api/conftest.py")
    with (repository / "api/conftest.py").open("a") as file:
        file.write("# mine\n")

    assert "api/conftest.py: differs from the commit" in refused(repository)


def test_options_that_do_not_fit(repository: Path) -> None:
    """Options that say nothing together are refused with what is missing."""
    assert "--create-pr needs --push" in refused(repository, "--create-pr")
    assert "--switch needs a single branch" in refused(repository, "--switch", "--max-groups", "2")
    assert "no such folder" in refused(repository, "--body-file", "missing/body.md")
    assert "only say something with --verify" in refused(repository, "--", "-x")


# --- verify ---------------------------------------------------------------------------------------

BUILDS_ON_ANOTHER = """\
# --- test_cart.py
import pytest


@pytest.fixture(scope="module")
def cart():
    return {"apples": 1}


def test_add(cart):
    cart["pears"] = 2
    assert len(cart) == 2


def test_builds_on_add(cart):
    assert "pears" in cart
"""


def test_verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --verify the text has the table of before and after; what would break a test is left out, with the reason."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    root = make_repository(tmp_path / "project", SUITE + BUILDS_ON_ANOTHER)
    result = rescope(root, "migrate", "--verify", "--unsafe", "--seeds", "0")

    assert (result.returncode, subjects(root, BRANCH)) == (0, ALL)
    assert "| file order | 5 | 1 |" in result.stdout
    assert "- regressions: none" in result.stdout
    assert "left out: 'cart': --verify: test_cart.py::test_builds_on_add failed" in result.stderr
    assert "test\\_builds\\_on\\_add failed" in result.stdout


def test_verify_needs_a_clean_tree(repository: Path) -> None:
    """What is not committed cannot be verified with what is."""
    (repository / "cache.py").write_text("")

    assert "--verify runs the files as they are" in refused(repository, "--verify", "--allow-dirty")


# --- interrupted ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt(repository: Path, tmp_path: Path, surroundings: Path, number: signal.Signals) -> None:
    """Interrupted in the middle of a commit, no branch, no work tree and no temporary file is left."""
    before = state(repository)
    script(repository / ".git/hooks/pre-commit", f"touch '{tmp_path}/started'; exec sleep 20")
    command = [sys.executable, "-m", "rescope", "migrate"]
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        while not (tmp_path / "started").exists():
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=60)

    assert (process.returncode, b"nothing was changed" in said) == (130, True)
    assert state(repository) == before
    assert list(surroundings.iterdir()) == []
