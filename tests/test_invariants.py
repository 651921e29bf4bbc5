"""What holds for the project as a whole: layers, codes, documents, and rescope's own cleanliness."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rescope
from projects import ROOT, check
from rescope.rules import all_rules

README = (ROOT / "README.md").read_text("utf-8")


def test_import_contracts() -> None:
    """The layers of pyproject.toml hold."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout


def test_codes_are_unique() -> None:
    """Each rule has a code and a name of its own."""
    rules = all_rules()

    assert len(rules) == len({r.code for r in rules}) == len({r.name for r in rules})


def test_readme_table_is_current() -> None:
    """The table of rules in README is the one that the rules make."""
    rows = "\n".join(f"| {r.code} | `{r.name}` | {r.summary} |" for r in all_rules())

    assert rows in README


def test_readme_quotes_the_corpus() -> None:
    """What README says of real suites is what the last run of the corpus wrote."""
    quoted = README.partition("<!-- corpus -->\n")[2].partition("<!-- /corpus -->")[0]

    assert quoted == (ROOT / "tests" / "corpus" / "table.md").read_text("utf-8")


def test_printed_commands_exist() -> None:
    """Every `rescope ...` command in README is known to the command line, options included."""
    helps: dict[str, str] = {}
    for command, options in re.findall(r"(?:\$ |`)rescope ([a-z]+)((?: +--[a-z-]+)*)", README):
        if command not in helps:
            shown = subprocess.run(
                [sys.executable, "-m", "rescope", command, "--help"],
                capture_output=True,
                text=True,
                check=False,
                env={"COLUMNS": "200", "NO_COLOR": "1", "PATH": ""},
            )
            assert shown.returncode == 0, command
            helps[command] = shown.stdout
        assert all(option in helps[command] for option in options.split()), (command, options)


def test_public_names() -> None:
    """The public face holds what it promises, and `plan` and `rewrite` work on a folder."""
    assert all(getattr(rescope, name) is not None for name in rescope.__all__)
    sample = ROOT / "fixtures_samples" / "session_management"
    groups = rescope.plan(sample).groups

    assert [c.path for c in rescope.rewrite(sample, groups).changes] == ["tests/api/conftest.py", "tests/conftest.py"]


def test_rescope_is_clean() -> None:
    """rescope finds nothing in itself."""
    groups = [g for g in check(ROOT).plan.groups if not g.finding.subject.address.path.startswith("fixtures_samples/")]

    assert [g.finding.message for g in groups] == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("tests/**/test_*.py")), ids=lambda p: p.name)
def test_tests_are_documented(path: Path) -> None:
    """Every test function says in one sentence what behaviour it holds."""
    tree = ast.parse(path.read_text("utf-8"))
    tests = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]

    assert [t.name for t in tests if not ast.get_docstring(t)] == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("src/**/*.py")), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_modules_stay_small(path: Path) -> None:
    """No module grows beyond 500 lines, and each says in its docstring what it is for."""
    text = path.read_text("utf-8")

    assert len(text.splitlines()) <= 500
    assert not text or ast.get_docstring(ast.parse(text))
