"""What the observer must never do: speak of a clean suite, run code of the project, keep its objects alive, break a run."""

import subprocess
import sys
from pathlib import Path

import pytest

from projects import LEAK, ROOT, make_project, outcome, run_pytest

CLEAN = """\
# --- app.py
import functools
import logging
import re

TABLE = {"a": [1, 2], "b": {"c": (3, 4)}}
PATTERN = re.compile("a+")
logger = logging.getLogger("app")


class Item:
    kinds = ["x"]
    limit = 5

    def price(self):
        return 1

    @staticmethod
    def tax():
        return 2

    @classmethod
    def make(cls):
        return cls()


ITEMS = [Item(), Item()]
item = Item()
settings = {"level": 1}
# --- test_app.py
import os

import app
import pytest


@pytest.fixture(scope="session")
def table():
    return dict(app.TABLE)


@pytest.fixture(scope="module")
def numbers():
    return (1, 2, 3)


def test_monkeypatch(monkeypatch, tmp_path):
    monkeypatch.setitem(app.settings, "level", 2)
    monkeypatch.setenv("RESCOPE_CLEAN", "1")
    monkeypatch.setattr(app, "PATTERN", None)
    monkeypatch.setattr(app.Item, "kinds", [])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def test_read(table, numbers):
    assert table["a"] == [1, 2]
    app.logger.warning("hello")


def test_own_undo():
    app.settings["level"] = 100000
    app.settings["level"] = 1


def test_undone_as_older_releases_of_pytest_do():
    for name in ("kinds", "limit", "price", "tax", "make"):
        setattr(app.item, name, getattr(app.item, name))


@pytest.mark.filterwarnings("ignore")
def test_mark(caplog):
    caplog.set_level("DEBUG", logger="app")


@pytest.mark.skip(reason="not now")
def test_skipped():
    assert False
"""


@pytest.mark.parametrize("options", [(), ("--rescope=all",), ("--rescope=all", "--rescope-strict"), ("--rescope=all", "-p", "randomly")])
def test_clean_suite(tmp_path: Path, observe, options: tuple[str, ...]) -> None:
    """A suite that undoes what it does gets no change told, in any mode; seeds that a plugin sets are no failure."""
    out, seen = observe(make_project(tmp_path, CLEAN), *options)

    assert [c for c in seen["changes"] if c["kind"] != "random numbers"] == []
    assert seen["errors"] == []
    assert "5 passed, 1 skipped" in out


HOSTILE = """\
# --- pyproject.toml
[tool.pytest.ini_options]
pythonpath = [".", "site-packages"]
# --- site-packages/foreign.py
def trap(*args, **kwargs):
    raise SystemExit("code of the project was run")


class Rows(list):
    __getitem__ = __iter__ = __len__ = __eq__ = __contains__ = trap


class Columns(dict):
    __getitem__ = __iter__ = keys = items = values = __len__ = __eq__ = __contains__ = get = trap


class Pair(tuple):
    __getitem__ = __iter__ = __len__ = __eq__ = __contains__ = trap
# --- hostile.py
from foreign import Columns, Pair, Rows, trap

CALLS = frozenset()
rows, columns, pair = Rows(["a"]), Columns(a=1), Pair([["a"], 2])


class Meta(type):
    __eq__ = __hash__ = trap
    __instancecheck__ = __subclasscheck__ = trap
    __call__ = type.__call__


class Base:
    __slots__ = ("slot",)
    __eq__ = __ne__ = __hash__ = __repr__ = __str__ = __bool__ = __len__ = __iter__ = trap
    __getattr__ = __reduce_ex__ = __reduce__ = __getstate__ = __copy__ = __deepcopy__ = __sizeof__ = trap


class Thing(Base, metaclass=Meta):
    __getattribute__ = trap
    __class__ = property(trap)
    __dict__ = property(trap)
    value = property(trap)


class Plain(Base):
    def __init__(self):
        self.items = [Thing()]
        self.count = 0


class Mapping(dict):
    __getitem__ = __iter__ = keys = items = values = __len__ = __eq__ = __contains__ = get = trap


class Sequence(list):
    __getitem__ = __iter__ = __len__ = __eq__ = __contains__ = trap


thing = Thing()
plain = Plain()
table = Mapping()
row = Sequence()
known = {"thing": thing, "list": [thing, plain], 1: (thing,)}
_lazy = None


def get_lazy():
    global _lazy
    if _lazy is None:
        _lazy = Plain()
    return _lazy
# --- conftest.py
import hostile
import pytest


@pytest.fixture(scope="session")
def shared():
    return hostile.Plain()


@pytest.fixture(scope="module")
def things():
    return [hostile.Thing()]
# --- test_hostile.py
import hostile


def test_change(shared, things):
    shared.count += 1
    hostile.plain.count += 1
    dict.__setitem__(hostile.table, "a", hostile.thing)
    list.append(hostile.row, hostile.Thing())
    hostile.rows.append("b")
    hostile.columns["b"] = 2
    hostile.known["list"].append(hostile.Thing())
    hostile.get_lazy().count = 2
    things.append(hostile.Thing())


def test_later(shared, things):
    assert hostile.plain.count == 1
"""


def test_hostile_objects(tmp_path: Path, observe) -> None:
    """No method, property or metaclass hook of a project's object is run, and its changes are seen all the same."""
    out, seen = observe(make_project(tmp_path, HOSTILE), "--rescope=all")

    assert "2 passed" in out
    assert seen["errors"] == []
    assert {c["name"] for c in seen["changes"]} >= {
        "hostile.plain",
        "hostile.table",
        "hostile.row",
        "hostile.rows",
        "hostile.columns",
        "hostile.known",
        "hostile._lazy",
        "shared",
        "things",
    }


ALIVE = """\
# --- state.py
class Thing:
    pass


kept = {}
# --- test_alive.py
import gc
import weakref

import pytest
import state


@pytest.fixture(scope="module")
def box():
    return {}


refs = []


def test_put(box):
    box["a"] = state.kept["a"] = state.Thing()
    refs.append(weakref.ref(box["a"]))


def test_gone(box):
    del box["a"], state.kept["a"]
    assert refs[0]() is None
"""


def test_objects_are_not_kept_alive(tmp_path: Path, observe) -> None:
    """An object dies when the tests let go of it, though its state was looked at twice."""
    assert "2 passed" in observe(make_project(tmp_path, ALIVE), "--rescope=all")[0]


def test_no_option_no_observer(tmp_path: Path) -> None:
    """Without an option the plugin imports nothing beyond its options."""
    project = make_project(tmp_path, "# --- test_a.py\nimport sys\n\n\ndef test_a():\n    assert 'rescope.observer' not in sys.modules\n")
    result = run_pytest(project, "-p", "rescope")

    assert outcome(result) == "1 passed"
    assert "rescope" not in result.stdout


def test_imports_are_as_they_are(tmp_path: Path, observe) -> None:
    """No module of the observer comes through pytest's assertion rewriting, and that is in place for what comes later."""
    project = make_project(tmp_path, LEAK)
    text = """
import sys

def pytest_sessionfinish(session):
    hook = session.config.pluginmanager.rewrite_hook
    own = {name: module for name, module in sys.modules.items() if name.startswith("rescope.observer.") and not name.endswith(".imports")}
    rewritten = [name for name, module in own.items() if module.__loader__ is hook]
    print(f"{len(own) > 9}, {rewritten}, {sys.meta_path.count(hook)}, {sys.modules['later'].__loader__ is hook}")
"""
    (project / "later.py").write_text("")
    (project / "watching.py").write_text("pytest_plugins = ['later']\n" + text)

    assert "True, [], 1, True" in observe(project, "-s", "-p", "watching")[0]


def test_paths_are_not_taken_for_a_mode(tmp_path: Path) -> None:
    """`pytest --rescope PATH` watches that path, with an analysis of its own; an unknown mode is refused."""
    project = make_project(tmp_path, LEAK)
    result = run_pytest(project, "-p", "rescope", "--rescope", "test_app.py::test_client")

    assert outcome(result) == "1 passed, 1 warning"
    assert "set-up of session fixture 'client' changed" in result.stdout
    assert run_pytest(project, "-p", "rescope", "--rescope=some").returncode == 4


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 1}', '{"findings": [{}], "kept": [], "skipped": []}'])
def test_foreign_watch_list(tmp_path: Path, text: str) -> None:
    """A watch list that is none is refused before any test runs."""
    project = make_project(tmp_path, LEAK)
    (tmp_path / "named.json").write_text(text)
    result = run_pytest(project, "-p", "rescope", "--rescope-watch=named.json")

    assert result.returncode == 4
    assert "named.json: not the output of `rescope check --output-format json`" in result.stderr
    assert "cannot be read" in run_pytest(project, "-p", "rescope", "--rescope-watch=absent.json").stderr


def test_a_record_that_cannot_be_written(tmp_path: Path) -> None:
    """A record in a folder that is not there is told of, and the run is as it was."""
    result = run_pytest(make_project(tmp_path, LEAK), "-p", "rescope", "--rescope-record=absent/seen.json")

    assert outcome(result) == "2 passed, 1 warning"
    assert "seen.json: the record cannot be written: No such file or directory" in result.stdout


def test_warnings_as_errors(tmp_path: Path, observe) -> None:
    """The warning at collection is shown even where warnings are errors, and stops nothing."""
    project = make_project(tmp_path, LEAK)
    out, _ = observe(project, "-W", "error", "-p", "no:asyncio")

    assert "2 passed, 1 warning" in out
    assert f"{project}/conftest.py:7: RescopeWarning: conftest.py:7: RSC101" in out


def test_the_plugin_needs_nothing_but_its_files(tmp_path: Path) -> None:
    """The observer imports pytest and the standard library only."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import rescope.pytest_plugin, rescope.observer.plugin;"
        "print(sorted(m for m in sys.modules if m.startswith('rescope')"
        " and not m.startswith(('rescope.observer', 'rescope.version', 'rescope.pytest_plugin'))))"
    )
    result = subprocess.run([sys.executable, "-c", code, str(ROOT / "src")], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (result.stdout, result.stderr) == ("['rescope']\n", "")


GONE = """\
# --- app.py
class Klass:
    def __repr__(self):
        return super().__repr__()


names = {"a"}
# --- plug.py
class Inner:
    pass


def inner():
    return Inner()
# --- test_app.py
import gc
import sys
import weakref

import app
import plug


class Name(str):
    def __eq__(self, other):
        raise ValueError("compared")

    __hash__ = str.__hash__


def test_class_goes():
    ref = weakref.ref(app.Klass)
    del app.Klass
    gc.collect()
    assert ref() is None


def test_module_goes():
    global plug
    ref = weakref.ref(plug.Inner)
    del sys.modules["plug"], plug
    gc.collect()
    assert ref() is None


def test_member_of_a_set():
    app.names.clear()
    app.names.add(Name("a"))
"""


def test_what_goes_is_gone(tmp_path: Path, observe) -> None:
    """Classes and modules that nothing else holds are not held by the observer; members of sets are not asked."""
    out, seen = observe(make_project(tmp_path, GONE), "--rescope=all")

    assert "3 passed" in out
    assert seen["errors"] == []
    assert {"app.Klass", "app.names", "sys.modules['plug']"} <= {c["name"] for c in seen["changes"]}
