"""Each project of fixtures_samples: what is found, what stays, and the suite before and after, run for real."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from projects import ROOT, commit_all, git, outcome, rescope, run_pytest

SAMPLES = sorted(p.parent for p in (ROOT / "fixtures_samples").glob("*/expected.toml"))
ORDERS = {
    "file order": (),
    "reversed": ("-p", "reverse_order"),
    **{f"seed {seed}": ("-p", "randomly", f"--randomly-seed={seed}") for seed in (1, 42, 20_240)},
    "two workers": ("-p", "xdist", "-n", "2"),
}


@pytest.fixture(params=SAMPLES, ids=lambda p: p.name)
def sample(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A committed copy of the sample in a git repository of its own."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    root = tmp_path / request.param.name
    shutil.copytree(request.param, root, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return commit_all(root)


def expectations(root: Path) -> dict:
    return tomllib.loads((root / "expected.toml").read_text("utf-8"))


def test_report(sample: Path) -> None:
    """check names each expected finding with its edits, lists what is kept, and is silent about the rest."""
    expected = expectations(sample)
    result = rescope(sample, "check", "--output-format", "json")
    report = json.loads(result.stdout)

    assert result.returncode == 1
    found = sorted(
        (f["code"], f["subject"]["name"], f["applicability"], tuple(dict.fromkeys(e["name"] for e in f["fix"]["edits"])))
        for f in report["findings"]
    )
    assert sorted((f["code"], f["name"], f["applicability"], tuple(f["edits"])) for f in expected["findings"]) == found
    assert expected["kept"] == {k["subject"]["name"]: k["because"] for k in report["kept"]}
    assert [] == report["failures"] + report["skipped"]


def test_failing_before(sample: Path) -> None:
    """Before the fix the full run fails as recorded, while each failing test and its module pass alone."""
    suite = expectations(sample)["suite"]
    before = run_pytest(sample, "-rf")
    failing = re.findall(r"^FAILED (\S+)", before.stdout, re.MULTILINE)

    assert suite["before"] == outcome(before)
    assert {suite["failing_module"]} == {test.partition("::")[0] for test in failing}
    assert run_pytest(sample, suite["failing_module"]).returncode == 0
    for test in failing:
        assert outcome(run_pytest(sample, test)) == "1 passed"


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_green_after(sample: Path, order: tuple[str, ...]) -> None:
    """After `rescope fix` every test passes in every order."""
    assert rescope(sample, "fix").returncode == 0

    assert expectations(sample)["suite"]["after"] == outcome(run_pytest(sample, *order))


def test_fix_is_small_and_undone(sample: Path) -> None:
    """fix changes what the diff showed, nothing else, nothing twice, and undo brings every byte back."""
    patch = rescope(sample, "diff").stdout
    rescope(sample, "fix")

    changed = git(sample, "diff").stdout
    assert re.findall(r"^[-+].*", patch, re.MULTILINE) == re.findall(r"^[-+].*", changed, re.MULTILINE)
    for name in expectations(sample)["untouched"]["names"]:
        assert not re.search(rf"^[-+].*\b{name}\b", changed, re.MULTILINE)
    assert rescope(sample, "fix", "--allow-dirty").stdout == "nothing to do\n"
    assert changed == git(sample, "diff").stdout
    assert rescope(sample, "undo").returncode == 0
    assert git(sample, "status", "--porcelain").stdout == ""


def test_both_cures_are_needed(sample: Path) -> None:
    """Either finding alone leaves failures: neither edit is for show."""
    for finding in expectations(sample)["findings"]:
        rescope(sample, "fix", "--only", finding["name"])

        assert run_pytest(sample).returncode == 1
        rescope(sample, "undo")
