"""Where a project stands, and the oldest release of a package that it may run with: by its lock files, else by its requirements."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

Version = tuple[int, ...]

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")
_FILES = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "Pipfile", "noxfile.py")
_PROJECTS = _FILES[:3]
_GLOBS = ("*requirements*.txt", "*requirements*.in", "requirements/*", "*constraints*.txt")
_BOUND = re.compile(r"(===?|>=|~=|>|\^|~)?\s*(\d+(?:\.\d+)*)")
_SPECIFIERS = re.compile(r"\s*(?:[<>=!~^]=?=?\s*\d[\w.*]*\s*,?\s*)+")


def home(root: Path, path: str) -> Path:
    """The folder of the project that a file belongs to: a repository may hold several, each for a Python of its own."""
    above = [root / parent for parent in PurePosixPath(path).parents]
    return next((folder for folder in above if any((folder / name).is_file() for name in _PROJECTS)), root)


def oldest(root: Path, package: str) -> Version:
    """The lowest version that every file of the project agrees on as a lower bound; () where one sets none, or none names it."""
    name = re.escape(package).replace(r"\-", "[-_.]")
    locked = [v for text in _texts(root, _LOCKS) for v in _locked(text, name)]
    if locked:
        return min(locked)
    bounds = [b for text in _texts(root, _FILES, _GLOBS) for b in _bounds(text, name)]
    return min(bounds, default=())


def _texts(root: Path, names: Iterable[str], globs: Iterable[str] = ()) -> Iterator[str]:
    found = [root / name for name in names] + [path for pattern in globs for path in sorted(root.glob(pattern))]
    yield from (path.read_text("utf-8", "replace") for path in found if path.is_file())


def _locked(text: str, name: str) -> Iterator[Version]:
    """The versions that a lock file holds: as TOML tables of name and version, or as JSON `"name": {... "version": "==1.0"}`."""
    for match in re.finditer(rf'name = "{name}"\s+version = "([\d.]+)', text):
        yield _version(match[1])
    for match in re.finditer(rf'"{name}":\s*\{{[^}}]*"version":\s*"==([\d.]+)', text):
        yield _version(match[1])


def _bounds(text: str, name: str) -> Iterator[Version]:
    """The lower bound of each requirement on the package, () for one without."""
    for match in re.finditer(rf"(?<![\w.-]){name}(?![\w.-])(?:\[[^\]\n]*\])?", text, re.IGNORECASE):
        line = text[match.end() :].partition("\n")[0]
        table = re.match(r'["\']?\s*=\s*(?:\{.*?version\s*=\s*)?["\'](.*?)["\']', line)
        yield _lower(table[1], bare=True) if table else _lower(_specifiers(line), bare=False)


def _specifiers(line: str) -> str:
    found = _SPECIFIERS.match(line.lstrip(" ("))
    return found[0] if found else ""


def _lower(specifiers: str, *, bare: bool) -> Version:
    found = [_BOUND.match(part.strip()) for part in specifiers.split(",")]
    return max((_version(m[2]) for m in found if m and (m[1] or bare)), default=())


def _version(text: str) -> Version:
    return tuple(int(part) for part in text.split(".") if part)
