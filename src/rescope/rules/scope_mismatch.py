"""A fixture requests a narrower one, which pytest refuses (ScopeMismatch).

Why it leaks
------------
It does not: every test that reaches the pair errors in set-up. The broader fixture claims a scope that it cannot have.

What rescope does
-----------------
It offers to narrow the requesting fixture. The edit is unsafe, since tests that do not reach the pair keep using it. Where
another definition of the requested name, in another branch, is broad enough, or another decorator of the function may pass the
argument itself, it is told with low confidence.

When to keep it
---------------
Widen the requested fixture by hand where its value may be shared.
"""

from collections import defaultdict
from collections.abc import Iterator

from rescope.model.facts import FixtureDef
from rescope.model.finding import Applicability, Confidence, Finding, Severity
from rescope.model.scope import Scope
from rescope.rule import Example, Rule, RuleContext, only_told

_CODE = "RSC106"
_NAME = "scope-mismatch"
_PERHAPS = "it may get another definition of that name, of which the scope is broad enough"
_DECORATED = "a decorator between pytest and the function may pass it something else"


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for edges between project fixtures that pytest refuses."""
    seen = set()
    edges: defaultdict[tuple[int, str], list[FixtureDef]] = defaultdict(list)
    for requester, name, target in sorted(ctx.graph.static_edges):
        edges[requester, name].append(ctx.graph.registrations[target].definition)
    for (requester, name), goals in edges.items():
        if requester < 0:
            continue
        source = ctx.graph.registrations[requester].definition
        refused = [goal for goal in goals if _refused(source, goal)]
        if refused and source.address not in seen and ctx.graph.tests_using(source):
            seen.add(source.address)
            found = _finding(ctx, source, refused[0], name)
            because = _PERHAPS if len(refused) < len(goals) else _DECORATED if _is_wrapped(source) else ""
            yield only_told(found, because) if because else found


def _refused(source: FixtureDef, goal: FixtureDef) -> bool:
    return isinstance(source.scope, Scope) and isinstance(goal.scope, Scope) and source.scope > goal.scope


def _is_wrapped(source: FixtureDef) -> bool:
    """Whether something else than pytest decorates the function: what it requests may be the decorator's to give."""
    return source.function.hides_signature or any("fixture" not in decorator for decorator in source.function.decorators)


def _finding(ctx: RuleContext, source: FixtureDef, goal: FixtureDef, name: str) -> Finding:
    mine = ctx.graph.name_of(source)
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"{source.scope}-scoped fixture '{mine}' requests the {goal.scope}-scoped '{name}': pytest refuses it",
        reason=f"it may request {name}",
        subject=ctx.subject(source),
        primary=ctx.at(source, f"requests '{name}'"),
        related=(ctx.at(goal, f"{goal.scope}-scoped"),),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        applicability=Applicability.UNSAFE,
        caveat="tests that do not reach the refused pair may use the broad fixture",
    )


RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a session fixture requests a function fixture",
            files="""\
# --- test_scope.py
import pytest


@pytest.fixture
def settings():
    return {}


@pytest.fixture(scope="session")
def app(settings):
    return settings


def test_app(app):
    assert app == {}
""",
            codes=(_CODE,),
            unsafe=True,
        ),
        Example(
            name="a function fixture may request a session fixture",
            files="""\
# --- test_scope.py
import pytest


@pytest.fixture(scope="session")
def settings():
    return ("a", "b")


@pytest.fixture
def app(settings):
    return settings


def test_app(app):
    assert app
""",
        ),
    ),
)
