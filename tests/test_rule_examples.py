"""Every example of every rule: found, rewritten as shown, silent where it must be, and green under pytest."""

from pathlib import Path

import pytest

from projects import check, codes, fix, make_project, run_pytest, split_files
from rescope.rule import Example
from rescope.rules import all_rules

EXAMPLES = [pytest.param(e, id=f"{r.code}-{e.name.replace(' ', '-')}") for r in all_rules() for e in r.examples]


@pytest.mark.parametrize("example", EXAMPLES)
def test_codes(example: Example, tmp_path: Path) -> None:
    """With all rules on, an example gives exactly the codes that it promises."""
    root = make_project(tmp_path, example.files)

    assert sorted(example.codes) == codes(check(root))


@pytest.mark.parametrize("example", EXAMPLES)
def test_fix(example: Example, tmp_path: Path) -> None:
    """The fix gives the files shown, is stable, and leaves a suite that passes in both directions."""
    root = make_project(tmp_path, example.files)
    changed = fix(root, unsafe=example.unsafe)

    assert changed or not (example.unsafe or example.after)
    for path, expected in split_files(example.after).items() if example.after else ():
        assert expected == (root / path).read_text("utf-8")
    assert fix(root, unsafe=example.unsafe) == []
    if "RSC106" not in example.codes:
        assert run_pytest(root).returncode == 0, run_pytest(root).stdout


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_documented(rule: object) -> None:
    """Every rule has a summary, the three headings, and an example that stays silent about it."""
    assert rule.summary.endswith(".")
    for heading in ("Why it leaks", "What rescope does", "When to keep it"):
        assert heading in rule.doc
    assert any(rule.code in e.codes for e in rule.examples)
    assert any(rule.code not in e.codes for e in rule.examples)
