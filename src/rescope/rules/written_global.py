"""Functions set a module global or class attribute while tests run, and tests set it too.

Why it leaks
------------
A flag or setting that one test turned on is on for the next; the tests that assign, patch or set it show that it matters.

What rescope does
-----------------
It offers an autouse fixture that restores, after each test, what was there before. The edit is unsafe: a broader
fixture or an earlier test may have set the value on purpose. Globals that no test touches are not reported; those that
each test sets, itself or by its fixtures, before it reads them are told with low confidence, and so are those that no
test is seen to read, itself or by calling what does.

When to keep it
---------------
When every test sets the value itself: `# rescope: keep <reason>` on the assignment.
"""

from collections.abc import Iterator

from rescope.model.address import Location
from rescope.model.finding import Applicability, Confidence, Finding, Severity, Strategy
from rescope.model.state import Shape, Singleton
from rescope.rule import Example, Rule, RuleContext

_CODE = "RSC205"
_NAME = "written-global"


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for globals that functions set at run time and tests touch."""
    for singleton in ctx.live(Shape.WRITTEN):
        if singleton.touched_by_tests or singleton.set_by_tests:
            yield ctx.noticed(_finding(ctx, singleton), singleton)


def _finding(ctx: RuleContext, singleton: Singleton) -> Finding:
    names = ", ".join(name for name, _ in singleton.group)
    setter = next(w for w in singleton.writers if w.text)
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"global '{names}' is set by {setter.function.qualname}() and stays set for every later test",
        reason=f"{names} is after each test what it was before",
        subject=ctx.state_subject(singleton),
        primary=Location(path=singleton.address.path, line=singleton.line, note="lives as long as the process"),
        related=(*ctx.written_at(singleton), *singleton.set_by_tests[:2]),
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        applicability=Applicability.UNSAFE,
        strategy=Strategy.RESET,
        caveat="an earlier test or a broader fixture may have set it on purpose",
    )


_METRICS = """\
# --- metrics.py
cold_start = True


def record():
    global cold_start
    if cold_start:
        cold_start = False
        return 1
    return 0
"""

RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a flag that tests set by hand",
            files=_METRICS
            + """\
# --- test_metrics.py
import metrics


def test_first():
    assert metrics.record() == 1


def test_second():
    metrics.cold_start = True
    assert metrics.record() == 1
""",
            codes=(_CODE,),
            unsafe=True,
        ),
        Example(
            name="a flag that no test touches is silent",
            files=_METRICS
            + """\
# --- test_metrics.py
from metrics import record


def test_record():
    assert record() in {0, 1}
""",
        ),
    ),
)
