"""Class attributes that code rebinds through the class: an instance made on first use, or a flag."""

from collections.abc import Iterator

from rescope.graph.reach import CLASS_HOOKS
from rescope.graph.state.known import Known
from rescope.graph.state.module_globals import written
from rescope.graph.state.writes import Write, Writes, writers
from rescope.model.facts import ClassDef, EffectKind, ModuleFacts, Root, ValueKind, Variable
from rescope.model.state import Shape, Singleton

MADE_BY_CLASS = frozenset({"cls", "cls.__new__", "super.__new__", "super().__new__", "object.__new__"})


def class_slots(known: Known, writes: Writes, module: ModuleFacts) -> Iterator[Singleton]:
    """The class attributes of a module that code rebinds through the class."""
    for klass in module.classes:
        for attribute in klass.attributes:
            found = [w for w in writes.of(module.path, attribute.address.qualname) if _rebinds(w)]
            made_with_class = any(f.address.name in CLASS_HOOKS for f, _ in found)
            if found and not made_with_class and not any(e.how == "+=" for _, e in found):
                yield from _slot(known, klass, attribute, found)


def _rebinds(write: Write) -> bool:
    _, effect = write
    return effect.kind is EffectKind.SET_ATTR and effect.target.root is not Root.SELF


def _slot(known: Known, klass: ClassDef, attribute: Variable, found: list[Write]) -> Iterator[Singleton]:
    lazy = [e for _, e in found if e.guarded and e.builds]
    roles = tuple(writers(known, found, attribute))
    if not lazy:
        yield from written(known, [attribute], roles)
    elif attribute.value.kind is ValueKind.NONE and not known.is_stateless(lazy[0].builds, klass.address.path):
        builds = lazy[0].builds
        yield Singleton(
            address=attribute.address,
            shape=Shape.CLASS_ATTRIBUTE,
            line=attribute.line,
            group=((attribute.address.qualname, attribute.value.text),),
            writers=roles,
            builds=builds,
            builds_project=builds in MADE_BY_CLASS or known.is_project(builds, klass.address.path),
            reads_settings=known.reads_settings([f for f, e in found if e.builds], builds, klass.address.path),
            subclassed=known.subclassed(klass),
        )
