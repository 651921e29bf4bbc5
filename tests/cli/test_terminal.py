"""What a terminal gets and a pipe does not: pager, progress, evidence that fits its width."""

import contextlib
import os
import pty
import struct
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

from projects import LEAK, make_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one finding and one edit."""
    return make_project(tmp_path, LEAK)


def on_terminal(root: Path, *arguments: str, columns: int = 120, **env: str) -> str:
    """What the command writes to a terminal that is its stdin, stdout and stderr."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environ = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES", "PAGER", "GIT_PAGER", "LESS"}}
    command = [sys.executable, "-m", "rescope", *arguments]
    process = subprocess.Popen(
        command, cwd=root, stdin=theirs, stdout=theirs, stderr=theirs, env={**environ, "TERM": "xterm", **env}, close_fds=True
    )
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # the end of a terminal whose other side is gone
        while part := os.read(ours, 4096):
            written += part
    process.wait()
    os.close(ours)
    return written.decode()


def test_pager(project: Path) -> None:
    """On a terminal the diff goes through the pager of the environment, that of git first."""
    shown = on_terminal(project, "diff", PAGER="sed 's/^/other: /'", GIT_PAGER="sed 's/^/paged: /'")

    assert "paged: " in shown
    assert "other: " not in shown
    assert "dependency_overrides" in shown


def test_nothing_to_page(project: Path) -> None:
    """Without changes no pager is started."""
    assert "paged" not in on_terminal(project, "diff", "--ignore", "RSC101", PAGER="echo paged; cat")


@pytest.mark.parametrize("columns", [80, 100])
def test_width(project: Path, columns: int) -> None:
    """Evidence stands in the columns of the terminal: code is cut, notes are not."""
    long = project / "conftest.py"
    long.write_text(long.read_text().replace('["user"] = "ada"', '["user"] = "ada" or "a long line that would not fit into the terminal"'))

    shown = on_terminal(project, "check", "--color", "never", columns=columns)

    evidence = [line.rstrip() for line in shown.splitlines() if "undone only when" in line]
    assert len(evidence) == 1
    assert len(evidence[0]) <= columns
    assert "..." in evidence[0]


def test_progress(project: Path) -> None:
    """A long analysis says what it does, on a line that is taken away again; --quiet says nothing."""
    for number in range(1500):
        (project / f"module_{number}.py").write_text(f"def function_{number}(argument):\n    return argument\n" * 20)

    assert "\r\x1b[Kreading files: " in on_terminal(project, "check", "--no-cache")
    assert "reading files" not in on_terminal(project, "check", "--no-cache", "--quiet")
