"""check with a baseline: what is accepted is counted, what is new is reported, what is gone is told."""

import json
from pathlib import Path

import pytest

from projects import LEAK, findings, fix, make_project, rescope

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
FILE = "accepted.json"


@pytest.fixture
def accepted(tmp_path: Path) -> Path:
    """A project whose one finding is accepted."""
    root = make_project(tmp_path, LEAK)
    assert rescope(root, "check", "--write-baseline", FILE).returncode == 0
    return root


def names(root: Path) -> list[str]:
    """The names that stand in the baseline."""
    return [entry["name"] for entry in json.loads((root / FILE).read_text())["findings"]]


def test_written(accepted: Path) -> None:
    """The file has one line an entry, and its fingerprint is the report's."""
    (finding,) = findings(accepted)["findings"]
    entry = {"code": "RSC101", "path": "conftest.py", "name": "client", "fingerprint": finding["fingerprint"]}

    assert (accepted / FILE).read_text().splitlines() == ['{"schema": 1, "findings": [', json.dumps(entry), "]}"]


def test_accepted_findings_are_counted(accepted: Path) -> None:
    """What is in the baseline is not reported but counted, and the exit code is 0."""
    result = rescope(accepted, "check", "--baseline", FILE)

    assert (0, "") == (result.returncode, result.stderr)
    assert result.stdout.startswith("no findings, 1 in the baseline, 0 kept")
    assert json.loads(rescope(accepted, "check", "--baseline", FILE, "--output-format", "json").stdout)["stats"]["baseline"] == 1


def test_new_findings_are_reported(accepted: Path) -> None:
    """A finding that is not in the baseline is reported, with exit code 1."""
    make_project(accepted, CART)
    result = rescope(accepted, "check", "--baseline", FILE)

    assert result.returncode == 1
    assert "RSC103" in result.stdout
    assert "RSC101" not in result.stdout
    assert "1 finding (0 safe, 1 unsafe), 1 in the baseline" in result.stdout


def test_moved_lines_stay_accepted(accepted: Path) -> None:
    """Lines above an accepted finding, and further evidence for it, do not make it new."""
    conftest = accepted / "conftest.py"
    conftest.write_text("# one\n# two\n" + conftest.read_text())
    more = LEAK.partition("# --- test_app.py\n")[2].replace("test_client", "test_other")
    make_project(accepted, f"# --- test_other.py\n{more}")

    assert rescope(accepted, "check", "--baseline", FILE).returncode == 0


def test_two_findings_of_one_name(tmp_path: Path) -> None:
    """Two findings with the same code, file and name each have an entry of their own: the second is new until it is accepted."""
    root = make_project(tmp_path, LEAK)
    rescope(root, "check", "--write-baseline", FILE)
    conftest = root / "conftest.py"
    head, _, fixture = conftest.read_text().partition("\n\n\n")
    branch = fixture.replace("\n", "\n    ").rstrip(" ")
    conftest.write_text(f"import os\n{head}\n\nif os.environ.get('CI'):\n    {branch}\nelse:\n    {branch}")

    assert len({f["fingerprint"] for f in findings(root)["findings"]}) == 2
    assert "1 finding (none fixable), 1 in the baseline" in rescope(root, "check", "--baseline", FILE).stdout
    rescope(root, "check", "--write-baseline", FILE, "--grow-baseline")
    assert ["client", "client"] == names(root)
    assert rescope(root, "check", "--baseline", FILE).returncode == 0


def test_gone_entries_are_told(accepted: Path) -> None:
    """An entry without a finding is told, left in the file, and dropped by --write-baseline."""
    fix(accepted)
    result = rescope(accepted, "check", "--baseline", FILE)

    assert f"1 entry of the baseline is gone; run with --write-baseline {FILE} to drop them" in result.stderr
    assert (0, ["client"]) == (result.returncode, names(accepted))
    assert rescope(accepted, "check", "--write-baseline", FILE).returncode == 0
    assert [] == names(accepted)
    assert rescope(accepted, "check", "--baseline", FILE).stderr == ""


def test_an_existing_baseline_only_shrinks(accepted: Path) -> None:
    """--write-baseline adds nothing to an existing file unless told to grow it."""
    make_project(accepted, CART)
    result = rescope(accepted, "check", "--write-baseline", FILE)

    assert (1, ["client"]) == (result.returncode, names(accepted))
    assert "RSC103" in result.stdout
    assert rescope(accepted, "check", "--write-baseline", FILE, "--grow-baseline").returncode == 0
    assert ["client", "cart"] == names(accepted)


@pytest.mark.parametrize("options", [["test_app.py"], ["--ignore", "RSC101"], ["--select", "RSC2"], ["--only", "app"]])
def test_what_was_not_looked_at_is_not_gone(accepted: Path, options: list[str]) -> None:
    """A call that reports on a part of the project says nothing of the rest of the baseline."""
    if "app" in options:
        make_project(accepted, CART)
        options = ["--only", "cart"]
    result = rescope(accepted, "check", *options, "--write-baseline", FILE)

    assert ["client"] == names(accepted)
    assert "gone" not in rescope(accepted, "check", *options, "--baseline", FILE).stderr
    assert result.returncode == (1 if "cart" in options else 0)


def test_an_unparsable_file_drops_nothing(accepted: Path) -> None:
    """While a file cannot be parsed, nothing is said to be gone."""
    (accepted / "conftest.py").write_text("def broken(:\n")
    result = rescope(accepted, "check", "--write-baseline", FILE)

    assert (3, ["client"]) == (result.returncode, names(accepted))
    assert "gone" not in rescope(accepted, "check", "--baseline", FILE).stderr


def test_configured(accepted: Path) -> None:
    """The key `baseline` does what --baseline does, from the project's folder."""
    (accepted / "pyproject.toml").write_text(f'[tool.pytest.ini_options]\n[tool.rescope]\nbaseline = "{FILE}"\n')
    (accepted / "sub").mkdir()

    assert rescope(accepted, "check").returncode == 0
    assert rescope(accepted / "sub", "check", "..").returncode == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"schema": 1, "findings": [\n<<<<<<< ours\n]}', f"{FILE}:2: the baseline is damaged: Expecting value"),
        ("", f"{FILE}:1: the baseline is damaged"),
        ("[]", f"{FILE}:1: this is no baseline"),
        ('{"schema": 2, "findings": []}', f"{FILE}:1: this is no baseline"),
        ("\xff", f"{FILE}:1: the baseline cannot be read"),
    ],
)
def test_damaged(accepted: Path, content: str, message: str) -> None:
    """A damaged baseline is refused with its line and what to do, and is not overwritten."""
    (accepted / FILE).write_text(content, "latin-1")
    for option in ("--baseline", "--write-baseline"):
        result = rescope(accepted, "check", option, FILE)

        assert (2, "") == (result.returncode, result.stdout)
        assert result.stderr.startswith(f"error: {message}")
        assert (accepted / FILE).read_text("latin-1") == content


@pytest.mark.parametrize("entry", ['{"code": "RSC101"}', "7", '{"code": 1, "path": "a", "name": "b", "fingerprint": "c"}'])
def test_damaged_entry(accepted: Path, entry: str) -> None:
    """An entry that is none is named by its line."""
    lines = (accepted / FILE).read_text().splitlines()
    (accepted / FILE).write_text("\n".join([lines[0], lines[1] + ",", entry, lines[2]]))
    result = rescope(accepted, "check", "--baseline", FILE)

    assert result.returncode == 2
    assert f"{FILE}:3: the baseline is damaged: an entry has code, path, name, fingerprint; mend the line" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--baseline", "missing.json"], "missing.json: no such baseline; write it with --write-baseline missing.json"),
        (["--grow-baseline"], "--grow-baseline needs --write-baseline"),
        (["--baseline", "a.json", "--write-baseline", "b.json"], "name different files"),
        (["--write-baseline", "missing/b.json"], "missing/b.json: the baseline cannot be written"),
    ],
)
def test_wrong_usage(accepted: Path, options: list[str], message: str) -> None:
    """A missing file and options that contradict each other are usage errors."""
    result = rescope(accepted, "check", *options)

    assert (2, "") == (result.returncode, result.stdout)
    assert message in result.stderr
