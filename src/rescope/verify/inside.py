"""A pytest plugin that stands alone: it orders the tests, records each outcome, and keeps imports inside the scratch copy.

It runs in the project's interpreter, where nothing of rescope is installed: the standard library and pytest (7.0 or newer,
on Python 3.8 or newer) are all it may use. RESCOPE_RUN names a JSON file that says what to do.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import sys
import time
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import Any

_ORDERING = ("randomly", "xdist")
_WORDS = {"passed": "passed", "failed": "failed", "skipped": "skipped"}


def pytest_addoption() -> None:
    """Called right after this file is imported, so before the plugins and conftest files that import the program."""
    task = _task()
    redirect(task["original"], task["copy"])


def pytest_load_initial_conftests(early_config: Any, args: list[str]) -> None:
    """Options that would stop the run early or share it out otherwise, after those of the user so that they win."""
    task = _task()
    if task["order"] == "plain":
        return
    ours, workers = ["--maxfail=0"], task["workers"]
    if early_config.pluginmanager.hasplugin("xdist"):
        ours += ["-n", str(workers)]
    elif workers:
        raise pytest.UsageError("pytest-xdist is not installed here, so the tests cannot be shared out")
    at = args.index("--") if "--" in args else len(args)
    args[at:at] = ours


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: Any) -> None:
    """Set up the order in every process, the record in the one that hears of all outcomes."""
    task = _task()
    if task["order"] != "plain":
        _settle(config, task)
        config.pluginmanager.register(Order(task), "rescope-order")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Record(task), "rescope-record")


def _settle(config: Any, task: dict[str, Any]) -> None:
    """Keep other plugins from deciding on the order, unless one of them is asked for."""
    asked = task["order"] == "randomly"
    if hasattr(config.option, "randomly_seed"):
        config.option.randomly_seed = task.get("randomly", 1)
        config.option.randomly_reorganize = asked
    elif asked:
        raise pytest.UsageError("pytest-randomly is not installed here, so its order cannot be had")
    for name in ("random_order_bucket", "random_order_seed", "random_order"):
        if hasattr(config.option, name):
            setattr(config.option, name, None)
    for name in ("stepwise", "stepwise_skip"):
        if hasattr(config.option, name):
            setattr(config.option, name, False)


def _task() -> dict[str, Any]:
    return json.loads(Path(os.environ["RESCOPE_RUN"]).read_text("utf-8"))  # type: ignore[no-any-return]


class Order:
    """Puts the tests into the order of the task, after every other plugin had its say."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.collected: list[str] = []

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> Generator[None, None, None]:
        yield
        self.collected = [_inward(item.nodeid, self.task) for item in items]
        chosen = self._until(self._chosen(items))
        kept = set(map(id, chosen))
        dropped = [item for item in items if id(item) not in kept]
        if dropped:
            config.hook.pytest_deselected(items=dropped)
        items[:] = chosen

    def _chosen(self, items: list[Any]) -> list[Any]:
        task = self.task
        if task["only"] is not None:
            by_name = {_inward(item.nodeid, task): item for item in items}
            return [by_name[name] for name in task["only"] if name in by_name]
        if task["order"] == "reversed":
            return items[::-1]
        if task["order"] == "shuffled":
            return shuffled(items, task["seed"], lambda item: _inward(item.nodeid, task))
        return list(items)

    def _until(self, items: list[Any]) -> list[Any]:
        last = self.task.get("until")
        end = next((n for n, item in enumerate(items, 1) if last and _inward(item.nodeid, self.task) == last), len(items))
        return items[:end]


def shuffled(items: list[Any], seed: int, name: Callable[[Any], str]) -> list[Any]:
    """Modules in random order, their classes within them, and the tests within these, as pytest-randomly does.

    What is random hangs on the names alone: the order of two tests is the same whatever else is collected.
    """

    def key(item: Any) -> tuple[float, ...]:
        parts = name(item).partition("[")[0].split("::")
        levels = ["::".join(parts[: n + 1]) for n in range(len(parts) - 1)]
        return tuple(random.Random(f"{seed}:{level}").random() for level in [*levels, name(item)])  # noqa: S311 - no secret

    return sorted(items, key=key)


class Record:
    """Writes one JSON line for each thing that happens; a line is on disk before the next test starts."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.clock = time.perf_counter  # tests put their own in the place of those that modules name
        self.started = self.clock()
        self.file = Path(task["record"]).open("a", encoding="utf-8")  # noqa: SIM115 - closed in pytest_unconfigure

    def _write(self, kind: str, **values: Any) -> None:
        if not self.file.closed:
            self.file.write(json.dumps({"kind": kind, **values}) + "\n")
            self.file.flush()

    def pytest_sessionstart(self, session: Any) -> None:
        self.started = self.clock()
        self._write("session", plugins=[name for name in _ORDERING if session.config.pluginmanager.hasplugin(name)])

    def pytest_collection_finish(self, session: Any) -> None:
        order = session.config.pluginmanager.get_plugin("rescope-order")
        # All tests that there are, in file order, are only asked for where none is run.
        listed = order.collected if order is not None and self.task["only"] == [] else None
        self._write("collected", tests=len(session.items), all=listed)

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        path, line, _ = location
        self._write("start", test=_inward(nodeid, self.task), path=path.replace(os.sep, "/"), line=(line or 0) + 1)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self._write(
            "report",
            test=_inward(report.nodeid, self.task),
            outcome=outcome(report),
            last=report.when == "teardown",
            seconds=getattr(report, "duration", 0.0),
            message=_inward(message(report), self.task),
        )

    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        text = _inward(str(warning_message.message), self.task)
        self._write("warning", category=warning_message.category.__name__, text=text, test=_inward(nodeid, self.task))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        for name, place in outside(self.task["copy"]):
            self._write("outside", name=name, place=place)
        self._write("finish", seconds=self.clock() - self.started, cpu=sum(os.times()[:4]), exit=int(exitstatus))

    def pytest_unconfigure(self) -> None:
        self.file.close()


def outcome(report: Any) -> str:
    """One word for one phase of a test."""
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    if report.failed:
        return "failed" if report.when == "call" else "error"
    return _WORDS.get(report.outcome, "passed")


def message(report: Any) -> str:
    """The first line of what a failed phase says, "" for any other."""
    if not report.failed:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr or "")
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _inward(text: str, task: dict[str, Any]) -> str:
    """The text as the original tree would have it: each copy lies in another place."""
    return text.replace(task["copy"], task["original"])


# --- imports stay in the copy ---------------------------------------------------------------------


def redirect(original: str, copy: str) -> None:
    """Lead every way of importing from the original tree into the copy, where the copy has that place."""

    def moved(path: str) -> str:
        return move(path, original, copy)

    sys.path[:] = [moved(p) if isinstance(p, str) else p for p in sys.path]
    found = [p for p in sys.path if isinstance(p, str) and _below(p, copy) and p != str(Path.cwd())]
    for finder in sys.meta_path:
        for table in _tables(finder):
            for key in list(table):
                table[key] = _moved_value(table[key], moved)
                if isinstance(table[key], str) and _below(table[key], copy) and "." not in str(key):
                    found.append(str(Path(table[key]).parent))
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()
    before = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([*map(moved, before), *found]))


def _tables(finder: Any) -> Iterator[dict[Any, Any]]:
    """Where finders of editable installations keep their paths: setuptools in its module, others in the class or the object."""
    owner = finder if isinstance(finder, type) else type(finder)
    module = sys.modules.get(owner.__module__)
    spaces = [vars(owner), getattr(finder, "__dict__", {})]
    if module is not None and "editable" in module.__name__:
        spaces.append(vars(module))
    for space in spaces:
        for name, value in list(space.items()):
            if isinstance(value, dict) and not name.startswith("__"):
                yield value


def _moved_value(value: Any, moved: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return moved(value)
    if isinstance(value, (list, tuple, set)):
        return type(value)(_moved_value(each, moved) for each in value)
    return value


def move(path: str, original: str, copy: str) -> str:
    """The place in the copy, if the path is below the original and the copy has it; virtual environments it has not."""
    for known in (path, os.path.realpath(path)):
        if path and _below(known, original):
            inside = os.path.normpath(copy + known[len(original) :])
            if os.path.exists(inside):  # noqa: PTH110 - strings are what import machinery holds
                return inside
    return path


def _below(path: str, top: str) -> bool:
    return path == top or path.startswith(top + os.sep)


def outside(copy: str) -> list[tuple[str, str]]:
    """Modules that the copy has and that were yet imported from somewhere else."""
    found = []
    for name in sorted(_own_names(Path(copy)) - set(getattr(sys, "stdlib_module_names", ()))):
        module = sys.modules.get(name)
        place = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
        if isinstance(place, str) and not _below(os.path.realpath(place), os.path.realpath(copy)):
            found.append((name, place))
    return found


def _own_names(top: Path) -> set[str]:
    folders = [folder for folder in (top, top / "src") if folder.is_dir()]
    packages = {entry.parent.name for folder in folders for entry in folder.glob("*/__init__.py")}
    return packages | {entry.stem for folder in folders for entry in folder.glob("*.py")}
