"""rescope schema: what other programs may rely on."""

import json
from typing import Annotated

import typer


def schema(
    config: Annotated[bool, typer.Option("--config", help="That of [tool.rescope] in pyproject.toml instead.")] = False,
) -> None:
    """Print the JSON Schema (2020-12) of `rescope check --output-format json`."""
    from rescope.reporting.config_schema import config_schema
    from rescope.reporting.report_schema import report_schema

    typer.echo(json.dumps(config_schema() if config else report_schema(), indent=2))
