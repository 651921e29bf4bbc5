"""The reason for a broad scope, written where the user asks for it: to what is kept and says nothing itself, and only there."""

from pathlib import Path

from projects import check, git, make_project, outcome, rescope, run_pytest

KEPT = """\
# --- conftest.py
import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def worker():
    return subprocess.run([sys.executable, "-c", ""], check=True)


@pytest.fixture(scope="session")
def told():
    \"\"\"One process for all tests.\"\"\"
    return subprocess.run([sys.executable, "-c", ""], check=True)


@pytest.fixture(scope="module")
def numbers():
    return (1, 2)


@pytest.fixture
def fresh():
    return [1]
# --- test_worker.py
def test_worker(worker, told, numbers, fresh):
    assert worker.returncode == told.returncode == 0
"""


def test_one_line(tmp_path: Path) -> None:
    """The kept fixture without a docstring gets one with the reason; nothing else changes, and a second run finds nothing to do."""
    root = make_project(tmp_path, KEPT)
    before = (root / "conftest.py").read_text()

    shown = rescope(root, "diff", "--document-scopes").stdout
    assert [line for line in shown.splitlines() if line.startswith(("+", "-"))][2:] == ['+    """Session-scoped: starts a process."""']
    assert rescope(root, "fix", "--document-scopes", "--allow-no-vcs").returncode == 0

    after = (root / "conftest.py").read_text()
    assert after.replace('    """Session-scoped: starts a process."""\n', "") == before
    assert outcome(run_pytest(root)) == "1 passed"
    assert rescope(root, "diff", "--document-scopes").returncode == 0


def test_only_on_request(tmp_path: Path) -> None:
    """Without the option a kept fixture is kept, and nothing more is said of it."""
    plan = check(make_project(tmp_path, KEPT)).plan

    assert plan.groups == ()
    assert {k.subject.name for k in plan.kept} == {"worker", "told"}


def test_a_commit_of_its_own(tmp_path: Path) -> None:
    """`migrate` makes a commit of it that says what it does."""
    root = make_project(tmp_path, KEPT)
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", ".")
    git(root, "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "Begin")
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
        git(root, "config", key, value)

    done = rescope(root, "migrate", "--document-scopes", "--branch", "explain")

    assert done.returncode == 0, done.stderr
    assert "Say why 'worker' is session-scoped" in git(root, "log", "--format=%s", "explain").stdout
