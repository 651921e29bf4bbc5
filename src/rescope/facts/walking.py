"""The nodes below a node, and where words stand in a file: what a walk over every node would cost most of the time for nothing."""

import ast
from bisect import bisect_left
from collections.abc import Iterator
from types import MappingProxyType

_LEAVES = frozenset(
    {"ctx", "op", "ops", "id", "attr", "arg", "kind", "names", "level", "module", "conversion", "kwd_attrs", "type_comment"}
)
_KINDS = [kind for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)]
_INNER = MappingProxyType({kind: tuple(name for name in kind._fields if name not in _LEAVES) for kind in _KINDS})


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, in no order that means anything; contexts, operators and imported names are left out."""
    stack: list[ast.AST | None] = [node]
    while stack:
        current = stack.pop()
        if current is None:
            continue
        yield current
        for name in _INNER[type(current)]:
            value = getattr(current, name, None)
            if isinstance(value, list):
                stack += value
            elif isinstance(value, ast.AST):
                stack.append(value)


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes right below a node, in source order; contexts, operators and imported names are left out."""
    for name in _INNER[type(node)]:
        value = getattr(node, name, None)
        if isinstance(value, list):
            yield from (inner for inner in value if inner is not None)
        elif isinstance(value, ast.AST):
            yield value


class Lines(tuple[int, ...]):
    """The numbers of lines, in ascending order."""

    __slots__ = ()

    def within(self, node: ast.stmt | ast.expr) -> bool:
        """Whether one of the lines is among those of the node."""
        at = bisect_left(self, node.lineno)
        return at < len(self) and self[at] <= (node.end_lineno or node.lineno)


def lines_with(content: bytes, *words: bytes) -> Lines:
    """The lines of a file on which one of the words stands, as a part of a longer one too."""
    if b"\r" in content and any(word in content for word in words):
        return Lines(number for number, line in enumerate(content.splitlines(), 1) if any(word in line for word in words))
    return Lines(sorted({number for word in words for number in _lines_with(content, word)}))


def _lines_with(content: bytes, word: bytes) -> Iterator[int]:
    number, counted, at = 1, 0, content.find(word)
    while at >= 0:
        number += content.count(b"\n", counted, at)
        yield number
        counted = at
        end = content.find(b"\n", at)
        at = content.find(word, end + 1) if end >= 0 else -1


def slices(target: ast.expr | None) -> list[ast.expr]:
    """What the items are chosen by that a target assigns: expressions that run."""
    return [node.slice for node in ast.walk(target) if isinstance(node, ast.Subscript)] if target is not None else []
