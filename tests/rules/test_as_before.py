"""What a test takes back in the midst of it is no leak; each case was a false finding once, or hid a true one. Run in both orders."""

from pathlib import Path

import pytest

from projects import BACKWARDS, check, fix, make_project, outcome, run_pytest

APP = """\
# --- app.py
ITEMS = {}


def start(key):
    ITEMS[key] = object()


class Handler:
    def __init__(self):
        self.plugins = {}
        self.count = 0
        self.loud = False
        self.flags = {"loud": False}

    def plugin_enable(self, key):
        self.plugins[key] = 1

    def plugin_disable(self, key):
        del self.plugins[key]

    def close_all(self):
        self.plugins.clear()

    def log_disable(self):
        return None


HANDLER = Handler()
# --- conftest.py
import contextlib
import functools
import os
import pytest

import app


@pytest.fixture(scope="session")
def handler():
    return app.Handler()


@pytest.fixture(scope="session")
def ports():
    return {"next": 7000}


@pytest.fixture
def port(ports):
    ports["next"] += 1
    return ports["next"]


def at_home(test):
    @functools.wraps(test)
    def run(*args, **kwargs):
        before = os.getcwd()
        try:
            return test(*args, **kwargs)
        finally:
            os.chdir(before)

    return run


@contextlib.contextmanager
def isolated_filesystem(folder):
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
"""
HEAD = "# --- test_app.py\nimport os\n\nimport app\nfrom conftest import isolated_filesystem\n\n\n"
NONE = (
    "\n\ndef test_none(handler):\n    assert not (app.ITEMS or app.HANDLER.plugins or handler.plugins)\n"
    "    assert not (handler.count or handler.flags['loud'])\n"
)
QUIET = {
    "an entry that it pops": "app.start('a') / assert app.ITEMS.pop('a') / assert not app.ITEMS",
    "the opposite method": "app.HANDLER.plugin_enable('a') / app.HANDLER.plugin_disable('a') / assert not app.HANDLER.plugins",
    "all at once": "app.HANDLER.plugin_enable('a') / app.HANDLER.close_all() / assert not app.HANDLER.plugins",
    "the opposite method of a broad fixture": "handler.plugin_enable('a') / handler.plugin_disable('a') / assert not handler.plugins",
    "an attribute that is set again at last": "handler.loud = True / assert handler.loud / handler.loud = False",
    "an entry that is set again at last": "handler.flags['loud'] = True / assert handler.flags / handler.flags['loud'] = False",
    "a number that is counted up": "assert port > 7000",
    "a hook that nobody calls here": "def hook(): / -app.HANDLER.count = 1 / assert hook",
    "a folder that is gone back from": "with isolated_filesystem(tmp_path): / -os.chdir('..') / -assert os.listdir()",
}
SHOWN = {
    "an entry that stays": ("RSC204", "app.start('a') / assert len(app.ITEMS) == 1"),
    "an entry that it makes itself": ("RSC204", "app.start('a') / app.ITEMS['b'] = 1 / assert len(app.ITEMS) == 2"),
    "another entry that it pops": ("RSC204", "app.ITEMS.pop('b', 0) / app.start('a') / assert len(app.ITEMS) == 1"),
    "the method alone": ("RSC206", "app.HANDLER.plugin_enable('a') / assert len(app.HANDLER.plugins) == 1"),
    "the method of a broad fixture alone": ("RSC103", "handler.plugin_enable('a') / assert handler.plugins"),
    "an attribute that is set to something else at last": ("RSC103", "handler.count = 2 / assert handler.count / handler.count = 3"),
    "another entry that is set at last": ("RSC103", "handler.plugins['a'] = True / assert handler.plugins / handler.plugins['b'] = False"),
    "a method of another matter at last": ("RSC103", "handler.plugin_enable('a') / assert handler.plugins / handler.log_disable()"),
    "an attribute that is set before": ("RSC103", "handler.count = 0 / handler.count = 2 / assert handler.count"),
}


def suite(body: str) -> str:
    """The program, a test with this body, and one that finds all as it is at the start."""
    lines = "\n    ".join(body.replace(" / ", "\n").replace("\n-", "\n    ").splitlines())
    return f"{APP}{HEAD}def test_one(handler, port, tmp_path):\n    {lines}\n{NONE}"


@pytest.mark.parametrize("case", QUIET)
def test_what_ends_as_it_began_is_not_shown(tmp_path: Path, case: str) -> None:
    """Every order passes, and nothing is shown."""
    root = make_project(tmp_path, suite(QUIET[case]))
    assert run_pytest(root).returncode == 0
    assert [g.finding.message for g in check(root).shown] == []


@pytest.mark.parametrize("case", SHOWN)
def test_what_does_not_is_shown(tmp_path: Path, case: str) -> None:
    """The suite fails behind the test that leaves it, and the finding says so."""
    code, text = SHOWN[case]
    root = make_project(tmp_path, suite(text))
    assert outcome(run_pytest(root)) == "1 failed, 1 passed"
    assert [g.finding.code for g in check(root).shown] == [code]


WAYS_BACK = {
    "the folder where it was": "cwd = os.getcwd() / assert cwd / os.chdir(cwd)",
    "a decorator that goes back": "@@at_home / os.chdir('..') / assert os.listdir()",
    "what was saved as a copy": "saved = copy.copy(sys.path_hooks) / sys.path_hooks.append(str) / sys.path_hooks = saved / assert saved",
}


@pytest.mark.parametrize("case", WAYS_BACK)
def test_the_line_that_goes_back_is_no_change(tmp_path: Path, case: str) -> None:
    """What puts the process back is not told as what changes it."""
    body = WAYS_BACK[case].removeprefix("@@at_home / ")
    head = HEAD.replace("import os", "import copy\nimport os\nimport sys").replace(
        "import isolated_filesystem", "import at_home, isolated_filesystem"
    )
    text = suite(body).replace(HEAD, head)
    root = make_project(tmp_path, text.replace("def test_one", "@at_home\ndef test_one") if "@@" in WAYS_BACK[case] else text)
    assert outcome(run_pytest(root)) == "2 passed"
    assert [g.finding.message for g in check(root).plan.groups if g.finding.code == "RSC208"] == []


ENVIRON = {
    "another variable is taken away": "os.environ['APP_A'] = 'a' / os.environ['APP_B'] = '1' / os.environ.pop('APP_B')",
    "in a context that goes back to the folder": "with isolated_filesystem(tmp_path): / -os.environ['APP_A'] = 'a'",
}


@pytest.mark.parametrize("case", ENVIRON)
def test_a_variable_that_stays_beside_what_is_taken_back(tmp_path: Path, case: str) -> None:
    """What is taken back of the process is not what stays."""
    root = make_project(tmp_path, f"{suite(f'{ENVIRON[case]} / assert port')}\n\ndef test_two():\n    assert 'APP_A' not in os.environ\n")
    assert outcome(run_pytest(root)) == "1 failed, 2 passed"
    assert [g.finding.code for g in check(root).plan.groups] == ["RSC208"]


PAIR = """\
# --- api.py
NAMES = set()
MODELS = {}


def resolve(model, other):
    used = other if model.__name__ in NAMES and model not in MODELS else model
    NAMES.add(used.__name__)
    MODELS[used] = used
    return used
# --- test_api.py
import pytest

import api


def test_first():
    {clear}
    assert api.resolve(int, str) is int
    assert len(api.MODELS) == 1


def test_second():
    assert api.resolve(int, str) is int
"""


@pytest.mark.parametrize(("clear", "edits"), [("api.MODELS.clear()", 0), ("api.NAMES.clear(); api.MODELS.clear()", 2)])
def test_what_is_changed_together_is_put_back_together(tmp_path: Path, clear: str, edits: int) -> None:
    """Of two containers that one function fills, both are put back or none: the names alone would tell the next test a clash."""
    root = make_project(tmp_path, BACKWARDS + PAIR.replace("{clear}", clear))
    assert outcome(run_pytest(root)) == "2 passed"
    groups = check(root).shown
    assert sum(bool(g.edits) for g in groups) == edits
    assert edits or "half of the two may be worse than none" in groups[0].caveat

    fix(root, unsafe=True)
    assert outcome(run_pytest(root)) == "2 passed"
    assert outcome(run_pytest(root, "--backwards")) == ("2 passed" if edits else "1 failed, 1 passed")


ASSIGNED = """\
# --- conf.py
class Base:
    maker: type


names: set[str] = set()
# --- test_conf.py
import conf


def test_changed():
    {body}
    assert conf


def test_usual():
    assert conf.names == set()
"""


@pytest.mark.parametrize(("body", "found"), [("conf.names = set()", []), ("conf.names = set('x')", ["RSC208"])])
def test_an_empty_set_again(tmp_path: Path, body: str, found: list[str]) -> None:
    """An empty set in place of an empty one changes nothing."""
    root = make_project(tmp_path, ASSIGNED.format(body=body))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert [g.finding.code for g in check(root).plan.groups] == found


def test_an_attribute_that_is_only_annotated(tmp_path: Path) -> None:
    """It is not there before, which `monkeypatch` refuses unless it is told so."""
    root = make_project(tmp_path, ASSIGNED.format(body="conf.Base.maker = int"))
    assert fix(root, unsafe=True) == ["test_conf.py"]
    assert 'monkeypatch.setattr(conf.Base, "maker", int, raising=False)' in (root / "test_conf.py").read_text()
    assert outcome(run_pytest(root)) == "2 passed"


OUTSIDE = """\
# --- pyproject.toml
[tool.pytest.ini_options]
pythonpath = ["site-packages"]
# --- site-packages/settings.py
class Config:
    def __init__(self):
        self.mode = "a"

    def copy(self):
        made = Config()
        made.update(self)
        return made

    def update(self, other):
        self.mode = other.mode


config = Config()
other = Config()
# --- test_settings.py
import pytest

import settings


@pytest.fixture
def changed():
    saved = settings.{saved}
    settings.config.mode = "b"
    yield
    settings.config.update(saved)


def test_changed(changed):
    assert settings.config.mode == "b"


def test_usual():
    assert settings.config.mode == "a"
"""


@pytest.mark.parametrize(("saved", "found"), [("config.copy()", []), ("config", ["RSC208"])])
def test_a_configuration_of_a_library(tmp_path: Path, saved: str, found: list[str]) -> None:
    """Updated from its copy it has its attributes back; from itself it has not."""
    root = make_project(tmp_path, OUTSIDE.format(saved=saved))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert [g.finding.code for g in check(root).plan.groups] == found
