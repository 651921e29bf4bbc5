"""Names of methods that change the object which they are called on, that patch, or register what is called later; of process state."""

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
_BACK = ("reset", "clear", "restore", "remove", "unregister", "deregister", "unsubscribe", "disconnect", "delete", "pop", "discard", "undo")
_OPPOSITES = frozenset({"rm", "del", "disable", "deactivate", "uninstall", "unset", "forget", "evict", *_BACK})


def is_back(name: str) -> bool:
    """Whether a function says by its name that it takes something back: `reset_cache`, `rm_document`, `plugin_disable`, `close_all`."""
    words = name.lower().strip("_").split("_")
    return name.lstrip("_").startswith(_BACK) or not _OPPOSITES.isdisjoint(words) or words[:2] == ["close", "all"]
