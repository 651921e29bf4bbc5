"""A test changes the process or an imported object, and nothing puts it back.

Why it leaks
------------
`os.chdir(...)`, `os.environ[...] = ...`, `module.attribute = ...` and `module.CONTAINER[...] = ...` last as long as the process:
every later test runs in that folder, with that variable, under that assignment, with that entry.

What rescope does
-----------------
It names the state, the tests, set-ups and function-scoped fixtures that leave it changed, and helpers of theirs that go
elsewhere or set a handler, and has tests and fixtures do it through `monkeypatch`, which pytest undoes; an import of `os` that
nothing else needs goes. The edit is unsafe, since a later test may count on the change; where pytest passes nothing (unittest),
`monkeypatch` has no method for it, the program adds to the container that a test replaces, or another test may leave the
working directory in a deleted folder, from which it cannot start, what undoes it is told. What is taken back in the same
function, behind a yield, by a teardown or by a fixture around the test is not reported, nor are seeds of random generators
(they make later tests repeatable), attributes that the set-up of a class gives to what its tests use, containers of the program
that start empty (caches), `unittest`'s `maxDiff`, warning filters (pytest restores them), variables that `os.environ.pop(name,
None)` takes away whether they are there or not, attributes of what stands for the current request or context, counters that go
on from their next number, and calls that configure a library, which a reset function of its own may take back. Told with low
confidence are an entry left in `sys.path` or `sys.modules`, an attribute that nothing but the test has, what an autouse fixture
of a conftest.py, or the set-up of a base class in a file of its own, sets anew for each test below it, a variable that the
program takes out of the environment itself, a command line, a constant or a container of a module, the test's own included,
that no other test reads before it sets it, and all of a module that no other test imports. Of several assignments of constants
the last counts.

When to keep it
---------------
When the change is meant for the rest of the run: `# rescope: keep <reason>` on the first line that makes it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from rescope.facts.cures import attribute_patch, changed_inside, idiom, inside_idiom, item_patch, process_patch
from rescope.facts.patches import is_patched
from rescope.facts.undo import closing_lines, goes_back, is_initial, is_of_same_place, is_over, may_go_back, shields, stays
from rescope.facts.values import CONTAINERS
from rescope.facts.verbs import PROCESS_STATE, is_patch, renews
from rescope.graph.around import Around, changes_folder, entered_at, is_decorated, reloaded_at, sets_up
from rescope.graph.declared import Attributes
from rescope.graph.index import Definition
from rescope.graph.running import Runs, callers_of, run_for_each_test
from rescope.model.address import Address, Location
from rescope.model.edit import Patch, PatchKind, UseMonkeypatch
from rescope.model.facts import INSIDE, Call, Effect, EffectKind, Function, Root, ValueKind
from rescope.model.finding import Applicability, Confidence, Finding, Severity, Strategy, Subject, SubjectKind
from rescope.rule import Example, Rule, RuleContext, only_told

_CODE = "RSC208"
_NAME = "unrestored-state"
_SHOWN = 3
_ENTRIES = frozenset({"sys.path", "sys.modules"})
# Attributes of mocks, and those of unittest that only say how a failure is told.
_ABSTRACT = "__abstractmethods__"  # each call of the class depends on it, also in tests that count on what an earlier one set
_HARMLESS = frozenset({"return_value", "side_effect", "sentinel", "maxDiff", "longMessage"})
_EMPTY = frozenset({"None", "False", "dict", "list", "set", "tuple"})
_UNREAD = "its owner has no such attribute but for this test: nothing of the project is seen to read it"
_TAKEN = "the program takes it out itself when it has read it"
_ANEW = "it is set anew for each test below, and of others none is seen to mind"
_UNNOTICED = "no test is seen to read it before it sets it itself: nobody may notice"
_TOO_LATE = "what reads it does so when it is imported, before any test"
_OF_PYTEST = ("monkeypatch.", "caplog.")
_CLEAN_UP = "self.addCleanup(...) beside it"
_CONSTANT = frozenset({ValueKind.NONE, ValueKind.CONSTANT})
_CHDIR = "os.chdir"
_AT_START = ["signal.SIGINT", "signal.default_int_handler"]
_CALLS = {
    _CHDIR: ("the working directory", "monkeypatch.chdir(...)"),
    "os.umask": ("the umask", ""),
    "logging.disable": ("the logging threshold", "caplog.set_level(...)"),
    "locale.setlocale": ("the locale", ""),
    "signal.signal": ("a signal handler", ""),
    "asyncio.set_event_loop_policy": ("the event loop policy", ""),
}


class _Change(NamedTuple):
    """What a function leaves changed: the state as messages call it, its dotted name, and the idiom that undoes it.

    `place` is where the project would define the state, `patch` how `monkeypatch` would make the change, `key` the source of the entry
    of a mapping.
    """

    state: str
    dotted: str
    idiom: str
    by: Function
    at: Location
    place: Definition | None = None
    patch: Patch | None = None
    key: str = ""


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for state that tests and function-scoped fixtures leave changed, one for each state of a file."""
    around = Around(graph=ctx.graph, index=ctx.index, flow=ctx.flow, tests=ctx.tests)
    found: defaultdict[tuple[str, str], list[_Change]] = defaultdict(list)
    runs = run_for_each_test(ctx.graph, ctx.flow)
    for function, tests in runs.items():
        for change in _left(ctx, function):
            called, unknown = change.dotted in _CALLS, _known(ctx, change) is None
            if not around.takes_back(change.dotted, change.key, change.place, change.by, tests, by_call=called, requested=unknown):
                cured = change._replace(idiom=_CLEAN_UP) if any(t.unittest for t in tests) else change
                found[function.address.path, change.state].append(cured)
    for change in _of_helpers(ctx, around, runs):
        if found.get((change.at.path, change.state), [change])[0].by == change.by:
            found[change.at.path, change.state].append(change)
    attributes = Attributes(index=ctx.index, namespaces=ctx.flow.namespaces)
    for changes in _together(found.values()):
        because = _why_only_told(ctx, attributes, changes)
        whole = [c._replace(patch=None) for c in changes] if _half_told(ctx, changes) else changes
        yield only_told(_finding(ctx, whole), because) if because else _finding(ctx, whole)


def _of_helpers(ctx: RuleContext, around: Around, runs: Runs) -> Iterator[_Change]:
    """What helpers of the tests leave changed by a call, if some test or fixture that calls them does nothing about it."""
    going = (
        f for path in sorted(ctx.tests) for f in ctx.index.functions[path].values() if any(_process_call(c) in _CALLS for c in f.calls)
    )
    helpers = callers_of(ctx.flow, going, runs)
    for helper, callers in helpers.items():
        if any(may_go_back(helper, call) for call in helper.calls):
            continue
        for change in (c._replace(patch=None) for c in _left(ctx, helper) if c.dotted in _CALLS):
            beside = {c: [c, *(h for h, them in helpers.items() if c in them and h != helper)] for c in callers}
            leaving = [c for c, near in beside.items() if not any(_process_call(k) == change.dotted for f in near for k in f.calls)]
            leaving = [c for c in leaving if not (is_decorated(ctx.index, c) or changes_folder(c))]
            leaving = [c for c in leaving if not around.takes_back(change.dotted, "", None, c, runs[c], by_call=True, requested=True)]
            if 0 < len({test.id for c in leaving for test in runs[c]}) < len(ctx.graph.tests):
                yield change


def _half_told(ctx: RuleContext, changes: list[_Change]) -> bool:
    """Whether other tests give the same attribute an empty value for good, which is taken for its start: put back would be theirs."""
    told = {c.by.address for c in changes}
    names = {
        c.dotted for c in changes if c.patch is not None and c.patch.kind is PatchKind.SET_ATTR and ctx.index.variable(c.place) is None
    }
    others = (test.function for test in ctx.graph.tests if names and test.function.address not in told)
    effects = (e for other in others for e in other.effects if e.target.dotted in names)
    return any(e.kind is EffectKind.SET_ATTR and e.value in _EMPTY and stays(e) for e in effects)


def _why_only_told(ctx: RuleContext, attributes: Attributes, changes: list[_Change]) -> str:
    """Why nobody may mind, "" if somebody may."""
    if all(c.place is not None and not attributes.may_be_read(c.place) for c in changes):
        return _UNREAD
    if all(c.dotted == "os.environ" and ctx.read_at_import(c.key.strip("'\"")) for c in changes):
        return _TOO_LATE
    if all(c.dotted == "os.environ" and ctx.taken_out(c.key) for c in changes):
        return _TAKEN
    if not _noticed(ctx, changes) or ctx.is_alone(changes[0].by.address, (c.place.path if c.place else "" for c in changes)):
        return _UNNOTICED
    below = all((c.by.address.path.endswith("conftest.py") and ctx.kept_by(c.by)) or _sets_up_others(ctx, c) for c in changes)
    return _ANEW if below and not any(_known(ctx, c) for c in changes) else ""


def _sets_up_others(ctx: RuleContext, change: _Change) -> bool:
    """Whether a base class, in a file of its own, makes the change in the set-up of all tests of its classes, the same for each."""
    here = any(test.path == change.by.address.path for test in ctx.graph.tests)
    constant = any(e.line == change.at.line and e.value for e in change.by.effects) or change.dotted in _CALLS
    return sets_up(change.by) and not here and constant


def _noticed(ctx: RuleContext, changes: list[_Change]) -> bool:
    """Whether a test may read one of the states unprepared.

    That is known of the command line and of constants of modules; functions and objects are come to on more ways than calls show.
    """
    known = [place for place in (_known(ctx, c) for c in changes) if place is not None]
    return len(known) < len(changes) or ctx.victims.notice(known, [c.at for c in changes])


def _known(ctx: RuleContext, change: _Change) -> Definition | None:
    if change.dotted == "sys.argv":
        return Definition(path="", name=change.dotted)
    place = change.place
    found = ctx.index.variable(place) if place is not None and "." not in place.name else None
    return place if (found is not None and found[0].value.kind in _CONSTANT) or _container(ctx, place) else None


def _together(found: Iterable[list[_Change]]) -> Iterable[list[_Change]]:
    """All that one function is the first to change of other people's attributes is one finding."""
    groups: defaultdict[tuple[Address | str, ...], list[_Change]] = defaultdict(list)
    for changes in found:
        first = min(changes, key=lambda c: c.at)
        own = first.dotted in {*PROCESS_STATE, *_CALLS}
        groups[first.at.path, first.dotted if own else first.by.address] += changes
    return [sorted(changes, key=lambda c: c.at) for _, changes in sorted(groups.items(), key=lambda item: min(c.at for c in item[1]))]


# --- what a function leaves -----------------------------------------------------------------------


def _left(ctx: RuleContext, function: Function) -> Iterator[_Change]:
    decorating = _decorating(ctx, function)
    entered = entered_at(ctx.flow, function)
    if decorating is None or is_decorated(ctx.index, function) or renews(function.address.name):
        return  # it is there to put something back, or what stands around its body may be
    patches = [c for c in function.calls if c.callee.head in {"monkeypatch", "mocker"} or is_patch(c.callee.dotted)]
    patches += decorating
    reloaded = reloaded_at(ctx.flow, function)
    effects = [e for e in function.effects if _is_outside(e) and e.line < entered]
    effects = [e for e in effects if not any(e.line >= line and _is_within(ctx, e, function, name) for name, line in reloaded.items())]
    closing = closing_lines(function) if function.address.name.startswith("test") else ()
    for effect in effects:
        others = [o for o in effects if o is not effect and is_of_same_place(effect, o) and not is_over(o, effect)]
        if stays(effect) and effect.line not in closing and (not others or _ends_elsewhere(ctx, function, effect, others)):
            yield from _of_effect(ctx, function, effect, patches)
    yield from (change for change in _of_calls(function, patches) if change.at.line < entered)


def _is_outside(effect: Effect) -> bool:
    """Whether it is on something imported, or changes what a name of the module holds."""
    return effect.target.root is Root.IMPORTED or (effect.target.root is Root.GLOBAL and effect.kind in INSIDE)


def _is_within(ctx: RuleContext, effect: Effect, function: Function, module: str) -> bool:
    """Whether an effect is on a module of the project, or one of it if no name is given."""
    own = ctx.index.target(effect.target, function.address.path) is not None
    return own and effect.target.dotted.startswith(f"{module}." if module else "")


def _ends_elsewhere(ctx: RuleContext, function: Function, effect: Effect, others: Iterable[Effect]) -> bool:
    """Whether it is the last of several assignments, each of a constant, and not of what the state starts with."""
    if not effect.value or not all(o.line < effect.line and o.value and stays(o) for o in others):
        return False
    if effect.target.dotted == "os.environ":
        return effect.kind is EffectKind.SET_ITEM and all(o.key == effect.key for o in others) and not _is_usual(ctx, effect)
    found = ctx.index.variable(ctx.index.target(effect.target, function.address.path))
    known = found is not None and not found[1] and found[0].value.kind in {*_CONSTANT, ValueKind.ALIAS} and found[0].value.text
    return bool(known) and found is not None and not is_initial(effect, found[0].value)


def _is_usual(ctx: RuleContext, effect: Effect) -> bool:
    """Whether a conftest.py or test file gives the variable the same value, perhaps for all tests."""
    bodies = (module.body for module in (ctx.index.modules[path] for path in sorted(ctx.tests)) if module.body is not None)
    functions = (f for path in sorted(ctx.tests) for f in ctx.index.functions[path].values() if not f.address.name.startswith("test"))
    effects = (e for f in chain(bodies, functions) for e in f.effects)
    return any((e.target, e.key, e.value) == (effect.target, effect.key, effect.value) for e in effects)


def _decorating(ctx: RuleContext, function: Function) -> list[Call] | None:
    """The patch decorators of a function and its class as calls, None where one of them does not say what it patches."""
    count = sum(map(is_patch, function.decorators))
    klass = ctx.index.classes[function.address.path].get(function.address.qualname.rpartition(".")[0])
    of_class = sum(map(is_patch, klass.decorators)) if klass is not None else 0
    body = ctx.index.modules[function.address.path].body if count or of_class else None
    patches = sorted((c for c in body.calls if is_patch(c.callee.dotted)), key=lambda c: c.line) if body else []
    calls = [c for c in patches if function.line <= c.line < function.def_line]
    calls += [c for c in patches if klass is not None and c.line < klass.line][-of_class:] if of_class else []
    return calls if len(calls) == count + of_class and all(c.strings or c.passes for c in calls) else None


def _of_effect(ctx: RuleContext, function: Function, effect: Effect, patches: Iterable[Call]) -> Iterator[_Change]:
    where = Location(path=function.address.path, line=effect.line, column=effect.column, note=f"changed by {function.address.qualname}")
    known = next((name for name in PROCESS_STATE if effect.target.dotted == name), "")
    if known == "os.environ" and shields(function, effect):
        return
    if known and not is_patched(patches, known, effect.key):
        yield _Change(known, known, idiom(known, effect), function, where, patch=process_patch(known, effect), key=effect.key)
    elif effect.kind is EffectKind.SET_ATTR and not (known or sets_up(function)) and _lives_on(ctx, function, effect, patches):
        owner, _, attribute = effect.text.rpartition(".")
        cure = f'monkeypatch.setattr({owner}, "{attribute}", ...)'
        place = ctx.index.target(effect.target, function.address.path)
        whole = attribute != _ABSTRACT and not (place is not None and ctx.index.is_filled(place, ctx.tests))
        patch = attribute_patch(effect, missing=place is None or not ctx.index.binds(place)) if whole else None
        yield _Change(effect.text, effect.target.dotted, cure, function, where, place, patch)
    elif effect.kind in INSIDE and not (known or sets_up(function) or is_patched(patches, effect.target.dotted, effect.key)):
        place = ctx.index.target(effect.target, function.address.path)
        kind = _container(ctx, place)
        spoken = place is None or any(s.address[:2] == (place.path, place.name) for s in ctx.singletons)
        if kind and not spoken:
            name = changed_inside(effect)
            patch = item_patch(kind, effect) if place is not None and not _is_looked_at_late(ctx, place) else None
            yield _Change(name, effect.target.dotted, inside_idiom(name, kind, effect), function, where, place, patch)


def _is_looked_at_late(ctx: RuleContext, place: Definition) -> bool:
    """Whether a fixture with a teardown may look at a state: what `monkeypatch` has put there for a test would be gone by then."""
    near = (f for path in sorted(ctx.tests | {place.path}) for f in ctx.index.functions[path].values())
    named = ((f, ctx.index.target(t, f.address.path)) for f in near for t in f.mentions if place.name in t.dotted)
    readers = {f.address for f, d in named if d is not None and d.path == place.path and f"{d.name}.".startswith(f"{place.name}.")}
    reaching = ctx.calls.reaching(readers)
    return any(f.function.address in reaching for f in ctx.graph.definitions() if f.function.yields_at is not None)


def _container(ctx: RuleContext, place: Definition | None) -> str:
    """The kind of the container that the program starts with something in at a place, "" if it is none: an empty one is a cache."""
    held = ctx.index.variable(place)
    found = held is not None and not held[1] and held[0].size and held[0].value.text in CONTAINERS
    return held[0].value.text if found and held is not None else ""


def _of_calls(function: Function, patches: Iterable[Call]) -> Iterator[_Change]:
    for call in function.calls:
        dotted = _process_call(call)
        if call.nested or call.after_yield or call.entered or dotted not in _CALLS or goes_back(function, call):
            continue
        if (dotted == _CHDIR and changes_folder(function)) or [target.dotted for _, target in call.passes] == _AT_START:
            continue
        calls = [c for c in function.calls if _process_call(c) == dotted]
        if len(calls) == 1 and not is_patched(patches, dotted, dotted.rpartition(".")[2]):
            state, cure = _CALLS[dotted]
            where = Location(path=function.address.path, line=call.line, note=f"{call.callee.dotted}() in {function.address.qualname}")
            plain = call.callee.dotted == dotted == _CHDIR and call.discarded and not may_go_back(function, call)
            patch = Patch(kind=PatchKind.CHDIR, state=dotted) if plain else None
            yield _Change(state, dotted, cure, function, where, patch=patch)


def _process_call(call: Call) -> str:
    """What a call is to the process: `tmpdir.chdir()` of py.path, which pytest does not take back, is `os.chdir()`."""
    own = call.callee.root is Root.ARGUMENT and call.callee.head == "tmpdir" and call.callee.dotted.endswith(".chdir")
    return _CHDIR if own else call.callee.dotted


def _lives_on(ctx: RuleContext, function: Function, effect: Effect, patches: Iterable[Call]) -> bool:
    """Whether the attribute belongs to something imported that no other rule speaks of, and is not one of a mock."""
    parts = effect.target.dotted.split(".")
    of_other = "[" in effect.target.dotted or _HARMLESS & set(parts) or is_patched(patches, effect.target.dotted, parts[-1])
    if of_other or effect.value in _EMPTY or parts[-1].lstrip("_").startswith("orig"):
        return False
    if any(c.callee.dotted == "next" and any(t == effect.target for _, t in c.passes) for c in function.calls):
        return False  # a counter that goes on from where it was: the one before has lost its next number
    if any(".".join(parts[:cut]) in ctx.packs.proxies for cut in range(1, len(parts))):
        return False
    found = ctx.index.target(effect.target, function.address.path)
    if found is None:
        return True
    if found.path in ctx.tests or ctx.puts_back_initial(effect, function) or ctx.flow.is_made_anew(found):
        return False
    head = found.name.partition(".")[0]
    held = ctx.index.variable(found)
    made = held[0].value.target.dotted if held is not None and held[0].value.target is not None else ""
    part = held is not None and held[1] and held[0].value.kind is ValueKind.ALIAS and "." in made
    if part or made.endswith("LocalProxy"):
        return False  # what stands behind it is made for the request, the context or the test, or is a part of another object
    klass = ctx.flow.class_named(made, found.path) if made else None
    if klass is not None and ctx.flow.method(klass, "__setattr__") is not None:
        return False  # the object decides itself where the attribute goes: often to what the test has made
    return not any(s.address.path == found.path and s.address.qualname in {found.name, head} for s in ctx.singletons)


def _finding(ctx: RuleContext, changes: list[_Change]) -> Finding:
    first, *others = changes
    functions = list(dict.fromkeys(c.by.address.qualname for c in changes))
    states = list(dict.fromkeys(c.state for c in changes))
    who = functions[0] if len(functions) == 1 else f"{functions[0]} and {len(functions) - 1} more"
    what = states[0] if len(states) == 1 else f"{states[0]} and {len(states) - 1} more"
    related = [c.at for c in others[:_SHOWN]]
    if len(others) > _SHOWN:
        related.append(replace(others[_SHOWN].at, note=f"and {len(others) - _SHOWN} more"))
    subject = Subject(
        kind=SubjectKind.SINGLETON,
        name=first.state,
        address=Address(path=first.at.path, qualname=first.dotted),
        line=first.at.line,
    )
    cure = (
        f"use {first.idiom}, which {'pytest undoes' if first.idiom.startswith(_OF_PYTEST) else 'puts it back'} after the test"
        if first.idiom
        else "put it back behind the yield of a fixture"
    )
    patches = _patches(ctx, changes)
    finding = Finding(
        code=_CODE,
        rule=_NAME,
        message=f"{who} leave{'s' if len(functions) == 1 else ''} {what} changed for the tests that follow",
        reason=f"{what} is after each test what it was before",
        subject=subject,
        primary=first.at,
        related=tuple(related),
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
        applicability=Applicability.UNSAFE if patches else Applicability.DISPLAY_ONLY,
        strategy=Strategy.PATCH if patches else Strategy.NONE,
        caveat=cure,
        patches=patches,
    )
    return only_told(finding, cure) if first.dotted in _ENTRIES else finding


def _patches(ctx: RuleContext, changes: list[_Change]) -> tuple[UseMonkeypatch, ...]:
    """All changes as `monkeypatch` would make them, by function; none where one of them has to be cured otherwise."""
    by_function: defaultdict[Address, dict[Patch, None]] = defaultdict(dict)
    set_here = {c.key for c in changes if c.patch is not None and c.patch.kind is PatchKind.SET_ENV}
    for change in changes:
        if change.patch is None or (change.patch.kind is PatchKind.DEL_ENV and change.key in set_here):
            return ()  # once the others undo what they set, there would be nothing to take away
        by_function[change.by.address][change.patch] = None
    alone = {a.path: ctx.imports.importers(a.path, lazy=True) <= {a.path} and not ctx.index.is_spoken_of(a.path) for a in by_function}
    return tuple(UseMonkeypatch(address=a, patches=tuple(found), alone=alone[a.path]) for a, found in by_function.items())


RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a test that stays in another folder",
            files="""\
# --- test_files.py
import os
from pathlib import Path


def test_write(tmp_path):
    os.chdir(tmp_path)
    Path("out.txt").write_text("done")
    assert Path("out.txt").exists()


def test_read(tmp_path):
    assert tmp_path.exists()
""",
            codes=(_CODE,),
            unsafe=True,
            after="""\
# --- test_files.py
from pathlib import Path


def test_write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("out.txt").write_text("done")
    assert Path("out.txt").exists()


def test_read(tmp_path):
    assert tmp_path.exists()
""",
        ),
        Example(
            name="an attribute of a class of another library",
            files="""\
# --- test_json.py
import json


def test_encoder():
    json.JSONEncoder.item_separator = ","
    assert json.JSONEncoder.item_separator == ","


def test_dump():
    assert json.loads(json.dumps([1])) == [1]
""",
            codes=(_CODE,),
        ),
        Example(
            name="what is put back is silent",
            files="""\
# --- test_env.py
import os
from unittest import mock

import pytest


@pytest.fixture
def folder(tmp_path):
    before = os.getcwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


@mock.patch.dict(os.environ)
def testis_patched():
    os.environ["LEVEL"] = "1"


def test_removed():
    os.environ["LEVEL"] = "1"
    try:
        assert os.environ["LEVEL"] == "1"
    finally:
        del os.environ["LEVEL"]


def test_undone(monkeypatch):
    monkeypatch.setenv("LEVEL", "1")
    os.environ["LEVEL"] = "2"


def test_folder(folder):
    assert os.getcwd()
""",
        ),
    ),
)
