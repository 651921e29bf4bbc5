"""pytest's five fixture scopes, ordered."""

from dataclasses import dataclass
from enum import IntEnum


class Scope(IntEnum):
    """A fixture scope; a broader scope compares greater."""

    FUNCTION = 0
    CLASS = 1
    MODULE = 2
    PACKAGE = 3
    SESSION = 4

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeUnknown:
    """A scope that only running the project can tell, and why."""

    why: str

    def __str__(self) -> str:
        return "unknown"


def parse_scope(text: str) -> Scope | None:
    """The scope that pytest would read from this string, or None where pytest would refuse it."""
    return Scope.__members__.get(text.upper()) if text.islower() else None
