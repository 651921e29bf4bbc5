"""The hooks of .pre-commit-hooks.yaml, run by pre-commit itself: `nox -s pre_commit`. They are those of the last commit."""

import os
import subprocess
from pathlib import Path

import pytest

from projects import LEAK, ROOT, commit_all, git, make_project, run_pytest


@pytest.fixture(scope="session")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A clone of this repository, and its commit."""
    clone = tmp_path_factory.mktemp("hooks") / "rescope"
    assert git(ROOT, "clone", "-q", "--no-local", str(ROOT), str(clone)).returncode == 0
    return clone, git(clone, "rev-parse", "HEAD").stdout.strip()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environment of the hooks, made once."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def project(hooks: tuple[Path, str], tmp_path: Path) -> Path:
    """A repository with one safe finding that uses both hooks."""
    clone, commit = hooks
    config = f"repos:\n- repo: {clone}\n  rev: {commit}\n  hooks:\n  - id: rescope-check\n  - id: rescope-fix\n"
    root = make_project(tmp_path / "project", LEAK)
    (root / ".pre-commit-config.yaml").write_text(config)
    return commit_all(root)


def pre_commit(root: Path, store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pre-commit with a store of its own."""
    env = os.environ | {"PRE_COMMIT_HOME": str(store)}
    return subprocess.run(["pre-commit", *arguments], cwd=root, env=env, capture_output=True, text=True, check=False)


def test_check_fails_with_the_finding(project: Path, store: Path) -> None:
    """The check hook fails on a leak and shows it."""
    result = pre_commit(project, store, "run", "rescope-check", "--all-files")

    assert result.returncode == 1, result.stdout
    assert "conftest.py:7:1: RSC101 session-scoped fixture 'client'" in result.stdout


def test_files_limit_the_report(project: Path, store: Path) -> None:
    """Files without a finding pass, although the project is analysed whole."""
    assert pre_commit(project, store, "run", "rescope-check", "--files", "test_app.py", "app.py").returncode == 0
    assert pre_commit(project, store, "run", "rescope-check", "--files", "conftest.py").returncode == 1


def test_fix_changes_the_file(project: Path, store: Path) -> None:
    """The fix hook changes the staged file, fails as pre-commit asks of it, and passes the next time."""
    conftest = project / "conftest.py"
    conftest.write_text(conftest.read_text() + "\n# staged\n")
    git(project, "add", "conftest.py")
    result = pre_commit(project, store, "run", "rescope-fix")

    assert (1, True) == (result.returncode, "files were modified by this hook" in result.stdout), result.stdout
    assert 'scope="function"' in conftest.read_text()
    assert "# staged" in conftest.read_text()
    git(project, "add", "conftest.py")
    assert pre_commit(project, store, "run", "rescope-fix").returncode == 0
    assert run_pytest(project).returncode == 0


def test_manifest_is_valid(hooks: tuple[Path, str], store: Path) -> None:
    """pre-commit takes the manifest."""
    assert pre_commit(hooks[0], store, "validate-manifest", ".pre-commit-hooks.yaml").returncode == 0
