"""Safe edits never make a passing suite fail: each project below passes, and passes after `fix`."""

from pathlib import Path

import pytest

from projects import check, fix, make_project, run_pytest

STORE = """\
# --- store.py
class Store:
    def __init__(self):
        self.rows = {}


_store = None


def get_store():
    global _store
    if _store is None:
        _store = Store()
    return _store
"""

PROJECTS = {
    "held by an application made at import": """\
# --- app.py
from store import get_store


class App:
    pass


def create_app():
    app = App()
    app.store = get_store()
    return app


app = create_app()
# --- test_app.py
from app import app
from store import get_store


def test_shared():
    get_store().rows["ada"] = 1
    assert app.store.rows["ada"]
""",
    "held by an object made at import": """\
# --- service.py
from store import get_store


class Service:
    def __init__(self):
        self.store = get_store()


service = Service()
# --- test_service.py
from service import service
from store import get_store


def test_shared():
    get_store().rows["ada"] = 1
    assert service.store.rows["ada"]
""",
    "held by a default argument": """\
# --- lib.py
from store import get_store


def rows(store=get_store()):
    return store.rows
# --- test_lib.py
from lib import rows
from store import get_store


def test_shared():
    get_store().rows["ada"] = 1
    assert rows()
""",
    "filled by a decorator at import": """\
# --- jobs.py
from store import get_store


def stored(function):
    get_store().rows[function.__name__] = function
    return function


@stored
def job():
    return 1
# --- test_jobs.py
import jobs
from store import get_store


def test_job():
    assert jobs and get_store().rows["job"]() == 1
""",
    "filled by a broad fixture through a stored callable": """\
# --- web.py
from store import get_store

HANDLERS = {}


def route(path):
    def wrap(function):
        HANDLERS[path] = function
        return function

    return wrap


@route("/login")
def login(name):
    get_store().rows[name] = 1


class Client:
    def post(self, path, value):
        return HANDLERS[path](value)
# --- conftest.py
import pytest

from web import Client


@pytest.fixture(scope="session")
def logged_in():
    client = Client()
    client.post("/login", "ada")
    return client
# --- test_web.py
from store import get_store


def test_one(logged_in):
    assert get_store().rows["ada"]


def test_two(logged_in):
    assert get_store().rows["ada"]
""",
    "filled by a pytest hook": """\
# --- conftest.py
from store import get_store


def pytest_configure(config):
    get_store().rows["ada"] = 1
# --- test_store.py
from store import get_store


def test_configured():
    assert get_store().rows["ada"]
""",
    "filled by an earlier test": """\
# --- test_store.py
from store import get_store


def test_one():
    get_store().rows["ada"] = 1


def test_two():
    assert get_store().rows["ada"]
""",
    "filled while a test module is imported": """\
# --- test_store.py
from store import get_store

STORE = get_store()


def test_same():
    assert get_store() is STORE
""",
    "filled by setup_class": """\
# --- test_store.py
from store import get_store


class TestStore:
    @classmethod
    def setup_class(cls):
        get_store().rows["ada"] = 1

    def test_one(self):
        assert get_store().rows["ada"]
""",
    "a set-up that runs once and does more": """\
# --- hooks.py
class Reporter:
    pass


calls = []
reporter = None


def setup():
    global reporter
    if reporter is not None:
        return
    reporter = Reporter()
    calls.append(reporter)
# --- test_hooks.py
import hooks


def test_a():
    hooks.setup()
    assert len(hooks.calls) == 1


def test_b():
    hooks.setup()
    assert len(hooks.calls) == 1
""",
    "a teardown that clears what a broader fixture set": """\
# --- app.py
class App:
    dependency_overrides = {}


app = App()
# --- conftest.py
import socket

import pytest

from app import app


@pytest.fixture(scope="session")
def server():
    listening = socket.socket()
    app.dependency_overrides["db"] = "test"
    yield app
    listening.close()


@pytest.fixture(scope="session")
def client():
    app.dependency_overrides["user"] = "ada"
    yield app
    app.dependency_overrides.clear()
# --- test_app.py
def test_one(server, client):
    assert client.dependency_overrides["db"]


def test_two(server, client):
    assert client.dependency_overrides["db"]


def test_three():
    pass
""",
    "a record of patches": """\
# --- tracing.py
class Base:
    def call(self):
        return 1


_patched = {}


def install():
    if not getattr(Base, "protected", False):
        _patched["call"] = original = Base.call
        Base.call = lambda self: original(self) + 1
        Base.protected = True


def uninstall():
    Base.call = _patched.pop("call")
    del Base.protected
# --- test_tracing.py
import tracing


def test_install():
    tracing.install()


def test_uninstall():
    tracing.install()
    tracing.uninstall()
""",
}


@pytest.mark.parametrize("text", PROJECTS.values(), ids=[name.replace(" ", "-") for name in PROJECTS])
def test_suite_still_passes(text: str, tmp_path: Path) -> None:
    """A suite that passes in file order passes after the safe edits."""
    root = make_project(tmp_path, STORE + text)
    assert run_pytest(root).returncode == 0
    fix(root)

    assert run_pytest(root).returncode == 0


def test_a_harmless_reset_is_safe(tmp_path: Path) -> None:
    """The caution above leaves the plain case safe: a getter that only functions call."""
    text = """\
# --- accounts.py
from store import get_store


def add(name):
    get_store().rows[name] = 1


def count():
    return len(get_store().rows)
# --- test_accounts.py
from accounts import add, count


def test_add():
    add("ada")
    assert count() == 1


def test_add_again():
    add("grace")
    assert count() == 1
"""
    root = make_project(tmp_path, STORE + text)
    assert run_pytest(root).returncode == 1
    fix(root)

    assert run_pytest(root).returncode == 0
    assert check(root).plan.groups == ()
