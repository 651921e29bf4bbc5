"""Names of methods that change the object which they are called on, of those of pytest's MonkeyPatch that patch, and of process state."""

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
MONKEYPATCH = frozenset({"setattr", "delattr", "setitem", "delitem", "setenv", "delenv", "syspath_prepend", "chdir"})
PROCESS_STATE = ("os.environ", "sys.path", "sys.modules", "sys.argv")
