"""diff by finding and side by side; whatever stands in a pipe is a patch."""

import re
from pathlib import Path

import pytest

from projects import LEAK, commit_all, git, make_project, rescope

STATE = """\
# --- {name}.py
class {name}:
    def __init__(self):
        self.items = {{}}


_{name} = None


def get_{name}():
    global _{name}
    if _{name} is None:
        _{name} = {name}()
    return _{name}
# --- test_{name}_one.py
from {name} import get_{name}


def test_one():
    assert get_{name}().items == {{}}
    get_{name}().items["a"] = 1
# --- test_{name}_two.py
from {name} import get_{name}


def test_two():
    assert get_{name}().items == {{}}
    get_{name}().items["b"] = 1
"""
CART = """\
# --- test_cart.py
import pytest


@pytest.fixture(scope="module")
def cart():
    return {"apples": 1}


def test_add(cart):
    cart["pears"] = 2
    assert len(cart) == 2


def test_initial(cart):
    assert "apples" in cart
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clean git repository with two findings that change conftest.py, and one that is unsafe."""
    return commit_all(make_project(tmp_path / "project", STATE.format(name="cache") + LEAK + CART))


def plain(text: str) -> str:
    """Terminal output without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_by_finding_is_a_patch(repository: Path) -> None:
    """The diffs of all findings, applied as one patch, give what fix writes, also where two change one file."""
    result = rescope(repository, "diff", "--unsafe", "--group-by", "finding")
    applied = git(repository, "apply", "-", stdin=result.stdout)

    assert (1, 0) == (result.returncode, applied.returncode), applied.stderr
    assert result.stdout.count("+++ b/conftest.py") == 2
    git(repository, "add", "-A")
    by_patch = git(repository, "diff", "--cached").stdout
    git(repository, "reset", "-q", "--hard")
    rescope(repository, "fix", "--unsafe")
    git(repository, "add", "-A")
    assert by_patch == git(repository, "diff", "--cached").stdout != ""


def test_by_finding_says_why(repository: Path) -> None:
    """Above each diff stand the finding, its reason and how safe the edit is; without --unsafe only safe ones."""
    lines = rescope(repository, "diff", "--unsafe", "--group-by", "finding").stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if "RSC103" in line)

    assert lines[at].startswith("# test_cart.py:5:1: RSC103 ")
    assert lines[at + 1].startswith("# reason: ")
    assert lines[at + 2].startswith("# fix: module -> function (unsafe: ")
    assert lines[at + 3] == "diff --git a/test_cart.py b/test_cart.py"
    assert "RSC103" not in rescope(repository, "diff", "--group-by", "finding").stdout


def test_by_finding_creates_a_file_once(tmp_path: Path) -> None:
    """Where two findings go to a conftest.py that does not exist yet, the first creates it and the second changes it."""
    root = commit_all(make_project(tmp_path / "project", STATE.format(name="cache") + STATE.format(name="store")))
    patch = rescope(root, "diff", "--unsafe", "--group-by", "finding").stdout
    applied = git(root, "apply", "-", stdin=patch)

    assert (1, 2) == (patch.count("new file mode"), patch.count("+++ b/conftest.py"))
    assert applied.returncode == 0
    by_patch = (root / "conftest.py").read_bytes()
    (root / "conftest.py").unlink()
    rescope(root, "fix", "--unsafe")
    assert by_patch == (root / "conftest.py").read_bytes()


def test_by_file_is_the_default(repository: Path) -> None:
    """Without options the output is the patch by file."""
    default = rescope(repository, "diff", "--unsafe").stdout

    assert default == rescope(repository, "diff", "--unsafe", "--group-by", "file").stdout
    assert default.startswith("diff --git ")


def test_side_by_side(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a wide terminal old and new lines stand in one row, with their numbers and signs."""
    monkeypatch.setenv("COLUMNS", "120")
    result = rescope(repository, "diff", "--side-by-side", "--color", "always")
    rows = [re.sub(r"\s+", " ", line).strip() for line in plain(result.stdout).splitlines()]

    assert (1, "conftest.py") == (result.returncode, rows[0])
    assert '6- @pytest.fixture(scope="session") 6+ @pytest.fixture(scope="function")' in rows
    assert max(len(line) for line in plain(result.stdout).splitlines()) <= 120


def test_side_by_side_by_finding(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By finding the same words stand above the columns."""
    monkeypatch.setenv("COLUMNS", "120")
    result = rescope(repository, "diff", "--side-by-side", "--group-by", "finding", "--color", "always")

    assert "# conftest.py:7:1: RSC101 " in plain(result.stdout)


@pytest.mark.parametrize(("columns", "color"), [("120", "auto"), ("99", "always")])
def test_side_by_side_falls_back(repository: Path, columns: str, color: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe or on a narrow terminal the unified diff is printed, with a remark on stderr."""
    monkeypatch.setenv("COLUMNS", columns)
    result = rescope(repository, "diff", "--side-by-side", "--color", color)

    assert "--side-by-side needs a terminal of 100 columns" in result.stderr
    assert plain(result.stdout).startswith("diff --git a/conftest.py b/conftest.py")
    if color == "auto":
        assert result.stdout == rescope(repository, "diff").stdout


def test_twice(tmp_path: Path) -> None:
    """What `fix` has written is known as a reset the next time, where it asks sys.modules for a top-level module, too."""
    root = make_project(tmp_path, STATE.format(name="cache") + STATE.format(name="store"))
    assert rescope(root, "fix", "--unsafe", "--allow-no-vcs").returncode == 0
    assert "sys.modules" in (root / "conftest.py").read_text()

    assert rescope(root, "diff", "--unsafe").stdout == ""
