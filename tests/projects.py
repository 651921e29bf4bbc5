"""Small projects as text, and the three verbs that all tests speak: rewrite, silence, finding."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from textwrap import dedent

from rescope import pipeline
from rescope.config import load_project
from rescope.model.finding import Confidence
from rescope.model.plan import ChangeGroup
from rescope.model.report import Report

ROOT = Path(__file__).resolve().parents[1]

LEAK = """\
# --- app.py
class App:
    dependency_overrides = {}


app = App()
# --- conftest.py
import pytest

from app import app


@pytest.fixture(scope="session")
def client():
    app.dependency_overrides["user"] = "ada"
    yield app
    app.dependency_overrides.clear()
# --- test_app.py
def test_client(client):
    assert client.dependency_overrides


def test_alone():
    assert True
"""
BACKWARDS = """\
# --- conftest.py
def pytest_addoption(parser):
    parser.addoption("--backwards", action="store_true")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--backwards"):
        items.reverse()
"""
"""A conftest.py whose `--backwards` turns the order of the tests around."""


def split_files(text: str) -> dict[str, str]:
    """The files of a text with `# --- path` headers."""
    files: dict[str, str] = {}
    path = ""
    for line in dedent(text).splitlines(keepends=True):
        if line.startswith("# --- "):
            path = line[6:].strip()
            files[path] = ""
        else:
            files[path] += line
    return files


def make_project(root: Path, text: str) -> Path:
    """Write the files below root; a pyproject.toml makes it a pytest rootdir."""
    files = split_files(text)
    files.setdefault("pyproject.toml", '[tool.pytest.ini_options]\npythonpath = ["."]\n')
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode())
    return root


def check(root: Path) -> Report:
    """The report on the project at root; a crashed rule is an error here."""
    analysis = pipeline.analyze(load_project([root]))
    assert analysis.crashes == ()
    return analysis.report


def codes(report: Report) -> list[str]:
    """The codes of all findings and keeps, sorted."""
    return sorted([g.finding.code for g in report.plan.groups] + [k.code for k in report.plan.kept])


def only_told(group: ChangeGroup) -> bool:
    """Whether only somebody who asks for everything is told of it."""
    return group.finding.confidence is Confidence.LOW


def fix(root: Path, *, unsafe: bool = False) -> list[str]:
    """Rewrite the project at root as `rescope fix` would; the changed paths."""
    report = check(root)
    result = pipeline.rewrite(root, pipeline.applicable(report.shown, unsafe=unsafe))
    assert result.refused == ()
    for change in result.changes:
        (root / change.path).write_bytes(change.after)
    return [c.path for c in result.changes]


def run_pytest(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The project's own suite in a process of its own, in file order, with the plugins that `-p` names and no others."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)


def outcome(result: subprocess.CompletedProcess[str]) -> str:
    """The closing line of pytest without the time: `465 passed, 9 failed`."""
    line = result.stdout.strip().splitlines()[-1]
    return line.strip("= ").partition(" in ")[0]


def rescope(root: Path, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, started in root."""
    command = [sys.executable, "-m", "rescope", *arguments]
    return subprocess.run(command, cwd=root, input=stdin, capture_output=True, text=True, check=False)


def environment(folder: Path, line: str = "") -> Path:
    """The site-packages of a virtual environment with pytest and one line in a .pth file, but without rescope."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "here.pth").write_text(f"{sysconfig.get_path('purelib')}\n{line}\n")
    return site


def findings(root: Path) -> dict:
    """The JSON report of check."""
    return json.loads(rescope(root, "check", "--output-format", "json").stdout)


def git(root: Path, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """git as a user with a name."""
    command = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *arguments]
    return subprocess.run(command, cwd=root, input=stdin, capture_output=True, text=True, check=False)


def commit_all(root: Path) -> Path:
    """Make root a git repository with everything committed."""
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Start"]):
        assert git(root, *arguments).returncode == 0
    return root
