"""A broad fixture that stays broad, and a fixture beside it that puts back what tests change of its value."""

from pathlib import PurePosixPath

from rescope.model.edit import AddResetFixture, ValuePart
from rescope.model.facts import FixtureDef
from rescope.rule import RuleContext


def value_reset(ctx: RuleContext, fixture: FixtureDef, parts: tuple[ValuePart, ...]) -> AddResetFixture | None:
    """The edit, None where the parts are not known, or the name may mean another fixture or none at that place.

    An autouse fixture must stand where all that use the broad one see it: in its conftest.py or test module.
    """
    name, path = ctx.graph.name_of(fixture), fixture.address.path
    defined = {r.definition.address for r in ctx.graph.registrations if r.name == name}
    seen = PurePosixPath(path).name == "conftest.py" or any(t.path == path for t in ctx.graph.tests)
    plain = "." not in fixture.address.qualname and name.isidentifier() and not fixture.function.is_async
    module = ctx.index.modules[path]
    if not parts or not seen or not plain or len(defined) != 1 or module.failure or module.generated:
        return None
    return AddResetFixture(
        path=path, name=_free_name(ctx, f"restore_{name}", path), doc=_doc(name, str(fixture.scope), parts), fixture=name, parts=parts
    )


def _free_name(ctx: RuleContext, wanted: str, path: str) -> str:
    taken = {r.name for r in ctx.graph.registrations} | {b.name for b in ctx.index.modules[path].bindings}
    free = (wanted if n == 1 else f"{wanted}_{n}" for n in range(1, len(taken) + 2))
    return next(name for name in free if name not in taken)


def _doc(name: str, scope: str, parts: tuple[ValuePart, ...]) -> str:
    what = " and ".join(f"{name}.{p.path}" if p.path else name for p in parts)
    verb = "is" if len(parts) == 1 else "are"
    return f"Restore {what}, which {verb} shared by the tests of a {scope} and changed by some."
