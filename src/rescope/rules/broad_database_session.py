"""A broad fixture hands out a database session or transaction.

Why it leaks
------------
Rows, pending changes and a failed transaction of one test are there for the next; an exception in one test makes
all later ones fail with "transaction has been rolled back".

What rescope does
-----------------
It offers to narrow the session while the engine stays broad. The edit is unsafe: tests may count on rows that an
earlier test or a broad fixture left in the session. Where other broad fixtures are made with the session, there is no edit
unless `strategy = "narrow"` asks for it: what is committed stays in the database all the same, and tests that share a user or
an order may build on what an earlier one did with it.

When to keep it
---------------
When every test runs in a nested transaction that a function-scoped fixture rolls back: then nothing is reported.
"""

from collections.abc import Iterator

from rescope.model.address import Location
from rescope.model.facts import FixtureDef, Value, ValueKind
from rescope.model.finding import Applicability, Confidence, Finding, Strategy
from rescope.model.scope import Scope
from rescope.packs import match
from rescope.rule import Example, Rule, RuleContext

_CODE = "RSC104"
_NAME = "broad-database-session"
_UNDOES = frozenset({"rollback", "begin_nested"})


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for broad fixtures whose value is a database session that tests share."""
    for fixture in ctx.broad_fixtures():
        value = next((v for v in fixture.function.values if _is_session(ctx, v)), None)
        if value is not None and len(ctx.graph.tests_using(fixture)) > 1 and not _isolated(ctx, fixture):
            yield _finding(ctx, fixture, value)


def _is_session(ctx: RuleContext, value: Value) -> bool:
    return value.kind is ValueKind.CALL and value.target is not None and match(value.target.dotted, ctx.packs.sessions) is not None


def _isolated(ctx: RuleContext, fixture: FixtureDef) -> bool:
    """Whether a narrower fixture rolls back what a test does in the session."""
    for requester, _ in ctx.graph.requested_by(fixture):
        calls = {c.callee.dotted.rpartition(".")[2] for c in requester.function.calls}
        if requester.scope < fixture.scope and calls & _UNDOES:  # type: ignore[operator]
            return True
    return False


def _finding(ctx: RuleContext, fixture: FixtureDef, value: Value) -> Finding:
    name = ctx.graph.name_of(fixture)
    made = value.target.dotted if value.target else ""
    sharing = _made_with(ctx, fixture) if ctx.settings.strategy != "narrow" else ""
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"{fixture.scope}-scoped fixture '{name}' shares one database session between tests",
        reason="no row or failed transaction of one test reaches the next",
        subject=ctx.subject(fixture),
        primary=ctx.at(fixture, f"one session for {len(ctx.graph.tests_using(fixture))} tests"),
        related=(Location(path=fixture.function.address.path, line=value.line or fixture.line, note=f"{made}() opens it"),),
        confidence=Confidence.MEDIUM,
        applicability=Applicability.DISPLAY_ONLY if sharing else Applicability.UNSAFE,
        strategy=Strategy.NONE if sharing else Strategy.NARROW,
        caveat=f"each test would get a '{sharing}' of its own, and may build on what an earlier one did with it"
        if sharing
        else "tests may count on rows that an earlier one left in the session",
    )


def _made_with(ctx: RuleContext, fixture: FixtureDef) -> str:
    """The first broad fixture that tests ask for and that is made with the session, "" if there is none."""
    asked = {name for test in ctx.graph.tests_using(fixture) for name in test.argnames}
    names = (ctx.graph.name_of(r) for r, _ in ctx.graph.requested_by(fixture) if r.scope is not Scope.FUNCTION)
    return min((name for name in names if name in asked), default="")


_DB = """\
# --- db.py
class Session:
    def __init__(self, rows):
        self.rows = rows

    def close(self):
        self.rows = None


def SessionLocal():
    return Session([])
"""

RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a module-scoped session",
            files=_DB
            + """\
# --- test_rows.py
import pytest

from db import SessionLocal


@pytest.fixture(scope="module")
def session():
    db = SessionLocal()
    yield db
    db.close()


def test_one(session):
    assert session.rows == []


def test_two(session):
    assert session.rows == []
""",
            codes=(_CODE,),
            unsafe=True,
        ),
        Example(
            name="a function-scoped session is silent",
            files=_DB
            + """\
# --- test_rows.py
import pytest

from db import SessionLocal


@pytest.fixture
def session():
    db = SessionLocal()
    yield db
    db.close()


def test_one(session):
    assert session.rows == []
""",
        ),
    ),
)
