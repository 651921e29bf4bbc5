"""Running small suites under the observer."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from projects import check, run_pytest
from rescope.reporting.json_report import render_json

Observed = tuple[str, dict]
Observe = Callable[..., Observed]


@pytest.fixture
def observe(tmp_path_factory: pytest.TempPathFactory) -> Observe:
    """Run a project's suite with the observer: what it printed, and what it recorded."""

    def run(root: Path, *options: str) -> Observed:
        files = tmp_path_factory.mktemp("observed")
        (files / "named.json").write_text(render_json(check(root)), "utf-8")
        record = files / "seen.json"
        result = run_pytest(root, "-p", "rescope", f"--rescope-watch={files / 'named.json'}", f"--rescope-record={record}", *options)
        assert record.exists(), result.stdout + result.stderr
        return result.stdout, json.loads(record.read_text("utf-8"))

    return run
