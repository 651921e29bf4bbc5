"""One fixture or test of the graph as a tree of text."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rescope.graph.fixture_graph import FixtureGraph, Registration, TestNode
from rescope.model.address import Address
from rescope.model.facts import FixtureDef
from rescope.model.scope import Scope

Said = Mapping[Address, str]


def render_tree(graph: FixtureGraph, said: Said, name: str) -> str:
    """The tree of every fixture of a name, or of a test by its id or function name; "" if there is none."""
    blocks = [list(_test_tree(graph, said, test)) for test in graph.tests if name in {test.id, test.function.address.name}]
    chain = [r for r in graph.registrations if r.name == name]
    blocks += [list(_fixture_tree(graph, said, r, chain)) for r in chain]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n" if blocks else ""


def _test_tree(graph: FixtureGraph, said: Said, test: TestNode) -> Iterator[str]:
    """The fixtures of a test in the order of set-up, each with what it requests in turn."""
    yield f"{test.id}: line {test.function.line}"
    for name in test.resolution.closure:
        if name in test.resolution.shadowed:
            yield f"  {name}: parametrized by the test"
            continue
        for target in test.resolution.targets(name):
            yield f"  {_line(graph.registrations[target].definition, name, said)}"
            yield from (f"    requests {line}" for line in _asked(graph, test, target))
    known = dict(test.resolution.unknown)
    yield from (f"  {name}: not defined in this project" for name in test.resolution.foreign if name not in known)
    yield from (f"  {'any name' if name == '*' else name}: UNCERTAIN, {why}" for name, why in test.resolution.unknown)


def _asked(graph: FixtureGraph, test: TestNode, requester: int) -> Iterator[str]:
    for edge, targets in test.resolution.edges:
        if edge.id == requester:
            places = (graph.registrations[t].definition for t in targets)
            where = " or ".join(f"{d.address.path}:{d.line}" for d in places)
            yield f"{edge.name}: {where}" + (" by getfixturevalue" if edge.dynamic else "")


def _fixture_tree(graph: FixtureGraph, said: Said, top: Registration, chain: list[Registration]) -> Iterator[str]:
    fixture = top.definition
    yield _line(fixture, top.name, said)
    yield from (f"  UNCERTAIN: {why}" for why in graph.uncertain(fixture))
    overridden = [r for r in chain if _overrides(top, r)]
    yield from (f"  overrides {_line(r.definition, r.name, said)}" for r in reversed(overridden))
    yield from (f"  overridden by {_line(r.definition, r.name, said)}" for r in chain if _overrides(r, top))
    yield "  requests"
    yield from _View(graph=graph, said=said, base=top.baseid).requests(fixture, 2)
    yield "  requested by"
    for requester, name in graph.requested_by(fixture):
        yield f"    {_line(requester, graph.name_of(requester), said)}" + (f" as {name}" if name != top.name else "")
    yield from (f"    {line}" for line in _tests(t for t in graph.tests_using(fixture) if _asks(t, top)))
    tests = graph.tests_using(fixture)
    yield f"  set up for {len(tests)} {'test' if len(tests) == 1 else 'tests'}"


def _inside(base: str, outer: str) -> bool:
    return not outer or base.startswith((f"{outer}/", f"{outer}::"))


def _overrides(near: Registration, far: Registration) -> bool:
    """Whether a test that sees both gets the first; alternatives of one holder override nothing."""
    if near.baseid == far.baseid:
        return near.id > far.id and (near.holder, near.attribute) != (far.holder, far.attribute)
    return _inside(near.baseid, far.baseid)


def _asks(test: TestNode, fixture: Registration) -> bool:
    """Whether the test itself names the fixture, and gets this one."""
    written = (*test.argnames, *test.marks.usefixtures, *test.function.requested)
    return fixture.name in written and fixture.id in test.resolution.targets(fixture.name)


def _tests(tests: Iterable[TestNode]) -> Iterator[str]:
    """Tests that ask by name: one by its id, several of a file by their number."""
    found = list(tests)
    counts = Counter(test.path for test in found)
    for path, count in counts.items():
        yield f"{path}: {count} tests" if count > 1 else next(test.id for test in found if test.path == path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """The graph as tests see it that also see the place `base`."""

    graph: FixtureGraph
    said: Said
    base: str

    def requests(self, fixture: FixtureDef, depth: int, above: frozenset[Address] = frozenset()) -> Iterator[str]:
        """What a fixture requests, and that in turn."""
        for name in dict.fromkeys((*fixture.argnames, *fixture.function.requested)):
            found = [f for f in self.graph.resolves(fixture.function, name) if self._sees(f)]
            if not found and name != "request":
                yield f"{'  ' * depth}{name}: not defined in this project"
            for source in found:
                yield f"{'  ' * depth}{_line(source, name, self.said)}"
                if source.address not in above:
                    yield from self.requests(source, depth + 1, above | {fixture.address, source.address})

    def _sees(self, fixture: FixtureDef) -> bool:
        bases = [r.baseid for r in self.graph.by_definition.get(fixture.address, ())]
        return any(b == self.base or _inside(self.base, b) or _inside(b, self.base) for b in bases)


def _line(fixture: FixtureDef, name: str, said: Said) -> str:
    autouse = ", autouse" if fixture.autouse else ""
    scope = fixture.scope if isinstance(fixture.scope, Scope) else f"scope unknown: {fixture.scope.why}"
    mark = said.get(fixture.address)
    return f"{name}: {fixture.address.path}:{fixture.line} ({scope}{autouse})" + (f" {mark.upper()}" if mark else "")
