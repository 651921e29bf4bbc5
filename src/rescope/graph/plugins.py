"""The project's own modules that pytest loads as plugins."""

from collections.abc import Container, Iterable
from pathlib import PurePosixPath

from rescope.config import PytestIni
from rescope.graph.index import ModuleIndex


def plugin_paths(index: ModuleIndex, ini: PytestIni) -> tuple[str, ...]:
    """Project modules that pytest loads as plugins before it collects, in registration order; not those that `-p no:` blocks."""
    conftests = sorted((p for p in index.modules if PurePosixPath(p).name == "conftest.py"), key=lambda p: (p.count("/"), p))
    named = [(name, "") for name in ini.plugins]
    named += [(name, path) for path in conftests for name in index.modules[path].plugins]
    return loaded_plugins(index, named, ini.blocked)


def loaded_plugins(index: ModuleIndex, wanted: Iterable[tuple[str, str]], blocked: Container[str]) -> tuple[str, ...]:
    """The files of plugin modules, each followed by those that it names itself."""
    found: dict[str, None] = {}
    stack = list(wanted)[::-1]
    while stack:
        name, near = stack.pop()
        path = None if name in blocked else index.module(name, near)
        if path is not None and path not in found:
            found[path] = None
            stack += [(inner, path) for inner in reversed(index.modules[path].plugins)]
    return tuple(found)
