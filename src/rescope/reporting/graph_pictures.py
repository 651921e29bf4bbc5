"""The fixture graph as Mermaid or Graphviz text, and one fixture or test as a tree."""

from collections.abc import Iterator, Mapping

from rescope.graph.fixture_graph import FixtureGraph, Registration, TestNode
from rescope.model.address import Address
from rescope.model.facts import FixtureDef
from rescope.model.plan import Plan
from rescope.model.scope import Scope

_COLORS: Mapping[str, str] = {
    "session": "#f4b6b6",
    "package": "#f4d3b6",
    "module": "#f4ecb6",
    "class": "#d8f4b6",
    "function": "#e8e8e8",
    "unknown": "#d0c8f0",
}


def marks(plan: Plan) -> dict[Address, str]:
    """What the plan says of each fixture: "leaks", "follows" or "kept"."""
    found = {keep.subject.address: "kept" for keep in plan.kept}
    found |= {d.subject.address: "follows" for g in plan.groups for d in g.dependents}
    return found | {g.finding.subject.address: "leaks" for g in plan.groups}


def render_mermaid(graph: FixtureGraph, said: Mapping[Address, str]) -> str:
    """A Mermaid flowchart: an arrow leads from a fixture to what it requests; the colour is the scope."""
    lines = ["flowchart LR"]
    lines += [f'  f{r.id}["{_label(r, said, "<br>")}"]:::{r.definition.scope}' for r in graph.registrations]
    lines += [f"  f{source} --> f{target}" for source, target in _arrows(graph)]
    lines += [f"  classDef {scope} fill:{color},color:#000" for scope, color in _COLORS.items()]
    return "\n".join(lines) + "\n"


def render_dot(graph: FixtureGraph, said: Mapping[Address, str]) -> str:
    """The same for Graphviz."""
    lines = ["digraph fixtures {", "  rankdir=LR", "  node [shape=box, style=filled]"]
    for r in graph.registrations:
        label = _label(r, said, "\\n")
        lines.append(f'  f{r.id} [label="{label}", fillcolor="{_COLORS[str(r.definition.scope)]}"]')
    lines += [f"  f{source} -> f{target}" for source, target in _arrows(graph)]
    return "\n".join([*lines, "}"]) + "\n"


def _arrows(graph: FixtureGraph) -> list[tuple[int, int]]:
    return sorted({(source, target) for source, _, target in graph.static_edges if source >= 0})


def _label(registration: Registration, said: Mapping[Address, str], line_break: str) -> str:
    fixture = registration.definition
    parts = [registration.name, f"{fixture.address.path}:{fixture.line}", str(fixture.scope)]
    mark = said.get(fixture.address)
    return line_break.join([*parts, mark.upper()] if mark else parts)


def render_tree(graph: FixtureGraph, said: Mapping[Address, str], name: str) -> str:
    """The tree of every fixture of a name, or of a test by its id or function name; "" if there is none."""
    blocks = [list(_test_tree(graph, said, test)) for test in graph.tests if name in {test.id, test.function.address.name}]
    chain = [r for r in graph.registrations if r.name == name]
    blocks += [list(_fixture_tree(graph, said, r, chain)) for r in chain]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n" if blocks else ""


def _test_tree(graph: FixtureGraph, said: Mapping[Address, str], test: TestNode) -> Iterator[str]:
    yield test.id
    for name in test.resolution.closure:
        targets = test.resolution.targets(name)
        if targets and name in {r.name for r, _ in test.resolution.edges if r.id == -1}:
            registration = graph.registrations[targets[-1]]
            yield f"  {_line(registration.definition, name, said)}"
        elif name in test.resolution.shadowed:
            yield f"  {name}: parametrized by the test"


def _fixture_tree(graph: FixtureGraph, said: Mapping[Address, str], top: Registration, chain: list[Registration]) -> Iterator[str]:
    yield _line(top.definition, top.name, said)
    overridden = [r for r in chain if r.id != top.id]
    yield from (f"  same name: {_line(r.definition, r.name, said)}" for r in overridden)
    yield "  requests"
    yield from _requests(graph, said, top.definition, 2, frozenset())
    yield "  requested by"
    for requester, name in graph.requested_by(top.definition):
        yield f"    {_line(requester, graph.name_of(requester), said)}" + (f" as {name}" if name != top.name else "")
    tests = graph.tests_using(top.definition)
    yield f"  set up for {len(tests)} {'test' if len(tests) == 1 else 'tests'}"


def _requests(
    graph: FixtureGraph, said: Mapping[Address, str], fixture: FixtureDef, depth: int, above: frozenset[Address]
) -> Iterator[str]:
    for name in fixture.argnames:
        found = graph.resolves(fixture.function, name)
        if not found:
            yield f"{'  ' * depth}{name}: not defined in this project"
        for source in found:
            yield f"{'  ' * depth}{_line(source, name, said)}"
            if source.address not in above:
                yield from _requests(graph, said, source, depth + 1, above | {fixture.address, source.address})


def _line(fixture: FixtureDef, name: str, said: Mapping[Address, str]) -> str:
    autouse = ", autouse" if fixture.autouse else ""
    scope = fixture.scope if isinstance(fixture.scope, Scope) else f"scope unknown: {fixture.scope.why}"
    mark = said.get(fixture.address)
    return f"{name}: {fixture.address.path}:{fixture.line} ({scope}{autouse})" + (f" {mark.upper()}" if mark else "")
