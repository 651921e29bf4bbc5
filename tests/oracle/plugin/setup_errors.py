"""A pytest plugin that writes down which tests cannot be set up, and why: `--setup-plan -p setup_errors --setup-errors=out.json`.

The file maps node ids to what pytest said; collection errors are among them, and "" stands for an end before the last test.
"""

import json
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the output file."""
    parser.addoption("--setup-errors", default="", help="write the tests that cannot be set up to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Switch the recorder on where an output file is named."""
    if config.getoption("--setup-errors"):
        config.pluginmanager.register(Recorder(), "setup-errors-recorder")


class Recorder:
    """Remembers every report that failed."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a test that cannot be set up."""
        if report.failed:
            self.errors[report.nodeid] = str(report.longrepr)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what cannot be collected."""
        if report.failed:
            self.errors[report.nodeid] = str(report.longrepr)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the file."""
        if exitstatus in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED}:
            self.errors.setdefault("", f"exit status {int(exitstatus)}")
        Path(session.config.getoption("--setup-errors")).write_text(json.dumps(self.errors), "utf-8")
