"""The options that commands share, and the project that they ask for."""

import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from rescope.config import ConfigError, Project, load_project
from rescope.packs import PackError

EXIT_FINDINGS = 1
EXIT_REFUSED = 2
EXIT_FAILED = 3


class Color(StrEnum):
    """When to colour the output."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class TargetScope(StrEnum):
    """The scope that leaking fixtures get."""

    FUNCTION = "function"
    CLASS = "class"
    MODULE = "module"


class Sureness(StrEnum):
    """How sure a finding must be; see Confidence."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Cure(StrEnum):
    """How a fixture whose value changes is cured."""

    AUTO = "auto"
    NARROW = "narrow"
    RESET = "reset"


Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATHS]...", help="Files or folders to report on and edit. The whole project is analysed all the same.", show_default=False
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="CODES", help="Only these rule codes or prefixes, comma-separated.", show_default=False),
]
Ignore = Annotated[
    list[str] | None, typer.Option("--ignore", metavar="CODES", help="All but these rule codes or prefixes.", show_default=False)
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="NAME", help="Only this fixture, singleton or other state (repeatable).", show_default=False),
]
Unsafe = Annotated[bool, typer.Option("--unsafe", help="Also edits that are not safe.")]
MinConfidence = Annotated[
    Sureness | None,
    typer.Option(
        "--min-confidence", help="Show, count and fix findings of this confidence and higher: medium if not said.", show_default=False
    ),
]
Target = Annotated[
    TargetScope | None, typer.Option("--target-scope", help="The scope that leaking fixtures are narrowed to.", show_default=False)
]
Strategy = Annotated[
    Cure | None,
    typer.Option("--strategy", help="Narrow a fixture whose value changes, or put the value back after each test.", show_default=False),
]
DocumentScopes = Annotated[
    bool, typer.Option("--document-scopes", help="Also add the reason to broad fixtures that are kept and have no docstring.")
]
Exclude = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="GLOB", help="Leave these files or folders out (repeatable).", show_default=False)
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Read [tool.rescope] from this file.", show_default=False)
]
Jobs = Annotated[int, typer.Option("--jobs", metavar="N", min=0, help="Worker processes; 0 means one per core.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Parse every file anew.")]
Colored = Annotated[Color, typer.Option("--color", help="Colour the output.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print results only, no remarks on stderr.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the shared options of one call ask for; see `asks`."""

    paths: Paths = None
    select: Select = None
    ignore: Ignore = None
    only: Only = None
    unsafe: Unsafe = False
    min_confidence: MinConfidence = None
    target_scope: Target = None
    strategy: Strategy = None
    document_scopes: DocumentScopes = False
    exclude: Exclude = None
    config: ConfigFile = None
    jobs: Jobs = 0
    no_cache: NoCache = False

    def places(self) -> list[Path]:
        """The paths, or the current folder."""
        return self.paths or [Path()]


_UNASKED = Asked()


def asks(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of Asked, in place of its parameter `asked`."""
    own = inspect.signature(command)
    shared = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=getattr(_UNASKED, name), annotation=annotation)
        for name, annotation in get_type_hints(Asked, include_extras=True).items()
    ]

    @wraps(command)
    def asking(**values: Any) -> None:  # noqa: ANN401 - as Typer has read them
        asked = Asked(**{p.name: values.pop(p.name) for p in shared})
        command(asked=asked, **values)

    parameters = (shared if p.name == "asked" else [p] for p in own.parameters.values())
    signature = own.replace(parameters=list(chain.from_iterable(parameters)))
    asking.__signature__ = signature  # type: ignore[attr-defined]
    asking.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()} | {"return": None}
    return asking


def fail(message: str, code: int = EXIT_REFUSED) -> typer.Exit:
    """Print an error to stderr and make the exit that the caller raises."""
    print(f"error: {message}", file=sys.stderr)
    return typer.Exit(code)


def remark(message: str, *, quiet: bool = False) -> None:
    """Print a remark to stderr: stdout is for results."""
    if not quiet:
        print(message, file=sys.stderr)


def open_project(asked: Asked) -> Project:
    """The project of the paths, with the options of the call over its configuration."""
    for path in asked.places():
        if not path.exists():
            raise fail(f"{path}: no such file or folder")
    if asked.config is not None and not asked.config.is_file():
        raise fail(f"{asked.config}: no such file")
    try:
        project = load_project(asked.places(), asked.config)
        _check_packs(project)
    except (ConfigError, PackError) as error:
        raise fail(str(error)) from error
    settings = project.settings
    return replace(
        project,
        settings=replace(
            settings,
            select=_codes(asked.select) or settings.select,
            ignore=_codes(asked.ignore) or settings.ignore,
            only=tuple(asked.only or settings.only),
            exclude=(*settings.exclude, *(asked.exclude or ())),
            unsafe=asked.unsafe or settings.unsafe,
            min_confidence=str(asked.min_confidence or settings.min_confidence),
            cache=settings.cache and not asked.no_cache,
            jobs=asked.jobs or settings.jobs,
            target_scope=str(asked.target_scope or settings.target_scope),
            strategy=str(asked.strategy or settings.strategy),
            document_scopes=asked.document_scopes or settings.document_scopes,
        ),
    )


def _check_packs(project: Project) -> None:
    from rescope.packs import load_packs

    load_packs(project.root / name for name in project.settings.packs)


def _codes(values: Iterable[str] | None) -> tuple[str, ...]:
    found = tuple(code.strip().upper() for value in values or () for code in value.split(",") if code.strip())
    bad = next((c for c in found if not "RSC".startswith(c[:3]) or not c.startswith("RSC"[: len(c)])), None)
    if bad:
        raise fail(f"{bad!r} is no rule code; codes look like RSC101, see `rescope rules`")
    return found
