"""`check --evidence`: findings that a run confirmed, findings that never moved, and files that are no evidence."""

import json
import sys
from pathlib import Path

import pytest

from projects import LEAK, make_project, rescope

LINE_BY_LINE = hasattr(sys, "monitoring")
SUITE = """\
# --- state.py
class Cache:
    pass


_cache = None
_other = None


def get_cache():
    global _cache
    if _cache is None:
        _cache = Cache()
    return _cache


def get_other():
    global _other
    if _other is None:
        _other = Cache()
    return _other
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def rows():
    return []


@pytest.fixture(scope="session")
def quiet():
    return []
# --- test_state.py
import state


def test_fill():
    assert state.get_cache()


def test_see(rows):
    rows.append(1)


def test_read():
    assert state.get_cache()


def test_rows(rows):
    assert rows


def test_quiet(quiet):
    if not quiet:
        return
    quiet.append(1)
    state.get_other()


def test_quiet_too(quiet):
    assert not quiet
"""


@pytest.fixture
def joined(observe, tmp_path_factory: pytest.TempPathFactory):
    """The JSON of check with the evidence of one run of the suite, findings by name."""

    def run(root: Path) -> tuple[dict, dict]:
        record = tmp_path_factory.mktemp("evidence") / "seen.json"
        record.write_text(json.dumps(observe(root)[1]), "utf-8")
        plain = json.loads(rescope(root, "check", "--output-format", "json").stdout)
        told = json.loads(rescope(root, "check", "--output-format", "json", "--evidence", str(record)).stdout)
        return ({f["subject"]["name"]: f for f in data["findings"]} for data in (plain, told))

    return run


def test_confirmed_and_never_moved(tmp_path: Path, joined) -> None:
    """Confirmed findings gain the two tests; those that never moved lose one step; edits and fingerprints are the same."""
    plain, told = joined(make_project(tmp_path, SUITE))

    assert told["_cache"]["related"][-1] == {
        "path": "test_state.py",
        "line": 4,
        "column": 1,
        "note": "state._cache changed by test_state.py::test_fill at state.py:12, read by test_state.py::test_read at state.py:11"
        if LINE_BY_LINE
        else "state._cache changed by test_state.py::test_fill, in place while test_state.py::test_read ran, "
        "which the source shows to use it at test_state.py:13",
    }
    assert told["rows"]["related"][-1]["note"] == "rows changed by test_state.py::test_see, in place while test_state.py::test_rows ran"
    assert [told[n]["confidence"] for n in ("_cache", "rows")] == ["high", "high"]
    for name, tests in (("_other", 6), ("quiet", 2)):
        assert told[name]["related"][-1]["note"] == f"watched in {tests} tests, never moved"
        steps = ["high", "medium", "low"]
        assert steps.index(told[name]["confidence"]) == min(steps.index(plain[name]["confidence"]) + 1, 2)
    same = ("code", "applicability", "fix", "fingerprint", "severity", "primary")
    assert {n: [f[k] for k in same] for n, f in told.items()} == {n: [f[k] for k in same] for n, f in plain.items()}


def test_override_of_a_broad_fixture(tmp_path: Path, joined) -> None:
    """A fixture's override is confirmed by a test that ran with it and never requested it."""
    _, told = joined(make_project(tmp_path, LEAK))

    note = "app.app.dependency_overrides['user'] changed by set-up of 'client' in test_app.py::test_client"
    assert told["client"]["related"][-1]["note"] == f"{note}, in place while test_app.py::test_alone ran"


UNREAD = """\
# --- state.py
names = []


def register(name):
    names.append(name)
# --- test_state.py
import state


def test_first():
    state.register("b")
    assert state.names


def test_register():
    state.register("a")
    assert state.names


def test_other():
    assert True


def test_{last}():
    {body}
"""


@pytest.mark.skipif(not LINE_BY_LINE, reason="sys.monitoring is new in Python 3.12")
def test_what_no_test_reads_is_not_confirmed(tmp_path: Path, joined) -> None:
    """A change that stays where no test looks leaves the confidence as it was; one that is read raises it."""
    unread = UNREAD.format(last="quiet", body="assert 1")
    read = UNREAD.format(last="read", body="assert state.names")
    told = {name: tuple(joined(make_project(tmp_path / name, text))) for name, text in (("unread", unread), ("read", read))}

    change = "state.names changed by test_state.py::test_register at state.py:5"
    found = {name: after["names"] for name, (_, after) in told.items()}
    assert found["unread"]["related"][-1]["note"] == f"{change}, in place while test_state.py::test_other ran, seen to be read by no test"
    notes = [place["note"] for place in found["read"]["related"]]
    assert any(note.startswith(f"{change}, read by test_state.py::test_read at test_state.py:") for note in notes)
    assert found["unread"]["confidence"] == told["unread"][0]["names"]["confidence"] != "high"
    assert found["read"]["confidence"] == "high"


PROCESS = """\
# --- state.py
names = []
# --- conftest.py
import os

import pytest
import state


@pytest.fixture(scope="module")
def mode():
    os.environ["APP_MODE"] = "test"
    yield
    del os.environ["APP_MODE"]


@pytest.fixture(scope="session")
def registered():
    state.names.append("a")
    yield
    state.names.remove("a")
# --- test_mode.py
import state


def test_mode(mode, registered):
    assert state.names


def test_other():
    assert len(state.names) < 2
"""


def test_process_and_module_state_of_a_broad_fixture(tmp_path: Path, joined) -> None:
    """The environment and the globals that broad fixtures change are confirmed without watching everything."""
    _, told = joined(make_project(tmp_path, PROCESS))

    later = "in test_mode.py::test_mode, in place while test_mode.py::test_other ran"
    read = "in test_mode.py::test_mode, read by test_mode.py::test_other at test_mode.py:9"
    notes = {name: told[name]["related"][-1]["note"] for name in ("mode", "registered")}
    assert notes == {
        "mode": f"os.environ['APP_MODE'] changed by set-up of 'mode' {later}",
        "registered": f"state.names changed by set-up of 'registered' {read if LINE_BY_LINE else later}",
    }
    assert {told[name]["confidence"] for name in ("mode", "registered")} == {"high"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "it is not JSON"),
        ("[]", "no evidence of rescope"),
        ('{"findings": []}', "no evidence of rescope"),
        ('{"tool": "rescope", "watched": [], "schema": 9}', "evidence of schema 9, this rescope reads schema 2"),
        ('{"tool": "rescope", "schema": 2, "watched": [{}], "changes": []}', "the evidence is damaged"),
        ('{"tool": "rescope", "schema": 2, "watched": [], "changes": 3}', "the evidence is damaged"),
        ("\udcff", "it is not JSON"),
    ],
)
def test_bad_evidence(tmp_path: Path, text: str, message: str) -> None:
    """A file that is no evidence is refused with its name and what is wrong."""
    project = make_project(tmp_path, LEAK)
    (tmp_path / "seen.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    result = rescope(project, "check", "--evidence", "seen.json")

    assert result.returncode == 2
    assert result.stderr.startswith("error: seen.json: ")
    assert message in result.stderr


def test_absent_evidence(tmp_path: Path) -> None:
    """A file that is not there is refused."""
    result = rescope(make_project(tmp_path, LEAK), "check", "--evidence", "absent.json")

    assert (result.returncode, result.stderr) == (2, "error: absent.json: the evidence cannot be read: No such file or directory\n")
