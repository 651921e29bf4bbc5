"""Narrows the async fixtures of small projects by force and runs them: `python -m oracle.event_loops [--python PATH]`.

Nothing that passed may fail: no object may be used from another event loop than the one it was made on.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from oracle.compare import clean_environment
from oracle.loop_projects import ANYIO, BOUND, PROJECTS, LoopProject
from oracle.plans import context_of, forced_plan
from projects import check, make_project
from rescope import pipeline
from rescope.model.edit import ChangeScope

_LOOP_SCOPE = (0, 24)
_MARK_SCOPE = (0, 23)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of one project: applicable if it passed before; scopes changed; pytest's words if it fails since."""

    applicable: bool
    scopes: int
    why_not: tuple[str, ...]
    failure: str


def try_project(root: Path, project: LoopProject, python: str, version: str, *, requirement: str = "") -> Trial:
    """Narrow all broad fixtures of the project that planning lets go, and run it before and after."""
    make_project(root, _text(project, version, requirement or f"pytest-asyncio=={version}"))
    before = _run(root, python)
    if before.returncode:
        return Trial(applicable=False, scopes=0, why_not=(before.stdout[-1500:],), failure="")
    ctx = context_of(root)
    plan = forced_plan(ctx, kept=check(root).plan)
    result = pipeline.rewrite(root, pipeline.applicable(plan.groups, unsafe=True))
    for change in result.changes:
        (root / change.path).write_bytes(change.after)
    after = _run(root, python)
    scopes = sum(isinstance(edit, ChangeScope) for group in result.taken for edit in group.edits)
    why_not = tuple(group.caveat for group in plan.groups if not group.edits)
    return Trial(applicable=True, scopes=scopes, why_not=why_not, failure=after.stdout[-3000:] if after.returncode else "")


def _text(project: LoopProject, version: str, requirement: str) -> str:
    number = tuple(int(part) for part in version.split(".")[:2])
    argument = "loop_scope" if number >= _LOOP_SCOPE else "scope" if number >= _MARK_SCOPE else ""
    files = re.sub(r"LOOP_([A-Z]+)", lambda m: f'{argument}="{m[1].lower()}"' if argument else "", project.files)
    ini = f'[tool.pytest.ini_options]\npythonpath = ["."]\n{project.ini}\n'
    return f'# --- pyproject.toml\n[project]\nname = "x"\nversion = "1"\ndependencies = ["{requirement}"]\n{ini}{BOUND}{files}'


def _run(root: Path, python: str) -> subprocess.CompletedProcess[str]:
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:hypothesispytest", "-W", "ignore"]
    return subprocess.run(command, cwd=root, env=clean_environment(), capture_output=True, text=True, check=False)


def version_of(python: str) -> str:
    """The version of pytest-asyncio that an interpreter has."""
    code = "import importlib.metadata as m; print(m.version('pytest-asyncio'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def main(arguments: Iterable[str]) -> int:
    """A line for each project; 1 if one fails after it was narrowed, or stays although it could be narrowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="the interpreter whose pytest runs the projects")
    python = parser.parse_args(list(arguments)).python
    version = version_of(python)
    lines = list(_trials(python, version))
    print("\n".join(f"pytest-asyncio {version}: {line}" for line, _ in lines))
    return max(wrong for _, wrong in lines)


def _trials(python: str, version: str) -> Iterator[tuple[str, bool]]:
    for name, project in (PROJECTS | ANYIO).items():
        with tempfile.TemporaryDirectory() as folder:
            trial = try_project(Path(folder).resolve(), project, python, version)
        if not trial.applicable:
            yield f"{name}: does not pass as it is", False
        elif trial.failure:
            yield f"{name}: FAILS after {trial.scopes} scopes changed\n{trial.failure}", True
        else:
            expected = project.narrowed and tuple(int(p) for p in version.split(".")[:2]) >= _LOOP_SCOPE
            kept = f"; left: {'; '.join(dict.fromkeys(trial.why_not))}" if trial.why_not else ""
            yield f"{name}: passes, {trial.scopes} scopes changed{kept}", expected and not trial.scopes


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
