"""A pytest plugin that writes each test's outcome as JSON to the file that RESCOPE_OUTCOMES names, and can reverse the order."""

import json
import os
from pathlib import Path


def pytest_collection_modifyitems(items: list) -> None:
    if os.environ.get("RESCOPE_ORDER") == "reversed":
        items.reverse()


def pytest_runtest_logreport(report) -> None:
    worst = {"failed": 2, "skipped": 1, "passed": 0}
    known = OUTCOMES.get(report.nodeid, "passed")
    OUTCOMES[report.nodeid] = max(known, report.outcome, key=worst.__getitem__)


def pytest_sessionfinish() -> None:
    Path(os.environ["RESCOPE_OUTCOMES"]).write_text(json.dumps(OUTCOMES), "utf-8")


OUTCOMES: dict[str, str] = {}
