"""What narrowing a fixture may break: reasons to refuse, and reasons to call the edit unsafe."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from rescope.facts.verbs import ENDS
from rescope.graph.fixture_graph import TestNode
from rescope.model.facts import REQUEST_ATTRIBUTES, Call, Effect, EffectKind, FixtureDef, Function, Root, ValueKind
from rescope.model.scope import Scope
from rescope.packs import match
from rescope.planning.repeating import refused_twice, registers_again, removes_what_it_finds, stays_open, tidies_first
from rescope.planning.undoing import assigning_teardown, replaces_container
from rescope.rule import RuleContext

_READS = frozenset(
    [
        "get",
        "head",
        "options",
        "json",
        "keys",
        "values",
        "items",
        "copy",
        "begin",
        "connect",
        "cursor",
        "close",
        "exists",
        "joinpath",
        "read_text",
    ],
)
_BOUND_TO_LOOP = frozenset({"asyncio.Future", "asyncio.StreamReader", "asyncio.ensure_future", "asyncio.gather", "asyncio.wrap_future"})
_HELPER_DEPTH = 3
_ORDERS = re.compile(r"(^|_)(create|launch|provision|spawn|boot|deploy|allocate)(_|$)")
_STARTS = frozenset({"start", "start_server", "launch", "spawn", "serve"})
_DOUBLES = frozenset({"unittest", "mock", "requests_mock", "responses", "respx", "freezegun", "time_machine", "moto", "httpretty"})
_REMOVALS = frozenset({"clear"})


@dataclass(slots=True, kw_only=True)
class Unseen:
    """Who requests fixtures in ways that only running the project can tell, worked out once for all fixtures."""

    ctx: RuleContext
    computing: tuple[FixtureDef, ...] | None = None
    given: str | None = None

    def by_computed_names(self) -> tuple[FixtureDef, ...]:
        """The broad fixtures that request others by computed names."""
        if self.computing is None:
            self.computing = tuple(f for f in self.ctx.broad_fixtures() if _computes_names(self.ctx, f))
        return self.computing

    def hypothesis_test(self) -> str:
        """The first Hypothesis test whose marks are computed, "" if there is none."""
        if self.given is None:
            self.given = next((t.id for t in self.ctx.graph.tests if t.function.given and t.marks.computed), "")
        return self.given


def refusal(unseen: Unseen, fixture: FixtureDef, steps: Iterable[FixtureDef]) -> str:
    """Why the fixture must not be narrowed at all, "" if it may: each would change what the fixture means."""
    ctx = unseen.ctx
    name = ctx.graph.name_of(fixture)
    if fixture.editable:
        return f"{fixture.editable}"
    if ctx.index.modules[fixture.address.path].generated:
        return f"{fixture.address.path} is a generated file"
    uncertain = ctx.graph.uncertain(fixture)
    if uncertain:
        return f"who requests '{name}' is not certain: {uncertain[0]}"
    plugin = _unseen_plugin(ctx, fixture, steps)
    if plugin:
        return plugin
    bound = REQUEST_ATTRIBUTES & set(_read_of_request(ctx, fixture.function, "request", _HELPER_DEPTH))
    if bound == {"cls"} and fixture.scope is Scope.CLASS:
        return f"'{name}' uses request.cls, and what belongs to the class is not made anew for each test"
    if bound:
        return f"'{name}' uses request.{min(bound)}, which means something else at function scope"
    reasons = (
        f"a comment at '{name}' speaks of its scope: {fixture.remark}" if fixture.remark else "",
        _plugin_asks(ctx, fixture),
        _once(ctx, fixture),
        refused_twice(ctx, fixture),
        registers_again(ctx, fixture),
        removes_what_it_finds(ctx, fixture),
        tidies_first(fixture.function),
        stays_open(fixture.function),
        replaces_container(ctx, fixture),
        _given(unseen, fixture),
        _parametrize_scope(ctx, fixture),
        _loop(ctx, fixture),
        _dear(ctx, fixture, steps),
        _computed_requests(unseen, fixture, steps),
        _clears_others(ctx, fixture, steps),
        _prepares(ctx, fixture, steps),
    )
    return next(filter(None, reasons), "")


def _dear(ctx: RuleContext, fixture: FixtureDef, steps: Iterable[FixtureDef]) -> str:
    """What each test would have to wait or pay for, unless the configuration asks for narrowing by name.

    What is made through a client that stays broad, and ended behind the yield, may be a machine, a project or a row somewhere else.
    """
    if ctx.settings.strategy == "narrow":
        return ""
    waits = ctx.waits(fixture.function)
    if waits is not None:
        return f"each test would wait for it: {waits[1].path}:{waits[1].line} {waits[1].note}"
    started = _starts(fixture.function)
    if started:
        return f"each test would start one, by {started}(), and end it"
    narrowed = {f.address for f in steps}
    ended = fixture.function.yields_at is not None and fixture.function.yields_at < fixture.function.end_line
    for call in fixture.function.calls if ended else ():
        verb = call.callee.dotted.rpartition(".")[2]
        if call.callee.root is Root.ARGUMENT and _ORDERS.search(verb) and not (call.after_yield or call.nested):
            for source in ctx.graph.resolves(fixture.function, call.callee.head):
                if source.address not in narrowed and source.scope is not Scope.FUNCTION:
                    name = ctx.graph.name_of(source)
                    return f"each test would order one from '{name}', which stays broad: {fixture.address.path}:{call.line} {verb}()"
    return ""


def _starts(function: Function) -> str:
    """How the set-up starts what it hands out, where the teardown ends this: a server or the like; "" if it does not. Patches are none."""
    made = {v.target for v in function.values if v.kind is ValueKind.CALL and v.target is not None}
    names = {target.dotted for target in made if target.dotted.partition(".")[0] not in _DOUBLES}
    ended = any(c.after_yield and c.receiver in names and c.callee.tail in ENDS for c in function.calls)
    told = [(target.dotted, method) for target, method in function.handled]
    told += [(c.receiver, c.callee.tail) for c in function.calls if not c.after_yield]
    return next((method for name, method in told if ended and name in names and method in _STARTS), "")


def _prepares(ctx: RuleContext, fixture: FixtureDef, steps: Iterable[FixtureDef]) -> str:
    """Whether an autouse fixture is set up before other broad ones that do not request it, and may count on what it did."""
    if not ctx.graph.autouse(fixture):
        return ""
    users = {t.id for t in ctx.graph.tests_using(fixture)}
    apart = {f.address for f in steps} | {fixture.address}
    for other in ctx.broad_fixtures():
        after = isinstance(other.scope, Scope) and isinstance(fixture.scope, Scope) and other.scope <= fixture.scope
        if after and other.address not in apart and other.function.address != fixture.function.address:
            asked = ctx.graph.name_of(other) in fixture.argnames
            if not asked and any(t.id in users for t in ctx.graph.tests_using(other)):
                return f"it is autouse: '{ctx.graph.name_of(other)}', which is set up after it, would be set up before it"
    return ""


def _read_of_request(ctx: RuleContext, function: Function, name: str, depth: int) -> Iterator[str]:
    """The attributes of pytest's `request` that a function reads of its parameter, or a helper that it hands it on to."""
    yield from (read.partition(".")[2] for read in function.request_attributes if read.startswith(f"{name}."))
    for call in function.calls if depth else ():
        for helper, param, _ in ctx.flow.handed(function, call, name):
            yield from _read_of_request(ctx, helper, param, depth - 1)


def _plugin_asks(ctx: RuleContext, fixture: FixtureDef) -> str:
    """Whether a plugin outside the project may request the fixture: for an override of its own, or where nobody else does."""
    for name in set(ctx.graph.names_of(fixture)) & set(fixture.argnames):
        if not ctx.graph.resolves(fixture.function, name):
            return f"'{name}' overrides a fixture of a plugin, which may request it at {fixture.scope} scope"
    if not ctx.graph.tests_using(fixture) and not ctx.graph.requested_by(fixture):
        return f"nothing in the project requests '{ctx.graph.name_of(fixture)}': only a plugin may"
    return ""


def _unseen_plugin(ctx: RuleContext, fixture: FixtureDef, steps: Iterable[FixtureDef]) -> str:
    """A module that may be a plugin, where pytest_plugins is computed, and has a broad fixture that would request this one.

    Test files are none.
    """
    computed = _computed_plugins(ctx)
    if not computed:
        return ""
    names, narrowed, collected = set(ctx.graph.names_of(fixture)), {f.address for f in steps}, ctx.test_files()
    for module in ctx.index.modules.values():
        if module.path in collected:
            continue  # a file that pytest collects tests from is hardly a plugin too
        asks = any(
            f.address not in narrowed and f.scope is not Scope.FUNCTION and (names & _requested(f) or _computes_names(ctx, f))
            for f in module.fixtures
        )
        if asks or module.failure or any(f.makes_fixtures for f in module.functions):
            return f"{computed} computes pytest_plugins, and {module.path} may be one that requests '{ctx.graph.name_of(fixture)}'"
    return ""


def _computed_plugins(ctx: RuleContext) -> str:
    return next((m.path for m in ctx.index.modules.values() if m.plugins_unknown), "")


def _requested(fixture: FixtureDef) -> set[str]:
    return {*fixture.argnames, *fixture.function.requested}


def _computed_requests(unseen: Unseen, fixture: FixtureDef, steps: Iterable[FixtureDef]) -> str:
    """A fixture that stays broad and may ask for this one by a name that only running it can tell."""
    narrowed = {f.address for f in steps}
    for other in unseen.by_computed_names():
        if other.address not in narrowed and _in_sight(unseen.ctx, other, fixture):
            return f"'{unseen.ctx.graph.name_of(other)}' stays broad and requests fixtures by computed names"
    return ""


def _computes_names(ctx: RuleContext, fixture: FixtureDef) -> bool:
    """Whether the fixture asks by anything but a literal, or what it hands `request` to may ask."""
    return fixture.function.requests_unknown or _hands_to_asker(ctx, fixture.function, {"request"}, _HELPER_DEPTH)


def _hands_to_asker(ctx: RuleContext, function: Function, arguments: Collection[str], depth: int) -> bool:
    """Whether a function or class of the project that gets one of the arguments calls getfixturevalue, or hands it on to one that does."""
    for call in function.calls:
        if any(target.root is Root.ARGUMENT and target.dotted in arguments for _, target in call.passes):
            for helper in _getting(ctx, function, call):
                asks = any(c.callee.dotted.endswith(".getfixturevalue") for c in helper.calls)
                if asks or (depth and helper.address != function.address and _hands_to_asker(ctx, helper, helper.params, depth - 1)):
                    return True
    return False


def _getting(ctx: RuleContext, function: Function, call: Call) -> Iterator[Function]:
    """The function that a call reaches; all methods of a class, which may keep what its instance is made with."""
    klass = ctx.index.class_at(ctx.index.target(call.callee, function.address.path))
    if klass is not None:
        for owner in ctx.flow.namespaces.mro(klass):
            names = ctx.index.functions[owner.address.path].items()
            yield from (method for name, method in names if name.startswith(f"{owner.address.qualname}."))
    helper = None if klass else ctx.flow.called(function, call)
    if helper is not None:
        yield helper


def _in_sight(ctx: RuleContext, requester: FixtureDef, fixture: FixtureDef) -> bool:
    """Whether a test that sets the requester up sees the fixture."""
    bases = {r.baseid for r in ctx.graph.by_definition.get(fixture.address, ())}
    ids = {t.id for t in ctx.graph.tests_using(requester)}
    return any(not base or test.startswith((f"{base}/", f"{base}::")) for base in bases for test in ids)


def _once(ctx: RuleContext, fixture: FixtureDef) -> str:
    for call in fixture.function.calls:
        because = match(call.callee.dotted, ctx.packs.once)
        if because:
            return f"{call.callee.dotted}() {because}, which happens once in a process"
    return ""


def _given(unseen: Unseen, fixture: FixtureDef) -> str:
    """Hypothesis refuses function-scoped fixtures in the signature of a test (function_scoped_fixture)."""
    ctx = unseen.ctx
    names = set(ctx.graph.names_of(fixture))
    for test in ctx.graph.tests_using(fixture):
        if test.function.given and names & set(test.argnames):
            return f"{test.id} is a Hypothesis test, which refuses function-scoped fixtures in its signature"
    computed = unseen.hypothesis_test()
    return f"{computed} is a Hypothesis test, which refuses function-scoped fixtures, and its marks are computed" if computed else ""


def _parametrize_scope(ctx: RuleContext, fixture: FixtureDef) -> str:
    names = set(ctx.graph.names_of(fixture))
    for test in ctx.graph.tests_using(fixture):
        for mark in test.marks.parametrize:
            if names & set(mark.argnames) and ((mark.scope is not None and mark.scope > Scope.FUNCTION) or mark.indirect is None):
                return f"{test.id} parametrizes it with a scope of its own"
    return ""


def _clears_others(ctx: RuleContext, fixture: FixtureDef, steps: Iterable[FixtureDef]) -> str:
    """A teardown that clears everything would, after each test, also clear what a fixture that stays broad has set."""
    narrowed = {f.address for f in steps}
    for effect in fixture.function.effects:
        if not (effect.after_yield and effect.how in _REMOVALS) or effect.target.root is Root.LOCAL:
            continue
        for other in ctx.broad_fixtures():
            if other.address not in narrowed and any(_sets(e, effect) for e in other.function.effects):
                return f"its teardown clears {effect.target.dotted}, where '{ctx.graph.name_of(other)}' stays broad and sets an entry"
    return ""


def _sets(effect: Effect, cleared: Effect) -> bool:
    same = effect.target.dotted.rpartition(".")[2] == cleared.target.dotted.rpartition(".")[2]
    return same and not effect.after_yield and effect.kind in {EffectKind.SET_ITEM, EffectKind.MUTATE} and effect.how not in _REMOVALS


def _loop(ctx: RuleContext, fixture: FixtureDef) -> str:
    """An async fixture must stay on the event loop that its scope chose, or what it made is used from another one."""
    if not fixture.function.is_async:
        return _binds_loop(fixture)
    if not fixture.creator.startswith("pytest_asyncio"):
        if ctx.ini.asyncio_mode != "auto":
            return "it is async, and the plugin that runs it keeps one event loop for as long as its scope lasts"
        if needs_loop_scope(ctx, fixture):
            return "it is async, and its plain pytest.fixture decorator cannot name the event loop that it must stay on"
    if needs_loop_scope(ctx, fixture) and not _knows_loop_scope(ctx):
        return "it is async, and only loop_scope keeps its event loop, which needs a requirement on pytest-asyncio>=0.24"
    return ""


def _binds_loop(fixture: FixtureDef) -> str:
    """A plain fixture whose value belongs to the event loop that is current when it is made."""
    for call in fixture.function.calls:
        if call.callee.dotted in _BOUND_TO_LOOP and not call.after_yield:
            return f"{call.callee.dotted}() belongs to the event loop that is current when '{fixture.address.name}' is set up"
    return ""


def needs_loop_scope(ctx: RuleContext, fixture: FixtureDef) -> bool:
    """Whether pytest-asyncio derives the loop from the fixture's scope, so that narrowing would move it."""
    asyncio = fixture.creator.startswith("pytest_asyncio") or ctx.ini.asyncio_mode == "auto"
    return fixture.function.is_async and asyncio and fixture.loop_scope is None and not ctx.ini.asyncio_fixture_loop_scope


def _knows_loop_scope(ctx: RuleContext) -> bool:
    """Whether the project says, by what it requires or uses, that its pytest-asyncio has `loop_scope`."""
    return ctx.ini.asyncio_loop_scopes or any(f.loop_scope is not None for f in ctx.graph.definitions())


def caveats(ctx: RuleContext, fixture: FixtureDef) -> Iterator[str]:
    """Why narrowing this fixture may do more than isolate; each makes the edit unsafe."""
    name = ctx.graph.name_of(fixture)
    if ctx.graph.autouse(fixture):
        yield f"'{name}' is autouse: it would run for every test below {PurePosixPath(fixture.address.path).parent}"
    yield from _unseen_users(ctx, fixture)
    if fixture.params:
        yield f"'{name}' has params: the order of tests changes"
    if fixture.function.is_async:
        yield f"'{name}' is async: what it opens is closed after each test"
    slow = ctx.costly(fixture.function)
    if slow:
        yield f"'{name}' {slow[0]}: for each test that costs time"
    told = _tells_others(ctx, fixture)
    if told:
        yield f"'{name}' calls {told}(), which may not bear to be called for each test"
    yield from assigning_teardown(ctx, fixture)
    for argument in fixture.argnames:
        if len(ctx.graph.resolves(fixture.function, argument)) > 1:
            yield f"'{argument}' is overridden below: each test would get its own override through '{name}'"
    dynamic = next((f for f in ctx.broad_fixtures() if any(_passes_request(call) for call in f.function.calls)), None)
    if dynamic is not None:
        yield f"'{ctx.graph.name_of(dynamic)}' stays broad and hands request to a function, which may request fixtures by computed names"
    yield from _shared_set_up(ctx, fixture)


def _unseen_users(ctx: RuleContext, fixture: FixtureDef) -> Iterator[str]:
    """What may use the fixture unseen: nobody's scope depends on it, but what it does may."""
    computed, asked = _computed_plugins(ctx), ctx.graph.asked_otherwise(fixture)
    if computed:
        yield f"{computed} computes pytest_plugins: what these do with '{ctx.graph.name_of(fixture)}' is not known"
    if asked:
        yield asked


def _tells_others(ctx: RuleContext, fixture: FixtureDef) -> str:
    """A call of the set-up, helpers included, that may change something outside the fixture; "" if there is none.

    Requests that only read, and what sets the overrides themselves, are fine; anything else told to an object that the
    fixture did not make (a row, a registration, a start-up) may refuse to happen twice.
    """
    for function in (fixture.function, *ctx.helpers(fixture.function)):
        for call in function.calls:
            receiver, _, method = call.callee.dotted.rpartition(".")
            if call.after_yield or call.nested or not receiver or method in _READS or receiver.split(".")[-1] in ctx.packs.overrides:
                continue
            if call.callee.root is Root.ARGUMENT and call.callee.head not in {"request", "monkeypatch", "self"}:
                return call.callee.dotted
            found = ctx.index.variable(ctx.index.target(call.callee, function.address.path))
            if found is not None and found[1]:
                return call.callee.dotted
    return ""


def _passes_request(call: Call) -> bool:
    """Whether the callee gets `request`, and may ask for any fixture."""
    return any(target.dotted == "request" for _, target in call.passes)


def _shared_set_up(ctx: RuleContext, fixture: FixtureDef) -> Iterator[str]:
    """Other code of a broad scope that calls this fixture's function directly, or xunit set-up beside it."""
    for test in ctx.graph.tests_using(fixture):
        if test.classes and isinstance(fixture.scope, Scope) and fixture.scope >= Scope.CLASS and _has_class_setup(ctx, test):
            yield f"{test.path}::{test.classes[-1]} has a setup_class, which would now run before '{ctx.graph.name_of(fixture)}'"
            return


def _has_class_setup(ctx: RuleContext, test: TestNode) -> bool:
    names = ctx.index.functions[test.path]
    prefix = ".".join(test.classes)
    return any(f"{prefix}.{name}" in names for name in ("setup_class", "setUpClass"))
