"""What hooks and computed marks may change for a test, beyond what a static reader can know."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from rescope.graph.fixture_graph import ANY
from rescope.graph.index import ModuleIndex
from rescope.graph.visibility import Place
from rescope.model.facts import Call, ClassDef, Function, Marks, Root, Target

Doubt = tuple[str, str]

ASKED = "set or requested by the test itself: "
_DIRECT = 2
_DEPTH = 2
_GENERATE = "pytest_generate_tests"
_CHANGE_NAMES = ("pytest_collection_modifyitems", "pytest_itemcollected", "pytest_pycollect_makeitem", "pytest_collection_finish")
_SCENARIO = "pytest_bdd.scenario"
_NAME_LISTS = ("fixturenames", "_fixtureinfo", "names_closure")


def doubts_of_marks(marks: Marks) -> Iterator[Doubt]:
    """Names that a mark sets or requests in a way that only running the project can tell."""
    if marks.opaque:
        yield ANY, "a usefixtures or parametrize mark is computed"
    elif marks.computed:
        yield ANY, f"{ASKED}a usefixtures or parametrize mark is computed"
    for mark in marks.parametrize:
        if mark.indirect is None:
            yield from ((name, "the 'indirect' of its parametrize mark is computed") for name in mark.argnames)


def doubts_of_decorators(function: Function) -> Iterator[Doubt]:
    """Arguments that a patch may fill; any name, for a test that is a scenario: its steps ask for fixtures when they run, and make some."""
    yield from ((name, f"{ASKED}a patch with unpacked arguments may fill it") for name in function.perhaps_patched)
    if _SCENARIO in function.decorators:
        yield ANY, "the steps of its scenario request fixtures when they run"


def doubts_of_hooks(index: ModuleIndex, place: Place, path: str, classes: Iterable[ClassDef]) -> Iterator[Doubt]:
    """Names that `pytest_generate_tests` and hooks that change items may set, for a test at this place."""
    for holder in dict.fromkeys((*(h.path for h in place.holders), path)):
        if index.modules[holder].registers_fixtures:
            yield ANY, f"{holder} registers fixtures by pytest.register_fixture"
        for name, function in index.functions[holder].items():
            if name == _GENERATE:
                yield from _generated(index, function)
            elif name in _CHANGE_NAMES and PurePosixPath(holder).name != PurePosixPath(path).name and _changes_names(function):
                yield ANY, f"{name} in {holder} changes the fixtures of tests"
    for klass in classes:
        method = index.functions[klass.address.path].get(f"{klass.address.qualname}.{_GENERATE}")
        if method is not None:
            yield from _generated(index, method)


def _generated(index: ModuleIndex, hook: Function, depth: int = _DEPTH) -> Iterator[Doubt]:
    """The names that a `pytest_generate_tests`, or a helper that it hands its argument to, sets; ANY where they are computed.

    What is parametrized directly stands in for a fixture in one test: it is nobody's scope, and requests nothing.
    """
    where = hook.address.path
    for call in hook.calls:
        if call.callee.dotted.endswith(".parametrize"):
            names = [name.strip() for name in call.strings[0].split(",")] if call.strings else [ANY]
            why = f"{_GENERATE} in {where} may set it" if call.strings else f"{_GENERATE} in {where} sets computed names"
            yield from ((name, f"{ASKED}{why}" if _is_direct(call) else why) for name in names)
        elif any(t.root is Root.ARGUMENT and t.dotted in _handles(hook) for _, t in call.passes):
            helper = index.function(index.target(call.callee, where)) if depth else None
            if helper is None:
                yield ANY, f"{_GENERATE} in {where} may set any name"
            else:
                yield from _generated(index, helper, depth - 1)
    if any(e.target.root is Root.ARGUMENT and e.target.head in hook.params for e in hook.effects):
        yield ANY, f"{_GENERATE} in {where} may set any name"


def _handles(hook: Function) -> set[str]:
    """The spellings of an argument by which others can parametrize."""
    return {spelled for param in hook.params for spelled in (param, f"{param}.parametrize")}


def _is_direct(call: Call) -> bool:
    return not {"indirect", "*", "**"} & set(call.keywords) and call.arguments - len(call.keywords) <= _DIRECT


def _changes_names(hook: Function) -> bool:
    touched: Iterable[Target] = (*(e.target for e in hook.effects), *(c.callee for c in hook.calls))
    return any(word in target.dotted for target in touched for word in _NAME_LISTS)
