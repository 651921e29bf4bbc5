"""Tests set a context variable, and nobody takes the value back.

Why it leaks
------------
Tests that are no coroutines run in one context: what `request_id.set(...)` leaves there, the next test reads.

What rescope does
-----------------
Where the variable has a default, it offers an autouse fixture that takes back, after each test, whatever was set; without a
default it only tells, since such a variable cannot be unset but with the token of each `set()`, nor does it drop an event loop
or another resource that is made for the variable, nor set one back that the program fills on first use and reads elsewhere as
it is. What coroutines set ends with their task and is told with low confidence, as is what each test sets before it reads it;
a variable that the program itself resets is not reported.

When to keep it
---------------
When every test sets it: `# rescope: keep <reason>` on the assignment.
"""

from collections.abc import Iterable, Iterator

from rescope.graph.index import Definition
from rescope.model.address import Location
from rescope.model.facts import Function, Target, ValueKind
from rescope.model.finding import Applicability, Confidence, Finding, Severity, Strategy
from rescope.model.state import Shape, Singleton
from rescope.packs import match
from rescope.rule import Example, Rule, RuleContext, only_told

_CODE = "RSC207"
_NAME = "context-variable"


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for context variables that tests set, by themselves or through the program, and leave set."""
    for singleton in ctx.live(Shape.CONTEXT):
        if singleton.set_by_tests:
            found = _finding(ctx, singleton)
            because = _why_only_told(ctx, singleton)
            yield only_told(found, because) if because else ctx.noticed(found, singleton)


def _why_only_told(ctx: RuleContext, singleton: Singleton) -> str:
    """Why no fixture may take the value back, "" if one may."""
    if all(ctx.in_coroutine(at) for at in singleton.set_by_tests):
        return "coroutines set it, each test of which has a context of its own"
    if not singleton.group[0][1]:
        return "it has no default: only the token of each set() takes it back"
    setters = [f for f in (ctx.index.function_at(*w.function[:3]) for w in singleton.writers) if f is not None]
    reader = _read_unfilled(ctx, singleton, setters)
    if reader is not None:
        return f"the program fills it on first use, and {reader.address.qualname}() reads it as it is: it would find it unfilled"
    # Also what is made in an `except`: the fallback is what the variable then holds.
    reasons = (match(call.callee.dotted, ctx.packs.infrastructure) for function in setters for call in function.calls)
    made = next(filter(None, reasons), None)
    return f"what sets it {made}, which a reset would drop without closing it" if made else ""


def _read_unfilled(ctx: RuleContext, singleton: Singleton, setters: Iterable[Function]) -> Function | None:
    """What reads the variable and does not fill it, where some function sets it after it has looked whether a variable is filled."""
    if not any(_fills(function) for function in setters):
        return None
    filling = {function.address for function in setters}
    state = Definition(path=singleton.address.path, name=singleton.address.qualname)
    modules = (module for module in ctx.index.modules.values() if module.path not in ctx.tests)
    others = (f for module in modules for f in module.functions if f.address not in filling)
    return next((f for f in others if any(ctx.index.target(t, f.address.path) == state for t in _told(f, ".get"))), None)


def _fills(function: Function) -> bool:
    """Whether a function hands out what a variable holds, and sets the variable where that is nothing."""
    held = {t.dotted for t in _told(function, ".get") & _told(function, ".set")}
    return any(v.kind is ValueKind.CALL and v.target is not None and v.target.dotted.removesuffix(".get") in held for v in function.values)


def _told(function: Function, method: str) -> set[Target]:
    """The objects of which a function calls a method."""
    return {c.callee._replace(dotted=c.callee.dotted.removesuffix(method)) for c in function.calls if c.callee.dotted.endswith(method)}


def _finding(ctx: RuleContext, singleton: Singleton) -> Finding:
    first = singleton.set_by_tests[0]
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"context variable '{singleton.name}' is set by tests ({first.note}) and stays set for every later one",
        reason=f"{singleton.name} is after each test what it was before",
        subject=ctx.state_subject(singleton),
        primary=Location(path=singleton.address.path, line=singleton.line, note="one context for all tests that are no coroutines"),
        related=(*singleton.set_by_tests[:3], *ctx.written_at(singleton)[:2]),
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        applicability=Applicability.UNSAFE,
        strategy=Strategy.RESET,
        caveat="an earlier test may have set it on purpose",
    )


_REQUEST = """\
# --- request.py
from contextvars import ContextVar

request_id = ContextVar("request_id", default="")


def begin(name):
    request_id.set(name)
"""

RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a variable that tests set through the program",
            files=_REQUEST
            + """\
# --- test_request.py
from request import begin, request_id


def test_plain():
    assert request_id.get() == ""


def test_begin():
    begin("a")
    assert request_id.get() == "a"
""",
            codes=(_CODE,),
            unsafe=True,
            after='''\
# --- test_request.py
import pytest
from request import begin, request_id


def test_plain():
    assert request_id.get() == ""


def test_begin():
    begin("a")
    assert request_id.get() == "a"


@pytest.fixture(autouse=True)
def restore_request_id():
    """Restore request.request_id, which would outlive the test."""
    import request

    saved = request.request_id.set(request.request_id.get())
    yield
    request.request_id.reset(saved)
''',
        ),
        Example(
            name="a variable that is reset is silent",
            files=_REQUEST
            + """\
# --- test_request.py
from request import request_id


def test_begin():
    token = request_id.set("a")
    assert request_id.get() == "a"
    request_id.reset(token)


def test_default():
    assert request_id.get() == ""
""",
        ),
    ),
)
