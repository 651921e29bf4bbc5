"""One run: a fresh copy, the changes applied or none, the user's pytest in it, and what came of it."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rescope.model.plan import FileChange
from rescope.model.verdict import Arrangement, Noted, Order, Outcome, Run
from rescope.verify.copies import Copy, remove, scratch_copy
from rescope.verify.interpreter import child_environment
from rescope.verify.interrupts import undisturbed

_PLUGIN = "rescope_inside"
_TAIL = 30
_NOTHING_RUN = frozenset({0, 5})
_SLICE = 0.1
_SHORTEST = 0.001
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+\b")
_RANK = list(Outcome)

Watch = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """How the project's tests are run: `options` go to pytest as they are, `scratch` is where copies live.

    What lies in `plugin_folder` can be imported there.
    """

    root: Path
    python: Path
    scratch: Path
    options: tuple[str, ...] = ()
    plugin_folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How the process ended: `late` if it had to be stopped, `tail` the last lines of what it printed."""

    seconds: float
    code: int
    late: bool
    tail: str


def run(suite: Suite, order: Order, changes: Sequence[FileChange], *, limit: float, watch: Watch) -> Run:
    """What the suite does in this order; `watch` hears how many tests are over, `limit` is in seconds."""
    work = suite.scratch / "run"
    work.mkdir()
    try:
        with scratch_copy(suite.root, suite.scratch / "copy", changes) as copy:
            record = work / "record.jsonl"
            record.touch()
            (work / "task.json").write_text(json.dumps(_task(order, copy, record)), "utf-8")
            ended = _ended(suite, copy, work, lambda process: _waited(process, record, limit=limit, watch=watch))
            return _made_of(order, _lines(record), ended)
    finally:
        remove(work)


def _ended(suite: Suite, copy: Copy, work: Path, wait: Callable[[subprocess.Popen[bytes]], bool]) -> _Ended:
    started = time.monotonic()
    shown = work / "output.txt"
    with shown.open("wb") as output, _running(suite, copy, work, output) as process:
        late = wait(process)
    text = shown.read_text("utf-8", "replace").replace(str(copy.top), str(copy.original))
    tail = "\n".join(text.rstrip().splitlines()[-_TAIL:])
    return _Ended(seconds=time.monotonic() - started, code=-1 if late else process.returncode, late=late, tail=tail)


def _task(order: Order, copy: Copy, record: Path) -> dict[str, object]:
    as_collected = {Arrangement.ALONE, Arrangement.WORKERS, Arrangement.LISTED}
    only = {Arrangement.ALONE: [order.test], Arrangement.LISTED: list(order.tests)}.get(order.arrangement)
    return {
        "record": str(record),
        "order": "file" if order.arrangement in as_collected else order.arrangement.value,
        "seed": order.seed,
        "only": only,
        "until": order.until,
        "randomly": order.randomly,
        "workers": order.workers,
        "original": str(copy.original),
        "copy": str(copy.top),
    }


@contextlib.contextmanager
def _running(suite: Suite, copy: Copy, work: Path, output: Any) -> Iterator[subprocess.Popen[bytes]]:  # noqa: ANN401 - a binary file
    """The process; nothing that it started is left afterwards."""
    process = None
    try:
        with undisturbed():
            process = _start(suite, copy, work, output)
        yield process
    finally:
        if process is not None:
            with undisturbed():
                _kill(process)


def _start(suite: Suite, copy: Copy, work: Path, output: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401 - a binary file
    plugin = work / "plugin"
    plugin.mkdir()
    shutil.copyfile(Path(__file__).with_name("inside.py"), plugin / f"{_PLUGIN}.py")
    environ = child_environment(suite.python, os.environ)
    folders = [str(plugin), str(suite.plugin_folder or ""), environ.get("PYTHONPATH", "")]
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    environ |= {"RESCOPE_RUN": str(work / "task.json"), "PYTEST_DEBUG_TEMPROOT": str(work)}
    options = [option.replace(str(copy.original), str(copy.top)) for option in suite.options]
    return subprocess.Popen(
        [str(suite.python), "-m", "pytest", "-p", _PLUGIN, *options],
        cwd=copy.root,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


# --- the process ----------------------------------------------------------------------------------


def _waited(process: subprocess.Popen[bytes], record: Path, *, limit: float, watch: Watch) -> bool:
    """Whether the process is still running when the time is over."""
    ends = time.monotonic() + limit
    over = _Over(record=record)
    while time.monotonic() < ends:
        if _ends_within(process, _SLICE):
            return False
        watch(over.count())
    return True


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether the process ends in this time. It is not reaped where that can be helped: until then, its group is its own."""
    until = time.monotonic() + seconds
    pause = _SHORTEST
    while not _has_ended(process):
        if time.monotonic() >= until:
            return False
        time.sleep(pause)
        pause = min(2 * pause, seconds / 2)
    return True


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    if sys.platform == "win32" or not hasattr(os, "waitid"):
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # SIGCHLD is ignored here, so the kernel has reaped it
        return process.poll() is not None


@dataclass(slots=True, kw_only=True)
class _Over:
    """Counts the tests that are over in a record that still grows, reading each part of it once."""

    record: Path
    read: int = 0
    tests: int = 0

    def count(self) -> int:
        with self.record.open("rb") as file:
            file.seek(self.read)
            part = file.read()
        self.read += len(part)
        self.tests += part.count(b'"last": true')
        return self.tests


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and all of its group: suites leave servers and workers behind.

    Once the process is reaped, its number may be another group's, which is let alone.
    """
    if process.returncode is None:
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# --- the record -----------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Read:
    """What the lines of a record add up to."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    warnings: set[Noted] = field(default_factory=set)
    outside: list[tuple[str, str]] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    finished: float | None = None
    cpu: float = 0.0
    collected: tuple[str, ...] = ()
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    plugins: frozenset[str] = frozenset()


def _made_of(order: Order, lines: Iterator[dict[str, Any]], ended: _Ended) -> Run:
    read = _Read()
    for line in lines:
        _add(read, line)
    if read.finished is None:
        for test in read.running:
            read.outcomes[test] = Outcome.ERROR
            read.messages.setdefault(test, "it did not end in time" if ended.late else "the process died during this test")
    return Run(
        order=order,
        outcomes=read.outcomes,
        seconds=ended.seconds if read.finished is None else read.finished,
        cpu=read.cpu,
        messages=read.messages,
        warnings=frozenset(read.warnings),
        outside=tuple(read.outside),
        exit_code=ended.code,
        cut=_cut(read, ended),
        tail=ended.tail,
        collected=read.collected,
        places=read.places,
        plugins=read.plugins,
    )


def _cut(read: _Read, ended: _Ended) -> str:
    if ended.late:
        what = "stopped after" if read.finished is None else "all tests ran, but pytest did not end within"
        return f"{what} {ended.seconds:.0f} s"
    if read.collected and ended.code in _NOTHING_RUN:
        return ""
    if not read.outcomes:
        return f"no test ran (exit code {ended.code} of pytest)"
    return "" if read.finished is not None else f"pytest died (exit code {ended.code})"


def _add(read: _Read, line: dict[str, Any]) -> None:
    match line["kind"]:
        case "session":
            read.plugins = frozenset(line["plugins"])
        case "collected":
            read.collected = tuple(line["all"] or ())
        case "start":
            read.running.add(line["test"])
            read.places[line["test"]] = (line["path"], line["line"])
        case "report":
            _add_report(read, line)
        case "warning":
            read.warnings.add(Noted(category=line["category"], text=_ADDRESS.sub("0x...", line["text"]).partition("\n")[0]))
        case "outside":
            read.outside.append((line["name"], line["place"]))
        case "finish":
            read.finished, read.cpu = line["seconds"], line["cpu"]


def _add_report(read: _Read, line: dict[str, Any]) -> None:
    test, outcome = line["test"], Outcome(line["outcome"])
    read.outcomes[test] = max(read.outcomes.get(test, outcome), outcome, key=_RANK.index)
    if line["message"]:
        read.messages.setdefault(test, line["message"])
    if line["last"]:
        read.running.discard(test)


def _lines(record: Path) -> Iterator[dict[str, Any]]:
    # The last line may be cut in the middle where the process was killed.
    for line in record.read_text("utf-8", "replace").splitlines():
        with contextlib.suppress(ValueError):
            yield json.loads(line)
