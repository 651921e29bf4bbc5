"""Copies that code behind a yield puts in the place of the container that they were taken from."""

import ast
from collections.abc import Iterator

from rescope.facts.names import ModuleNames
from rescope.facts.signature import FunctionNode
from rescope.model.facts import CopyBack

_MAKERS = frozenset({"dict", "list", "set", "copy.copy", "copy.deepcopy"})


def copies_put_back(node: FunctionNode, yields_at: int, names: ModuleNames) -> Iterator[CopyBack]:
    """Each `a.b = saved` behind the yield where `saved` is a copy of `a.b`, made before it and bound once."""
    assigned = [n for n in ast.walk(node) if isinstance(n, ast.Assign)]
    stored = [ast.unparse(n) for n in ast.walk(node) if isinstance(n, (ast.Name, ast.Attribute)) and isinstance(n.ctx, ast.Store)]
    made = {t.id: n.value for n in assigned for t in n.targets if isinstance(t, ast.Name) and n.lineno < yields_at}
    for each in assigned:
        match each:
            case ast.Assign(targets=[ast.Attribute() as target], value=ast.Name(id=saved)) if each.lineno > yields_at and saved in made:
                place = ast.unparse(target)
                if _copied(made[saved], names) == place:
                    once = stored.count(place) == stored.count(saved) == 1
                    yield CopyBack(target=place, saved=saved, line=each.lineno, once=once)


def _copied(value: ast.expr, names: ModuleNames) -> str:
    """The source text of what an expression is a copy of, "" if it is none."""
    match value:
        case ast.Call(func=ast.Attribute(value=original, attr="copy"), args=[], keywords=[]):
            return ast.unparse(original)
        case ast.Call(func=func, args=[original], keywords=[]) if names.dotted(func) in _MAKERS:
            return ast.unparse(original)
        case ast.Subscript(value=original, slice=ast.Slice(lower=None, upper=None, step=None)):
            return ast.unparse(original)
        case (
            ast.Dict(keys=[None], values=[original])
            | ast.List(elts=[ast.Starred(value=original)])
            | ast.Set(elts=[ast.Starred(value=original)])
        ):
            return ast.unparse(original)
    return ""
