"""Containers of modules and classes that functions change while tests run."""

from collections.abc import Iterator

from rescope.facts.undo import takes_away
from rescope.graph.state.context import CONTEXT_VARIABLES
from rescope.graph.state.known import Known, is_synchronizer
from rescope.graph.state.slots import MADE_BY_CLASS
from rescope.graph.state.writes import Write, Writes, balanced, container_role
from rescope.model.facts import ClassDef, Effect, EffectKind, Function, ModuleFacts, Root, ValueKind, Variable
from rescope.model.state import Shape, Singleton, Writer

_SORTS = frozenset({"dict", "list", "set", "deque"})
_TASKS = frozenset(
    [
        "create_task",
        "ensure_future",
        "Thread",
        "Timer",
        "Lock",
        "RLock",
        "Queue",
        "Event",
        "Popen",
        "submit",
        "call_soon",
        "call_later",
    ]
)


def containers(known: Known, writes: Writes, module: ModuleFacts) -> Iterator[Singleton]:
    """The containers of a module and its classes that functions change at run time, from whatever module."""
    owned: list[tuple[ClassDef | None, Variable]] = [(None, v) for v in module.variables if "." not in v.address.qualname]
    owned += [(klass, v) for klass in module.classes for v in klass.attributes]
    for klass, variable in owned:
        if variable.value.kind is not ValueKind.LITERAL or variable.value.text not in _SORTS or variable.address.name.startswith("__"):
            continue
        found = _changes(known, klass, variable, writes)
        lasting = any(_lasts(f, e) for f, e in found) and not _interns(found)
        if lasting and not _is_bookkeeping(known, writes, variable, [f for f, _ in found]):
            yield _container(known, variable, found)


def _lasts(function: Function, effect: Effect) -> bool:
    """A change that stays; who empties a container on purpose, by the name of the function, shows that something fills it."""
    empties = takes_away(effect) and function.address.name.lstrip("_").startswith(("reset", "clear"))
    return empties or not (balanced(function, effect) or takes_away(effect))


def _interns(found: list[Write]) -> bool:
    """Whether all that it is given are context variables and locks: one for each name, and none may be made twice."""
    made = [e.builds for _, e in found if e.kind is EffectKind.SET_ITEM]
    return bool(made) and all(b in CONTEXT_VARIABLES or is_synchronizer(b) for b in made)


def _changes(known: Known, klass: ClassDef | None, variable: Variable, writes: Writes) -> list[Write]:
    """Changes of a container through its module, its class or an instance, unless instances get their own."""
    found = writes.of(variable.address.path, variable.address.qualname)
    if klass is None:
        return [(f, e) for f, e in found if e.kind is not EffectKind.SET_ATTR]
    rebound = any(e.kind is EffectKind.SET_ATTR for _, e in found)
    return [] if rebound or (_is_field(known, klass, variable) and any(e.target.root is Root.SELF for _, e in found)) else found


def _is_field(known: Known, klass: ClassDef, variable: Variable) -> bool:
    """Whether a base or a decorator may turn the annotated attribute into a default that each instance gets a copy of."""
    declares = bool(variable.annotation) and "ClassVar" not in variable.annotation
    return declares and (bool(klass.decorators or klass.keywords) or not known.calls.flow.namespaces.is_own(klass))


def _container(known: Known, variable: Variable, found: list[Write]) -> Singleton:
    made = [(f, e.builds) for f, e in found if e.kind is EffectKind.SET_ITEM and e.guarded and e.builds]
    own = next((b for f, b in made if b not in MADE_BY_CLASS and known.is_project(b, f.address.path)), "")
    return Singleton(
        address=variable.address,
        shape=Shape.CONTAINER,
        line=variable.line,
        group=((variable.address.qualname, ""),),
        writers=tuple(
            Writer(
                function=f.address,
                line=e.line,
                role=container_role(f, e),
                text=e.text,
                import_time=f.address in known.calls.import_time or bool(e.nested),
            )
            for f, e in found
        ),
        container=variable.value.text,
        size=variable.size,
        builds=own or next((b for _, b in made), ""),
        builds_project=bool(own),
    )


def _is_bookkeeping(known: Known, writes: Writes, variable: Variable, found: list[Function]) -> bool:
    """Whether entries belong to something alive, which the program may end, or to patches that are in place, or are never read.

    To put such a container back would drop the only reference to a task or a server, or the way to undo a patch.
    """
    name = variable.address.name
    made = {c.callee.dotted.rpartition(".")[2] for f in found for c in f.calls}
    handed = any(name in t.dotted.split(".")[:-1] for f in found for c in f.calls for _, t in c.passes)
    unread = "." not in variable.address.qualname and name not in known.names_read()
    living = any(e.key == "self" for f in found for e in f.effects if e.target.dotted.rpartition(".")[2] == name)
    return handed or living or known.ends_entries(variable) or bool(made & _TASKS) or unread or writes.patches_once(found)
