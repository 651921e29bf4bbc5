"""The functions around a test: its fixtures, set-ups, teardowns and hooks, and what they name, set anew or put back."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from rescope.facts.undo import takes_away
from rescope.facts.verbs import CLEANUPS, PROCESS_STATE, SETUPS, is_back, is_patch
from rescope.graph.fixture_graph import FixtureGraph, TestNode
from rescope.graph.flow import Flow
from rescope.graph.index import Definition, ModuleIndex
from rescope.model.address import Address
from rescope.model.facts import Call, ClassDef, EffectKind, Function, Root, Target
from rescope.model.scope import Scope

_TEARDOWNS = frozenset({"teardown_method", "teardown_function", "tearDown", "asyncTearDown", "teardown_class", "tearDownClass"})
_MODULE_TEARDOWNS = frozenset({"teardown_function", "teardown_module", "tearDownModule"})
_DEPTH = 2
_QUOTES = "'\""
_CHDIR = "os.chdir"
_ELSEWHERE = re.compile(r"run_?in|fork|subprocess|isolat|sandbox", re.IGNORECASE)
PUTS_BACK = re.compile(r"isolat|chdir|cwd|env|preserve|restore|patch|overrid|temp|tmp|sandbox|save|snapshot", re.IGNORECASE)
_LOOKS = frozenset({"os.environ.get", "os.environ.__getitem__", "os.getenv"})
_FAKE = ".setUpPyfakefs"
FOLDERS = re.compile(r"filesystem|chdir|cwd|pushd|(temp|tmp|working)_?(dir|folder)", re.IGNORECASE)
# Fixtures of plugins that put another object over one when they first set an attribute, and take it off with all that was set.
_OVERLAYS = (("settings", "django.conf.settings"),)


@dataclass(slots=True, kw_only=True)
class Around:
    """Answers what stands around tests, each function looked at once; `tests` are the paths of tests and conftest files."""

    graph: FixtureGraph
    index: ModuleIndex
    flow: Flow
    tests: frozenset[str]
    said: dict[Address, frozenset[str]] = field(default_factory=dict)
    patched: dict[Address, frozenset[str]] = field(default_factory=dict)
    back: dict[Address, tuple[Call, ...]] = field(default_factory=dict)
    dropping: dict[Address, bool] = field(default_factory=dict)
    hooks: list[Function] | None = None
    fixtures: dict[int, tuple[Function, bool | None]] = field(default_factory=dict)

    def functions(self, test: TestNode, but: Function, *, requested: bool) -> Iterator[Function]:
        """What runs around a test, `but` one function: hooks, fixtures that end after it or set up anew, set-ups, teardowns.

        Fixtures that only set up count if they are autouse; with `requested` so do those that the test asks for.
        """
        if self.hooks is None:
            everything = (f for path in self.tests for f in self.index.functions[path].values())
            self.hooks = [f for f in everything if f.address.name.startswith("pytest_runtest")]
        yield from self.hooks
        found = (self._fixtures()[number] for number in sorted(test.resolution.fixtures()))
        yield from (f for f, autouse in found if f.address != but.address and (may_undo(f) or (requested if autouse is False else autouse)))
        functions = self.index.functions[test.path]
        yield from (functions[name] for name in sorted(_MODULE_TEARDOWNS & functions.keys()))
        klass = self.index.classes[test.path].get(".".join(test.classes)) if test.classes else None
        around = (f for name in sorted(_TEARDOWNS | SETUPS) for f in self._inherited(klass, name)) if klass is not None else ()
        yield from (f for f in around if f.address != but.address)

    def _inherited(self, klass: ClassDef, name: str) -> Iterator[Function]:
        """The method of that name, and those of the classes above that it calls through `super()`."""
        for owner in self.flow.namespaces.mro(klass):
            method = self.index.functions[owner.address.path].get(f"{owner.address.qualname}.{name}")
            if method is not None:
                yield method
                if not any(on.head == "super" and called == name for on, called in method.handled):
                    return

    def _fixtures(self) -> dict[int, tuple[Function, bool | None]]:
        """The functions of all fixtures, and of those that run anew for each test whether they are autouse, None of others."""
        if not self.fixtures:
            for each in self.graph.registrations:
                autouse = self.graph.autouse(each.definition) if each.definition.scope is Scope.FUNCTION else None
                self.fixtures[each.id] = (each.definition.function, autouse)
        return self.fixtures

    def takes_back(  # noqa: PLR0913 - what is known of one change
        self, state: str, key: str, place: Definition | None, by: Function, tests: Sequence[TestNode], *, by_call: bool, requested: bool
    ) -> bool:
        """Whether something around one of the tests takes back what a function does to a state, or may.

        `state` is its dotted name, or that of the call that changes it (`by_call`), `key` the entry of it; `place` is where the project
        defines it; `requested` says that fixtures which set it anew for those who ask are trusted to be asked for by all who mind.
        """
        if all(self.is_overlaid(test, state) or (place is not None and self._drops_modules(test)) for test in tests):
            return True
        found = (f for test in tests for f in self.functions(test, by, requested=requested))
        found = (f for f in found if not (state in PROCESS_STATE and self._minds_others(f, state, key)))
        return any(self._touches(f, state, place, by_call=by_call) or self._replaces(f, state) for f in found)

    def _minds_others(self, function: Function, state: str, key: str) -> bool:
        """Whether a function changes other entries of a state alone, each by a literal key."""
        keys = {e.key for e in function.effects if e.target.dotted == state}
        keys |= {repr(c.strings[0]) if c.strings else "" for c in function.calls if c.callee.dotted.endswith((".setenv", ".delenv"))}
        handed = any(target.dotted == state for call in function.calls for _, target in call.passes)
        literal = all(name.startswith(tuple(_QUOTES)) for name in (key, *keys)) and bool(keys)
        return literal and key.strip(_QUOTES) not in {name.strip(_QUOTES) for name in keys} and not handed and self._alone(function, state)

    def _alone(self, function: Function, state: str) -> bool:
        """Whether a function may reach the state only by what it says: it enters nothing, and calls nothing that is not seen through."""
        last = state.rpartition(".")[2]
        said = any(last in call.strings or state in call.strings for call in function.calls)
        entered = (c for c in function.calls if c.entered and c.callee.dotted != "open")
        unseen = any(entered) or any(cleans_up(c) or (c.callee.dotted.startswith(f"{state}.") and not c.strings) for c in function.calls)
        after = [c for c in function.calls if c.after_yield and not c.callee.dotted.startswith(f"{state}.")]
        unknown = any(self.flow.called(function, call) is None for call in after)
        return not (said or unseen or unknown or state in {*self._reached(function, _DEPTH)})

    def _drops_modules(self, test: TestNode) -> bool:
        """Whether a fixture or set-up of a test takes modules out of `sys.modules`: what the test imports is its own."""
        klass = self.index.classes[test.path].get(".".join(test.classes)) if test.classes else None
        set_ups = (self.flow.method(klass, name) for name in sorted(SETUPS)) if klass is not None else ()
        fixtures = (self._fixtures()[number][0] for number in test.resolution.fixtures())
        return any(map(self._drops, (*fixtures, *filter(None, set_ups))))

    def _drops(self, function: Function) -> bool:
        if function.address not in self.dropping:
            effects = chain(function.effects, *(f.effects for f in self._callees(function) if f.address.path in self.tests))
            self.dropping[function.address] = any(e.target.dotted == "sys.modules" and takes_away(e) for e in effects)
        return self.dropping[function.address]

    def _touches(self, function: Function, state: str, place: Definition | None, *, by_call: bool) -> bool:
        if by_call and PUTS_BACK.search(function.address.name) and not _only_tidies(function) and self._acts(function, state):
            return True
        if state == _CHDIR and changes_folder(function):
            return True
        words = self.words(function)
        owner, _, last = state.rpartition(".")
        if place is not None and (f"{place.path}:{place.name}" in words or self._resets_all_of(function, place.path)):
            return True
        if owner and any(_resets(call, owner, last) for call in self._backs(function)):
            return True
        wanted = {state, f"monkeypatch.{last}" if by_call else owner}
        return any(word in wanted or word.startswith(f"{state}.") for word in words)

    def _backs(self, function: Function) -> tuple[Call, ...]:
        """The calls of a function, and of those that it calls, which reset an object by their name."""
        if function.address not in self.back:
            calls = (c for f in (function, *self._callees(function)) for c in f.calls)
            self.back[function.address] = tuple(
                c for c in calls if c.callee.dotted.endswith(".__init__") or is_back(c.callee.tail.rpartition(".")[2])
            )
        return self.back[function.address]

    def _acts(self, function: Function, state: str) -> bool:
        """Whether a function may do what its name says: after the test, or by a call that changes the state or is not seen through."""
        if not _only_sets_up(function) or function.effects or state in {*self._reached(function, _DEPTH)}:
            return True
        return any(call.callee.dotted == state for call in function.calls) or any(
            self.flow.called(function, call) is None and PUTS_BACK.search(call.callee.dotted) for call in function.calls
        )

    def _resets_all_of(self, function: Function, path: str) -> bool:
        """Whether it calls, when the test is over, what says that it resets something in a file of the program."""
        closing = (call for call in function.calls if call.after_yield or function.address.name in _TEARDOWNS | _MODULE_TEARDOWNS)
        found = (self.flow.called(function, call) for call in closing)
        return any(callee.address.path == path and is_back(callee.address.name) for callee in found if callee is not None)

    def _replaces(self, function: Function, state: str) -> bool:
        """Whether a patch of the function stands in for the object whose attribute is changed: the change goes with it."""
        return any(state == name or state.startswith(f"{name}.") for name in self.replaced(function))

    def is_overlaid(self, test: TestNode, state: str) -> bool:
        """Whether a plugin's fixture takes off after the test what was set of an object, by its dotted name.

        It does once a fixture of the test has set an attribute through it: what is set plainly goes to the object laid over.
        """
        names = {name for name, dotted in _OVERLAYS if name in test.resolution.foreign and state.startswith(f"{dotted}.")}
        fixtures = (self._fixtures()[number][0] for number in test.resolution.fixtures()) if names else ()
        set_by_them = (e.target for f in fixtures for e in f.effects if e.kind is EffectKind.SET_ATTR and "." not in e.target.tail)
        return any(target.head in names and target.root is Root.ARGUMENT for target in set_by_them)

    def words(self, function: Function) -> frozenset[str]:
        """What a function names, as dotted names and as `path:name`; of one that only sets up, what it sets anew."""
        if function.address not in self.said:
            process = function.address.name in SETUPS
            found = self._set_up(function, process=process) if _only_sets_up(function) else self._words(function)
            self.said[function.address] = frozenset(found)
        return self.said[function.address]

    def replaced(self, function: Function) -> frozenset[str]:
        """The dotted names in whose place a function puts something else until the test ends."""
        if function.address not in self.patched:
            self.patched[function.address] = frozenset(_patched(function))
        return self.patched[function.address]

    def _words(self, function: Function) -> Iterator[str]:
        yield from (target.dotted for target in function.mentions if target.dotted not in _LOOKS)
        yield from (text for effect in function.effects for text in (effect.target.dotted, effect.key))
        yield from (text for c in function.calls if c.callee.dotted not in _LOOKS for text in (c.callee.dotted, *c.strings))
        yield from self._reached(function, _DEPTH)

    def _reached(self, function: Function, depth: int) -> Iterator[str]:
        """What those change and call that a function calls."""
        for callee in self._callees(function) if depth else ():
            yield from (place_of(self.index, e.target, callee) or e.target.dotted for e in callee.effects)
            yield from (f"{callee.address.path}:{name}" for name in callee.globals)
            yield from (inner.callee.dotted for inner in callee.calls)
            yield from self._reached(callee, depth - 1)

    def _set_up(self, function: Function, depth: int = _DEPTH, *, process: bool) -> Iterator[str]:
        """What a set-up changes anew for each test, itself or through what of the tests it calls or registers.

        State of the `process` has many entries: only the set-up of a class is believed to mean those of its tests.
        """
        for effect in function.effects:
            if process or effect.target.dotted not in PROCESS_STATE:
                yield from (effect.target.dotted, place_of(self.index, effect.target, function))
        for callee in self._callees(function) if depth else ():
            if callee.address.path in self.tests:
                yield from self._set_up(callee, depth - 1, process=process)

    def _callees(self, function: Function) -> Iterator[Function]:
        for call in function.calls:
            yield from self.flow.handed_out(function, call)
            callee = self.flow.called(function, call)
            if callee is not None and callee.address != function.address:
                yield callee


def _only_tidies(function: Function) -> bool:
    """Whether a fixture, after the test, at most deletes files and folders, whatever its name says."""
    closing = (c.callee.dotted for c in function.calls if c.entered or c.after_yield)
    return function.yields_at is not None and all(dotted.startswith(("tempfile.", "shutil.")) for dotted in closing)


def place_of(index: ModuleIndex, target: Target, function: Function) -> str:
    """Where the project defines what a target in a function names, as `path:name`; "" where it does not."""
    found = index.target(target, function.address.path)
    return f"{found.path}:{found.name}" if found is not None else ""


def may_undo(function: Function) -> bool:
    """Whether a fixture may do something after the test: itself, by a finalizer, or through monkeypatch."""
    return function.yields_at is not None or "monkeypatch" in function.argnames or any(map(cleans_up, function.calls))


def changes_folder(function: Function) -> bool:
    """Whether the body enters what goes back to the folder where it was, or runs in the fake file system of pyfakefs."""
    fake = "fs" in function.argnames or any(c.callee.dotted.endswith(_FAKE) for c in function.calls)
    return fake or any(c.entered and FOLDERS.search(c.callee.dotted) for c in function.calls)


def entered_at(flow: Flow, function: Function) -> float:
    """The line from which on something that the body enters may put back what is changed: infinite if nothing does.

    What it registers for when the test is over may do so for all of it, and so may a context manager of which it is not seen that
    it keeps what was there when it was entered.
    """
    entered = [c for c in function.calls if c.entered and _may_put_back(c)]
    if any(map(cleans_up, function.calls)) or not all(_keeps(flow.called(function, c)) for c in entered):
        return 0
    return min((c.line for c in entered), default=math.inf)


def _keeps(manager: Function | None) -> bool:
    """Whether a context manager reads, before its yield, what it changes behind it, and changes nothing else."""
    if manager is None or manager.yields_at is None:
        return False
    ending = {e.target.dotted for e in manager.effects if e.after_yield}
    read = [t.dotted for t, at in zip(manager.mentions, manager.mentioned_at, strict=True) if at < manager.yields_at]
    ends = (c for c in manager.calls if c.after_yield)
    told = all(any(c.callee.dotted.startswith(f"{state}.") for state in ending) for c in ends if c.discarded)
    return bool(ending) and told and all(any(name == s or name.startswith(f"{s}.") for name in read) for s in ending)


def reloaded_at(flow: Flow, function: Function) -> dict[str, int]:
    """The modules that a context manager of the project has imported anew when it is left, as dotted names, and where it is entered.

    "" stands for all modules of the project: it takes some out of `sys.modules`.
    """
    found: dict[str, int] = {}
    for call in function.calls:
        manager = flow.called(function, call) if call.entered else None
        if manager is not None and manager.yields_at is not None:
            ends = (c for c in manager.calls if c.after_yield and c.callee.dotted == "importlib.reload")
            names = [target.dotted for c in ends for _, target in c.passes[:1]]
            names += [""] if any(e.after_yield and e.target.dotted == "sys.modules" for e in manager.effects) else []
            found |= {name: min(call.line, found.get(name, call.line)) for name in names}
    return found


def _may_put_back(call: Call) -> bool:
    """Whether a context manager says by its name that it puts something back, and not what: a patch that does is heard elsewhere."""
    dotted = call.callee.dotted
    told = is_patch(dotted) and (call.strings or call.passes)
    return not (told or dotted.startswith("tempfile.") or FOLDERS.search(dotted)) and bool(PUTS_BACK.search(dotted))


def cleans_up(call: Call) -> bool:
    """Whether a call registers something for when the test is over."""
    return call.callee.dotted.rpartition(".")[2] in {*CLEANUPS, "enterContext"}


def _resets(call: Call, owner: str, attribute: str) -> bool:
    """Whether a call tells an object to reset itself, attributes that it names or knows, or makes it anew in its place."""
    on, _, method = call.callee.dotted.rpartition(".")
    if on != owner or not (is_back(method) or method == "__init__"):
        return False
    told = [target for _, target in call.passes if target.dotted.startswith(f"{owner}.")]
    return attribute in call.strings if call.strings else len(told) == call.arguments


def is_decorated(index: ModuleIndex, function: Function) -> bool:
    """Whether a decorator puts something back when the function is done, or runs the body elsewhere."""
    return any(_restores(index, function, d) or _ELSEWHERE.search(d) for d in function.decorators)


def _restores(index: ModuleIndex, function: Function, decorator: str) -> bool:
    """Whether a decorator of the project does something when the function is done: in a `finally`, or behind a yield."""
    found = index.functions[function.address.path].get(decorator) or index.function(index.locate(decorator, function.address.path))
    return found is not None and (any(c.after_yield for c in found.calls) or any(e.after_yield for e in found.effects))


def sets_up(function: Function) -> bool:
    """Whether it is called as the set-up of a class."""
    return function.is_method and function.address.name in SETUPS


def _only_sets_up(function: Function) -> bool:
    name = function.address.name
    ends = name in _TEARDOWNS | _MODULE_TEARDOWNS or name.startswith("pytest_runtest") or may_undo(function)
    return name in SETUPS or not ends


def _patched(function: Function) -> Iterator[str]:
    for call in function.calls:
        patches = call.callee.head in {"monkeypatch", "mocker"} or "patch" in call.callee.dotted.split(".")
        if patches and not call.nested:
            owner = call.passes[0][1].dotted if call.passes else ""
            yield from (text if "." in text else f"{owner}.{text}" for text in call.strings[:1])
            if owner and call.callee.dotted.endswith(".dict"):
                yield owner
