"""rescope bisect as users type it, by real pytest; what it prints is typed again."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from projects import LEAK, commit_all, environment, git, make_project, rescope, run_pytest

VICTIM = """\
# --- test_late.py
from app import app


def test_no_user():
    assert not app.dependency_overrides
"""
TOGETHER = """\
# --- shop.py
registry = {}
def register(name): registry[name] = True
# --- test_a.py
import shop
def test_tenant(): shop.register("id"), shop.register("tenant")
def test_idle(): pass
# --- test_b.py
import shop
def test_strict(): shop.register("strict")
def test_login(): shop.register("login")
# --- test_c.py
import shop
def test_open(): assert not {"tenant", "strict"} <= set(shop.registry)
def test_greets(): assert "login" in shop.registry
def test_never(): assert False
def test_fine(): pass
def test_fine_too(): pass
"""
AT_IMPORT = """\
# --- shop.py
debug = False
# --- test_a.py
def test_first(): pass
# --- test_b.py
import shop
shop.debug = True
def test_debug(): assert shop.debug
# --- test_c.py
import shop
def test_no_debug(): assert not shop.debug
"""
SEVERAL_CHANGES = """\
# --- shop.py
hits = []
debug = False
seen = {}
# --- test_a.py
import pathlib
import shop
def test_busy():
    shop.hits.append(1)
    shop.debug = True
    shop.seen["a"] = 1
    pathlib.Path("mark").touch()
# --- test_b.py
import pathlib
import shop
def test_no_debug(): assert not shop.debug
def test_no_file(): assert not pathlib.Path("mark").exists()
"""
SEVERAL_PLACES = """\
# --- conftest.py
import pytest


class Login:
    __slots__ = ("expires",)


class Client:
    def __init__(self):
        self.login = Login()
        self.token = "paw"
        self.seen = {}
        self.kinds = {"a": 1, "b": 2}


@pytest.fixture(scope="module")
def client():
    return Client()
# --- test_client.py
def test_enter(client):
    client.token = "tail"
    client.login.expires = 5
    client.seen["home"] = 1
    client.kinds.update(a=client.kinds.pop("a"), c=3)


def test_expires(client):
    assert not hasattr(client.login, "expires")


def test_order(client):
    assert [kind for kind in client.kinds if kind != "c"] == ["a", "b"]
"""
SET_UP_FOR_MANY = """\
# --- test_basics.py
class TestBasics:
    @classmethod
    def setup_class(cls):
        cls.lines = []

    def test_discard(self):
        self.lines.append("a")

    def test_empty(self):
        assert self.lines == []
"""
BEHIND_METHODS = """\
# --- box.py
class Box:
    def __init__(self): self.items = []
    def add(self, item): self.items.append(item)
    def count(self): return len(self.items)
# --- conftest.py
import pytest
from box import Box


@pytest.fixture(scope="session")
def box():
    return Box()
# --- test_box.py
def test_add(box): box.add(1)
def test_empty(box): assert box.count() == 0
"""
ONLY_SEEDED = """\
# --- shop.py
ready = False
# --- test_a.py
import shop
def test_sets():
    shop.ready = True
    assert False
# --- test_b.py
import sys
import shop
def test_ready(): assert shop.ready or "pytest_randomly" not in sys.modules
"""
STOPS = """\
# --- shop.py
ready = False
# --- test_a.py
import shop
def test_sets(): shop.ready = True
# --- test_b.py
import sys
import time
from pathlib import Path
import shop
def test_not_ready():
    if "rescope_put_back" in sys.modules:
        Path({marker!r}).touch()
        time.sleep(600)
    assert not shop.ready
"""
UNSTEADY = """\
# --- test_unsteady.py
from pathlib import Path


def test_first(): pass


def test_now_and_then():
    counter = Path({counter!r})
    count = len(counter.read_text()) if counter.exists() else 0
    counter.write_text("x" * (count + 1))
    assert count in (0, 3, 4)
"""


@pytest.fixture(autouse=True)
def few_plugins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A quick start of the pytest that bisect runs, and a folder for temporary files that can be looked at."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def bisect(root: Path, *arguments: str) -> dict:
    """The JSON of a bisection that found something."""
    result = rescope(root, "bisect", "-q", "--output-format", "json", *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


def typed(root: Path, command: str) -> subprocess.CompletedProcess[str]:
    """What a printed command does in the shell, where `rescope` and `python` are those of this environment."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(command, shell=True, cwd=root, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)


def names(spots: list[dict]) -> list[str]:
    return [spot["test"] for spot in spots]


@pytest.mark.skipif(sys.platform == "win32", reason="virtual environments look otherwise there")
def test_victim_of_a_broad_fixture(tmp_path: Path, few_plugins: Path) -> None:
    """The polluter, the state and the cure are named, and each printed command does what it is printed for."""
    root = commit_all(make_project(tmp_path / "project", LEAK + VICTIM))
    site = environment(tmp_path / "venv")  # in which rescope cannot be imported
    result = rescope(root, "bisect", "test_no_user", "--python", str(site.parents[2] / "bin" / "python"))
    shown = result.stdout
    fix, reproduce = (re.search(pattern, shown) for pattern in (r"(?m)^ +(rescope fix .*)$", r"(?m)^ +(\S+ -m pytest .*)$"))

    assert result.returncode == 0, result.stderr
    assert shown.startswith("test_late.py:4: test_late.py::test_no_user is a victim: it passes alone and fails after another test")
    assert "  polluter: test_app.py:1: test_app.py::test_client\n" in shown
    assert "  state: app.app.dependency_overrides['user'] (was unset, then 'ada'), changed by fixture 'client'" in shown
    assert "; with this put back, the test passes\n" in shown
    assert "  cured by: conftest.py:7: RSC101 session-scoped fixture 'client'" in shown
    assert (git(root, "status", "--porcelain", "--ignored").stdout, list(few_plugins.iterdir())) == ("", [])
    assert " left" not in result.stderr.rstrip().splitlines()[-1]  # how many runs the cure takes is not known before
    assert fix
    assert reproduce
    assert "1 failed, 1 passed" in typed(root, reproduce[1]).stdout
    assert typed(root, fix[1]).returncode == 0
    assert "2 passed" in typed(root, reproduce[1]).stdout


def test_two_polluters_together(tmp_path: Path) -> None:
    """Two tests that only pollute together are both named, with what each left in the state that they share."""
    root = make_project(tmp_path / "project", TOGETHER)  # under no version control, for which fix wants an option
    found = bisect(root, "test_c.py::test_open")

    assert names(found["polluters"]) == ["test_a.py::test_tenant", "test_b.py::test_strict"]
    assert [state["name"] for state in found["states"]] == ["shop.registry['tenant']", "shop.registry['strict']"]
    by = [state["test"] for state in found["states"]]
    assert by == ["test_a.py::test_tenant or test_b.py::test_strict", "test_b.py::test_strict"]
    assert [finding["code"] for finding in found["cure"]["findings"]] == ["RSC204"]
    assert "1 failed, 2 passed" in typed(root, found["reproduce"]).stdout
    assert typed(root, found["cure"]["command"]).returncode == 0
    assert "3 passed" in typed(root, found["reproduce"]).stdout


def test_cure_of_low_confidence(tmp_path: Path) -> None:
    """What `check` does not show without being asked may still be what cures: the printed command asks for it."""
    root = commit_all(make_project(tmp_path / "project", BEHIND_METHODS))
    found = bisect(root, "test_empty")
    shown = rescope(root, "check")

    assert (shown.returncode, "RSC103" in shown.stdout) == (0, False)
    assert [finding["code"] for finding in found["cure"]["findings"]] == ["RSC103"]
    assert found["cure"]["command"] == "rescope fix --only box --unsafe --min-confidence low"
    assert "1 failed, 1 passed" in typed(root, found["reproduce"]).stdout
    assert typed(root, found["cure"]["command"]).returncode == 0
    assert "2 passed" in typed(root, found["reproduce"]).stdout


@pytest.mark.parametrize(
    ("victim", "expected"),
    [
        ("test_expires", [(".login.expires", "unset", "5")]),
        ("test_order", [("", "", "")]),
    ],
)
def test_place_in_the_state_that_carries_it(tmp_path: Path, victim: str, expected: list[tuple[str, str, str]]) -> None:
    """Of several places in one object that have changed, that with which put back the test passes is named.

    Where none does, since only the order has changed, the whole is named.
    """
    root = commit_all(make_project(tmp_path / "project", SEVERAL_PLACES))
    found = bisect(root, victim)

    assert [(s["name"].removeprefix("client"), s["was"], s["now"]) for s in found["states"]] == expected
    assert {s["proved"] for s in found["states"]} == {True}


def test_state_that_a_set_up_makes_for_many_tests(tmp_path: Path) -> None:
    """It is put back to what the set-up gave, without which the test fails for another reason."""
    found = bisect(commit_all(make_project(tmp_path / "project", SET_UP_FOR_MANY)), "test_empty")

    assert [(s["name"], s["was"], s["now"], s["proved"]) for s in found["states"]] == [
        ("test_basics.TestBasics.lines", "[]", "['a']", True)
    ]
    assert found["notes"] == []


@pytest.mark.parametrize(
    ("victim", "proved", "notes"),
    [
        ("test_no_debug", ["shop.debug"], []),
        ("test_no_file", [], ["no state is known to carry it: with all of these put back, the test ends as before"]),
    ],
)
def test_state_that_carries_it(tmp_path: Path, victim: str, proved: list[str], notes: list[str]) -> None:
    """Of all that stays changed, the state with which put back the test passes comes first; where there is none, that is said."""
    root = commit_all(make_project(tmp_path / "project", SEVERAL_CHANGES))
    (tmp_path / "order.txt").write_text(f"test_a.py::test_busy\ntest_b.py::{victim}\n")
    found = bisect(root, victim, "--order", str(tmp_path / "order.txt"))
    states = found["states"]

    assert sorted(state["name"] for state in states) == ["shop.debug", "shop.hits", "shop.seen['a']"]
    assert [state["name"] for state in states if state["proved"]] == [state["name"] for state in states[: len(proved)]] == proved
    assert found["notes"] == notes


def test_missing_setter(tmp_path: Path) -> None:
    """A test that passes only after another is brittle; one command shows it fail, another shows it pass."""
    root = commit_all(make_project(tmp_path / "project", TOGETHER))
    found = bisect(root, "test_greets")

    assert (found["kind"], names(found["setters"]), found["polluters"]) == ("brittle", ["test_b.py::test_login"], [])
    assert [state["name"] for state in found["states"]] == ["shop.registry['login']"]
    assert "1 failed" in typed(root, found["reproduce"]).stdout
    assert "2 passed" in typed(root, found["passing"]).stdout


def test_setter_where_the_order_shows_the_failure(tmp_path: Path) -> None:
    """An order in which a brittle test fails, as it does alone, is no reason to say that it hangs on no other test."""
    root = commit_all(make_project(tmp_path / "project", TOGETHER))
    (tmp_path / "order.txt").write_text("test_c.py::test_greets\ntest_b.py::test_login\n")
    found = bisect(root, "test_greets", "--order", str(tmp_path / "order.txt"))

    assert (found["kind"], names(found["setters"]), found["order"]) == ("brittle", ["test_b.py::test_login"], "file order")


def test_commands_differ_in_the_setter_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the test fails alone under pytest-randomly only, both commands keep it; a setter that fails itself is told."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    root = commit_all(make_project(tmp_path / "project", ONLY_SEEDED))
    found = bisect(root, "test_ready")

    assert (found["kind"], names(found["setters"])) == ("brittle", ["test_a.py::test_sets"])
    assert "test_a.py::test_sets fails itself" in found["notes"]
    assert found["passing"].replace("test_a.py::test_sets ", "") == found["reproduce"]
    assert "FAILED test_b.py::test_ready" in typed(root, found["reproduce"]).stdout
    assert "1 failed, 1 passed" in typed(root, found["passing"]).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_interrupt_tells_what_was_found(tmp_path: Path, few_plugins: Path) -> None:
    """Interrupted while the state is looked for, bisect still names the polluter and how to see the failure."""
    marker = tmp_path / "started"
    root = commit_all(make_project(tmp_path / "project", STOPS.format(marker=str(marker))))
    command = [sys.executable, "-m", "rescope", "bisect", "-q", "test_not_ready"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        while not marker.exists() and running.poll() is None:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        shown, said = running.communicate()

    assert running.returncode == 130, said
    assert "  polluter: test_a.py:2: test_a.py::test_sets\n" in shown
    assert "note: interrupted: the state and the cure were not looked for to the end\n" in shown
    assert "1 failed, 1 passed" in typed(root, re.search(r"(?m)^ +(\S+ -m pytest .*)$", shown)[1]).stdout
    assert list(few_plugins.iterdir()) == []


def test_change_at_import(tmp_path: Path) -> None:
    """A test that fails whenever another file is imported is no test that always fails."""
    root = commit_all(make_project(tmp_path / "project", AT_IMPORT))
    found = bisect(root, "test_no_debug")

    assert (found["kind"], names(found["polluters"])) == ("victim of an import", ["test_b.py"])
    assert "FAILED test_c.py::test_no_debug" in typed(root, found["reproduce"]).stdout


@pytest.mark.parametrize(
    ("test", "said"),
    [("test_never", "fails alone and in file order, reversed, seed 1"), ("test_fine_too", "does not fail alone, nor in seed 3;")],
)
def test_nothing_to_find(tmp_path: Path, test: str, said: str) -> None:
    """A test that hangs on no other is said to be so, with the orders that were tried, and exit is 1."""
    root = commit_all(make_project(tmp_path / "project", TOGETHER))
    result = rescope(root, "bisect", "-q", test, *(["--seed", "3"] if test == "test_fine_too" else []))

    assert result.returncode == 1
    assert said in result.stdout
    assert "polluter" not in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("named", [("test_fine_too",), ()])
def test_seed_of_another_shuffler(tmp_path: Path, named: tuple[str, ...]) -> None:
    """Where nothing fails in a seed, the option is named that takes it for one of pytest-randomly."""
    root = commit_all(make_project(tmp_path / "project", "# --- test_fine.py\ndef test_fine(): pass\ndef test_fine_too(): pass\n"))

    assert "for a seed of pytest-randomly, add --randomly" in rescope(root, "bisect", *named, "--seed", "3").stderr


def test_order_that_does_not_come_to_the_test(tmp_path: Path) -> None:
    """Where pytest dies before the test, that is told: the order says nothing of the test."""
    text = "# --- test_a.py\nimport os\ndef test_dies(): os._exit(3)\n# --- test_b.py\ndef test_late(): pass\n"
    root = commit_all(make_project(tmp_path / "project", text))
    (tmp_path / "order.txt").write_text("test_a.py::test_dies\ntest_b.py::test_late\n")
    result = rescope(root, "bisect", "-q", "test_late", "--order", str(tmp_path / "order.txt"))

    assert result.returncode == 1
    assert "note: the saved order: pytest died (exit code 3), before test_b.py::test_late" in result.stdout


def test_flaky_test_is_blamed_on_nobody(tmp_path: Path) -> None:
    """A test that ends in different ways after the same tests has no polluter."""
    text = UNSTEADY.format(counter=str(tmp_path / "counter"))
    root = commit_all(make_project(tmp_path / "project", text))
    result = rescope(root, "bisect", "-q", "test_now_and_then")

    assert (result.returncode, "is flaky" in result.stdout) == (1, True)


def test_saved_runs(tmp_path: Path) -> None:
    """Without the name of a test, the first victim of a saved run is looked into, in the order of that run."""
    root = commit_all(make_project(tmp_path / "project", TOGETHER))
    order = ["test_c.py::test_never", "test_b.py", "test_a.py::test_tenant", "test_c.py::test_open"]
    run_pytest(root, *order, f"--junitxml={tmp_path / 'run.xml'}")
    found = bisect(root, "--order", str(tmp_path / "run.xml"))

    assert found["test"]["test"] == "test_c.py::test_open"
    assert names(found["polluters"]) == ["test_b.py::test_strict", "test_a.py::test_tenant"]
    assert "1 failed, 2 passed" in typed(root, found["reproduce"]).stdout


def test_seed_of_pytest_randomly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of a seed of pytest-randomly is had from pytest-randomly itself, and plain pytest is told to keep to the command."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    root = commit_all(make_project(tmp_path / "project", LEAK + VICTIM))
    failing = (n for n in range(50) if "FAILED test_late" in run_pytest(root, "-p", "randomly", f"--randomly-seed={n}", "-rf").stdout)
    found = bisect(root, "--randomly", "--seed", str(next(failing)))

    assert names(found["polluters"]) == ["test_app.py::test_client"]
    assert "-p no:randomly" in found["reproduce"]
    assert "1 failed, 1 passed" in typed(root, found["reproduce"]).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a test"),
        (["test_missing"], "no test is called 'test_missing'"),
        (["test_open", "--seed", "1", "--order", "x"], "both name an order"),
        (["test_open", "--randomly"], "give --seed N as well"),
        (["test_open", "--randomly", "--seed", "1"], "pytest-randomly is not installed"),
        (["test_open", "--order", "missing.txt"], "missing.txt: the order cannot be read"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str], said: str) -> None:
    """What cannot be meant is refused with exit 2, and nothing on stdout."""
    result = rescope(commit_all(make_project(tmp_path / "project", TOGETHER)), "bisect", *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr


def test_ambiguous_name(tmp_path: Path) -> None:
    """A name that several tests have is answered with all of them."""
    text = "# --- test_a.py\ndef test_same(): pass\n# --- test_b.py\ndef test_same(): pass\n"
    result = rescope(commit_all(make_project(tmp_path / "project", text)), "bisect", "test_same")

    assert result.returncode == 2
    assert "test_a.py::test_same\ntest_b.py::test_same\n" in result.stderr
