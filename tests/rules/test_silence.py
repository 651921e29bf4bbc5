"""State that must not be reported: each case was a false finding once."""

from pathlib import Path

import pytest

from projects import check, make_project

CASES = {
    "an object that has no vars()": """\
# --- level.py
from dataclasses import dataclass


@dataclass(slots=True)
class Level:
    value: int = 1

    def set(self, value):
        self.value = value


level = Level()
# --- test_level.py
from level import level


def test_two():
    level.set(2)


def test_three():
    level.set(3)
""",
    "a class attribute filled with what is no object of the project": """\
# --- words.py
class Words:
    KNOWN = None

    @classmethod
    def known(cls):
        if cls.KNOWN is None:
            cls.KNOWN = cls._read()
        return cls.KNOWN

    @classmethod
    def _read(cls):
        return ["and", "or"]
# --- test_words.py
from words import Words


def test_known():
    assert "and" in Words.known()
""",
    "a global filled with what no test varies": """\
# --- words.py
_words = None


def words():
    global _words
    if _words is None:
        _words = ["and", "or"]
    return _words
# --- test_words.py
from words import words


def test_words():
    assert "and" in words()


def test_more():
    assert "or" in words()
""",
    "a lock that is made on first use": """\
# --- guard.py
import os
import threading

_lock = None


def lock():
    global _lock
    if _lock is None:
        _lock = threading.Lock()
    return _lock


def reset_lock():
    global _lock
    _lock = None


def settings():
    with lock():
        return os.environ.get("HOME")
# --- test_guard.py
from guard import settings


def test_one():
    assert settings() is not None


def test_two():
    assert settings() is not None
""",
    "a cached function that returns nothing": """\
# --- once.py
import os
from functools import lru_cache


@lru_cache
def warn():
    print(os.environ.get("HOME"))
# --- test_once.py
from once import warn


def test_warn():
    warn()


def test_cleared():
    warn.cache_clear()
""",
    "a default that is only set where it is missing": """\
# --- conftest.py
import os

import pytest


@pytest.fixture(scope="session")
def warnings_off():
    if "APP_WARN" not in os.environ:
        os.environ["APP_WARN"] = "0"
# --- test_env.py
def test_a(warnings_off):
    pass


def test_b():
    pass
""",
    "a registry that subclasses fill through a helper": """\
# --- catalog.py
_CATALOG = {}


def register(cls, name):
    _CATALOG[name] = cls


def resolve(name):
    return _CATALOG.get(name)
# --- base.py
from catalog import register


class Base:
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        register(cls, cls.__name__)


class Light(Base):
    pass
# --- test_base.py
from base import Light
from catalog import resolve


def test_light():
    assert resolve("Light") is Light


def test_none():
    assert resolve("x") is None
""",
    "a table of context variables, one for each name": """\
# --- context.py
from contextvars import ContextVar

_VARIABLES = {}


def bind(name, value):
    try:
        variable = _VARIABLES[name]
    except KeyError:
        variable = ContextVar(name, default=None)
        _VARIABLES[name] = variable
    return variable.set(value)


def clear():
    for variable in _VARIABLES.values():
        variable.set(None)
# --- test_context.py
from contextvars import ContextVar

import context


def test_strange():
    context._VARIABLES["strange"] = ContextVar("strange")
    assert context.bind("a", 1)


def test_bind():
    context.bind("a", 1)
    assert context._VARIABLES["a"].get() == 1
    context.clear()


def test_other():
    context.bind("b", 2)
    context.clear()
    assert context._VARIABLES["b"].get() is None
""",
    "a registry that a class used as decorator fills": """\
# --- algorithms.py
ALGORITHMS = {}


class algorithm:
    def __new__(cls, function):
        made = object.__new__(cls)
        ALGORITHMS[function.__name__] = made
        return made


@algorithm
def double(n):
    return n + n
# --- test_algorithms.py
from algorithms import ALGORITHMS


def test_listed():
    assert "double" in ALGORITHMS


def test_count():
    assert len(ALGORITHMS) == 1
""",
    "the set that keeps running tasks alive": """\
# --- tasks.py
import asyncio

_running = set()


def start(work):
    task = asyncio.ensure_future(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return len(_running)
# --- test_tasks.py
import asyncio

import tasks


async def work():
    return 1


def test_one():
    async def main():
        tasks.start(work())

    asyncio.run(main())


def test_two():
    async def main():
        tasks.start(work())

    asyncio.run(main())
""",
    "a container that its function empties again": """\
# --- tracing.py
from contextlib import contextmanager

tracers = {}


@contextmanager
def tracer(key):
    tracers[key] = []
    yield tracers[key]
    del tracers[key]
# --- test_tracing.py
from tracing import tracer


def test_a():
    with tracer("a"):
        pass


def test_b():
    with tracer("b"):
        pass
""",
    "a container that only one test reaches": """\
# --- app.py
ROWS = []


def add(row):
    ROWS.append(row)
    return len(ROWS)
# --- test_app.py
from app import add


def test_add():
    assert add(1) == 1


def test_other():
    assert add
""",
    "a memo whose key is the whole input": """\
# --- schemas.py
_schemas = {}


def schema(name):
    if name not in _schemas:
        _schemas[name] = {"name": name}
    return _schemas[name]
# --- test_schemas.py
from schemas import schema


def test_a():
    assert schema("a")


def test_b():
    assert schema("b")
""",
    "a word that only looks like settings": """\
# --- pages.py
from functools import cache


class Environment:
    pass


@cache
def environment():
    return Environment()
# --- test_pages.py
from pages import environment


def test_a():
    assert environment()
""",
    "a table of equal values that are made once": """\
# --- unit.py
_UNITS = {}


class Unit:
    def __new__(cls, name):
        try:
            return _UNITS[name]
        except KeyError:
            _UNITS[name] = made = object.__new__(cls)
            return made
# --- test_unit.py
from unit import Unit


def test_same():
    assert Unit("m") is Unit("m")


def test_other():
    assert Unit("m") is not Unit("s")
""",
    "a memo that forgets its oldest entry": """\
# --- plan.py
_PLANS = {}


def plan(key):
    if key not in _PLANS:
        if len(_PLANS) > 10:
            _PLANS.pop(next(iter(_PLANS)))
        _PLANS[key] = key * 2
    return _PLANS[key]
# --- test_plan.py
from plan import plan


def test_one():
    assert plan(1) == 2


def test_two():
    assert plan(2) == 4
""",
    "a cache that a session fixture warms on purpose": """\
# --- tool.py
import os
from functools import cache


@cache
def find_tool():
    return os.environ.get("TOOL", "tool")
# --- conftest.py
import pytest

import tool


@pytest.fixture(scope="session", autouse=True)
def warm_cache():
    tool.find_tool()
# --- test_tool.py
from tool import find_tool


def test_tool():
    assert find_tool()
""",
}


@pytest.mark.parametrize("text", CASES.values(), ids=[name.replace(" ", "-") for name in CASES])
def test_silent(text: str, tmp_path: Path) -> None:
    """Nothing is reported."""
    groups = check(make_project(tmp_path, text)).plan.groups

    assert [g.finding.message for g in groups] == []


def test_pool_of_a_class_of_the_project(tmp_path: Path) -> None:
    """A pool is kept, and said to be one, where its class is the project's own, too."""
    text = """\
# --- threads.py
from concurrent.futures import ThreadPoolExecutor

_pool = None


class Pool(ThreadPoolExecutor):
    pass


def get_pool():
    global _pool
    if _pool is None:
        _pool = Pool(2)
    return _pool
# --- test_threads.py
from threads import get_pool


def test_pool():
    assert get_pool().submit(int).result() == 0
"""
    plan = check(make_project(tmp_path, text)).plan

    assert plan.groups == ()
    assert [k.code for k in plan.kept] == ["RSC903"]
