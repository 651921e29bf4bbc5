"""Configuration: `[tool.rescope]` to frozen Settings, and what pytest's own ini-file says of collection."""

import configparser
import contextlib
import difflib
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from rescope.requirements import oldest

INI_NAMES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
_LOOP_SCOPE = (0, 24)
NORECURSE = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")


class ConfigError(Exception):
    """A configuration that cannot be used; the text says where and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All options, from the command line over the file over the defaults."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    source_roots: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    unsafe: bool = False
    min_confidence: str = "medium"
    cache: bool = True
    jobs: int = 0
    reason: str = "docstring"
    scope_style: str = "auto"
    reset_style: str = "auto"
    target_scope: str = "function"
    strategy: str = "auto"
    document_scopes: bool = False
    baseline: str = ""
    keep: tuple[tuple[str, str], ...] = ()


CHOICES: Mapping[str, tuple[str, ...]] = {
    "reason": ("docstring", "comment", "none"),
    "scope-style": ("auto", "explicit", "omit"),
    "reset-style": ("auto", "separate", "table"),
    "min-confidence": ("high", "medium", "low"),
    "target-scope": ("function", "class", "module"),
    "strategy": ("auto", "narrow", "reset"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestIni:
    """What pytest's ini-file says, in pytest's own option names.

    `asyncio_fixture_loop_scope` is "" where each fixture's scope decides; `asyncio_loop_scopes` says that the project must run
    a pytest-asyncio that knows `loop_scope`.
    """

    path: str = ""
    testpaths: tuple[str, ...] = ()
    python_files: tuple[str, ...] = ("test_*.py", "*_test.py")
    python_classes: tuple[str, ...] = ("Test",)
    python_functions: tuple[str, ...] = ("test",)
    norecursedirs: tuple[str, ...] = NORECURSE
    usefixtures: tuple[str, ...] = ()
    pythonpath: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    asyncio_mode: str = "strict"
    asyncio_fixture_loop_scope: str = ""
    asyncio_loop_scopes: bool = False
    anyio_auto: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project root with its settings and pytest configuration."""

    root: Path
    settings: Settings
    ini: PytestIni = field(default_factory=PytestIni)
    ruff_forbids_function_scope: bool = False


def load_project(paths: Iterable[Path], config_file: Path | None = None) -> Project:
    """The project that holds the paths, found as pytest finds its rootdir.

    Raises ConfigError for a file that cannot be read or a key that does not exist.
    """
    start = _common_ancestor(paths)
    root, ini_path = _rootdir(start)
    pyproject = config_file or root / "pyproject.toml"
    table = _read_toml(pyproject) if pyproject.is_file() else {}
    tool = table.get("tool", {})
    return Project(
        root=root,
        settings=_settings(tool.get("rescope", {}), pyproject),
        ini=_with_requirements(_with_entry_points(_pytest_ini(ini_path, root) if ini_path else PytestIni(), root, table), root),
        ruff_forbids_function_scope=_ruff_pt003(root, tool),
    )


def _with_entry_points(ini: PytestIni, root: Path, table: Mapping[str, dict]) -> PytestIni:  # type: ignore[type-arg]
    """The configuration with the plugins that the project itself offers to pytest, which stand behind those of `-p`."""
    found = table.get("project", {}).get("entry-points", {}).get("pytest11", {})
    found |= table.get("tool", {}).get("poetry", {}).get("plugins", {}).get("pytest11", {})
    named = [(str(name), str(value)) for name, value in found.items()]
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    with contextlib.suppress(configparser.Error, UnicodeDecodeError):
        parser.read(root / "setup.cfg", "utf-8")
    lines = parser.get("options.entry_points", "pytest11", fallback="").splitlines()
    named += [(line.partition("=")[0].strip(), line.partition("=")[2]) for line in lines if "=" in line]
    modules = [module.partition(":")[0].strip() for name, module in named if name not in ini.blocked]
    return replace(ini, plugins=(*ini.plugins, *modules))


def _with_requirements(ini: PytestIni, root: Path) -> PytestIni:
    """The configuration less what an older pytest-asyncio, which the project may run with, would not heed."""
    version = oldest(root, "pytest-asyncio")
    if version and version < _LOOP_SCOPE:
        return replace(ini, asyncio_loop_scopes=False, asyncio_fixture_loop_scope="")
    return replace(ini, asyncio_loop_scopes=bool(version) or ini.asyncio_loop_scopes)


def _common_ancestor(paths: Iterable[Path]) -> Path:
    resolved = [p.resolve() for p in paths] or [Path.cwd()]
    folders = [p if p.is_dir() else p.parent for p in resolved]
    common = folders[0]
    for folder in folders[1:]:
        while common not in (folder, *folder.parents):
            common = common.parent
    return common


def _rootdir(start: Path) -> tuple[Path, Path | None]:
    """Rootdir and ini-file by pytest's rules, then setup.py, then the version control root, then the start."""
    fallback: Path | None = None
    for folder in (start, *start.parents):
        for name in INI_NAMES:
            candidate = folder / name
            if not candidate.is_file():
                continue
            if _has_pytest_section(candidate):
                return folder, candidate
            if name == "pyproject.toml":
                fallback = fallback or folder
        if (folder / ".git").exists():
            break
    if fallback:
        return fallback, None
    marked = [f for f in (start, *start.parents) if (f / "setup.py").is_file() or (f / ".git").exists()]
    return (marked[0] if marked else start), None


def _has_pytest_section(path: Path) -> bool:
    if path.suffix == ".toml":
        table = _read_toml(path)
        pytest_table = table.get("tool", {}).get("pytest", {}) if path.name == "pyproject.toml" else table.get("pytest")
        return bool(pytest_table) or path.name == "pytest.toml"
    if path.name in {"pytest.ini", ".pytest.ini"}:
        return True
    return _ini_section(path) is not None


def _ini_section(path: Path) -> Mapping[str, str] | None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text("utf-8-sig", "replace"))
    except configparser.Error as error:
        message = f"{path}: cannot be read: {error.message.splitlines()[0]}"
        raise ConfigError(message) from error
    name = "tool:pytest" if path.name == "setup.cfg" else "pytest"
    return parser[name] if parser.has_section(name) else None


def _read_toml(path: Path) -> dict[str, dict]:  # type: ignore[type-arg]
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        message = f"{path}: cannot be read: {error}"
        raise ConfigError(message) from error


def _pytest_ini(path: Path, root: Path) -> PytestIni:
    if path.suffix == ".toml":
        table = _read_toml(path)
        section = table.get("tool", {}).get("pytest", {}) if path.name == "pyproject.toml" else table.get("pytest", table)
        raw: Mapping[str, object] = section.get("ini_options", section)
    else:
        raw = dict(_ini_section(path) or {})
    words = {key: _words(value) for key, value in raw.items()}
    defaults = PytestIni()
    addopts = words.get("addopts", ())
    plugins = _plugin_options(addopts)
    return PytestIni(
        path=path.relative_to(root).as_posix(),
        testpaths=words.get("testpaths", ()),
        python_files=words.get("python_files", defaults.python_files),
        python_classes=words.get("python_classes", defaults.python_classes),
        python_functions=words.get("python_functions", defaults.python_functions),
        norecursedirs=words.get("norecursedirs", defaults.norecursedirs),
        usefixtures=words.get("usefixtures", ()),
        pythonpath=words.get("pythonpath", ()),
        plugins=tuple(name for name in plugins if not name.startswith("no:")),
        blocked=tuple(name.removeprefix("no:") for name in plugins if name.startswith("no:")),
        asyncio_mode=_asyncio_mode(words, addopts),
        anyio_auto=words.get("anyio_mode") == ("auto",),
        asyncio_fixture_loop_scope=_loop_scope(words, addopts),
        asyncio_loop_scopes=bool(words.keys() & {"asyncio_default_fixture_loop_scope", "asyncio_default_test_loop_scope"}),
    )


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value, comments=False))
        except ValueError:
            return tuple(value.split())
    return tuple(str(v) for v in value) if isinstance(value, list) else (str(value),)


def _plugin_options(addopts: tuple[str, ...]) -> tuple[str, ...]:
    pairs = zip(addopts, (*addopts[1:], ""), strict=False)
    named = (following if word == "-p" else word[2:] for word, following in pairs if word.startswith("-p"))
    return tuple(name for name in named if name)


def _asyncio_mode(words: Mapping[str, tuple[str, ...]], addopts: tuple[str, ...]) -> str:
    option = next((w.partition("=")[2] for w in addopts if w.startswith("--asyncio-mode=")), "")
    return option or " ".join(words.get("asyncio_mode", ())) or "strict"


def _loop_scope(words: Mapping[str, tuple[str, ...]], addopts: tuple[str, ...]) -> str:
    name = "asyncio_default_fixture_loop_scope"
    option = next((w.rpartition("=")[2] for w in addopts if f"{name}=" in w), "")
    written = option or " ".join(words.get(name, ()))
    return "" if written == "fixture-scope" else written


def _ruff_pt003(root: Path, tool: Mapping[str, dict]) -> bool:  # type: ignore[type-arg]
    """Whether the project's ruff drops `scope="function"` (rule PT003)."""
    table = tool.get("ruff", {})
    for name in ("ruff.toml", ".ruff.toml"):
        if (root / name).is_file():
            table = _read_toml(root / name)
    lint = {**table, **table.get("lint", {})}
    chosen = [*lint.get("select", ()), *lint.get("extend-select", ())]
    ignored = [*lint.get("ignore", ()), *lint.get("extend-ignore", ())]
    covers = any(code == "ALL" or "PT003".startswith(code) for code in chosen)
    return covers and not any("PT003".startswith(code) for code in ignored)


def _settings(table: Mapping[str, object], path: Path) -> Settings:
    known = {f.name.replace("_", "-"): f for f in fields(Settings)}
    values: dict[str, object] = {}
    for key, value in table.items():
        if key not in known:
            raise ConfigError(_unknown_key(key, known, path))
        values[known[key].name] = _checked(key, value, path)
    return Settings(**values)  # type: ignore[arg-type]


def _unknown_key(key: str, known: Iterable[str], path: Path) -> str:
    near = difflib.get_close_matches(key, list(known), n=1, cutoff=0.4)
    hint = f'; did you mean "{near[0]}"?' if near else f"; known are {', '.join(sorted(known))}"
    return f'{path}: [tool.rescope] has no key "{key}"{hint}'


def _checked(key: str, value: object, path: Path) -> object:
    if key == "keep":
        return _keep_table(value, path)
    if key in CHOICES:
        if value not in CHOICES[key]:
            message = f"{path}: [tool.rescope] {key} must be one of {', '.join(CHOICES[key])}, not {value!r}"
            raise ConfigError(message)
        return value
    default = getattr(Settings(), key.replace("-", "_"))
    expected = {tuple: "a list of strings", bool: "true or false", int: "a whole number", str: "a string"}[type(default)]
    if isinstance(value, list) and isinstance(default, tuple) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if type(value) is not type(default) or isinstance(default, tuple):
        raise ConfigError(f"{path}: [tool.rescope] {key} must be {expected}, not {value!r}")
    return value


def _keep_table(value: object, path: Path) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        message = f'{path}: [tool.rescope.keep] must be a table of "path/glob::name" = "reason"'
        raise ConfigError(message)
    for key, reason in value.items():
        if not isinstance(reason, str) or not reason.strip() or "::" not in key:
            message = f'{path}: [tool.rescope.keep] "{key}" needs the form "path/glob::name" = "reason"'
            raise ConfigError(message)
    return tuple(value.items())
