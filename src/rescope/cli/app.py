"""The `rescope` command and its subcommands."""

import gc
import sys
from typing import Annotated

import typer

from rescope.cli.bisect import bisect
from rescope.cli.check import check
from rescope.cli.diff import diff
from rescope.cli.explain import explain, rules
from rescope.cli.fix import fix
from rescope.cli.graph import graph
from rescope.cli.migrate import migrate
from rescope.cli.options import EXIT_FAILED
from rescope.cli.schema import schema
from rescope.cli.undo import undo
from rescope.cli.verify import verify
from rescope.cli.why import why
from rescope.version import __version__


def make_app() -> typer.Typer:
    """The Typer application with all commands."""
    app = typer.Typer(
        name="rescope",
        help="Narrow pytest fixtures that leak state between tests, and reset singletons that do.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_main)
    for command in (check, diff, fix, undo, verify, bisect, migrate, why, graph, explain, rules, schema):
        app.command()(command)
    return app


def _show_version(value: bool) -> None:
    if value:
        print(f"rescope {__version__}")
        raise typer.Exit


def _main(
    version: Annotated[bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Narrow pytest fixtures that leak state between tests, and reset singletons that do."""


def _parted(arguments: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The arguments of rescope, and those behind -- where the command hands them on to pytest."""
    if arguments[:1] not in (["verify"], ["fix"], ["bisect"], ["migrate"]) or "--" not in arguments:
        return arguments, ()
    at = arguments.index("--")
    return arguments[:at], tuple(arguments[at + 1 :])


def run() -> None:
    """Run the command line; an unforeseen error is one line and exit code 3."""
    # Facts are millions of small values without cycles, and the run is short: the collector's passes cost more than all rules.
    gc.disable()
    try:
        arguments, for_pytest = _parted(sys.argv[1:])
        make_app()(arguments, obj=for_pytest)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last resort
        print(f"internal error: {type(error).__name__}: {error}; please report it", file=sys.stderr)
        sys.exit(EXIT_FAILED)
