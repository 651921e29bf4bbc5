"""Each kind of state that is watched: a test that leaves it changed is told with what was there before."""

import re
from pathlib import Path

from projects import make_project

LEAVES = """\
# --- app.py
import colorsys
import enum
import functools
import logging


class App:
    def __init__(self):
        self.dependency_overrides = {}


class Registry:
    instances = []
    current = None


class Mode(enum.Enum):
    FAST = 1
    SLOW = 2


app = App()
level = 1
mode = Mode.FAST
names = ["a"]
table = {"a": {"deep": [1]}}
logger = logging.getLogger("app")


@functools.lru_cache
def square(n):
    return n * n
# --- late.py
names = []
# --- lib.py
names = []


def call():
    names.append(1)
# --- test_app.py
import asyncio
import logging
import os
import random
import sys
import unittest.mock
import warnings

import app
import lib


def test_global():
    app.level = 2


def test_member():
    app.mode = app.Mode.SLOW


def test_list():
    app.names.append("b")


def test_nested():
    app.table["a"]["deep"].append(2)


def test_class_attribute():
    app.Registry.current = "x"


def test_class_list():
    app.Registry.instances.append(1)


def test_override():
    app.app.dependency_overrides["user"] = "ada"


def test_cache():
    app.square(2)


def test_environment():
    os.environ["RESCOPE_KIND"] = "on"


def test_directory(tmp_path):
    os.chdir(tmp_path)


def test_path():
    sys.path.append("/nowhere")


def test_logging():
    app.logger.setLevel(logging.ERROR)


def test_event_loop():
    asyncio.set_event_loop(None)


def test_module():
    sys.modules["colorsys"] = sys


def test_double():
    sys.modules["winreg"] = unittest.mock.MagicMock()


def test_import():
    import late


def test_reload():
    del sys.modules["lib"]
    import lib


def test_random():
    random.random()


def test_function():
    app.square_again = app.square


def test_last():
    assert app.level == 2
"""
EXPECTED = {
    "test_global": ("global", "app.level", "", "1", "2"),
    "test_member": ("global", "app.mode", "", "<app.Mode.FAST>", "<app.Mode.SLOW>"),
    "test_list": ("global", "app.names", "", "['a']", "['a', 'b']"),
    "test_nested": ("global", "app.table", "['a']['deep']", "[1]", "[1, 2]"),
    "test_class_attribute": ("class attribute", "app.Registry.current", "", "None", "'x'"),
    "test_class_list": ("class attribute", "app.Registry.instances", "", "[]", "[1]"),
    "test_override": ("overrides", "app.app.dependency_overrides", "['user']", "unset", "'ada'"),
    "test_cache": ("global", "app.square", "", "<cache of 0>", "<cache of 1>"),
    "test_environment": ("environment", "os.environ['RESCOPE_KIND']", "", "unset", "'on'"),
    "test_directory": ("working directory", "the working directory", ""),
    "test_path": ("search path", "sys.path", ""),
    "test_logging": ("logging", "logging of 'app'", ".level", "0", "40"),
    "test_event_loop": ("event loop", "the current event loop", "", "'none yet'", "'none, and none will be made'"),
    "test_module": ("module", "sys.modules['colorsys']", "", "<module>", "<module>"),
    "test_double": ("module", "sys.modules['winreg']", "", "unset", "<mock.MagicMock>"),
    "test_import": ("import", "sys.modules['late']", "", "unset", "<module>"),
    "test_reload": ("module", "sys.modules['lib']", "", "<module>", "<module>"),
    "test_random": ("random numbers", "random", ""),
    "test_function": ("global", "app.square_again", "", "unset", "<cache of 1>"),
}
FIELDS = ("kind", "name", "where", "was", "now")


def test_every_kind(tmp_path: Path, observe) -> None:
    """With `all`, each kind of state is told once: what it was, what it is, and which test left it so."""
    out, seen = observe(make_project(tmp_path, LEAVES), "--rescope=all")
    found = {c["test"].partition("::")[2]: tuple(c[f] for f in FIELDS) for c in seen["changes"]}

    assert sorted(found) == sorted(EXPECTED), out
    assert {test: found[test][: len(EXPECTED[test])] for test in EXPECTED} == EXPECTED
    assert {c["first"] for c in seen["changes"] if c["test"].endswith("test_function")} == {"test_app.py::test_last"}
    assert "test_app.py::test_global changed app.level (was 1, now 2)" in out
    assert "test_app.py::test_import changed" not in out


REBINDS = """\
# --- state.py
from unittest.mock import call


class Plan:
    steps = ("a",)
    kept = object()


LIMIT = 1000
HOLDER = Plan()
NAMES = ["a", "b"]
CALL = call(["a"])
RATES = {"a": 1.5, "b": 2.5}


def work():
    return LIMIT
# --- late.py
ITEMS = ["x"]
# --- test_state.py
import state


def test_quiet(): pass
def test_constant(): state.LIMIT = 10 * 100 + 1
def test_object(): state.HOLDER = state.Plan()
def test_added(): state.EXTRA = None
def test_removed(): del state.RATES["b"]
def test_in_tuple_of_library(): state.CALL.args[0].append("b")
def test_item(): state.NAMES[1] = "c"
def test_longer(): state.NAMES.append("d")
def test_value(): state.RATES["a"] = 3.5
def test_key(): state.RATES["c"] = state.RATES.pop("a")
def test_function(): state.work = lambda: 0
def test_of_class(): state.Plan.steps = ("b",)
def test_object_of_class(): state.Plan.kept = object()
def test_list_in_its_place(): state.NAMES = ["e"]
def test_new_list(): state.NAMES.append("f")
def test_imports(): import late
def test_in_new_module(): state.__dict__["HOLDER"] = None; import late; late.ITEMS[0] = "y"
def test_last(): pass
"""
REBOUND = {
    "test_constant": ["state.LIMIT"],
    "test_object": ["state.HOLDER"],
    "test_added": ["state.EXTRA"],
    "test_removed": ["state.RATES['b']"],
    "test_in_tuple_of_library": ["state.CALL[1][0]"],
    "test_item": ["state.NAMES[1]"],
    "test_longer": ["state.NAMES"],
    "test_value": ["state.RATES['a']"],
    "test_key": ["state.RATES['a']"],
    "test_function": ["state.work"],
    "test_of_class": ["state.Plan.steps"],
    "test_object_of_class": ["state.Plan.kept"],
    "test_list_in_its_place": ["state.NAMES"],
    "test_new_list": ["state.NAMES"],
    "test_in_new_module": ["late.ITEMS[0]", "state.HOLDER"],
}


def test_each_way_to_change(tmp_path: Path, observe) -> None:
    """Names bound anew, added and taken away, and what plain containers hold, are told of the very test, and of no other."""
    _, seen = observe(make_project(tmp_path, REBINDS), "--rescope=all")
    found: dict[str, list[str]] = {}
    for change in seen["changes"]:
        if change["kind"] != "import":
            found.setdefault(change["test"].partition("::")[2], []).append(change["name"] + change["where"])

    assert {test: sorted(names) for test, names in found.items()} == REBOUND


def test_warnings_filters(tmp_path: Path, observe) -> None:
    """A filter of `warnings` is told where pytest does not put the old ones back."""
    project = make_project(tmp_path, "# --- test_w.py\nimport warnings\n\n\ndef test_w():\n    warnings.simplefilter('ignore')\n")

    assert [c["name"] for c in observe(project, "--rescope=all", "-p", "no:warnings")[1]["changes"]] == ["warnings.filters"]
    assert observe(project, "--rescope=all")[1]["changes"] == []


DJANGO = """\
# --- conftest.py
import django
from django.conf import settings

settings.configure(INSTALLED_APPS=[])
django.setup()
# --- shop.py
from django.db import models

class Item(models.Model):
    class Meta: app_label = "shop"
# --- test_shop.py
import shop

def test_makes_a_model():
    class Draft(shop.models.Model):
        class Meta: app_label = "shop"

def test_last(): pass
"""


def test_a_model_of_django(tmp_path: Path, observe) -> None:
    """A model that a test defines stays in Django's registry; those of the program, which are there from import, are no change."""
    _, seen = observe(make_project(tmp_path, DJANGO), "--rescope=all")

    told = [(c["test"], *(c[f] for f in FIELDS)) for c in seen["changes"]]
    assert told == [
        (
            "test_shop.py::test_makes_a_model",
            "Django models",
            "the Django model shop.draft",
            "",
            "unset",
            "<class test_makes_a_model.<locals>.Draft>",
        )
    ]


LIBRARY = """\
# --- pyproject.toml
[tool.pytest.ini_options]
pythonpath = [".", "site-packages"]
# --- site-packages/library.py
class Parser:
    STATUS = 422

    def parse(self):
        self.calls = 1
        self.LAST = "parsed"
        return self.STATUS
# --- app.py
from library import Parser

parser = Parser()
# --- test_app.py
import app


def test_uses():
    assert app.parser.parse() == 422


def test_configures():
    app.parser.STATUS = 400
"""


def test_library_object(tmp_path: Path, observe) -> None:
    """A constant of its class that a test sets on a library's object is told, what the object notes of its own use is not."""
    (change,) = observe(make_project(tmp_path, LIBRARY), "--rescope=all")[1]["changes"]
    told = (change["test"], *(change[f] for f in FIELDS))
    assert told == ("test_app.py::test_configures", "global", "app.parser", ".STATUS", "unset", "400")


SINGLETONS = """\
# --- state.py
import functools


class Cache:
    def __init__(self):
        self.items = {}


_cache = None
_ready = False


def get_cache():
    global _cache, _ready
    if _cache is None:
        _cache = Cache()
        _ready = True
    return _cache
# --- test_state.py
from state import get_cache


def test_before():
    assert True


def test_fill():
    get_cache().items["a"] = 1


def test_same():
    assert get_cache().items


def test_again():
    get_cache().items["b"] = 2


def test_after():
    assert get_cache().items
"""


def test_named_singleton(tmp_path: Path, observe) -> None:
    """Without `all`, the named singleton is watched with the globals that are written with it, insides included."""
    _, seen = observe(make_project(tmp_path, SINGLETONS))
    told = [(c["test"].partition("::")[2], c["name"], c["where"], c["in_place"], c["first"].partition("::")[2]) for c in seen["changes"]]

    assert told == [
        ("test_again", "state._cache", ".items['b']", 1, "test_after"),
        ("test_fill", "state._cache", "", 2, "test_same"),
        ("test_fill", "state._ready", "", 3, "test_same"),
    ]
    assert {(w["name"], w["tests"], w["moved"]) for w in seen["watched"]} == {("state._cache", 5, 2), ("state._ready", 5, 1)}


def test_unnamed_state_is_left_alone(tmp_path: Path, observe) -> None:
    """Without `all`, state that the analysis does not name is not told of, but for overrides of applications."""
    kept = re.sub(
        r"(os\.environ\[.*|os\.chdir.*|sys\.path\.append.*|.*sys\.modules\[.*|app\.names\.append.*|app\.\S+ = .*)",
        r"\1  # rescope: keep it is meant so",
        LEAVES,
    )
    _, seen = observe(make_project(tmp_path, kept))

    assert [c["kind"] for c in seen["changes"] if c["kind"] != "singleton"] == ["overrides"]


def test_process_state_that_a_finding_names(tmp_path: Path, observe) -> None:
    """Where the analysis says that a test leaves the process changed, such state is watched without `all` too."""
    _, seen = observe(make_project(tmp_path, LEAVES))

    told = {c["kind"] for c in seen["changes"] if c["kind"] not in {"singleton", "overrides"}}
    assert told == {"environment", "working directory", "search path"}


SWAPPED = """\
# --- config.py
LEVEL = 1
# --- modes.py
import enum


class Mode(enum.Enum):
    FAST = {"on": False}


Mode.default = "fast"
# --- test_config.py
import sys
import types

import config
import modes
import pytest


@pytest.fixture(scope="module")
def stub():
    real, sys.modules["config"] = config, types.ModuleType("config")
    yield
    sys.modules["config"] = real


def test_under_the_stub(stub):
    config.LEVEL = 2


def test_modes():
    modes.Mode.default = "slow"
    modes.Mode.FAST.value["on"] = True
# --- test_later.py
def test_later(): pass
"""


def test_modules_that_come_back_and_enumerations(tmp_path: Path, observe) -> None:
    """A module is compared with what it was before another one stood in its place; enumerations can be changed, too."""
    _, seen = observe(make_project(tmp_path, SWAPPED), "--rescope=all")
    names = {f"{c['name']}{c['where']}" for c in seen["changes"]}
    assert {"config.LEVEL", "modes.Mode.default", "modes.Mode.FAST._value_['on']"} <= names
