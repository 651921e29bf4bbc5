"""The text of a pull request, as reviewers see it."""

from dataclasses import replace
from pathlib import Path

import pytest

from projects import LEAK, check, make_project
from rescope.model.finding import Applicability
from rescope.model.plan import Skipped
from rescope.model.report import Report
from rescope.reporting.pull_request import PullRequest, Sibling, render_pull_request

DEPENDENT = """\
# --- test_more.py
import pytest
from sqlalchemy import create_engine


@pytest.fixture(scope="session")
def engine():
    return create_engine("sqlite://")


@pytest.fixture(scope="module")
def user(client):
    return client


def test_user(user, engine):
    assert user
"""


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """A project with one leak, a dependent and a keep."""
    return check(make_project(tmp_path, LEAK + DEPENDENT))


def request(report: Report, **changes: object) -> PullRequest:
    client = report.plan.groups[0].finding.subject.address
    plain = PullRequest(groups=report.plan.groups, commits=("Narrow 'client'",), base="0123456789abcdef", uses={client: 2}, links="")
    return replace(plain, **changes)


def section(text: str, title: str) -> str:
    return text.partition(f"### {title}\n\n")[2].partition("\n\n### ")[0]


def test_sections(report: Report) -> None:
    """What to look at, what leaked, what stays, proof, cost and undo stand in this order."""
    text = render_pull_request(report, request(report))

    assert [line for line in text.splitlines() if line.startswith("### ")] == [
        "### What to look at first",
        "### What leaked, and how it is known",
        "### What stays as it is, and why",
        "### Before and after",
        "### What it costs",
        "### How to undo",
    ]


def test_evidence_has_links(report: Report) -> None:
    """A finding has its evidence and its dependents with links to lines, which begin as asked for."""
    text = section(render_pull_request(report, request(report, links="https://x/blob/abc/")), "What leaked, and how it is known")

    assert '[conftest.py:8](https://x/blob/abc/conftest.py#L8) `app.dependency_overrides["user"] = "ada"`' in text
    assert "[test\\_more.py:11](https://x/blob/abc/test_more.py#L11) `user` module -> function" in text
    assert "`0123456789ab`, before the change" in text


def test_kept_and_left_out(report: Report) -> None:
    """What is kept or left out is listed with the reason."""
    (group,) = report.plan.groups
    left = Skipped(subject=group.finding.subject, reason="it breaks test_x")
    kept = section(render_pull_request(report, request(report, left_out=(left,))), "What stays as it is, and why")

    assert "`engine` session, creates a SQLAlchemy engine" in kept
    assert "`client` ([conftest.py:7](conftest.py#L7)) it breaks test\\_x" in kept


def test_cost(report: Report) -> None:
    """Each narrowed fixture tells how often it was and will be set up."""
    text = section(render_pull_request(report, request(report)), "What it costs")

    assert "`client` was set up once per session, now for each test that uses it (2 test functions)" in text
    assert "`user` was set up once per module" in text


def test_the_doubtful_comes_first(report: Report) -> None:
    """An edit that is not safe leads what to look at, with its reason; else the cost does."""
    (group,) = report.plan.groups
    safe = replace(group, applicability=Applicability.SAFE, caveat="")
    doubtful = replace(group, applicability=Applicability.UNSAFE, caveat="it may do more")
    looked = [section(render_pull_request(report, request(report, groups=(g,))), "What to look at first") for g in (safe, doubtful)]

    assert looked[0] == "1. `client` ([conftest.py:7](conftest.py#L7)): 2 tests will each set it up"
    assert looked[1] == "1. `client` ([conftest.py:7](conftest.py#L7)): not safe: it may do more"


def test_table(report: Report) -> None:
    """What verify measured stands where it would be said that nothing was run."""
    assert "The suite was not run" in render_pull_request(report, request(report))
    text = render_pull_request(report, request(report, table="### rescope verify: no regression\n"))
    assert "### rescope verify: no regression\n\n### What it costs" in text


def test_other_branches(report: Report) -> None:
    """Other branches are named with what they do and which files both change."""
    other = Sibling(name="b-2", groups=report.plan.groups, shared=("conftest.py",))
    text = section(render_pull_request(report, request(report, beside=(other,))), "The other branches")

    assert text.endswith("- `b-2`: `client`; also changes `conftest.py`\n")


def test_undo(report: Report) -> None:
    """The commits are listed, and what keeps a fixture broad for good."""
    text = section(render_pull_request(report, request(report)), "How to undo")

    assert "git revert" in text
    assert "# rescope: keep <reason>" in text
    assert "- Narrow 'client'" in text
