"""The value of a broad fixture is shown where a test looks at what another changed. Each suite is run by pytest, in both orders."""

from pathlib import Path

import pytest

from projects import BACKWARDS, check, make_project, only_told, outcome, run_pytest

INFO = """\
# --- test_info.py
import pytest


class Info:
    def __init__(self):
        self.versions = ["1"]

    def text(self):
        return ",".join(self.versions)


@pytest.fixture(scope="module")
def info():
    return Info()


def test_first(info):
    {first}


def test_second(info):
    info.versions = ["2"]
    assert info.text() == "2"
"""
USES = {
    "sets it first": ("info.versions = ['3']\n    assert info.text() == '3'", []),
    "reads a part first": ("assert info.versions == ['1']; info.versions = ['3']", ["RSC103"]),
    "calls a method first": ("assert info.text() == '1'; info.versions = ['3']", ["RSC103"]),
    "hands it on first": ("assert vars(info) == {'versions': ['1']}; info.versions = ['3']", ["RSC103"]),
    "sets it in a branch": ("info.text() == '1' or setattr(info, 'versions', ['1']); assert info.text() == '1'", ["RSC103"]),
}


@pytest.mark.parametrize("use", USES)
def test_a_part_of_a_fixture_that_each_user_sets_first_is_told(tmp_path: Path, use: str) -> None:
    """Of a broad fixture's value, what every test assigns before it reads it is told with low confidence."""
    first, found = USES[use]
    root = make_project(tmp_path, BACKWARDS + INFO.replace("{first}", first))
    assert outcome(run_pytest(root)) == "2 passed"
    assert outcome(run_pytest(root, "--backwards")) == ("1 failed, 1 passed" if found and "branch" not in use else "2 passed")
    plan = check(root).plan
    assert [g.finding.code for g in plan.groups if not only_told(g)] == found
    assert [g.applicability.value for g in plan.groups] == ["unsafe"]


PHONE = """\
# --- phone.py
class Phone:
    def __init__(self):
        self.name = "p"
        self.volume = 1
        self.contacts = {"ada": 1}
        self.log = []

    def set_name(self, text):
        if not text:
            raise ValueError(text)
        self.name = text

    def call(self, who):
        self.log.append(who)

    def reset(self):
        self.__init__()

    def __setitem__(self, who, number):
        self.contacts[who] = number

    @property
    def label(self):
        return f"{self.name} {self.volume}"
"""
SUITE = """\


import pytest

from phone import Phone


@pytest.fixture(scope="SCOPE")
def shared():
    return Phone()


FIXTURE
# --- test_phone.py
import pytest


TESTS
"""
PLAIN = "@pytest.fixture\ndef phone(shared):\n    return shared\n"
ANEW = "@pytest.fixture\ndef phone(shared):\n    phone = shared\n    phone.volume = 1\n    return phone\n"
BEHIND = "@pytest.fixture\ndef phone(shared):\n    volume = shared.volume\n    yield shared\n    shared.volume = volume\n"
RESET = "@pytest.fixture\ndef phone(shared):\n    yield shared\n    shared.reset()\n"
AGAIN = (
    "def tune(phone, volume):\n    phone.volume = volume\n\n\n@pytest.fixture\ndef loud(shared):\n    tune(shared, 9)\n"
    "    yield shared\n    tune(shared, 1)\n\n\n"
)
KEYED = "@pytest.fixture\ndef phone(shared):\n    yield shared\n    shared.contacts['{key}'] = 1\n"
CALLED = "def test_call(phone):\n    phone.contacts['ada'] = 2\n    assert phone.contacts['ada'] == 2\n\n\n"
ADA = "def test_ada(phone):\n    assert phone.contacts['ada'] == 1\n"
LOUD = "def test_loud(phone):\n    phone.volume = 9\n    assert phone.volume == 9\n\n\n"
NAMED = "def test_one(phone):\n    phone.set_name('a')\n    assert phone.name == 'a'\n\n\n"
NORMAL = "def test_normal(phone):\n    assert phone.volume == 1\n"
UNNOTICED = {
    "a fixture that hands it on sets it for each test": (ANEW, LOUD + NORMAL),
    "a fixture that hands it on puts it back": (BEHIND, LOUD + NORMAL),
    "a fixture that hands it on resets it by a method": (RESET, LOUD + NORMAL),
    "a fixture makes the call anew": (AGAIN + PLAIN, "def test_loud(loud):\n    assert loud.volume == 9\n\n\n" + NORMAL),
    "a fixture puts the entry back": (KEYED.replace("{key}", "ada"), CALLED + ADA),
    "the others look at another attribute": (PLAIN, LOUD + "def test_name(phone):\n    assert phone.name == 'p'\n"),
    "a setter is called first, also where it fails": (
        PLAIN,
        f"{NAMED}def test_none(phone):\n    with pytest.raises(ValueError):\n        phone.set_name('')\n",
    ),
    "who looks at it is skipped": (PLAIN, LOUD + f"@pytest.mark.skip\n{NORMAL}"),
    "a test that is run with other parameters": (
        PLAIN,
        "@pytest.mark.parametrize('n', [1, 2])\ndef test_loud(phone, n):\n    assert phone.volume in (1, 9)\n    phone.volume = 9\n",
    ),
    "what changes it is skipped": (PLAIN, f"@pytest.mark.skip\n{LOUD}" + NORMAL),
}
NOTICED = {
    "another test looks at it": (PLAIN, LOUD + NORMAL),
    "another test looks at a property": (PLAIN, LOUD + "def test_label(phone):\n    assert phone.label == 'p 1'\n"),
    "another test hands it on": (PLAIN, LOUD + "def test_vars(phone):\n    assert vars(phone)['volume'] == 1\n"),
    "a fixture looks at it": (
        PLAIN + "\n\n@pytest.fixture\ndef text(shared):\n    return str(shared.volume)\n",
        LOUD + "def test_text(text):\n    assert text == '1'\n",
    ),
    "a setter fails elsewhere": (
        PLAIN,
        f"{NAMED}def test_none(phone):\n    assert phone.name == 'p'\n",
    ),
    "a fixture puts another entry back": (KEYED.replace("{key}", "bob"), CALLED + ADA),
    "it is kept and looked at later": (
        PLAIN,
        LOUD + "def test_kept(phone):\n    before = phone.volume\n    phone.volume = 3\n    assert before == 1\n",
    ),
    "a nested function looks at it": (
        PLAIN,
        LOUD + "def test_inner(phone):\n    def volume():\n        return phone.volume\n\n    assert volume() == 1\n",
    ),
    "the fixture sets another attribute": (ANEW.replace("volume", "name").replace("= 1", "= 'p'"), LOUD + NORMAL),
    "a method that adds is called by each": (
        PLAIN,
        "def test_one(phone):\n    phone.call('a')\n    assert phone.log == ['a']\n\n\ndef test_two(phone):\n    assert phone.log == []\n",
    ),
}


def phones(root: Path, fixture: str, tests: str, scope: str = "session") -> Path:
    suite = SUITE.replace("SCOPE", scope).replace("FIXTURE", fixture).replace("TESTS", tests)
    return make_project(root, PHONE + BACKWARDS + suite)


@pytest.mark.parametrize("case", UNNOTICED)
def test_what_no_other_test_looks_at_is_told(tmp_path: Path, case: str) -> None:
    """What another test sets anew, or does not look at, is silent or told with low confidence."""
    root = phones(tmp_path, *UNNOTICED[case])
    for order in ((), ("--backwards",)):
        result = outcome(run_pytest(root, *order))
        assert result == ("1 passed, 1 skipped" if "skipped" in case else "2 passed")
    assert [g.finding.message for g in check(root).shown] == []


@pytest.mark.parametrize("case", NOTICED)
def test_what_another_test_looks_at_is_found(tmp_path: Path, case: str) -> None:
    """What may reach a test that looks at it is found; one order of the suite fails."""
    root = phones(tmp_path, *NOTICED[case])
    results = {outcome(run_pytest(root, *order)) for order in ((), ("--backwards",))}
    assert results == {"2 passed", "1 failed, 1 passed"}
    assert [g.finding.code for g in check(root).shown] == ["RSC103"]


SHARED = """\
def test_loud(shared):
    shared.volume = 9
    assert shared.volume == 9


class TestA:
    def test_volume(self, shared):
        assert shared.volume == 1


class TestB:
    def test_loud(self, shared):
        shared.volume = 9
        assert shared.volume == 9

    class TestInner:
        def test_volume(self, shared):
            assert shared.volume == {inner}
"""


@pytest.mark.parametrize(("scope", "found"), [("class", ["RSC103"]), ("module", ["RSC103"])])
def test_who_gets_the_same_value(tmp_path: Path, scope: str, found: list[str]) -> None:
    """A class-scoped value is shared by a class and those inside it, by functions outside of classes and by other classes not."""
    inner = SHARED.format(inner="9" if scope == "class" else "1")
    root = phones(tmp_path / "all", "", inner, scope)
    failed = 0 if scope == "class" else 2
    assert outcome(run_pytest(root)) == ("4 passed" if not failed else "2 failed, 2 passed")
    assert [g.finding.code for g in check(root).shown] == found

    alone = phones(tmp_path / "outer", "", inner.partition("    class TestInner")[0], scope)
    assert [g.finding.code for g in check(alone).shown] == ([] if scope == "class" else found)


@pytest.mark.parametrize(("scope", "found"), [("module", []), ("session", ["RSC103"])])
def test_a_module_has_a_value_of_its_own(tmp_path: Path, scope: str, found: list[str]) -> None:
    """What a test does to a module-scoped value does not reach those of another module."""
    root = phones(tmp_path, PLAIN, LOUD + "# --- test_zero.py\n" + NORMAL, scope)
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert [g.finding.code for g in check(root).shown] == found


KEEPER = """\
# --- model.py
class Controller:
    def __init__(self, state):
        self.state = state

    @property
    def ready(self):
        return self.state["ready"]

    def receive(self):
        self.state["ready"] = True
# --- test_model.py
import copy

import pytest

from model import Controller


@pytest.fixture(scope="session")
def state():
    return {{"ready": False}}


def test_ready(state):
    assert not Controller(state).ready


def test_receive(state):
    controller = Controller({handed})
    controller.receive()
    assert controller.ready
"""


@pytest.mark.parametrize(("handed", "found"), [("copy.deepcopy(state)", []), ("state", ["RSC103"])])
def test_a_method_that_nobody_calls(tmp_path: Path, handed: str, found: list[str]) -> None:
    """An object that keeps the value changes it only where a test calls the method that does."""
    root = make_project(tmp_path, KEEPER.format(handed=handed))
    assert outcome(run_pytest(root)) == "2 passed"
    assert [g.finding.code for g in check(root).shown] == found


UNPACKED = """\
# --- test_clients.py
import pytest


class Client:
    wallet = None


@pytest.fixture(scope="module")
def env():
    return {made}


def test_first(env):
    client, root = env
    {change}
    assert root


def test_second(env):
    client, root = env
    {look}
"""
ANEW = "client.wallet = 2\n    assert client.wallet == 2"


@pytest.mark.parametrize(
    ("made", "change", "look", "found"),
    [
        ('(Client(), "a")', "client.wallet = 1", ANEW, []),
        ('(Client(), "a")', "client.wallet = 1", "assert root", []),
        ('(Client(), "a")', "client.wallet = 1", "assert client.wallet is None", ["RSC103"]),
        ('[Client(), "a"]', "env.append(3)", "assert root", ["RSC103"]),
    ],
    ids=["set anew", "another item", "looked at", "another number of items"],
)
def test_who_only_unpacks_a_value(tmp_path: Path, made: str, change: str, look: str, found: list[str]) -> None:
    """It has seen no more than how many items there are."""
    root = make_project(tmp_path, UNPACKED.format(made=made, change=change, look=look))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert [g.finding.code for g in check(root).shown] == found
