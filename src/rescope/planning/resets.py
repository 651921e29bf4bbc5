"""A leaking singleton to the reset fixture that cures it."""

from collections.abc import Iterable

from rescope.model.address import Address
from rescope.model.edit import AddResetFixture, ResetKind, ResetStep
from rescope.model.facts import FixtureDef, Root
from rescope.model.state import Role, Shape, Singleton
from rescope.planning.conftest_target import Target, fixture_name
from rescope.rule import RuleContext

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "request", "open"})
_XUNIT = frozenset({"setup_module", "setup_class", "setUpClass", "setUpModule"})


def reset_fixture(ctx: RuleContext, singleton: Singleton, target: Target, narrowed: frozenset[Address]) -> tuple[AddResetFixture, str]:
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
        case Shape.CACHED_FACTORY:
            yield ResetStep(kind=ResetKind.CACHE_CLEAR, module=module, name=singleton.name)
        case Shape.CONTAINER:
            yield ResetStep(kind=ResetKind.CONTAINER, module=module, name=singleton.name, container=singleton.container)
        case Shape.CLASS_ATTRIBUTE:
            plain = ResetKind.CLASS_SLOT if singleton.subclassed else ResetKind.INITIAL
            kind = ResetKind.SNAPSHOT if snapshot else plain
            yield ResetStep(kind=kind, module=module, name=singleton.name, initial=singleton.group[0][1])
        case Shape.WRITTEN:
            for name, initial in singleton.group:
                yield ResetStep(kind=ResetKind.SNAPSHOT, module=module, name=name, initial=initial)
        case Shape.LAZY_GLOBAL if singleton.reset_function and not snapshot:
            yield ResetStep(kind=ResetKind.CALL, module=module, name=singleton.reset_function)
        case Shape.LAZY_GLOBAL:
            kind = ResetKind.SNAPSHOT if snapshot else ResetKind.INITIAL
            for name, initial in singleton.group:
                yield ResetStep(kind=kind, module=module, name=name, initial=initial)


def _doc(singleton: Singleton, target: Target) -> str:
    module = target.module.rpartition(".")[2]
    names = " and ".join(name for name, _ in singleton.group)
    match singleton.shape:
        case Shape.CACHED_FACTORY:
            return f"Clear the cache of {module}.{names}, which would outlive the test."
        case Shape.CONTAINER | Shape.WRITTEN:
            return f"Restore {module}.{names}, which would outlive the test."
    return f"Reset {module}.{names}, which would outlive the test."


def _broad_writer(ctx: RuleContext, singleton: Singleton, narrowed: frozenset[Address]) -> str:
    """A fixture or xunit function of a broader scope that may fill the state: resetting to initial would break it."""
    reaching = ctx.calls.reaching(w.function for w in singleton.writers if w.role is not Role.RESET)
    for fixture in ctx.broad_fixtures():
        if fixture.address not in narrowed and fixture.function.address in reaching and ctx.graph.tests_using(fixture):
            return f"'{ctx.graph.name_of(fixture)}' ({fixture.scope}-scoped)"
    for path in {t.path for t in ctx.graph.tests}:
        for function in ctx.index.functions[path].values():
            if function.address.name in _XUNIT and function.address in reaching:
                return f"{path}::{function.address.qualname}()"
    return ""


def blocks_reset(ctx: RuleContext, singleton: Singleton, narrowed: frozenset[Address]) -> str:
    """Why a reset could break tests that pass, "" if nothing is known to."""
    writers = {w.function for w in singleton.writers if w.role is not Role.RESET}
    held = writers & ctx.calls.import_time
    if held:
        return f"{min(held).qualname}() runs while modules are imported, and what it gave out may be kept"
    hook = _hook(ctx, writers)
    if hook:
        return f"{hook.path}::{hook.qualname}() fills it for the whole run"
    reader = _mere_reader(ctx, writers)
    if reader:
        return f"{reader} only reads it, and may rely on what an earlier test left"
    for fixture in ctx.broad_fixtures():
        if fixture.address not in narrowed and ctx.graph.tests_using(fixture):
            unknown = _unknown_call(ctx, fixture)
            if unknown:
                return f"'{ctx.graph.name_of(fixture)}' stays {fixture.scope}-scoped and may fill it through {unknown}()"
    return ""


def _mere_reader(ctx: RuleContext, writers: set[Address]) -> str:
    """A test without fixtures that looks into what a getter returns and does nothing else with the project."""
    for test in ctx.graph.tests:
        function = test.function
        if function.effects or test.resolution.closure:
            continue
        callees = [(c, ctx.flow.callee(function, c)) for c in function.calls]
        known = [(c, f) for c, f in callees if f is not None]
        if known and all(f.address in writers for _, f in known) and all(c.looked_into for c, _ in known):
            return test.id
    return ""


def _hook(ctx: RuleContext, writers: set[Address]) -> Address | None:
    """A pytest hook of the project, other than those around each test, that reaches a writer."""
    for address in sorted(ctx.calls.reaching(writers)):
        if address.path in ctx.tests and address.name.startswith("pytest_") and not address.name.startswith("pytest_runtest"):
            return address
    return None


def _unknown_call(ctx: RuleContext, fixture: FixtureDef) -> str:
    """A call of a broad fixture that may run any code of the program: a request through a client, a stored callable."""
    for address in ctx.calls.reached([fixture.function]):
        function = ctx.index.functions[address.path].get(address.qualname)
        for call in function.calls if function else ():
            verb = call.callee.dotted.rpartition(".")[2] in _VERBS and any(s.startswith(("/", "http")) for s in call.strings)
            stored = call.callee.dotted.endswith(".[]") and call.callee.root in {Root.GLOBAL, Root.IMPORTED}
            if (verb and address == fixture.function.address) or stored:
                return call.callee.dotted.removesuffix(".[]")
    return ""
