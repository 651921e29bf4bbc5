"""Context variables that are set and never taken back."""

from collections.abc import Iterator

from rescope.graph.state.known import Known
from rescope.graph.state.writes import Writes
from rescope.model.facts import Function, ModuleFacts, ValueKind
from rescope.model.state import Role, Shape, Singleton, Writer

CONTEXT_VARIABLES = frozenset({"contextvars.ContextVar"})


def context_variables(known: Known, _writes: Writes, module: ModuleFacts) -> Iterator[Singleton]:
    """The context variables of a module that functions set, and that no function of the program resets."""
    for variable in module.variables:
        made = variable.value.target.dotted if variable.value.kind is ValueKind.CALL and variable.value.target else ""
        if made not in CONTEXT_VARIABLES:
            continue
        name = variable.address.qualname
        sets = known.told((module.path, f"{name}.set"))
        if sets and not known.told((module.path, f"{name}.reset")):
            yield Singleton(
                address=variable.address,
                shape=Shape.CONTEXT,
                line=variable.line,
                group=((name, variable.value.text),),
                writers=tuple(_writer(f, line, name) for f, line in sets),
            )


def _writer(function: Function, line: int, name: str) -> Writer:
    """What a coroutine sets, it sets in the context of its task: that ends with the test; nor stays what a `finally` sets again."""
    again = any(c.after_yield and c.callee.dotted.endswith(f"{name}.set") for c in function.calls)
    return Writer(function=function.address, line=line, role=Role.OTHER if function.is_async or again else Role.SETTER)
