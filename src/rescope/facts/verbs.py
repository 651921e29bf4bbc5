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
