"""Sentences as docstrings and comments: one line, encodable, escaped, wrapped."""

import textwrap
import unicodedata

from rescope.codemods.style import Style, columns

_ASCII = str.maketrans({"\u2013": "-", "\u2014": "-", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


def sentence(text: str, encoding: str) -> str:
    """The text on one line, in characters that the file's encoding has."""
    line = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return "".join(c if _encodable(c, encoding) else _ascii(c) for c in line)


def _encodable(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _ascii(char: str) -> str:
    plain = unicodedata.normalize("NFKD", char.translate(_ASCII))
    return plain.encode("ascii", "ignore").decode("ascii") or "?"


def escaped(text: str, quote: str) -> str:
    """The text as it stands between triple quotes of a string without r."""
    triple = quote[0] * 3
    return text.replace("\\", "\\\\").replace(triple, f"\\{quote[0]}" * 3)


def wrapped(text: str, width: int, lead: str = "") -> list[str]:
    """Lines of at most `width` columns, `lead` included; words stay whole."""
    return textwrap.wrap(text, width, initial_indent=lead, break_long_words=False, break_on_hyphens=False)


def docstring(text: str, indent: str, style: Style) -> str:
    """A new docstring literal: one line if it fits, else closed on a line of its own."""
    body = escaped(text, '"')
    line = f'"""{body}"""'
    if len(line) <= columns(indent) and not body.endswith('"'):
        return line
    lines = [*wrapped(body, columns(indent), lead='"""'), '"""']
    return f"{style.newline}{indent}".join(lines)


def comments(text: str, indent: str) -> list[str]:
    """Comment lines without their indentation."""
    return [f"# {line}" for line in wrapped(text, columns(indent) - 2)]
