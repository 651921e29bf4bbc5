"""The public functions: a folder in, values out; nothing is printed or written."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rescope.model.plan import ChangeGroup, Plan
    from rescope.model.report import Report, Rewrite


def analyze(*paths: str | Path) -> "Report":
    """The report on the project that holds the paths (the current folder by default).

    Raises `rescope.config.ConfigError` where its configuration cannot be used.
    """
    from rescope import pipeline
    from rescope.config import load_project

    places = [Path(p) for p in paths] or [Path()]
    project = load_project(places)
    # Worker processes would run the caller's script again, unless it guards its main part: only who asks for them gets them.
    settings = replace(project.settings, jobs=project.settings.jobs or 1)
    return pipeline.analyze(replace(project, settings=settings), places).report


def plan(*paths: str | Path) -> "Plan":
    """What rescope would do about the project that holds the paths."""
    return analyze(*paths).plan


def rewrite(root: str | Path, groups: "Sequence[ChangeGroup]") -> "Rewrite":
    """The file changes that the change groups make below `root`; writes nothing."""
    from rescope import pipeline

    return pipeline.rewrite(Path(root), groups)
