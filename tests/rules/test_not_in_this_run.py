"""Lines that stand among the tests and change nothing for them: other files, other processes; and fixtures that stand elsewhere."""

from pathlib import Path

import pytest

from projects import check, make_project, outcome, run_pytest

NAMES = """\
# --- names.py
_known = {{}}


def name_of(kind):
    found = _known.get(kind)
    if found is not None:
        return found
    if kind in _known:
        return None
    made = make(kind)
    _known[kind] = made
    return made


def make(kind):
    return kind.__name__
# --- tests/__init__.py
# --- tests/bench_names.py
from names import _known, name_of


def measure():
    _known.clear()
    return name_of(int)


if __name__ == "__main__":
    measure()
# --- tests/test_names.py
from names import name_of
{imports}

def test_int():
    assert name_of(int) == "int"


def test_str():
    assert name_of(str) == "str"
"""


@pytest.mark.parametrize(
    ("imports", "found"),
    [
        ("", []),
        ("from tests.bench_names import measure\n", ["RSC204"]),
        ("import importlib\n\nmeasure = importlib.import_module('tests.bench_names').measure\n", ["RSC204"]),
        ("import importlib\n\nmeasure = importlib.import_module('json').loads\n", []),
        ("import importlib\n\nNAME = 'json'\nmeasure = importlib.import_module(NAME)\n", ["RSC204"]),
    ],
)
def test_a_script_beside_the_tests(tmp_path: Path, imports: str, found: list[str]) -> None:
    """What no test imports says nothing of the tests."""
    root = make_project(tmp_path, NAMES.format(imports=imports))
    assert outcome(run_pytest(root)) == "2 passed"
    assert [g.finding.code for g in check(root).shown] == found


SERVED = """\
# --- conf.py
class Conf:
    def __init__(self, name):
        self.name = name


_current = None


def current():
    global _current
    if _current is None:
        _current = Conf("file")
    return _current
# --- conftest.py
import multiprocessing

import pytest

import conf


def serve(queue, mine):
    conf._current = mine
    queue.put(conf.current().name)


@pytest.fixture
def server():
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=serve, args=(queue, conf.Conf("mine")))
    process.start()
    yield queue.get()
    process.join()
# --- test_conf.py
from conftest import serve
import conf


def test_server({asks}):
    {body}


def test_here():
    assert conf.current().name == "file"
"""


@pytest.mark.parametrize(
    ("asks", "body", "found"),
    [("server", "assert server == 'mine'", []), ("monkeypatch", "serve(__import__('queue').Queue(), conf.Conf('mine'))", ["RSC201"])],
)
def test_a_process_of_its_own(tmp_path: Path, asks: str, body: str, found: list[str]) -> None:
    """What is only started as a process leaves nothing here; called by a test, it does."""
    text = SERVED.format(asks=asks, body=body)
    if found:
        text = text.replace('process = context.Process(target=serve, args=(queue, conf.Conf("mine")))', "process = serve(queue, None)")
        text = text.replace("    process.start()\n", "").replace("    process.join()\n", "")
    root = make_project(tmp_path, text)
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert [g.finding.code for g in check(root).shown] == found


SERVICES = """\
# --- services.py
paths = {{}}


def load(names):
    for name in names:
        paths[name] = "/" + name
    return sorted(paths)
# --- tests/__init__.py
# --- tests/loading.py
import pytest

import services


@pytest.fixture
def load():
    yield services.load
    services.paths.clear()
# --- tests/conftest.py
from tests.loading import load

fixtures = (load,)
# --- tests/test_services.py
import services


def test_one({asks}):
    services.paths["x"] = "/x"
    assert services.load(["a"]) == ["a", "x"]


def test_two({asks}):
    assert services.load(["b"]) == ["b"]
"""


@pytest.mark.parametrize(("asks", "found"), [("load", []), ("", ["RSC204"])])
def test_a_fixture_that_a_conftest_imports(tmp_path: Path, asks: str, found: list[str]) -> None:
    """It puts back for those who request it, wherever it is written."""
    root = make_project(tmp_path, SERVICES.format(asks=asks))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert [g.finding.code for g in check(root).shown] == found


def test_a_fixture_of_other_tests(tmp_path: Path) -> None:
    """A file whose fixture only some tests use puts nothing back for the others."""
    text = SERVICES.format(asks="").replace("from tests.loading import load\n\nfixtures = (load,)\n", "")
    root = make_project(
        tmp_path, text + "# --- tests/test_more.py\nfrom tests.loading import load\n\n\ndef test_load(load):\n    assert load([])\n"
    )
    assert [g.finding.code for g in check(root).shown] == ["RSC204"]


HOOKED = """\
# --- registry.py
handlers = {}


def register(name):
    handlers[name] = name
# --- conftest.py
pytest_plugins = ["tests.hooks"]
# --- tests/__init__.py
# --- tests/hooks.py
import registry


def pytest_runtest_teardown(item):
    registry.handlers.clear()
# --- tests/test_registry.py
import registry


def test_register():
    registry.register("a")
    registry.handlers["z"] = "z"
    assert len(registry.handlers) == 2


def test_empty():
    assert not registry.handlers
"""


def test_hooks_of_a_plugin(tmp_path: Path) -> None:
    """A file that is loaded as a plugin is part of the run, though nothing imports it."""
    root = make_project(tmp_path, HOOKED)
    assert outcome(run_pytest(root)) == "2 passed"
    assert [g.finding.code for g in check(root).shown] == []


def test_a_function_that_a_thread_runs_too(tmp_path: Path) -> None:
    """What also runs in this process is believed."""
    thread = '    threading.Thread(target=serve, args=(queue, conf.Conf("mine"))).start()\n'
    text = SERVED.format(asks="server", body="assert server").replace("    yield queue.get()", f"{thread}    yield queue.get()")
    text = text.replace("import multiprocessing\n", "import multiprocessing\nimport threading\n")
    root = make_project(tmp_path, f"{text}\n\ndef test_there():\n    assert conf.current()\n")
    assert [g.finding.code for g in check(root).shown] == ["RSC201"]


SPEC = 'spec = spec_from_file_location(name, Path(__file__).with_name("tool.py"))\n    module = module_from_spec(spec)'
FROM_FILE = """\
# --- tool.py
LEVEL = 1
# --- test_tool.py
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest


def load(name):
    {made}
    sys.modules[{name}] = module
    {run}
    return module


@pytest.fixture(scope="session")
def tool():
    return load("tool_under_test")


def test_tool(tool):
    assert tool.LEVEL == 1


def test_modules():
    assert sys.modules.copy()
"""


@pytest.mark.parametrize(
    ("name", "made", "run", "found"),
    [
        ("name", SPEC, "spec.loader.exec_module(module)", []),
        ("'tool'", SPEC, "spec.loader.exec_module(module)", ["RSC102"]),
        ("name", "module = ModuleType(name)", "module.LEVEL = 1", ["RSC102"]),
    ],
    ids=["a file", "a file for another", "a double"],
)
def test_a_module_that_is_imported_from_a_file(tmp_path: Path, name: str, made: str, run: str, found: list[str]) -> None:
    """It is entered under a name of its own, as its import would; what stands in place of another is told."""
    root = make_project(tmp_path, FROM_FILE.format(name=name, made=made, run=run))
    assert outcome(run_pytest(root)) == "2 passed"
    assert [g.finding.code for g in check(root).shown] == found
