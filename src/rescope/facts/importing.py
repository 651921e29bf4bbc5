"""What of a module runs when it is imported, and what later."""

import ast
from collections.abc import Iterable, Iterator

from rescope.facts.names import blocks
from rescope.facts.walking import Lines


def top_level(nodes: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Module-level statements, those in branches included, definitions' insides left out."""
    for node in nodes:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for inner in blocks(node):
                yield from top_level(inner)


def runtime_imports(body: Iterable[ast.stmt], speaking: Lines) -> Iterator[tuple[ast.AST, bool]]:
    """Import statements, and of each whether it runs later or may fail; the others surely run with the module."""
    stack = [(node, False) for node in body]
    while stack:
        node, later = stack.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node, later
        elif not speaking.within(node):
            continue
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            stack += [(child, later) for child in node.orelse]
        else:
            inner = later or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Try, ast.If))
            stack += [(child, inner) for block in blocks(node) for child in block]


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING")


def import_time(nodes: Iterable[ast.stmt]) -> Iterator[ast.stmt | ast.expr]:
    """What runs when the module is imported: statements, class bodies, decorators, default values."""
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from node.decorator_list
            yield from node.args.defaults
            yield from (d for d in node.args.kw_defaults if d is not None)
        elif isinstance(node, ast.ClassDef):
            yield from node.decorator_list
            yield from node.bases
            yield from import_time(node.body)
        elif isinstance(node, (ast.If, ast.Try, ast.TryStar)):
            for inner in blocks(node):
                yield from import_time(inner)
        else:
            yield node
