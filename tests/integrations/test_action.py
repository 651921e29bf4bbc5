"""The steps of action.yml, run by the shell that the runner would use."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from projects import LEAK, ROOT, fix, make_project

STEPS = {step["name"]: step for step in yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"] if "run" in step}

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the steps are for bash")


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """The runner's folder for temporary files."""
    path = tmp_path / "runner"
    path.mkdir()
    return path


def run_step(root: Path, runner: Path, name: str, **given: str) -> subprocess.CompletedProcess[str]:
    """A step as GitHub runs it, with values for what its expressions would give."""
    values = {"PYTHON": sys.executable, "PATHS": ".", "ARGS": ""} | given
    assert set(STEPS[name]["env"]) <= set(values)
    files = {"RUNNER_TEMP": runner, "GITHUB_OUTPUT": runner / "output", "GITHUB_STEP_SUMMARY": runner / "summary.md"}
    env = os.environ | values | {key: str(path) for key, path in files.items()}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]]
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)


def test_findings(tmp_path: Path, runner: Path) -> None:
    """With a finding the check annotates it and passes its exit code on; the last step fails the job with it."""
    root = make_project(tmp_path / "project", LEAK)
    result = run_step(root, runner, "Check")

    assert (0, "exit-code=1\n") == (result.returncode, (runner / "output").read_text())
    assert result.stdout.startswith("::error file=conftest.py,line=7,")
    assert run_step(root, runner, "Tell the outcome", CODE="1").returncode == 1


def test_no_findings(tmp_path: Path, runner: Path) -> None:
    """Without findings there is no annotation, and the job goes on."""
    root = make_project(tmp_path / "project", LEAK)
    fix(root)
    result = run_step(root, runner, "Check")

    assert ("", "exit-code=0\n") == (result.stdout, (runner / "output").read_text())
    assert run_step(root, runner, "Tell the outcome", CODE="0").returncode == 0


def test_paths_and_options(tmp_path: Path, runner: Path) -> None:
    """Paths and options reach the command."""
    root = make_project(tmp_path / "project", LEAK)

    assert run_step(root, runner, "Check", PATHS="app.py test_app.py").stdout == ""
    assert run_step(root, runner, "Check", ARGS="--ignore RSC101 --no-cache").stdout == ""
    assert "RSC101" in run_step(root, runner, "Check", PATHS="app.py conftest.py").stdout


def test_summary_and_sarif(tmp_path: Path, runner: Path) -> None:
    """The summary is Markdown, the file for code scanning is SARIF; neither step fails on findings."""
    root = make_project(tmp_path / "project", LEAK)

    assert run_step(root, runner, "Write the job summary").returncode == 0
    assert "**RSC101** [conftest.py:7]" in (runner / "summary.md").read_text()
    assert run_step(root, runner, "Write SARIF").returncode == 0
    assert json.loads((runner / "rescope.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "RSC101"
