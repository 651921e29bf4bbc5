"""The JSON Schema (2020-12) of the JSON report, with the enumerations of the model."""

from collections.abc import Iterable, Mapping
from enum import Enum

from rescope.model.finding import Applicability, Confidence, Severity, Strategy, SubjectKind
from rescope.model.scope import Scope
from rescope.reporting.json_report import SCHEMA

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Json = Mapping[str, object]
_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "integer", "minimum": 0}
_LINE: Json = {"type": "integer", "minimum": 1}
_CODE: Json = {"type": "string", "pattern": "^RSC[0-9]{3}$"}


def report_schema() -> Json:
    """The schema of what `check --output-format json` prints."""
    report = _object(
        schema={"const": SCHEMA},
        root={"const": "."},
        min_confidence=_enum(c.value for c in Confidence),
        findings=_array(_ref("finding")),
        kept=_array(_object(code=_CODE, subject=_ref("subject"), because=_TEXT, evidence=_array(_ref("location")))),
        skipped=_array(_object(subject=_ref("subject"), reason=_TEXT)),
        failures=_array(_object(path=_TEXT, line=_NUMBER, message=_TEXT)),
        stats=_object(
            files=_NUMBER, fixtures=_NUMBER, tests=_NUMBER, unremarkable=_NUMBER, baseline=_NUMBER, seconds={"type": "number", "minimum": 0}
        ),
    )
    definitions = {"finding": _finding(), "subject": _subject(), "location": _location(), "edit": {"oneOf": list(_edits())}}
    return {"$schema": DIALECT, "title": "The report of rescope check", **report, "$defs": definitions}


def _finding() -> Json:
    fix = _object(strategy=_enum(s.value for s in Strategy if s is not Strategy.NONE), edits={**_array(_ref("edit")), "minItems": 1})
    return _object(
        code=_CODE,
        rule=_TEXT,
        message={**_TEXT, "description": "What leaks, for people."},
        reason={**_TEXT, "description": 'Completes "Function-scoped so that ...".'},
        severity=_values(Severity),
        confidence={**_values(Confidence), "description": "How sure the detection is."},
        applicability={**_values(Applicability), "description": "How safe the fix is."},
        caveat={**_TEXT, "description": "Why the fix is not safe, or why there is none."},
        subject=_ref("subject"),
        primary=_ref("location"),
        related=_array(_ref("location")),
        fix={"anyOf": [fix, {"type": "null"}]},
        fingerprint={"type": "string", "pattern": "^[0-9a-f]{16}$", "description": "Stays the same when lines move."},
    )


def _subject() -> Json:
    scope = {"enum": [*(str(s) for s in Scope), "unknown", None], "description": "null for a singleton."}
    return _object(
        kind=_values(SubjectKind),
        name=_TEXT,
        qualname=_TEXT,
        path=_TEXT,
        line=_LINE,
        scope=scope,
        names=_array(_TEXT),
        readers=_array(_TEXT),
    )


def _location() -> Json:
    return _object(path=_TEXT, line=_LINE, column=_LINE, note=_TEXT)


def _edits() -> Iterable[Json]:
    """One schema for each kind of edit; `line` is that of the definition before the edit."""
    scopes = _enum(str(scope) for scope in Scope)
    yield _object(kind={"const": "change-scope"}, name=_TEXT, qualname=_TEXT, path=_TEXT, line=_LINE, **{"from": scopes, "to": scopes})
    yield _object(kind={"const": "add-reason"}, name=_TEXT, path=_TEXT, line=_LINE, text=_TEXT)
    yield _object(kind={"const": "restore-in-place"}, name=_TEXT, path=_TEXT, line=_LINE, state=_TEXT)
    yield _object(kind={"const": "use-monkeypatch"}, name=_TEXT, qualname=_TEXT, path=_TEXT, states=_array(_TEXT))
    yield _object(
        kind={"const": "add-reset-fixture"},
        name=_TEXT,
        path=_TEXT,
        line={"type": "null"},
        creates_file={"type": "boolean"},
        states=_array(_TEXT),
    )


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _array(items: Json) -> Json:
    return {"type": "array", "items": items}


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _values(kind: type[Enum]) -> Json:
    return _enum(member.value for member in kind)


def _enum(values: Iterable[str]) -> Json:
    return {"enum": list(values)}
