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
}


@pytest.mark.parametrize("text", CASES.values(), ids=[name.replace(" ", "-") for name in CASES])
def test_silent(text: str, tmp_path: Path) -> None:
    """Nothing is reported."""
    groups = check(make_project(tmp_path, text)).plan.groups

    assert [g.finding.message for g in groups] == []
