"""The hooks: when to look, and whose turn it is.

A look is taken where a test's teardown ends, and around the set-up and teardown of each broad fixture. What moved in between
belongs to the fixture whose turn it was, else to the test (or to a function-scoped fixture of it that does not undo).
"""

import json
import traceback
import warnings
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rescope.observer.imports import imports_as_they_are
from rescope.observer.ledger import Json, merge
from rescope.observer.report import change_line, lines
from rescope.observer.state import IMPORT, RANDOM, Change
from rescope.observer.watcher import Watcher, make_watcher
from rescope.observer.watchlist import Subject, WatchError, WatchList, ask, parse, read

if TYPE_CHECKING:
    from rescope.observer.process import Readings

_KEY = "rescope"


class RescopeWarning(pytest.PytestWarning):
    """A broad fixture that the static analysis found to carry state from test to test."""


def register(config: pytest.Config) -> None:
    """Add the observer to a run; with xdist, the workers watch and the controller only gathers."""
    gatherer = Gatherer(config=config, mode=config.option.rescope or "named")
    config.pluginmanager.register(gatherer, "rescope-gatherer")


class Gatherer:
    """Finds out what to watch, starts the observer of this process, and tells at the end what all processes saw."""

    def __init__(self, *, config: pytest.Config, mode: str) -> None:
        self.config = config
        self.mode = mode
        self.watch_text = ""
        self.parts: list[Json] = []
        self.lost: list[str] = []
        self.observer: Observer | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Read or make the watch list, once for all workers."""
        handed = getattr(self.config, "workerinput", None)
        try:
            self.watch_text = handed[_KEY] if handed else self._watch_text()
            watch = parse(self.watch_text, self.config.option.rescope_watch or "the analysis")
        except WatchError as error:
            raise pytest.UsageError(str(error)) from error
        if handed is None and getattr(self.config.option, "dist", "no") != "no":
            return
        with imports_as_they_are(self.config):
            watcher = make_watcher(self.config.rootpath, watch, self.mode)
        self.observer = Observer(
            watcher=watcher,
            watch=watch,
            root=self.config.rootpath,
            strict=self.config.option.rescope_strict,
            warns=handed is None or handed["workerid"] == "gw0",
        )
        self.config.add_cleanup(partial(self.observer.safely, self.observer.watcher.end))
        self.config.pluginmanager.register(self.observer, "rescope-observer")
        if self.mode == "all":
            from rescope.observer.process import warning_filters

            wide = FilterObserver(observer=self.observer, filters=warning_filters())
            self.config.pluginmanager.register(wide, "rescope-filters")

    def _watch_text(self) -> str:
        given = self.config.option.rescope_watch
        return read(self.config.invocation_params.dir / given) if given else ask(self.config.rootpath)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - xdist's, which is not imported
        """Hand the watch list to a worker."""
        node.workerinput[_KEY] = self.watch_text

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ANN401 - xdist's, which is not imported
        """Take the book of a worker."""
        text = getattr(node, "workeroutput", {}).get(_KEY)
        if text is None:
            self.lost.append(f"worker {node.gateway.id} ended without its results: {error or 'not started'}")
        else:
            self.parts.append(json.loads(text))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Pass the book on to the controller, or write it; both are read by wrappers of this hook."""
        if self.observer is not None:
            self.parts.append(self.observer.watcher.ledger.as_json())
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput[_KEY] = json.dumps(merge(self.parts))
        elif self.config.option.rescope_record:
            self._record(self.config.invocation_params.dir / self.config.option.rescope_record)

    def _record(self, path: Path) -> None:
        try:
            path.write_text(json.dumps(self._seen(), indent=2, ensure_ascii=False) + "\n", "utf-8")
        except OSError as error:
            self.lost.append(f"{path}: the record cannot be written: {error.strerror}")

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """The section at the end of the run."""
        if self.parts or self.lost:
            terminalreporter.section("rescope")
            for line in lines(self._seen()):
                terminalreporter.line(line)

    def _seen(self) -> Json:
        seen = merge(self.parts)
        return seen | {"errors": [*seen["errors"], *self.lost], "mode": self.mode}


class Observer:
    """The hooks of the process that runs tests. A failure of the observer ends the watching, never a test."""

    def __init__(self, *, watcher: Watcher, watch: WatchList, root: Path, strict: bool, warns: bool) -> None:
        self.watcher = watcher
        self.watch = watch
        self.root = root
        self.strict = strict
        self.warns = warns
        self.found: list[Change] = []
        self.stack: list[int] = []
        self.broken = False

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Warn of broad fixtures with findings, from pytest's own table; then take the first look, from which tests are compared."""
        if self.warns:
            self.safely(partial(self._warn, session))
        self.safely(self.watcher.look)

    def _warn(self, session: pytest.Session) -> None:
        infos = {id(info): info for info in (getattr(item, "_fixtureinfo", None) for item in session.items)}
        chains = (chain for info in infos.values() if info is not None for chain in info.name2fixturedefs.values())
        broad = {id(fixture): fixture for chain in chains for fixture in chain if fixture.scope != "function"}
        subjects = filter(None, map(self.watcher.broad.subject_of, broad.values()))
        for subject in sorted({s for s in subjects if s.message}, key=lambda s: (s.path, s.line)):
            _warn_of(session.config, subject, self.root)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A test begins; one that is skipped by a mark does not come here."""
        self.safely(partial(self.watcher.begin, item))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        """Where a change is fresh, see whether a fixture of this test has undone it before the test itself runs."""
        if self.watcher.ledger.is_fresh():
            self.safely(partial(self._look, quickly=True))
        self.watcher.in_set_up = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """The test is over when its fixtures are: what is different now, it leaves behind."""
        failed = True
        try:
            result = yield
            failed = False
        finally:
            self.watcher.in_set_up = False
            self.safely(self._look)
            left = self._left_behind() if self.found else []
        if self.strict and left and not failed:
            pytest.fail("\n".join(["the test leaves state behind", *map(change_line, left)]), pytrace=False)
        return result

    def _left_behind(self) -> list[Change]:
        """The changes since the test began that are its own; consumed random numbers and imports fail nobody."""
        found, test = self.found, self.watcher.test.node
        self.found = []
        return [c for c in found if not c.owner and not c.undone_by and c.test == test and c.state.kind not in (RANDOM, IMPORT)]

    def _look(self, *, quickly: bool = False) -> None:
        self.found += self.watcher.look(quickly=quickly)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: "pytest.FixtureDef[Any]") -> Generator[None, object, object]:
        """What moves while a broad fixture is set up or torn down belongs to it.

        Finalizers run last in, first out: the one that is added before the set-up ends the teardown, the one after it begins it. A
        hook that is called for each fixture of each test would cost more than the looks.
        """
        if self.broken or fixturedef.scope == "function":
            return (yield)
        fixturedef.addfinalizer(partial(self._torn_down, fixturedef))
        self.safely(partial(self._enter, fixturedef, "set-up"))
        try:
            return (yield)
        finally:
            self.safely(partial(self._leave, fixturedef))
            self.safely(partial(self.watcher.set_up, fixturedef))
            fixturedef.addfinalizer(partial(self.safely, partial(self._enter, fixturedef, "teardown")))

    def _torn_down(self, fixture: "pytest.FixtureDef[Any]") -> None:
        if self.stack and self.stack[-1] == id(fixture):
            self.safely(partial(self._leave, fixture))

    def _enter(self, fixture: "pytest.FixtureDef[Any]", phase: str) -> None:
        self.found += self.watcher.begin_turn(self.watcher.broad.owner(fixture, phase))
        self.stack.append(id(fixture))
        if phase == "teardown":
            self.watcher.torn_down(fixture)

    def _leave(self, fixture: "pytest.FixtureDef[Any]") -> None:
        if self.stack and self.stack[-1] == id(fixture):
            self.found += self.watcher.end_turn()
            self.stack.pop()

    def safely(self, act: Callable[[], object]) -> None:
        """Do it unless something failed before; a failure is told at the end of the run."""
        if self.broken:
            return
        try:
            act()
        except Exception:  # noqa: BLE001 - a suite must pass with the observer as without
            self.broken = True
            self.watcher.ledger.errors.append(f"stopped watching in {self.watcher.test.node}: {traceback.format_exc(limit=-3)}")


class FilterObserver:
    """Compares the filters of `warnings` outside of a test's protocol: inside, pytest has its own in place."""

    def __init__(self, *, observer: Observer, filters: "Readings") -> None:
        self.observer = observer
        self.filters = filters

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Look before the first test and after each."""
        if self.filters.prints is None:
            self.observer.safely(self._look)
        result = yield
        self.observer.safely(self._look)
        return result

    def _look(self) -> None:
        watcher = self.observer.watcher
        for moved in self.filters.moved():
            watcher.ledger.enter(moved, watcher.test, None, in_set_up=False)


def _warn_of(config: pytest.Config, subject: Subject, root: Path) -> None:
    """A pytest warning at the fixture. It is handed over as recorded, so that a filter "error" cannot stop the run."""
    text = f"{subject.path}:{subject.line}: {subject.message}"
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warnings.warn_explicit(text, RescopeWarning, str(root / subject.path), subject.line)
    for warning in seen:
        place = (str(root / subject.path), subject.line, subject.qualname)
        call = config.hook.pytest_warning_recorded.call_historic
        call(kwargs={"warning_message": warning, "nodeid": "", "when": "collect", "location": place})
