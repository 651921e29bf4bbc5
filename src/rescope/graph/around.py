"""The functions around a test: its fixtures, set-ups, teardowns and hooks, and what they name, set anew or put back."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rescope.facts.verbs import CLEANUPS, PROCESS_STATE
from rescope.graph.fixture_graph import FixtureGraph, TestNode
from rescope.graph.flow import Flow
from rescope.graph.index import ModuleIndex
from rescope.model.address import Address
from rescope.model.facts import Call, Function, Target
from rescope.model.scope import Scope

SETUPS = frozenset({"setup_method", "setUp", "asyncSetUp"})
_TEARDOWNS = frozenset({"teardown_method", "teardown_function", "tearDown", "asyncTearDown", "teardown_class", "tearDownClass"})
_MODULE_TEARDOWNS = frozenset({"teardown_function", "teardown_module", "tearDownModule"})
_DEPTH = 2
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
    hooks: list[Function] | None = None
    fixtures: dict[int, tuple[Function, bool]] = field(default_factory=dict)

    def functions(self, test: TestNode, but: Function) -> Iterator[Function]:
        """What runs around a test, `but` one function: hooks, fixtures that end after it or set up anew, set-ups, teardowns."""
        if self.hooks is None:
            everything = (f for path in self.tests for f in self.index.functions[path].values())
            self.hooks = [f for f in everything if f.address.name.startswith("pytest_runtest")]
            self.fixtures = {r.id: (r.definition.function, r.definition.scope is Scope.FUNCTION) for r in self.graph.registrations}
        yield from self.hooks
        requested = (self.fixtures[number] for number in test.resolution.fixtures())
        yield from (f for f, each in requested if f.address != but.address and (each or may_undo(f)))
        functions = self.index.functions[test.path]
        yield from (functions[name] for name in sorted(_MODULE_TEARDOWNS & functions.keys()))
        klass = self.index.classes[test.path].get(".".join(test.classes)) if test.classes else None
        around = (self.flow.method(klass, name) for name in sorted(_TEARDOWNS | SETUPS)) if klass is not None else ()
        yield from (f for f in around if f is not None and f.address != but.address)

    def is_overlaid(self, test: TestNode, state: str) -> bool:
        """Whether a plugin's fixture takes off after the test what was set of an object, by its dotted name."""
        return any(name in test.resolution.foreign and state.startswith(f"{dotted}.") for name, dotted in _OVERLAYS)

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
        yield from (target.dotted for target in function.mentions)
        yield from (text for effect in function.effects for text in (effect.target.dotted, effect.key))
        yield from (text for call in function.calls for text in (call.callee.dotted, *call.strings))
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


def place_of(index: ModuleIndex, target: Target, function: Function) -> str:
    """Where the project defines what a target in a function names, as `path:name`; "" where it does not."""
    found = index.target(target, function.address.path)
    return f"{found.path}:{found.name}" if found is not None else ""


def may_undo(function: Function) -> bool:
    """Whether a fixture may do something after the test: itself, by a finalizer, or through monkeypatch."""
    return function.yields_at is not None or "monkeypatch" in function.argnames or any(map(cleans_up, function.calls))


def cleans_up(call: Call) -> bool:
    """Whether a call registers something for when the test is over."""
    return call.callee.dotted.rpartition(".")[2] in {*CLEANUPS, "enterContext"}


def restores(index: ModuleIndex, function: Function, decorator: str) -> bool:
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
