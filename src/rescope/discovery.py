"""Paths to source files: the only place that lists and reads the project's files."""

import os
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Self

from pathspec import GitIgnoreSpec

from rescope.config import PytestIni

_SKIPPED = frozenset(
    [
        "node_modules",
        "__pycache__",
        "site-packages",
        "__pypackages__",
        "_vendor",
        "vendor",
        "vendored",
        "third_party",
        "thirdparty",
        "_darcs",
        "CVS",
        "build",
        "dist",
        "buck-out",
        "bower_components",
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A Python file of the project; `path` is relative to the root, with forward slashes."""

    root: Path
    path: str

    def stamp(self) -> tuple[int, int]:
        """Size and time of change, by which an unchanged file is known; raises OSError."""
        status = (self.root / self.path).stat()
        return status.st_size, status.st_mtime_ns

    def read(self) -> bytes:
        """The bytes of the file; raises OSError."""
        return (self.root / self.path).read_bytes()


def discover(root: Path, exclude: Iterable[str] = ()) -> tuple[SourceFile, ...]:
    """Every Python file below the root that is the project's own, in path order.

    Left out: hidden and build folders, virtual environments, vendored trees, templates (`{{name}}`), what `.gitignore`
    files name, what `exclude` globs match, and links that lead out of the root.
    """
    excluded = tuple(exclude)
    found = sorted(_walk(root, "", (), excluded))
    return tuple(SourceFile(root=root, path=path) for path in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _IgnoreFile:
    """A `.gitignore` of a folder; `mentions` is found in every path that a pattern of it matches."""

    folder: str
    spec: GitIgnoreSpec
    mentions: re.Pattern[str]

    @classmethod
    def read(cls, root: Path, folder: str) -> Self:
        try:
            lines = (root / folder / ".gitignore").read_text("utf-8", "replace").splitlines()
        except OSError:
            lines = []
        try:
            return cls.of(folder, lines)
        except (ValueError, re.error):
            return cls.of(folder, filter(_is_pattern, lines))

    @classmethod
    def of(cls, folder: str, lines: Iterable[str]) -> Self:
        """Raises ValueError or re.error for a line that is no pattern."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of sets within sets, which are none to git
            spec = GitIgnoreSpec.from_lines(lines)
            # Most paths match none of a hundred patterns, which one search tells much faster than a hundred; a group's name may stand once.
            patterns = (re.sub(r"\(\?P<\w+>", "(?:", p.regex.pattern) for p in spec.patterns if p.regex is not None)
            return cls(folder=folder, spec=spec, mentions=re.compile("|".join(patterns) or r"(?!)"))

    def verdict(self, path: str) -> bool | None:
        """Whether the path is left out or taken back in; None where no pattern speaks of it."""
        relative = path[len(self.folder) + 1 :] if self.folder else path
        return self.spec.check_file(relative).include if self.mentions.search(relative) else None


def _walk(root: Path, folder: str, ignores: tuple[_IgnoreFile, ...], exclude: tuple[str, ...]) -> Iterator[str]:
    try:
        entries = list(os.scandir(root / folder))
    except OSError:
        return
    names = {e.name for e in entries}
    if folder and ("pyvenv.cfg" in names or "conda-meta" in names):
        return
    if ".gitignore" in names:
        ignores = (*ignores, _IgnoreFile.read(root, folder))
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if "{{" in entry.name:
            continue  # a template of cookiecutter or copier: its content is no Python yet
        if entry.is_dir(follow_symlinks=False):
            if not _skipped_folder(entry.name, path, exclude) and not _ignored(f"{path}/", ignores):
                yield from _walk(root, path, ignores, exclude)
        elif entry.name.endswith(".py") and _is_own(root, entry) and not _ignored(path, ignores) and not _excluded(path, exclude):
            yield path


def _skipped_folder(name: str, path: str, exclude: tuple[str, ...]) -> bool:
    return name in _SKIPPED or name.startswith(".") or name.endswith((".egg", ".egg-info")) or _excluded(path, exclude)


def _excluded(path: str, exclude: tuple[str, ...]) -> bool:
    return any(
        fnmatch(path, glob) or fnmatch(PurePosixPath(path).name, glob) or path.startswith(f"{glob.rstrip('/')}/") for glob in exclude
    )


def _is_pattern(line: str) -> bool:
    """Whether a line of `.gitignore` may match anything: git takes a lone `!`, a trailing backslash or `[z-a]` without a word."""
    try:
        _IgnoreFile.of("", [line])
    except (ValueError, re.error):
        return False
    return True


def _ignored(path: str, ignores: tuple[_IgnoreFile, ...]) -> bool:
    verdicts = (ignore.verdict(path) for ignore in reversed(ignores))
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _is_own(root: Path, entry: os.DirEntry[str]) -> bool:
    """A file, or a link to one that stays inside the root."""
    if not entry.is_file():
        return False
    return not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(root.resolve())


def is_test_module(path: str, ini: PytestIni) -> bool:
    """Whether pytest would collect the file as a test module when run without arguments."""
    pure = PurePosixPath(path)
    if ini.testpaths and not any(_below(path, top) for top in ini.testpaths):
        return False
    if any(fnmatch(part, glob) for part in pure.parts[:-1] for glob in ini.norecursedirs if "/" not in glob):
        return False
    return any(fnmatch(pure.name, glob) or fnmatch(path, glob) or fnmatch(f"/{path}", f"*/{glob}") for glob in ini.python_files)


def _below(path: str, top: str) -> bool:
    clean = top.removeprefix("./").rstrip("/")
    return clean in {"", "."} or path == clean or path.startswith(f"{clean}/") or fnmatch(path, f"{clean}/*") or fnmatch(path, clean)
