"""The other process, which is ended, interrupted or failed while it writes: `python other_process.py <mode> <folder>`."""

import errno
import functools
import itertools
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from writing.trees import Tree, change, everything, snapshot

import rescope.writing
from rescope.writing import NothingToUndo, WriteRefused, recover, undo, write

TREES: dict[str, dict[str, bytes]] = {
    "first": {"a.py": b"first a", "sub/b.py": b"b\r\n", "sub/real.py": b"real"},
    "old": {"a.py": b"old a", "sub/b.py": b"b\r\n", "sub/real.py": b"real"},
    "new": {"a.py": b"new a", "sub/b.py": b"new b", "sub/real.py": b"new real", "sub/new.py": b"new"},
}
MODES = {"a.py": 0o644, "sub/b.py": 0o600, "sub/real.py": 0o755, "sub/new.py": 0o644}
CHANGES = {
    "old": [change("a.py", b"first a", b"old a")],
    "new": [
        change("a.py", b"old a", b"new a"),
        change("sub/new.py", None, b"new"),
        change("link.py", b"real", b"new real"),
        change("sub/b.py", b"b\r\n", b"new b"),
    ],
}
CHANGING_EVENTS = frozenset({"os.rename", "os.remove", "os.mkdir", "os.chmod", "os.chown"})


def grow(root: Path, state: str) -> None:
    """The small project in `state`, with the run before it on record."""
    (root / "sub").mkdir(parents=True)
    (root / "link.py").symlink_to("sub/real.py")
    for name, content in TREES["first"].items():
        (root / name).write_bytes(content)
        (root / name).chmod(MODES[name])
    for step in ("old", "new")[: ("first", "old", "new").index(state)]:
        write(root, CHANGES[step])


def grown(root: Path, state: str) -> Tree:
    """What `snapshot` says of the small project in `state`."""
    link = (oct((root / "link.py").lstat().st_mode), b"sub/real.py")
    files = {name: (oct(stat.S_IFREG | MODES[name]), content) for name, content in TREES[state].items()}
    return dict(sorted({**files, "link.py": link}.items()))


def crash(root: Path) -> None:
    """The small project, with a run killed when some of its files were written."""
    grow(root, "old")
    with program("crash", root) as other:
        other.communicate()
    assert other.returncode == -signal.SIGKILL


class program:
    """Runs the file at hand as another process; `hold` is waited for until it is between two files."""

    def __init__(self, mode: str, folder: Path) -> None:
        source = str(Path(rescope.writing.__file__).parents[1])
        self.other = subprocess.Popen(
            [sys.executable, __file__, mode, str(folder)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join((source, str(Path(__file__).parents[1])))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if mode == "hold" else None,
        )
        if mode == "hold":
            assert self.other.stdout is not None
            assert self.other.stdout.readline() == b"holding\n"

    def __enter__(self) -> "subprocess.Popen[bytes]":
        return self.other

    def __exit__(self, *_: object) -> None:
        self.other.kill()
        self.other.communicate()


class Steps:
    """Counts the steps of a write, lines and changing system calls, and acts at the n-th."""

    def __init__(self, at: int, act: Callable[[], None], *, lines: bool = True, lasting: bool = False) -> None:
        self.left, self.act, self.lines, self.lasting = at, act, lines, lasting

    def step(self) -> None:
        self.left -= 1
        if self.left == 0 or (self.lasting and self.left < 0):
            self.act()

    def trace(self, frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != rescope.writing.__file__:
            return None
        if event == "line":
            self.step()
        return self.trace

    def run(self, action: Callable[[], object]) -> None:
        ACTIVE.append(self)
        if self.lines:
            sys.settrace(self.trace)
        try:
            action()
        finally:
            sys.settrace(None)
            ACTIVE.clear()


ACTIVE: list[Steps] = []


def audit(event: str, arguments: tuple[Any, ...]) -> None:
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if ACTIVE and (writes or (event in CHANGING_EVENTS and not ACTIVE[0].lasting)):
        ACTIVE[0].step()


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupt() -> None:
    raise KeyboardInterrupt


def killed(at: int, action: Callable[[], object]) -> bool:
    """Whether a child that does `action` got as far as step `at`, where it is killed."""
    child = os.fork()
    if child == 0:
        Steps(at, kill).run(action)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status not in {0, signal.SIGKILL}:
        raise RuntimeError(status)
    return status != 0


def copies(folder: Path, template: Path) -> Iterator[tuple[int, Path]]:
    for at in itertools.count(1):
        root = folder / "trial"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(template, root, symlinks=True)
        yield at, root


def state(root: Path) -> str:
    now = snapshot(root)
    return next((name for name in TREES if now == grown(root, name)), "mixed")


def after(root: Path, *actions: Callable[[Path], object]) -> str:
    """The state of a copy of `root` after `actions`."""
    copy = root.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(root, copy, symlinks=True)
    for action in actions:
        action(copy)
    return state(copy)


def write_new(root: Path) -> None:
    write(root, CHANGES["new"])


def ends(folder: Path, template: Path, action: Callable[[Path], object]) -> Iterator[tuple[int, Path]]:
    """Every step at which `action` was killed, with what it left on disk."""
    for at, root in copies(folder, template):
        if not killed(at, functools.partial(action, root)):
            return
        yield at, root


def judged(trials: Iterator[tuple[int, Path]], judge: Callable[[Path], str]) -> Iterator[tuple[int, str, str]]:
    # What comes after a kill depends on the disk alone: two steps that left the same are judged once.
    known: dict[str, str] = {}
    for at, root in trials:
        left = repr(everything(root))
        if left not in known:
            known[left] = judge(root)
        yield at, state(root), known[left]


def judge_write(root: Path) -> str:
    recovered, undone = after(root, recover), after(root, recover, undo)
    again = after(root, recover, write_new, undo) if recovered == "old" else "old"
    good = (recovered, undone, again) in {("old", "first", "old"), ("new", "old", "old")}
    return "" if good else f"{recovered}, undone {undone}, again {again}"


def judge_undo(root: Path) -> str:
    recovered = after(root, recover)
    over = state(root) == "old" and not pending(root)
    undone = after(root, expect_nothing_to_undo if over else undo)
    return "" if recovered in {"old", "new"} and undone == "old" else f"{recovered}, undone {undone}"


def judge_recovery(root: Path) -> str:
    ways = (after(root, recover), after(root, recover, undo))
    return "" if ways == ("old", "first") else f"recovered and undone: {ways}"


def expect_nothing_to_undo(root: Path) -> None:
    with pytest.raises(NothingToUndo):
        undo(root)


def kill_write(folder: Path) -> Iterator[tuple[int, str, str]]:
    grow(folder / "template", "old")
    return judged(ends(folder, folder / "template", write_new), judge_write)


def kill_undo(folder: Path) -> Iterator[tuple[int, str, str]]:
    grow(folder / "template", "new")
    return judged(ends(folder, folder / "template", undo), judge_undo)


def kill_recover(folder: Path) -> Iterator[tuple[int, str, str]]:
    grow(folder / "template", "old")
    crashed = next(root for _, root in ends(folder, folder / "template", write_new) if half(root))
    crashed.rename(folder / "crashed")
    return judged(ends(folder, folder / "crashed", recover), judge_recovery)


def pending(root: Path) -> bool:
    return (root / ".rescope/journal/writing.json").exists()


def half(root: Path) -> bool:
    now = {name: (root / name).read_bytes() for name in TREES["old"]}
    return sum(content == TREES["new"][name] for name, content in now.items()) == 2


def failing(folder: Path, act: Callable[[], None], **options: bool) -> Iterator[tuple[int, str, str]]:
    """Every step at which `act` was done to a write: no recovery is needed to see all files old or all files new."""
    grow(folder / "template", "old")
    return attempts(folder, write_new, ("old", "new"), lambda at: Steps(at, act, **options))


def failing_undo(folder: Path, act: Callable[[], None], **options: bool) -> Iterator[tuple[int, str, str]]:
    grow(folder / "template", "new")
    return attempts(folder, undo, ("new", "old"), lambda at: Steps(at, act, **options))


def attempts(
    folder: Path, action: Callable[[Path], object], ways: tuple[str, str], make: Callable[[int], Steps]
) -> Iterator[tuple[int, str, str]]:
    for at, root in copies(folder, folder / "template"):
        steps = make(at)
        allowed = attempt(functools.partial(steps.run, functools.partial(action, root)), ways)
        if steps.left > 0:
            return
        now = state(root)
        yield at, now, "" if now in allowed and not pending(root) else f"{now}, not {allowed}"


def attempt(action: Callable[[], object], ways: tuple[str, str]) -> tuple[str, ...]:
    try:
        action()
    except KeyboardInterrupt:
        return ways
    except WriteRefused:
        return ways[:1]
    return ways[1:]


def sweep(trials: Iterator[tuple[int, str, str]]) -> None:
    done = list(trials)
    seen = {name: sum(crashed == name for _, crashed, _ in done) for name in (*TREES, "mixed")}
    wrong = [f"step {at}: {problem}" for at, _, problem in done if problem]
    print(json.dumps({"points": len(done), "seen": seen, "wrong": wrong}))


def hold_at_second_rename(root: Path) -> None:
    seen = itertools.count()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename" and not str(arguments[1]).endswith(".json") and next(seen) == 1:
            print("holding", flush=True)
            sys.stdin.readline()

    sys.addaudithook(hook)
    write_new(root)


def crash_at_third_rename(root: Path) -> None:
    seen = itertools.count()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename" and not str(arguments[1]).endswith(".json") and next(seen) == 2:
            kill()

    sys.addaudithook(hook)
    write_new(root)


def write_beyond_limit(root: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, 64_000))
    try:
        write(root, [*CHANGES["new"], change("big.py", None, b"x" * 1_000_000)])
    except WriteRefused as refused:
        print(refused)


def main(mode: str, folder: Path) -> None:
    single: dict[str, Callable[[Path], None]] = {
        "hold": hold_at_second_rename,
        "crash": crash_at_third_rename,
        "limit": write_beyond_limit,
    }
    if mode in single:
        single[mode](folder)
        return
    sys.addaudithook(audit)
    sweeps: dict[str, Callable[[], Iterator[tuple[int, str, str]]]] = {
        "kill-write": lambda: kill_write(folder),
        "kill-undo": lambda: kill_undo(folder),
        "kill-recover": lambda: kill_recover(folder),
        "interrupt": lambda: failing(folder, interrupt),
        "fail": lambda: failing(folder, fail, lines=False),
        "full": lambda: failing(folder, fail, lines=False, lasting=True),
        "interrupt-undo": lambda: failing_undo(folder, interrupt),
        "fail-undo": lambda: failing_undo(folder, fail, lines=False),
        "full-undo": lambda: failing_undo(folder, fail, lines=False, lasting=True),
    }
    sweep(sweeps[mode]())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
