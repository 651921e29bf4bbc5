"""State that tests see only a substitute of, and caches that those who vary them clear: each suite passes in both orders."""

from pathlib import Path

import pytest

from projects import check, make_project, outcome, run_pytest
from rescope.model.finding import Confidence

LIBS = """\
# --- libs.py
class Libs:
    def __init__(self):
        self.updated = False

    def create(self):
        self.updated = True


libs = Libs()
# --- test_libs.py
import unittest.mock

import pytest

import libs


{fixture}

@pytest.mark.usefixtures("substitute")
def test_create():
    libs.libs.create()
    assert libs.libs.updated
    libs.libs.note = "made"


def test_fresh():
    assert not libs.libs.updated
"""
ITSELF = """\
@pytest.fixture
def substitute(monkeypatch):
    monkeypatch.setattr(libs, "libs", libs.Libs())
"""
HELPER = """\
def replace(monkeypatch):
    monkeypatch.setattr(libs, "libs", libs.Libs())


@pytest.fixture
def substitute(monkeypatch):
    replace(monkeypatch)
"""
ANOTHER = """\
@pytest.fixture
def substitute(monkeypatch):
    monkeypatch.setattr(libs, "Libs", libs.Libs)
"""
SOMETIMES = """\
@pytest.fixture
def substitute(request, monkeypatch):
    if request.node.get_closest_marker("fresh"):
        monkeypatch.setattr(libs, "libs", libs.Libs())
"""
ENDED = """\
@pytest.fixture
def substitute():
    with pytest.MonkeyPatch.context() as patched, unittest.mock.patch.object(libs, "libs", libs.Libs()):
        patched.setenv("A", "b")
    return 1
"""
SHARED = """\
@pytest.fixture(scope="module")
def substitute():
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(libs, "libs", libs.Libs())
        yield
"""
CACHE = """\
# --- interp.py
import os
from functools import cache


@cache
def default_python():
    return os.environ.get("APP_PYTHON", "python")


def command():
    return [default_python()]
# --- test_interp.py
import interp


def test_configured(monkeypatch):
    {first}
    monkeypatch.setenv("APP_PYTHON", "other")
    try:
        assert interp.default_python() == "other"
    finally:
        {last}


def test_default():
    assert interp.command() == ["python"]
"""
CLEAR = "interp.default_python.cache_clear()"
AT_START = """\
# --- stats.py
import os
from functools import lru_cache


@lru_cache(maxsize=1)
def is_silent():
    return os.environ.get("DO_NOT_TRACK") == "true"
# --- conftest.py
import os

import stats


def {hook}:
    stats.is_silent.cache_clear()
    os.environ["DO_NOT_TRACK"] = "true"
# --- test_stats.py
import stats


def test_silent():
    assert stats.is_silent()


def test_still_silent():
    assert stats.is_silent()
"""
ROWS = """\
# --- rows.py
class Rows:
    def __init__(self):
        self.names = []

    def add(self, name):
        self.names.append(name)
        return self


class Store:
    def delete(self, rows):
        if rows.names == ["kept"]:
            raise PermissionError
        rows.names.clear()
# --- test_rows.py
import pytest

from rows import Rows, Store


@pytest.fixture(scope="module")
def rows():
    made = Rows()
    made.add("kept")
    return made


def test_delete(rows):
    store = Store()
    with pytest.raises(PermissionError):
        store.delete(rows)


def test_read(rows):
    assert rows.names == ["kept"]
"""


def _shown(root: Path) -> set[str]:
    return {g.finding.code for g in check(root).plan.groups if g.finding.confidence is not Confidence.LOW}


@pytest.mark.parametrize("fixture", [ITSELF, HELPER], ids=["itself", "through a helper"])
def test_what_a_fixture_replaces_for_each_test_is_not_changed(fixture: str, tmp_path: Path) -> None:
    """The tests that request it change the substitute, which goes with the fixture."""
    root = make_project(tmp_path, LIBS.format(fixture=fixture))

    assert outcome(run_pytest(root)) == "2 passed"
    assert _shown(root) == set()


@pytest.mark.parametrize(
    "fixture", [ANOTHER, SHARED, SOMETIMES, ENDED], ids=["another name", "for many tests", "for some tests", "before the test"]
)
def test_other_replacements_leave_the_finding(fixture: str, tmp_path: Path) -> None:
    """Something else is replaced, or the substitute itself is shared by tests."""
    assert "RSC206" in _shown(make_project(tmp_path, LIBS.format(fixture=fixture)))


def test_who_has_the_original_by_name_changes_it(tmp_path: Path) -> None:
    """What was imported by its name before the fixture replaces it in its module is the original."""
    text = (
        LIBS.format(fixture=ITSELF).replace("import libs\n", "import libs\nfrom libs import libs as held\n").replace("libs.libs.", "held.")
    )

    assert _shown(make_project(tmp_path, text)) == {"RSC206"}


def test_who_undoes_the_replacement_changes_the_original(tmp_path: Path) -> None:
    """`monkeypatch.undo()` in a test ends what its fixture has replaced."""
    text = LIBS.format(fixture=ITSELF).replace("def test_create():\n", "def test_create(monkeypatch):\n    monkeypatch.undo()\n")
    root = make_project(tmp_path, text)

    assert outcome(run_pytest(root)) == "1 failed, 1 passed"
    assert _shown(root) == {"RSC206"}


def test_another_cache_is_another(tmp_path: Path) -> None:
    """Who clears a cache of a like name around itself leaves this one filled."""
    other = "# --- other.py\nfrom functools import cache\n\n\n@cache\ndef my_default_python():\n    return 1\n"
    clear = "other.my_default_python.cache_clear()"
    text = CACHE.format(first=clear, last=clear).replace("import interp\n", "import interp\nimport other\n")

    assert _shown(make_project(tmp_path, other + text)) == {"RSC202"}


def test_a_test_that_clears_around_itself_is_no_polluter(tmp_path: Path) -> None:
    """Who clears the cache before and after has the only answer that is varied."""
    root = make_project(tmp_path, CACHE.format(first=CLEAR, last=CLEAR))

    assert outcome(run_pytest(root)) == "2 passed"
    assert _shown(root) == set()


@pytest.mark.parametrize(
    ("first", "last"), [(CLEAR, "pass"), ("pass", CLEAR), (f"{CLEAR}\n    {CLEAR}", "pass")], ids=["before", "after", "twice before"]
)
def test_a_test_that_clears_once_is_part_of_a_leak(first: str, last: str, tmp_path: Path) -> None:
    """Its answer stays for others, or it gets that of another test."""
    assert _shown(make_project(tmp_path, CACHE.format(first=first, last=last))) == {"RSC202"}


@pytest.mark.parametrize(
    ("hook", "codes"),
    [("pytest_sessionstart(session)", set()), ("clear_for_a_test()", {"RSC202"})],
    ids=["at the start", "by hand"],
)
def test_what_the_start_of_the_run_clears_is_not_cleared_for_tests(hook: str, codes: set[str], tmp_path: Path) -> None:
    """A hook that clears a cache once, before it sets what the answer depends on, says that all tests share the answer."""
    root = make_project(tmp_path, AT_START.format(hook=hook))

    assert (outcome(run_pytest(root)) == "2 passed") is (not codes)
    assert _shown(root) == codes


def test_who_varies_what_a_cache_depends_on_that_was_cleared_once(tmp_path: Path) -> None:
    """A fixture that clears the cache once for all tests fills nothing on purpose."""
    start = "# --- conftest.py\nimport interp\nimport pytest\n\n\n@pytest.fixture(scope='session', autouse=True)\ndef start():\n    "
    text = CACHE.format(first="pass", last="pass") + f"{start}{CLEAR}\n"

    assert _shown(make_project(tmp_path, text)) == {"RSC202"}


def test_a_change_that_is_to_fail_changes_no_data(tmp_path: Path) -> None:
    """What a test calls under `pytest.raises` does not change the rows of other tests."""
    root = make_project(tmp_path, ROWS)
    assert outcome(run_pytest(root)) == "2 passed"
    assert _shown(root) == set()

    module = root / "test_rows.py"
    module.write_text(module.read_text("utf-8").replace("    with pytest.raises(PermissionError):\n        store", "    store"), "utf-8")
    assert _shown(root) == {"RSC105"}

    deletes = "    store = Store()\n    with pytest.raises(PermissionError):\n        store.delete(rows)\n        raise_it()\n"
    module.write_text(module.read_text("utf-8").replace("    store = Store()\n    store.delete(rows)\n", deletes), "utf-8")
    assert _shown(root) == {"RSC105"}
