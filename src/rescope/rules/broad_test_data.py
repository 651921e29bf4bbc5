"""A broad fixture makes test data (rows, users, tokens) that other tests change.

Why it leaks
------------
The row is made once; a test that edits or deletes it through a client or session changes it for all later ones.

What rescope does
-----------------
It reports the fixture when a test calls a changing method with the data, and offers to narrow it. The edit is
unsafe: making the data again may meet a unique constraint, and tests may build on each other.

When to keep it
---------------
When tests only read the data: then nothing is reported.
"""

from collections.abc import Iterator

from rescope.model.address import Location
from rescope.model.facts import Call, FixtureDef, Function, Root
from rescope.model.finding import Applicability, Confidence, Finding, Severity
from rescope.rule import Example, Rule, RuleContext

_CODE = "RSC105"
_NAME = "broad-test-data"
_MAKES = frozenset({"post", "put", "add", "add_all", "create", "bulk_create", "save", "insert", "insert_one", "insert_many", "commit"})
_CHANGES = frozenset({"delete", "destroy", "patch", "remove", "refresh_from_db", "delete_one", "update_one"})


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for broad fixtures that make rows which a test then deletes or edits."""
    for fixture in ctx.broad_fixtures():
        made = next((c for c in fixture.function.calls if _makes(c)), None)
        changed = next(_changing(ctx, fixture), None) if made else None
        if made and changed:
            yield _finding(ctx, fixture, made, changed)


def _makes(call: Call) -> bool:
    receiver, _, method = call.callee.dotted.rpartition(".")
    return method in _MAKES and bool(receiver) and not call.after_yield and not call.nested


def _changing(ctx: RuleContext, fixture: FixtureDef) -> Iterator[tuple[Function, Call]]:
    """Calls of tests that hand the data to a changing method, or call one on it; one that is to fail changes nothing."""
    names = set(ctx.graph.names_of(fixture))
    for test in ctx.graph.tests_using(fixture):
        failing = max((c.line for c in test.function.calls if c.raises), default=0)
        changing = (c for c in test.function.calls if c.callee.dotted.rpartition(".")[2] in _CHANGES and c.line != failing)
        calls = [c for c in changing if _about(c, names)]
        if calls and ctx.is_shared(fixture, test.function):
            yield from ((test.function, call) for call in calls)


def _about(call: Call, names: set[str]) -> bool:
    on_it = call.callee.root is Root.ARGUMENT and call.callee.head in names
    first = call.callee.dotted.rpartition(".")[2] == "patch"  # what follows is the new text; else who does it comes first
    slot = 0 if first else call.arguments - 1
    with_it = any(at == slot and t.root is Root.ARGUMENT and t.head in names for at, t in call.passes)
    return on_it or with_it


def _finding(ctx: RuleContext, fixture: FixtureDef, made: Call, changed: tuple[Function, Call]) -> Finding:
    name = ctx.graph.name_of(fixture)
    test, call = changed
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"{fixture.scope}-scoped fixture '{name}' makes data that {test.address.qualname} changes",
        reason=f"each test gets its own {name}",
        subject=ctx.subject(fixture),
        primary=ctx.at(fixture, f"made once for each {fixture.scope}"),
        related=(
            Location(path=fixture.function.address.path, line=made.line, note=f"{made.callee.dotted}() makes it"),
            Location(path=test.address.path, line=call.line, note=f"{call.callee.dotted}() in {test.address.qualname} changes it"),
        ),
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        applicability=Applicability.UNSAFE,
        caveat="making the data again may meet a unique constraint",
    )


_STORE = """\
# --- store.py
class Store:
    def create(self, name):
        return {"name": name}

    def delete(self, row):
        row.clear()
"""

RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a module-scoped row that a test deletes",
            files=_STORE
            + """\
# --- test_rows.py
import pytest

from store import Store


@pytest.fixture(scope="module")
def store():
    return Store()


@pytest.fixture(scope="module")
def user(store):
    return store.create("ada")


def test_delete(store, user):
    store.delete(user)


def test_name(user):
    assert user["name"] == "ada"
""",
            codes=(_CODE,),
            unsafe=True,
        ),
        Example(
            name="data that is only read is silent",
            files=_STORE
            + """\
# --- test_rows.py
import pytest

from store import Store


@pytest.fixture(scope="module")
def store():
    return Store()


@pytest.fixture(scope="module")
def user(store):
    return store.create("ada")


def test_name(user):
    assert user["name"] == "ada"


def test_type(user):
    assert isinstance(user, dict)
""",
        ),
    ),
)
