"""Which of several definitions of one name a statement is, counted in the order of the document.

Branches that never run count too, and the arms of `try` as they stand: an edit finds its definition by this number.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

Key = tuple[int, int, str]


def ordinals(body: Iterable[ast.stmt]) -> dict[Key, int]:
    """The ordinal of each `def`, `class` and assigned name of a module, by line, column and name; the latter count apart."""
    seen: Counter[tuple[str, bool]] = Counter()
    found: dict[Key, int] = {}
    for node, prefix, name, assigned in _definitions(body, ""):
        key = (f"{prefix}{name}", assigned)
        found[node.lineno, node.col_offset, name] = seen[key]
        seen[key] += 1
    return found


def _definitions(body: Iterable[ast.AST], prefix: str) -> Iterator[tuple[ast.stmt, str, str, bool]]:
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node, prefix, node.name, False
            case ast.ClassDef():
                yield node, prefix, node.name, False
                yield from _definitions(node.body, f"{prefix}{node.name}.")
            case ast.Assign(targets=targets):
                yield from ((node, prefix, t.id, True) for t in targets if isinstance(t, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield node, prefix, name, True
            case ast.stmt() | ast.ExceptHandler() | ast.match_case():
                yield from _definitions(ast.iter_child_nodes(node), prefix)
