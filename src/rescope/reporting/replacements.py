"""File changes as replaced regions of text, by lines and columns counted from 1."""

import difflib
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from rescope.model.plan import FileChange

_UTF8 = "utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """Text that takes the place of a region; the region ends before `end_column`."""

    line: int
    end_line: int
    end_column: int
    text: str


def encoding_of(content: bytes) -> str:
    """The encoding that a Python file declares; a byte order mark is no part of the text."""
    return tokenize.detect_encoding(io.BytesIO(content).readline)[0]


def replacements(change: FileChange) -> Iterator[Replacement]:
    """The regions that differ, in order and without overlap: whole lines, parted by line feeds as SARIF parts them."""
    encoding = encoding_of(change.before) if change.before is not None else _UTF8
    old, new = _lines(change.before or b"", encoding), _lines(change.after, encoding)
    for tag, start, end, new_start, new_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            line, column = _end(old, end)
            yield Replacement(line=start + 1, end_line=line, end_column=column, text="".join(new[new_start:new_end]))


def _lines(content: bytes, encoding: str) -> list[str]:
    return io.StringIO(content.decode(encoding), newline="\n").readlines()


def _end(lines: list[str], end: int) -> tuple[int, int]:
    """The place behind the line before index `end`: the next line's start, or the end of a last line without line feed."""
    if end and not lines[end - 1].endswith("\n"):
        return end, len(lines[end - 1]) + 1
    return end + 1, 1
