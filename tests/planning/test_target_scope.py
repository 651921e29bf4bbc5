"""Narrowing to class or module scope, by the command line as by the configuration. The results are run by pytest."""

from pathlib import Path

from projects import make_project, outcome, rescope, run_pytest

SESSION = """\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def cart():
    return ["apples"]


@pytest.fixture(scope="session")
def basket(cart):
    return [cart]
# --- test_one.py
def test_add(cart):
    cart.append("pears")


def test_still_there(cart):
    assert cart == ["apples", "pears"]
# --- test_two.py
def test_fresh(cart, basket):
    assert cart == ["apples"]
    assert basket == [cart]
"""


def test_module(tmp_path: Path) -> None:
    """A session-scoped fixture and its dependent go to module scope: tests of one module go on sharing, those of others do not see it."""
    root = make_project(tmp_path, SESSION)
    assert outcome(run_pytest(root)) == "1 failed, 2 passed"

    done = rescope(root, "fix", "--unsafe", "--allow-no-vcs", "--target-scope", "module")

    assert done.returncode == 0
    assert (root / "conftest.py").read_text().count('scope="module"') == 2
    assert "Module-scoped so that" in (root / "conftest.py").read_text()
    assert outcome(run_pytest(root)) == "3 passed"


def test_nothing_to_narrow(tmp_path: Path) -> None:
    """A fixture that has the target scope already is shown with that reason, and left alone."""
    root = make_project(tmp_path, SESSION.replace("session", "module").replace("# --- test_two.py\n", ""))

    done = rescope(root, "check", "--target-scope", "module", "--strategy", "narrow")

    assert "no fix: it is module-scoped, and the target scope is module" in done.stdout
    assert rescope(root, "diff", "--unsafe", "--target-scope", "module", "--strategy", "narrow").stdout == ""
