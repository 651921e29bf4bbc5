"""What hooks and computed marks may change for a test, beyond what a static reader can know."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from rescope.graph.fixture_graph import ANY
from rescope.graph.index import ModuleIndex
from rescope.graph.visibility import Place
from rescope.model.facts import ClassDef, Function, Marks, Target

Doubt = tuple[str, str]

_GENERATE = "pytest_generate_tests"
_CHANGE_NAMES = ("pytest_collection_modifyitems", "pytest_itemcollected", "pytest_pycollect_makeitem", "pytest_collection_finish")
_NAME_LISTS = ("fixturenames", "_fixtureinfo", "names_closure")


def doubts_of_marks(marks: Marks) -> Iterator[Doubt]:
    """Names that a mark sets or requests in a way that only running the project can tell."""
    if marks.opaque:
        yield ANY, "a usefixtures or parametrize mark is computed"
    for mark in marks.parametrize:
        if mark.indirect is None:
            yield from ((name, "the 'indirect' of its parametrize mark is computed") for name in mark.argnames)


def doubts_of_hooks(index: ModuleIndex, place: Place, path: str, classes: Iterable[ClassDef]) -> Iterator[Doubt]:
    """Names that `pytest_generate_tests` and hooks that change items may set, for a test at this place."""
    for holder in dict.fromkeys((*(h.path for h in place.holders), path)):
        for name, function in index.functions[holder].items():
            if name == _GENERATE:
                yield from _generated(function)
            elif name in _CHANGE_NAMES and PurePosixPath(holder).name != PurePosixPath(path).name and _changes_names(function):
                yield ANY, f"{name} in {holder} changes the fixtures of tests"
    for klass in classes:
        method = index.functions[klass.address.path].get(f"{klass.address.qualname}.{_GENERATE}")
        if method is not None:
            yield from _generated(method)


def _generated(hook: Function) -> Iterator[Doubt]:
    """The names that a `pytest_generate_tests` sets; ANY where they are computed."""
    where = hook.address.path
    calls = [c for c in hook.calls if c.callee.dotted.endswith(".parametrize")]
    for call in calls:
        if call.strings:
            yield from ((name.strip(), f"{_GENERATE} in {where} may set it") for name in call.strings[0].split(","))
        else:
            yield ANY, f"{_GENERATE} in {where} sets computed names"
    if not calls:
        yield ANY, f"{_GENERATE} in {where} may set any name"


def _changes_names(hook: Function) -> bool:
    touched: Iterable[Target] = (*(e.target for e in hook.effects), *(c.callee for c in hook.calls))
    return any(word in target.dotted for target in touched for word in _NAME_LISTS)
