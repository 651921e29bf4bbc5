"""Files and folders that code behind a yield deletes without having made them."""

import ast
from collections.abc import Iterable, Iterator

from rescope.facts.names import ModuleNames
from rescope.facts.signature import FunctionNode
from rescope.facts.values import short

_FUNCTIONS = frozenset({"os.remove", "os.unlink", "os.rmdir", "os.removedirs", "shutil.rmtree"})
_METHODS = frozenset({"unlink", "rmdir", "rmtree"})


def removals(node: FunctionNode, yields_at: int, names: ModuleNames) -> Iterator[tuple[int, str]]:
    """Line and text of each path deleted behind the yield of which nothing before it speaks, by name or by literal."""
    calls = [c for c in ast.walk(node) if isinstance(c, ast.Call) and c.lineno > yields_at]
    removed = [(call, path) for call in calls if (path := _removed(call, names)) is not None]
    if not removed:
        return
    before = _words(n for n in ast.walk(node) if getattr(n, "lineno", yields_at + 1) <= yields_at and n is not node)
    origins = _origins(node, yields_at)
    for call, path in removed:
        words = _words(ast.walk(path))
        words |= {word for name in words & set(origins) for word in origins[name]}
        if words and not words & before:
            yield call.lineno, short(path)


def _removed(call: ast.Call, names: ModuleNames) -> ast.expr | None:
    """The path that the call deletes, None if it deletes none."""
    if names.dotted(call.func) in _FUNCTIONS:
        return call.args[0] if call.args else None
    if isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS:
        return call.func.value
    return None


def _origins(node: FunctionNode, yields_at: int) -> dict[str, set[str]]:
    """What the locals that are bound behind the yield are made from."""
    bound = (n for n in ast.walk(node) if isinstance(n, ast.Assign) and n.lineno > yields_at)
    return {t.id: _words(ast.walk(n.value)) for n in bound for t in n.targets if isinstance(t, ast.Name)}


def _words(nodes: Iterable[ast.AST]) -> set[str]:
    """Names, arguments and literal texts."""
    found: set[str] = set()
    for node in nodes:
        match node:
            case ast.Name(id=word) | ast.arg(arg=word) | ast.Constant(value=str(word)):
                found.add(word)
    return found
