"""rescope graph: the fixture graph."""

from enum import StrEnum
from typing import Annotated

import typer

from rescope.cli.analysis import exit_code, run_analysis
from rescope.cli.options import Asked, ConfigFile, Paths


class GraphFormat(StrEnum):
    """Output formats of graph."""

    JSON = "json"


def graph(
    paths: Paths = None,
    config: ConfigFile = None,
    output_format: Annotated[GraphFormat, typer.Option("--format", help="How to write the graph.")] = GraphFormat.JSON,
) -> None:
    """Print the fixture graph: every definition, and what each test gets."""
    from rescope.reporting.graph_json import render_graph_json

    _, analysis = run_analysis(Asked(paths=paths, config=config))
    typer.echo(render_graph_json(analysis.context.graph), nl=False)
    raise typer.Exit(exit_code(analysis, 0))
