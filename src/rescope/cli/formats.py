"""The output formats of check, and what each needs besides the report."""

import shutil
import sys
from dataclasses import dataclass
from enum import StrEnum

from rescope.config import Project
from rescope.pipeline import Analysis
from rescope.vcs import prefix


class Format(StrEnum):
    """Output formats of check."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOptions:
    """What the text format also shows."""

    kept: bool = False
    everything: bool = False
    statistics: bool = False


def render(project: Project, analysis: Analysis, output_format: Format, options: TextOptions) -> str:
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


def _sarif(project: Project, analysis: Analysis) -> str:
    from rescope.pipeline import draft
    from rescope.reporting.sarif import SarifExtras, render_sarif
    from rescope.rules import all_rules

    groups = [g for g in analysis.report.plan.groups if g.edits]
    changes = {group: draft(project.root, [group]).changes for group in groups}
    extras = SarifExtras(rules=all_rules(), changes=changes, crashes=analysis.crashes, prefix=prefix(project.root))
    return render_sarif(analysis.report, extras)
