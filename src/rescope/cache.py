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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

from platformdirs import user_cache_path

from rescope.model.address import Address
from rescope.model.facts import Binding, Call, ClassDef, Effect, Function, ModuleFacts, Target, Value, Variable
from rescope.version import __version__

_DIGEST = 32
SHARDS = 16
_TUPLES = (Address, Binding, Call, ClassDef, Effect, Function, Target, Value, Variable)
_KEPT_DAYS = 30
_KEPT_DAYS_OF_OTHERS = 1
Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsCache:
    """The facts of one project by path, packed, in shards; an entry counts only while size and time of change agree.

    Shards bound what is held at once, and what is written again when one file has changed.
    """

    root: Path

    def known(self, stamps: Mapping[str, Stamp]) -> Iterator[tuple[str, ModuleFacts]]:
        """The facts of the files that have not changed."""
        for number in range(SHARDS):
            for path, (stamp, packed) in self.entries(number).items():
                facts = unpack(packed) if stamps.get(path) == stamp else None
                if facts is not None:
                    yield path, facts

    def entries(self, number: int) -> dict[str, tuple[Stamp, bytes]]:
        """What a shard holds; nothing where it is missing, damaged or of another version."""
        found = _read(self.file(number))
        return found if isinstance(found, dict) else {}

    def add(self, number: int, fresh: Mapping[str, bytes], stamps: Mapping[str, Stamp]) -> None:
        """Write a shard in one step: what it held of files that have not changed, and the facts of some that have."""
        kept = {path: entry for path, entry in self.entries(number).items() if stamps.get(path) == entry[0]}
        _store(self.file(number), kept | {path: (stamps[path], packed) for path, packed in fresh.items()})

    def file(self, number: int) -> Path:
        """Where a shard lies."""
        return _file(self.root, f"facts-{number:x}")


def shard_of(path: str) -> int:
    """The shard of a file."""
    return crc32(path.encode("utf-8", "surrogateescape")) % SHARDS


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


def _loaded(payload: bytes | memoryview) -> object:
    try:
        return pickle.loads(payload)  # noqa: S301 - written by this user, and checked by its digest
    except (pickle.PickleError, AttributeError, EOFError, ImportError, IndexError, TypeError, ValueError):
        return None


def stored_answer(root: Path, key: str) -> object:
    """What was stored last for the project under the same key; None otherwise."""
    match _read(_file(root, "answer")):
        case (str(found), answer) if found == key:
            return answer
    return None


def store_answer(root: Path, key: str, answer: object) -> None:
    """Remember what the whole project came to; `key` stands for all that it depends on."""
    file = _file(root, "answer")
    _store(file, (key, answer))
    _prune(file)


def _read(file: Path) -> object:
    try:
        content = file.read_bytes()
    except OSError:
        return None
    payload = memoryview(content)[_DIGEST:]
    return _loaded(payload) if hashlib.sha256(payload).digest() == content[:_DIGEST] else None


def _store(file: Path, value: object) -> None:
    """Write in one step; a cache that cannot be written is no error."""
    payload = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(handle, "wb") as temporary:
            temporary.write(hashlib.sha256(payload).digest())
            temporary.write(payload)
        Path(name).replace(file)
    except OSError:
        return


def _prune(answer: Path) -> None:
    """Drop what no run has written for a month, and of this project for a day what other versions, or other Pythons, left."""
    project, mine, _ = answer.name.split(".")
    now = time.time()
    try:
        for entry in os.scandir(answer.parent):
            superseded = entry.name.startswith(f"{project}.") and not entry.name.startswith(f"{project}.{mine}.")
            days = _KEPT_DAYS_OF_OTHERS if superseded else _KEPT_DAYS
            if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < now - days * 86400:
                Path(entry.path).unlink(missing_ok=True)
    except OSError:
        return


def _file(root: Path, kind: str) -> Path:
    project, version = (hashlib.sha256(text.encode()).hexdigest()[:16] for text in (str(root), _version()))
    return user_cache_path("rescope", appauthor=False) / f"{project}.{version}.{kind}"


@cache
def _version() -> str:
    """What answers depend on besides the project: this Python, and every file of this package."""
    package = Path(__file__).parent
    stamps = [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in sorted(package.rglob("*")) if f.suffix in {".py", ".toml"}]
    return f"{__version__} {sys.version} {hashlib.sha256(repr(stamps).encode()).hexdigest()}"
