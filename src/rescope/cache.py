"""Facts of unchanged files, kept from run to run in the user's cache folder. It may be deleted at any time.

It lies outside the project on purpose: a pickle that a repository ships must never be loaded.
"""

import hashlib
import os
import pickle
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path

from rescope.model.facts import ModuleFacts
from rescope.version import __version__

_DIGEST = 32
Stamp = tuple[int, int]


@dataclass(slots=True, kw_only=True)
class FactsCache:
    """The facts of one project by path; an entry counts only while size and time of change agree."""

    file: Path
    entries: dict[str, tuple[Stamp, bytes]] = field(default_factory=dict)
    fresh: dict[str, tuple[Stamp, bytes]] = field(default_factory=dict)

    def get(self, path: str, stamp: Stamp) -> ModuleFacts | None:
        """The facts of a file that has not changed, else None."""
        entry = self.entries.get(path)
        if entry is None or entry[0] != stamp:
            return None
        try:
            facts = pickle.loads(entry[1])  # noqa: S301 - written by this user, and checked by its digest
        except (pickle.PickleError, AttributeError, EOFError, ImportError, IndexError, TypeError, ValueError):
            return None
        if not isinstance(facts, ModuleFacts):
            return None
        self.fresh[path] = entry
        return facts

    def put(self, path: str, stamp: Stamp, facts: ModuleFacts) -> None:
        """Remember the facts of a file."""
        self.fresh[path] = (stamp, pickle.dumps(facts, protocol=pickle.HIGHEST_PROTOCOL))

    def save(self) -> None:
        """Write what this run saw, in one step; a cache that cannot be written is no error."""
        if self.fresh == self.entries:
            return
        payload = pickle.dumps(self.fresh, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self.file.parent)
            with os.fdopen(handle, "wb") as temporary:
                temporary.write(hashlib.sha256(payload).digest() + payload)
            Path(name).replace(self.file)
        except OSError:
            return


def open_cache(root: Path) -> FactsCache:
    """The cache of a project; empty where there is none, or where it is damaged or of another version."""
    key = hashlib.sha256(f"{root}\0{_version()}".encode()).hexdigest()[:24]
    cache = FactsCache(file=user_cache_path("rescope", appauthor=False) / f"{key}.facts")
    try:
        content = cache.file.read_bytes()
    except OSError:
        return cache
    payload = content[_DIGEST:]
    if hashlib.sha256(payload).digest() == content[:_DIGEST]:
        cache.entries = pickle.loads(payload)  # noqa: S301 - as above
    return cache


def _version() -> str:
    """What facts depend on besides the file: this Python, and the code that makes them."""
    package = Path(__file__).parent
    sources = sorted([*(package / "facts").glob("*.py"), *(package / "model").glob("*.py")])
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    return f"{__version__} {sys.version_info[:3]} {digest.hexdigest()}"
