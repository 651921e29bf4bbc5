"""Broad values that are put back where they were changed, or by who hands them on. Each suite is run by pytest."""

from pathlib import Path

import pytest

from projects import BACKWARDS, check, make_project, outcome, run_pytest

RECORDS = """\
# --- records.py
class Session:
    def __init__(self):
        self.cloud = None
        self.runs = False
        self.user = None
        self.log_in()

    def log_in(self, name="root"):
        self.user = name

    def start_cloud(self):
        self.cloud = ["a"]

    def method_ended(self):
        self.cloud = None
        self.runs = False

    def counted(self):
        return self.runs


def make_session():
    return Session()
# --- test_records.py
import pytest

from records import Session, make_session


@pytest.fixture(scope="session")
def session_of_all():
    return {made}


@pytest.fixture
def session(session_of_all):
    yield session_of_all
    {end}


@pytest.fixture(scope="session")
def record():
    return {{"roles": ["plain"], "more": {{"name": "ada"}}, "list": [1]}}


def test_change({change}):
    {body}


def test_usual(session, record):
    assert (session.cloud, session.runs) == (None, False)
    assert record == {{"roles": ["plain"], "more": {{"name": "ada"}}, "list": [1]}}
"""
BACK = {
    "an entry that was read before": ("record", 'old = record["roles"]\n    record["roles"] = []\n    record["roles"] = old', "pass"),
    "an entry that was asked for": ("record", 'old = record.get("roles", [])\n    record["roles"] = []\n    record["roles"] = old', "pass"),
    "an entry of an entry": (
        "record",
        'old = record["more"]["name"]\n    record["more"]["name"] = "eve"\n    record["more"]["name"] = old',
        "pass",
    ),
    "an item that is taken out again": (
        "record",
        'record["list"].append(2)\n    assert len(record["list"]) == 2\n    record["list"].pop()',
        "pass",
    ),
    "a method that assigns the same": ("session", "session.start_cloud()\n    session.runs = True", "session_of_all.method_ended()"),
}
LEFT = {
    "an entry that was read elsewhere": ("record", 'old = record["list"]\n    record["roles"] = old\n    assert old', "pass"),
    "an item that was there before": ("record", 'record["list"].pop()\n    assert not record["list"]', "pass"),
    "a method that assigns something else": ("session", "session.runs = True", "session_of_all.log_in()"),
    "a method that assigns nothing": ("session", "session.runs = True", "session_of_all.counted()"),
    "no wrapper around the one that changes": ("session_of_all", "session_of_all.runs = True", "session_of_all.method_ended()"),
}


def records(root: Path, case: tuple[str, str, str], made: str = "Session()") -> Path:
    change, body, end = case
    return make_project(root, BACKWARDS + RECORDS.format(change=change, body=body, end=end, made=made))


def shown(root: Path) -> list[str]:
    return [g.finding.code for g in check(root).shown]


@pytest.mark.parametrize("case", BACK)
def test_put_back(tmp_path: Path, case: str) -> None:
    """Nothing is shown, and each order passes."""
    root = records(tmp_path, BACK[case])
    assert {outcome(run_pytest(root)), outcome(run_pytest(root, "--backwards"))} == {"2 passed"}
    assert shown(root) == []


@pytest.mark.parametrize("case", LEFT)
def test_left(tmp_path: Path, case: str) -> None:
    """It is found, and one order fails."""
    root = records(tmp_path, LEFT[case])
    assert {outcome(run_pytest(root)), outcome(run_pytest(root, "--backwards"))} == {"2 passed", "1 failed, 1 passed"}
    assert shown(root) == ["RSC103"]


def test_a_method_of_who_knows_what_may_put_back(tmp_path: Path) -> None:
    """Behind the yield of who hands the value on, and only there."""
    assert shown(records(tmp_path / "back", BACK["a method that assigns the same"], "make_session()")) == []
    assert shown(records(tmp_path / "left", LEFT["no wrapper around the one that changes"], "make_session()")) == ["RSC103"]


def test_who_keeps_the_value_to_itself_puts_nothing_back(tmp_path: Path) -> None:
    """What is done behind the yield of a fixture that hands out something else is its own business."""
    text = RECORDS.replace("yield session_of_all", "yield object()").replace("(session.cloud, session.runs) == (None, False)", "session")
    body = "session_of_all.runs = True\n    assert session"
    root = make_project(
        tmp_path, text.format(change="session, session_of_all", body=body, end="session_of_all.method_ended()", made="make_session()")
    )
    (root / "test_other.py").write_text("def test_runs(session_of_all):\n    assert not session_of_all.runs\n", "utf-8")
    (root / "conftest.py").write_text((root / "test_records.py").read_text("utf-8").partition("def test_change")[0], "utf-8")
    (root / "test_records.py").write_text(
        "def test_change" + (root / "test_records.py").read_text("utf-8").partition("def test_change")[2], "utf-8"
    )
    assert shown(root) == ["RSC103"]


CLIENT = """\
# --- records.py
class Client:
    def __init__(self):
        self.user = None

    def log_in(self, name="root"):
        self.user = name
# --- conftest.py
import pytest

from records import Client


@pytest.fixture(scope="session")
def client():
    made = Client()
    {first}
    return made
# --- test_records.py
def test_log_in(client):
    {again}
    assert client.user


def test_usual(client):
    assert client.user == {user}
"""


@pytest.mark.parametrize(
    ("first", "again", "user", "found"),
    [
        ("made.log_in()", "client.log_in()", "'root'", []),
        ("made.log_in()", "client.log_in('eve')", "'root'", ["RSC103"]),
        ("pass", "client.log_in()", "None", ["RSC103"]),
    ],
)
def test_what_the_fixture_does_itself(tmp_path: Path, first: str, again: str, user: str, found: list[str]) -> None:
    """The same call again changes nothing."""
    root = make_project(tmp_path, CLIENT.format(first=first, again=again, user=user))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert shown(root) == found


GATHERED = """\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def made():
    return []


@pytest.fixture(scope="session", autouse=True)
def ended(made):
    {end}
# --- test_made.py
def test_make(made):
    made.append("bucket")
    assert "bucket" in made


def test_empty(made):
    assert not made
"""


@pytest.mark.parametrize(("end", "found"), [("yield\n    assert made", []), ("assert not made\n    yield", ["RSC103"])])
def test_what_is_gathered_for_the_end(tmp_path: Path, end: str, found: list[str]) -> None:
    """A value that a broad fixture looks at when all is over is there to be added to: each test's own would end nothing."""
    assert shown(make_project(tmp_path, GATHERED.format(end=end))) == found


RESET = """\
# --- device.py
class Device:
    def __init__(self):
        self.volt = 0

    def reset(self):
        self.volt = 0
# --- test_device.py
import pytest

from device import Device


@pytest.fixture(scope="module")
def device():
    return Device()


@pytest.fixture
def fresh(device):
    {prepare}
    return device


def test_loud(fresh):
    fresh.volt = 3
    assert fresh.volt == 3


def test_quiet(fresh):
    assert fresh.volt == 0
"""


@pytest.mark.parametrize(("prepare", "found"), [("device.reset()", []), ("device.name = 1", ["RSC103"])])
def test_a_fixture_that_resets_first(tmp_path: Path, prepare: str, found: list[str]) -> None:
    """All tests get the value through it."""
    root = make_project(tmp_path, RESET.format(prepare=prepare))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert shown(root) == found


PAIR = """\
# --- desk.py
class Desk:
    def __init__(self):
        self.open = False
        self.guest = None

    def start(self):
        self.open = True

    def wind_up(self):
        self.open = {closed}

    def welcome(self, guest="ada"):
        self.guest = guest

    def call_in(self):
        self.guest = None
        self.welcome()


desk = Desk()
# --- test_desk.py
from desk import desk


def test_start():
    desk.start()
    assert desk.open
    {end}


def test_usual():
    assert (desk.open, desk.guest) == (False, None)
"""


@pytest.mark.parametrize(
    ("closed", "end", "found"),
    [
        ("False", "desk.wind_up()", []),
        ("None", "desk.wind_up()", ["RSC206"]),
        ("False", "desk.wind_up()\n    desk.start()", ["RSC206"]),
        ("False", "desk.welcome()\n    desk.wind_up()", ["RSC206"]),
        ("False", "desk.wind_up()\n    desk.call_in()", ["RSC206"]),
    ],
)
def test_a_method_that_gives_what_the_constructor_gives(tmp_path: Path, closed: str, end: str, found: list[str]) -> None:
    """What calls it at last has taken back what it did before, if that is all."""
    root = make_project(tmp_path, PAIR.format(closed=closed, end=end))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert shown(root) == found
