"""A pytest plugin that writes down which fixture definition each collected test and fixture gets.

    PYTHONPATH=tests/oracle/plugin python -m pytest --collect-only -q -p fixture_oracle --fixture-oracle=out.json

Nothing is set up: pytest's own lookup (`_get_active_fixturedef`) is asked for every name of a test's closure, while the step
that would run a fixture is replaced by one that asks for the fixture's arguments in turn. Works from pytest 7.4 to 9.2.

The file holds `rootdir`, `pytest`, `definitions` (file, line = `co_firstlineno`, name, scope, baseid, first_party, kind),
`tests` (id without parameters, closure names, edges [requester, name, target]; -1 is the test, null "not found"; `made`,
which says how it came to be if no function of the project's files stands for it) and `failed` (node ids that could not
be collected, with the reason).
"""

from __future__ import annotations

import functools
import inspect
import json
from pathlib import Path

import pytest
from _pytest import fixtures

_SYNTHETIC = ("_xunit_setup_", "xunit_setup_", "_unittest_", "unittest_")
_LINES = 3


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the output file."""
    parser.addoption("--fixture-oracle", default="", help="write the resolved fixtures of every collected test to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Switch the recorder on where an output file is named."""
    if config.getoption("--fixture-oracle"):
        config.pluginmanager.register(Recorder(config), "fixture-oracle-recorder")


class Recorder:
    """Collects definitions and edges; ids are positions in `definitions`."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.root = Path(config.rootpath).resolve()
        self.ids: dict[int, int] = {}
        self.kept: list[object] = []
        self.definitions: list[dict[str, object]] = []
        self.failed: dict[str, str] = {}
        self.edges: list[tuple[int, str, int | None]] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be collected."""
        if not report.passed:
            lines = str(report.longrepr).strip().splitlines() or [""]
            self.failed[report.nodeid] = f"{report.outcome}: {' '.join(lines[-_LINES:])}"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Ask pytest for every edge of every item, and write the file."""
        with pytest.MonkeyPatch.context() as patch:
            self._disarm(patch, session)
            tests = [self._item(item) for item in session.items if getattr(item, "_fixtureinfo", None) is not None]
        data = {
            "pytest": pytest.__version__,
            "rootdir": str(self.root),
            "definitions": self.definitions,
            "tests": tests,
            "failed": self.failed,
        }
        Path(self.config.getoption("--fixture-oracle")).write_text(json.dumps(data), "utf-8")

    def _disarm(self, patch: pytest.MonkeyPatch, session: pytest.Session) -> None:
        """Let pytest look fixtures up, but run, check and finish none."""
        recorder = self

        def ask(definition: object, request: object) -> None:
            recorder.requests(recorder.id_of(definition), definition.argnames, request)

        for request in (fixtures.FixtureRequest, fixtures.SubRequest):
            for name in ("_check_scope", "_schedule_finalizers", "_check_fixturedef_without_param"):
                if hasattr(request, name):
                    patch.setattr(request, name, lambda *_args, **_kwargs: None)
        patch.setattr(fixtures.FixtureDef, "execute", ask)
        patch.setattr(session, "_setupstate", _Everywhere())
        for definition in _all_definitions(session):
            patch.setattr(definition, "params", None)

    def requests(self, requester: int, names: object, request: object) -> None:
        """Record what pytest finds for each name asked by one requester."""
        for name in names:
            if name == "request":
                continue
            try:
                target = self.id_of(request._get_active_fixturedef(name))
            except fixtures.FixtureLookupError:
                target = None
            self.edges.append((requester, name, target))

    def _item(self, item: pytest.Item) -> dict[str, object]:
        info = item._fixtureinfo
        self.edges = []
        top = getattr(fixtures, "TopRequest", fixtures.FixtureRequest)
        self.requests(-1, info.names_closure, top(item, _ispytest=True))
        name = getattr(item, "originalname", None) or item.name
        return {
            "id": f"{item.parent.nodeid}::{name}",
            "closure": [n for n in info.names_closure if n != "request"],
            "edges": sorted(set(self.edges), key=str),
            "made": _made(item),
        }

    def id_of(self, definition: object) -> int:
        """The number of a FixtureDef."""
        if id(definition) not in self.ids:
            self.ids[id(definition)] = len(self.definitions)
            self.kept.append(definition)
            self.definitions.append(self._describe(definition))
        return self.ids[id(definition)]

    def _describe(self, definition: object) -> dict[str, object]:
        function = _innermost(definition.func)
        code = getattr(function, "__code__", None)
        file = Path(code.co_filename).resolve() if code else None
        return {
            "name": definition.argname,
            "file": str(file) if file else None,
            "line": code.co_firstlineno if code else None,
            "scope": definition.scope,
            "baseid": definition.baseid or "",
            "first_party": file is not None and self._is_first_party(file),
            "kind": _kind(definition, function),
        }

    def _is_first_party(self, file: Path) -> bool:
        return file.is_relative_to(self.root) and not {"site-packages", "dist-packages"} & set(file.parts)


class _Everywhere:
    """A set-up state in which every node is active."""

    stack = ()

    def is_node_active(self, _node: object) -> bool:
        """Whether fixtures may be requested for the node."""
        return True


def _made(item: pytest.Item) -> str:
    """How an item came to be that is no plain function of a test module, "" for one that is."""
    if isinstance(item, pytest.DoctestItem):
        return "a doctest"
    if not type(item.parent).__module__.startswith(("_pytest.", "pytest.")):
        return "collected by a plugin in its own way"
    function = _innermost(getattr(item, "obj", None))
    return "made by code when its module is imported" if "<locals>" in getattr(function, "__qualname__", "") else ""


def _all_definitions(session: pytest.Session) -> list[object]:
    manager = session._fixturemanager
    if hasattr(manager, "_get_all_fixture_defs"):
        return list(manager._get_all_fixture_defs())
    return [d for found in manager._arg2fixturedefs.values() for d in found]


def _kind(definition: object, function: object) -> str:
    if getattr(function, "__name__", "") == "get_direct_param_fixture_func" or "DirectParam" in type(definition).__name__:
        return "param"
    return "synthetic" if definition.argname.startswith(_SYNTHETIC) else "fixture"


def _innermost(function: object) -> object:
    """The function that somebody wrote, under partial objects, methods and wrappers."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif inspect.ismethod(function) or isinstance(function, (staticmethod, classmethod)):
            function = function.__func__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            return function
