"""The ids of many values at once: what each look at the state of a process begins with."""

import sys
from collections.abc import Callable

Ids = bytes | tuple[int, ...]


def _one_by_one(values: tuple[object, ...]) -> Ids:
    return tuple(map(id, values))


def _make() -> Callable[[tuple[object, ...]], Ids]:
    """What reads the ids of a tuple's items from the tuple itself, where Python is known to hold them as `id` gives them."""
    if sys.implementation.name != "cpython":
        return _one_by_one
    try:
        from ctypes import c_void_p as pointer
        from ctypes import sizeof, string_at
    except ImportError:  # Python was built without it
        return _one_by_one
    before, size = tuple.__basicsize__, sizeof(pointer)

    def all_at_once(values: tuple[object, ...]) -> bytes:
        return string_at(id(values) + before, len(values) * size)

    known = (None, "", 1, object())
    read = memoryview(all_at_once(known)).cast("P").tolist()
    return all_at_once if read == list(map(id, known)) else _one_by_one


ids_of = _make()
"""The ids of a tuple's items in their order, as what only equals the ids of the same items.

Taken one by one they are most of what `--rescope=all` costs. In CPython a tuple ends in the addresses of its items, and `id` is the
address (both are seen to be so at import); a copy of those is made and compared some twenty times as fast. Nothing is kept alive.
"""
