"""rescope verify: the suite before and after, in scratch copies."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rescope.cli.analysis import exit_code, run_analysis, unsafe_hint
from rescope.cli.options import (
    EXIT_FINDINGS,
    Asked,
    Quiet,
    asks,
    fail,
    remark,
)
from rescope.cli.suite import Asking, Python, Seeds, Timeout, Workers, laboratory

if TYPE_CHECKING:
    from rescope.config import Project
    from rescope.model.plan import FileChange
    from rescope.model.verdict import Proposal, Verdict


class Format(StrEnum):
    """Output formats of verify."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


@asks
def verify(
    context: typer.Context,
    asked: Asked,
    python: Python = None,
    seeds: Seeds = 3,
    xdist: Workers = 0,
    timeout: Timeout = 0,
    output_format: Annotated[Format, typer.Option("--output-format", help="How to write the verdict.")] = Format.TEXT,
    output_file: Annotated[
        Path | None, typer.Option("--output-file", metavar="FILE", help="Write the verdict here.", show_default=False)
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Run the suite before and after what `fix` would write, in several orders, in scratch copies; write nothing.

    Everything behind -- goes to pytest: `rescope verify -- -m "not slow"`.
    """
    from rescope.model.verdict import Proposal
    from rescope.pipeline import applicable, rewrite

    project, analysis = run_analysis(asked, quiet=quiet)
    result = rewrite(project.root, applicable(analysis.report.shown, unsafe=project.settings.unsafe))
    for skip in result.refused:
        remark(f"left out: '{skip.subject.name}': {skip.reason}", quiet=quiet)
    hint = unsafe_hint(analysis.report, len(result.taken), unsafe=project.settings.unsafe)
    if hint:
        remark(hint, quiet=quiet)
    asking = Asking(python=python, seeds=seeds, workers=xdist, timeout=timeout, pytest_options=tuple(context.obj or ()), quiet=quiet)
    verdict, by = _verdict(project, result.changes, asking)
    proposal = Proposal(groups=len(result.taken), files=len(result.changes), python=by)
    _put(_rendered(verdict, proposal, output_format), output_file)
    raise typer.Exit(exit_code(analysis, EXIT_FINDINGS if verdict.regressions else 0))


def _verdict(project: "Project", changes: "tuple[FileChange, ...]", asking: Asking) -> "tuple[Verdict, str]":
    from rescope.verify import judge, measure

    with laboratory(project.root, asking) as lab:
        before = measure.explore(lab, measure.baseline(lab, sides=2 if changes else 1), (), "before")
        if not changes:
            return judge.judge(before, None), str(lab.suite.python)
        before, after = measure.compare(lab, before, changes)
        return judge.judge(before, after), str(lab.suite.python)


def _rendered(verdict: "Verdict", proposal: "Proposal", output_format: Format) -> str:
    from rescope.reporting.verdict import render_verdict, render_verdict_json, render_verdict_markdown

    render = {Format.TEXT: render_verdict, Format.JSON: render_verdict_json, Format.MARKDOWN: render_verdict_markdown}[output_format]
    return render(verdict, proposal)


def _put(text: str, output_file: Path | None) -> None:
    if output_file is None:
        print(text, end="")
        return
    try:
        output_file.write_text(text, "utf-8")
    except OSError as error:
        raise fail(f"{output_file}: the verdict cannot be written: {error.strerror}") from error
