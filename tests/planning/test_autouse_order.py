"""An autouse fixture that others count on without requesting it: narrowed, it would be set up after them. Run by pytest."""

from pathlib import Path

import pytest

from projects import check, fix, make_project, outcome, run_pytest

SHOP = """\
# --- shop.py
rows = {{}}


def login(name):
    return rows[name]
# --- conftest.py
import pytest

import shop


@pytest.fixture(scope="session", autouse=True)
def db():
    shop.rows["root"] = 1
    data = {{"users": []}}
    yield data
    shop.rows.clear()


@pytest.fixture(scope={scope})
def headers({requests}):
    return {{"token": shop.login("root")}}
# --- test_shop.py
def test_first(db, headers):
    db["users"].append(1)
    assert headers["token"] == 1


def test_second(db, headers):
    assert headers["token"] == 1
    assert db
"""


CASES = [
    ('"module"', "", False),
    ('"module", autouse=True', "", False),
    ('"module"', "db", True),
    ('"function"', "", True),
]


@pytest.mark.parametrize(("scope", "requests", "narrowed"), CASES)
def test_what_is_set_up_after_it(scope: str, requests: str, narrowed: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """It is left alone where a broad fixture would come before it; one that requests it follows it, and a narrow one comes later anyway."""
    root = make_project(tmp_path, SHOP.format(scope=scope, requests=requests))
    assert outcome(run_pytest(root)) == "2 passed"

    (group,) = [g for g in check(root).plan.groups if g.finding.subject.name == "db"]
    assert ("'headers', which is set up after it" in group.caveat) != narrowed
    fix(root, unsafe=True)

    assert ('"session"' in (root / "conftest.py").read_text("utf-8")) != narrowed
    assert outcome(run_pytest(root)) == "2 passed"


def test_what_it_would_break(tmp_path: Path) -> None:
    """Narrowed all the same, the other fixture finds nothing there."""
    text = SHOP.format(scope='"module"', requests="").replace('scope="session", autouse=True', "autouse=True")
    assert "2 errors" in run_pytest(make_project(tmp_path, text)).stdout
