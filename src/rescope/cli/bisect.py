"""rescope bisect: on which other tests a test depends, and through which state."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rescope.cli.analysis import run_analysis
from rescope.cli.options import EXIT_FINDINGS, Asked, ConfigFile, Exclude, Jobs, NoCache, Quiet, fail, remark
from rescope.cli.suite import Asking, Python, Timeout, laboratory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rescope.model.pollution import Diagnosis
    from rescope.model.verdict import Order
    from rescope.verify.diagnosis import Case
    from rescope.verify.pollution import Hunt

_MOST_NAMED = 20


class Format(StrEnum):
    """Output formats of bisect."""

    TEXT = "text"
    JSON = "json"


def bisect(
    context: typer.Context,
    test: Annotated[
        str | None,
        typer.Argument(
            metavar="TEST",
            help="Its node id or the end of it (test_cart.py::test_add, test_add). Not needed with --seed or --order.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="The random order in which verify saw it fail.", show_default=False)
    ] = None,
    randomly: Annotated[bool, typer.Option("--randomly", help="N is a seed of pytest-randomly.")] = False,
    order: Annotated[
        Path | None,
        typer.Option(
            "--order",
            metavar="FILE",
            help="The order of a saved run: node ids, the output of `pytest -v`, or JUnit XML.",
            show_default=False,
        ),
    ] = None,
    exclude: Exclude = None,
    config: ConfigFile = None,
    jobs: Jobs = 0,
    no_cache: NoCache = False,
    python: Python = None,
    timeout: Timeout = 0,
    output_format: Annotated[Format, typer.Option("--output-format", help="How to write what was found.")] = Format.TEXT,
    quiet: Quiet = False,
) -> None:
    """Find the tests that make TEST fail, or pass, the state that carries it, and the change that cures it.

    The suite runs in scratch copies. Everything behind -- goes to pytest.
    """
    _check(test, seed, order, randomly=randomly)
    project, analysis = run_analysis(Asked(exclude=exclude, config=config, jobs=jobs, no_cache=no_cache), quiet=quiet)
    asking = Asking(python=python, seeds=0, workers=0, timeout=timeout, pytest_options=tuple(context.obj or ()), quiet=quiet)
    with laboratory(project.root, asking) as lab:
        from rescope.model.pollution import Kind
        from rescope.verify.diagnosis import Case
        from rescope.verify.pollution import Hunt, collect

        hunt = Hunt(lab=lab, randomly=seed if randomly and seed is not None else 1)
        collected = collect(hunt)
        name = _one(test, collected) if test else ""
        orders = _orders(seed, order, collected, name, randomly=randomly)
        name = name or _failing(hunt, orders[0], quiet=quiet)
        found = _diagnosed(hunt, Case(test=name, orders=orders, collected=collected, report=analysis.report), output_format)
    print(_rendered(found, output_format), end="")
    if found.kind is Kind.UNSEEN:
        _hint(orders[0], quiet=quiet)
    raise typer.Exit(_exit(found))


def _check(test: str | None, seed: int | None, order: Path | None, *, randomly: bool) -> None:
    if seed is not None and order is not None:
        raise fail("--seed and --order both name an order; give one of them")
    if randomly and seed is None:
        raise fail("--randomly says whose seed --seed is; give --seed N as well")
    if test is None and seed is None and order is None:
        raise fail("name a test, or the order of a failed run with --seed or --order")


def _one(test: str, collected: "Sequence[str]") -> str:
    """The test that is meant; exit 2 with candidates where none or several are."""
    from rescope.verify.saved_order import matching, similar

    found = matching(test, collected)
    if len(found) == 1:
        return found[0]
    candidates = found or similar(test, collected)
    for candidate in candidates[:_MOST_NAMED]:
        remark(candidate)
    if found:
        raise fail(f"{test!r} may mean each of {len(found)} tests; name one of them")
    raise fail(f"no test is called {test!r}{'; the nearest are above' if candidates else ''}")


def _orders(seed: int | None, saved: Path | None, collected: "Sequence[str]", test: str, *, randomly: bool) -> "tuple[Order, ...]":
    from rescope.model.verdict import Arrangement, Order
    from rescope.verify.pollution import usual_orders

    if saved is not None:
        return (Order(arrangement=Arrangement.LISTED, tests=_saved(saved, collected, test)),)
    if seed is None:
        return usual_orders()
    return (Order(arrangement=Arrangement.RANDOMLY, randomly=seed) if randomly else Order(arrangement=Arrangement.SHUFFLED, seed=seed),)


def _saved(file: Path, collected: "Sequence[str]", test: str) -> tuple[str, ...]:
    from rescope.verify.saved_order import OrderError, saved_order

    try:
        return saved_order(file.read_text("utf-8", "replace"), collected, test)
    except OSError as error:
        raise fail(f"{file}: the order cannot be read: {error.strerror}") from error
    except OrderError as error:
        raise fail(f"{file}: {error}") from error


def _failing(hunt: "Hunt", order: "Order", *, quiet: bool) -> str:
    from rescope.verify.pollution import failing_in, named

    failed = failing_in(hunt, order)
    if not failed:
        print(f"no test fails in {named(order)}")
        _hint(order, quiet=quiet)
        raise typer.Exit(EXIT_FINDINGS)
    others = f", one of {len(failed)} tests that fail" if len(failed) > 1 else ""
    remark(f"looking into {failed[0]}{others}", quiet=quiet)
    return failed[0]


def _diagnosed(hunt: "Hunt", case: "Case", output_format: Format) -> "Diagnosis":
    """What the runs say; where they are interrupted, what is known by then is printed first."""
    from rescope.verify.diagnosis import Stopped, diagnose

    try:
        return diagnose(hunt, case)
    except Stopped as stopped:
        print(_rendered(stopped.found, output_format), end="", flush=True)
        raise


def _hint(order: "Order", *, quiet: bool) -> None:
    """Where nothing fails in a seed: it may be one of the plugin that most suites are shuffled by."""
    from rescope.model.verdict import Arrangement

    if order.arrangement is Arrangement.SHUFFLED:
        remark("--seed names an order of rescope's own; for a seed of pytest-randomly, add --randomly", quiet=quiet)


def _rendered(found: "Diagnosis", output_format: Format) -> str:
    from rescope.reporting.pollution import render_diagnosis, render_diagnosis_json

    return {Format.TEXT: render_diagnosis, Format.JSON: render_diagnosis_json}[output_format](found)


def _exit(found: "Diagnosis") -> int:
    from rescope.model.pollution import FOUND

    return 0 if found.kind in FOUND else EXIT_FINDINGS
