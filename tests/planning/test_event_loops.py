"""No object is used from another event loop because of an edit; `nox -s event_loops` asks all releases of pytest-asyncio."""

import sys
from pathlib import Path

import pytest
from oracle.event_loops import try_project, version_of
from oracle.loop_projects import ANYIO, PROJECTS

from rescope.requirements import oldest

CHOSEN = (
    "loop implied by session scope",
    "auto mode with plain fixtures",
    "auto mode with plain fixtures on the loop of the ini-file",
    "loop of the ini-file that follows the scope",
    "sync and async dependents of several scopes",
)
NAMED = [pytest.param(PROJECTS[name], id=name.replace(" ", "-")) for name in CHOSEN]


@pytest.mark.parametrize("project", [*NAMED, *(pytest.param(p, id="anyio") for p in ANYIO.values())])
def test_loops_are_kept(project, tmp_path: Path) -> None:
    """What passes, passes after every fixture that planning lets go was narrowed; where the loop cannot be kept, none is."""
    trial = try_project(tmp_path, project, sys.executable, version_of(sys.executable))

    assert trial.applicable, trial.why_not
    assert trial.failure == ""
    assert (trial.scopes > 0) == project.narrowed


@pytest.mark.parametrize("requirement", ["pytest-asyncio", "pytest-asyncio>=0.21", "pytest-asyncio>=0.23.5,<1"])
def test_a_release_without_loop_scope_is_respected(requirement: str, tmp_path: Path) -> None:
    """Where the project may run with a pytest-asyncio that has no `loop_scope`, async fixtures stay broad."""
    text = PROJECTS["loop implied by session scope"]
    trial = try_project(tmp_path, text, sys.executable, version_of(sys.executable), requirement=requirement)

    assert trial.applicable
    assert trial.scopes == 0
    assert any("pytest-asyncio>=0.24" in why for why in trial.why_not)


REQUIREMENTS = {
    "pyproject.toml": [
        ('dependencies = ["pytest-asyncio>=0.24"]', (0, 24)),
        ('dependencies = ["pytest_asyncio [docs] >= 0.24, <2"]', ()),
        ("dependencies = [\"pytest-asyncio~=1.0.1 ; python_version > '3'\"]", (1, 0, 1)),
        ('dependencies = ["pytest-asyncio<2"]', ()),
        ('dependencies = ["pytest-asyncio>=1.1", "pytest-asyncio"]', ()),
        ('[tool.poetry.dependencies]\npytest-asyncio = "^0.23.5"', (0, 23, 5)),
        ('[tool.poetry.dependencies]\npytest-asyncio = { version = "0.25.*", optional = true }', (0, 25)),
        ('[tool.poetry.dependencies]\npytest-asyncio = "*"', ()),
        ('dependencies = ["pytest-asyncio-cooperative>=3"]', ()),
    ],
    "requirements-dev.txt": [("pytest-asyncio==0.26.0  # async\n", (0, 26, 0)), ("pytest==8\npytest-asyncio\n", ())],
    "uv.lock": [('[[package]]\nname = "pytest-asyncio"\nversion = "1.2.0"\n', (1, 2, 0))],
    "Pipfile.lock": [('{"pytest-asyncio": {"hashes": ["x"], "version": "==0.21.1"}}', (0, 21, 1))],
}


@pytest.mark.parametrize(("path", "text", "version"), [(path, *case) for path, cases in REQUIREMENTS.items() for case in cases])
def test_the_oldest_release(path: str, text: str, version: tuple[int, ...], tmp_path: Path) -> None:
    """A lower bound counts only where every mention sets one."""
    (tmp_path / path).write_text(text, "utf-8")

    assert oldest(tmp_path, "pytest-asyncio") == version


def test_a_lock_file_beats_requirements(tmp_path: Path) -> None:
    """What is locked is what runs."""
    (tmp_path / "pyproject.toml").write_text('dependencies = ["pytest-asyncio"]', "utf-8")
    (tmp_path / "poetry.lock").write_text('[[package]]\nname = "pytest-asyncio"\nversion = "0.24.0"\n', "utf-8")

    assert oldest(tmp_path, "pytest-asyncio") == (0, 24, 0)
