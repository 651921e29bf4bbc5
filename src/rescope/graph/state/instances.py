"""Module-level objects that are changed while tests run: by methods that write their own `self`, by attributes that are set."""

from collections.abc import Container, Iterator

from rescope.facts.values import CONTAINERS, FILLED
from rescope.graph.state.known import Known
from rescope.graph.state.writes import Writes, balanced
from rescope.model.facts import ClassDef, Effect, EffectKind, Function, ModuleFacts, Root, ValueKind, Variable
from rescope.model.state import Role, Shape, Singleton, Writer

THREAD_LOCALS = frozenset({"threading.local", "_thread._local"})
_MAKERS = frozenset({"__init__", "__new__", "__post_init__", "__enter__", "__aenter__", "__exit__", "__aexit__", "__del__", "__setstate__"})
_OPAQUE = frozenset({"__getattr__", "__getattribute__", "__setattr__", "__call__", "__get__"})
_VALUE_BASES = frozenset({"BaseModel", "BaseSettings", "local"})
_SLOTTED = frozenset(f"{package}.{name}" for package in ("attr", "attrs") for name in ("define", "mutable", "frozen"))
_DEPTH = 3


def instances(known: Known, writes: Writes, module: ModuleFacts) -> Iterator[Singleton]:
    """The objects of a module that are made by a class of the project, or hold what belongs to a thread."""
    for variable in module.variables:
        name = variable.address.qualname
        if variable.value.kind is not ValueKind.CALL or variable.value.target is None or not _bound_once(module, name):
            continue
        made = variable.value.target.dotted
        klass = known.class_named(made, module.path)
        if made not in THREAD_LOCALS and (klass is None or not _is_plain(known, klass)):
            continue
        found = tuple(_writers(known, writes, variable, klass))
        if found and name in known.names_read():
            yield Singleton(
                address=variable.address,
                shape=Shape.INSTANCE,
                line=variable.line,
                group=((name, ""),),
                writers=found,
                container="thread-local" if made in THREAD_LOCALS else "",
                builds=made,
                builds_project=klass is not None,
            )


def _bound_once(module: ModuleFacts, name: str) -> bool:
    found = [b for b in module.bindings if b.name == name]
    return len(found) == 1 and not found[0].conditional


def _is_plain(known: Known, klass: ClassDef) -> bool:
    """Whether an object of the class keeps its state in `vars()`, and is what it looks like."""
    for owner in known.calls.flow.namespaces.mro(klass):
        names = {b.name for b in owner.bindings}
        slotted = "__slots__" in names or "slots=True" in owner.keywords or _SLOTTED & set(owner.decorators)
        if not known.calls.flow.namespaces.is_own(owner, _VALUE_BASES) or slotted or names & _OPAQUE:
            return False
    return True


def _writers(known: Known, writes: Writes, variable: Variable, klass: ClassDef | None) -> Iterator[Writer]:
    methods = tuple(changers(known, klass)) if klass is not None else ()
    for method in methods:
        yield Writer(function=method.address, line=method.def_line, role=Role.MUTATOR, text=method.address.name)
    prefix = f"{variable.address.qualname}."
    changing = {method.address.name for method in methods}
    for function, effect in writes.below(variable.address.path, variable.address.qualname):
        if klass is not None and _is_harmless(known, klass, effect, changing, variable.address.qualname):
            continue
        if function.address not in known.calls.import_time and not balanced(function, effect):
            attribute = effect.target.dotted.partition(prefix)[2]
            yield Writer(function=function.address, line=effect.line, role=Role.SETTER, text=attribute)


def _is_harmless(known: Known, klass: ClassDef, effect: Effect, changing: Container[str], name: str) -> bool:
    """Whether it calls a method that is called like one of a container, but that the class has, and that leaves `self` alone."""
    called = effect.kind is EffectKind.MUTATE and effect.target.dotted.rpartition(".")[2] == name
    return called and effect.how not in changing and known.calls.flow.method(klass, effect.how) is not None


def changers(known: Known, klass: ClassDef) -> Iterator[Function]:
    """The methods of a class that leave its objects changed, those that only fill what they find empty left out."""
    for name in dict.fromkeys(b.name for owner in known.calls.flow.namespaces.mro(klass) for b in owner.bindings):
        method = known.calls.flow.method(klass, name)
        if method is not None and name not in _MAKERS and _changes(known, method, _DEPTH):
            yield method


def _changes(known: Known, method: Function, depth: int) -> bool:
    if any(_is_change(method, e) for e in method.effects):
        return True
    for call in method.calls if depth else ():
        own = call.callee.root is Root.SELF and not call.nested and not call.fallback
        callee = known.calls.flow.callee(method, call) if own else None
        if callee is not None and callee.address != method.address and _changes(known, callee, depth - 1):
            return True
    return False


def _is_change(method: Function, effect: Effect) -> bool:
    if effect.target.root is not Root.SELF or effect.kind is EffectKind.CALL or effect.nested:
        return False
    fills = effect.guarded and bool(effect.builds)
    return not (fills or _is_made_anew(method, effect) or balanced(method, effect))


def _is_made_anew(method: Function, effect: Effect) -> bool:
    """Whether the method writes the attribute's list or dict out itself before: each call makes it anew, as notes for who called."""
    own = (e for e in method.effects if e.target == effect.target and e.line <= effect.line and not e.guarded)
    return any(e.kind is EffectKind.SET_ATTR and e.value.removesuffix(FILLED) in CONTAINERS for e in own)
