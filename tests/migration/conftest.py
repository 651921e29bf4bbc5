"""Repositories as users have them, and nothing of the user's own configuration."""

import os
from pathlib import Path

import pytest
from migration.suites import FOLDERS, done, make_repository


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No configuration but the repository's, and a folder for temporary files that can be looked at."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clean repository whose branch main follows that of a bare remote called origin."""
    root = make_repository(tmp_path / "project")
    done(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    done(root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    done(root, "push", "-q", "-u", "origin", "main")
    return root


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A clean repository with two leaks that have nothing to do with each other."""
    return make_repository(tmp_path / "folders", FOLDERS)
