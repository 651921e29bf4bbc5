"""rescope why: everything known of one fixture or singleton."""

from pathlib import Path
from typing import Annotated

import typer

from rescope.cli.analysis import exit_code, run_exploration
from rescope.cli.options import Asked, Color, Colored, ConfigFile, fail


def why(
    name: Annotated[str, typer.Argument(help="A fixture, or a singleton by its name or Class.name.")],
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATHS]...", show_default=False)] = None,
    config: ConfigFile = None,
    color: Colored = Color.AUTO,
) -> None:
    """Tell everything known of one fixture or singleton: evidence, dependents, verdict."""
    from rescope.reporting.story import render_story
    from rescope.reporting.terminal import print_text

    _, context, analysis = run_exploration(Asked(paths=paths, config=config))
    text, near = render_story(context, analysis.report, name)
    if not text:
        hint = f"; did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        raise fail(f"no fixture or singleton is called {name!r}{hint}")
    print_text(text, color=color)
    raise typer.Exit(exit_code(analysis, 0))
