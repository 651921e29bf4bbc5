"""What verify and fix --verify share: how the suite is run, what is told meanwhile, and what if it cannot run."""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rescope.cli.options import fail, remark
from rescope.cli.progress import ERASE

if TYPE_CHECKING:
    from rescope.verify.measure import CannotRun, Lab, Progress

EXIT_INTERRUPTED = 130
_LAST_EXIT_CODE = 5  # pytest.ExitCode.NO_TESTS_COLLECTED

Python = Annotated[
    Path | None,
    typer.Option(
        "--python",
        metavar="FILE",
        help="The interpreter with the project's pytest; default: that of the active environment, of .venv, or rescope's own.",
        show_default=False,
    ),
]
Seeds = Annotated[int, typer.Option("--seeds", metavar="N", min=0, help="How many random orders to try.")]
Workers = Annotated[int, typer.Option("--xdist", metavar="N", min=0, help="Also share the tests out among N workers of pytest-xdist.")]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0, help="Stop a run after this; 0 means ten times what the first run took.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How the suite is to be run: what the options say."""

    python: Path | None
    seeds: int
    workers: int
    timeout: float
    pytest_options: tuple[str, ...]
    quiet: bool


@contextlib.contextmanager
def laboratory(root: Path, asking: Asking) -> Iterator["Lab"]:
    """A lab whose scratch folder is gone afterwards; an interrupt and a suite that cannot run become exits."""
    from rescope.verify.copies import scratch_folder
    from rescope.verify.interpreter import project_python
    from rescope.verify.measure import CannotRun, Lab, orders_of
    from rescope.verify.runs import Suite

    python = project_python(root, asking.python, os.environ)
    if not python.is_file():
        raise fail(f"{python}: no such interpreter")
    tell = _teller(quiet=asking.quiet)
    try:
        with scratch_folder() as scratch:
            suite = Suite(root=root, python=python, scratch=scratch, options=asking.pytest_options)
            remark(f"running pytest by {python}, each time in a fresh copy", quiet=asking.quiet)
            yield Lab(suite=suite, orders=orders_of(asking.seeds, asking.workers), timeout=asking.timeout, tell=tell)
    except CannotRun as cannot:
        raise _refusal(cannot, python) from cannot
    except OSError as error:
        raise fail(f"the suite cannot be run in a scratch copy: {error}; TMPDIR names another place for copies") from error
    except KeyboardInterrupt:
        remark("\ninterrupted: all scratch copies are gone, nothing was changed")
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _refusal(cannot: "CannotRun", python: Path) -> typer.Exit:
    run = cannot.run
    remark(run.tail)
    hint = "; --python names another interpreter" if "No module named" in run.tail else ""
    if run.exit_code > _LAST_EXIT_CODE:
        return fail(f"the suite does not run as it is, by {python}: {run.cut}, which is none of its own: a conftest.py or plugin ended it")
    return fail(f"the suite does not run as it is, by {python}: {run.cut}{hint}. Options for pytest go behind --")


# --- progress -------------------------------------------------------------------------------------


def _teller(*, quiet: bool) -> Callable[["Progress"], None]:
    live = sys.stderr.isatty()

    def tell(progress: "Progress") -> None:
        if progress.run is not None:
            print(f"{ERASE if live else ''}{_line(progress)}", file=sys.stderr, flush=True)
        elif live:
            # A line that wraps could not be erased.
            shown = _line(progress)[: shutil.get_terminal_size().columns - 1]
            print(f"{ERASE}{shown}", end="", file=sys.stderr, flush=True)

    return (lambda _: None) if quiet else tell


def _line(progress: "Progress") -> str:
    name = f"alone: {progress.order.test}" if progress.order.test else progress.order.name
    return f"{progress.when}, {name}: {_state(progress)}{_time_left(progress.seconds_left)}"


def _state(progress: "Progress") -> str:
    from rescope.model.verdict import FAILS

    run = progress.run
    if run is None:
        return f"{progress.tests} of {progress.of} tests" if progress.of else f"{progress.tests} tests"
    if run.collected:
        return f"{len(run.collected)} tests, {run.seconds:.1f} s"
    failed = sum(o in FAILS for o in run.outcomes.values())
    return f"{len(run.outcomes) - failed} without failure, {failed} failed, {run.seconds:.1f} s{f' ({run.cut})' if run.cut else ''}"


def _time_left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"; about {seconds:.0f} s left" if seconds < 100 else f"; about {seconds / 60:.0f} min left"
