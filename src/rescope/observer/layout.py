"""How the insides of a value can be read without running a line of its class.

Methods, properties, `__getattr__`, `__dict__` properties and metaclass hooks of the watched project are never called: what
is needed is taken from the type's own slots through the descriptors of `type` and `object`.
"""

import sys
from collections import deque
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from pathlib import Path
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    NoneType,
)
from typing import Any, NamedTuple, cast
from weakref import ref

_VALUES = (NoneType, bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented), range)
_DATES = (date, datetime, time, timedelta, type(Path()))
ATOMS = frozenset(map(id, (*_VALUES, *_DATES)))
CACHE = type(lru_cache(lambda: None))
_ARRAYS = frozenset({"numpy", "pandas", "polars", "torch", "jax", "tensorflow", "pyarrow", "xarray", "scipy"})
_COMPARED_AS_TEXT = frozenset({"decimal.Decimal", "fractions.Fraction", "uuid.UUID"})
_CLOSED = frozenset({"builtins", "logging", "threading", "_thread", "re", "weakref", "_weakref", "asyncio", "concurrent", "enum", "typing"})
_HEAP = 1 << 9
_OF_MEMBERS = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_", "_inverted_"})
namespace = cast("Callable[[type], Mapping[str, object]]", type.__dict__["__dict__"].__get__)
"""The attributes that a class itself holds."""
bases = cast("Callable[[type], tuple[type, ...]]", type.__dict__["__mro__"].__get__)


class Kind(Enum):
    """What a value is to a fingerprint."""

    MAPPING = "mapping"
    SEQUENCE = "sequence"
    TUPLE = "tuple"
    SET = "set"
    BYTES = "bytes"
    CACHE = "cache"
    VALUE = "value"
    ARRAY = "array"
    OBJECT = "object"
    OPAQUE = "opaque"


_CONTAINERS: tuple[tuple[type, Kind], ...] = (
    (dict, Kind.MAPPING),
    (list, Kind.SEQUENCE),
    (deque, Kind.SEQUENCE),
    (tuple, Kind.TUPLE),
    (set, Kind.SET),
    (frozenset, Kind.SET),
    (bytearray, Kind.BYTES),
)
_IDENTITIES = (type, ModuleType, FunctionType, MethodType, BuiltinFunctionType, int, float, str, bytes, BaseException)


class Layout(NamedTuple):
    """A type as the reader knows it; `own` says that the class is the watched project's, `base` the builtin container it is.

    `given` are the names that an instance of the project's has from its class.
    """

    of: "ref[type]"
    kind: Kind
    name: str
    own: bool = False
    base: type = object
    attributes: Callable[[object], dict[str, object]] | None = None
    slots: tuple[tuple[str, Callable[[object], object]], ...] = ()
    given: frozenset[str] = frozenset()
    enumeration: bool = False


def is_class(value: object) -> bool:
    """Whether a value is a class; `isinstance` would ask the value's own `__class__`."""
    return type(value) is type or any(base is type for base in bases(type(value)))


def is_test_case(of: type) -> bool:
    """Whether a class derives from `unittest.TestCase`."""
    return any(namespace(base).get("__module__") == "unittest.case" for base in bases(of))


def is_enumeration(of: type) -> bool:
    """Whether a class derives from `enum.Enum`."""
    return any(base is Enum for base in bases(of))


def is_plain_member(value: object) -> bool:
    """Whether a member of an enumeration holds a plain value, and nothing that its class has not given it."""
    held = _dict_getter(bases(type(value)))
    members = held(value) if held else {}
    return id(type(members.get("_value_"))) in ATOMS and members.keys() <= _OF_MEMBERS


def module_globals(module: object) -> Mapping[str, object]:
    """The globals of whatever stands in `sys.modules`; empty where they cannot be read without running code."""
    if type(module) is ModuleType:
        return module.__dict__
    read = _dict_getter(bases(type(module)))
    return (read(module) if read else None) or {}


def overridden(value: object, held: Mapping[str, object]) -> dict[str, object]:
    """What an instance has set over constants of its class: so users configure a library's object. Caches shadow no constant."""
    names = [name for name in list(held) if _is_constant(name, held[name])]
    return {name: held[name] for name in names if any(id(type(namespace(c).get(name, namespace))) in ATOMS for c in bases(type(value)))}


def is_given(value: object, name: str, held: object) -> bool:
    """Whether an attribute of an instance is what the class would give without it: so `monkeypatch` leaves what it has undone."""
    for base in bases(type(value)):
        given: Any = namespace(base).get(name, namespace)
        if given is namespace:
            continue
        if type(given) is FunctionType:
            return type(held) is MethodType and held.__self__ is value and held.__func__ is given
        if type(given) is classmethod:
            return type(held) is MethodType and held.__func__ is given.__func__
        return held is (given.__func__ if type(given) is staticmethod else given)
    return False


def has_constants(of: type) -> bool:
    """Whether there are any that an instance can set anew."""
    return any(_is_constant(name, value) for base in bases(of) for name, value in list(namespace(base).items()))


def _is_constant(name: object, value: object) -> bool:
    return type(name) is str and name.isupper() and id(type(value)) in ATOMS


def make_layout(of: type, is_own: Callable[[str], bool]) -> Layout:
    """The layout of a type; `is_own` tells from a module's name whether the project wrote it."""
    line = bases(of)
    module = _text(namespace(of).get("__module__")) or "builtins"
    name = _text(type.__dict__["__qualname__"].__get__(of)) or "?"
    shown = name if module == "builtins" else f"{module.rpartition('.')[2]}.{name}"
    kind, base = _kind(of, line, module.partition(".")[0])
    kind = Kind.VALUE if f"{module}.{name}" in _COMPARED_AS_TEXT else kind
    attributes = _dict_getter(line) if base is not of else None
    if base is object and kind is not Kind.OBJECT:
        return Layout(of=ref(of), kind=kind, name=shown, attributes=attributes, enumeration=is_enumeration(of))
    own = base is not of and is_own(module)
    known = Layout(of=ref(of), kind=kind, name=shown, own=own, base=base, attributes=attributes, enumeration=is_enumeration(of))
    return known._replace(slots=_slots(line), given=frozenset(n for b in line for n in list(namespace(b)))) if own else known


def _text(value: object) -> str:
    return value if type(value) is str else ""


def _kind(of: type, line: tuple[type, ...], top: str) -> tuple[Kind, type]:
    if of is CACHE:
        return Kind.CACHE, object
    for base, kind in _CONTAINERS:
        if any(base is b for b in line):
            return kind, base
    if top in _ARRAYS:
        return Kind.ARRAY, object
    if of is MappingProxyType or top in _CLOSED or any(i is b for i in _IDENTITIES for b in line):
        return Kind.OPAQUE, object
    return Kind.OBJECT, object


def _dict_getter(line: tuple[type, ...]) -> Callable[[object], dict[str, object]] | None:
    """The reader of an instance's `__dict__`, unless a class of the line shadows it with code of its own."""
    for base in line:
        found = namespace(base).get("__dict__")
        if found is not None:
            return cast("Any", found).__get__ if type(found) in {GetSetDescriptorType, MemberDescriptorType} else None
    return None


def _slots(line: tuple[type, ...]) -> tuple[tuple[str, Callable[[object], object]], ...]:
    heap = (b for b in line if type.__dict__["__flags__"].__get__(b) & _HEAP)
    return tuple((n, cast("Any", d).__get__) for b in heap for n, d in namespace(b).items() if type(d) is MemberDescriptorType)


class Layouts:
    """The layouts seen so far, by the type's id; `root` is the folder of the project, ending in a separator."""

    def __init__(self, *, root: str, known: dict[int, Layout]) -> None:
        self.root = root
        self.known = known

    def of(self, value: object) -> Layout:
        """The layout of a value's type. A type that died may have left its id to another, so the reference is looked at."""
        of = type(value)
        found = self.known.get(id(of))
        if found is None or found.of() is not of:
            found = self.known[id(of)] = make_layout(of, self.is_own_module)
        return found

    def attribute(self, value: object, name: str) -> object:
        """What an instance, or else its class, holds under a name; None where it is not there or the value is no plain object."""
        layout = self.of(value)
        if layout.kind is not Kind.OBJECT:
            return None
        held = layout.attributes(value) if layout.attributes else {}
        return held[name] if name in held else next((namespace(c)[name] for c in bases(type(value)) if name in namespace(c)), None)

    def is_own_module(self, name: str) -> bool:
        """Whether a loaded module is a file of the project."""
        file = module_globals(sys.modules.get(name)).get("__file__")
        return type(file) is str and self.is_own_file(file)

    def is_own_file(self, path: str) -> bool:
        """Whether a file belongs to the project and not to an environment inside its folder."""
        if not path.startswith(self.root):
            return False
        inside = path[len(self.root) :].replace("\\", "/")
        environment = sys.prefix.startswith(self.root) and path.startswith(sys.prefix)
        return not environment and "site-packages/" not in inside and not inside.startswith((".tox/", ".nox/", ".venv/", "node_modules/"))
