"""An import statement put where the author of the file would have put it."""

import itertools
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import libcst as cst

from rescope.codemods.decorators import dotted
from rescope.codemods.style import Style, blank_line, line_end

_FUTURE, _STDLIB, _INSTALLED, _RELATIVE = range(-1, 3)
_HEADING = re.compile(r"\bimports\b|\blibrar(?:y|ies)\b|\bstdlib\b", re.IGNORECASE)
_FOR_PYTHON = re.compile(r"#!|#.*coding[:=]")
_Key = tuple[int, bool, str]
_Lines = Sequence[cst.EmptyLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """Where a new import goes: between two statements of the body, with its sort key."""

    at: int
    key: _Key
    before: _Key | None
    after: _Key | None


def with_import(module: cst.Module, text: str, style: Style) -> cst.Module:
    """The module with one more import in its first block of imports."""
    line = cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine)
    line = line.with_changes(trailing_whitespace=line_end(style))
    gap = _gap(module.body, _sort_key(line))
    if gap.at == 0 and gap.after is None and module.body:
        return _before_code(module, line, style)
    if gap.at == len(module.body) or gap.after is None:
        return _after_block(module, line, gap, style)
    return _inside_block(module, line, gap, style)


def without_unused_import(module: cst.Module, before: str, name: str) -> cst.Module:
    """The module without the import of a name, if the code that it was `before` used it and this one does not: by name nor in a string.

    `import name` that stands with others on its line stays, and so does an import with a comment, or one in parentheses.
    """
    uses = re.compile(rf"(?<!monkeypatch\.)\b{re.escape(name)}\b")
    if len(uses.findall(module.code)) != 1 or len(uses.findall(before)) < 2:
        return module
    body = list(module.body)
    for at, statement in enumerate(body):
        names = _imported(statement)
        if isinstance(statement, cst.SimpleStatementLine) and name in names:
            lines = statement.leading_lines
            above = lines if at else _first_comment(module.header)
            noted = statement.trailing_whitespace.comment or not all(_is_heading(line, body[at + 1 : at + 2]) for line in above)
            if len(names) > 1:
                body[at] = statement if noted else _without(statement, names.index(name))
            elif not noted and len(body) > at + 1:
                body[at : at + 2] = [_moved_up(body[at + 1], lines, first=at == 0)]
            return module.with_changes(body=body)
    return module


def _imported(statement: cst.CSTNode) -> list[str]:
    """The names that a statement imports, as they stand: `import name`, or all of `from module import name, other`."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Import(names=[cst.ImportAlias(name=cst.Name(value=name), asname=None)])]):
            return [name]
        case cst.SimpleStatementLine(body=[cst.ImportFrom(names=[_, *_] as aliases, lpar=None)]):
            return [alias.evaluated_name if alias.asname is None else "" for alias in aliases]
    return []


def _first_comment(header: _Lines) -> _Lines:
    """The only comment right above the first statement; several lines, or one for the interpreter, are the file's own."""
    lines = [*itertools.takewhile(lambda line: line.comment is not None, reversed(header))]
    return [line for line in lines if len(lines) == 1 and line.comment and not _FOR_PYTHON.match(line.comment.value)]


def _is_heading(line: cst.EmptyLine, below: Sequence[cst.BaseCompoundStatement | cst.SimpleStatementLine]) -> bool:
    """Whether a line above an import says nothing of that one: it is empty, or the heading of a block in which more stand `below`."""
    heads = any(_import_key(each) and not each.leading_lines for each in below)
    return line.comment is None or (heads and _HEADING.search(line.comment.value) is not None)


def _without(statement: cst.SimpleStatementLine, at: int) -> cst.SimpleStatementLine:
    found = cst.ensure_type(statement.body[0], cst.ImportFrom)
    names = [alias for n, alias in enumerate(cast("Sequence[cst.ImportAlias]", found.names)) if n != at]
    names[-1] = names[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return statement.with_changes(body=[found.with_changes(names=names)])


def _moved_up(
    statement: cst.BaseCompoundStatement | cst.SimpleStatementLine, lines: _Lines, *, first: bool
) -> cst.BaseCompoundStatement | cst.SimpleStatementLine:
    """What follows an import that goes: it stands where that stood, but where a blank line stays between it and imports above."""
    own = list(statement.leading_lines)
    apart = bool(own) and own[0].comment is None
    if apart and not first and not (lines and _import_key(statement)):
        return statement
    while own and own[0].comment is None:
        own.pop(0)
    return statement.with_changes(leading_lines=[*lines, *own])


def _gap(body: Sequence[cst.BaseCompoundStatement | cst.SimpleStatementLine], key: _Key) -> _Gap:
    start = int(bool(body) and _is_docstring(body[0]))
    keys = []
    for statement in body[start:]:
        found = _import_key(statement)
        if found is None:
            break
        keys.append(found)
    later = next((i for i, k in enumerate(keys) if k > key), len(keys))
    return _Gap(
        at=start + later,
        key=key,
        before=keys[later - 1] if later else None,
        after=keys[later] if later < len(keys) else None,
    )


def _is_docstring(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()), *_]):
            return True
    return False


def _import_key(statement: cst.CSTNode) -> _Key | None:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Import() | cst.ImportFrom(), *_]):
            return _sort_key(statement)
    return None


def _sort_key(line: cst.SimpleStatementLine) -> _Key:
    match line.body[0]:
        case cst.Import(names=[first, *_]):
            name = dotted(first.name)
            return _section(name), False, name.lower()
        case cst.ImportFrom(module=module, relative=relative):
            name = dotted(module)
            return _RELATIVE if relative else _section(name), True, name.lower()
    return _INSTALLED, True, ""


def _section(name: str) -> int:
    head = name.partition(".")[0]
    if head == "__future__":
        return _FUTURE
    return _STDLIB if head in sys.stdlib_module_names else _INSTALLED


def _before_code(module: cst.Module, line: cst.SimpleStatementLine, style: Style) -> cst.Module:
    """The import on top of a file without docstring and imports; the file's own comments stay first."""
    first = module.body[0]
    blank, attached = _split(module.header)
    gap = [blank_line(style)] * (2 if isinstance(first, (cst.FunctionDef, cst.ClassDef)) else 1)
    if not blank:
        blank, attached = attached, []
    first = first.with_changes(leading_lines=[*gap, *attached, *first.leading_lines])
    return module.with_changes(header=blank, body=[line, first, *module.body[1:]])


def _after_block(module: cst.Module, line: cst.SimpleStatementLine, gap: _Gap, style: Style) -> cst.Module:
    body = list(module.body)
    alone = gap.before is None or gap.before[0] != gap.key[0]
    apart = alone and bool(body or (module.header and module.header[-1].comment))
    body.insert(gap.at, line.with_changes(leading_lines=[blank_line(style)] if apart else []))
    if gap.before is None and gap.at + 1 < len(body):
        body[gap.at + 1] = _set_apart(body[gap.at + 1], style)
    return module.with_changes(body=body)


def _set_apart(
    statement: cst.BaseCompoundStatement | cst.SimpleStatementLine,
    style: Style,
) -> cst.BaseCompoundStatement | cst.SimpleStatementLine:
    lines = statement.leading_lines
    if lines and lines[0].comment is None:
        return statement
    return statement.with_changes(leading_lines=[blank_line(style), *lines])


def _inside_block(module: cst.Module, line: cst.SimpleStatementLine, gap: _Gap, style: Style) -> cst.Module:
    body = list(module.body)
    following = body[gap.at]
    blank, rest = _split(following.leading_lines)
    joins_before = gap.before is not None and gap.before[0] == gap.key[0]
    joins_after = gap.after is not None and gap.after[0] == gap.key[0]
    if joins_before and not joins_after:
        blank, rest = [], list(following.leading_lines)
    elif not joins_before and not joins_after:
        rest = [blank_line(style), *rest]
        blank = blank or ([blank_line(style)] if gap.at else [])
    body[gap.at] = following.with_changes(leading_lines=rest)
    body.insert(gap.at, line.with_changes(leading_lines=blank))
    return module.with_changes(body=body)


def _split(lines: _Lines) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    """Lines up to the last blank one, and the comments directly above the statement."""
    cut = max((i + 1 for i, line in enumerate(lines) if line.comment is None), default=0)
    return list(lines[:cut]), list(lines[cut:])
