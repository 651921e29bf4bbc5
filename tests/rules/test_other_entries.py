"""A fixture that takes some entries of the environment back takes back these; one that may reach all of it is believed to."""

from pathlib import Path

import pytest

from projects import check, make_project, outcome, run_pytest

ENTRIES = """\
# --- keeping.py
import os

SAVED = {{}}


def fill(table, saved):
    table.clear()
    table.update(saved)


BACK = [lambda: fill(os.environ, SAVED)]


class Kept:
    def __enter__(self):
        self.saved = {{**os.environ}}

    def __exit__(self, *error):
        fill(os.environ, self.saved)
# --- test_entries.py
import contextlib
import os
from unittest import mock

import pytest

import keeping

RANK = "RESCOPE_RANK"


def forget():
    os.environ.pop("RESCOPE_RANK", None)


@pytest.fixture
def around(monkeypatch):
    {before}
    yield
    {after}


def test_set(around):
    os.environ["RESCOPE_LOCAL"] = "1"
    os.environ["RESCOPE_RANK"] = "2"


def test_unset():
    assert "RESCOPE_RANK" not in os.environ
"""
LOCAL = "os.environ.pop('RESCOPE_LOCAL')"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("pass", f"{LOCAL}; os.environ.pop('RESCOPE_RANK')"),
        ("pass", f"{LOCAL}; del os.environ[RANK]"),
        ("pass", f"{LOCAL}; forget()"),
        ("saved = dict(os.environ)", f"{LOCAL}; os.environ.clear(); os.environ.update(saved)"),
        ("saved = os.environ.copy()", f"{LOCAL}; os.environ = saved"),
        ("monkeypatch.setattr(os, 'environ', os.environ.copy())", LOCAL),
        ("monkeypatch.setenv('RESCOPE_RANK', '0')", LOCAL),
        ("patcher = mock.patch.dict('os.environ'); patcher.start()", f"{LOCAL}; patcher.stop()"),
        ("stack = contextlib.ExitStack(); stack.enter_context(mock.patch.dict('os.environ'))", f"{LOCAL}; stack.close()"),
        ("monkeypatch.setattr('os.environ', {**os.environ})", LOCAL),
        ("names = [*os.environ]", f"{LOCAL}; [os.environ.__delitem__(name) for name in [*os.environ] if name not in names]"),
        ("saved = {**os.environ}", f"{LOCAL}; keeping.fill(os.environ, saved)"),
        ("keeping.SAVED.update({**os.environ})", f"{LOCAL}; keeping.BACK[0]()"),
        ("with keeping.Kept():\n        yield\n    return", LOCAL),
    ],
)
def test_a_fixture_takes_all_entries_back(before: str, after: str, tmp_path: Path) -> None:
    """By name, by a name that is a variable's, in a helper, or all of them at once."""
    root = make_project(tmp_path, ENTRIES.format(before=before, after=after))
    assert outcome(run_pytest(root)) == "2 passed"
    assert check(root).plan.groups == ()


@pytest.mark.parametrize("before", ["pass", "os.environ['RESCOPE_LOCAL'] = '0'"])
def test_a_fixture_that_takes_another_entry_back_leaves_this_one(before: str, tmp_path: Path) -> None:
    """Only the entries that it names come back."""
    root = make_project(tmp_path, ENTRIES.format(before=before, after=LOCAL))
    (group,) = check(root).plan.groups
    assert outcome(run_pytest(root)) == "1 failed, 1 passed"
    line = (root / "test_entries.py").read_text().splitlines()[group.finding.primary.line - 1]
    assert (group.finding.code, line.strip()) == ("RSC208", 'os.environ["RESCOPE_RANK"] = "2"')
