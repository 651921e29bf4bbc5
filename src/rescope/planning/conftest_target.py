"""Where a reset fixture belongs, what it is called, and how it may reach the module."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from rescope.model.facts import BindingKind
from rescope.model.state import Shape, Singleton
from rescope.rule import RuleContext


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPlace:
    """The file for a reset fixture; `module` is the import name that the tests use."""

    path: str
    creates_file: bool
    module: str
    direct_import: bool
    blocked: str = ""


def find_target(ctx: RuleContext, singleton: Singleton) -> ResetPlace:
    """The deepest conftest.py that covers all tests that can reach the state; the test module if there is one only."""
    owner = singleton.address.path
    importers = ctx.imports.importers(owner, lazy=True)
    reaching = sorted(p for p in ctx.test_files() if not importers.isdisjoint(ctx.loaded_with([p])))
    # A conftest.py that loads the module too may fill the state for other tests.
    alone = len(reaching) == 1 and importers.intersection(ctx.loaded_with(reaching)) == set(reaching)
    path = reaching[0] if alone else _conftest(ctx, reaching)
    spellings = ctx.imports.spellings(owner)
    blocked = ""
    if not _names_pytest(ctx):
        blocked = "nothing in the project names pytest: its tests may be run by something else"
    elif not spellings:
        blocked = f"no test or module imports {owner}, so that its import name is unknown"
    elif len(spellings) > 1:
        blocked = f"{owner} is imported as {' and as '.join(spellings)}: two module objects exist"
    elif path not in ctx.index.modules and not _holds_tests(ctx, path):
        blocked = f"its tests have no folder of tests in common, and {path} would stand above other code"
    elif path in ctx.index.modules and _pytest_is_shadowed(ctx, path):
        blocked = f"{path} gives the name 'pytest' to something else"
    elif path in ctx.index.modules and ctx.index.modules[path].failure:
        blocked = f"{path} cannot be parsed"
    return ResetPlace(
        path=path,
        creates_file=path not in ctx.index.modules,
        module=spellings[0] if spellings else "",
        direct_import=_always_loaded(ctx, path, owner, reaching) and not _name_is_rebound(ctx, owner),
        blocked=blocked,
    )


def _names_pytest(ctx: RuleContext) -> bool:
    """Whether a dependency or configuration file, an import or a conftest.py speaks of pytest: unittest ignores fixtures."""
    if any("pytest" in word for word in ctx.declared):
        return True
    files = ctx.index.modules.items()
    return any(PurePosixPath(path).name == "conftest.py" or "pytest" in dict(module.imports).values() for path, module in files)


def _pytest_is_shadowed(ctx: RuleContext, path: str) -> bool:
    module = ctx.index.modules[path]
    found = [b for b in module.bindings if b.name == "pytest"]
    imported = dict(module.imports).get("pytest") == "pytest"
    return len(found) > 1 or bool(found and not (imported and found[0].kind is BindingKind.VALUE))


def _name_is_rebound(ctx: RuleContext, owner: str) -> bool:
    """Whether the package gives the module's name to something else: `from package import module` would get that."""
    pure = PurePosixPath(owner)
    package = ctx.index.modules.get(str(pure.parent / "__init__.py"))
    return package is not None and any(b.name == pure.stem and not b.refers.endswith(f".{pure.stem}.{pure.stem}") for b in package.bindings)


def _conftest(ctx: RuleContext, reaching: list[str]) -> str:
    """The nearest existing conftest.py at or above the common folder, within the tests; a new one if there is none."""
    common = _common_folder(reaching)
    tops = {_top(ctx, path) for path in reaching}
    folder = PurePosixPath(common)
    for candidate in (folder, *folder.parents):
        path = _in_folder(str(candidate))
        if path in ctx.index.modules:
            return path
        if str(candidate) in tops:
            break
    return _in_folder(common)


def _holds_tests(ctx: RuleContext, path: str) -> bool:
    """Whether a new conftest.py would stand in a folder of tests, or at the root beside test modules."""
    folder = path.rpartition("/")[0]
    if {"test", "tests", "testing"} & set(folder.split("/")) or folder in {top.strip("./") for top in ctx.ini.testpaths}:
        return True
    return any(path.rpartition("/")[0] == folder for path in ctx.test_files())


def _in_folder(folder: str) -> str:
    return "conftest.py" if folder in {"", "."} else f"{folder}/conftest.py"


def _top(ctx: RuleContext, path: str) -> str:
    """The test root above a test module: the entry of testpaths, else its first folder."""
    for top in ctx.ini.testpaths:
        clean = top.removeprefix("./").rstrip("/")
        if path.startswith(f"{clean}/"):
            return clean
    return PurePosixPath(path).parts[0] if "/" in path else "."


def _common_folder(paths: list[str]) -> str:
    parts = [PurePosixPath(p).parent.parts for p in paths]
    common: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    return "/".join(common) or "."


def _always_loaded(ctx: RuleContext, target: str, owner: str, reaching: list[str]) -> bool:
    """Whether whatever runs below the target imports the module anyway, so that an import there adds no risk."""
    importers = ctx.imports.importers(owner, lazy=False)
    if not importers.isdisjoint(ctx.loaded_with([target])):
        return True
    folder = str(PurePosixPath(target).parent)
    below = [path for path in ctx.test_files() if folder == "." or path.startswith(f"{folder}/")]
    tests = reaching if PurePosixPath(target).name != "conftest.py" else below
    return importers.issuperset(tests)


def fixture_name(ctx: RuleContext, singleton: Singleton, path: str) -> str:
    """A free name after the state: `reset_cache_singleton`, `reset_settings_cache`, `restore_handlers`."""
    words = _words(singleton)
    match singleton.shape:
        case Shape.CACHED_FACTORY:
            wanted = f"reset_{words}_cache"
        case Shape.CONTAINER | Shape.WRITTEN | Shape.INSTANCE | Shape.CONTEXT:
            wanted = f"restore_{words}"
        case _:
            wanted = f"reset_{words}_singleton"
    return free_name(ctx, wanted, path)


def free_name(ctx: RuleContext, wanted: str, path: str) -> str:
    """The wanted name, or one like it that neither a fixture nor the file has."""
    taken = {r.name for r in ctx.graph.registrations}
    if path in ctx.index.modules:
        taken |= {b.name for b in ctx.index.modules[path].bindings}
    free = (wanted if n == 1 else f"{wanted}_{n}" for n in range(1, len(taken) + 2))
    return next(name for name in free if name not in taken)


def _words(singleton: Singleton) -> str:
    owner, _, name = singleton.name.rpartition(".")
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).strip("_").lower()
    core = re.sub(r"^(get|load|create|make|build)_|_?(singleton|instance)$", "", snake)
    if core:
        return core if not owner else f"{_snake(owner)}_{core}"
    return _snake(owner) if owner else PurePosixPath(singleton.address.path).stem.strip("_")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace(".", "_")).strip("_").lower()
