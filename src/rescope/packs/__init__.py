"""What is known of frameworks, as data; no project is named here and no code of one is imported."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path


class PackError(Exception):
    """A pack that cannot be read; the text says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packs:
    """All packs merged: dotted callee -> reason, name lists, and fixture name -> the scopes at which plugins request it."""

    infrastructure: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    costly: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    process: dict[str, str] = field(default_factory=dict)
    once: dict[str, str] = field(default_factory=dict)
    consumed: dict[str, str] = field(default_factory=dict)
    data: frozenset[str] = frozenset()
    overrides: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    looks: frozenset[str] = frozenset()
    proxies: frozenset[str] = frozenset()
    plugin_scopes: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


_TABLES = ("infrastructure", "costly", "waiting", "sessions", "process", "once", "consumed")
_WORDS = ("data", "overrides", "changes", "looks", "proxies")
_KEYS = {*_TABLES, *_WORDS, "plugins"}


def load_packs(extra: Iterable[Path] = ()) -> Packs:
    """The shipped packs and the user's own; raises PackError."""
    sources = [(str(f.name), f.read_text("utf-8")) for f in _shipped()]
    for path in extra:
        try:
            sources.append((str(path), path.read_text("utf-8")))
        except OSError as error:
            message = f"{path}: the pack cannot be read: {error.strerror}"
            raise PackError(message) from error
    return _merge(sources)


@cache
def _shipped() -> tuple[resources.abc.Traversable, ...]:
    found = [f for f in resources.files("rescope.packs").iterdir() if f.name.endswith(".toml")]
    return tuple(sorted(found, key=lambda f: f.name))


def _merge(sources: Iterable[tuple[str, str]]) -> Packs:
    tables: dict[str, dict[str, str]] = {name: {} for name in _TABLES}
    words: dict[str, set[str]] = {name: set() for name in _WORDS}
    plugins: defaultdict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for name, text in sources:
        content = _parse(name, text)
        for key in _TABLES:
            for because, callees in content.get(key, {}).items():
                tables[key] |= dict.fromkeys(callees, because)
        for key in _WORDS:
            words[key] |= set(content.get(key, ()))
        for plugin, scopes in content.get("plugins", {}).items():
            for scope, fixture in ((s, name) for s, names in scopes.items() for name in names):
                plugins[fixture][scope, plugin.lower().replace("_", "-")] = None
    return Packs(
        **tables,
        data=frozenset(words["data"]),
        overrides=frozenset(words["overrides"]),
        changes=frozenset(words["changes"]),
        looks=frozenset(words["looks"]),
        proxies=frozenset(words["proxies"]),
        plugin_scopes={fixture: tuple(found) for fixture, found in plugins.items()},
    )


def _parse(name: str, text: str) -> dict[str, dict]:  # type: ignore[type-arg]
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{name}: the pack is not valid TOML: {error}"
        raise PackError(message) from error
    unknown = content.keys() - _KEYS
    if unknown:
        message = f"{name}: the pack has an unknown table {min(unknown)!r}; known are {', '.join(sorted(_KEYS))}"
        raise PackError(message)
    return content


def match(callee: str, table: dict[str, str]) -> str | None:
    """The reason of the entry that names the callee: exactly, as `*.method`, or as the prefix `module.*`."""
    if callee in table:
        return table[callee]
    last = callee.rpartition(".")[2]
    if "." in callee and f"*.{last}" in table:
        return table[f"*.{last}"]
    parts = callee.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        found = table.get(f"{'.'.join(parts[:cut])}.*")
        if found:
            return found
    return None
