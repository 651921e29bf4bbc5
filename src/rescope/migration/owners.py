"""CODEOWNERS as GitHub reads it: the last line that matches a file names its owners."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
_UNOWNED = "unowned"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerLine:
    """One line: which files, and who; no owners where the line takes files out again."""

    pattern: re.Pattern[str]
    owners: tuple[str, ...]


def parse_owners(text: str) -> tuple[OwnerLine, ...]:
    """The lines of a CODEOWNERS file; comments, section headings and what GitHub does not take are passed over."""
    lines = (_parsed(line.strip()) for line in text.splitlines())
    return tuple(line for line in lines if line is not None)


def owners_of(lines: Sequence[OwnerLine], path: str) -> tuple[str, ...]:
    """The owners of a file, () where it has none; `path` starts at the top of the repository."""
    return next((line.owners for line in reversed(lines) if line.pattern.fullmatch(path)), ())


def owner_label(lines: Sequence[OwnerLine], paths: Iterable[str]) -> str:
    """All owners of the files as one word for a branch."""
    owners = sorted({owner.lstrip("@") for path in paths for owner in owners_of(lines, path)})
    return "-".join(owners) or _UNOWNED


def _parsed(line: str) -> OwnerLine | None:
    if not line or line.startswith(("#", "[", "^[", "!")):
        return None
    # A blank or # in a name is written with a backslash; the owners end at a comment.
    words = re.findall(r"(?:\\.|\S)+", line)
    owners = []
    for word in words[1:]:
        if word.startswith("#"):
            break
        owners.append(word)
    return OwnerLine(pattern=re.compile(_regex(words[0])), owners=tuple(owners))


def _regex(pattern: str) -> str:
    """As in .gitignore, but a last `/*` does not reach into folders, and there are no [ranges]."""
    parts = pattern.strip("/").split("/")
    anchored = pattern.startswith("/") or len(parts) > 1
    inside = "/.+" if pattern.endswith("/") else "(?:/.*)?"
    if parts[-1] == "**" or (parts[-1] == "*" and len(parts) > 1):
        inside = ""
    body = "".join(_segment(part, last=number == len(parts) - 1) for number, part in enumerate(parts))
    return ("" if anchored else "(?:.*/)?") + body + inside


def _segment(part: str, *, last: bool) -> str:
    if part == "**":
        return ".+" if last else "(?:.*/)?"
    tokens = (_token(token) for token in re.findall(r"\\.|.", part))
    return "".join(tokens) + ("" if last else "/")


def _token(token: str) -> str:
    match token:
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case _:
            return re.escape(token[-1])
