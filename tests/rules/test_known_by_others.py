"""What is told by other means than a plain assignment beside it: aliases, overlays, properties, imports. Each suite runs in both orders."""

from pathlib import Path

import pytest

from projects import BACKWARDS, check, make_project, outcome, run_pytest

WEB = """\
# --- web.py
import os
import sys

TOKEN = os.environ.get("RESCOPE_TOKEN")
MODE = "plain"
LEVEL = 1


def user():
    return "real"


def allowed(token):
    return token == TOKEN


def color():
    return os.environ.get("RESCOPE_COLOR", "grey")


def told():
    return sys.argv[1:]


def mode():
    return MODE


def reset_all():
    vars(sys.modules[__name__]).update(LEVEL=1)


class Proxy:
    marks = ()


class Database:
    @property
    def transaction(self):
        return Proxy()

    @property
    def found(self):
        return the_proxy()

    @property
    def kept(self):
        return self._kept

    def __init__(self):
        self._kept = Proxy()


_proxy = Proxy()


def the_proxy():
    return _proxy


db = Database()
"""
HEAD = "# --- test_web.py\nimport os\nimport sys\nimport unittest\nfrom contextlib import suppress\n\nimport pytest\n\nimport web\n\n\n"
REAL = "def test_real():\n    assert web.user() == 'real'\n\n\n"
FAKE = """\
class TestFake(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def fake(self):
        self.web = web
        self.user = web.user
        web.user = lambda: "fake"
        yield
        {back}

    def test_fake(self):
        assert self.web.user() == "fake"
"""
HELD = """\
class TestHeld(unittest.TestCase):
    def setUp(self):
        self.web = web

    def test_mode(self):
        self.web.MODE = "fast"
        assert web.mode() == "fast"


def test_plain():
    assert web.mode() == "plain"
"""
LEVEL = """\
class TestLevel:
    @pytest.fixture(autouse=True)
    def put_back(self):
        yield
        {reset}

    def test_level(self):
        web.LEVEL = 9
        assert web.LEVEL == 9


def test_usual():
    assert web.LEVEL == 1
"""
MARKS = "def test_marks():\n    made = web.db.{made}\n    made.marks = [1]\n\n\ndef test_none():\n    assert web.db.{made}.marks == ()\n"
TOKEN = (
    "def test_token():\n    os.environ['{name}'] = 'x'\n    assert not web.allowed('x')\n\n\n"
    "def test_color():\n    assert web.color() == 'grey'\n"
)
LIST = (
    "def test_list():\n    sys.argv = ['web', 'list']\n    assert web.told() == ['list']\n\n\n"
    "def test_none():\n    sys.argv = {start} + ['none']\n    assert 'none' in web.told(){more}\n"
)
PURGE = (
    "os.environ.setdefault('RESCOPE_MODE', '')\n\n\ndef test_purge():\n    {purge}\n    assert 'RESCOPE_MODE' not in os.environ\n\n\n"
    "def test_other():\n    assert os.environ\n"
)
WINDOW = """\
def prepare():
    web.MODE = "{mode}"


@pytest.fixture
def window():
    prepare()


def test_fast(window):
    web.MODE = "fast"
    assert web.mode() == "fast"


def test_plain({window}):
    assert web.mode() == "plain"
"""
SILENT = {
    "a fixture of the test sets it anew": WINDOW.format(mode="plain", window="window"),
    "an alias on self takes it back": REAL + FAKE.format(back="self.web.user = self.user"),
    "a reset of all that the module has": LEVEL.format(reset="web.reset_all()"),
    "a property that makes its object anew": MARKS.format(made="transaction"),
    "a variable that is read at import": TOKEN.format(name="RESCOPE_TOKEN"),
    "the name of the program": LIST.format(start="[sys.argv[0]]", more=""),
    "all but the arguments": LIST.format(start="sys.argv[:1]", more=""),
    "what may be missing is taken away": PURGE.format(purge="with suppress(KeyError):\n        del os.environ['RESCOPE_MODE']"),
}
FOUND = {
    "an alias on self is changed": HELD,
    "nothing takes it back": REAL + FAKE.format(back="self.web = None"),
    "a teardown that resets nothing": LEVEL.format(reset="web.told()"),
    "a property that keeps its object": MARKS.format(made="kept"),
    "a property that finds its object": MARKS.format(made="found"),
    "what suppress() lets pass beside what is set": (
        "def test_mode():\n    with suppress(KeyError):\n        os.environ['RESCOPE_COLOR'] = 'red'\n"
        "        del os.environ['RESCOPE_NONE']\n"
        "    assert web.color() == 'red'\n\n\ndef test_color():\n    assert web.color() == 'grey'\n"
    ),
    "a variable that is read when it is asked for": TOKEN.format(name="RESCOPE_COLOR"),
    "the arguments": LIST.format(start="sys.argv[-1:]", more=" and len(sys.argv) == 2 and sys.argv[0] != 'list'"),
}


@pytest.mark.parametrize("case", SILENT)
def test_nobody_is_told(tmp_path: Path, case: str) -> None:
    """What is put back, or cannot be noticed, is silent or told with low confidence; both orders pass."""
    root = make_project(tmp_path, BACKWARDS + WEB + HEAD + SILENT[case])
    assert {outcome(run_pytest(root, *order)) for order in ((), ("--backwards",))} == {"2 passed"}
    assert [g.finding.message for g in check(root).shown] == []


@pytest.mark.parametrize("case", FOUND)
def test_it_is_found(tmp_path: Path, case: str) -> None:
    """What stays is found; one order fails."""
    root = make_project(tmp_path, BACKWARDS + WEB + HEAD + FOUND[case])
    assert {outcome(run_pytest(root, *order)) for order in ((), ("--backwards",))} == {"2 passed", "1 failed, 1 passed"}
    assert [g.finding.code for g in check(root).shown] in (["RSC208"], ["RSC205"])


CLEARED = """\
# --- test_color.py
import os
from contextlib import contextmanager
from unittest.mock import patch

import pytest


@contextmanager
def only(values):
    patched = patch.dict(os.environ, values)
    patched.start()
    os.environ.clear()
    os.environ.update(values)
    yield
    {stop}


@pytest.fixture(scope="module")
def red():
    with only({{"RESCOPE_COLOR": "red", "PATH": os.environ["PATH"]}}):
        yield


def test_red(red):
    assert os.environ["RESCOPE_COLOR"] == "red"


def test_other():
    assert "RESCOPE_COLOR" in os.environ
"""


@pytest.mark.parametrize(("stop", "until"), [("patched.stop()", "undone only when the scope ends"), ("values.clear()", "never undone")])
def test_a_patch_of_a_mapping_takes_all_of_it_back(tmp_path: Path, stop: str, until: str) -> None:
    """What is done to a mapping between the start and the stop of its patch goes with it."""
    (group,) = check(make_project(tmp_path, CLEARED.format(stop=stop))).plan.groups
    assert {at.note for at in group.finding.related if at.line in {12, 13}} == {until}
