"""fix --interactive: what each answer does, and how a keep is remembered."""

import tomllib
from pathlib import Path

import pytest

from projects import LEAK, check, commit_all, git, make_project, rescope, split_files
from rescope.cli.interactive import _QUESTION
from rescope.keeping import with_keeps

WHY = "all tests below run as one user"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return commit_all(make_project(tmp_path, LEAK))


def answered(root: Path, *answers: str) -> str:
    """What is printed until all answers are given."""
    result = rescope(root, "fix", "--unsafe", "--interactive", stdin="".join(f"{answer}\n" for answer in answers))
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_an_explanation_asks_again(repository: Path) -> None:
    """The answer e prints the rule's documentation and what was seen here, and changes nothing by itself."""
    shown = answered(repository, "e", "n")

    assert shown.count(_QUESTION) == 2
    assert "Why it leaks" in shown
    assert "Here: session-scoped fixture 'client' leaves an override in app.dependency_overrides" in shown
    assert git(repository, "diff", "--stat").stdout == ""
    answered(repository, "e", "y")
    assert "conftest.py" in git(repository, "diff", "--stat").stdout


def test_what_is_no_answer_is_asked_again(repository: Path) -> None:
    """A word that means nothing here is no consent."""
    assert answered(repository, "what", "n").count(_QUESTION) == 2
    assert git(repository, "diff", "--stat").stdout == ""


def test_a_keep_is_remembered(repository: Path) -> None:
    """The answer k asks for a reason until there is one, and writes it on the definition: the next run asks nothing."""
    shown = answered(repository, "k", "", WHY)

    assert shown.endswith("1 kept in 1 file\n")
    assert git(repository, "diff", "-U0").stdout.splitlines()[-2:] == ["-def client():", f"+def client():  # rescope: keep {WHY}"]
    assert [WHY] == [k.because for k in check(repository).plan.kept]
    commit_all(repository)
    assert _QUESTION not in answered(repository)


TWO = """\
# --- app.py
class App:
    dependency_overrides = {}


app = App()
# --- conftest.py
import pytest

from app import app


@pytest.fixture(scope="session")
def client():
    app.dependency_overrides["user"] = "ada"
    yield app
    app.dependency_overrides.pop("user")


@pytest.fixture(scope="session")
def other():
    app.dependency_overrides["clock"] = 1
    yield app
    app.dependency_overrides.pop("clock")
# --- test_app.py
def test_both(client, other):
    assert client is other


def test_alone():
    assert True
"""


def test_a_keep_and_a_fix_in_one_file(tmp_path: Path) -> None:
    """Both are written in one run, and undone in one."""
    root = commit_all(make_project(tmp_path, TWO))
    shown = answered(root, "y", "k", WHY)
    text = (root / "conftest.py").read_text()

    assert shown.endswith("1 finding fixed and 1 kept in 1 file\n")
    assert '@pytest.fixture(scope="function")\ndef client():' in text
    assert f'@pytest.fixture(scope="session")\ndef other():  # rescope: keep {WHY}' in text
    assert rescope(root, "undo").returncode == 0
    assert git(root, "status", "--porcelain").stdout == ""


CACHE = """\
# --- cache.py
class Cache:
    def __init__(self):
        self.items = {}


_cache = None


def get_cache():
    global _cache
    if _cache is None:
        _cache = Cache()
    return _cache
# --- test_cache.py
from cache import get_cache


def test_set():
    get_cache().items["a"] = 1


def test_get():
    assert get_cache()
"""


def test_a_singleton_is_kept(tmp_path: Path) -> None:
    """A global is kept by a comment behind its first value."""
    root = commit_all(make_project(tmp_path, CACHE))
    answered(root, "k", WHY)

    assert f"\n_cache = None  # rescope: keep {WHY}\n" in (root / "cache.py").read_text()
    assert [("_cache", WHY)] == [(k.subject.name, k.because) for k in check(root).plan.kept]


DEFINITIONS = {
    "on one line": ("def client(): return app", f"def client(): return app  # rescope: keep {WHY}"),
    "over several lines": ("def client(\n):\n    yield app", f"def client(  # rescope: keep {WHY}\n):\n    yield app"),
    "windows": ("def client():\r\n    yield app\r\n", f"def client():  # rescope: keep {WHY}\r\n    yield app\r\n"),
    "trailing blanks": ("def client():   \n    yield app", f"def client():   # rescope: keep {WHY}\n    yield app"),
    "a string that goes on": ("def client(): return '''a\n'''", None),
    "a comment": ("def client():  # noqa: D103\n    yield app", None),
    "a continuation": ("def client\\\n():\n    yield app", None),
}
SET_UP = "import pytest\nfrom app import app\n\n\n@pytest.fixture(scope='session')\n"


@pytest.mark.parametrize(("definition", "expected"), DEFINITIONS.values(), ids=DEFINITIONS)
def test_where_there_is_room(tmp_path: Path, definition: str, expected: str | None) -> None:
    """The comment stands where the definition's first line ends; where none can stand, pyproject.toml says it instead."""
    root = make_project(tmp_path, LEAK)
    newline = "\r\n" if "\r" in definition else "\n"
    source = f"{SET_UP}".replace("\n", newline).encode() + definition.encode()
    (root / "conftest.py").write_bytes(source)
    (subject,) = check(root).plan.unremarkable
    texts, homeless = with_keeps(root, [(subject, WHY)])

    assert homeless == ()
    if expected is None:
        assert list(texts) == ["pyproject.toml"]
    else:
        assert texts == {"conftest.py": source.replace(definition.encode(), expected.encode())}
    for path, text in texts.items():
        (root / path).write_bytes(text)
    assert [(subject.name, WHY)] == [(k.subject.name, k.because) for k in check(root).plan.kept]


CONFIGS = [
    '[tool.pytest.ini_options]\npythonpath = ["."]',
    '[tool.pytest.ini_options]\npythonpath = ["."]\n\n[tool.rescope]\nunsafe = true\n',
    '[tool.rescope.keep]  # ours\n"tests/*::engine" = "slow"\n\n[tool.pytest.ini_options]\npythonpath = ["."]\n',
    '[tool.pytest.ini_options]\r\npythonpath = ["."]\r\n[ tool . rescope . keep ]\r\n',
]


@pytest.mark.parametrize("config", CONFIGS)
def test_an_entry_changes_nothing_else(tmp_path: Path, config: str) -> None:
    """Only lines are added, and the table says what it said, and the keep; a quote in the reason is one afterwards."""
    root = make_project(tmp_path, LEAK.replace("def client():", "def client():  # noqa"))
    (root / "pyproject.toml").write_bytes(config.encode())
    (group,) = check(root).plan.groups
    (text,) = with_keeps(root, [(group.finding.subject, 'it is "the" user\\')])[0].values()

    before, after = tomllib.loads(config), tomllib.loads(text.decode())
    assert after["tool"]["rescope"]["keep"].pop("conftest.py::client") == 'it is "the" user\\'
    assert after["tool"]["rescope"].pop("keep") == before["tool"].get("rescope", {}).pop("keep", {})
    assert before["tool"]["pytest"] == after["tool"]["pytest"]
    assert [line for line in config.splitlines() if line not in text.decode().splitlines()] == []
    assert text.count(b"\r\n") == (text.count(b"\n") if "\r" in config else 0)


@pytest.mark.parametrize("config", ["", '[tool.rescope]\nkeep = { "a::b" = "c" }\n'])
def test_a_keep_that_cannot_be_written(tmp_path: Path, config: str) -> None:
    """No pyproject.toml is made, and none that would not be valid afterwards is written; the subject is told."""
    files = split_files(LEAK.replace("def client():", "def client():  # noqa"))
    for path, text in files.items():
        (tmp_path / path).write_text(text)
    if config:
        (tmp_path / "pyproject.toml").write_text(config)
    commit_all(tmp_path)
    result = rescope(tmp_path, "fix", "--interactive", stdin=f"k\n{WHY}\n")

    assert result.returncode == 0
    assert "'client' is left alone this time, but that cannot be written down" in result.stderr
    assert git(tmp_path, "status", "--porcelain").stdout == ""
