"""Tests or narrower fixtures change the value of a broad fixture in place.

Why it leaks
------------
All tests of the scope get the same object: what one test appends, sets or deletes is there for the next.

What rescope does
-----------------
It narrows the fixture and its dependents, so that each test gets a fresh value. Tests may build on each other's changes
without saying so; the edit is therefore offered as unsafe. Where narrowing would drag along what is kept, or the fixture is
slow to make, it stays broad, and an autouse fixture beside it puts back what is changed, if that is a plain container or an
attribute. What a fixture around the test puts back already, or a hook that takes the value from the test, is no finding, nor
is what a helper does only if it is asked to, a pool that fixtures fill where something is missing, nor what only skipped tests
do. It is told with low confidence where no other test that gets this very value (in the module, for a module-scoped one) looks
at what is changed before a test or fixture sets it anew; what methods of its class change counts where a test looks at the
very attribute. Silent are a reset by which a function-scoped fixture prepares a test, the call that the fixture makes itself,
an attribute that the test's last line gives the constant of the fixture, and a value that a broad fixture looks at when all is
over, or that its own fixture writes out then: tests are to add to it. No edit is offered where a fresh value would lead to the
same object: a container of its class, or one of a module that it is made with.

When to keep it
---------------
When the object is expensive and tests restore what they change: `# rescope: keep <reason>`.
"""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from rescope.facts.undo import closing_lines
from rescope.facts.values import CONTAINERS
from rescope.facts.verbs import is_back, renews
from rescope.graph.flow import Mutation
from rescope.graph.renewal import is_handed_on, why_not_renewed
from rescope.model.edit import PartKind, ValuePart
from rescope.model.facts import Call, Effect, EffectKind, FixtureDef, Function, Root, Value, ValueKind
from rescope.model.finding import Applicability, Confidence, Finding, Severity, Strategy
from rescope.model.scope import Scope
from rescope.rule import Example, Rule, RuleContext, changed_at, doubtful

_CODE = "RSC103"
_NAME = "mutated-broad-fixture"
_SHOWN = 3
_SETS = frozenset({EffectKind.SET_ATTR, EffectKind.SET_ITEM})
_SWITCHED = 2
_VAGUE = frozenset({"clear", "put", "fill", "resize", "add", "insert", "remove", "discard", "sort"})
_GUARDS = frozenset({"__getattr__", "__getattribute__", "__setattr__", "__delattr__"})
_KINDS = MappingProxyType(
    {
        "dict": PartKind.DICT,
        "collections.OrderedDict": PartKind.DICT,
        "collections.defaultdict": PartKind.DICT,
        "collections.Counter": PartKind.DICT,
        "list": PartKind.LIST,
        "set": PartKind.SET,
    }
)


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for broad fixtures whose value somebody else changes, where another test would notice."""
    for fixture in ctx.broad_fixtures():
        found = [m for m in ctx.flow.mutations(fixture) if _counts(ctx, m)]
        found = [m for m in found if ctx.is_shared(fixture, m.by) and not _put_back(ctx, m) and _may_run(ctx, m)]
        if found and not (is_handed_on(fixture) or _gathers(ctx, fixture) or _put_back_by_hook(ctx, fixture)):
            yield _finding(ctx, fixture, found)


def _put_back_by_hook(ctx: RuleContext, fixture: FixtureDef) -> bool:
    """Whether a hook that stands around each test takes the fixture's value from the test: `item.funcargs.get("env")`, to restore it."""
    functions = (f for path in sorted(ctx.tests) for f in ctx.index.functions[path].values() if f.address.name.startswith("pytest_runtest"))
    calls = (c for f in functions if f.yields_at is not None for c in f.calls if c.callee.dotted.endswith("funcargs.get"))
    return any(name in call.strings[:1] for call in calls for name in ctx.graph.names_of(fixture))


def _may_run(ctx: RuleContext, mutation: Mutation) -> bool:
    """Whether a test that is run may come to the line: a class that keeps the value changes it only where its methods are called."""
    by, inside = mutation.by.address, mutation.inside.address
    run = [t.function for t in ctx.graph.running(mutation.by) if not t.marks.skip]
    told = any(method == inside.name for function in (mutation.by, *run) for _, method in function.handled)
    told = told or inside.name.startswith("__") or any("property" in d or "setter" in d for d in mutation.inside.decorators)
    return bool(run) and (inside == by or told or any(f.address in ctx.calls.reaching([inside]) for f in (mutation.by, *run)))


def _counts(ctx: RuleContext, mutation: Mutation) -> bool:
    """Whether the effect surely changes the value, and somebody narrower than the fixture causes it."""
    effect = mutation.effect
    if effect.undone_at is not None or effect.after_yield or effect.nested or ctx.as_broad(mutation.by, mutation.fixture):
        return False
    if _set_again_at_last(mutation) or _counts_on(mutation) or _resets_first(mutation):
        return False
    made = ctx.flow.built_class(mutation.fixture)
    if made is not None and ctx.flow.is_copied(made, mutation.part):
        return False
    if effect.kind is EffectKind.SET_ITEM and effect.guarded and not mutation.by.address.name.startswith("test"):
        return False  # a fixture fills what is missing: the value is a pool, shared on purpose
    if mutation.part.rpartition(".")[2] in ctx.packs.overrides:
        return False
    if effect.kind is EffectKind.CALL:
        return _tells(ctx, mutation) and not _made_so(mutation)
    if effect.kind is not EffectKind.MUTATE:
        return effect.kind in {EffectKind.SET_ATTR, EffectKind.SET_ITEM, EffectKind.DELETE}
    if not mutation.part:
        return _direct(ctx, mutation)
    return effect.how not in _VAGUE and not mutation.part.endswith("session")


def _resets_first(mutation: Mutation) -> bool:
    """Whether a fixture, before it hands the value on, tells it to reset itself: that prepares a test and leaves nothing to any."""
    fixture = not mutation.by.address.name.startswith("test") and mutation.inside.address == mutation.by.address
    told = mutation.effect.kind is EffectKind.CALL and renews(mutation.effect.how)
    return fixture and told and not mutation.part


def _set_again_at_last(mutation: Mutation) -> bool:
    """Whether a test, when all else is done, turns a switch again, or gives a place the constant that the fixture made it with."""
    effect, inside = mutation.effect, mutation.inside
    closing = closing_lines(inside) if effect.kind in _SETS and inside.address.name.startswith("test") else ()
    place = (effect.kind, effect.target, effect.key)
    made = sorted((e.line, e.value) for e in inside.effects if (e.kind, e.target, e.key) == place)
    if not made or made[-1][0] not in closing:
        return False
    switched = len(made) == _SWITCHED and {value for _, value in made} == {"True", "False"}
    return switched or made[-1][1] in _made_with(mutation)


def _made_with(mutation: Mutation) -> frozenset[str]:
    """The constants, as source, with which the fixture makes its value."""
    function = mutation.fixture.function
    calls = [c for c in function.calls if any((v.target, v.line) == (c.callee, c.line) for v in function.values)]
    return frozenset({repr(text) for c in calls for text in c.strings} | {c.constant for c in calls} - {""})


def _counts_on(mutation: Mutation) -> bool:
    """Whether a fixture hands out the number that it counts up: each test is to get another one."""
    effect, values = mutation.effect, mutation.inside.values
    return (
        effect.how == "+="
        and effect.kind is not EffectKind.MUTATE
        and any(v.target is not None and v.target.dotted.partition(".[")[0] == effect.target.dotted for v in values)
    )


def _put_back(ctx: RuleContext, mutation: Mutation) -> bool:
    """Whether a fixture around the test takes back what the test changes, or a fixture that it uses."""
    tests = {t.function.address for t in ctx.graph.running(mutation.by)} or {mutation.by.address}
    for other in ctx.flow.mutations(mutation.fixture):
        covers = other.part in {"", mutation.part} or mutation.part.startswith(f"{other.part}.")
        covers = covers and not (other.part == mutation.part and _is_other_entry(other.effect, mutation.effect))
        if other.effect.after_yield and covers and tests <= ctx.run_around_by(other.by):
            return True
    near = [f for f, _ in ctx.graph.requested_by(mutation.fixture)] + [*ctx.graph.definitions_of(mutation.by.address)]
    return any(_resets(ctx, f, mutation) and tests <= ctx.run_around_by(f.function) for f in near)


def _is_other_entry(one: Effect, other: Effect) -> bool:
    """Whether one sets an entry by a name that is written out, and the other sets or changes something else of the mapping."""
    return one.kind is EffectKind.SET_ITEM and one.key.startswith(("'", '"')) and one.key != other.key


def _resets(ctx: RuleContext, around: FixtureDef, mutation: Mutation) -> bool:
    """Whether a fixture tells the value behind its yield to reset itself, or makes there the call anew by which it changes it.

    A method that assigns what was changed resets it by any name, and one of an unknown class is taken to, if the fixture hands it on.
    """
    if around.scope is not Scope.FUNCTION or around.function.yields_at is None:
        return False
    for call in around.function.calls:
        on = call.callee.root is Root.ARGUMENT and is_back(call.callee.dotted.rpartition(".")[2]) and "." in call.callee.dotted
        if call.after_yield and on and mutation.fixture in ctx.graph.resolves(around.function, call.callee.head):
            return True
        if call.after_yield and _is_of(ctx, call, around.function, mutation.fixture) and _covers(ctx, call, around.function, mutation):
            return True
        again = mutation.by.address == around.function.address and mutation.inside.address != mutation.by.address
        if call.after_yield and again and ctx.flow.called(around.function, call) == mutation.inside:
            return True
    return False


def _is_of(ctx: RuleContext, call: Call, function: Function, fixture: FixtureDef) -> bool:
    """Whether it calls a method of the fixture's value, under whatever name the function has it."""
    plain = call.callee.root is Root.ARGUMENT and bool(call.callee.tail) and "." not in call.callee.tail
    return plain and fixture in ctx.graph.resolves(function, call.callee.head)


def _covers(ctx: RuleContext, call: Call, function: Function, mutation: Mutation) -> bool:
    """Whether the method that is called assigns all that the mutation changes of the value; where its class is not known, it may."""
    klass = ctx.flow.built_class(mutation.fixture)
    if klass is None:
        return any(v.kind is ValueKind.ALIAS and v.target is not None and v.target.dotted == call.callee.head for v in function.values)
    assigned = {e.target.tail for e in ctx.flow.own_effects(klass, call.callee.tail) if e.kind is EffectKind.SET_ATTR and not e.guarded}
    first = mutation.part.partition(".")[0]
    changed = {first} if first else {e.target.tail.partition(".")[0] for e in ctx.flow.own_effects(klass, mutation.effect.how)}
    return bool(changed) and changed <= assigned


def _made_so(mutation: Mutation) -> bool:
    """Whether the fixture itself has called the method on what it hands out, and no argument makes it another call."""
    how, made = mutation.effect.how, mutation.fixture.function
    again = any(
        c.callee.dotted.rpartition(".")[2] == how and c.line == mutation.effect.line and not c.arguments for c in mutation.inside.calls
    )
    return again and any((v.target, how) in made.handled for v in made.values if v.kind is ValueKind.CALL and v.target is not None)


def _tells(ctx: RuleContext, mutation: Mutation) -> bool:
    """Whether a call made for its effect surely changes the value: its class is the project's, and the method writes `self`."""
    klass = ctx.flow.built_class(mutation.fixture) if not mutation.part else None
    return klass is not None and ctx.flow.changes_self(klass, mutation.effect.how)


def _holds(ctx: RuleContext, fixture: FixtureDef) -> bool:
    """Whether the value is a container that the fixture writes out, or one that is known."""
    return any(_container(ctx, value) for value in fixture.function.values)


def _direct(ctx: RuleContext, mutation: Mutation) -> bool:
    """A mutating method on the value itself: certain for containers and for project classes that write `self`."""
    if _holds(ctx, mutation.fixture):
        return True
    klass = ctx.flow.built_class(mutation.fixture)
    return klass is not None and ctx.flow.changes_self(klass, mutation.effect.how)


def _container(ctx: RuleContext, value: Value) -> bool:
    if value.kind is ValueKind.LITERAL:
        return value.text in CONTAINERS
    return value.kind is ValueKind.CALL and value.target is not None and value.target.dotted in ctx.packs.data


def _parts(ctx: RuleContext, found: list[Mutation]) -> tuple[ValuePart, ...]:
    """All that is changed of the value, if each part of it can be put back in place; () otherwise."""
    kinds = {_kind(ctx, v) for v in found[0].fixture.function.values}
    whole = next(iter(kinds)) if len(kinds) == 1 else None
    if whole is not None:
        deep = any(m.part for m in found) or any(m.effect.kind is EffectKind.SET_ATTR for m in found)
        return (ValuePart(path="", kind=whole, deep=deep),)
    parts = {None if _hidden(ctx, m) else _part(m) for m in found}
    known = sorted((p for p in parts if p is not None), key=lambda p: p.path)
    apart = len({p.path for p in known}) == len(known) and len(known) <= _SHOWN
    return tuple(known) if apart and None not in parts else ()


def _kind(ctx: RuleContext, value: Value) -> PartKind | None:
    """What the whole value is, where the fixture writes it out or makes a plain container."""
    if not _container(ctx, value):
        return None
    made = value.text if value.kind is ValueKind.LITERAL else value.target.dotted if value.target else ""
    return _KINDS.get(made)


def _part(mutation: Mutation) -> ValuePart | None:
    effect, path = mutation.effect, mutation.part
    if "[" in path or not path:
        return None
    if effect.kind is EffectKind.SET_ATTR or (effect.kind is EffectKind.DELETE and not effect.key):
        return ValuePart(path=path, kind=PartKind.ATTRIBUTE) if "." not in path else None  # not every test has what holds it
    mapping = (
        effect.key.startswith(("'", '"')) if effect.kind is not EffectKind.MUTATE else effect.how in {"update", "setdefault", "popitem"}
    )
    return ValuePart(path=path, kind=PartKind.DICT) if mapping else None


def _hidden(ctx: RuleContext, mutation: Mutation) -> bool:
    """Whether there may be no value, or code of its class stands between an attribute's name and what it holds."""
    if any(v.kind is ValueKind.NONE for v in mutation.fixture.function.values):
        return True
    klass = ctx.flow.built_class(mutation.fixture)
    names = {mutation.part.partition(".")[0], *_GUARDS}
    return klass is not None and any(ctx.flow.method(klass, name) is not None for name in names)


def _gathers(ctx: RuleContext, fixture: FixtureDef) -> bool:
    """Whether all that tests put into the value is looked at when all is over, by another broad fixture, or written out by this one."""
    if fixture.function.writes_out and any(v.text in CONTAINERS for v in fixture.function.values):
        return True
    for other, name in ctx.graph.requested_by(fixture):
        ends = other.function.yields_at if other.scope is not Scope.FUNCTION else None
        if ends is not None and any(t.head == name and line > ends for t, line in other.function.looks):
            return True
    return False


def _finding(ctx: RuleContext, fixture: FixtureDef, found: list[Mutation]) -> Finding:
    name = ctx.graph.name_of(fixture)
    first = found[0]
    what = f"{name}.{first.part}" if first.part else name
    lasting = why_not_renewed(ctx.flow, fixture, found)
    told = all(m.effect.kind is EffectKind.CALL for m in found)
    strong = {EffectKind.SET_ATTR, EffectKind.SET_ITEM, EffectKind.DELETE}
    finding = Finding(
        code=_CODE,
        rule=_NAME,
        message=f"{fixture.scope}-scoped fixture '{name}' is changed by {first.by.address.qualname}"
        + (f" and {len({m.by.address for m in found}) - 1} more" if len({m.by.address for m in found}) > 1 else ""),
        reason=f"a change of {what.replace('.[]', '[...]')} stays in the test that makes it",
        subject=ctx.subject(fixture),
        primary=ctx.at(fixture, f"made once for each {fixture.scope}, used by {len(ctx.graph.tests_using(fixture))} tests"),
        related=tuple(changed_at(found, "changed")),
        severity=Severity.WARNING,
        confidence=Confidence.HIGH if first.effect.kind in strong else Confidence.MEDIUM,
        applicability=Applicability.DISPLAY_ONLY if lasting else Applicability.UNSAFE,
        strategy=Strategy.NONE if lasting else Strategy.NARROW,
        caveat=lasting or "a test may rely on what an earlier one left in the object",
        parts=() if lasting else _parts(ctx, found),
    )
    if told and all(t.function.address in {m.by.address for m in found} for t in ctx.graph.tests_using(fixture)):
        return doubtful(finding, "each test that uses it calls such a method itself: it may set anew what it looks at")
    by_methods = not any(m.effect.kind in strong or m.part or _holds(ctx, fixture) for m in found)
    looked_at = next(ctx.onlookers.of(fixture, found, plainly=by_methods), None)
    if looked_at is None:
        by = ", by a method of it" if by_methods else ""
        return doubtful(finding, f"no other test is seen to look at what is changed{by} before it is set anew")
    return replace(finding, related=(*finding.related, looked_at))


RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a test sets an item of a module-scoped dict",
            files="""\
# --- test_cart.py
import pytest


@pytest.fixture(scope="module")
def cart():
    return {"apples": 1}


def test_add(cart):
    cart["pears"] = 2
    assert len(cart) == 2


def test_initial(cart):
    assert "apples" in cart
""",
            codes=(_CODE,),
            unsafe=True,
            after='''\
# --- test_cart.py
import pytest


@pytest.fixture(scope="function")
def cart():
    """Function-scoped so that a change of cart stays in the test that makes it."""
    return {"apples": 1}


def test_add(cart):
    cart["pears"] = 2
    assert len(cart) == 2


def test_initial(cart):
    assert "apples" in cart
''',
        ),
        Example(
            name="a helper that appends counts",
            files="""\
# --- test_cart.py
import pytest


@pytest.fixture(scope="module")
def cart():
    return ["apples"]


def add(items, name):
    items.append(name)


def test_add(cart):
    add(cart, "pears")
    assert "pears" in cart


def test_initial(cart):
    assert "apples" in cart
""",
            codes=(_CODE,),
            unsafe=True,
        ),
        Example(
            name="a method called for its effect counts when it writes self",
            files="""\
# --- machine.py
class Machine:
    def __init__(self):
        self.level = "off"

    def select(self, level):
        self.level = level

    def show(self):
        return self.level
# --- test_machine.py
import pytest

from machine import Machine


@pytest.fixture(scope="module")
def machine():
    return Machine()


def test_select(machine):
    machine.select("high")
    assert machine.show() == "high"


def test_show(machine):
    assert machine.level in {"off", "high"}
""",
            codes=(_CODE,),
            unsafe=True,
        ),
        Example(
            name="reading is silent",
            files="""\
# --- test_cart.py
import pytest


@pytest.fixture(scope="module")
def cart():
    return {"apples": 1}


def test_copy(cart):
    mine = dict(cart)
    mine["pears"] = 2
    assert "pears" not in cart


def test_initial(cart):
    assert "apples" in cart
""",
        ),
        Example(
            name="HTTP verbs of a client are silent",
            files="""\
# --- test_http.py
import pytest


class Client:
    def put(self, path):
        return path

    def delete(self, path):
        return path


@pytest.fixture(scope="module")
def client():
    return Client()


def test_put(client):
    assert client.put("/a")


def test_delete(client):
    assert client.delete("/a")
""",
        ),
    ),
)
