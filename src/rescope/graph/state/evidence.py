"""What the tests say of state: where they touch, set and reset it, and what holds it from import on."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from rescope.facts.undo import closing_lines, empties, is_initial, takes_away
from rescope.graph.index import Definition
from rescope.graph.state.known import Known
from rescope.model.address import Address, Location
from rescope.model.facts import Call, ClassDef, Effect, EffectKind, Function, Target
from rescope.model.scope import Scope
from rescope.model.state import Role, Shape, Singleton, Writer

_HOOKS = ("pytest_runtest_setup", "pytest_runtest_teardown", "pytest_runtest_call", "pytest_runtest_protocol")
_BACK = ("reset", "clear", "restore", "remove", "unregister", "deregister", "unsubscribe", "disconnect", "delete", "pop", "discard", "undo")
_TEARDOWNS = frozenset({"teardown_method", "teardown_function", "tearDown", "asyncTearDown"})
_XUNIT = _TEARDOWNS | {"setup_method", "setup_function", "setUp", "asyncSetUp"}
_ASSIGNS = frozenset({EffectKind.SET_ATTR, EffectKind.BIND})
_CLEARS = ".cache_clear"
_DEPTH = 3
_Key = tuple[str, str]


class Use(NamedTuple):
    """What a function of the tests does to a module-level object: `member` is the method it calls or the attribute it changes."""

    by: Function
    member: str
    at: Location
    is_call: bool
    takes_away: bool
    after: bool
    resets: bool
    stands: bool
    constant: str


class Called(NamedTuple):
    """A call of a function of the program by one of the tests; `constant` is its only argument, if that is one."""

    by: Address
    at: Location
    constant: str


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Places in tests by the state that they name.

    `called` are the functions of the program that they call themselves, `after` those that they call when all else is done, `closing`
    these and those of their last line,
    `around_after` those that autouse fixtures call then, themselves or through others; `by_request` are the names of fixtures that
    take an object's changes back for who requests them; `patched` are the functions of the tests that put something else in the
    place of the state, `restoring` those that assign it when all else is done.
    """

    touched: defaultdict[_Key, list[tuple[Location, Address]]] = field(default_factory=lambda: defaultdict(list))
    standing: defaultdict[_Key, list[Location]] = field(default_factory=lambda: defaultdict(list))
    resets: defaultdict[_Key, list[Location]] = field(default_factory=lambda: defaultdict(list))
    held: defaultdict[Address, list[Location]] = field(default_factory=lambda: defaultdict(list))
    uses: defaultdict[_Key, list[Use]] = field(default_factory=lambda: defaultdict(list))
    called: defaultdict[Address, list[Called]] = field(default_factory=lambda: defaultdict(list))
    around: defaultdict[Address, list[Location]] = field(default_factory=lambda: defaultdict(list))
    around_after: defaultdict[Address, list[Location]] = field(default_factory=lambda: defaultdict(list))
    on_request: defaultdict[_Key, list[Location]] = field(default_factory=lambda: defaultdict(list))
    by_request: defaultdict[_Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    after: defaultdict[Address, set[Address]] = field(default_factory=lambda: defaultdict(set))
    closing: defaultdict[Address, set[Address]] = field(default_factory=lambda: defaultdict(set))
    patched: defaultdict[_Key, set[Address]] = field(default_factory=lambda: defaultdict(set))
    restoring: defaultdict[_Key, set[Address]] = field(default_factory=lambda: defaultdict(set))

    def join(self, singleton: Singleton) -> Singleton:
        """The singleton with all that the tests say of it."""
        if singleton.shape in {Shape.INSTANCE, Shape.CONTEXT}:
            return self._join_object(singleton)
        path = singleton.address.path
        names = [name for name, _ in singleton.group]
        keys = [(path, n) for n in names] + [(path, f"{n}.cache_clear") for n in names]
        if singleton.reset_function:
            keys.append((path, singleton.reset_function))
        backward = [(w.function.path, w.function.qualname) for w in singleton.writers if w.role is Role.RESET or _is_back(w.function.name)]
        filling = [w.function for w in singleton.writers if w.role is not Role.RESET]
        undoing = self._undoing(singleton)
        touched = tuple(sorted(at for key in keys for at, by in self.touched.get(key, ()) if by not in undoing))
        resets = [at for key in [*keys, (path, "")] for at in self.resets.get(key, ())]
        resets += self._around(singleton.writers)
        asked = [at for key in [*keys, *backward] for at in self.on_request.get(key, ())]
        if asked and all(any(_covers(by, at) for by in asked) for at in touched):
            resets += asked
        return replace(
            singleton,
            held_at_import=tuple(at for f in filling for at in self.held.get(f, ())),
            set_by_set_up=tuple(sorted(at for key in keys for at in self.standing.get(key, ()))),
            touched_by_tests=touched,
            set_by_tests=tuple(sorted(self._set_through(singleton))),
            reset_by=tuple(sorted(resets)),
        )

    def _join_object(self, singleton: Singleton) -> Singleton:
        """As join, for an object: by the methods that change it, and the attributes that are set."""
        own = {"set", "reset"} if singleton.shape is Shape.CONTEXT else set()
        methods = own | {w.text for w in singleton.writers if w.role is Role.MUTATOR}
        uses = self.uses.get((singleton.address.path, singleton.name), [])
        changes = [u for u in uses if not u.is_call or u.member in methods]
        initial = {value for _, value in singleton.group if value}
        last = {u.by.address: u for u in sorted(changes, key=lambda u: u.at)}
        back = {u.by.address for u in changes if u.after or u.takes_away or _is_back(u.member)}
        set_at: Counter[Address] = Counter()
        for call in (c for w in singleton.writers for c in self.called.get(w.function, ())):
            set_at[call.by] = max(set_at[call.by], call.at.line)
        back |= {by for by, u in last.items() if u.constant in initial and u.at.line >= set_at[by]}
        fixtures = self.by_request.get((singleton.address.path, singleton.name), set())
        back |= {u.by.address for u in changes if not fixtures.isdisjoint(u.by.argnames)}
        left = [u for u in changes if not (u.resets or u.stands or u.by.address in back) and not (u.by.is_async and singleton.container)]
        if singleton.shape is Shape.CONTEXT:
            left = [u for u in left if not u.by.is_async]
        return replace(
            singleton,
            held_at_import=(),
            set_by_set_up=tuple(sorted(u.at for u in changes if u.stands)),
            touched_by_tests=tuple(sorted(u.at for u in uses if not u.resets)),
            set_by_tests=tuple(sorted([*(u.at for u in left), *self._set_through(singleton, back)])),
            reset_by=tuple(sorted(self._reset_uses(singleton, uses, changes))),
        )

    def _reset_uses(self, singleton: Singleton, uses: list[Use], changes: list[Use]) -> Iterator[Location]:
        yield from (u.at for u in uses if u.resets and (u in changes or _is_back(u.member)))
        yield from self._around(singleton.writers)

    def _around(self, writers: tuple[Writer, ...]) -> Iterator[Location]:
        """Where an autouse fixture calls what takes the state back, or behind its yield a setter, itself or through others."""
        backward = (w.function for w in writers if w.role is Role.RESET or _is_back(w.function.name))
        yield from (at for function in dict.fromkeys(backward) for at in self.around.get(function, ()))
        setters = (w.function for w in writers if w.role is Role.SETTER)
        yield from (at for function in dict.fromkeys(setters) for at in self.around_after.get(function, ()))

    def _set_through(self, singleton: Singleton, back: Container[Address] = ()) -> Iterator[Location]:
        """Calls of a setter by tests that take nothing back, be it by its initial value; a method says nothing of other objects."""
        writers = [w for w in singleton.writers if not (singleton.shape is Shape.INSTANCE and w.role is Role.MUTATOR)]
        spared = {c.by for w in writers if w.role is Role.RESET or _is_back(w.function.name) for c in self.called.get(w.function, ())}
        spared |= {by for w in writers for by in self.after.get(w.function, ())} | self.patchers(singleton) | self._undoing(singleton)
        spared |= {by for name, _ in singleton.group for by in self._restorers(singleton, name)}
        initial = {value for _, value in singleton.group if value}
        forward = (w for w in writers if w.role in {Role.SETTER, Role.MUTATOR} and not (w.guarded or _is_back(w.function.name)))
        for function in dict.fromkeys(w.function for w in forward):
            last = {c.by: c for c in sorted(self.called.get(function, ()), key=lambda c: c.at)}
            spared |= {by for by, call in last.items() if call.constant in initial}
            yield from (c.at for c in self.called.get(function, ()) if c.by not in spared and c.by not in back)

    def _undoing(self, singleton: Singleton) -> set[Address]:
        """The functions of the tests that at last call what takes the state back: what they do before does not stay."""
        backward = {w.function for w in singleton.writers if w.role is Role.RESET or _is_back(w.function.name)}
        last = (by for function in backward for by in self.closing.get(function, ()))
        setters = {w.function for w in singleton.writers if w.role is Role.SETTER}
        again = (by for function in setters for by in self.closing.get(function, ()) if self._calls_twice(by, function))
        return {*last, *again}

    def _calls_twice(self, by: Address, function: Address) -> bool:
        return sum(call.by == by for call in self.called.get(function, ())) > 1

    def _restorers(self, singleton: Singleton, name: str) -> Iterator[Address]:
        """The functions of the tests that assign the state, or an attribute of the object, when all else is done."""
        path = singleton.address.path
        yield from self.restoring.get((path, name), ())
        if singleton.shape is Shape.INSTANCE:
            yield from (
                by for (where, key), found in self.restoring.items() if where == path and key.startswith(f"{name}.") for by in found
            )

    def patchers(self, singleton: Singleton) -> set[Address]:
        """The functions of the tests that put something else in the place of the state: what they do afterwards does not reach it."""
        return {by for name, _ in singleton.group for by in self.patched.get((singleton.address.path, name), ())}


def _covers(by: Location, at: Location) -> bool:
    """Whether a fixture or set-up in one file may stand around what another line of the tests does."""
    folder = by.path.rpartition("/")[0]
    return by.path == at.path or (by.path.endswith("conftest.py") and at.path.startswith(f"{folder}/" if folder else ""))


def _is_back(name: str) -> bool:
    """Whether a function says by its name that it takes something back."""
    return name.lstrip("_").startswith(_BACK)


def read_evidence(known: Known) -> Evidence:
    """The evidence of all tests, conftest files and module bodies."""
    found = Evidence()
    resetting = _resetting(known)
    for path in sorted(known.tests):
        body = known.index.modules[path].body
        for key, location in _touches(known, body, resets=True) if body else ():
            found.standing[key].append(location)
        for function in known.index.functions[path].values():
            _read_function(known, function, found, resets=function.address in resetting)
        for klass in known.index.modules[path].classes:
            _read_inherited(known, klass, found)
    _read_bodies(known, found)
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


def _helpers(known: Known, function: Function) -> Iterator[Function]:
    """The functions of the tests that a function calls; a fixture whose value it calls stands for the function that it hands out."""
    flow = known.calls.flow
    for call in function.calls:
        yield from flow.handed_out(function, call)
        callee = flow.callee(function, call)
        if callee is not None and callee.address.path in known.tests:
            yield callee


def _read_function(known: Known, function: Function, found: Evidence, *, resets: bool) -> None:
    for key in _patches(known, function):
        found.patched[key].add(function.address)
    for key in _puts_back(known, function):
        found.restoring[key].add(function.address)
    stands = not resets and _stands(known, function)
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
    elif _may_stand_around(known, function):
        for key, location in _takes_back(known, function):
            found.on_request[key].append(location)
            found.by_request[key[0], key[1].partition(".")[0]].add(function.address.name)


def _read_uses(known: Known, function: Function, found: Evidence, *, resets: bool, stands: bool) -> None:
    path = function.address.path
    seen = [
        (e.target, e.line, e.text, False, takes_away(e) or empties(e), e.after_yield, "")
        for e in function.effects
        if e.undone_at is None or resets
    ]
    done = (c for c in function.calls if not (c.nested or c.raises))
    seen += [(c.callee, c.line, f"{c.callee.dotted}()", True, False, c.after_yield, c.constant) for c in done]
    handed = [(c, t) for c in function.calls for _, t in c.passes if t.dotted.endswith(".reset")]
    seen += [(t, c.line, f"{t.dotted}, handed to {c.callee.dotted}()", True, False, True, "") for c, t in handed]
    for target, line, text, is_call, taken, after, constant in seen:
        whole = known.index.target(target, path)
        if whole is not None and whole.path not in known.tests and whole.name:
            head, _, member = whole.name.partition(".")
            at = Location(path=path, line=line, note=text)
            told = {"is_call": is_call and "." not in member, "takes_away": taken, "after": after, "resets": resets, "stands": stands}
            use = Use(by=function, member=member.partition(".")[0], at=at, constant=constant, **told)
            if member and not (is_call and "." in member):
                found.uses[whole.path, head].append(use)


def _read_calls(known: Known, function: Function, found: Evidence) -> None:
    for call in function.calls:
        callee = None if call.nested or call.raises else known.calls.flow.callee(function, call)
        if callee is None or callee.address.path in known.tests:
            continue
        if call.after_yield or (call.discarded and call.line == function.end_line):
            found.closing[callee.address].add(function.address)
        if call.after_yield:
            found.after[callee.address].add(function.address)
        else:
            at = Location(path=function.address.path, line=call.line, note=f"{call.callee.dotted}()")
            found.called[callee.address].append(Called(by=function.address, at=at, constant=call.constant))


def _reached(known: Known, function: Function, depth: int = _DEPTH) -> Iterator[tuple[Address, Location, bool]]:
    """The functions of the program that a function of the tests calls, themselves or through others, from where, and whether at last."""
    for call in function.calls:
        callee = known.calls.flow.callee(function, call)
        if callee is not None and callee.address.path not in known.tests and callee.address != function.address:
            at = Location(path=function.address.path, line=call.line, note=f"{call.callee.dotted}()")
            yield callee.address, at, call.after_yield
            if depth:
                yield from ((address, at, call.after_yield) for address, _, _ in _reached(known, callee, depth - 1))


def _may_stand_around(known: Known, function: Function) -> bool:
    """Whether the function is a fixture of function scope that tests ask for, or sets up or tears down each test of a class or file."""
    if function.address.name in _XUNIT:
        return True
    fixtures = known.index.modules[function.address.path].fixtures
    return any(f.function.address == function.address and f.scope is Scope.FUNCTION for f in fixtures)


def _takes_back(known: Known, function: Function) -> Iterator[tuple[_Key, Location]]:
    """The state that a fixture or set-up clears, or changes again after the test."""
    path, torn = function.address.path, function.address.name in _TEARDOWNS
    sets_up = function.address.name in _XUNIT
    for effect in function.effects:
        if takes_away(effect) or effect.after_yield or torn or (sets_up and _is_initial(known, effect, path)):
            yield from _at(known, known.index.target(effect.target, path), path, effect.line, effect.text)
    for call in function.calls:
        if call.after_yield or _is_back(call.callee.dotted.rpartition(".")[2]) or call.callee.dotted.endswith(_CLEARS):
            yield from _at(known, known.index.target(call.callee, path), path, call.line, f"{call.callee.dotted}()")


def _is_initial(known: Known, effect: Effect, path: str) -> bool:
    """Whether it assigns what the state starts with."""
    held = known.index.variable(known.index.target(effect.target, path))
    return held is not None and is_initial(effect, held[0].value)


def _cleared(known: Known, address: Address) -> Iterator[tuple[_Key, Location]]:
    """The caches that a function of the program clears."""
    function = known.index.function_at(*address[:3])
    for call in function.calls if function is not None else ():
        if call.callee.dotted.endswith(_CLEARS):
            yield from _at(known, known.index.target(call.callee, address.path), address.path, call.line, call.callee.dotted)


def _mentioned(known: Known, function: Function) -> Iterator[tuple[_Key, Location]]:
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


def _touches(known: Known, function: Function, *, resets: bool) -> Iterator[tuple[_Key, Location]]:
    """What a function of the tests changes or calls; a patch, which takes itself back, and a call that is to fail say nothing of others."""
    path = function.address.path
    restored = () if resets else _restored(known, function)
    may_undo = resets or _may_stand_around(known, function)
    closing = closing_lines(function) if function.address.name.startswith("test") else ()
    undoing = set() if resets else {e.undone_at for e in function.effects}
    at_last = set() if may_undo else {c.callee.dotted for c in function.calls if c.after_yield}
    for effect in function.effects:
        definition = known.index.target(effect.target, path)
        taken_back = ((effect.undone_at is not None or effect.line in undoing) and not resets) or (effect.after_yield and not may_undo)
        if not (taken_back or effect.target in restored or (effect.line in closing and takes_away(effect))):
            yield from _at(known, definition, path, effect.line, effect.text)
    for call in function.calls:
        if call.raises or (_is_patch(call) and not resets) or call.callee.dotted in at_last:
            continue
        yield from _at(known, known.index.target(call.callee, path), path, call.line, f"{call.callee.dotted}()")
        for text in call.strings[:1]:
            yield from _named(known, text, path, call.line, call.callee.dotted)
        if call.callee.dotted.endswith("setattr"):
            yield from _at(known, _attribute(known, call, path), path, call.line, f"{call.callee.dotted}()")


def _restored(known: Known, function: Function) -> set[Target]:
    """What the function assigns, and at last sets to the value that the state starts with."""
    assigned = [e for e in sorted(function.effects, key=lambda e: e.line) if e.kind in _ASSIGNS and not e.nested]
    times = Counter(e.target for e in assigned)
    closing = closing_lines(function) if function.address.name.startswith("test") else ()
    last = {e.target: e for e in assigned if times[e.target] > 1 or e.line in closing}
    return {target for target, effect in last.items() if _is_initial(known, effect, function.address.path)}


def _puts_back(known: Known, function: Function) -> Iterator[_Key]:
    """What a function of the tests assigns or takes out when all else is done: behind the yield, in a `finally`, in its last lines."""
    path = function.address.path
    closing = closing_lines(function) if function.address.name.startswith("test") else ()
    for effect in function.effects:
        if (effect.kind in _ASSIGNS or takes_away(effect)) and (effect.after_yield or effect.line in closing):
            yield from (key for key, _ in _at(known, known.index.target(effect.target, path), path, effect.line, ""))


def _attribute(known: Known, call: Call, path: str) -> Definition | None:
    """The attribute that `setattr(owner, "name", ...)` or `patch.object(owner, "name")` names."""
    owner = known.index.target(call.passes[0][1], path) if call.passes and call.strings else None
    return None if owner is None else owner._replace(name=".".join(part for part in (owner.name, call.strings[0]) if part))


def _patches(known: Known, function: Function) -> Iterator[_Key]:
    """The state in whose place the function puts something else, until pytest or a `with` takes it back."""
    path = function.address.path
    for call in function.calls:
        if not _is_patch(call) or call.nested:
            continue
        found = [_attribute(known, call, path)]
        found += [known.index.locate(text, path) for text in call.strings[:1] if "." in text]
        found += [known.index.target(target, path) for _, target in call.passes[:1] if call.callee.dotted.endswith(".dict")]
        for definition in found:
            yield from (key for key, _ in _at(known, definition, path, call.line, ""))


def _is_patch(call: Call) -> bool:
    callee = call.callee.dotted
    own = callee.startswith(("monkeypatch.", "mocker.patch")) or call.receiver.startswith("pytest.MonkeyPatch")
    return own or callee.endswith((".patch", ".patch.object", ".patch.dict"))


def _named(known: Known, text: str, path: str, line: int, callee: str) -> Iterator[tuple[_Key, Location]]:
    """`monkeypatch.setattr("pkg.mod.X", ...)`, `patch("pkg.mod.X")`, `sys.modules.get("pkg.mod")`."""
    if " " not in text and ("." in text or callee == "sys.modules.get"):
        yield from _at(known, known.index.locate(text, path), path, line, f"{callee}({text!r})")


def _at(known: Known, found: Definition | None, path: str, line: int, note: str) -> Iterator[tuple[_Key, Location]]:
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
