"""A broad fixture sets an override (`app.dependency_overrides`) that later tests inherit.

Why it leaks
------------
The override is set when the first test asks for the fixture and taken back when the scope ends. Every test in
between sees it, also those that never asked: a test that expects 401 is let in.

What rescope does
-----------------
It narrows the fixture to function scope, and every fixture that requests it. The edit is safe when the fixture
takes the override back itself and every test that uses the application also uses the fixture.

When to keep it
---------------
When all tests below are meant to run with the override: `# rescope: keep <reason>`.
"""

from collections.abc import Iterator

from rescope.graph.fixture_graph import TestNode
from rescope.model.address import Address, Location
from rescope.model.facts import Effect, EffectKind, FixtureDef, Function, Root
from rescope.model.finding import Applicability, Confidence, Finding, Severity
from rescope.model.scope import Scope
from rescope.rule import Example, Rule, RuleContext

_CODE = "RSC101"
_NAME = "override-in-broad-fixture"
_SETS = {EffectKind.SET_ITEM, EffectKind.SET_ATTR, EffectKind.MUTATE}
_TAKES_BACK = {"clear", "pop", "popitem"}


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for broad fixtures that set an override before the test runs."""
    for fixture in ctx.broad_fixtures():
        found = [(e, f) for e, f in ctx.effects(fixture.function) if _sets_override(ctx, e)]
        forever = any(e.undone_at is None for e, _ in found)
        if found and ctx.bystanders(fixture, whole_run=forever):
            yield _finding(ctx, fixture, found)


def _sets_override(ctx: RuleContext, effect: Effect) -> bool:
    attribute = effect.target.dotted.rpartition(".")[2]
    sets = effect.kind in _SETS and effect.how not in _TAKES_BACK
    return sets and attribute in ctx.packs.overrides and not effect.after_yield and not _in_inner_code(effect)


def _in_inner_code(effect: Effect) -> bool:
    return bool(effect.nested)


def _finding(ctx: RuleContext, fixture: FixtureDef, found: list[tuple[Effect, Function]]) -> Finding:
    effect, function = found[0]
    name, state = ctx.graph.name_of(fixture), ctx.state_name(effect, function)
    applicability, caveat = _safety(ctx, fixture, found)
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"{fixture.scope}-scoped fixture '{name}' leaves an override in {state}",
        reason=f"no override in {state} outlives the test",
        subject=ctx.subject(fixture),
        primary=ctx.at(fixture, _runs_once(fixture)),
        related=tuple(_evidence(found)),
        severity=Severity.ERROR,
        confidence=Confidence.MEDIUM if effect.target.root is Root.ARGUMENT else Confidence.HIGH,
        applicability=applicability,
        caveat=caveat,
    )


def _runs_once(fixture: FixtureDef) -> str:
    where = "for all tests" if fixture.scope is Scope.SESSION else f"for each {fixture.scope}"
    return f"runs once {where}"


def _evidence(found: list[tuple[Effect, Function]]) -> Iterator[Location]:
    for effect, function in found:
        note = f"undone only when the scope ends, in line {effect.undone_at}" if effect.undone_at else "never undone"
        yield Location(path=function.address.path, line=effect.line, column=effect.column, note=note)


def _safety(ctx: RuleContext, fixture: FixtureDef, found: list[tuple[Effect, Function]]) -> tuple[Applicability, str]:
    """Safe, or unsafe and the reason that the message gives."""
    effect, function = found[0]
    if any(e.undone_at is None for e, _ in found):
        return Applicability.UNSAFE, "the override is never undone, so that narrowing alone does not remove it"
    if fixture.scope in {Scope.CLASS, Scope.MODULE}:
        return Applicability.UNSAFE, f"the tests of a {fixture.scope} may rely on the override of an earlier one"
    setter = _other_setter(ctx, fixture)
    if setter is not None:
        return Applicability.UNSAFE, f"{setter.qualname} sets an override too and leaves it for other tests"
    outsider = next(iter(_outsiders(ctx, fixture, effect, function)), None)
    if outsider is not None:
        return Applicability.UNSAFE, f"{outsider.id} uses the application without '{ctx.graph.name_of(fixture)}' and may rely on the leak"
    return Applicability.SAFE, ""


def _outsiders(ctx: RuleContext, fixture: FixtureDef, effect: Effect, function: Function) -> Iterator[TestNode]:
    """Tests that load or name the application, but do not set this fixture up.

    A fixture that the narrowed one itself requests counts for its own tests: the whole chain is narrowed.
    """
    owner = ctx.index.target(effect.target, function.address.path)
    if owner is None:
        return
    using = {t.id for f in _roots(ctx, fixture) for t in ctx.graph.tests_using(f)}
    app = (owner.path, owner.name.partition(".")[0])
    for test in ctx.graph.tests:
        if test.id in using:
            continue
        loads = test.path in ctx.imports.importers(owner.path, lazy=True)
        if loads or any(_names(ctx, f, app) for f in _functions(ctx, test)):
            yield test


def _other_setter(ctx: RuleContext, fixture: FixtureDef) -> Address | None:
    """A test that sets an override itself and does not take it back: others may count on it."""
    for test in ctx.graph.tests_using(fixture):
        for effect, function in ctx.effects(test.function):
            if _sets_override(ctx, effect) and effect.undone_at is None:
                return function.address
    return None


def _roots(ctx: RuleContext, fixture: FixtureDef) -> list[FixtureDef]:
    """The fixture and the broad ones beneath it that set an override too."""
    sources = (source for name in fixture.argnames for source in ctx.graph.resolves(fixture.function, name))
    below = (s for s in sources if s.address != fixture.address)
    return [fixture, *(s for s in below if any(_sets_override(ctx, e) for e, _ in ctx.effects(s.function)))]


def _functions(ctx: RuleContext, test: TestNode) -> Iterator[Function]:
    yield test.function
    yield from (ctx.graph.registrations[i].definition.function for i in test.resolution.fixtures())


def _names(ctx: RuleContext, function: Function, app: tuple[str, str]) -> bool:
    for target in function.mentions:
        found = ctx.index.target(target, function.address.path)
        if found and (found.path, found.name.partition(".")[0]) == app:
            return True
    return False


RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="session client is narrowed with its dependent",
            files="""\
# --- app.py
class App:
    def __init__(self):
        self.dependency_overrides = {}


def get_user():
    return None


app = App()
# --- conftest.py
import pytest

from app import app, get_user


@pytest.fixture(scope="session")
def client():
    app.dependency_overrides[get_user] = lambda: "ada"
    yield app
    app.dependency_overrides.clear()


@pytest.fixture(scope="module")
def logged_in(client):
    return client
# --- test_app.py
def test_overridden(logged_in):
    assert logged_in.dependency_overrides


def test_alone():
    assert True
""",
            codes=(_CODE,),
            after='''\
# --- conftest.py
import pytest

from app import app, get_user


@pytest.fixture(scope="function")
def client():
    """Function-scoped so that no override in app.dependency_overrides outlives the
    test.
    """
    app.dependency_overrides[get_user] = lambda: "ada"
    yield app
    app.dependency_overrides.clear()


@pytest.fixture(scope="function")
def logged_in(client):
    """Function-scoped because it requests client."""
    return client
''',
        ),
        Example(
            name="a function-scoped override is silent",
            files="""\
# --- app.py
class App:
    def __init__(self):
        self.dependency_overrides = {}


app = App()
# --- test_app.py
import pytest

from app import app


@pytest.fixture
def client():
    app.dependency_overrides["user"] = "ada"
    yield app
    app.dependency_overrides.clear()


def test_overridden(client):
    assert client.dependency_overrides
""",
        ),
        Example(
            name="a broad client without override is silent",
            files="""\
# --- app.py
class App:
    def __init__(self):
        self.dependency_overrides = {}


app = App()
# --- test_app.py
import pytest

from app import app


@pytest.fixture(scope="session")
def client():
    yield app


def test_plain(client):
    assert not client.dependency_overrides
""",
        ),
    ),
)
