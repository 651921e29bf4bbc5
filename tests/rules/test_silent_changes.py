"""Changes that must not be reported, since they last no longer than the test: each case was a false finding once."""

from pathlib import Path

import pytest

from projects import check, make_project

CASES = {
    "a global that tests only patch": """\
# --- api.py
_client = None


def client():
    global _client
    if _client is None:
        _client = dict(a=1)
    return _client
# --- test_api.py
from unittest.mock import patch

from api import client


def test_patched(monkeypatch):
    monkeypatch.setattr("api._client", {"a": 2})
    assert client()["a"] == 2


def test_patched_too():
    with patch("api._client", {"a": 3}):
        assert client()["a"] == 3
""",
    "a change that is taken back by a context manager": """\
# --- test_config.py
from contextlib import contextmanager

import pytest


class Config:
    debug = False


@contextmanager
def preserved(config):
    before = dict(vars(config))
    try:
        yield config
    finally:
        vars(config).clear()
        vars(config).update(before)


@pytest.fixture(scope="module")
def config():
    return Config()


def test_debug(config):
    with preserved(config):
        config.debug = True


def test_default(config):
    assert not config.debug
""",
    "a change that a method takes back in the end": """\
# --- test_project.py
import pytest


class Project:
    env = None

    def activate(self):
        self.env = {}

    def deactivate(self):
        self.env = None


@pytest.fixture(scope="module")
def project():
    return Project()


@pytest.fixture
def active(project):
    project.activate()
    project.env["A"] = "1"
    try:
        yield project
    finally:
        project.deactivate()


def test_active(active):
    assert active.env


def test_plain(project):
    assert project.env is None
""",
    "a parameter that is bound anew before the change": """\
# --- test_context.py
import pytest


def wrap(context=None):
    if not context:
        context = {}
        context["fresh"] = True
    return dict(context)


@pytest.fixture(scope="session")
def context():
    return {"a": 1}


def test_one(context):
    assert wrap(context)


def test_two(context):
    assert wrap(context)
""",
    "a patch that exactly the tests of the module see": """\
# --- test_patch.py
from unittest import mock

import pytest


@pytest.fixture(scope="module", autouse=True)
def quiet():
    with mock.patch("logging.basicConfig"):
        yield


def test_a():
    pass


def test_b():
    pass
""",
    "headers that are sent along with a deletion": """\
# --- test_api.py
import pytest


class Client:
    def post(self, path):
        return "token"

    def delete(self, path, headers=None):
        return path


@pytest.fixture(scope="module")
def client():
    return Client()


@pytest.fixture(scope="module")
def headers(client):
    return {"token": client.post("/login")}


def test_delete(client, headers):
    assert client.delete("/items/1", headers=headers)


def test_again(client, headers):
    assert client.delete("/items/2", headers=headers)
""",
    "a count of what is in use, put back behind the yield": """\
# --- pins.py
from contextlib import contextmanager

_PINS = {}


@contextmanager
def pinned(key):
    _PINS[key] = _PINS.get(key, 0) + 1
    try:
        yield
    finally:
        count = _PINS.pop(key) - 1
        if count:
            _PINS[key] = count
# --- test_pins.py
from pins import _PINS, pinned


def test_pin():
    with pinned("a"):
        assert _PINS == {"a": 1}


def test_twice():
    with pinned("a"), pinned("a"):
        assert _PINS == {"a": 2}
""",
    "a variable that a broad fixture's helper takes away whether it is there or not": """\
# --- conftest.py
import os


def without_proxy():
    os.environ.pop("HTTP_PROXY", None)
# --- test_client.py
import os

import pytest
from conftest import without_proxy


@pytest.fixture(scope="module")
def client():
    without_proxy()
    return []


def test_client(client):
    assert client == []


def test_environment():
    assert os.environ.get("HTTP_PROXY") is None
""",
    "an environment that is patched only while the value is made": """\
# --- test_wheel.py
import os

import pytest


def build():
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PRETEND_VERSION", "1")
        return os.environ["PRETEND_VERSION"]


@pytest.fixture(scope="session")
def wheel():
    return build()


def test_wheel(wheel):
    assert wheel == "1"


def test_environment():
    assert "PRETEND_VERSION" not in os.environ
""",
    "a seed that makes a whole run repeatable": """\
# --- conftest.py
import random

import pytest


@pytest.fixture(scope="session")
def numbers():
    random.seed(1)
    return [random.random() for _ in range(3)]
# --- test_numbers.py
import random


def test_numbers(numbers):
    assert len(numbers) == 3


def test_random():
    assert random.random() < 1
""",
    "an entry that the test deletes in its last line": """\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def config():
    return {}
# --- test_config.py
import pytest


@pytest.mark.parametrize("level", [1, 2])
def test_level(config, level):
    config["level"] = level
    assert config == {"level": level}
    del config["level"]


def test_empty(config):
    assert config == {}
""",
    "a pool that a fixture fills on demand": """\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def servers():
    made = {}
    yield made
    for server in made.values():
        server.append("stopped")


@pytest.fixture(params=["one", "two"])
def server(request, servers):
    if request.param not in servers:
        servers[request.param] = ["started"]
    return servers[request.param]
# --- test_servers.py
def test_started(server):
    assert server == ["started"]


def test_running(server):
    assert server
""",
    "an object of which each test puts back in the end what a setter of several attributes changed": """\
# --- config.py
class Config:
    def __init__(self):
        self.level = 1
        self.sink = None


CONFIG = Config()


def configure(*, level=None, sink=None):
    if level is not None:
        CONFIG.level = level
    if sink is not None:
        CONFIG.sink = sink
# --- test_config.py
from config import CONFIG, configure


def test_level():
    before = CONFIG.level
    try:
        configure(level=2)
        assert CONFIG.level == 2
    finally:
        CONFIG.level = before


def test_sink():
    before = CONFIG.sink
    try:
        configure(sink=print)
        assert CONFIG.sink is print
    finally:
        CONFIG.sink = before
""",
    "an object that a helper of all set-ups empties": """\
# --- cache.py
class Cache:
    def __init__(self):
        self.kept = {}

    def start(self):
        self.kept = {"started": 1}


cache = Cache()


def warm():
    cache.start()
# --- test_cache.py
from cache import cache, warm


class Base:
    def setup_method(self):
        self.clean()

    def clean(self):
        cache.kept = {}


class TestCache(Base):
    def test_warm(self):
        warm()
        assert cache.kept

    def test_cold(self):
        assert not cache.kept
        warm()
""",
    "an object that looks a value up, and keeps it where there is none": """\
# --- registry.py
class Registry:
    def __init__(self, names):
        self.names = names
        self.made = {}

    def of(self, scope):
        found = self.made.get(scope)
        if found is None:
            found = list(self.names)
            self.made[scope] = found
        return found


registry = Registry(["a", "b"])
# --- test_registry.py
from registry import registry


def test_one():
    assert registry.of("one") == ["a", "b"]


def test_two():
    assert registry.of("one") is registry.of("one")
""",
    "an object whose methods keep nothing in it": """\
# --- chat.py
messages = []


class Chat:
    def add(self, message):
        messages.append(message)
        return message


chat = Chat()


def greet():
    return chat.add("hello")
# --- test_chat.py
from chat import chat, greet, messages


class TestChat:
    def setup_method(self):
        messages.clear()

    def test_greet(self):
        assert chat and greet() == "hello"

    def test_again(self):
        assert chat and greet() == "hello"
        assert messages == ["hello"]
""",
    "what is done to an argument only where it is of some class": """\
# --- options.py
class Options:
    def __init__(self, source):
        self.source = source
        self.target = None


def convert(source):
    if isinstance(source, Options):
        options = source
        options.target = "out"
        return options
    return Options(source)
# --- test_options.py
import pytest

from options import convert


@pytest.fixture(scope="module")
def source(request):
    return request.path / "in"


def test_convert(source):
    assert convert(source).source == source


def test_again(source):
    assert convert(source).target is None
""",
    "an update of two things, and what a result is asked of": """\
# --- test_groups.py
import pytest


@pytest.fixture(scope="module")
def gitlab():
    return __import__("vendor").Gitlab()


def test_update(gitlab):
    assert gitlab.groups.update(1, {"level": "none"})


def test_groups(gitlab):
    assert gitlab.groups
# --- vendor.py
class Gitlab:
    groups = None
""",
    "who deletes a row of its own": """\
# --- test_rows.py
import pytest


class Service:
    def create(self, identity, row):
        return {"row": row}

    def delete(self, identity, row):
        row.clear()


@pytest.fixture(scope="module")
def service():
    return Service()


@pytest.fixture(scope="module")
def identity(service):
    service.create(None, 0)
    return 1


def test_delete(service, identity):
    row = service.create(identity, 1)
    service.delete(identity, row)
    assert row == {}


def test_create(service, identity):
    assert service.create(identity, 2)
""",
    "what pytest-django's fixture has laid over the settings": """\
# --- conftest.py
import pytest


@pytest.fixture(autouse=True)
def tasks(settings):
    settings.TASKS = "now"
# --- test_settings.py
from django.conf import settings


def test_debug():
    settings.DEBUG = True
    assert settings.DEBUG


def test_plain():
    assert not settings.DEBUG
""",
}


@pytest.mark.parametrize("text", CASES.values(), ids=[name.replace(" ", "-") for name in CASES])
def test_silent(text: str, tmp_path: Path) -> None:
    """Nothing is reported."""
    groups = check(make_project(tmp_path, text)).plan.groups

    assert [g.finding.message for g in groups] == []
