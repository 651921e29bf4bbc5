"""The output formats of check, and what each needs besides the report."""

import shutil
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from rescope.cli.options import fail
from rescope.config import Project
from rescope.pipeline import Analysis
from rescope.vcs import prefix

if TYPE_CHECKING:
    from rescope.model.verdict import Proposal, Verdict


class Format(StrEnum):
    """Output formats of check."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    MARKDOWN = "markdown"
    HTML = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOptions:
    """What the text format also shows."""

    kept: bool = False
    everything: bool = False
    statistics: bool = False


def render(
    project: Project, analysis: Analysis, output_format: Format, options: TextOptions, verified: "tuple[Verdict, Proposal] | None" = None
) -> str:
    """The report in a format; formats that other tools read name files from the top of the repository."""
    report = analysis.report
    match output_format:
        case Format.TEXT:
            from rescope.reporting.text import render_text

            width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
            return render_text(report, show_kept=options.kept, show_all=options.everything, statistics=options.statistics, width=width)
        case Format.JSON:
            from rescope.reporting.json_report import render_json

            return render_json(report)
        case Format.SARIF:
            return _sarif(project, analysis)
        case Format.GITHUB:
            from rescope.reporting.annotations import render_github

            return render_github(report, prefix(project.root))
        case Format.GITLAB:
            from rescope.reporting.annotations import render_gitlab

            return render_gitlab(report, prefix(project.root))
        case Format.MARKDOWN:
            from rescope.reporting.markdown import render_markdown

            return render_markdown(report, prefix(project.root))
        case Format.HTML:
            return _html(project, analysis, verified)


def _sarif(project: Project, analysis: Analysis) -> str:
    from rescope.pipeline import rewrite
    from rescope.reporting.sarif import SarifExtras, render_sarif
    from rescope.rules import all_rules

    # A tool may apply any one of them: a group that relies on others has none.
    groups = [group for group in analysis.report.plan.groups if group.edits]
    changes = {group: rewrite(project.root, [group]).changes for group in groups}
    extras = SarifExtras(rules=all_rules(), changes=changes, crashes=analysis.crashes, prefix=prefix(project.root))
    return render_sarif(analysis.report, extras)


def _html(project: Project, analysis: Analysis, verified: "tuple[Verdict, Proposal] | None") -> str:
    from rescope.pipeline import draft, fixture_graph
    from rescope.reporting.html.page import HtmlExtras, render_html

    changes = {group: draft(project.root, [group]).changes for group in analysis.report.plan.groups if group.edits}
    extras = HtmlExtras(graph=fixture_graph(project), changes=changes, verified=verified)
    return render_html(analysis.report, extras)


def read_verified(path: Path | None) -> "tuple[Verdict, Proposal] | None":
    """What `verify --output-format json` wrote to a file; a file that holds something else is refused."""
    if path is None:
        return None
    from rescope.reporting.read_verdict import DamagedVerdict, read_verdict

    try:
        return read_verdict(path.read_text("utf-8"))
    except OSError as error:
        raise fail(f"{path}: the verdict cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, DamagedVerdict) as error:
        raise fail(f"{path}: this is not what `rescope verify --output-format json` writes: {error}") from error
