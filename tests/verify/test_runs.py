"""A run of real pytest: what it leaves running is ended with it, and nothing else is."""

import os
import sys
import time
from pathlib import Path

import pytest

from projects import make_project
from rescope.model.verdict import Arrangement, Order, Outcome, Run
from rescope.verify.runs import Suite, run

pytestmark = pytest.mark.skipif(not hasattr(os, "waitid"), reason="a process that is over cannot be looked at here")
SERVER = """\
# --- test_server.py
import subprocess
import sys
import time
from pathlib import Path


def test_starts():
    server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path({marker!r}).write_text(str(server.pid))


def test_next():
    time.sleep({seconds})
"""


CLOCK = """\
# --- test_clock.py
import time


def test_stops_the_clock():
    time.perf_counter = lambda: 1e9
"""


@pytest.fixture(autouse=True)
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quick start of the pytest that is run."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run_server(folder: Path, *, seconds: int, limit: float) -> tuple[Run, int]:
    """The run of a suite whose first test starts a server, and the server's process id."""
    marker = folder / "server"
    root = make_project(folder / "project", SERVER.format(marker=str(marker), seconds=seconds))
    (folder / "scratch").mkdir()
    suite = Suite(root=root, python=Path(sys.executable), scratch=folder / "scratch")
    made = run(suite, Order(arrangement=Arrangement.FILE), (), limit=limit, watch=lambda _: None)
    return made, int(marker.read_text())


@pytest.mark.parametrize(("seconds", "limit", "last"), [(0, 60.0, Outcome.PASSED), (600, 8.0, Outcome.ERROR)], ids=["ended", "late"])
def test_group_is_ended_while_it_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int, limit: float, last: Outcome
) -> None:
    """A server that the suite left is ended, by a signal sent before the suite's process is reaped: later its number may be another's."""
    killpg, unreaped = os.killpg, []

    def kill(group: int, number: int) -> None:
        unreaped.append(is_unreaped(group))
        killpg(group, number)

    monkeypatch.setattr(os, "killpg", kill)
    made, server = run_server(tmp_path, seconds=seconds, limit=limit)
    assert unreaped == [True]
    assert list(made.outcomes.values()) == [Outcome.PASSED, last]
    assert made.exit_code == (-1 if seconds else 0)
    assert not is_running(server)


def is_unreaped(child: int) -> bool:
    try:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def is_running(process: int) -> bool:
    """Whether it still runs after a moment; what init has not reaped yet does not."""
    ends = time.monotonic() + 5
    while (alive := is_alive(process)) and time.monotonic() < ends:
        time.sleep(0.05)
    return alive


def is_alive(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    try:
        os.kill(process, 0)
        return not (state.exists() and state.read_text("utf-8").rpartition(")")[2].split()[0] == "Z")
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_seconds_by_a_clock_that_tests_have_replaced(tmp_path: Path) -> None:
    """What a test puts in the place of the clock (freezegun does) says nothing of how long the suite takes."""
    root = make_project(tmp_path / "project", CLOCK)
    (tmp_path / "scratch").mkdir()
    suite = Suite(root=root, python=Path(sys.executable), scratch=tmp_path / "scratch")
    made = run(suite, Order(arrangement=Arrangement.FILE), (), limit=60.0, watch=lambda _: None)

    assert made.outcomes == {"test_clock.py::test_stops_the_clock": Outcome.PASSED}
    assert 0 < made.seconds < 60
