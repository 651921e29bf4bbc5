"""The public functions, as a script calls them."""

import subprocess
import sys
from pathlib import Path

from projects import LEAK, make_project

SCRIPT = """\
import rescope

print("started")
report = rescope.analyze(".")
safe = [g for g in report.plan.groups if g.applicability is rescope.Applicability.SAFE]
changes = rescope.rewrite(report.root, safe).changes
print([c.path for c in changes], [g.finding.code for g in rescope.plan(".").groups])
"""


def test_script(tmp_path: Path) -> None:
    """A script without a guarded main part gets its answer, and runs once, for a project of many files too."""
    root = make_project(tmp_path / "project", LEAK)
    for number in range(400):
        (root / f"module_{number}.py").write_text("")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    result = subprocess.run([sys.executable, script], cwd=root, capture_output=True, text=True, check=False)

    assert result.stdout.splitlines() == ["started", "['conftest.py'] ['RSC101']"]
