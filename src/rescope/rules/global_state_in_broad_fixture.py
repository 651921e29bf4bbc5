"""A broad fixture changes the process or a module: environment, search path, working directory, attributes, patches.

Why it leaks
------------
The change is made when the first test asks for the fixture and lasts until its scope ends: whether a test sees it
depends on what ran before.

What rescope does
-----------------
It narrows the fixture when the fixture takes the change back itself; that is never called safe, since broader
fixtures may have been set up under the change; where no other test speaks of what changes, it is told with low
confidence. A
teardown that would put a copy in the place of a module's dict, list or set is rewritten to fill the container itself
again, since others may hold it; where that is not certain to be the same, the fixture is left alone. An
autouse fixture that sets defaults for the whole run and never takes them back is not reported, one that takes them back
is only told; nor is a seed reported, nor a change that exactly the tests of the scope ask for.
A fixture that nobody requests is silent. Of a variable of the environment a test is a witness if it names that variable, or takes
the environment as a whole.

When to keep it
---------------
When every test below the fixture needs the change: `# rescope: keep <reason>`.
"""

from collections.abc import Iterator
from itertools import chain

from rescope.facts.undo import shields
from rescope.facts.values import CONTAINERS
from rescope.facts.verbs import MONKEYPATCH, PROCESS_STATE
from rescope.graph.fixture_graph import TestNode
from rescope.model.address import Location
from rescope.model.facts import Effect, EffectKind, FixtureDef, Function, Root, Target
from rescope.model.finding import Applicability, Confidence, Finding, Severity, Strategy
from rescope.model.scope import Scope
from rescope.packs import match
from rescope.rule import Example, Rule, RuleContext, doubtful, only_told

_CODE = "RSC102"
_NAME = "global-state-in-broad-fixture"
_NAMESPACE = "pytest."  # attributes of pytest itself are how fixtures hand data to the tests of a class
_PYTEST = ("'PYTEST_", '"PYTEST_')


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for broad fixtures that change what outlives them, unless it is a default for the whole run."""
    for fixture in ctx.broad_fixtures():
        if ctx.plugin_scope(fixture):
            continue  # what a plugin asks for at this scope, it does for the whole scope
        if not ctx.graph.tests_using(fixture) and not ctx.graph.uncertain(fixture):
            continue  # nobody requests it, so that it never runs
        found = list(_changes(ctx, fixture))
        patches = list(_broad_patches(ctx, fixture))
        if patches and not found and ctx.bystanders(fixture):
            yield _through_broad(ctx, fixture, patches)
        undone = bool(found) and all(undone for _, _, undone in found)
        if found and not (fixture.autouse and not undone):
            noticed = ctx.bystanders(fixture, whole_run=not undone)
            witness = next((t for t in noticed if _speaks_of(ctx, t, found)), None)
            if witness is not None and not fixture.autouse:
                yield _finding(ctx, fixture, found, witness)
            elif noticed:
                told = only_told if fixture.autouse else doubtful
                yield told(_finding(ctx, fixture, found, witness or noticed[0]), _why_told(witness, undone=undone))


def _why_told(witness: TestNode | None, *, undone: bool) -> str:
    if witness is not None:
        return "it is made for all tests below the fixture, and taken back"
    return "it is taken back, and no other test speaks of it" if undone else "no other test speaks of it"


def _speaks_of(ctx: RuleContext, test: TestNode, found: list[tuple[str, Location, bool]]) -> bool:
    """Whether a test, or what it calls in the program, names the state that changes."""
    names = tuple({what.partition("[")[0] for what, _, _ in found})
    variables = {what.partition("[")[2].strip("]'\"") for what, _, _ in found if "[" in what}
    words = {name.rpartition(".")[2] for name in names}
    callees = (ctx.flow.called(test.function, call) for call in test.function.calls)
    functions = (test.function, *filter(None, callees))
    if variables and names == ("os.environ",):
        return any(_reads(function, variables) for function in functions)
    spoken = ((t, f) for f in functions for t in chain(f.mentions, (c.callee for c in f.calls)) if any(w in t.dotted for w in words))
    return any(_is_or_within(text, names) for target, function in spoken for text in _called(ctx, target, function))


def _reads(function: Function, variables: set[str]) -> bool:
    """Whether a function names one of the variables, or takes the environment as it is: `name in os.environ`, `dict(os.environ)`."""
    named = {text for c in function.calls for text in c.strings} | {e.key.strip("'\"") for e in function.effects}
    by_name = any(c.callee.dotted.startswith(("os.environ.", "os.getenv")) and c.strings for c in function.calls)
    whole = any(t.dotted == "os.environ" for t in function.mentions) and not by_name
    return whole or not variables.isdisjoint(named)


def _called(ctx: RuleContext, target: Target, function: Function) -> Iterator[str]:
    """What a mention says, as it stands and by the name of the project's variable that it means."""
    yield target.dotted
    found = ctx.index.target(target, function.address.path) if target.root is Root.IMPORTED else None
    if found is not None:
        yield found.name


def _is_or_within(text: str, names: tuple[str, ...]) -> bool:
    return text.startswith(names) and any(text == name or text.startswith(f"{name}.") for name in names)


def _changes(ctx: RuleContext, fixture: FixtureDef) -> Iterator[tuple[str, Location, bool]]:
    for effect, function in ctx.effects(fixture.function):
        helper = function.address != fixture.function.address
        if function.yields_at is None and (effect.in_context or (helper and effect.undone_at is not None)):
            continue  # undone before anybody gets the value
        quiet = effect.after_yield or effect.nested or effect.how == "setdefault" or (effect.guarded and "environ" in effect.target.dotted)
        quiet = quiet or shields(function, effect) or _imports_file(ctx, effect, function)
        what = "" if quiet or ctx.puts_back_initial(effect, function) else _state(ctx, effect, function)
        if what:
            undone = effect.undone_at is not None or effect.in_context or _kept_by_requested(ctx, fixture, effect)
            note = "undone only when the scope ends" if undone else "never undone"
            yield what, Location(path=function.address.path, line=effect.line, column=effect.column, note=note), undone
    calls = [c for c in fixture.function.calls if not c.nested]
    for call in calls:
        because = match(call.callee.dotted, ctx.packs.process)
        if because and not call.after_yield:
            undone = any(other.after_yield and other.callee == call.callee for other in calls)
            where = Location(path=fixture.function.address.path, line=call.line, note=f"{call.callee.dotted}() {because}")
            yield f"what {call.callee.dotted}() sets", where, undone


def _imports_file(ctx: RuleContext, effect: Effect, function: Function) -> bool:
    """Whether it enters a module made from a file, as the documentation of `importlib` says to, under a name that no other has."""
    entered = effect.target.dotted == "sys.modules" and effect.builds.endswith("module_from_spec")
    return entered and ctx.index.module(effect.key.strip("'\""), function.address.path) is None


def _kept_by_requested(ctx: RuleContext, fixture: FixtureDef, effect: Effect) -> bool:
    """Whether a fixture that this one requests, and that ends after it, puts the environment back."""
    requested = (source for name in fixture.argnames for source in ctx.graph.resolves(fixture.function, name))
    later = (e for source in requested for e, _ in ctx.effects(source.function) if e.after_yield)
    return effect.target.dotted == "os.environ" and any(e.target == effect.target and not e.key for e in later)


def _broad_patches(ctx: RuleContext, fixture: FixtureDef) -> Iterator[tuple[str, Location]]:
    """Patches through an argument that is a broad fixture around pytest.MonkeyPatch: the name, and where."""
    for call in fixture.function.calls:
        name, _, method = call.callee.dotted.rpartition(".")
        if method in MONKEYPATCH and call.callee.root is Root.ARGUMENT and not (call.nested or call.after_yield):
            for source in ctx.graph.resolves(fixture.function, name):
                made = [v.target.dotted for v in source.function.values if v.target is not None]
                if source.scope is not Scope.FUNCTION and any(d.startswith(("pytest.MonkeyPatch", "_pytest.monkeypatch.")) for d in made):
                    note = f"{name} undoes it only when the {source.scope} ends"
                    yield name, Location(path=fixture.function.address.path, line=call.line, note=note)


def _state(ctx: RuleContext, effect: Effect, function: Function) -> str:
    """The name of the state that an effect changes for others, "" if it is the fixture's own."""
    if effect.kind is EffectKind.PATCH:
        return f"the patch of {effect.key}" if effect.in_context or effect.undone_at else ""
    if effect.target.root is not Root.IMPORTED:
        return ""
    known = next((name for name in PROCESS_STATE if effect.target.dotted.startswith(name)), "")
    if known:
        named = known == "os.environ" and effect.key.startswith(("'", '"'))
        return "" if effect.key.startswith(_PYTEST) else f"{known}[{effect.key}]" if named else known
    overrides = effect.target.dotted.rpartition(".")[2] in ctx.packs.overrides
    if effect.kind is EffectKind.SET_ATTR and not overrides:
        return ctx.state_name(effect, function)
    found = ctx.index.variable(ctx.index.target(effect.target, function.address.path))
    if found and found[0].value.text in CONTAINERS and effect.kind in {EffectKind.SET_ITEM, EffectKind.MUTATE}:
        return ctx.state_name(effect, function)
    return ""


def _finding(ctx: RuleContext, fixture: FixtureDef, found: list[tuple[str, Location, bool]], noticed: TestNode) -> Finding:
    what = found[0][0]
    undone = all(undone for _, _, undone in found)
    caveat = "fixtures of a broader scope may have been set up under the change"
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"{fixture.scope}-scoped fixture '{ctx.graph.name_of(fixture)}' changes {what} for the tests that follow",
        reason=f"{what.partition('[')[0]} is back in place after each test",
        subject=ctx.subject(fixture),
        primary=ctx.at(fixture, f"lasts until the {fixture.scope} ends"),
        related=(
            *(where for _, where, _ in found),
            Location(path=noticed.path, line=noticed.function.def_line, note="sees the change without asking for it"),
        ),
        confidence=Confidence.MEDIUM,
        applicability=Applicability.UNSAFE if undone else Applicability.DISPLAY_ONLY,
        strategy=Strategy.NARROW if undone else Strategy.NONE,
        caveat=caveat if undone else "the change is never undone: use monkeypatch in a function-scoped fixture",
    )


def _through_broad(ctx: RuleContext, fixture: FixtureDef, patches: list[tuple[str, Location]]) -> Finding:
    name, patch = ctx.graph.name_of(fixture), patches[0][0]
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"{fixture.scope}-scoped fixture '{name}' patches through '{patch}' for the tests that follow",
        reason="its patches are taken back after each test",
        subject=ctx.subject(fixture),
        primary=ctx.at(fixture, f"lasts until the {fixture.scope} ends"),
        related=tuple(where for _, where in patches),
        severity=Severity.INFO,
        confidence=Confidence.LOW,
        applicability=Applicability.DISPLAY_ONLY,
        strategy=Strategy.NONE,
        caveat=f"request monkeypatch instead of '{patch}', in a function-scoped fixture",
    )


RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a session fixture that sets and removes an environment variable",
            files="""\
# --- test_env.py
import os

import pytest


@pytest.fixture(scope="module")
def debug():
    os.environ["APP_DEBUG"] = "1"
    yield
    del os.environ["APP_DEBUG"]


def test_debug(debug):
    assert os.environ["APP_DEBUG"] == "1"


def test_other():
    assert "APP_DEBUG" not in os.environ
""",
            codes=(_CODE,),
            unsafe=True,
            after='''\
# --- test_env.py
import os

import pytest


@pytest.fixture(scope="function")
def debug():
    """Function-scoped so that os.environ is back in place after each test."""
    os.environ["APP_DEBUG"] = "1"
    yield
    del os.environ["APP_DEBUG"]


def test_debug(debug):
    assert os.environ["APP_DEBUG"] == "1"


def test_other():
    assert "APP_DEBUG" not in os.environ
''',
        ),
        Example(
            name="a teardown that would replace a registry by a copy fills it again",
            files="""\
# --- converters.py
KNOWN = {"int": int}
# --- routes.py
from converters import KNOWN


def convert(kind, text):
    return KNOWN[kind](text)
# --- test_converters.py
import pytest

import converters
import routes


@pytest.fixture(scope="module")
def with_float():
    saved = converters.KNOWN.copy()
    converters.KNOWN["float"] = float
    yield
    converters.KNOWN = saved  # as it was


def test_float(with_float):
    assert routes.convert("float", "1.5") == 1.5


def test_unknown():
    assert "float" not in converters.KNOWN
    with pytest.raises(KeyError):
        routes.convert("float", "1.5")
""",
            codes=(_CODE,),
            unsafe=True,
            after='''\
# --- converters.py
KNOWN = {"int": int}
# --- routes.py
from converters import KNOWN


def convert(kind, text):
    return KNOWN[kind](text)
# --- test_converters.py
import pytest

import converters
import routes


@pytest.fixture(scope="function")
def with_float():
    """Function-scoped so that KNOWN is back in place after each test."""
    saved = converters.KNOWN.copy()
    converters.KNOWN["float"] = float
    yield
    converters.KNOWN.clear()
    converters.KNOWN.update(saved)  # as it was


def test_float(with_float):
    assert routes.convert("float", "1.5") == 1.5


def test_unknown():
    assert "float" not in converters.KNOWN
    with pytest.raises(KeyError):
        routes.convert("float", "1.5")
''',
        ),
        Example(
            name="a default for the whole run is silent",
            files="""\
# --- conftest.py
import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def defaults():
    os.environ.setdefault("APP_ENV", "test")
# --- test_env.py
import os


def test_env():
    assert os.environ["APP_ENV"]
""",
        ),
        Example(
            name="monkeypatch in a function-scoped fixture is silent",
            files="""\
# --- test_env.py
import os

import pytest


@pytest.fixture
def debug(monkeypatch):
    monkeypatch.setenv("APP_DEBUG", "1")


def test_debug(debug):
    assert os.environ["APP_DEBUG"] == "1"


def test_other():
    assert True
""",
        ),
    ),
)
