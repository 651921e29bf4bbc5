"""A set-up that registers something for good cannot be run for each test. The suites are run by pytest."""

from pathlib import Path

import pytest

from projects import check, make_project, outcome, run_pytest

BOARD = """\
# --- board.py
import pluggy

registry = pluggy.PluginManager("board")


class App:
    def __init__(self):
        self.config, self.stack = {}, [1]


class Feature:
    pass


class Features(list):
    register = list.append


FEATURE, FEATURES = Feature(), Features()


def create_app():
    {register}
    return App()
# --- conftest.py
import pytest

import board


@pytest.fixture(scope="{scope}")
def application():
    app = board.create_app()
    yield app
    {end}
# --- test_board.py
def test_debug(application):
    application.config["debug"] = True
    assert application.config


def test_plain(application):
    assert application.config is not None
"""
CASES = {
    "for good": ("registry.register(FEATURE)", "app.config.clear()", "1 passed, 1 error"),
    "until the end": ("registry.register(FEATURE)", "board.registry.unregister(board.FEATURE)", "2 passed"),
    "while something else is popped": ("registry.register(FEATURE)", "app.stack.pop()", "1 passed, 1 error"),
    "until it is removed": (
        "FEATURES.register(FEATURE)",
        "board.FEATURES.remove(board.FEATURE)",
        "2 passed",
    ),
    "with an object of its own": ("pluggy.PluginManager('app').register(FEATURE)", "app.config.clear()", "2 passed"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_registers_for_good_stays_broad(tmp_path: Path, case: str) -> None:
    """It is not narrowed where narrowing by hand breaks the suite, and else it is."""
    register, end, narrowed = CASES[case]

    def project(name: str, scope: str) -> Path:
        return make_project(tmp_path / name, BOARD.replace("{register}", register).replace("{end}", end).replace("{scope}", scope))

    root = project("broad", "session")
    assert outcome(run_pytest(root)) == "2 passed"
    assert outcome(run_pytest(project("narrow", "function"))) == narrowed
    (group,) = [g for g in check(root).plan.groups if g.finding.code == "RSC103"]
    assert ("may not be repeated: board.py:" in group.caveat) == (narrowed != "2 passed")
