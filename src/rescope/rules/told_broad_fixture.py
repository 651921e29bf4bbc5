"""Tests call methods of a broad fixture's value for what they do to it.

Why it leaks
------------
`driver.voltage(5)`, `vm.power_off()`, `settings.set("debug", True)`: nobody looks at the result, so the call is made for
what it changes, and the next test of the scope finds the object as this one left it.

What rescope does
-----------------
Where a test reads the same thing back, it offers to narrow the fixture, as an unsafe edit: tests may build on each
other, and the object may be dear to make. Otherwise it is told with low confidence, since it cannot look into the class.
Requests of a client, checks, waiting, printing and calls that are expected to fail do not count, nor does what
is infrastructure.

When to keep it
---------------
When each test puts the object into the state that it needs: `# rescope: keep <reason>`.
"""

from collections.abc import Iterator

from rescope.graph.flow import Mutation
from rescope.model.facts import Effect, EffectKind, FixtureDef, Root, Value, ValueKind
from rescope.model.finding import Applicability, Confidence, Finding, Severity
from rescope.packs import match
from rescope.rule import Example, Rule, RuleContext, changed_at, doubtful

_CODE = "RSC107"
_NAME = "told-broad-fixture"
_MADE = frozenset({ValueKind.CALL, ValueKind.OTHER})
_REQUESTS = frozenset({"create", "delete", "destroy", "get", "head", "options", "patch", "post", "put", "request", "submit", "upload"})


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for broad fixtures whose value tests or narrower fixtures tell to change, where another test would notice."""
    for fixture in ctx.broad_fixtures():
        if not _is_made(ctx, fixture) or ctx.infrastructure(fixture.function):
            continue
        found = [m for m in ctx.flow.mutations(fixture) if _tells(ctx, m) and ctx.is_shared(fixture, m.by)]
        if found:
            finding = _finding(ctx, fixture, found)
            by_verb = any(_verb(m.effect) in ctx.packs.changes for m in found)
            because = "nothing but the " + ("name of the method" if by_verb else "result that nobody looks at") + " says that it changes"
            yield finding if finding.confidence is not Confidence.LOW else doubtful(finding, because)


def _is_made(ctx: RuleContext, fixture: FixtureDef) -> bool:
    """Whether the fixture makes its value, rather than handing on what lives elsewhere, and nothing is known of its kind."""
    values = [v for v in fixture.function.values if v.kind is not ValueKind.NONE]
    known = any(v.target and (v.target.dotted in ctx.packs.data or match(v.target.dotted, ctx.packs.consumed)) for v in values)
    return bool(values) and all(v.kind in _MADE or _is_part_of_local(v) for v in values) and not known


def _is_part_of_local(value: Value) -> bool:
    """Whether it is a part of what the fixture has called for: `clients, _ = start(...)` and then `yield clients[0]`."""
    return value.kind is ValueKind.ALIAS and value.target is not None and value.target.root is Root.LOCAL


def _tells(ctx: RuleContext, mutation: Mutation) -> bool:
    """Whether a call is made to change the value itself: a request with arguments is about something else, through it."""
    effect = mutation.effect
    if effect.kind is not EffectKind.CALL or effect.undone_at is not None or ctx.as_broad(mutation.by, mutation.fixture):
        return False
    handed = effect.text.endswith("(...)")
    verb = _verb(effect)
    klass = None if mutation.part else ctx.flow.built_class(mutation.fixture)
    if klass is not None and ctx.flow.method(klass, effect.how) is not None:
        return verb in ctx.packs.changes and not handed and not ctx.flow.changes_self(klass, effect.how)
    if verb in ctx.packs.changes:
        return not (handed and verb in _REQUESTS)
    return (handed and verb not in ctx.packs.looks and verb not in _REQUESTS) or _read_back(mutation)


def _verb(effect: Effect) -> str:
    """The first word of the method that is called."""
    return effect.how.lstrip("_").split("_")[0].lower()


def _read_back(mutation: Mutation) -> bool:
    """Whether the same function also calls the method without arguments and looks at the result: the object keeps state."""
    effect = mutation.effect
    callee = f"{effect.target.dotted}.{effect.how}"
    handed = effect.text.endswith("(...)")
    return handed and any(c.callee.dotted == callee and not (c.arguments or c.discarded) for c in mutation.inside.calls)


def _finding(ctx: RuleContext, fixture: FixtureDef, found: list[Mutation]) -> Finding:
    name = ctx.graph.name_of(fixture)
    by = list(dict.fromkeys(m.by.address.qualname for m in found))
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"{fixture.scope}-scoped fixture '{name}' is told to change by {by[0]}" + (f" and {len(by) - 1} more" if by[1:] else ""),
        reason=f"what a test does to {name} stays in the test",
        subject=ctx.subject(fixture),
        primary=ctx.at(fixture, f"made once for each {fixture.scope}, used by {len(ctx.graph.tests_using(fixture))} tests"),
        related=tuple(changed_at(found, "told")),
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM if any(_read_back(m) for m in found) else Confidence.LOW,
        applicability=Applicability.UNSAFE,
        caveat="a test may rely on what an earlier one did to it",
    )


_METER = """\
# --- conftest.py
import importlib

import pytest


def connect():
    return importlib.import_module("meter").Meter()


@pytest.fixture(scope="module")
def meter():
    return connect()
# --- meter.py
class Meter:
    def __init__(self):
        self.volts = 0

    def voltage(self, volts=None):
        if volts is None:
            return self.volts
        self.volts = volts
"""

RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a test sets and reads back",
            files=_METER
            + """\
# --- test_meter.py
def test_voltage(meter):
    meter.voltage(5)
    assert meter.voltage() == 5


def test_other(meter):
    assert meter.voltage() >= 0
""",
            codes=(_CODE,),
            unsafe=True,
            after='''\
# --- conftest.py
import importlib

import pytest


def connect():
    return importlib.import_module("meter").Meter()


@pytest.fixture(scope="function")
def meter():
    """Function-scoped so that what a test does to meter stays in the test."""
    return connect()
''',
        ),
        Example(
            name="reading, and a call that is expected to fail, are silent",
            files=_METER
            + """\
# --- test_meter.py
import pytest


def test_voltage(meter):
    assert meter.voltage() == 0


def test_wrong(meter):
    with pytest.raises(TypeError):
        meter.voltage(1, 2)
""",
        ),
        Example(
            name="requests of a client are silent",
            files="""\
# --- conftest.py
import importlib

import pytest


def connect():
    return importlib.import_module("web").Client()


@pytest.fixture(scope="module")
def client():
    return connect()
# --- web.py
class Client:
    def delete(self, path):
        return path
# --- test_web.py
def test_delete(client):
    client.delete("users")


def test_again(client):
    assert client.delete("users")
""",
        ),
    ),
)
