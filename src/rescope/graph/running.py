"""Which functions run for each test, by themselves or called by these, without being set up once for many."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from rescope.facts.verbs import SETUPS
from rescope.graph.fixture_graph import FixtureGraph, TestNode
from rescope.graph.flow import Flow
from rescope.model.address import Address
from rescope.model.facts import Function
from rescope.model.scope import Scope

Runs = Mapping[Function, list[TestNode]]


def run_for_each_test(graph: FixtureGraph, flow: Flow) -> Runs:
    """Test functions, set-ups of classes and function-scoped fixtures, with the tests that they run for.

    None where only one test runs, nor what runs for all tests: it sets the state anew for each of them.
    """
    found = defaultdict[Address, list[TestNode]](list)
    functions: dict[Address, Function] = {}
    for test in (t for t in graph.tests if not t.marks.skip and len(graph.tests) > 1):
        klass = flow.index.classes[test.path].get(".".join(test.classes))
        set_ups = (flow.method(klass, name) for name in sorted(SETUPS)) if klass is not None else ()
        for function in (test.function, *filter(None, set_ups)):
            functions[function.address] = function
            found[function.address].append(test)
    for fixture in graph.definitions() if functions else ():
        if fixture.scope is Scope.FUNCTION and 0 < len(graph.tests_using(fixture)) < len(graph.tests):
            functions[fixture.function.address] = fixture.function
            found[fixture.function.address] += graph.tests_using(fixture)
    return {functions[address]: tests for address, tests in found.items() if len(tests) < len(graph.tests)}


def callers_of(flow: Flow, helpers: Iterable[Function], runs: Runs) -> dict[Function, list[Function]]:
    """Those of the helpers, fixtures left out, that some function which runs for tests calls itself, each with these."""
    plain = {h.address: h for h in helpers if h not in runs and not any(flow.graph.definitions_of(h.address))}
    names = {address.name for address in plain}
    found: defaultdict[Function, list[Function]] = defaultdict(list)
    for function in runs if names else ():
        calls = (c for c in function.calls if c.callee.dotted.rpartition(".")[2] in names)
        called = (flow.called(function, call) for call in calls if not (call.nested or call.raises or call.after_yield))
        for helper in dict.fromkeys(f for f in called if f is not None and f.address in plain):
            found[helper].append(function)
    return found
