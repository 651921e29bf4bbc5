"""Module globals that functions rebind: filled on first use, or set."""

from collections.abc import Iterator, Mapping

from rescope.graph.state.known import Known
from rescope.graph.state.writes import Write, Writes, role, writers
from rescope.model.facts import ModuleFacts, ValueKind, Variable
from rescope.model.state import Role, Shape, Singleton, Writer

_VALUES = frozenset({ValueKind.NONE, ValueKind.CONSTANT, ValueKind.ALIAS, ValueKind.LITERAL})


def module_globals(known: Known, writes: Writes, module: ModuleFacts) -> Iterator[Singleton]:
    """The globals of a module that functions rebind, each with all that are written together with it."""
    bound = writes.bound.get(module.path, {})
    variables = known.index.variables[module.path]
    for names in _grouped(bound):
        members = [variables[n] for n in names if n in variables]
        if len(members) != len(names) or any(_is_optional(module, n) for n in names):
            continue
        found = tuple(w for n in names for w in writers(known, bound[n], variables[n]))
        if writes.patches_once(f for n in names for f, _ in bound[n]) or any(w.role is Role.COUNTER for w in found):
            continue
        lazy = next((w for w in found if w.role is Role.LAZY), None)
        if lazy is None:
            yield from written(known, members, found)
        elif all(_has_literal(v) for v in members):
            made = _lazy(known, module, {n: bound[n] for n in names}, lazy, found)
            yield from () if known.is_stateless(made.builds, module.path) else (made,)


def written(known: Known, members: list[Variable], found: tuple[Writer, ...]) -> Iterator[Singleton]:
    """Flags and settings that functions set while tests run."""
    sets = any(w.role is Role.SETTER and w.function not in known.calls.import_time for w in found)
    plain = all(v.value.kind in _VALUES for v in members)
    if sets and plain and all("." in v.address.qualname or v.address.name in known.names_read() for v in members):
        yield Singleton(
            address=members[0].address,
            shape=Shape.WRITTEN,
            line=members[0].line,
            group=tuple((v.address.qualname, v.value.text) for v in members),
            writers=found,
        )


def _lazy(known: Known, module: ModuleFacts, bound: Mapping[str, list[Write]], lazy: Writer, found: tuple[Writer, ...]) -> Singleton:
    variables = known.index.variables[module.path]
    main = next(n for n, made in bound.items() for f, e in made if f.address == lazy.function and e.line == lazy.line)
    builds = next((e.builds for f, e in bound[main] if f.address == lazy.function and e.builds), "")
    return Singleton(
        address=variables[main].address,
        shape=Shape.LAZY_GLOBAL,
        line=variables[main].line,
        group=tuple((n, variables[n].value.text) for n in bound),
        writers=found,
        builds=builds,
        builds_project=known.is_project(builds, module.path),
        reads_settings=known.reads_settings([f for made in bound.values() for f, e in made if e.builds], builds, module.path),
        handed_out=_hands_out(known, module, lazy, main),
        reset_function=_reset_function(module, bound, variables),
    )


def _hands_out(known: Known, module: ModuleFacts, lazy: Writer, name: str) -> bool:
    """Whether the function that fills the global also returns it: a getter, not a set-up that runs once."""
    function = known.index.function_at(*lazy.function[:3])
    given = {v.target.dotted for v in function.values if v.target is not None} if function is not None else set()
    return name in given if lazy.function.path == module.path else any(dotted.endswith(f".{name}") for dotted in given)


def _reset_function(module: ModuleFacts, bound: Mapping[str, list[Write]], variables: Mapping[str, Variable]) -> str:
    """A `reset...` or `clear...` without arguments that puts every name of the group back, if there is one."""
    for function in module.functions:
        bare = function.address.qualname.lstrip("_")
        if function.params or function.is_async or function.is_method or not bare.startswith(("reset", "clear")):
            continue
        covers = all(
            any(f.address == function.address and role(e, variables[n]) is Role.RESET for f, e in made) for n, made in bound.items()
        )
        if covers:
            return function.address.qualname
    return ""


def _grouped(bound: Mapping[str, list[Write]]) -> Iterator[tuple[str, ...]]:
    """Names that any function writes together stand in one group: half a reset is worse than none."""
    groups: dict[str, set[str]] = {name: {name} for name in bound}
    by_function = {f.address: {n for n, made in bound.items() if any(g.address == f.address for g, _ in made)} for f, _ in _all(bound)}
    for names in by_function.values():
        merged = set().union(*(groups[n] for n in names))
        for name in merged:
            groups[name] = merged
    yield from dict.fromkeys(tuple(sorted(group)) for group in groups.values())


def _all(bound: Mapping[str, list[Write]]) -> Iterator[Write]:
    for found in bound.values():
        yield from found


def _is_optional(module: ModuleFacts, name: str) -> bool:
    """Bound more than once or in a branch: an optional import or a platform switch."""
    found = [b for b in module.bindings if b.name == name]
    return len(found) != 1 or found[0].conditional


def _has_literal(variable: Variable) -> bool:
    return variable.value.kind in {ValueKind.NONE, ValueKind.CONSTANT}
