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
    "filled by an autouse fixture that sorts before the reset": """\
# --- rows.py
from store import get_store


def put(name):
    get_store().rows[name] = 1
# --- conftest.py
import pytest

from rows import put


@pytest.fixture(autouse=True)
def fill():
    put("world")
# --- test_rows.py
from rows import put
from store import get_store


def test_rows():
    put("ada")
    assert len(get_store().rows) == 2
""",
    "replaced by a broad fixture": """\
# --- rows.py
from store import get_store


def count():
    return len(get_store().rows)
# --- conftest.py
import pytest

import store


class Fake:
    rows = (1, 2)


@pytest.fixture(scope="session", autouse=True)
def fake():
    store._store = Fake()
# --- test_rows.py
from rows import count


def test_count():
    assert count() == 2
""",
    "a cached object that a broad fixture edits": """\
# --- settings.py
from functools import lru_cache


class Settings:
    url = "prod"


@lru_cache
def get_settings():
    return Settings()
# --- conftest.py
import pytest

from settings import get_settings


@pytest.fixture(scope="session", autouse=True)
def settings():
    get_settings().url = "test"
# --- test_a.py
from settings import get_settings


def test_url():
    assert get_settings().url == "test"
# --- test_z.py
from settings import get_settings


def test_fresh():
    get_settings.cache_clear()
    assert get_settings().url == "prod"
""",
    "filled by the lifespan of an application that a broad fixture enters": """\
# --- app.py
from store import get_store


class App:
    def __init__(self):
        self.start = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        return None


def warm():
    get_store().rows["warm"] = 1


def count():
    return len(get_store().rows)


app = App()
app.start = warm
# --- conftest.py
import pytest

from app import app


@pytest.fixture(scope="session")
def running():
    with app as started:
        yield started
# --- test_app.py
from app import count


def test_count(running):
    assert count() == 1


def test_count_again(running):
    assert count() == 1
""",
    "half of what belongs together": """\
# --- parts.py
class Parts:
    def __init__(self):
        self.data = {}


_parts = None
_loaded = False


def get_parts():
    global _parts
    if _parts is None:
        _parts = Parts()
    _load()
    return _parts


def _load():
    global _loaded
    if not _loaded:
        _parts.data["base"] = 1
        _loaded = True


def put(name):
    get_parts().data[name] = 1
    return len(get_parts().data)
# --- test_parts.py
from parts import put


def test_one():
    assert put("a") == 2


def test_two():
    assert put("a") == 2
""",
    "a client whose headers the next test uses": """\
# --- app.py
class App:
    dependency_overrides = {}


class Client:
    def __init__(self):
        self.headers = {}


app = App()
# --- conftest.py
import pytest

from app import Client, app


@pytest.fixture(scope="session")
def client():
    app.dependency_overrides["user"] = "ada"
    yield Client()
    app.dependency_overrides.clear()
# --- test_app.py
def test_login(client):
    client.headers["auth"] = "token"


def test_use(client):
    assert client.headers["auth"] == "token"


def test_other():
    assert True
""",
    "a helper of a dependent that makes rows": """\
# --- app.py
class App:
    dependency_overrides = {}
    users = []


class Client:
    def post(self, path, name):
        assert name not in App.users
        App.users.append(name)
        return name


app = App()
# --- conftest.py
import pytest

from app import Client, app


def make_user(client):
    return client.post("/users", "ada")


@pytest.fixture(scope="session")
def client():
    app.dependency_overrides["user"] = "ada"
    yield Client()
    app.dependency_overrides.clear()


@pytest.fixture(scope="session")
def user(client):
    return make_user(client)
# --- test_app.py
def test_name(user):
    assert user == "ada"


def test_name_again(user):
    assert user == "ada"


def test_other():
    assert True
""",
    "a helper that asks for the fixture by request": """\
# --- app.py
class App:
    dependency_overrides = {}


app = App()
# --- conftest.py
import pytest

from app import app


def grab(request):
    return request.getfixturevalue("client")


@pytest.fixture(scope="session")
def client():
    app.dependency_overrides["user"] = "ada"
    yield app
    app.dependency_overrides.clear()


@pytest.fixture(scope="module")
def through(request):
    return grab(request)
# --- test_app.py
def test_through(through):
    assert through.dependency_overrides


def test_other():
    assert True
""",
    "a test that uses the leak through a constant": """\
# --- app.py
class App:
    dependency_overrides = {}


app = App()
# --- conftest.py
import pytest

from app import app


@pytest.fixture(scope="session")
def client():
    app.dependency_overrides["user"] = "ada"
    yield app
    app.dependency_overrides.clear()
# --- test_a.py
def test_client(client):
    assert client.dependency_overrides
# --- test_b.py
from app import app

APP = app


def test_leak():
    assert APP.dependency_overrides
""",
    "a package that gives the module's name to something else": """\
# --- pkg/__init__.py
from .settings import get_settings as settings
# --- pkg/settings.py
import os
from functools import lru_cache


@lru_cache
def get_settings():
    return os.environ.get("APP_Q", "0")
# --- test_pkg.py
from pkg.settings import get_settings


def test_one():
    get_settings.cache_clear()
    assert get_settings() == "0"


def test_two():
    assert get_settings() == "0"
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
