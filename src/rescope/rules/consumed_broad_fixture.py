"""A broad fixture hands out something that use changes: a random generator, a stream, an iterator, a mock that counts calls.

Why it leaks
------------
What one test draws, reads or calls is gone for the next, or counted with it: the numbers that a test gets, and what
`assert_called_once()` says, depend on the tests that ran before.

What rescope does
-----------------
It reports the fixture when a test draws from the generator, reads the stream, goes on with the iterator, or asserts on
the calls of the mock, and offers to narrow it. The edit is unsafe: tests may expect the values that they get today.

When to keep it
---------------
When every test rewinds, seeds or resets the value itself: `# rescope: keep <reason>`.
"""

from collections.abc import Iterator

from rescope.model.address import Location
from rescope.model.facts import Call, FixtureDef, Function, Root, ValueKind
from rescope.model.finding import Applicability, Confidence, Finding, Severity
from rescope.packs import match
from rescope.rule import Example, Rule, RuleContext

_CODE = "RSC108"
_NAME = "consumed-broad-fixture"
_MOCK = "remembers every call"
_ASSERTS = "assert_"
_TAKES = frozenset({"next", "list", "tuple", "set", "sorted", "sum", "dict"})
_QUIET = frozenset({"close", "seek", "getvalue", "fileno", "getbuffer"})


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for broad fixtures whose value is used up, where a test uses it and another one gets the rest."""
    for fixture in ctx.broad_fixtures():
        what = _what(ctx, fixture)
        if what:
            used = next(_uses(ctx, fixture, what), None)
            if used is not None:
                yield _finding(ctx, fixture, what, *used)


def _what(ctx: RuleContext, fixture: FixtureDef) -> str:
    values = fixture.function.values
    made = values[0].target if len(values) == 1 and values[0].kind is ValueKind.CALL else None
    return (match(made.dotted, ctx.packs.consumed) or "") if made is not None else ""


def _uses(ctx: RuleContext, fixture: FixtureDef, what: str) -> Iterator[tuple[Function, Call]]:
    names = set(ctx.graph.names_of(fixture))
    for test in ctx.graph.tests_using(fixture):
        if names & set(test.function.argnames) and ctx.is_shared(fixture, test.function):
            calls = [c for c in test.function.calls if _counts(c, names, what)]
            if calls and not _resets(test.function, names):
                yield test.function, calls[0]


def _counts(call: Call, names: set[str], what: str) -> bool:
    """Whether the call draws, reads or takes from the value; for a mock, whether it asserts on the calls so far."""
    method = call.callee.dotted.rpartition(".")[2]
    on_it = call.callee.root is Root.ARGUMENT and call.callee.head in names and "." in call.callee.dotted
    if what == _MOCK:
        return on_it and method.startswith(_ASSERTS)
    passed = call.callee.dotted in _TAKES and any(t.root is Root.ARGUMENT and t.dotted in names for _, t in call.passes)
    return passed or (on_it and method not in _QUIET)


def _resets(function: Function, names: set[str]) -> bool:
    told = {c.callee.dotted for c in function.calls}
    return any(f"{name}.{method}" in told for name in names for method in ("reset_mock", "seek", "seed", "manual_seed"))


def _finding(ctx: RuleContext, fixture: FixtureDef, what: str, test: Function, call: Call) -> Finding:
    name = ctx.graph.name_of(fixture)
    made = fixture.function.values[0]
    maker = made.target.dotted if made.target else ""
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"{fixture.scope}-scoped fixture '{name}' {what}, for all its tests together",
        reason=f"no test finds {name} as another one left it",
        subject=ctx.subject(fixture),
        primary=ctx.at(fixture, f"made once for each {fixture.scope}, used by {len(ctx.graph.tests_using(fixture))} tests"),
        related=(
            Location(path=fixture.function.address.path, line=made.line or fixture.line, note=f"{maker}() {what}"),
            Location(path=test.address.path, line=call.line, note=f"{call.callee.dotted}() in {test.address.qualname}"),
        ),
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        applicability=Applicability.UNSAFE,
        caveat="a test may expect what it gets after the tests before it",
    )


RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a module-scoped random generator",
            files="""\
# --- test_draw.py
import random

import pytest


@pytest.fixture(scope="module")
def rng():
    return random.Random(1)


def test_one(rng):
    assert 0 <= rng.random() < 1


def test_two(rng):
    assert rng.randint(1, 6) in range(1, 7)
""",
            codes=(_CODE,),
            unsafe=True,
            after='''\
# --- test_draw.py
import random

import pytest


@pytest.fixture(scope="function")
def rng():
    """Function-scoped so that no test finds rng as another one left it."""
    return random.Random(1)


def test_one(rng):
    assert 0 <= rng.random() < 1


def test_two(rng):
    assert rng.randint(1, 6) in range(1, 7)
''',
        ),
        Example(
            name="a mock whose calls a test asserts on",
            files="""\
# --- test_mail.py
from unittest.mock import Mock

import pytest


@pytest.fixture(scope="session")
def mailer():
    return Mock()


def welcome(mailer):
    mailer.send("welcome")


def test_sends(mailer):
    welcome(mailer)
    mailer.send.assert_called_with("welcome")


def test_again(mailer):
    welcome(mailer)
""",
            codes=(_CODE,),
            unsafe=True,
        ),
        Example(
            name="a stream that every test rewinds is silent",
            files="""\
# --- test_text.py
import io

import pytest


@pytest.fixture(scope="module")
def text():
    return io.StringIO("one\\ntwo")


def test_first(text):
    text.seek(0)
    assert text.readline() == "one\\n"


def test_all(text):
    text.seek(0)
    assert len(text.readlines()) == 2
""",
        ),
        Example(
            name="a mock that only stands in is silent",
            files="""\
# --- test_mail.py
from unittest.mock import Mock

import pytest


@pytest.fixture(scope="session")
def mailer():
    return Mock()


def test_sends(mailer):
    assert mailer is not None


def test_again(mailer):
    assert mailer is not None
""",
        ),
    ),
)
