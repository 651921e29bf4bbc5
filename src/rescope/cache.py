"""What runs leave for later ones in the user's cache folder: facts of unchanged files, and the plan of an unchanged project.

It lies outside the project on purpose: a pickle that a repository ships must never be loaded. It may be deleted at any time.
"""

import hashlib
import io
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from rescope.model.address import Address
from rescope.model.facts import Binding, Call, ClassDef, Effect, Function, ModuleFacts, Target, Value, Variable
from rescope.version import __version__

_DIGEST = 32
_TUPLES = (Address, Binding, Call, ClassDef, Effect, Function, Target, Value, Variable)
_KEPT_DAYS = 30
Stamp = tuple[int, int]


@dataclass(slots=True, kw_only=True)
class FactsCache:
    """The facts of one project by path, packed; an entry counts only while size and time of change agree."""

    file: Path
    entries: dict[str, tuple[Stamp, bytes]] = field(default_factory=dict)
    fresh: dict[str, tuple[Stamp, bytes]] = field(default_factory=dict)

    def get(self, path: str, stamp: Stamp) -> ModuleFacts | None:
        """The facts of a file that has not changed, else None."""
        entry = self.entries.get(path)
        if entry is None or entry[0] != stamp:
            return None
        facts = unpack(entry[1])
        if facts is not None:
            self.fresh[path] = entry
        return facts

    def put(self, path: str, stamp: Stamp, packed: bytes) -> None:
        """Remember the facts of a file."""
        self.fresh[path] = (stamp, packed)

    def save(self) -> None:
        """Write what this run saw, in one step."""
        if self.fresh != self.entries:
            _store(self.file, self.fresh)


def pack(facts: ModuleFacts) -> bytes:
    """Facts as bytes, for the cache and on their way from a worker process.

    Named tuples are rebuilt by `tuple.__new__` itself; their own constructor is a Python function, and takes twice as long.
    """
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = dict.fromkeys(_TUPLES, _as_tuple)
    pickler.dump(facts)
    return buffer.getvalue()


def _as_tuple(value: tuple[object, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return tuple.__new__, (type(value), tuple(value))


def unpack(packed: bytes) -> ModuleFacts | None:
    """The facts that were packed; None for anything else."""
    facts = _loaded(packed)
    return facts if isinstance(facts, ModuleFacts) else None


def _loaded(payload: bytes) -> object:
    try:
        return pickle.loads(payload)  # noqa: S301 - written by this user, and checked by its digest
    except (pickle.PickleError, AttributeError, EOFError, ImportError, IndexError, TypeError, ValueError):
        return None


def open_cache(root: Path) -> FactsCache:
    """The facts of a project; empty where there are none, or where they are damaged or of another version."""
    file = _file(root, "facts")
    entries = _read(file)
    return FactsCache(file=file, entries=entries if isinstance(entries, dict) else {})


def stored_answer(root: Path, key: str) -> object:
    """What was stored last for the project under the same key; None otherwise."""
    match _read(_file(root, "answer")):
        case (str(found), answer) if found == key:
            return answer
    return None


def store_answer(root: Path, key: str, answer: object) -> None:
    """Remember what the whole project came to; `key` stands for all that it depends on."""
    _store(_file(root, "answer"), (key, answer))


def _read(file: Path) -> object:
    try:
        content = file.read_bytes()
    except OSError:
        return None
    payload = content[_DIGEST:]
    return _loaded(payload) if hashlib.sha256(payload).digest() == content[:_DIGEST] else None


def _store(file: Path, value: object) -> None:
    """Write in one step; a cache that cannot be written is no error."""
    payload = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(handle, "wb") as temporary:
            temporary.write(hashlib.sha256(payload).digest() + payload)
        Path(name).replace(file)
        _prune(file.parent)
    except OSError:
        return


def _prune(folder: Path) -> None:
    """Drop what no run has written for a month: other versions, and projects that are gone."""
    oldest = time.time() - _KEPT_DAYS * 86400
    for entry in os.scandir(folder):
        if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < oldest:
            Path(entry.path).unlink(missing_ok=True)


def _file(root: Path, kind: str) -> Path:
    key = hashlib.sha256(f"{root}\0{_version()}".encode()).hexdigest()[:24]
    return user_cache_path("rescope", appauthor=False) / f"{key}.{kind}"


@cache
def _version() -> str:
    """What answers depend on besides the project: this Python, and every file of this package."""
    package = Path(__file__).parent
    stamps = [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in sorted(package.rglob("*")) if f.suffix in {".py", ".toml"}]
    return f"{__version__} {sys.version} {hashlib.sha256(repr(stamps).encode()).hexdigest()}"
