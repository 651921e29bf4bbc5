"""What a set-up runs: functions by names that resolve, and all that making an instance of a project class calls."""

from collections.abc import Iterator
from typing import NamedTuple

from rescope.graph.flow import Flow
from rescope.model.facts import Call, ClassDef, Function, Root

_DEPTH = 6
_MAKERS = ("__new__", "__init__", "__post_init__")


class Step(NamedTuple):
    """A function that runs; `klass` is the class of its `self`, `shared` says that its `self` outlives every test."""

    function: Function
    klass: ClassDef | None
    shared: bool


def steps(flow: Flow, start: Function) -> Iterator[Step]:
    """The function and everything that it surely reaches before its yield, each once."""
    seen = set()
    stack = [(Step(function=start, klass=None, shared=False), _DEPTH)]
    while stack:
        step, depth = stack.pop()
        key = (step.function.address, step.klass.address if step.klass else None)
        if key not in seen:
            seen.add(key)
            yield step
            for call in step.function.calls if depth else ():
                if not (call.after_yield or call.nested):
                    stack += ((inner, depth - 1) for inner in _called(flow, step, call))


def _called(flow: Flow, step: Step, call: Call) -> Iterator[Step]:
    function, klass = step.function, step.klass
    _, _, method = call.callee.dotted.rpartition(".")
    outside = call.callee.root in {Root.IMPORTED, Root.GLOBAL}
    made = flow.class_named(call.callee.dotted, function.address.path) if outside else None
    owner = flow.class_named(call.callee.dotted.rpartition(".")[0], function.address.path) if outside else None
    if made is not None:
        yield from _making(flow, made)
    elif owner is not None:
        yield from _method(flow, owner, method, shared=False)
    elif call.callee.root in {Root.SELF, Root.CLS} and klass is not None:
        yield from _method(flow, klass, call.callee.tail, shared=step.shared)
    elif call.callee.dotted == f"super.{method}" and klass is not None:
        yield from _inherited(flow, function, klass, method, shared=step.shared)
    elif call.receiver.startswith("super.") and klass is not None:
        yield from _method(flow, klass, method, shared=False)
    else:
        yield from _other(flow, function, call)


def _other(flow: Flow, function: Function, call: Call) -> Iterator[Step]:
    found = flow.called(function, call)
    if found is not None:
        owner = flow.index.classes[found.address.path].get(found.address.qualname.rpartition(".")[0])
        instance = flow.index.variable(flow.index.target(call.callee, function.address.path))
        yield Step(function=found, klass=owner, shared=instance is not None)


def _making(flow: Flow, klass: ClassDef) -> Iterator[Step]:
    """What runs when the class is called: of its metaclass, and its own."""
    for owner in flow.namespaces.mro(klass):
        for keyword in owner.keywords:
            name, _, dotted = keyword.partition("=")
            meta = flow.namespaces.base(owner, dotted) if name == "metaclass" else None
            called = flow.method(meta, "__call__") if meta is not None else None
            if called is not None:
                yield Step(function=called, klass=klass, shared=False)
    for name in _MAKERS:
        yield from _method(flow, klass, name, shared=False)


def _method(flow: Flow, klass: ClassDef, name: str, *, shared: bool) -> Iterator[Step]:
    found = flow.method(klass, name) if name and "." not in name else None
    if found is not None:
        yield Step(function=found, klass=klass, shared=shared)


def _inherited(flow: Flow, function: Function, klass: ClassDef, name: str, *, shared: bool) -> Iterator[Step]:
    """The next one of the name, in the order of the instance's class."""
    owner = function.address.qualname.rpartition(".")[0]
    order = flow.namespaces.mro(klass)
    places = [n for n, k in enumerate(order) if (k.address.path, k.address.qualname) == (function.address.path, owner)]
    for base in order[places[0] + 1 :] if places else ():
        found = flow.index.functions[base.address.path].get(f"{base.address.qualname}.{name}")
        if found is not None:
            yield Step(function=found, klass=klass, shared=shared)
            return
