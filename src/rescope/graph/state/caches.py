"""Functions whose answers are cached for the life of the process."""

from collections.abc import Iterator

from rescope.graph.state.known import Known
from rescope.graph.state.writes import Writes
from rescope.model.facts import Function, ModuleFacts, ValueKind
from rescope.model.state import Role, Shape, Singleton, Writer

CACHES = frozenset(
    {"functools.lru_cache", "functools.cache", "async_lru.alru_cache", "cachetools.func.lru_cache", "cachetools.func.ttl_cache"}
)


def cached_factories(known: Known, _writes: Writes, module: ModuleFacts) -> Iterator[Singleton]:
    """The cached functions of a module; one that returns nothing is there to do something once."""
    for function in module.functions:
        if "." in function.address.qualname or not CACHES & set(function.decorators):
            continue
        if any(v.kind is not ValueKind.NONE for v in function.values):
            yield _cached(known, function, module.path)


def _cached(known: Known, function: Function, path: str) -> Singleton:
    built = next((v.target.dotted for v in function.values if v.kind is ValueKind.CALL and v.target), "")
    return Singleton(
        address=function.address,
        shape=Shape.CACHED_FACTORY,
        line=function.def_line,
        group=((function.address.qualname, ""),),
        writers=(Writer(function=function.address, line=function.def_line, role=Role.LAZY, text=function.address.qualname),),
        builds=built,
        builds_project=known.is_project(built, path),
        reads_settings=known.reads_settings([function], built, path),
        has_arguments=bool(function.params),
    )
