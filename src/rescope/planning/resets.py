"""A leaking singleton to the reset fixture that cures it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rescope.facts.verbs import is_back
from rescope.graph.reach import Reaching
from rescope.model.address import Address
from rescope.model.edit import AddResetFixture, ResetKind, ResetStep
from rescope.model.facts import Call, EffectKind, FixtureDef, Function, Root, Target, ValueKind
from rescope.model.state import Role, Shape, Singleton
from rescope.packs import match
from rescope.planning.conftest_target import ResetPlace, fixture_name
from rescope.rule import RuleContext

_WHOLE: Mapping[Shape, ResetKind] = {
    Shape.CACHED_FACTORY: ResetKind.CACHE_CLEAR,
    Shape.INSTANCE: ResetKind.OBJECT,
    Shape.CONTEXT: ResetKind.CONTEXT,
}
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "request", "open"})
_LASTING = frozenset({Root.GLOBAL, Root.IMPORTED, Root.CLS})
_XUNIT = frozenset({"setup_module", "setup_class", "setUpClass", "setUpModule", "setup_function"})


@dataclass(slots=True, kw_only=True)
class Suspects:
    """What of the whole project may stand in the way of a reset, worked out once for all resets."""

    ctx: RuleContext
    early: tuple[Address, ...] | None = None
    computing: frozenset[Address] | None = None
    holders: tuple[tuple[Address, str], ...] | None = None
    readers: tuple[tuple[str, frozenset[Address]], ...] | None = None
    fillers: dict[Address, str] = field(default_factory=dict)

    def early_functions(self) -> tuple[Address, ...]:
        """Hooks, autouse fixtures and xunit set-up of the tests, in order."""
        if self.early is None:
            autouse = {f.function.address for f in self.ctx.graph.definitions() if self.ctx.graph.autouse(f)}
            functions = {f.address for path in self.ctx.tests for f in self.ctx.index.modules[path].functions}
            named = {a for a in functions if a.name in _XUNIT or a.name.startswith("pytest_")}
            self.early = tuple(sorted(named | {a for a in autouse if a.path in self.ctx.tests}))
        return self.early

    def computing_functions(self) -> frozenset[Address]:
        """Those of the early functions that call something of a module by a computed name."""
        if self.computing is None:
            self.computing = frozenset(a for a in self.early_functions() if _calls_computed(self.ctx, a))
        return self.computing

    def holding_functions(self) -> tuple[tuple[Address, str], ...]:
        """Functions that may keep what they got from a getter, in order, each with the reason."""
        if self.holders is None:
            addresses = {f.address for module in self.ctx.index.modules.values() for f in module.functions}
            reasons = ((address, _holds(self.ctx, address)) for address in addresses)
            self.holders = tuple(sorted((address, reason) for address, reason in reasons if reason))
        return self.holders

    def mere_readers(self) -> tuple[tuple[str, frozenset[Address]], ...]:
        """Tests that ask functions of the project and do nothing else with it, in order, each with what it asks."""
        if self.readers is None:
            asked = ((test.id, _asked(self.ctx, test.function)) for test in self.ctx.graph.tests)
            self.readers = tuple((name, functions) for name, functions in asked if functions)
        return self.readers

    def unknown_call(self, fixture: FixtureDef) -> str:
        """What of a broad fixture may run code of the program unseen, "" for nothing."""
        if fixture.address not in self.fillers:
            self.fillers[fixture.address] = _unknown_call(self.ctx, fixture)
        return self.fillers[fixture.address]


def reset_fixture(ctx: RuleContext, singleton: Singleton, target: ResetPlace, narrowed: frozenset[Address]) -> tuple[AddResetFixture, str]:
    """The edit, and a note on the policy where it is not "initial value before and after" ("" otherwise)."""
    broad = _broad_writer(ctx, singleton, narrowed)
    steps = tuple(_steps(singleton, target.module, snapshot=bool(broad)))
    edit = AddResetFixture(
        path=target.path,
        name=fixture_name(ctx, singleton, target.path),
        doc=_doc(singleton, target),
        steps=steps,
        direct_import=target.direct_import,
        creates_file=target.creates_file,
    )
    kept = broad and any(step.kind is ResetKind.SNAPSHOT for step in steps)
    note = f"restores what was there before each test, since {broad} may fill it at a broader scope" if kept else ""
    return edit, note


def _steps(singleton: Singleton, module: str, *, snapshot: bool) -> Iterable[ResetStep]:
    match singleton.shape:
        case Shape.CACHED_FACTORY | Shape.INSTANCE | Shape.CONTEXT as shape:
            yield ResetStep(kind=_WHOLE[shape], module=module, name=singleton.name)
        case Shape.CONTAINER:
            yield ResetStep(kind=ResetKind.CONTAINER, module=module, name=singleton.name, container=singleton.container)
        case Shape.CLASS_ATTRIBUTE:
            plain = ResetKind.CLASS_SLOT if singleton.subclassed else ResetKind.INITIAL
            kind = ResetKind.SNAPSHOT if snapshot else plain
            yield ResetStep(kind=kind, module=module, name=singleton.name, initial=singleton.group[0][1])
        case Shape.LAZY_GLOBAL if singleton.reset_function and not snapshot:
            yield ResetStep(kind=ResetKind.CALL, module=module, name=singleton.reset_function)
        case Shape.LAZY_GLOBAL | Shape.WRITTEN as shape:
            kind = ResetKind.SNAPSHOT if snapshot or shape is Shape.WRITTEN else ResetKind.INITIAL
            for name, initial in singleton.group:
                yield ResetStep(kind=kind, module=module, name=name, initial=initial)


def _doc(singleton: Singleton, target: ResetPlace) -> str:
    module = target.module.rpartition(".")[2]
    names = " and ".join(name for name, _ in singleton.group)
    match singleton.shape:
        case Shape.CACHED_FACTORY:
            return f"Clear the cache of {module}.{names}, which would outlive the test."
        case Shape.INSTANCE:
            return f"Restore what {module}.{names} holds, which would outlive the test."
        case Shape.CONTAINER | Shape.WRITTEN | Shape.CONTEXT:
            return f"Restore {module}.{names}, which would outlive the test."
    return f"Reset {module}.{names}, which would outlive the test."


def _broad_writer(ctx: RuleContext, singleton: Singleton, narrowed: frozenset[Address]) -> str:
    """A fixture or xunit function of a broader scope that may fill the state: resetting to initial would break it."""
    reaching = ctx.calls.reaching(w.function for w in singleton.writers if w.role is not Role.RESET)
    for fixture in ctx.broad_fixtures():
        if fixture.address not in narrowed and fixture.function.address in reaching and ctx.graph.tests_using(fixture):
            return f"'{ctx.graph.name_of(fixture)}' ({fixture.scope}-scoped)"
    return ""


def blocks_reset(suspects: Suspects, singleton: Singleton, narrowed: frozenset[Address]) -> str:
    """Why a reset could break tests that pass, "" if all that may hold or fill the state is known, and harmless."""
    ctx = suspects.ctx
    writers = {w.function for w in singleton.writers if w.role is not Role.RESET}
    reaching = ctx.calls.reaching(writers)
    held = writers & ctx.calls.import_time
    if held:
        return f"{min(held).qualname}() runs while modules are imported, and what it gave out may be kept"
    if singleton.set_by_set_up:
        at = singleton.set_by_set_up[0]
        return f"{at.path}:{at.line} sets it up for more than one test"
    return (
        _set_up_code(suspects, reaching)
        or _holder(suspects, singleton, reaching)
        or _other_half(ctx, singleton)
        or _mere_reader(suspects, writers)
        or _unknown_filler(suspects, narrowed)
    )


def renewed_by_tests(ctx: RuleContext, singleton: Singleton) -> str:
    """Where tests put another object in place of the state, "" if they do not: what they did to the old one would come back with it."""
    functions = (f for path in sorted(ctx.tests) for f in ctx.index.functions[path].values())
    renewed = (f"{f.address.path}:{line} {text}" for f in functions for line, text in _renewing(ctx, singleton, f))
    return next(renewed, "")


def _renewing(ctx: RuleContext, singleton: Singleton, function: Function) -> Iterator[tuple[int, str]]:
    resets = {w.function for w in singleton.writers if is_back(w.function.name)}
    for call in function.calls:
        callee = ctx.flow.callee(function, call) if any(call.callee.dotted.endswith(address.name) for address in resets) else None
        if callee is not None and callee.address in resets:
            yield call.line, f"{call.callee.dotted}()"
    state = {(singleton.address.path, name) for name, _ in singleton.group}
    began = min((call.line for call in function.calls), default=function.end_line)
    for effect in function.effects:
        if effect.kind is EffectKind.SET_ATTR and effect.line > began and ctx.index.target(effect.target, function.address.path) in state:
            yield effect.line, effect.text


def _set_up_code(suspects: Suspects, reaching: Reaching) -> str:
    """Hooks, autouse fixtures and xunit set-up that run before the reset, or once for many tests, and reach the state."""
    computing = suspects.computing_functions()
    found = next((a for a in suspects.early_functions() if a in reaching or a in computing), None)
    return f"{found.path}::{found.qualname}() reaches it before a reset would run, or for many tests at once" if found else ""


def _calls_computed(ctx: RuleContext, address: Address) -> bool:
    """Whether a function calls something of a module by a computed name: that may be anything of it."""
    function = ctx.index.functions[address.path][address.qualname]
    return any(c.callee.root is Root.IMPORTED and c.callee.dotted.endswith(".[]") for c in function.calls)


def _holder(suspects: Suspects, singleton: Singleton, reaching: Reaching) -> str:
    """Code that may keep what the getter returned in something else that outlives a test."""
    own = {w.function for w in singleton.writers}
    return next((reason for address, reason in suspects.holding_functions() if address in reaching and address not in own), "")


def _holds(ctx: RuleContext, address: Address) -> str:
    """Why a function may keep what it got, "" if it keeps nothing that lasts."""
    function = ctx.index.functions[address.path][address.qualname]
    if any("cache" in d.rpartition(".")[2] for d in function.decorators):
        return f"{address.qualname}() is cached, and may keep what it got"
    if any(e.target.root in _LASTING and e.undone_at is None and not e.after_yield for e in function.effects):
        return f"{address.qualname}() changes other lasting state, and may keep what it got"
    return ""


def _other_half(ctx: RuleContext, singleton: Singleton) -> str:
    """Other names of the same module or class that functions write: a reset of one of them may be half a reset."""
    group = {name for name, _ in singleton.group}
    prefix = singleton.name.rpartition(".")[0]
    for function in ctx.index.modules[singleton.address.path].functions:
        for effect in function.effects:
            binds = effect.kind is EffectKind.BIND and effect.target.root is Root.GLOBAL
            slot = effect.kind is EffectKind.SET_ATTR and effect.target.root is Root.CLS and bool(prefix)
            name = f"{prefix}.{effect.target.tail}" if slot else effect.target.dotted
            if (binds or slot) and name not in group and singleton.shape is not Shape.CACHED_FACTORY:
                return f"{function.address.qualname}() also writes {name}, which a reset would leave as it is"
    return ""


def _unknown_filler(suspects: Suspects, narrowed: frozenset[Address]) -> str:
    ctx = suspects.ctx
    for fixture in ctx.broad_fixtures():
        if fixture.address not in narrowed and ctx.graph.tests_using(fixture):
            unknown = suspects.unknown_call(fixture)
            if unknown:
                return f"'{ctx.graph.name_of(fixture)}' stays {fixture.scope}-scoped and may fill it through {unknown}"
    return ""


def _unknown_call(ctx: RuleContext, fixture: FixtureDef) -> str:
    """What of a broad fixture may run code of the program unseen, "" if it runs only what can be followed.

    A request through a client, a stored callable, an object of the program that is entered, called or handed on.
    """
    for target in sorted(fixture.function.mentions, key=lambda t: t.dotted):
        found = ctx.index.variable(ctx.index.target(target, fixture.function.address.path))
        if found is not None and found[0].value.kind is ValueKind.CALL and found[0].address.path not in ctx.tests:
            return target.dotted
    for address in sorted(ctx.calls.reached([fixture.function])):
        function = ctx.index.functions[address.path].get(address.qualname)
        for call in function.calls if function else ():
            unseen = _runs_unseen(ctx, function, call) if function else ""
            if unseen:
                return unseen
    return ""


def _runs_unseen(ctx: RuleContext, function: Function, call: Call) -> str:
    name = call.callee.dotted
    if call.callee.root in {Root.LOCAL, Root.ARGUMENT} and "." not in name and not call.nested:
        return f"{name}()"
    if name.endswith(".[]") or name.startswith("importlib.") or name in {"exec", "eval", "getattr"}:
        return f"{name.removesuffix('.[]')}()"
    if name.rpartition(".")[2] in _VERBS and any(s.startswith(("/", "http")) for s in call.strings):
        return f"{name}()"
    path = function.address.path
    owner = ctx.index.target(call.callee, path)
    known = ctx.flow.callee(function, call) is not None or match(name, ctx.packs.infrastructure) is not None
    if owner is not None and not known:
        return f"{name}()"
    handed = (t.dotted for _, t in call.passes if _is_program(ctx, t, path))
    return next((f"{name}({argument})" for argument in handed), "")


def _is_program(ctx: RuleContext, target: Target, path: str) -> bool:
    """Whether an argument is a function, a class or an object of the program."""
    found = ctx.index.target(target, path)
    if found is None or (found.path in ctx.tests and found.name in ctx.index.variables[found.path]):
        return False
    variable = ctx.index.variable(found)
    return variable is None or variable[0].value.kind is ValueKind.CALL


def _mere_reader(suspects: Suspects, writers: set[Address]) -> str:
    """A test that asks the getter, looks into what it got, and does nothing else with the project."""
    found = next((test for test, asked in suspects.mere_readers() if asked <= writers), "")
    return f"{found} only reads it, and may rely on what an earlier test left" if found else ""


def _asked(ctx: RuleContext, function: Function) -> frozenset[Address]:
    """The functions of the project that a test asks, if it looks into what it gets and does nothing else with the project."""
    if any(c.discarded for c in function.calls) or _writes_through(function):
        return frozenset()
    callees = [(c, ctx.flow.callee(function, c)) for c in function.calls]
    known = [(c, f) for c, f in callees if f is not None]
    looks = len(known) == 1 or any(c.looked_into for c, _ in known)
    return frozenset(f.address for _, f in known) if looks else frozenset()


def _writes_through(function: Function) -> bool:
    return any(e.target.root is not Root.LOCAL for e in function.effects)
