"""State that the program itself fills, ends or takes away: what it needs is not put back. Each suite is run in both orders."""

from pathlib import Path

import pytest

from projects import BACKWARDS, check, fix, make_project, only_told, outcome, run_pytest

SERVERS = """\
# --- app.py
class Server:
    def __init__(self):
        self.running = True

    def {ends}(self):
        self.running = False


def start():
    server = Server()
    SERVERS.append(server)
    return server


def end_all():
    for server in SERVERS:
        server.{ends}()


SERVERS = []
# --- test_app.py
from app import SERVERS, start


def test_start():
    assert start().running
    SERVERS[-1] = SERVERS[-1]


def test_more():
    assert start() in SERVERS
"""
TASKS = """\
# --- lots.py
BREAKERS = {}


def add_breaker(task):
    BREAKERS[task] = []


def drop_breaker(task):
    del BREAKERS[task]
# --- runner.py
from lots import BREAKERS


def run(function):
    task = object()
    try:
        return function(task)
    finally:
        end(task)


def end(task):
    if task in BREAKERS:
        {ends}
# --- test_lots.py
from lots import BREAKERS, add_breaker
from runner import run


def test_breaks():
    run(lambda task: add_breaker(task))


def test_none():
    assert not BREAKERS
    run(lambda task: add_breaker(task))
    add_breaker(None) if BREAKERS else None
"""
TAKEN = """\
# --- app.py
SERVERS = []


class Server:
    def close(self):
        pass


def start():
    server = Server()
    SERVERS.append(server)
    return server
# --- test_app.py
from app import SERVERS, start


def test_default():
    assert SERVERS is not None


def test_start():
    assert start()
    SERVERS.pop(){ends}
"""
PROXY = """\
# --- app.py
class Proxy:
    def __setattr__(self, name, value):
        self.__dict__.setdefault("target", {{}})[name] = value


class Manager:
    def __init__(self):
        self.context = Proxy()


manager = Manager()
host = {host}
# --- test_app.py
from app import host


def test_set():
    host.hello = "world"


def test_other():
    assert host
"""
FORM = """\
# --- app.py
class Form:
    LONG = 1


class Group:
    form = Form.LONG
# --- test_app.py
from app import Group


def test_set():
    Group.form = 2


def test_long():
    assert Group.form == 1
"""
FAILED = """\
# --- app.py
class Client:
    failed = 0.0

    def get(self):
        return Client.failed
# --- test_app.py
from app import Client


def test_get():
    assert Client().get() < 1
    Client.failed = {value}
    assert Client().get() < 1


def test_other():
    assert Client().get() < 1
"""
STORE = """\
# --- app.py
from redis import Redis

_store = None


class Store:
    def __init__(self, client):
        self.client, self.names = client, []

    def add(self, name):
        self.names.append(name)


def get_store():
    global _store
    if _store is None:
        _store = {made}
    return _store
# --- test_app.py
from app import get_store


def test_add():
    get_store().add("a")


def test_add_more():
    get_store().add("b")
    assert len(get_store().names) == 1
"""
LAZY = """\
# --- app.py
from contextvars import ContextVar

manager = ContextVar("manager", default=None)
loaded = ContextVar("loaded", default=False)


def get_manager():
    found = manager.get()
    if found:
        return found
    manager.set(["core"])
    loaded.set(True)
    return manager.get()


def purge():
    manager.set(None)
    loaded.set(False)


def is_loaded():
    return loaded.get()
# --- test_app.py
import pytest

from app import get_manager, is_loaded, purge


@pytest.fixture(scope="session", autouse=True)
def started():
    get_manager()


def test_purge():
    purge()
    assert get_manager() == ["core"]


def test_loaded():
    assert is_loaded()
"""


def shown(root: Path) -> list[str]:
    """The names of the states that are shown."""
    return [g.finding.subject.name for g in check(root).shown]


@pytest.mark.parametrize(("ends", "found"), [("stop", []), ("tell", ["SERVERS"])])
def test_what_the_program_ends_is_kept_alive(tmp_path: Path, ends: str, found: list[str]) -> None:
    """A list whose entries the program stops holds the only references to them: nothing takes these away."""
    assert shown(make_project(tmp_path, SERVERS.replace("{ends}", ends))) == found


@pytest.mark.parametrize(("ends", "before"), [("del BREAKERS[task]", "2 passed"), ("BREAKERS[task] = None", "1 failed, 1 passed")])
def test_entries_that_another_module_takes_out(tmp_path: Path, ends: str, before: str) -> None:
    """Entries that end with what they belong to are told with low confidence; without that, the other order shows the leak."""
    root = make_project(tmp_path, BACKWARDS + TASKS.replace("{ends}", ends))
    outcomes = [outcome(run_pytest(root, *order)) for order in ((), ("--backwards",))]

    assert outcomes == [before, "2 passed"]
    assert [only_told(g) for g in check(root).plan.groups] == [before == "2 passed"]


@pytest.mark.parametrize("ends", ["", ".close()"])
def test_the_last_line_takes_it_away(tmp_path: Path, ends: str) -> None:
    """A test that takes out what it made, and ends it, has left nothing."""
    assert shown(make_project(tmp_path, TAKEN.replace("{ends}", ends))) == []


@pytest.mark.parametrize(("host", "found"), [("manager.context", []), ("type('Host', (), {})", ["host.hello"])])
def test_a_part_of_another_object(tmp_path: Path, host: str, found: list[str]) -> None:
    """What a module only got from another object may hand on what it is given."""
    assert shown(make_project(tmp_path, PROXY.format(host=host))) == found


@pytest.mark.parametrize(("value", "found"), [("0", []), ("0.5", ["Client.failed"])])
def test_what_a_class_starts_with_otherwise_written(tmp_path: Path, value: str, found: list[str]) -> None:
    """A test that sets the start itself cleans up after what it called; `monkeypatch` would bring that back."""
    root = make_project(tmp_path, BACKWARDS + FAILED.replace("{value}", value))
    assert {outcome(run_pytest(root, *order)) for order in ((), ("--backwards",))} == {"2 passed"}

    assert shown(root) == found


@pytest.mark.parametrize(("made", "kept"), [("Store(Redis())", ["_store"]), ("Store(None)", [])])
def test_a_connection_in_an_object_of_the_project(tmp_path: Path, made: str, kept: list[str]) -> None:
    """What opens a connection on first use keeps it, whatever it is wrapped in."""
    report = check(make_project(tmp_path, STORE.replace("{made}", made)))

    assert [k.subject.name for k in report.plan.kept] == kept
    assert bool(report.plan.groups) is not bool(kept)


def test_an_attribute_that_starts_as_a_part_of_another_object(tmp_path: Path) -> None:
    """What a class starts with may be anything: the class itself is what the test changes."""
    root = make_project(tmp_path, FORM)

    assert outcome(run_pytest(root)) == "1 failed, 1 passed"
    assert shown(root) == ["Group.form"]


def test_variable_that_is_filled_on_first_use(tmp_path: Path) -> None:
    """A variable that some function reads without filling it is not set back to unfilled."""
    root = make_project(tmp_path, BACKWARDS + LAZY)
    assert {outcome(run_pytest(root, *order)) for order in ((), ("--backwards",))} == {"2 passed"}

    told = {g.finding.subject.name: only_told(g) for g in check(root).plan.groups}
    fix(root, unsafe=True)

    assert told["loaded"]
    assert {outcome(run_pytest(root, *order)) for order in ((), ("--backwards",))} == {"2 passed"}
