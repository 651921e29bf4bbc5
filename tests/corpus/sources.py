"""Source distributions on this machine: downloaded, unpacked, and each with a virtual environment that runs its suite."""

import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rescope.config import load_project

PROJECTS = Path(__file__).with_name("projects.toml")
_AUTHOR = ("-c", "user.name=corpus", "-c", "user.email=corpus@example.com")


class Unavailable(Exception):
    """The distribution cannot be had, or not be installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One release: `install` is what pip gets in its source, `options` what pytest gets, `folder` where pytest starts.

    Its tests can be collected; not all `runs` to its end in minutes and offline.
    """

    name: str
    version: str
    install: tuple[str, ...]
    options: tuple[str, ...] = ()
    folder: str = "."
    runs: bool = True


def entries(file: Path) -> tuple[Entry, ...]:
    """What the TOML file lists."""
    table = tomllib.loads(file.read_text("utf-8"))
    return tuple(
        Entry(name=name, **{key: tuple(value) if isinstance(value, list) else value for key, value in about.items()})
        for name, about in table.items()
    )


def unpacked(name: str, version: str, work: Path) -> Path:
    """The unpacked source distribution, under version control of its own."""
    source = work / name / f"{name}-{version}"
    if (source / ".git").exists():
        return source
    shutil.rmtree(work / name, ignore_errors=True)
    download = work / name / "download"
    download.mkdir(parents=True)
    _run(
        sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", name, "--dest", download, f"{name}=={version}", cwd=work
    )
    archive = next(download.glob("*.tar.gz"), None)
    if archive is None:
        raise Unavailable(f"{name} {version} has no source distribution")
    with tarfile.open(archive) as packed:
        packed.extractall(download, filter="data")
    next(p for p in download.iterdir() if p.is_dir()).rename(source)
    if load_project([source]).root != source:
        # Without a configuration of its own it would take that of the repository around the work folder.
        (source / "pytest.ini").write_text("[pytest]\n", "utf-8")
    for arguments in (["init", "-q"], ["add", "-A", "-f"], [*_AUTHOR, "commit", "-q", "-m", "As shipped"]):
        _run("git", *arguments, cwd=source)
    return source


def environment(entry: Entry, source: Path) -> Path:
    """The interpreter of a virtual environment that runs the suite."""
    folder = source.parent / "venv"
    python = folder / "bin" / "python"
    asked = "\n".join(entry.install)
    mark = folder / "installed.txt"
    if not mark.exists() or mark.read_text("utf-8") != asked:
        _run(sys.executable, "-m", "venv", "--clear", "--without-pip", folder, cwd=source)
        _run(sys.executable, "-m", "pip", "--python", python, "install", "-q", *entry.install, cwd=source)
        mark.write_text(asked, "utf-8")
    return python


def _run(*command: str | Path, cwd: Path) -> None:
    result = subprocess.run(_words(command), cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode:
        said = (result.stdout + result.stderr).strip()[-2000:]
        raise Unavailable(f"{' '.join(_words(command))} failed in {cwd}:\n{said}")


def _words(command: Sequence[str | Path]) -> list[str]:
    return [str(word) for word in command]
