"""rescope graph: the fixture graph."""

from enum import StrEnum
from typing import Annotated

import typer

from rescope.cli.analysis import exit_code, run_exploration
from rescope.cli.options import Asked, ConfigFile, Paths, fail
from rescope.graph import FixtureGraph
from rescope.model.plan import Plan


class GraphFormat(StrEnum):
    """Output formats of graph."""

    JSON = "json"
    MERMAID = "mermaid"
    DOT = "dot"


def graph(
    paths: Paths = None,
    output_format: Annotated[GraphFormat, typer.Option("--format", help="How to write the whole graph.")] = GraphFormat.JSON,
    of: Annotated[str | None, typer.Option("--of", metavar="NAME", help="Show one fixture or test as a tree.", show_default=False)] = None,
    config: ConfigFile = None,
) -> None:
    """Print the fixture graph: every definition, and what each test gets."""
    _, context, analysis = run_exploration(Asked(paths=paths, config=config))
    shown = (context.graph, analysis.report.plan)
    text = _tree(*shown, of) if of else _render(*shown, output_format)
    typer.echo(text, nl=False)
    raise typer.Exit(exit_code(analysis, 0))


def _tree(graph: FixtureGraph, plan: Plan, name: str) -> str:
    from rescope.reporting.graph_pictures import marks
    from rescope.reporting.graph_tree import render_tree

    text = render_tree(graph, marks(plan), name)
    if not text:
        raise fail(f"no fixture or test is called {name!r}")
    return text


def _render(graph: FixtureGraph, plan: Plan, output_format: GraphFormat) -> str:
    from rescope.reporting.graph_json import render_graph_json
    from rescope.reporting.graph_pictures import marks, render_dot, render_mermaid

    match output_format:
        case GraphFormat.JSON:
            return render_graph_json(graph)
        case GraphFormat.MERMAID:
            return render_mermaid(graph, marks(plan))
        case GraphFormat.DOT:
            return render_dot(graph, marks(plan))
