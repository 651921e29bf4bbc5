"""Functions whose answers are cached for the life of the process."""

import re
from collections.abc import Iterator

from rescope.graph.state.known import Known
from rescope.graph.state.writes import Writes
from rescope.model.facts import Function, ModuleFacts, ValueKind
from rescope.model.state import Role, Shape, Singleton, Writer

CACHES = frozenset(
    {"functools.lru_cache", "functools.cache", "async_lru.alru_cache", "cachetools.func.lru_cache", "cachetools.func.ttl_cache"}
)
_SETTINGS = frozenset({"settings", "config", "environ", "getenv", "configuration"})


def cached_factories(known: Known, _writes: Writes, module: ModuleFacts) -> Iterator[Singleton]:
    """The cached functions of a module."""
    for function in module.functions:
        if "." in function.address.qualname or not CACHES & set(function.decorators):
            continue
        yield _cached(known, function, module.path)


def _cached(known: Known, function: Function, path: str) -> Singleton:
    words = {word for t in function.mentions for word in _words(t.dotted)}
    built = next((v.target.dotted for v in function.values if v.kind is ValueKind.CALL and v.target), "")
    return Singleton(
        address=function.address,
        shape=Shape.CACHED_FACTORY,
        line=function.def_line,
        group=((function.address.qualname, ""),),
        writers=(Writer(function=function.address, line=function.def_line, role=Role.LAZY, text=function.address.qualname),),
        builds=built,
        builds_project=known.is_project(built, path),
        reads_settings=bool(_SETTINGS & (words | _words(built))),
        has_arguments=bool(function.params),
    )


def _words(dotted: str) -> set[str]:
    """The words of a dotted name, in lower case: `os.environ`, `AppSettings` -> os, environ, app, settings."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", dotted)}
