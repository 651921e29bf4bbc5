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


DECORATED = """\
# --- conftest.py
import pytest


@pytest.fixture
def client():
    return "of pytest"
# --- test_user.py
import pytest


def with_client(function):
    def inner():
        return function("of the decorator")

    return inner


@pytest.fixture(scope="module")
{decorator}def user(client):
    return client.title()


def test_user(user):
    assert user == "Of The Decorator"
"""


@pytest.mark.parametrize(("decorator", "expected"), [("@with_client\n", "1 passed"), ("", "1 error")])
def test_decorator_that_supplies_what_is_requested(tmp_path: Path, decorator: str, expected: str) -> None:
    """What a decorator hands over itself is not requested of pytest: only told, since it is not seen what decorators do."""
    root = make_project(tmp_path, DECORATED.format(decorator=decorator))
    assert outcome(run_pytest(root)) == expected

    (group,) = check(root).plan.groups
    assert (group.finding.code, only_told(group)) == ("RSC106", bool(decorator))
