"""What is told with low confidence, and edited only where that is asked for, or never."""

import json
from pathlib import Path

import pytest

from projects import check, make_project, only_told, outcome, rescope, run_pytest
from rescope.model.finding import Applicability, Confidence
from rescope.reporting.text import render_text

TOLD = {
    "a container that tests reach only through what changes it on the side": """\
# --- units.py
_known = set()


def parse(text):
    _known.add(text)
    return len(_known)
# --- test_units.py
from units import parse


def test_parse():
    assert parse("a") >= 1


def test_parse_again():
    assert parse("b") >= 1
""",
    "a class attribute filled with what settings decide": """\
# --- config.py
WORDS = ["and", "or"]
# --- words.py
import config


class Words:
    KNOWN = None

    @classmethod
    def known(cls):
        if cls.KNOWN is None:
            cls.KNOWN = list(config.WORDS)
        return cls.KNOWN
# --- test_words.py
from words import Words


def test_known():
    assert "and" in Words.known()
""",
    "a cached function with arguments that a test clears": """\
# --- safe.py
from functools import lru_cache


@lru_cache
def safe(char, fallback):
    return char if char.isascii() else fallback
# --- test_safe.py
from safe import safe


def test_safe():
    safe.cache_clear()
    assert safe("a", "?") == "a"
""",
    "a registry that a metaclass fills, also for a module that a test is the first to import": """\
# --- catalog.py
_CATALOG = {}


def register(name, made):
    _CATALOG.setdefault(name, []).append(made)


def find(name):
    return _CATALOG[name][0]
# --- base.py
import abc

import catalog


class Registering(abc.ABCMeta):
    def __init__(cls, name, bases, body):
        super().__init__(name, bases, body)
        catalog.register(name, cls)


class Base(metaclass=Registering):
    pass
# --- lights.py
from base import Base


class Light(Base):
    pass
# --- test_base.py
from catalog import find, register


def test_first_import():
    import lights

    register("light", lights.Light)
    assert find("light") is find("Light")


def test_again():
    import lights

    register("lamp", lights.Light)
    assert find("lamp") is find("Light")
""",
    "the one instance of a class, which a module keeps from its import on": """\
# --- bus.py
class Bus:
    _instance = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def listen(self, handler):
        self.handler = handler


bus = Bus()
# --- test_bus.py
from bus import Bus


def test_listen():
    Bus().listen(print)
    assert Bus._instance.handler is print


def test_same():
    assert Bus() is Bus._instance
""",
    "a context variable for which a resource is made": """\
# --- loops.py
import asyncio
from contextvars import ContextVar

current = ContextVar("current", default=None)


def ensure_loop():
    loop = current.get()
    if loop is None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = asyncio.new_event_loop()
        current.set(loop)
    return loop
# --- test_loops.py
import loops


def test_open():
    assert not loops.ensure_loop().is_closed()


def test_same():
    assert loops.ensure_loop() is loops.current.get()
""",
}

DOUBTFUL = {
    "a change that a broad fixture takes back, and of which no other test speaks": """\
# --- test_env.py
import os

import pytest


@pytest.fixture(scope="module")
def debug():
    os.environ["APP_DEBUG"] = "1"
    yield
    del os.environ["APP_DEBUG"]


def test_debug(debug):
    assert os.environ["APP_DEBUG"] == "1"


def test_other():
    assert True
""",
    "a method that is a change by its name alone": """\
# --- test_device.py
import pytest


@pytest.fixture(scope="module")
def device():
    return __import__("vendor").Device()


def test_start(device):
    device.start()


def test_level(device):
    assert device.level
""",
}

UNREACHED = """\
# --- client.py
class Client:
    pass


_client = None


def get_client():
    global _client
    if _client is None:
        _client = Client()
    return _client


def count():
    return 1
# --- test_client.py
import client


def test_count():
    {body}


def test_count_again():
    {body}
"""


def test_what_no_test_comes_to_is_only_told(tmp_path: Path) -> None:
    """A global that no two tests come to, or that none changes, is told with low confidence; once two tests work on it, it is found."""
    (told,) = check(make_project(tmp_path / "told", UNREACHED.format(body="assert client.count() == 1"))).plan.groups
    (found,) = check(make_project(tmp_path / "found", UNREACHED.format(body="client.get_client().name = 1"))).plan.groups
    (asked,) = check(make_project(tmp_path / "asked", UNREACHED.format(body="assert client.get_client()"))).plan.groups

    handed_on = UNREACHED.format(body="assert client.count() == 1").replace("def count", "FACTORIES = [get_client]\n\n\ndef count")
    (perhaps,) = check(make_project(tmp_path / "perhaps", handed_on)).plan.groups
    assert (only_told(told), only_told(found), only_told(asked), only_told(perhaps)) == (True, False, True, True)
    assert "it may never be filled in a run" in told.caveat
    assert {asked.caveat, perhaps.caveat} == {"no test is seen to set it, nor to change what it hands out: the first value may do for all"}


@pytest.mark.parametrize("text", TOLD.values(), ids=[name.replace(" ", "-") for name in TOLD])
def test_only_told(text: str, tmp_path: Path) -> None:
    """What may well be a pure memo is told to whoever asks for everything, with low confidence, fails no check, and is never edited."""
    report = check(make_project(tmp_path, text))
    (group,) = report.plan.groups

    assert group.finding.confidence is Confidence.LOW
    assert group.edits == ()
    assert render_text(report).startswith("no findings, 1 of low confidence told with -v")
    assert "low confidence, no fix: " in render_text(report, show_all=True)
    assert rescope(tmp_path, "check").returncode == 0


@pytest.mark.parametrize("text", DOUBTFUL.values(), ids=[name.replace(" ", "-") for name in DOUBTFUL])
def test_a_doubtful_narrowing_is_for_who_asks_for_it(text: str, tmp_path: Path) -> None:
    """It is told with low confidence; only --min-confidence low together with --unsafe makes the fixture function-scoped."""
    root = make_project(tmp_path, text + "# --- vendor.py\nclass Device:\n    level = 1\n\n    def start(self):\n        self.on = True\n")
    report = check(root)
    (group,) = report.plan.groups

    assert (group.finding.confidence, group.applicability) == (Confidence.LOW, Applicability.UNSAFE)
    assert "low confidence, unsafe: " in render_text(report, show_all=True)
    assert rescope(root, "check").returncode == 0
    assert rescope(root, "check", "--min-confidence", "low").returncode == 1
    for options in (["--unsafe"], ["--min-confidence", "low"]):
        assert rescope(root, "diff", *options).returncode == 0
    assert rescope(root, "fix", "--allow-no-vcs", "--unsafe", "--min-confidence", "low").returncode == 0
    assert check(root).plan.groups == ()
    assert outcome(run_pytest(root)) == "2 passed"


SURE_BESIDE = """\
# --- test_pair.py
import pytest


@pytest.fixture(scope="module")
def device():
    return __import__("vendor").Device()


@pytest.fixture(scope="module")
def log(device):
    return []


def test_start(device):
    device.start()


def test_log(log):
    log.append(1)
    assert log == [1]


def test_log_again(log, device):
    assert log == [] and device.level
# --- vendor.py
class Device:
    level = 1

    def start(self):
        self.on = True
"""


def test_what_is_only_likely_takes_in_nothing_surer(tmp_path: Path) -> None:
    """A dependent that leaks for certain keeps its own finding and edit, whatever becomes of the doubtful fixture that it requests."""
    root = make_project(tmp_path, SURE_BESIDE)
    report = check(root)

    assert [(g.finding.subject.name, bool(g.edits)) for g in report.shown] == [("log", True)]
    assert {g.finding.subject.name for g in report.plan.groups} == {"device", "log"}
    assert rescope(root, "fix", "--allow-no-vcs", "--unsafe").returncode == 0
    text = (root / "test_pair.py").read_text()
    assert (text.count('scope="module"'), text.count('scope="function"')) == (1, 1)
    assert outcome(run_pytest(root)) == "3 passed"


def test_the_command_line_wins(tmp_path: Path) -> None:
    """What the configuration asks for counts where the command line says nothing."""
    root = make_project(tmp_path, SURE_BESIDE)
    (root / "pyproject.toml").write_text('[tool.rescope]\nmin-confidence = "high"\n')
    quiet = rescope(root, "check")
    assert (quiet.returncode, quiet.stdout.split(" told")[0]) == (0, "no findings, 2 of lower confidence")
    assert rescope(root, "check", "--min-confidence", "medium").returncode == 1


def test_what_is_below_the_least_confidence_is_for_json_alone(tmp_path: Path) -> None:
    """Annotations, counts and the summary hold what check shows; the JSON holds all, and says where the line is."""
    root = make_project(tmp_path, SURE_BESIDE)
    for form, word in (("github", "::"), ("gitlab", "check_name"), ("markdown", "**RSC"), ("text", "RSC")):
        shown = rescope(root, "check", "--output-format", form).stdout
        everything = rescope(root, "check", "--output-format", form, "--min-confidence", "low").stdout
        assert shown.count(word) < everything.count(word)
    assert rescope(root, "check", "--statistics").stdout == "1\tRSC103\tmutated-broad-fixture\n"
    data = json.loads(rescope(root, "check", "--output-format", "json").stdout)
    assert (data["min_confidence"], len(data["findings"])) == ("medium", 2)
