"""The verdict as text, JSON and Markdown, from values that are written down here."""

import json

from rescope.model.verdict import Counts, Kinds, Noted, Proposal, Regression, Row, Verdict
from rescope.reporting.verdict import render_verdict, render_verdict_json, render_verdict_markdown

PROPOSAL = Proposal(groups=2, files=1, python="/venv/bin/python")
WHOLE = Verdict(
    rows=(
        Row(order="file order", before=Counts(passed=8, failed=2, seconds=1.234), after=Counts(passed=9, failed=1, seconds=1.3)),
        Row(order="seed 1", before=Counts(passed=10, failed=0, seconds=1.0), after=Counts(passed=3, failed=0, seconds=9, cut="stopped")),
    ),
    before=Kinds(victims=("t.py::victim",), brittles=("t.py::brittle",), flaky=("t.py::now_and_then",)),
    after=Kinds(never=("t.py::brittle",), flaky=("t.py::now_and_then",)),
    regressions=(
        Regression(test="t.py::brittle", orders=("file order",), outcome="failed", message="KeyError: 'a'", brittle=True),
        Regression(test="t.py::slow", orders=("seed 1",), outcome="did not run", message="stopped"),
    ),
    cured=("t.py::victim",),
    slowdown=5.4,
    cpu_slowdown=-0.5,
    new_warnings=(Noted(category="UserWarning", text="take care"),),
    notes=("seed 1, after: stopped",),
)
PLAIN = Verdict(rows=(Row(order="file order", before=Counts(passed=3, failed=0, seconds=0.5)),), before=Kinds())


def test_text() -> None:
    """People read a table, what hangs on the order before and after, regressions, cost, warnings and notes."""
    assert (
        render_verdict(WHOLE, PROPOSAL)
        == """\
2 findings fixed in 1 file, run by /venv/bin/python

            before                    after
order        passed  failed  seconds   passed  failed  seconds
file order        8       2     1.23        9       1     1.30
seed 1           10       0     1.00        3       0    9.00+

order-dependent tests: 2 before, 0 after
victims (fail after others, pass alone): 1 before, 0 after
  t.py::victim  (no longer)
brittle tests (pass only after others, fail alone): 1 before, 0 after
  t.py::brittle  (no longer)
tests that never pass: 0 before, 1 after
  t.py::brittle
flaky tests (differ between runs in one and the same order): 1 before, 1 after
  t.py::now_and_then
cured: 1
regressions: 2
  t.py::brittle: passed before, failed after in file order; it passes only after others: KeyError: 'a'
  t.py::slow: passed before, did not run after in seed 1: stopped
slow-down: +5.4 % (median of the runs in file order; CPU time -0.5 %)
new warnings: 1
  UserWarning: take care
note: seed 1, after: stopped
2 regressions: `rescope fix --verify` leaves out what causes them
"""
    )


def test_text_without_anything_to_apply() -> None:
    """Only the state before is shown."""
    shown = render_verdict(PLAIN, PROPOSAL)

    assert "after" not in shown
    assert shown.endswith("order-dependent tests: 0\nnothing to apply\n")


def test_json() -> None:
    """Programs read the same."""
    data = json.loads(render_verdict_json(WHOLE, PROPOSAL))

    assert data["orders"][1]["after"] == {"passed": 3, "failed": 0, "seconds": 9, "cut": "stopped"}
    assert data["before"]["order_dependent"] == ["t.py::brittle", "t.py::victim"]
    assert data["after"]["never"] == ["t.py::brittle"]
    assert [r["test"] for r in data["regressions"]] == ["t.py::brittle", "t.py::slow"]
    assert (data["slowdown_percent"], data["cured"]) == (5.4, ["t.py::victim"])
    assert json.loads(render_verdict_json(PLAIN, PROPOSAL))["after"] is None


def test_markdown() -> None:
    """A pull request gets a table and a list."""
    lines = render_verdict_markdown(WHOLE, PROPOSAL).splitlines()

    assert "| order | passed before | failed before | seconds before | passed after | failed after | seconds after |" in lines
    assert "| file order | 8 | 2 | 1.23 | 9 | 1 | 1.30 |" in lines
    assert "- order-dependent tests: 2 before, 0 after" in lines
    assert "  - `t.py::victim` (no longer)" in lines
    assert "  - `t.py::brittle`" in lines
    assert "  - t.py::slow: passed before, did not run after in seed 1: stopped" in lines
