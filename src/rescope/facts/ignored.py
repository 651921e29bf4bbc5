"""What a conftest.py keeps pytest from collecting: `collect_ignore` and `collect_ignore_glob`, as far as they are written out."""

import ast
from collections.abc import Iterable

from rescope.facts.names import string_list

_ADDS = frozenset({"append", "extend"})


def ignored(body: Iterable[ast.stmt]) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """The entries of both lists, None where a list is not there; entries that are computed or conditional are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=value):
                found[name] = _texts(value)
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
                found[name] = found.get(name, ()) + _texts(value)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=[value])) if method in _ADDS:
                found[name] = found.get(name, ()) + _texts(value)
    return found.get("collect_ignore"), found.get("collect_ignore_glob")


def _texts(value: ast.expr | None) -> tuple[str, ...]:
    """The literal entries of a list or tuple, or the one string that is appended."""
    if isinstance(value, (ast.List, ast.Tuple)):
        return tuple(text for each in value.elts for text in _texts(each))
    return tuple(string_list(value) or ())
