"""How the author of a file writes: what new text must look like."""

import re
from dataclasses import dataclass

import libcst as cst

COLUMNS = 88
_BARE = re.compile(r"^[ \t]*@[\w.]*\bfixture[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_EMPTY = re.compile(r"^[ \t]*@[\w.]*\bfixture\([ \t]*\)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Newline, indentation, encoding, quote and whether a bare fixture is written with `()`."""

    newline: str
    indent: str
    encoding: str
    quote: str
    empty_parentheses: bool


def style_of(module: cst.Module) -> Style:
    """The style that prevails in a file."""
    code = module.code
    indent = module.default_indent
    return Style(
        newline=_newline(code) or module.default_newline,
        indent=indent if not indent.strip(" \t") else " " * 4,
        encoding=module.encoding,
        quote="'" if code.count("='") > code.count('="') else '"',
        empty_parentheses=len(_EMPTY.findall(code)) > len(_BARE.findall(code)),
    )


def _newline(code: str) -> str:
    pairs = code.count("\r\n")
    counts = {"\n": code.count("\n") - pairs, "\r\n": pairs, "\r": code.count("\r") - pairs}
    return max(counts, key=lambda n: counts[n]) if any(counts.values()) else ""


def columns(indent: str) -> int:
    """How many columns are left to the right of this indentation."""
    return max(COLUMNS - len(indent.expandtabs(4)), 20)


def newline(style: Style) -> cst.Newline:
    """A line end that stays the same in a file of mixed line ends."""
    return cst.Newline(value=style.newline)


def blank_line(style: Style) -> cst.EmptyLine:
    """An empty line."""
    return cst.EmptyLine(indent=False, newline=newline(style))


def line_end(style: Style) -> cst.TrailingWhitespace:
    """The end of a new statement."""
    return cst.TrailingWhitespace(newline=newline(style))
