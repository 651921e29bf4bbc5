"""The fixture graph as Mermaid or Graphviz text."""

from collections.abc import Mapping

from rescope.graph.fixture_graph import FixtureGraph, Registration
from rescope.model.address import Address
from rescope.model.plan import Plan

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
    lines += [f'  f{r.id}["{_label(graph, r, said, "<br>")}"]:::{r.definition.scope}' for r in graph.registrations]
    lines += [f"  f{source} --> f{target}" for source, target in _arrows(graph)]
    lines += [f"  classDef {scope} fill:{color},color:#000" for scope, color in _COLORS.items()]
    return "\n".join(lines) + "\n"


def render_dot(graph: FixtureGraph, said: Mapping[Address, str]) -> str:
    """The same for Graphviz."""
    lines = ["digraph fixtures {", "  rankdir=LR", "  node [shape=box, style=filled]"]
    for r in graph.registrations:
        label = _label(graph, r, said, "\\n")
        lines.append(f'  f{r.id} [label="{label}", fillcolor="{_COLORS[str(r.definition.scope)]}"]')
    lines += [f"  f{source} -> f{target}" for source, target in _arrows(graph)]
    return "\n".join([*lines, "}"]) + "\n"


def _arrows(graph: FixtureGraph) -> list[tuple[int, int]]:
    return sorted({(source, target) for source, _, target in graph.static_edges if source >= 0})


def _label(graph: FixtureGraph, registration: Registration, said: Mapping[Address, str], line_break: str) -> str:
    fixture = registration.definition
    parts = [registration.name, f"{fixture.address.path}:{fixture.line}", str(fixture.scope)]
    parts += ["autouse"] if fixture.autouse else []
    parts += [said[fixture.address].upper()] if fixture.address in said else []
    parts += ["UNCERTAIN"] if graph.uncertain(fixture) else []
    return line_break.join(parts)
