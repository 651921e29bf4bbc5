"""The fixture graph as JSON, schema 1."""

import json
from collections.abc import Iterator

from rescope.graph.fixture_graph import FixtureGraph, Resolution, TestNode

SCHEMA = 1


def render_graph_json(graph: FixtureGraph) -> str:
    """All registrations, and each test's closure in pytest's order with what is not certain of it, as one JSON object."""
    data = {"schema": SCHEMA, "fixtures": list(_fixtures(graph)), "tests": [_test(t) for t in graph.tests]}
    return json.dumps(data, indent=1) + "\n"


def _fixtures(graph: FixtureGraph) -> Iterator[dict[str, object]]:
    for registration in graph.registrations:
        fixture = registration.definition
        yield {
            "id": registration.id,
            "name": registration.name,
            "path": fixture.function.address.path,
            "line": fixture.function.line,
            "qualname": fixture.function.address.qualname,
            "scope": str(fixture.scope),
            "autouse": registration.autouse,
            "argnames": list(fixture.argnames),
            "baseid": registration.baseid,
            "uncertain": list(graph.uncertain(fixture)),
        }


def _test(test: TestNode) -> dict[str, object]:
    resolution = test.resolution
    closure = [t for name in resolution.closure for t in resolution.targets(name)[-1:]]
    return {
        "id": test.id,
        "path": test.path,
        "line": test.function.line,
        "closure": closure,
        "unresolved": [name for name in resolution.unresolved if name not in resolution.shadowed],
        "unknown": [{"name": name, "reason": reason} for name, reason in (*resolution.unknown, *_of_plugins(resolution))],
    }


def _of_plugins(resolution: Resolution) -> Iterator[tuple[str, str]]:
    return ((name, "a plugin's, which may request fixtures of this project") for name in resolution.foreign)
