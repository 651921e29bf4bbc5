"""rescope undo: put back what the last fix changed."""

from pathlib import Path

import typer

from rescope.cli.options import Asked, fail, open_project
from rescope.writing import NothingToUndo, WriteRefused
from rescope.writing import undo as undo_last


def undo() -> None:
    """Put back every file that the last `rescope fix` changed; refuses when one was edited since."""
    root = open_project(Asked(paths=[Path()])).root
    try:
        done = undo_last(root)
    except NothingToUndo as error:
        raise fail(f"{root}: nothing to undo") from error
    except WriteRefused as refused:
        raise fail(f"{refused.path}: {refused.reason}") from refused
    for path in done.restored:
        typer.echo(f"restored {path}")
    for path in done.removed:
        typer.echo(f"removed {path}")
