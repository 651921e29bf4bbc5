"""Which files are the project's own: of `.gitignore`, git itself is the judge."""

import subprocess
from pathlib import Path

import pytest

from rescope.discovery import discover

FILES = ("app.py", "gen/app.py", "gen/keep.py", "lib/gen/app.py", "lib/old.py", "lib/deep/old.py", "lib/deep/new.py", "[x].py")
NAMES = pytest.mark.parametrize(
    ("top", "inner"),
    [
        ("gen/\n", ""),
        ("/gen/*\n!/gen/keep.py\n", ""),
        ("gen/\n!gen/keep.py\n", ""),
        ("old.py\n", "!old.py\n"),
        ("*.py\n!new.py\n", "!/deep/old.py\n"),
        ("**/deep/\n", "!deep/\n"),
        ("lib/**/old.py\n\\[x].py\n", "# nothing\n\n"),
        ("*.log\n!\ndeep\\\n[\n", "gen\n"),
        ("[z-a]\nold.py\n", "[[:digit:]].py\n"),
    ],
)


@NAMES
def test_ignored_files_are_those_of_git(tmp_path: Path, top: str, inner: str) -> None:
    """The last pattern that speaks of a file decides, the deeper file before the upper one; a folder that is left out is not entered."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / ".gitignore").write_text(top)
    (tmp_path / "lib/.gitignore").write_text(inner)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        ["git", "-c", "core.quotepath=off", "ls-files", "--others", "--exclude-standard", "*.py"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )

    assert [file.path for file in discover(tmp_path)] == sorted(listed.stdout.split())
