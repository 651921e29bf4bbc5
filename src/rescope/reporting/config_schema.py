"""The JSON Schema (2020-12) of `[tool.rescope]`, made from the settings themselves."""

from collections.abc import Mapping
from dataclasses import fields

from rescope.config import CHOICES, Settings
from rescope.reporting.report_schema import DIALECT

_MEANINGS: Mapping[str, str] = {
    "select": "Only these rule codes or prefixes.",
    "ignore": "All but these rule codes or prefixes.",
    "only": "Only these fixtures or singletons.",
    "exclude": "Files or folders to leave out.",
    "source-roots": "Folders from which the project's modules are imported.",
    "packs": "TOML files with further types to keep.",
    "unsafe": "Also edits that are not safe.",
    "min-confidence": "Show, count and fix findings of this confidence and higher.",
    "cache": "Keep the facts of unchanged files from run to run.",
    "jobs": "Worker processes; 0 means one per core.",
    "reason": "Where the reason for a scope is written.",
    "scope-style": "How function scope is written; auto follows ruff's PT003.",
    "reset-style": "One fixture for each reset, or one for all of a file; auto: one for all where more than three come to one file.",
    "target-scope": "The scope that leaking fixtures are narrowed to.",
    "strategy": "Narrow what leaks, or keep it broad and reset what changes; auto narrows where that is possible and cheap.",
    "document-scopes": "Add the reason to broad fixtures that are kept and have no docstring.",
    "baseline": "The file of accepted findings for check, relative to the project.",
    "keep": 'What stays as it is: "path/glob::name" = "reason".',
}
Json = dict[str, object]


def config_schema() -> Json:
    """The schema of the table; an unknown key does not fit it, as it does not fit rescope."""
    names = [field.name for field in fields(Settings)]
    properties = {name.replace("_", "-"): _key(name) for name in names}
    return {"$schema": DIALECT, "title": "[tool.rescope]", "type": "object", "properties": properties, "additionalProperties": False}


def _key(name: str) -> Json:
    key = name.replace("_", "-")
    return {"description": _MEANINGS[key], **_type(key, getattr(Settings(), name))}


def _type(key: str, default: object) -> Json:
    if key == "keep":
        reason = {"type": "string", "pattern": r"\S"}
        return {"type": "object", "patternProperties": {"::": reason}, "additionalProperties": False}
    if key in CHOICES:
        return {"enum": list(CHOICES[key]), "default": default}
    match default:
        case bool():
            return {"type": "boolean", "default": default}
        case int():
            return {"type": "integer", "default": default}
        case str():
            return {"type": "string", "default": default}
        case _:
            return {"type": "array", "items": {"type": "string"}, "default": []}
