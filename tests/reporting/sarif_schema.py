"""SARIF logs against the official schema, whose path the environment gives: `nox -s sarif` fetches it."""

import json
import os
from pathlib import Path

import jsonschema
import pytest
from test_sarif import EXAMPLES, sarif

from projects import make_project
from rescope.rule import Example


@pytest.mark.parametrize("example", EXAMPLES)
def test_official_schema(example: Example, tmp_path: Path) -> None:
    """The log of every example, and of a file that does not parse, fits the schema of SARIF 2.1.0."""
    schema = json.loads(Path(os.environ["RESCOPE_SARIF_SCHEMA"]).read_text("utf-8"))
    log = sarif(make_project(tmp_path, example.files + "# --- broken.py\ndef f(:\n"))

    jsonschema.validate(log, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(log | {"runs": [{"results": []}]}, schema)
