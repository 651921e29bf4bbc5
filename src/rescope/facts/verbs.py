"""Names of methods that change the object which they are called on, that patch, or register what is called later; of process state."""

import re

MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "popitem",
        "clear",
        "update",
        "setdefault",
        "add",
        "discard",
        "sort",
        "reverse",
        "appendleft",
        "extendleft",
        "popleft",
        "rotate",
        "intersection_update",
        "difference_update",
        "symmetric_difference_update",
        "fill",
        "itemset",
        "resize",
        "put",
    ],
)
ASKS = frozenset({"getattr", "hasattr"})
GIVE_NOTHING = frozenset({"append", "extend", "insert", "remove", "clear", "update", "add", "discard", "sort", "reverse", "put"})
MONKEYPATCH = frozenset({"setattr", "delattr", "setitem", "delitem", "setenv", "delenv", "syspath_prepend", "chdir"})
PROCESS_STATE = ("os.environ", "sys.path", "sys.modules", "sys.argv")
CLEANUPS = frozenset({"addfinalizer", "addCleanup", "addClassCleanup", "addAsyncCleanup", "callback", "push_async_callback"})
SETUPS = frozenset({"setup_method", "setUp", "asyncSetUp"})
ENDS = frozenset({"close", "aclose", "stop", "shutdown", "terminate", "kill", "disconnect", "dispose", "quit"})
_RENEWS = ("reset", "clear", "clean", "restore")
_BACK = frozenset(
    [
        "reset",
        "clear",
        "restore",
        "remove",
        "unregister",
        "deregister",
        "unsubscribe",
        "disconnect",
        "delete",
        "pop",
        "discard",
        "undo",
        "rm",
        "del",
        "disable",
        "deactivate",
        "uninstall",
        "unset",
        "forget",
        "evict",
    ]
)


def renews(name: str) -> bool:
    """Whether a function says by the first word of its name that it puts something as a whole back to its start: `reset_all`, `clear`."""
    return name.lstrip("_").startswith(_RENEWS)


def is_patch(dotted: str) -> bool:
    """Whether a callee is one of `unittest.mock`'s patches, or a method of one."""
    return dotted.endswith("patch") or ".patch." in dotted


def is_back(name: str) -> bool:
    """Whether a function says by a word of its name that it takes something back: `reset_cache`, `rm_document`, `close_all`."""
    words = _words(name)
    return not _BACK.isdisjoint(words) or words[:2] == ["close", "all"]


def undoes(name: str, other: str) -> bool:
    """Whether a function takes back by its name what another does: all of it, or what both speak of, as `rm_user` and `add_user`."""
    about = set(_words(name)) - _BACK - {"close", "all"}
    return is_back(name) and (not about or not about.isdisjoint(_words(other)))


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
