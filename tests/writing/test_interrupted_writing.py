"""Writing is all or nothing: shown by ending the process, interrupting it and failing it at every step."""

import json
import signal
import sys
from pathlib import Path

import pytest
from writing.other_process import TREES, crash, grow, grown, program
from writing.trees import change, snapshot

from rescope.writing import LeftAlone, Recovery, WriteRefused, recover, undo, write

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and signals")


# --- recovery --------------------------------------------------------------------------------------------------------


def test_nothing_to_recover(tmp_path: Path) -> None:
    """Without an interrupted run there is nothing to say, and a finished one stays on record."""
    assert recover(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    write(tmp_path, [change("a.py", None, b"a")])
    assert recover(tmp_path) is None
    assert undo(tmp_path).removed == ("a.py",)


@needs_posix
def test_recovery_leaves_edited_files_alone(tmp_path: Path) -> None:
    """A file edited after the crash is reported, its old bytes are kept, and the others are put back."""
    crash(tmp_path)
    (tmp_path / "a.py").write_bytes(b"edited")
    recovery = recover(tmp_path)
    assert recovery is not None
    assert recovery.left_alone == (LeftAlone(path="a.py", reason="edited since it was written"),)
    assert (tmp_path / "a.py").read_bytes() == b"edited"
    assert (tmp_path / "sub/b.py").read_bytes() == TREES["old"]["sub/b.py"]
    assert (tmp_path / ".rescope/journal/unrestored.json").exists()
    assert recover(tmp_path) is None


@needs_posix
def test_an_interrupted_run_is_recovered_before_the_next(tmp_path: Path) -> None:
    """Nothing is written over a half-written project; after the recovery it is."""
    crash(tmp_path)
    with pytest.raises(WriteRefused, match="interrupted run"):
        write(tmp_path, [change("z.py", None, b"z")])
    assert isinstance(recover(tmp_path), Recovery)
    write(tmp_path, [change("z.py", None, b"z")])


@needs_posix
def test_undo_finishes_an_interrupted_run_first(tmp_path: Path) -> None:
    """Undo after a crash puts back what the crashed run wrote; once more, and the run before is undone."""
    crash(tmp_path)
    assert undo(tmp_path).restored
    assert snapshot(tmp_path) == grown(tmp_path, "old")
    undo(tmp_path)
    assert snapshot(tmp_path) == grown(tmp_path, "first")


# --- two runs, signals, a full disk ----------------------------------------------------------------------------------


@needs_posix
def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """While one process writes, write, undo and recover of another are refused; then the first one finishes."""
    grow(tmp_path, "old")
    with program("hold", tmp_path) as other:
        for action in (lambda: write(tmp_path, [change("z.py", None, b"z")]), lambda: undo(tmp_path)):
            with pytest.raises(WriteRefused, match="another rescope is writing here"):
                action()
        with pytest.raises(WriteRefused, match="another rescope is writing here"):
            recover(tmp_path)
        other.communicate(b"go\n")
    assert other.returncode == 0
    assert snapshot(tmp_path) == grown(tmp_path, "new")


@needs_posix
def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    """A killed run does not lock the next one out."""
    grow(tmp_path, "old")
    with program("hold", tmp_path) as other:
        other.kill()
    assert recover(tmp_path) is not None
    assert snapshot(tmp_path) == grown(tmp_path, "old")


@needs_posix
def test_an_interrupt_is_rolled_back(tmp_path: Path) -> None:
    """Ctrl-C between two files leaves the old state without any recovery, and still ends the program."""
    grow(tmp_path, "old")
    with program("hold", tmp_path) as other:
        other.send_signal(signal.SIGINT)
        _, error = other.communicate()
    assert b"KeyboardInterrupt" in error
    assert snapshot(tmp_path) == grown(tmp_path, "old")
    assert recover(tmp_path) is None


@needs_posix
def test_a_full_disk_is_rolled_back(tmp_path: Path) -> None:
    """When the system takes no more bytes for the second file, the first one is as before, and the reason is told."""
    grow(tmp_path, "old")
    before = snapshot(tmp_path)
    with program("limit", tmp_path) as other:
        output, _ = other.communicate()
    assert output.strip() == b"big.py: File too large"
    assert snapshot(tmp_path) == before
    assert recover(tmp_path) is None


# --- every step ------------------------------------------------------------------------------------------------------


@needs_posix
@pytest.mark.parametrize(
    ("mode", "least"),
    [
        ("kill-write", 200),
        ("kill-undo", 200),
        ("kill-recover", 200),
        ("interrupt", 200),
        ("interrupt-undo", 200),
        ("fail", 20),
        ("fail-undo", 20),
        ("full", 6),
        ("full-undo", 4),
    ],
)
def test_every_step(tmp_path: Path, mode: str, least: int) -> None:
    """Ended, interrupted or failed at any step, all files are old or all are new, and every way back works."""
    with program(mode, tmp_path) as other:
        output, _ = other.communicate()
    assert other.returncode == 0
    result = json.loads(output.splitlines()[-1])
    assert result["wrong"] == []
    assert result["points"] >= least
