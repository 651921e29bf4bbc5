"""Where many resets come to one file: `reset-style` says whether each gets a fixture, or all one. Each result is run by pytest."""

import re
from pathlib import Path

import pytest

from projects import check, fix, make_project, rescope, run_pytest

NAMES = ("cart", "store", "ledger", "wallet")


def stateful(count: int, style: str) -> str:
    """A project whose modules each keep a global, with tests that leave all of them filled."""
    names = NAMES[:count]
    modules = "".join(
        f"# --- {name}.py\nclass Thing:\n    def __init__(self):\n        self.rows = []\n\n\n_{name} = None\n\n\n"
        f"def get_{name}():\n    global _{name}\n    if _{name} is None:\n        _{name} = Thing()\n    return _{name}\n"
        for name in names
    )
    body = "".join(f"    assert get_{name}().rows == []\n    get_{name}().rows.append(1)\n" for name in names)
    imports = "".join(f"from {name} import get_{name}\n" for name in names)
    tests = "".join(f"\n\ndef test_{order}():\n{body}" for order in ("first", "second"))
    files = f'# --- conftest.py\n"""Shared."""\n{modules}# --- test_one.py\n{imports}{tests}# --- test_two.py\n{imports}{tests}'
    return f'# --- pyproject.toml\n[tool.pytest.ini_options]\npythonpath = ["."]\n[tool.rescope]\nreset-style = "{style}"\n{files}'


@pytest.mark.parametrize(
    ("count", "style", "fixtures"),
    [(3, "auto", 3), (4, "auto", 1), (4, "separate", 4), (2, "table", 1)],
)
def test_resets_of_one_file(count: int, style: str, fixtures: int, tmp_path: Path) -> None:
    """The style decides how many fixtures come to conftest.py; all tests pass with them, and nothing is left to find."""
    root = make_project(tmp_path, stateful(count, style))
    assert run_pytest(root).returncode == 1
    fix(root)

    written = (root / "conftest.py").read_text("utf-8")
    assert len(re.findall(r"^def (\w+)", written, re.MULTILINE)) == fixtures
    assert [written.count(f"_{name} = None") for name in NAMES[:count]] == [2 if fixtures > 1 else written.count("_cart = None")] * count
    assert run_pytest(root).returncode == 0, run_pytest(root).stdout
    assert {f.code for f in check(root).plan.kept} == {"RSC904"}
    assert fix(root) == []


def test_a_part_of_a_table(tmp_path: Path) -> None:
    """What is left out of a table now is added later, beside it."""
    root = make_project(tmp_path, stateful(4, "auto"))
    rescope(root, "fix", "--allow-no-vcs", "--only", "_cart", "--only", "_store")
    first = (root / "conftest.py").read_text("utf-8")
    fix(root)

    written = (root / "conftest.py").read_text("utf-8")
    assert written.startswith(first)
    assert "_ledger" not in first
    assert run_pytest(root).returncode == 0, run_pytest(root).stdout
