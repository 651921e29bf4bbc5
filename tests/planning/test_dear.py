"""Fixtures of which each further one would cost: they are shown, and narrowed only where the configuration asks for it by name."""

from pathlib import Path

import pytest

from projects import check, make_project, outcome, rescope, run_pytest

CLOUD = """\
# --- cloud.py
import time


class Machine:
    def __init__(self, name):
        self.name, self.label = name, "plain"

    def delete(self):
        self.name = ""


    def start(self):
        return self

    def fit(self, rows):
        return self

    def stop(self):
        self.name = ""


class Client:
    def __init__(self):
        self.ordered = []

    def instance_create(self, name):
        self.ordered.append(name)
        return Machine(name)
# --- tests/helpers.py
import time


def wait_for_condition(seconds, condition):
    while not condition():
        time.sleep(seconds)


def plain(machine):
    return machine
# --- tests/conftest.py
import pytest

from cloud import Client, Machine
from helpers import plain, wait_for_condition


@pytest.fixture(scope="session")
def client():
    return Client()


@pytest.fixture(scope="session")
def machine({argument}):
    {made}
# --- tests/test_machine.py
def test_label(machine):
    machine.label = "loud"
    assert machine.label == "loud"


def test_name(machine):
    assert machine.label == "plain"
"""
ORDERED = "found = client.instance_create('web')\n    yield found\n    found.delete()"
DEAR = {
    "ordered from a client that stays broad": ("client", ORDERED, "each test would order one from 'client', which stays broad"),
    "a model that is fitted": ("", "return Machine('web').fit([1, 2])", "it fits a model"),
    "started, and ended behind the yield": (
        "",
        "found = Machine('web')\n    found.start()\n    yield found\n    found.stop()",
        "each test would start one, by start(), and end it",
    ),
    "waited for in a helper": (
        "",
        "found = Machine('web')\n    wait_for_condition(1, lambda: found.name)\n    return found",
        "each test would wait for it",
    ),
}
CHEAP = {
    "made by itself": ("", "found = Machine('web')\n    yield found\n    found.delete()"),
    "handed to a helper that waits for nothing": ("", "return plain(Machine('web'))"),
    "ordered, and nothing ends it": ("client", "return client.instance_create('web')"),
    "a patch that is started": (
        "",
        (
            "from unittest import mock\n    found = mock.patch('cloud.Client')\n    found.label = 'plain'\n"
            "    found.start()\n    yield found\n    found.stop()"
        ),
    ),
    "started, and nothing ends it": ("", "found = Machine('web')\n    found.start()\n    return found"),
    "waited for when all is over": ("", "found = Machine('web')\n    yield found\n    wait_for_condition(1, lambda: found.name)"),
}


@pytest.mark.parametrize("case", DEAR)
def test_what_costs_is_not_made_for_each_test(tmp_path: Path, case: str) -> None:
    """It is found, its label alone is put back or nothing at all, and `strategy = "narrow"` narrows it all the same."""
    argument, made, why = DEAR[case]
    root = make_project(tmp_path, CLOUD.format(argument=argument, made=made))
    (found,) = check(root).plan.groups

    assert (found.finding.code, why in found.caveat) == ("RSC103", True)
    assert not any(type(edit).__name__ == "ChangeScope" for edit in found.edits)
    assert rescope(root, "fix", "--unsafe", "--allow-no-vcs").returncode == 0
    assert outcome(run_pytest(root)) == "2 passed"
    assert "scope=" in (root / "tests" / "conftest.py").read_text("utf-8").partition("def client")[2]


def test_the_configuration_asks_for_narrowing(tmp_path: Path) -> None:
    """Whoever names the strategy has it, cost or not."""
    root = make_project(tmp_path, CLOUD.format(argument="client", made=ORDERED))
    (root / "pyproject.toml").write_text('[tool.rescope]\nstrategy = "narrow"\n', "utf-8")
    (found,) = check(root).plan.groups

    assert next(type(edit).__name__ for edit in found.edits) == "ChangeScope"


def test_what_is_ordered_from_a_client_that_is_narrowed_too(tmp_path: Path) -> None:
    """The client leaks itself: each test has its own, and orders from that."""
    root = make_project(tmp_path, CLOUD.format(argument="client", made=ORDERED))
    more = "\n\ndef test_order(client):\n    client.ordered.append('more')\n\n\ndef test_orders(client):\n    assert client.ordered == []\n"
    (root / "tests" / "test_client.py").write_text(more.strip() + "\n", "utf-8")
    (found,) = check(root).plan.groups

    assert (found.finding.subject.name, [d.subject.name for d in found.dependents]) == ("client", ["machine"])
    assert outcome(run_pytest(root)) == "2 failed, 2 passed"
    assert rescope(root, "fix", "--unsafe", "--allow-no-vcs").returncode == 0
    assert outcome(run_pytest(root)) == "4 passed"


@pytest.mark.parametrize("case", CHEAP)
def test_what_costs_nothing_is_narrowed(tmp_path: Path, case: str) -> None:
    """Without an order or a wait before the yield there is an edit, with which pytest passes."""
    argument, made = CHEAP[case]
    root = make_project(tmp_path, CLOUD.format(argument=argument, made=made))
    before = run_pytest(root)
    (found,) = check(root).plan.groups

    assert outcome(before) == "1 failed, 1 passed"
    assert next(type(edit).__name__ for edit in found.edits) == "ChangeScope"
    assert rescope(root, "fix", "--unsafe", "--allow-no-vcs").returncode == 0
    assert outcome(run_pytest(root)) == "2 passed"
