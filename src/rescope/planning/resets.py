"""A leaking singleton to the reset fixture that cures it."""

from collections.abc import Iterable

from rescope.model.address import Address
from rescope.model.edit import AddResetFixture, ResetKind, ResetStep
from rescope.model.facts import Function
from rescope.model.state import Role, Shape, Singleton
from rescope.planning.conftest_target import Target, fixture_name
from rescope.rule import RuleContext

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
    note = f"restores what was there before each test, since {broad} may fill it at a broader scope" if broad else ""
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
        case Shape.CONTAINER:
            return f"Restore {module}.{names}, whose entries would outlive the test."
    return f"Reset {module}.{names}, which would outlive the test."


def _broad_writer(ctx: RuleContext, singleton: Singleton, narrowed: frozenset[Address]) -> str:
    """A fixture or xunit function of a broader scope that may fill the state: resetting to initial would break it."""
    writers = {w.function for w in singleton.writers if w.role is not Role.RESET}
    for fixture in ctx.broad_fixtures():
        if fixture.address not in narrowed and ctx.graph.tests_using(fixture) and _may_write(ctx, [fixture.function], writers):
            return f"'{ctx.graph.name_of(fixture)}' ({fixture.scope}-scoped)"
    for path in {t.path for t in ctx.graph.tests}:
        for function in ctx.index.functions[path].values():
            if function.address.name in _XUNIT and _may_write(ctx, [function], writers):
                return f"{path}::{function.address.qualname}()"
    return ""


def _may_write(ctx: RuleContext, starts: list[Function], writers: set[Address]) -> bool:
    return bool(ctx.calls.reached(starts) & writers)


def blocks_reset(ctx: RuleContext, singleton: Singleton) -> str:
    """Why a reset could break tests that pass, "" if nothing is known to."""
    writers = {w.function for w in singleton.writers}
    bodies = [m.body for path, m in ctx.index.modules.items() if m.body and path in ctx.tests]
    for body in bodies:
        if ctx.calls.reached(ctx.calls.callees(body)) & writers:
            return f"{body.address.path} fills it while it is imported, and keeps what it got"
    return ""
