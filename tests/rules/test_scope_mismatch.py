"""What pytest refuses is shown, and what it may refuse is told."""

from pathlib import Path

import pytest

from projects import check, make_project, only_told, outcome, run_pytest

BRANCHES = """\
# --- test_user.py
import sys

import pytest

if sys.platform != "none":

    @pytest.fixture(scope="class")
    def user():
        return "ada"

else:

    @pytest.fixture{scope}
    def user():
        pytest.skip("not here")


@pytest.fixture(scope="class")
def letter(user):
    return user[0]


def test_letter(letter):
    assert letter == "a"
"""


@pytest.mark.parametrize(("scope", "told"), [("", 1), ('(scope="class")', 0)])
def test_one_of_two_branches(tmp_path: Path, scope: str, told: int) -> None:
    """Pytest takes the definition that it meets: only told, since another is broad enough."""
    root = make_project(tmp_path, BRANCHES.format(scope=scope))
    report = check(root)

    assert outcome(run_pytest(root)) == "1 passed"
    assert report.shown == ()
    assert [(g.finding.code, only_told(g)) for g in report.plan.groups] == [("RSC106", True)] * told
