"""What a conftest.py keeps pytest from collecting: `collect_ignore` and `collect_ignore_glob`, as far as they are written out."""

import ast
from collections.abc import Iterator

_ADDS = frozenset({"append", "extend"})
_Texts = tuple[str, ...]


def ignored(tree: ast.Module) -> tuple[_Texts | None, _Texts | None]:
    """The entries of both lists, None where a list is not there.

    Empty where anything else is done with the name than adding to it: what may be taken away again keeps no test from being run. What
    is added under a condition is left out.
    """
    return _entries(tree, "collect_ignore"), _entries(tree, "collect_ignore_glob")


def _entries(tree: ast.Module, name: str) -> _Texts | None:
    mentions = sum(_mentions(node, name) for node in ast.walk(tree))
    if not mentions:
        return None
    certain = [texts for node in tree.body if (texts := _added(node, name)) is not None]
    top = set(map(id, tree.body))
    below = (n for n in ast.walk(tree) if isinstance(n, (ast.Expr, ast.AugAssign)) and id(n) not in top)
    perhaps = sum(_added(node, name) is not None for node in below)
    return tuple(text for texts in certain for text in texts) if len(certain) + perhaps == mentions else ()


def _mentions(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(id=text) | ast.alias(name=text, asname=None) | ast.alias(asname=text) | ast.Constant(value=str(text)):
            return text == name
        case ast.Global(names=names):
            return name in names
    return False


def _added(node: ast.stmt, name: str) -> _Texts | None:
    """What a statement adds to the list, None where it does something else."""
    match node:
        case ast.Assign(targets=[ast.Name(id=target)], value=value) | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value):
            return _literal(value) if target == name else None
        case ast.AugAssign(target=ast.Name(id=target), op=ast.Add(), value=value):
            return _literal(value) if target == name else None
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr=method), args=[value], keywords=[])):
            if target != name or method not in _ADDS:
                return None
            return _literal(value) if method == "extend" else tuple(_texts([value]))
    return None


def _literal(value: ast.expr) -> _Texts | None:
    """The literal entries of a list or tuple; those that are computed are left out."""
    match value:
        case ast.List(elts=elts) | ast.Tuple(elts=elts):
            return tuple(_texts(elts))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            found = _literal(left), _literal(right)
            return None if found[0] is None or found[1] is None else (*found[0], *found[1])
    return None


def _texts(values: list[ast.expr]) -> Iterator[str]:
    yield from (each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str))
