"""AddReason: one sentence in the docstring of a fixture, or in a comment above it."""

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from rescope.codemods.prose import comments, docstring, escaped, sentence, wrapped
from rescope.codemods.style import Style, columns, line_end, newline
from rescope.model.edit import AddReason, ReasonStyle

_TRIPLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a statement stands: its indentation, and the file's first comments if it is the first."""

    indent: str
    header: tuple[cst.EmptyLine, ...]


def explain_function(node: cst.FunctionDef, edit: AddReason, place: Place, style: Style) -> cst.FunctionDef:
    """The function with the reason in its docstring, or above it where that cannot be done for certain."""
    text = sentence(edit.text, style.encoding)
    if edit.style is ReasonStyle.NONE or _stands_above(text, node.leading_lines, place) or _stands_in_docstring(text, node):
        return node
    documented = _documented(node, text, place, style) if edit.style is ReasonStyle.DOCSTRING else None
    return documented or node.with_changes(leading_lines=_commented(node.leading_lines, text, place, style))


def explain_assignment(
    node: cst.SimpleStatementLine,
    edit: AddReason,
    place: Place,
    style: Style,
) -> cst.SimpleStatementLine:
    """The assignment with the reason in a comment above it."""
    text = sentence(edit.text, style.encoding)
    if edit.style is ReasonStyle.NONE or _stands_above(text, node.leading_lines, place):
        return node
    return node.with_changes(leading_lines=_commented(node.leading_lines, text, place, style))


def _stands_above(text: str, lines: Sequence[cst.EmptyLine], place: Place) -> bool:
    remarks = [line.comment.value.lstrip("#") for line in (*place.header, *lines) if line.comment]
    return text in " ".join(" ".join(remarks).split())


def _stands_in_docstring(text: str, node: cst.FunctionDef) -> bool:
    literal = _literal(node)
    if not isinstance(literal, cst.SimpleString):
        return False
    inner = " ".join(literal.raw_value.split())
    return text in inner or escaped(text, literal.quote) in inner


def _commented(lines: Sequence[cst.EmptyLine], text: str, place: Place, style: Style) -> list[cst.EmptyLine]:
    new = [cst.EmptyLine(comment=cst.Comment(c), newline=newline(style)) for c in comments(text, place.indent)]
    return [*lines, *new]


def _documented(node: cst.FunctionDef, text: str, place: Place, style: Style) -> cst.FunctionDef | None:
    """The function with a new or a longer docstring, or None."""
    block = node.body
    if not isinstance(block, cst.IndentedBlock):
        return None
    indent = place.indent + (style.indent if block.indent is None else block.indent)
    literal = _literal(node)
    if literal is None:
        doc = cst.Expr(cst.SimpleString(docstring(text, indent, style)))
        line = cst.SimpleStatementLine(body=[doc], trailing_whitespace=line_end(style))
        return node.with_changes(body=block.with_changes(body=(line, *block.body)))
    if not isinstance(literal, cst.SimpleString):
        return None
    longer = _extended(literal, text, indent, style)
    return None if longer is None else node.with_deep_changes(literal, value=longer)


def _literal(node: cst.FunctionDef) -> cst.BaseExpression | None:
    """What stands in the place of the docstring, if it is a string of any sort."""
    match node.body:
        case cst.IndentedBlock(body=[cst.SimpleStatementLine(body=[cst.Expr(value=value), *_]), *_]):
            strings = (cst.SimpleString, cst.ConcatenatedString, cst.FormattedString)
            return value if isinstance(value, strings) or type(value).__name__ == "TemplatedString" else None
    return None


def _extended(literal: cst.SimpleString, text: str, indent: str, style: Style) -> str | None:
    """The docstring with the text as its last paragraph, or None where quotes or escapes are in the way."""
    inner, prefix, quote = literal.raw_value, literal.value[: len(literal.prefix)], literal.quote
    triple = quote[0] * _TRIPLE
    raw = "r" in prefix.lower()
    told = text if raw else escaped(text, quote)
    if "b" in prefix.lower() or not inner.strip() or inner.rstrip().endswith(("\\", quote[0])):
        return None
    if raw and (triple in told or told.endswith("\\")):
        return None
    if len(quote) < _TRIPLE and ("\n" in inner or "\r" in inner or (raw and triple in inner)):
        return None
    return f"{prefix}{triple}{_paragraph_added(inner, told, indent, quote[0], style)}{triple}"


def _paragraph_added(inner: str, told: str, indent: str, quote: str, style: Style) -> str:
    lines = inner.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    margin = _margin(lines, indent)
    gap = f"{style.newline}{margin}"
    new = gap.join(wrapped(told, columns(margin) - _TRIPLE))
    if len(lines) > 1 and not lines[-1].strip():
        upper, closing = _split_last_line(inner)
        empty = style.newline if lines[-2].strip() else ""
        return f"{upper}{empty}{gap}{new}{closing}"
    closing = gap if len(lines) == 1 or new.endswith(quote) else ""
    above = inner.rstrip() if len(lines) == 1 else inner
    return f"{above}{style.newline}{gap}{new}{closing}"


def _split_last_line(inner: str) -> tuple[str, str]:
    cut = max(inner.rfind("\n"), inner.rfind("\r"))
    cut -= inner[cut - 1 : cut + 1] == "\r\n"
    return inner[:cut], inner[cut:]


def _margin(lines: Sequence[str], indent: str) -> str:
    """The indentation that all lines below the first have in common, or that of the function's body."""
    below = [line for line in lines[1:] if line.strip()]
    margins = [line[: len(line) - len(line.lstrip())] for line in below]
    return min(margins, key=len) if margins else indent
