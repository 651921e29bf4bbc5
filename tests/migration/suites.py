"""A suite with leaks in three folders, and real git repositories around it."""

import os
import subprocess
import sys
from pathlib import Path

from projects import git, make_project, rescope

ALL = [
    "Reset cache._instance around each test",
    "Narrow 'api_client' to function scope, and 1 dependent",
    "Narrow 'web_client' to function scope, and 1 dependent",
]

_FOLDER = """\
# --- {name}/{name}_app.py
class App:
    dependency_overrides = {{}}


app = App()
# --- {name}/conftest.py
import pytest

from {name}.{name}_app import app


@pytest.fixture(scope="session")
def {name}_client():
    app.dependency_overrides["user"] = "ada"
    yield app
    del app.dependency_overrides["user"]


@pytest.fixture(scope="module")
def {name}_user({name}_client):
    return {name}_client.dependency_overrides["user"]
# --- {name}/test_{name}.py
def test_{name}_user({name}_user):
    assert {name}_user == "ada"
"""
_CACHE = """\
# --- cache.py
class Cache:
    def __init__(self):
        self.items = {}


_instance = None


def get_cache():
    global _instance
    if _instance is None:
        _instance = Cache()
    return _instance
# --- cached/conftest.py
import pytest

from cache import get_cache


@pytest.fixture
def cache():
    return get_cache()
# --- cached/test_cache.py
def test_set(cache):
    assert cache.items == {}
    cache.items["a"] = 1


def test_fresh(cache):
    assert cache.items == {}
    cache.items["b"] = 1
"""
FOLDERS = _FOLDER.format(name="api") + _FOLDER.format(name="web")
SUITE = FOLDERS + _CACHE
BRANCH = "rescope/isolate-tests"


def make_repository(root: Path, text: str = SUITE) -> Path:
    """A repository on branch main, whose user has a name, with the suite committed."""
    make_project(root, text)
    for arguments in (["init", "-q", "-b", "main"], ["config", "user.name", "Grace"], ["config", "user.email", "grace@example.com"]):
        done(root, *arguments)
    return commit(root, "Start")


def commit(root: Path, subject: str) -> Path:
    """Everything in one more commit."""
    done(root, "add", "-A")
    done(root, "commit", "-qm", subject)
    return root


def done(root: Path, *arguments: str) -> str:
    """What git prints, as the user of the repository."""
    result = subprocess.run(["git", "-c", "protocol.file.allow=always", *arguments], cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def subjects(root: Path, branch: str, since: str = "main") -> list[str]:
    """The subjects of the commits that a branch adds, the first one first."""
    return done(root, "log", "--reverse", "--format=%s", f"{since}..{branch}").splitlines()


def branches(root: Path) -> list[str]:
    """All local branches."""
    return done(root, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()


def state(root: Path) -> tuple[str, ...]:
    """All that must be as before: what HEAD is, branches, index, stash, work trees, files, status and configuration."""
    return (
        git(root, "symbolic-ref", "HEAD").stdout,
        done(root, "rev-parse", "HEAD"),
        done(root, "for-each-ref"),
        done(root, "ls-files", "--stage"),
        done(root, "stash", "list"),
        done(root, "worktree", "list"),
        done(root, "status", "--porcelain", "--untracked-files=all"),
        done(root, "diff"),
        done(root, "config", "--list", "--local"),
    )


def script(file: Path, text: str) -> Path:
    """An executable file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def python_script(file: Path, text: str) -> Path:
    """An executable Python file."""
    script(file, text)
    file.write_text(f"#!{sys.executable}\n{text}\n")
    return file


def only_git(folder: Path) -> str:
    """A PATH on which there is git, and what git and hooks need, but no gh."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for file in Path(place).glob("*") if Path(place).is_dir() else ():
            if file.name != "gh" and not (folder / file.name).exists():
                (folder / file.name).symlink_to(file)
    return str(folder)


def refused(root: Path, *arguments: str) -> str:
    """What migrate says when it refuses, having changed nothing and left nothing behind."""
    before = state(root)
    result = rescope(root, "migrate", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert state(root) == before
    assert list(Path(os.environ["TMPDIR"]).glob("rescope-*")) == []
    return result.stderr
