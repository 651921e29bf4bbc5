"""A reset that is safe only since fixtures are narrowed is never applied without them."""

import json
from pathlib import Path

import pytest
from migration.suites import SUITE

from projects import check, fix, make_project, outcome, rescope, run_pytest
from rescope.model.finding import Applicability


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A suite whose broad clients, which hand the application out, may fill the cache that a reset empties."""
    return make_project(tmp_path, SUITE)


def test_not_alone(root: Path) -> None:
    """Asked for the reset only, diff leaves it out and says what it relies on."""
    result = rescope(root, "diff", "--only", "_instance")

    assert result.stdout == ""
    assert "left out: '_instance': it relies on 'api_client' (api/conftest.py) being narrowed, too" in result.stderr


def test_no_fix_of_its_own(root: Path) -> None:
    """In SARIF, of which a tool may apply any one fix, the reset has none."""
    log = json.loads(rescope(root, "check", "--output-format", "sarif").stdout)

    fixed = {result["ruleId"]: "fixes" in result for result in log["runs"][0]["results"]}

    assert fixed == {"RSC101": True, "RSC201": False}


def test_together(root: Path) -> None:
    """With the fixtures narrowed the reset is safe, and cures the suite."""
    assert outcome(run_pytest(root)) == "1 failed, 3 passed"

    assert "cached/conftest.py" in fix(root)

    assert outcome(run_pytest(root)) == "4 passed"


def test_as_unsafe_as_the_narrowing(tmp_path: Path) -> None:
    """Where a narrowing that it relies on is not safe, the reset is not safe either."""
    autouse = SUITE.replace('scope="session")\ndef api_client', 'scope="session", autouse=True)\ndef api_client')
    levels = {g.finding.subject.name: g.applicability for g in check(make_project(tmp_path, autouse)).plan.groups}

    assert levels == {"api_client": Applicability.UNSAFE, "web_client": Applicability.SAFE, "_instance": Applicability.UNSAFE}
