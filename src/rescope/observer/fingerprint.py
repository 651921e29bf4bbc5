"""Values to fingerprints and back to words.

A fingerprint is made of exact builtins only: atoms as they are, dicts as dicts, lists as lists, sets as frozensets, and any
other object as `(OBJECT, id, type name, attributes, own)`, where `own` may be the names of attributes that the class gives.
So two of them are compared by C code alone, and holding one keeps no object of the project alive. Of an object whose class is
a library's only those attributes are looked into that hold what users set (`_SETTINGS`): the others are caches and buffers,
which change with every use. What is too deep or too large is CUT, which equals itself: unknown is never a change.
"""

from collections.abc import Iterator, Mapping
from operator import is_
from types import FunctionType
from typing import Any, NamedTuple, cast

from rescope.observer.layout import ATOMS, CACHE, Kind, Layout, Layouts, is_class, is_given, overridden

OBJECT = "\0object"
CUT = "\0cut"
UNSET = "\0unset"
OVERRIDES = "dependency_overrides"  # watched on its own, so not as a part of what holds it
_SIZED = "\0sized"
_SETTINGS = frozenset(
    (
        *("app", "auth", "config", "cookies", "data", "defaults", "environ_base", "extra_environ", "headers", "jar"),
        *("list", "options", "params", "settings", "state", "store", "user"),
    )
)
_MAX_ITEMS = 1000
_MAX_TEXT = 4096
_MAX_NESTING = 6
_SHOWN = 60
_PLAIN = Kind.OBJECT
_PLAIN_OR_OPAQUE = (_PLAIN, Kind.OPAQUE)
_SHORT = ATOMS - {id(str), id(bytes)}

Print = Any


class Reader:
    """Takes fingerprints; `left` counts down the values that one of them may still look at."""

    def __init__(self, *, layouts: Layouts) -> None:
        self.layouts = layouts
        self.left = 0

    def take(self, value: object, *, depth: int, budget: int) -> Print:
        """The fingerprint of a value, `depth` objects deep."""
        if id(type(value)) in ATOMS:
            return atom(value)
        self.left = budget
        try:
            return self._take(value, depth, 0)
        except (RuntimeError, RecursionError):  # another thread changes the container while it is read
            return CUT

    def is_same(self, value: Any, taken: Print) -> bool:  # noqa: ANN401 - any value
        """Whether a value is at first sight what a fingerprint of it says: cheaper than another one, but False proves nothing.

        Identity of the plain values inside is what is asked, so that no code of the project is run.
        """
        of = type(value)
        try:
            if of is dict:
                if type(taken) is dict:
                    return _is_same_dict(value, taken) or self._are_same(value, taken)
            elif of is list or of is tuple:
                if type(taken) is of:
                    return len(value) == len(taken) and (all(map(is_, value, taken)) or all(map(self._is_or_same, value, taken)))
            elif of is set or of is frozenset:
                return type(taken) is frozenset and is_flat(value) and bool(taken == value)
            elif type(taken) is tuple:
                if len(taken) == 5:
                    return bool(taken[1] == id(value)) and self._is_same_object(value, of, taken)
                return bool(taken == (_SIZED, "cache", value.cache_info().currsize)) if of is CACHE else self._is_same_tuple(value, taken)
        except RuntimeError:  # another thread changes the container meanwhile
            return False
        return value is taken or taken is CUT

    def _are_same(self, value: dict[Any, Any], taken: dict[Any, Any]) -> bool:
        return (
            len(value) == len(taken)
            and (all(map(is_, value, taken)) or all(map(self._is_same_key, value, taken)))
            and all(map(self._is_or_same, value.values(), taken.values()))
        )

    def _is_same_key(self, key: Any, taken: Print) -> bool:  # noqa: ANN401 - any key
        """As `_key` made it."""
        if key is taken:
            return True
        if type(key) is tuple:
            return type(taken) is tuple and len(key) == len(taken) and all(map(self._is_same_key, key, taken))
        return type(taken) is tuple and len(taken) == 5 and taken[1] == id(key) and bool(taken == self.identity(key))

    def _is_same_tuple(self, value: Any, taken: tuple[Print, ...]) -> bool:  # noqa: ANN401 - an instance of a library's subclass of tuple
        layout = self.layouts.of(value)
        if layout.base is not tuple or layout.own:
            return False
        return tuple.__len__(value) == len(taken) and all(map(self._is_or_same, tuple.__iter__(value), taken))

    def _is_or_same(self, value: Any, taken: Print) -> bool:  # noqa: ANN401 - any value
        return value is taken or self.is_same(value, taken)

    def _is_same_object(self, value: object, of: type, taken: tuple[Any, ...]) -> bool:
        mark, _, name, inside, _ = taken
        layout = self.layouts.known.get(id(of))
        if layout is None or layout.of() is not of or mark != OBJECT:
            return False
        if inside is None:  # it was not looked into
            return layout.kind in _PLAIN_OR_OPAQUE and (layout.name == name or _named(value, layout) == name)
        if (layout.name != name and _named(value, layout) != name) or layout.kind is not _PLAIN or not layout.own:
            return False
        held = layout.attributes(value) if layout.attributes is not None else {}
        if type(held) is not dict:
            return False
        if layout.slots:
            held = held | _slots(value, layout)
        if len(held) != len(inside):
            return False
        for attribute, before in inside.items():  # most of what a look costs is here: each call that is saved counts
            now = held.get(attribute, UNSET)
            if now is before or (type(now) is dict and type(before) is dict and _is_same_dict(now, before)):
                continue
            if not self.is_same(now, before):
                return False
        return True

    def identity(self, value: object) -> Print:
        """The fingerprint of a value that is not looked into."""
        return (OBJECT, id(value), _named(value, self.layouts.of(value)), None, False)

    def constants(self, value: object) -> Print:
        """The fingerprint of a library's object of which only the constants are looked at that were set on it."""
        layout = self.layouts.of(value)
        held = layout.attributes(value) if layout.attributes else None
        return (OBJECT, id(value), layout.name, overridden(value, held) if held else {}, False)

    def is_flat(self, value: Any) -> bool:  # noqa: ANN401 - a tuple or frozenset
        """Whether an immutable container holds plain values only."""
        return is_flat(list(self.layouts.of(value).base.__iter__(value)))  # type: ignore[attr-defined]

    def _take(self, value: object, depth: int, nesting: int) -> Print:
        if id(type(value)) in ATOMS:
            return atom(value)
        self.left -= 1
        if self.left < 0 or nesting > _MAX_NESTING:
            return CUT
        of = type(value)  # dicts, lists and objects are by far the commonest, so without the detour
        if of is dict and len(value) <= _MAX_ITEMS:  # type: ignore[arg-type]
            return self._mapping(cast("dict[object, object]", value), depth, nesting)
        if of is list and len(value) <= _MAX_ITEMS and is_flat(items := cast("list[object]", value).copy()):  # type: ignore[arg-type]
            return items
        layout = self.layouts.of(value)
        kind = layout.kind
        if kind is _PLAIN and layout.base is object:
            inside = self._attributes(value, layout, depth, nesting) if depth > 0 else None
            name = _named(value, layout) if layout.enumeration else layout.name
            return (OBJECT, id(value), name, inside, (inside and layout.given and _given(value, layout, inside)) or layout.own)
        if kind is Kind.CACHE:
            return (_SIZED, "cache", cast("Any", value).cache_info().currsize)
        if kind is Kind.VALUE:
            return (_SIZED, layout.name, str(value))
        if layout.base is not object:
            return self._contents(value, layout, depth, nesting)
        if kind is Kind.ARRAY:
            return (OBJECT, id(value), f"{layout.name} {_shape(value)}", None, False)
        return (OBJECT, id(value), _named(value, layout), None, layout.own)

    def _attributes(self, value: object, layout: Layout, depth: int, nesting: int) -> dict[Print, Print] | None:
        if layout.attributes is None and not layout.slots:
            return None
        held = list(dict.items(layout.attributes(value))) if layout.attributes else []
        wanted = held if layout.own else [(n, v) for n, v in held if type(n) is str and n.lstrip("_") in _SETTINGS]
        found: dict[Print, Print] = {
            n: v if id(type(v)) in _SHORT else self._take(v, depth - 1, nesting + 1) for n, v in wanted if type(n) is str and n != OVERRIDES
        }
        if layout.slots:
            found |= {n: v if v is UNSET else self._take(v, depth - 1, nesting + 1) for n, v in _slots(value, layout).items()}
        return found

    def _contents(self, value: object, layout: Layout, depth: int, nesting: int) -> Print:
        """What a container holds, read past any method of its own."""
        base = layout.base
        size = cast("Any", base).__len__(value)
        if layout.kind is Kind.BYTES:
            return bytes(cast("bytearray", value)) if size <= _MAX_TEXT and base is type(value) else (_SIZED, layout.name, size)
        if size > _MAX_ITEMS:
            return (_SIZED, layout.name, size)
        inside: Print
        if layout.kind is Kind.MAPPING:
            inside = self._mapping(cast("dict[object, object]", value), depth, nesting)
        else:
            items = list(cast("Any", base).__iter__(value))
            if layout.kind is Kind.SET:
                inside = frozenset(map(self._key, items))
            else:
                flat = items if is_flat(items) else [self._take(v, depth, nesting + 1) for v in items]
                inside = tuple(flat) if layout.kind is Kind.TUPLE else flat
        if layout.attributes is None or depth <= 0 or not layout.own:
            return inside
        return (OBJECT, id(value), layout.name, {"": inside, **(self._attributes(value, layout, depth, nesting) or {})}, True)

    def _mapping(self, value: dict[object, object], depth: int, nesting: int) -> dict[Print, Print]:
        if type(value) is dict:
            if not value:
                return {}
            if is_flat(value.values()) and is_flat(value):
                return value.copy()
        elif is_flat(dict.values(value)) and is_flat(list(dict.keys(value))):
            return dict(zip(dict.keys(value), dict.values(value), strict=True))
        return {self._key(k): self._take(v, depth, nesting + 1) for k, v in list(dict.items(value))}

    def _key(self, key: object) -> Print:
        """A key or member by value where that is safe to hash, else by identity."""
        if id(type(key)) in ATOMS:
            return key
        if type(key) is tuple:
            return tuple(map(self._key, key))
        return self.identity(key)


def _is_same_dict(value: dict[Any, Any], taken: dict[Any, Any]) -> bool:
    return len(value) == len(taken) and (not taken or (all(map(is_, value.values(), taken.values())) and all(map(is_, value, taken))))


def is_setting(name: object) -> bool:
    """Whether an attribute of a library's object may hold what users set: a constant, or a name that says so."""
    return type(name) is str and (name.isupper() or name.lstrip("_") in _SETTINGS)


def is_flat(values: Any) -> bool:  # noqa: ANN401 - views of dicts of any kind
    """Whether all values are plain ones."""
    return ATOMS.issuperset(map(id, map(type, values)))


def atom(value: object) -> Print:
    """An exact builtin that is its own fingerprint, unless it is long."""
    if type(value) in {str, bytes} and len(cast("str", value)) > _MAX_TEXT:
        return (_SIZED, "text", len(cast("str", value)), hash(value))
    return value


def _named(value: object, layout: Layout) -> str:
    if type(value) is FunctionType:
        return f"function {value.__qualname__}"
    if layout.enumeration:
        return f"{layout.name}.{(layout.attributes(value) if layout.attributes else {}).get('_name_', '?')}"
    return f"class {type.__dict__['__qualname__'].__get__(value)}" if is_class(value) else layout.name


def _shape(value: object) -> str:
    """The shape of an array or frame: the library's own attribute, not one of the project's."""
    try:
        return str(tuple(int(n) for n in cast("Any", value).shape))
    except Exception:  # noqa: BLE001 - what has no plain shape is told by identity alone
        return ""


def is_whole(taken: Print) -> bool:
    """Whether the fingerprint would show any change of the value: nothing was cut off, and no foreign object hides its insides."""
    if type(taken) is dict:
        return all(is_whole(v) for v in taken.values())
    if type(taken) is tuple and taken and taken[0] == _SIZED:
        return taken[1] == "cache" or "." in taken[1]
    item = _object(taken)
    if item is not None:
        return bool(item[4]) and type(item[3]) is dict and is_whole(item[3])
    if type(taken) in {list, tuple, frozenset}:
        return all(is_whole(v) for v in taken)
    return bool(taken != CUT)


class Difference(NamedTuple):
    """A place where two fingerprints differ: the items ("[") and attributes (".") that lead to it, and what stands there in each."""

    at: "At"
    was: Print
    now: Print

    def words(self) -> tuple[str, str, str]:
        """The place and both sides for people."""
        where = "".join(f"[{shown(name)}]" if kind == "[" else f".{name}" for kind, name in self.at)
        return where, shown(self.was), shown(self.now)


At = tuple[tuple[str, Print], ...]


def differences(was: Print, now: Print, at: At = ()) -> Iterator[Difference]:
    """Where two fingerprints differ; nothing where they differ only in what a library keeps to itself."""
    if was == now or CUT in (was, now):
        return
    before, after = _object(was), _object(now)
    if type(was) is dict and type(now) is dict:
        yield from _entries(was, now, at)
    elif before is not None and after is not None and before[1:3] == after[1:3]:
        yield from _members(before, after, at)
    elif _listlike(was) and type(was) is type(now) and len(was) == len(now):
        for number, (old, new) in enumerate(zip(was, now, strict=True)):
            yield from differences(old, new, (*at, ("[", number)))
    else:
        yield Difference(at, was, now)


def _entries(was: Mapping[Print, Print], now: Mapping[Print, Print], at: At) -> Iterator[Difference]:
    for key in dict.fromkeys((*was, *now)):
        yield from differences(was.get(key, UNSET), now.get(key, UNSET), (*at, ("[", key)))


def _members(was: tuple[Any, ...], now: tuple[Any, ...], at: At) -> Iterator[Difference]:
    """Differences inside one object. In a library's object only containers and constants count: other attributes flip as it is used."""
    before, after = was[3], now[3]
    if before is None or after is None:
        return
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name, UNSET), after.get(name, UNSET)
        if (old is UNSET and _is_given(now, name)) or (new is UNSET and _is_given(was, name)):
            continue
        if was[4] or name.isupper() or (type(old) is type(new) and type(old) in {dict, list, frozenset}) or _same_object(old, new):
            yield from differences(old, new, (*at, (".", name)) if name else at)


def _slots(value: object, layout: Layout) -> dict[str, object]:
    """What the slots of an object hold, UNSET where that is nothing."""
    found: dict[str, object] = {}
    for name, read in layout.slots:
        try:
            found[name] = read(value)
        except AttributeError:
            found[name] = UNSET
    return found


def _given(value: object, layout: Layout, inside: Mapping[Print, Print]) -> frozenset[str]:
    held = layout.attributes(value) if layout.attributes else {}
    return frozenset(n for n in layout.given.intersection(inside) if n in held and is_given(value, n, held[n]))


def _is_given(taken: tuple[Any, ...], name: Print) -> bool:
    return type(taken[4]) is frozenset and name in taken[4]


def _listlike(taken: Any) -> bool:  # noqa: ANN401 - a fingerprint
    marked = type(taken) is tuple and bool(taken) and taken[0] in (OBJECT, _SIZED)
    return type(taken) in {list, tuple} and not bool(marked)


def _object(taken: Print) -> tuple[Any, ...] | None:
    return taken if type(taken) is tuple and len(taken) == 5 and taken[0] == OBJECT else None


def _same_object(was: Print, now: Print) -> bool:
    before, after = _object(was), _object(now)
    return before is not None and after is not None and before[1:3] == after[1:3]


def shown(taken: Print) -> str:
    """A fingerprint in words, at most 60 characters."""
    text = _words(taken, 3)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _words(taken: Print, depth: int) -> str:
    if taken in (UNSET, CUT):
        return "unset" if taken == UNSET else "..."
    item = _object(taken)
    if item is not None:
        return f"<{item[2]}>"
    if depth == 0:
        return "..."
    if type(taken) is dict:
        return f"{{{', '.join(f'{_words(k, 1)}: {_words(v, depth - 1)}' for k, v in _first(taken.items()))}}}"
    if type(taken) is tuple and taken and taken[0] == _SIZED:
        return f"<{taken[1]} {taken[2]}>" if "." in taken[1] else f"<{taken[1]} of {taken[2]}>"
    if type(taken) in {list, tuple, frozenset}:
        return _listed(cast("list[object]", taken), depth)
    text = taken[:_SHOWN] if type(taken) in {str, bytes} else taken
    return repr(text)


def _listed(taken: Any, depth: int) -> str:  # noqa: ANN401 - list, tuple or frozenset
    words = ", ".join(_words(v, depth - 1) for v in _first(taken))
    if type(taken) is list:
        return f"[{words}]"
    return f"({words})" if type(taken) is tuple else f"{{{words}}}" if taken else "set()"


def _first(values: Any) -> list[Any]:  # noqa: ANN401 - any iterable of fingerprints
    return [v for v, _ in zip(values, range(8), strict=False)]
