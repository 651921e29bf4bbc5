"""Comments: those that speak to rescope, and those at a fixture that say why its scope is broad."""

import io
import re
import tokenize
from collections.abc import Iterator

from rescope.model.facts import Function, Remark

_REMARK = re.compile(r"#\s*rescope:\s*(\w+)\b[ \t:]*(.*)")
_CHOSEN = re.compile(
    r"\b(twice|only once|expensive|costly|slow|very often|too often|on purpose|intentional|deliberate|speed|performance)\b",
    re.IGNORECASE,
)


def remarks(content: bytes) -> Iterator[Remark]:
    """The comments that speak to rescope; a string that looks like one does not."""
    if b"rescope:" not in content:
        return
    for token in tokenize.tokenize(io.BytesIO(content).readline):
        found = _REMARK.search(token.string) if token.type == tokenize.COMMENT else None
        if found:
            yield Remark(line=token.start[0], verb=found[1], reason=found[2].strip())


def scope_remark(content: bytes, fixture: Function) -> str:
    """The comment above or beside the decorator of a fixture that says why it is made so seldom, "" if there is none."""
    lines = content.splitlines()
    first = fixture.line - 1
    while first > 0 and lines[first - 1].lstrip().startswith(b"#"):
        first -= 1
    for line in lines[first : fixture.def_line]:
        text = line.decode("utf-8", "replace").partition("#")[2].strip()
        if _CHOSEN.search(text):
            return text
    return ""
