"""What would change its meaning stays broad: each refusal names its reason, and pytest shows what the edit would have broken."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from oracle.plans import context_of, forced_plan

from projects import check, make_project, run_pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A project that passes, and fails once `broad` is function-scoped by hand; `why` is a part of the reason given."""

    files: str
    why: str
    broad: str = "session"


FOLDER = """\
# --- recordings.py
from pathlib import Path


class Recording:
    def __init__(self):
        self.rows = []

    def {verb}(self, name):
        folder = Path(__file__).parent / name
        assert not folder.exists(), folder
        folder.mkdir()


KINDS = {{"plain": Recording}}
# --- test_recordings.py
import pytest

from recordings import KINDS, Recording


@pytest.fixture(scope="session")
def recording():
    made = {make}
    made.{verb}(name="toy")
    return made


def test_first(recording):
    recording.rows.append(1)
    assert recording.rows == [1]


def test_usual(recording):
    assert recording
"""
REFUSALS = {
    "a row that its table refuses twice": Refusal(
        files="""\
# --- rows.py
import sqlite3

connection = sqlite3.connect(":memory:")
connection.execute("create table rows (name text)")


class NameAlreadyUsed(Exception):
    pass


class Row:
    def __init__(self, name):
        self.name = name

    @classmethod
    def create(cls, name):
        if connection.execute("select 1 from rows where name = ?", [name]).fetchone():
            raise NameAlreadyUsed(name)
        connection.execute("insert into rows values (?)", [name])
        return cls(name)


class User(Row):
    pass
# --- test_rows.py
import pytest

from rows import User


@pytest.fixture(scope="session")
def user():
    return User.create("ada")


def test_rename(user):
    user.name = "eve"
    assert user.name == "eve"


def test_user(user):
    assert user
""",
        why="raises NameAlreadyUsed for what is there already",
    ),
    "a folder that must not be there yet": Refusal(
        files=FOLDER.format(make="Recording()", verb="write"), why="raises AssertionError for what is there already"
    ),
    "what is saved under a fixed name": Refusal(
        files=FOLDER.format(make='KINDS["plain"]()', verb="save"), why="saves something under the name 'toy', and nothing takes it out"
    ),
    "request.node": Refusal(
        files="""\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def names(request):
    return {item.name for item in request.node.items}
# --- test_a.py
def test_names(names):
    assert names == {"test_names"}
""",
        why="request.node",
    ),
    "request.node read by a helper": Refusal(
        files="""\
# --- conftest.py
import pytest


def collected(request):
    return {item.name for item in request.node.items}


@pytest.fixture(scope="session")
def names(request):
    return collected(request)
# --- test_a.py
def test_names(names):
    assert names == {"test_names"}
""",
        why="request.node",
    ),
    "request.node read by a helper under another name": Refusal(
        files="""\
# --- conftest.py
import pytest


class Names:
    def __init__(self, asked):
        scope = asked
        self.all = {item.name for item in scope.node.items}


def collected(to, asked):
    return Names(asked)


@pytest.fixture(scope="session")
def names(request):
    return collected("session", request).all
# --- test_a.py
def test_names(names):
    assert names == {"test_names"}
""",
        why="request.node",
    ),
    "bookkeeping on request.session": Refusal(
        files="""\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def run(request):
    request.session.runs = getattr(request.session, "runs", 0) + 1
    return request.session.runs
# --- test_a.py
def test_one(run):
    assert run == 1


def test_two(run):
    assert run == 1
""",
        why="request.session",
    ),
    "attributes of the class for its later tests": Refusal(
        files="""\
# --- test_a.py
import pytest


@pytest.fixture(scope="class")
def basket(request):
    request.cls.basket = []


@pytest.mark.usefixtures("basket")
class TestBasket:
    def test_put(self):
        self.basket.append("egg")

    def test_still_there(self):
        assert self.basket == ["egg"]
""",
        why="request.cls",
        broad="class",
    ),
    "a test under @given": Refusal(
        files="""\
# --- test_a.py
import pytest
from hypothesis import given, strategies as st


@pytest.fixture(scope="module")
def limit():
    return 10


@given(st.integers(0, 9))
def test_below(limit, number):
    assert number < limit
""",
        why="Hypothesis",
        broad="module",
    ),
    "a dependent under @given": Refusal(
        files="""\
# --- test_a.py
import pytest
from hypothesis import given, strategies as st


@pytest.fixture(scope="module")
def base():
    return 5


@pytest.fixture(scope="module")
def limit(base):
    return base * 2


@given(st.integers(0, 9))
def test_below(limit, number):
    assert number < limit
""",
        why="Hypothesis",
        broad="module",
    ),
    "anyio_backend under a broad async fixture": Refusal(
        files="""\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope='session')
async def number():
    return 1
# --- test_a.py
import pytest


@pytest.mark.anyio
async def test_number(number):
    assert number == 1
""",
        why="anyio requests it",
    ),
    "an override of a fixture that a plugin requests": Refusal(
        files="""\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def site_title(site_title):
    return site_title.upper()
# --- test_a.py
def test_title(site_title):
    assert site_title == "TITLE"
""",
        why="overrides a fixture of a plugin",
    ),
    "a fixture that only a plugin requests": Refusal(
        files="""\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def site_title():
    return "mine"
# --- test_a.py
def test_page(page):
    assert page == "mine"
""",
        why="a plugin may",
    ),
    "names computed by a broad fixture": Refusal(
        files="""\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def alice():
    return "alice"


@pytest.fixture(scope='module')
def user(request):
    return request.getfixturevalue("".join(["ali", "ce"]))
# --- test_a.py
def test_user(user, alice):
    assert user == alice
""",
        why="requests fixtures by computed names",
    ),
    "names computed by a helper of a broad fixture": Refusal(
        files="""\
# --- conftest.py
import pytest


def fixture_named(request, name):
    return request.getfixturevalue(name)


@pytest.fixture(scope="session")
def alice():
    return "alice"


@pytest.fixture(scope='module')
def user(request):
    return fixture_named(request, "alice")
# --- test_a.py
def test_user(user, alice):
    assert user == alice
""",
        why="requests fixtures by computed names",
    ),
    "an object whose class takes no second one of the name": Refusal(
        files="""\
# --- devices.py
class Device:
    _all = {}

    def __init__(self, name):
        existing = self._all.get(name)
        if existing:
            raise KeyError(name)
        self._all[name] = self
        self.level = 0
# --- conftest.py
import pytest

from devices import Device


@pytest.fixture(scope="session")
def device():
    return Device("pump")
# --- test_a.py
def test_turn_on(device):
    device.level = 1
    assert device.level == 1


def test_turn_off(device):
    device.level = 0
    assert device.level == 0
""",
        why="cannot be repeated",
    ),
    "an object that a metaclass records once": Refusal(
        files="""\
# --- devices.py
class Recording(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        made.record(made)
        return made


class Base(metaclass=Recording):
    _all = dict()

    def record(cls, made):
        if made.name in cls._all:
            raise KeyError(made.name)
        cls._all[made.name] = made


class Pump(Base):
    def __init__(self, name):
        self.name = name
        self.level = 0
# --- conftest.py
import pytest

from devices import Pump


@pytest.fixture(scope="session")
def pump():
    return Pump("pump")
# --- test_a.py
def test_turn_on(pump):
    pump.level = 1
    assert pump.level == 1


def test_turn_off(pump):
    pump.level = 0
    assert pump.level == 0
""",
        why="cannot be repeated",
    ),
    "a name that a registry of the program knows": Refusal(
        files="""\
# --- registry.py
class Registry:
    def __init__(self):
        self.entries = {}

    def enter(self, name, value):
        if name in self.entries:
            raise ValueError(name)
        self.entries[name] = value


registry = Registry()
# --- conftest.py
import pytest

from registry import registry


class Unit:
    def __init__(self, name):
        registry.enter(name, self)


@pytest.fixture(scope="session")
def unit():
    made = Unit("metre")
    return made
# --- test_a.py
def test_factor(unit):
    unit.factor = 2
    assert unit.factor == 2


def test_other_factor(unit):
    unit.factor = 3
    assert unit.factor == 3
""",
        why="cannot be repeated",
    ),
    "a teardown that deletes what was there before": Refusal(
        files="""\
# --- program.py
from pathlib import Path

overrides = {}


class Settings:
    database = Path(__file__).with_name("program.db")


def settings():
    return Settings()


settings().database.write_text("tables")
# --- conftest.py
import pytest

from program import Settings, overrides, settings


@pytest.fixture(scope="session")
def client():
    overrides["user"] = "ada"
    yield Settings
    found = settings()
    found.database.unlink()
# --- test_a.py
def test_read(client):
    assert client.database.read_text() == "tables"


def test_read_again(client):
    assert client.database.read_text() == "tables"
""",
        why="deletes found.database",
    ),
    "a comment that says why": Refusal(
        files="""\
# --- shell.py
made = []


def get_shell():
    made.append(None if made else {"user": "root"})
    return made[-1]
# --- conftest.py
import pytest
import shell


@pytest.fixture(scope="session")  # get_shell() gives None when it is called twice
def session():
    return shell.get_shell()
# --- test_a.py
def test_user(session):
    assert session["user"] == "root"


def test_name(session):
    session["name"] = "a"
    assert session["user"] == "root"
""",
        why="a comment at 'session' speaks of its scope: get_shell() gives None",
    ),
}

ASKING = {
    "by a class that keeps request": "    return Asker(request).ask()",
    "by a helper that hands it to a class": "    return ask_for(request)",
    "by a method that is handed on": '    return next(map(request.getfixturevalue, ["alice"]))',
    "by an object that request is put into": """\
    asker = Empty()
    asker.request = request
    return asker.request.getfixturevalue('alice')""",
}
REFUSALS |= {
    f"a fixture asked for {how}": Refusal(
        files=f"""\
# --- conftest.py
import pytest


class Empty:
    pass


class Asker:
    def __init__(self, request):
        self.request = request

    def ask(self):
        return self.request.getfixturevalue("alice")


def ask_for(wanted):
    return Asker(wanted).ask()


@pytest.fixture(scope="session")
def alice():
    return "alice"


@pytest.fixture(scope='module')
def user(request):
{body}
# --- test_a.py
def test_user(user, alice):
    assert user == alice
""",
        why="requests fixtures by computed names",
    )
    for how, body in ASKING.items()
}

# Plugins that add a refusal of their own, by the module that a project imports.
PLUGINS = {"anyio": "anyio", "hypothesis": "hypothesispytest"}

# A plugin that is installed, so that no static reader sees it.
PLUGIN = """
import pytest

@pytest.fixture(scope="session")
def site_title():
    return "title"

@pytest.fixture(scope="session")
def page(site_title):
    return site_title

@pytest.fixture(scope="session", autouse=True)
def site(page):
    pass
"""


@pytest.mark.parametrize("case", REFUSALS.values(), ids=[name.replace(" ", "-") for name in REFUSALS])
def test_narrowing_is_refused(case: Refusal, tmp_path: Path) -> None:
    """No plan touches the fixture, even if told to; with the scope changed by hand the suite fails."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thirdparty.py").write_text(PLUGIN, "utf-8")
    ini = '# --- pyproject.toml\n[tool.pytest.ini_options]\npythonpath = ["../site"]\naddopts = "-p thirdparty"\n'
    root = make_project(tmp_path / "project", ini + case.files)
    plugins = [option for name, plugin in PLUGINS.items() if name in case.files for option in ("-p", plugin)]
    assert run_pytest(root, *plugins).returncode == 0

    groups = forced_plan(context_of(root), kept=check(root).plan).groups

    assert [g.edits for g in groups if g.finding.subject.scope == case.broad and g.edits] == []
    assert any(case.why in group.caveat for group in groups)
    for file in root.glob("*.py"):
        file.write_text(re.sub(f'scope="{case.broad}"', 'scope="function"', file.read_text("utf-8")), "utf-8")
    assert run_pytest(root, *plugins).returncode == 1
