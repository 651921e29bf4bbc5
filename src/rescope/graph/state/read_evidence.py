"""Reads what the tests do to state: functions of tests, fixtures, set-ups and hooks, and the bodies of modules."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from rescope.facts.undo import closing_lines, empties, is_initial, takes_away
from rescope.facts.verbs import SETUPS, is_back
from rescope.graph.index import Definition
from rescope.graph.state.evidence import CLEARS, Called, Evidence, Key, Use, class_of
from rescope.graph.state.known import Known
from rescope.model.address import Address, Location
from rescope.model.facts import Call, ClassDef, Effect, EffectKind, Function, Root, Target
from rescope.model.scope import Scope

_HOOKS = ("pytest_runtest_setup", "pytest_runtest_teardown", "pytest_runtest_call", "pytest_runtest_protocol")
_TEARDOWNS = frozenset({"teardown_method", "teardown_function", "tearDown", "asyncTearDown"})
_XUNIT = _TEARDOWNS | {"setup_method", "setup_function", "setUp", "asyncSetUp"}
_ASSIGNS = frozenset({EffectKind.SET_ATTR, EffectKind.BIND})
_DEPTH = 3


def read_evidence(known: Known) -> Evidence:
    """The evidence of all tests, conftest files and module bodies."""
    named = ((name, path) for path in known.tests for name in known.index.modules[path].plugins)
    found = Evidence(plugins=frozenset(filter(None, (known.index.module(name, path) for name, path in named))), served=_served(known))
    resetting, preparing = _resetting(known), _preparing(known)
    _read_replacing(known, found)
    for path in sorted(known.tests - known.idle):
        body = known.index.modules[path].body
        for key, location in _touches(known, body, resets=True) if body else ():
            found.standing[key].append(location)
        elsewhere = _run_elsewhere(known, path)
        for function in known.index.functions[path].values():
            if function.address.qualname not in elsewhere:
                resets, stands = function.address in resetting, function.address in preparing
                _read_function(known, function, found, resets=resets, stands=stands and not resets)
        for klass in known.index.modules[path].classes:
            _read_inherited(known, klass, found)
    _read_bodies(known, found)
    _drop_asked_elsewhere(known, found)
    found.inverse.update({key: dict(_inverse(known, key)) for key in found.uses})
    found.members.update({key: _members(known, key) for key in (*found.by_request, *found.inverse) if key not in found.members})
    return found


def _run_elsewhere(known: Known, path: str) -> set[str]:
    """The functions of a file that are only ever started as processes of their own: nothing that they do stays."""
    calls = [c for f in known.index.functions[path].values() for c in f.calls]
    starts = [t for c in calls if c.callee.dotted.endswith("Process") for slot, t in c.passes if slot == "target"]
    started = {t.dotted for t in starts if t.root is Root.GLOBAL}
    if not started:
        return set()
    everywhere = [c for p in known.tests for f in known.index.functions[p].values() for c in f.calls]
    called = {c.callee.dotted.rpartition(".")[2] for c in everywhere}
    handed = {t.dotted.rpartition(".")[2] for c in everywhere if not c.callee.dotted.endswith("Process") for _, t in c.passes}
    return started - called - handed


def _served(known: Known) -> dict[str, frozenset[str]]:
    """The test modules that use the fixtures of a file which a conftest.py or they themselves import."""
    graph = known.calls.flow.graph
    held = {path: known.index.modules[path].fixtures for path in known.tests if not path.endswith("conftest.py")}
    return {path: frozenset(t.path for each in found for t in graph.tests_using(each)) for path, found in held.items() if found}


def _read_replacing(known: Known, found: Evidence) -> None:
    """The tests for each of which a fixture puts something else in the place of the state, itself or through a helper of the tests.

    One that reads pytest's `request` may do so for some of them only, and who imports the state by its name, or calls
    `monkeypatch.undo()`, has the original.
    """
    graph = known.calls.flow.graph
    for path in sorted(known.tests - known.idle):
        for fixture in (f for f in known.index.modules[path].fixtures if f.scope is Scope.FUNCTION):
            if "request" in fixture.argnames:
                continue
            functions = (fixture.function, *_helpers(known, fixture.function))
            lasting = fixture.function.yields_at is not None
            for key in {key for function in functions for key, _ in patches(known, function, lasting=lasting)}:
                users = (test.function for test in graph.tests_using(fixture) if not _undoes(test.function))
                found.patched[key].update(f.address for f in users if not _has_by_name(known, f.address.path, key))


def _undoes(function: Function) -> bool:
    return any(call.callee.dotted == "monkeypatch.undo" for call in function.calls)


def _has_by_name(known: Known, path: str, key: Key) -> bool:
    """Whether a file imports the state itself, and not only its module."""
    held = (known.index.locate(dotted, path) for dotted in known.index.imports[path].values() if dotted.endswith(f".{key[1]}"))
    return any(definition is not None and definition == key for definition in held)


def _drop_asked_elsewhere(known: Known, found: Evidence) -> None:
    """Caches that tests come to through the program are not cleared by those that ask them directly."""
    tests = [f for path in known.tests for f in known.index.functions[path].values() if f.address.name.startswith("test")]
    for (path, name), clearing in list(found.cleared.items()):
        function = known.index.functions[path].get(name.removesuffix(CLEARS))
        reaching = known.calls.reaching([function.address]) if function is not None else ()
        if any(f.address in reaching and f.address not in clearing for f in tests):
            del found.cleared[path, name]


def _inverse(known: Known, key: Key) -> Iterator[tuple[str, set[str]]]:
    """The methods of an object's class that assign nothing but what the constructor gives the same attributes, with these."""
    held = known.index.variables[key[0]].get(key[1])
    klass = known.class_named(held.value.target.dotted, key[0]) if held is not None and held.value.target is not None else None
    initial = known.calls.flow.starts_with(klass) if klass is not None else {}
    for binding in klass.bindings if klass is not None and initial else ():
        method = known.calls.flow.method(klass, binding.name) if klass is not None else None
        own = [e for e in method.effects if e.target.root is Root.SELF] if method is not None else []
        through = method is not None and any(c.callee.root is Root.SELF or c.callee.dotted.startswith("super") for c in method.calls)
        if own and not through and all(e.kind is EffectKind.SET_ATTR and initial.get(e.target.tail) == e.value for e in own):
            yield binding.name, {e.target.tail for e in own}


def _members(known: Known, key: Key) -> dict[str, set[str] | None]:
    """The attributes that the methods of an object's class change, by method."""
    held = known.index.variables[key[0]].get(key[1])
    klass = known.class_named(held.value.target.dotted, key[0]) if held is not None and held.value.target is not None else None
    found: dict[str, set[str] | None] = {}
    for owner in known.calls.flow.namespaces.mro(klass) if klass is not None else ():
        for binding in owner.bindings:
            method = known.calls.flow.method(owner, binding.name)
            if method is not None and binding.name not in found:
                through = any(c.callee.root is Root.SELF and "." not in c.callee.tail for c in method.calls)
                own = {e.target.tail.partition(".")[0] for e in method.effects if e.target.root is Root.SELF}
                found[binding.name] = None if through else own
    return found


def _resetting(known: Known) -> set[Address]:
    """The autouse fixtures of function scope and the hooks around tests, and what of the tests they call for each of them."""
    functions = (f for path in known.tests for f in known.index.functions[path].values())
    around = [f for f in functions if _is_reset_fixture(known, f)]
    found = {f.address for f in around}
    for _ in range(_DEPTH):
        around = [helper for function in around for helper in _helpers(known, function) if helper.address not in found]
        found.update(f.address for f in around)
    return found


def _preparing(known: Known) -> set[Address]:
    """The functions of the tests that nothing but set-ups calls, themselves or through others."""
    callers: defaultdict[Address, set[Address]] = defaultdict(set)
    found = set()
    for function in (f for path in known.tests for f in known.index.functions[path].values()):
        if function.address.name in SETUPS:
            found.add(function.address)
        for helper in _helpers(known, function):
            callers[helper.address].add(function.address)
    for _ in range(_DEPTH):
        found |= {address for address, by in callers.items() if by <= found}
    return found


def clears_around(known: Known, function: Function, cached: Function) -> bool:
    """Whether a function clears the cache of another first, and once more when all else is done."""
    cache = Definition(path=cached.address.path, name=f"{cached.address.qualname}{CLEARS}")
    clears = (call for call in function.calls if call.callee.dotted.endswith(CLEARS))
    clearing = [call for call in clears if known.index.target(call.callee, function.address.path) == cache]
    return len(clearing) > 1 and any(_is_last(function, call) for call in clearing)


def _is_last(function: Function, call: Call) -> bool:
    """Whether a function calls it when all else is done: in a `finally`, behind a yield, or as its last line after other calls."""
    closes = call.discarded and call.line == function.end_line and any(c.line < call.line for c in function.calls)
    return call.after_yield or closes


def _helpers(known: Known, function: Function) -> Iterator[Function]:
    """The functions of the tests that a function calls; a fixture whose value it calls stands for the function that it hands out."""
    flow = known.calls.flow
    for call in function.calls:
        yield from flow.handed_out(function, call)
        callee = flow.callee(function, call)
        if callee is not None and callee.address.path in known.tests:
            yield callee


def _read_function(known: Known, function: Function, found: Evidence, *, resets: bool, stands: bool) -> None:
    for key, _ in patches(known, function):
        found.patched[key].add(function.address)
    for call in function.calls:
        if call.callee.dotted.endswith(CLEARS) and _is_last(function, call):
            for key, _ in _at(known, known.index.target(call.callee, function.address.path), function.address.path, call.line, ""):
                found.cleared[key].add(function.address)
    for key in _puts_back(known, function):
        found.restoring[key].add(function.address)
    _read_touches(known, function, found, resets=resets, stands=stands or (not resets and _stands(known, function)))


def _read_touches(known: Known, function: Function, found: Evidence, *, resets: bool, stands: bool) -> None:
    if resets and function.address.name.startswith(("reset", "_reset")):
        for key, location in _mentioned(known, function):
            found.resets[key].append(location)
    _read_undoing(known, function, found, resets=resets)
    for key, location in _touches(known, function, resets=resets):
        if function.address not in found.patched.get(key, ()) or resets:
            found.touched[key].append((location, function.address))
        if stands:
            found.standing[key].append(location)
        if resets:
            found.resets[key].append(location)
    _read_uses(known, function, found, resets=resets, stands=stands)
    if not (resets or stands):
        _read_calls(known, function, found)


def _read_inherited(known: Known, klass: ClassDef, found: Evidence) -> None:
    """What the set-up and the teardown of a base class in another file take back stands around the tests of the class, too."""
    path = klass.address.path
    for name in sorted(_XUNIT) if klass.bases else ():
        method = known.calls.flow.method(klass, name)
        if method is not None and method.address.path != path:
            for key, at in _takes_back(known, method):
                found.on_request[key].append(Location(path=path, line=klass.line, note=f"{at.note}, in the base class"))


def _read_undoing(known: Known, function: Function, found: Evidence, *, resets: bool) -> None:
    if resets:
        for address, location, after in _reached(known, function):
            found.around[address].append(location)
            if after:
                found.around_after[address].append(location)
            for key, _ in _cleared(known, address):
                found.resets[key].append(location)
    elif may_stand_around(known, function):
        for key, location in _takes_back(known, function):
            found.on_request[key].append(location)
            head, _, member = key[1].partition(".")
            asked = class_of(function) if function.address.name in _XUNIT and function.is_method else function.address.name
            found.by_request[key[0], head][asked].add(member.partition(".")[0])
        for call in function.calls:
            callee = known.calls.flow.callee(function, call) if call.after_yield or function.address.name in _TEARDOWNS else None
            if callee is not None:
                at = Location(path=function.address.path, line=call.line, note=f"{call.callee.dotted}()")
                found.ended[callee.address].append(Called(by=function.address, at=at, constant=call.constant))


def _read_uses(known: Known, function: Function, found: Evidence, *, resets: bool, stands: bool) -> None:
    path, torn = function.address.path, function.address.name in _TEARDOWNS
    seen = [
        (whole, e.line, e.text, False, takes_away(e) or empties(e), e.after_yield or torn, "")
        for e in function.effects
        if (e.undone_at is None or resets) and not e.nested and (whole := known.outside_tests(e.target, path))
    ]
    done = ((c, known.outside_tests(c.callee, path)) for c in function.calls if not (c.nested or c.raises))
    seen += [(whole, c.line, f"{c.callee.dotted}()", True, False, c.after_yield or torn, c.constant) for c, whole in done if whole]
    handed = ((c, t, known.outside_tests(t, path)) for c in function.calls for _, t in c.passes if t.dotted.endswith(".reset"))
    seen += [(whole, c.line, f"{t.dotted}, handed to {c.callee.dotted}()", True, False, True, "") for c, t, whole in handed if whole]
    for whole, line, text, is_call, taken, after, constant in seen:
        head, _, member = whole.name.partition(".")
        if member and not (is_call and "." in member):
            at = Location(path=path, line=line, note=text)
            told = {"is_call": is_call, "takes_away": taken, "after": after, "resets": resets, "stands": stands}
            use = Use(by=function, member=member.partition(".")[0], at=at, constant=constant, **told)
            found.uses[whole.path, head].append(use)


def _read_calls(known: Known, function: Function, found: Evidence) -> None:
    for call in function.calls:
        callee = None if call.nested or call.raises else known.calls.flow.callee(function, call)
        made = [] if call.nested or call.raises or callee is not None else known.made_by(call, function.address.path)
        for each in (callee, *made):
            if each is None or each.address.path in known.tests:
                continue
            if _is_last(function, call):
                found.closing[each.address].add(function.address)
            if call.after_yield:
                found.after[each.address].add(function.address)
            else:
                at = Location(path=function.address.path, line=call.line, note=f"{call.callee.dotted}()")
                found.called[each.address].append(Called(by=function.address, at=at, constant=call.constant))


def _reached(known: Known, function: Function, depth: int = _DEPTH) -> Iterator[tuple[Address, Location, bool]]:
    """The functions of the program that a function of the tests calls, themselves or through others, from where, and whether at last."""
    for call in function.calls:
        callee = known.calls.flow.callee(function, call)
        if callee is not None and callee.address.path not in known.tests and callee.address != function.address:
            at = Location(path=function.address.path, line=call.line, note=f"{call.callee.dotted}()")
            yield callee.address, at, call.after_yield
            if depth:
                yield from ((address, at, call.after_yield) for address, _, _ in _reached(known, callee, depth - 1))


def may_stand_around(known: Known, function: Function) -> bool:
    """Whether the function is a fixture of function scope that tests ask for, or sets up or tears down each test of a class or file."""
    if function.address.name in _XUNIT:
        return True
    fixtures = known.index.modules[function.address.path].fixtures
    return any(f.function.address == function.address and f.scope is Scope.FUNCTION for f in fixtures)


def _takes_back(known: Known, function: Function) -> Iterator[tuple[Key, Location]]:
    """The state that a fixture or set-up clears, or changes again after the test."""
    path, torn = function.address.path, function.address.name in _TEARDOWNS
    sets_up = function.address.name in _XUNIT
    for effect in function.effects:
        if takes_away(effect) or effect.after_yield or torn or (sets_up and _is_initial(known, effect, path)):
            yield from _at(known, known.index.target(effect.target, path), path, effect.line, effect.text)
    for helper in _helpers(known, function) if torn else ():
        for effect in helper.effects:
            found = known.index.target(effect.target, helper.address.path)
            yield from _at(known, found, path, function.def_line, f"{effect.text} in {helper.address.qualname}()")
    for call in function.calls:
        if is_back(call.callee.dotted.rpartition(".")[2]) or call.callee.dotted.endswith(CLEARS):
            yield from _at(known, known.index.target(call.callee, path), path, call.line, f"{call.callee.dotted}()")


def _is_initial(known: Known, effect: Effect, path: str) -> bool:
    """Whether it assigns what the state starts with."""
    held = known.index.variable(known.index.target(effect.target, path))
    return held is not None and is_initial(effect, held[0].value)


def _cleared(known: Known, address: Address) -> Iterator[tuple[Key, Location]]:
    """The caches that a function of the program clears."""
    function = known.index.function_at(*address[:3])
    for call in function.calls if function is not None else ():
        if call.callee.dotted.endswith(CLEARS):
            yield from _at(known, known.index.target(call.callee, address.path), address.path, call.line, call.callee.dotted)


def _mentioned(known: Known, function: Function) -> Iterator[tuple[Key, Location]]:
    """A fixture called reset... that names a class resets its slots, by whatever loop it goes through them."""
    for target in function.mentions:
        found = known.index.target(target, function.address.path)
        klass = known.index.class_at(found)
        if found is not None and klass is not None:
            at = Location(path=function.address.path, line=function.def_line, note=function.address.name)
            yield from (((found.path, attribute.address.qualname), at) for attribute in klass.attributes)


def _stands(known: Known, function: Function) -> bool:
    """A fixture of a broader scope, a hook or set-up code: what it does to the state, tests count on."""
    fixtures = known.index.modules[function.address.path].fixtures
    broad = any(f.function.address == function.address and f.scope is not Scope.FUNCTION for f in fixtures)
    return broad or function.address.name.startswith(("pytest_", "setup", "setUp"))


def _is_reset_fixture(known: Known, function: Function) -> bool:
    if function.address.name in _HOOKS:
        return True
    fixtures = known.index.modules[function.address.path].fixtures
    own = (f for f in fixtures if f.function.address == function.address)
    return any(f.autouse is not False and f.scope is Scope.FUNCTION for f in own)


def _touches(known: Known, function: Function, *, resets: bool) -> Iterator[tuple[Key, Location]]:
    """What a function of the tests changes or calls; a patch, which takes itself back, and a call that is to fail say nothing of others."""
    path = function.address.path
    if function.address.name in _TEARDOWNS:
        return
    restored = () if resets else _restored(known, function)
    may_undo = resets or may_stand_around(known, function)
    closing = closing_lines(function) if function.address.name.startswith("test") else ()
    undoing = set() if resets else {e.undone_at for e in function.effects}
    at_last = set() if may_undo else {c.callee.dotted for c in function.calls if _is_last(function, c)}
    for effect in function.effects:
        taken_back = ((effect.undone_at is not None or effect.line in undoing) and not resets) or (effect.after_yield and not may_undo)
        ends = (takes_away(effect) and effect.line in closing) or _follows_a_call(known, function, effect)
        if not (taken_back or effect.target in restored or ends):
            yield from _at(known, known.index.target(effect.target, path), path, effect.line, effect.text)
    for call in function.calls:
        if call.raises or call.callee.dotted in at_last or (not resets and _is_patch(call)):
            continue
        definition = known.outside_tests(call.callee, path)
        if definition is not None:
            yield from _at(known, definition, path, call.line, f"{call.callee.dotted}()")
        for text in call.strings[:1]:
            yield from _named(known, text, path, call.line, call.callee.dotted)
        if call.callee.dotted.endswith("setattr"):
            yield from _at(known, _attribute(known, call, path), path, call.line, f"{call.callee.dotted}()")


def _follows_a_call(known: Known, function: Function, effect: Effect) -> bool:
    """Whether a test takes one entry away after it called the program, which has made it; before that it would make room."""
    if not (takes_away(effect) and effect.key and function.address.name.startswith("test")):
        return False
    callees = (known.calls.flow.callee(function, c) for c in function.calls if c.line < effect.line and not c.nested)
    return any(callee is not None and callee.address.path not in known.tests for callee in callees)


def _restored(known: Known, function: Function) -> set[Target]:
    """What the function assigns, and at last sets to the value that the state starts with."""
    assigned = [e for e in sorted(function.effects, key=lambda e: e.line) if e.kind in _ASSIGNS and not e.nested]
    times = Counter(e.target for e in assigned)
    closing = closing_lines(function) if function.address.name.startswith("test") else ()
    last = {e.target: e for e in assigned if times[e.target] > 1 or e.line in closing}
    return {target for target, effect in last.items() if _is_initial(known, effect, function.address.path)}


def _puts_back(known: Known, function: Function) -> Iterator[Key]:
    """What a function of the tests assigns or takes out when all else is done, be it an entry that the program has made for it."""
    path = function.address.path
    closing = closing_lines(function) if function.address.name.startswith("test") else ()
    for effect in function.effects:
        last = (effect.kind in _ASSIGNS or takes_away(effect)) and (effect.after_yield or effect.line in closing)
        if last or _follows_a_call(known, function, effect):
            yield from (key for key, _ in _at(known, known.index.target(effect.target, path), path, effect.line, ""))


def _attribute(known: Known, call: Call, path: str) -> Definition | None:
    """The attribute that `setattr(owner, "name", ...)` or `patch.object(owner, "name")` names."""
    owner = known.index.target(call.passes[0][1], path) if call.passes and call.strings else None
    return None if owner is None else owner._replace(name=".".join(part for part in (owner.name, call.strings[0]) if part))


def patches(known: Known, function: Function, *, lasting: bool = True) -> Iterator[tuple[Key, int]]:
    """The state in whose place the function puts something else, and where; what a `with` takes back counts if it is `lasting`."""
    path = function.address.path
    for call in (c for c in patching(known, function) if lasting or not c.entered):
        found = [_attribute(known, call, path)]
        found += [known.index.locate(text, path) for text in call.strings[:1] if "." in text]
        found += [known.index.target(target, path) for _, target in call.passes[:1] if call.callee.dotted.endswith(".dict")]
        for definition in found:
            yield from ((key, call.line) for key, _ in _at(known, definition, path, call.line, ""))


def patching(known: Known, function: Function) -> Iterator[Call]:
    """The calls of monkeypatch and mock by a function, those of its decorators included."""
    body = known.index.modules[function.address.path].body if function.decorators else None
    decorating = (c for c in body.calls if function.line <= c.line < function.def_line) if body is not None else ()
    return (call for call in (*function.calls, *decorating) if _is_patch(call) and not call.nested)


def _is_patch(call: Call) -> bool:
    callee = call.callee.dotted
    own = callee.startswith(("monkeypatch.", "mocker.patch")) or call.receiver.startswith("pytest.MonkeyPatch")
    return own or callee.endswith((".patch", ".patch.object", ".patch.dict"))


def _named(known: Known, text: str, path: str, line: int, callee: str) -> Iterator[tuple[Key, Location]]:
    """`monkeypatch.setattr("pkg.mod.X", ...)`, `patch("pkg.mod.X")`, `sys.modules.get("pkg.mod")`."""
    if " " not in text and ("." in text or callee == "sys.modules.get"):
        yield from _at(known, known.index.locate(text, path), path, line, f"{callee}({text!r})")


def _at(known: Known, found: Definition | None, path: str, line: int, note: str) -> Iterator[tuple[Key, Location]]:
    if found is not None and found.path not in known.tests:
        whole = known.canonical(found)
        yield (whole.path, whole.name), Location(path=path, line=line, note=note)


def _read_bodies(known: Known, found: Evidence) -> None:
    """Import-time calls of a getter: someone holds what it returned for ever."""
    for path, module in known.index.modules.items():
        for call in module.body.calls if module.body else ():
            for callee in known.calls.certain(module.body, call) if module.body else ():
                note = f"{call.callee.dotted}() runs while this module is imported"
                found.held[callee.address].append(Location(path=path, line=call.line, note=note))
