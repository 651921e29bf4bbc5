"""The schemas that rescope prints fit what it writes and reads, and nothing else."""

import copy
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from projects import LEAK, ROOT, check, findings, make_project, rescope
from rescope.config import ConfigError, Settings, load_project
from rescope.reporting.config_schema import config_schema
from rescope.reporting.json_report import render_json
from rescope.reporting.report_schema import report_schema
from rescope.rule import Example
from rescope.rules import all_rules

EXAMPLES = [pytest.param(e, id=f"{r.code}-{e.name.replace(' ', '-')}") for r in all_rules() for e in r.examples]
REPORT = Draft202012Validator(report_schema())
CONFIG = Draft202012Validator(config_schema())


def test_printed(tmp_path: Path) -> None:
    """Schema prints the schema of the report, with --config that of the configuration; both are valid schemas."""
    printed = [json.loads(rescope(tmp_path, "schema", *options).stdout) for options in ([], ["--config"])]

    assert [report_schema(), config_schema()] == printed
    for schema in printed:
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("example", EXAMPLES)
def test_reports_fit(example: Example, tmp_path: Path) -> None:
    """The report on every example, and on a file that does not parse, fits the schema."""
    report = check(make_project(tmp_path, example.files + "# --- broken.py\ndef f(:\n"))

    REPORT.validate(json.loads(render_json(report)))


@pytest.mark.parametrize("sample", sorted(p.parent.name for p in ROOT.glob("fixtures_samples/*/expected.toml")))
def test_sample_fits(sample: str) -> None:
    """The report on a sample fits the schema."""
    REPORT.validate(findings(ROOT / "fixtures_samples" / sample))


SPOILT: list[tuple[str, Callable[[dict], object]]] = [
    ("unknown key", lambda r: r.update(more=1)),
    ("unknown key in a finding", lambda r: r["findings"][0].update(more=1)),
    ("unknown key in an edit", lambda r: r["findings"][0]["fix"]["edits"][0].update(more=1)),
    ("missing key", lambda r: r["stats"].pop("files")),
    ("wrong type", lambda r: r["findings"][0]["subject"].update(line="7")),
    ("line 0", lambda r: r["findings"][0]["primary"].update(line=0)),
    ("unknown severity", lambda r: r["findings"][0].update(severity="fatal")),
    ("unknown kind of edit", lambda r: r["findings"][0]["fix"]["edits"][0].update(kind="rename")),
    ("fix without edits", lambda r: r["findings"][0]["fix"].update(edits=[])),
    ("another schema", lambda r: r.update(schema=2)),
]


@pytest.mark.parametrize("spoil", [s for _, s in SPOILT], ids=[name for name, _ in SPOILT])
def test_other_reports_do_not_fit(spoil: Callable[[dict], object], tmp_path: Path) -> None:
    """An unknown key, a missing one, a wrong type or value does not fit."""
    report = json.loads(render_json(check(make_project(tmp_path, LEAK))))
    REPORT.validate(report)
    spoilt = copy.deepcopy(report)
    spoil(spoilt)

    assert not REPORT.is_valid(spoilt)


TABLES = {
    "select": [["RSC1"], "RSC1", [1]],
    "ignore": [["RSC101"], {}, 1],
    "only": [["client"], True],
    "exclude": [["legacy"], [], "legacy"],
    "source-roots": [["src"], [["src"]]],
    "packs": [["a.toml"], 0],
    "unsafe": [True, False, 1, "yes"],
    "cache": [False, 0],
    "jobs": [0, 4, True, "4", 1.5],
    "reason": ["docstring", "comment", "none", "novel", []],
    "scope-style": ["auto", "explicit", "omit", "never"],
    "reset-style": ["auto", "separate", "table", "both", ["table"]],
    "min-confidence": ["high", "medium", "low", "none"],
    "target-scope": ["function", "class", "module", "session"],
    "document-scopes": [True, False, 1],
    "strategy": ["auto", "narrow", "reset", "keep"],
    "baseline": ["baseline.json", 1, ["a"]],
    "keep": [{"a::b": "why"}, {}, {"a::b": " "}, {"b": "why"}, {"a::b": 1}, ["a::b"]],
    "exclde": [["a"]],
}
CASES = [(key, value) for key, values in TABLES.items() for value in values]


@pytest.mark.parametrize(("key", "value"), CASES, ids=[f"{key}-{json.dumps(value)}" for key, value in CASES])
def test_configuration(key: str, value: object, tmp_path: Path) -> None:
    """The schema takes a table where rescope reads it, and refuses it where rescope does."""
    pairs = ", ".join(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in value.items()) if isinstance(value, dict) else ""
    text = f"{{{pairs}}}" if isinstance(value, dict) else json.dumps(value)
    (tmp_path / "pyproject.toml").write_text(f"[tool.pytest.ini_options]\n[tool.rescope]\n{key} = {text}\n")
    try:
        load_project([tmp_path])
        read = True
    except ConfigError:
        read = False

    assert read == CONFIG.is_valid({key: value})


def test_every_key_is_tried() -> None:
    """Each setting stands in the schema, and among the tables tried here."""
    keys = {f.name.replace("_", "-") for f in fields(Settings)}

    assert keys == set(config_schema()["properties"]) == set(TABLES) - {"exclde"}
