"""Bad input gives one clear line with its place, the right exit code, and every other file is served."""

from pathlib import Path

import pytest

from projects import LEAK, findings, make_project, rescope, run_pytest


@pytest.fixture
def leak(tmp_path: Path) -> Path:
    """A project with one safe finding."""
    return make_project(tmp_path, LEAK)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"def f(:\n", "other/lib.py:1: cannot be parsed: ", id="syntax error"),
        pytest.param(b"x = 1\nif x:\n", "other/lib.py:2: cannot be parsed: ", id="half-written"),
        pytest.param(b"name = '\xe9'\n", "other/lib.py:1: cannot be parsed: ", id="not UTF-8"),
        pytest.param(b"x = 1\x00\n", "other/lib.py:1: cannot be parsed: ", id="null byte"),
        pytest.param(b"# coding: klingon\n", "other/lib.py:1: cannot be parsed: ", id="unknown encoding"),
        pytest.param(b"x = " + b"(" * 500 + b")" * 500, "other/lib.py:1: ", id="deep nesting"),
    ],
)
def test_unreadable_file(leak: Path, content: bytes, message: str) -> None:
    """A file that cannot be read as Python is named with its line; exit code 3, and the others are served."""
    (leak / "other").mkdir()
    (leak / "other" / "lib.py").write_bytes(content)
    result = rescope(leak, "check")

    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.returncode == 3
    assert "RSC101" in result.stdout


@pytest.mark.parametrize(
    "convert",
    [
        pytest.param(lambda b: b.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda b: b"\xef\xbb\xbf" + b, id="BOM"),
        pytest.param(lambda b: b.replace(b"    ", b"\t"), id="tabs"),
        pytest.param(lambda b: "# coding: latin-1\n# é\n".encode("latin-1") + b, id="encoding cookie"),
        pytest.param(lambda b: b.removesuffix(b"\n"), id="no final newline"),
        pytest.param(lambda b: b"# one\r\n# two\n" + b, id="mixed line endings"),
    ],
)
def test_unusual_bytes(leak: Path, convert: object) -> None:
    """Unusual bytes outside the edit survive it, and the suite still passes."""
    conftest = leak / "conftest.py"
    before = convert(conftest.read_bytes())
    conftest.write_bytes(before)

    assert rescope(leak, "fix", "--allow-no-vcs").returncode == 0
    after = conftest.read_bytes()
    kept = [line for line in before.splitlines(keepends=True) if b"scope=" not in line]
    assert [line for line in after.splitlines(keepends=True) if line in kept] == kept
    assert b'scope="function"' in after
    assert run_pytest(leak).returncode == 0


@pytest.mark.parametrize("name", ["conftest.py", "sub/test_broken.py", "sub/conftest.py"])
def test_unparsable_test_file(tmp_path: Path, name: str) -> None:
    """What an unparsable file below may depend on is reported and left alone, with the reason."""
    root = make_project(tmp_path, LEAK.replace("# --- conftest.py", "# --- plugin_fixtures.py") if name == "conftest.py" else LEAK)
    broken = root / name
    broken.parent.mkdir(exist_ok=True)
    broken.write_text("def broken(:\n")
    result = rescope(root, "diff")

    assert f"{name}:1: cannot be parsed" in result.stderr
    assert result.returncode == 3
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("scope", "reason"),
    [("SCOPE", "its scope is computed: SCOPE"), ("lambda fixture_name, config: 'session'", "its scope is a callable")],
)
def test_unknown_scope(tmp_path: Path, scope: str, reason: str) -> None:
    """A scope that only a run can tell is skipped with the reason, and stops what would narrow beneath it."""
    text = (
        LEAK
        + f"""# --- test_more.py
import pytest

SCOPE = "session"


@pytest.fixture(scope={scope})
def logged_in(client):
    return client


def test_logged_in(logged_in):
    assert logged_in
"""
    )
    report = findings(make_project(tmp_path, text))

    assert [reason] == [s["reason"] for s in report["skipped"]]
    assert [None] == [f["fix"] for f in report["findings"]]
    assert reason in report["findings"][0]["caveat"]


def test_fixture_cycle(tmp_path: Path) -> None:
    """Fixtures that request each other are analysed without end or crash."""
    text = """\
# --- test_cycle.py
import pytest


@pytest.fixture(scope="session")
def a(b):
    return b


@pytest.fixture(scope="session")
def b(a):
    return a


def test_a(a):
    assert a
"""
    result = rescope(make_project(tmp_path, text), "check")

    assert result.returncode == 0
    assert "2 broad and unremarkable" in result.stdout


def test_two_fixtures_of_one_name(tmp_path: Path) -> None:
    """Of two fixtures with one name in one file the last counts, as in pytest; the edit goes to that one."""
    text = LEAK.replace("import pytest\n", 'import pytest\n\n\n@pytest.fixture(scope="session")\ndef client():\n    return 1\n\n', 1)
    root = make_project(tmp_path, text)
    rescope(root, "fix", "--allow-no-vcs")

    fixed = (root / "conftest.py").read_text()
    assert fixed.index('scope="session"') < fixed.index('scope="function"')


def test_no_tests(tmp_path: Path) -> None:
    """A folder without tests is no error, but is said."""
    result = rescope(make_project(tmp_path, "# --- lib.py\nx = 1\n"), "check")

    assert result.returncode == 0
    assert "no tests were found; see python_files and testpaths of pytest\n" in result.stderr


def test_tests_of_other_projects(tmp_path: Path) -> None:
    """Where the tests of a repository lie outside of its `testpaths`, a run without them says so."""
    ini = "# --- pytest.ini\n[pytest]\ntestpaths = tests\n# --- tests/helpers.py\nX = 1\n"
    root = make_project(tmp_path, f"{ini}# --- core/tests/test_a.py\ndef test_a(): pass\n")
    result = rescope(root, "check")

    assert result.returncode == 0
    assert "no tests were found; 1 file outside of testpaths may have some, as core/tests/test_a.py" in result.stderr


def test_missing_path(tmp_path: Path) -> None:
    """A path that does not exist is a usage error."""
    result = rescope(tmp_path, "check", "nowhere")

    assert (2, "error: nowhere: no such file or folder\n") == (result.returncode, result.stderr)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('exclde = ["a"]', '[tool.rescope] has no key "exclde"; did you mean "exclude"?'),
        ('exclude = "a"', "[tool.rescope] exclude must be a list of strings, not 'a'"),
        ('reason = "novel"', "[tool.rescope] reason must be one of docstring, comment, none, not 'novel'"),
        ('[tool.rescope.keep]\n"client" = "why"', '"client" needs the form "path/glob::name" = "reason"'),
        ('packs = ["missing.toml"]', "missing.toml: the pack cannot be read: No such file or directory"),
        ("exclude = [", "cannot be read: "),
    ],
)
def test_bad_configuration(leak: Path, table: str, message: str) -> None:
    """A wrong key or value names the file, the key and what is expected; exit code 2."""
    pyproject = leak / "pyproject.toml"
    pyproject.write_text(f"[tool.pytest.ini_options]\n\n[tool.rescope]\n{table}\n")
    result = rescope(leak, "check")

    assert message in result.stderr
    assert str(pyproject.name) in result.stderr or "missing.toml" in result.stderr
    assert (2, "") == (result.returncode, result.stdout)


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# rescope: keep", '"# rescope: keep" needs a reason'),
        ("# rescope: ignore because", '"# rescope: ignore" is unknown'),
    ],
)
def test_bad_comment(leak: Path, comment: str, message: str) -> None:
    """A keep without a reason, or an unknown verb, is an error with its line."""
    conftest = leak / "conftest.py"
    conftest.write_text(conftest.read_text().replace("def client():", f"def client():  {comment}"))
    result = rescope(leak, "check")

    assert f"conftest.py:7: {message}" in result.stderr
    assert result.returncode == 3
    assert "RSC101" in result.stdout


def test_keep_comment(leak: Path) -> None:
    """A keep with a reason turns the finding into a keep, and nothing is changed."""
    conftest = leak / "conftest.py"
    conftest.write_text(conftest.read_text().replace("def client():", "def client():  # rescope: keep all tests run as ada"))
    report = findings(leak)

    assert [] == report["findings"]
    assert ["all tests run as ada"] == [k["because"] for k in report["kept"]]


def test_keep_in_configuration(leak: Path) -> None:
    """A keep in the configuration does the same."""
    (leak / "pyproject.toml").write_text('[tool.pytest.ini_options]\n[tool.rescope.keep]\n"*conftest.py::client" = "wanted"\n')
    report = findings(leak)

    assert [] == report["findings"]
    assert ["wanted"] == [k["because"] for k in report["kept"]]


@pytest.mark.parametrize("folder", ["", "backend/"])
def test_syntax_of_a_newer_python(tmp_path: Path, folder: str) -> None:
    """A project that is for a newer Python than rescope runs on is told so, after the files that could not be understood.

    In a repository of several projects the file that could not be understood is one of the nearest.
    """
    project = f'# --- {folder}pyproject.toml\n[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.99"\n'
    root = make_project(tmp_path, f"{project}# --- {folder}tests/conftest.py\ntype = =\n# --- test_a.py\ndef test_a():\n    pass\n")
    result = rescope(root, "check")

    assert result.returncode == 3
    assert result.stdout.startswith("no findings, 1 file not understood, ")
    assert "and the project is for 3.99 or newer: install it there" in result.stderr
    older = project.replace("3.99", "3.11").partition("\n")[2]
    (root / folder / "pyproject.toml").write_text(older, "utf-8")
    assert "install it there" not in rescope(root, "check").stderr
