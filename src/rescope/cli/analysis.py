"""What check, diff, fix and why share: analyse, tell of failures, choose groups."""

import sys
from dataclasses import replace

from rescope.cli.options import EXIT_FAILED, Asked, fail, open_project, remark
from rescope.cli.progress import progress
from rescope.config import Project
from rescope.discovery import discover, is_test_module
from rescope.evidence import Evidence
from rescope.model.report import Report
from rescope.pipeline import Analysis, analyze, explore
from rescope.requirements import home, oldest
from rescope.rule import RuleContext


def run_analysis(asked: Asked, *, quiet: bool = False, evidence: Evidence | None = None) -> tuple[Project, Analysis]:
    """The project and its analysis; failures and crashes are told on stderr."""
    project = open_project(asked)
    with progress(quiet=quiet) as tell:
        analysis = analyze(project, asked.places(), evidence, tell)
    _accept(project, analysis, quiet=quiet)
    return project, analysis


def run_exploration(asked: Asked, *, quiet: bool = False) -> tuple[Project, RuleContext, Analysis]:
    """As run_analysis, with what the rules saw."""
    project = open_project(asked)
    with progress(quiet=quiet) as tell:
        context, analysis = explore(project, asked.places(), tell)
    _accept(project, analysis, quiet=quiet)
    return project, context, analysis


def _accept(project: Project, analysis: Analysis, *, quiet: bool) -> None:
    strange = next((name for name in project.settings.only if name not in analysis.names), None)
    if strange:
        raise fail(f"no fixture, singleton or state of a finding is called {strange!r}")
    tell_failures(project, analysis, quiet=quiet)


def tell_failures(project: Project, analysis: Analysis, *, quiet: bool = False) -> None:
    """One line on stderr for each file that could not be served and each rule that failed, and what may be the reason."""
    for failure in analysis.report.failures:
        remark(f"{failure.path}:{failure.line}: {failure.message}")
    homes = {home(project.root, failure.path) for failure in analysis.report.failures}
    wanted = max((oldest(folder, "requires-python") for folder in homes), default=())
    if wanted > sys.version_info[:2]:
        mine, theirs = f"{sys.version_info.major}.{sys.version_info.minor}", ".".join(map(str, wanted))
        remark(f"rescope reads files as the Python that runs it, {mine}, and the project is for {theirs} or newer: install it there")
    for crash in analysis.crashes:
        remark(f"internal error: {crash}; please report it")
    if not analysis.report.stats.tests:
        remark(f"no tests were found; {_elsewhere(project)}", quiet=quiet)


def _elsewhere(project: Project) -> str:
    """Where tests may be that pytest does not look for from the root of the project."""
    anywhere = replace(project.ini, testpaths=())
    files = discover(project.root, project.settings.exclude) if project.ini.testpaths else ()
    found = [f.path for f in files if is_test_module(f.path, anywhere)]
    if not found:
        return "see python_files and testpaths of pytest"
    count = f"{len(found)} file{'s' if len(found) > 1 else ''}"
    return f"{count} outside of testpaths may have some, as {found[0]}: give rescope the folder of their project"


def exit_code(analysis: Analysis, ordinary: int) -> int:
    """3 where something could not be served, else the ordinary code."""
    return EXIT_FAILED if analysis.report.failures or analysis.crashes else ordinary


def unsafe_hint(report: Report, taken: int, *, unsafe: bool) -> str:
    """A remark on edits that are there but were not asked for, "" if there are none."""
    hidden = sum(bool(g.edits) for g in report.shown) - taken
    if hidden <= 0 or unsafe:
        return ""
    return f"{hidden} more with --unsafe; `rescope check` says why each is not safe"
