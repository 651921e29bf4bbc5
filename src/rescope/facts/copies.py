"""What code behind a yield puts in the place of something that it read before: the very object, or a copy of it."""

import ast
from collections.abc import Iterator

from rescope.facts.names import ModuleNames
from rescope.facts.signature import FunctionNode
from rescope.facts.values import CONTAINERS
from rescope.model.facts import CopyBack

_WRITES = frozenset({"dump", "dumps", "write", "write_text", "writelines", "writerow", "writerows"})
_SAME_KIND = frozenset({"copy.copy", "copy.deepcopy"})


def copies_put_back(node: FunctionNode, yields_at: int, names: ModuleNames) -> Iterator[CopyBack]:
    """Each `a.b = saved` behind the yield where `saved` was read from `a.b`, or is a copy of it, made before it and bound once."""
    statements = [n for n in ast.walk(node) if isinstance(n, ast.stmt)]
    places = [n for n in ast.walk(node) if isinstance(n, (ast.Name, ast.Attribute))]
    stored = [ast.unparse(n) for n in places if isinstance(n.ctx, ast.Store)]
    made = dict(_made(statements, yields_at))
    given = {ast.unparse(part) for n in ast.walk(node) if isinstance(n, ast.Yield) and n.value for part in ast.walk(n.value)}
    for each in statements:
        match each:
            case ast.Assign(targets=[ast.Attribute() as target], value=ast.Name(id=saved)) if each.lineno > yields_at and saved in made:
                place = ast.unparse(target)
                copied = _copied(made[saved], names)
                if copied is None or copied[0] != place or stored.count(saved) != 1:
                    continue
                mentions = sum(isinstance(n, ast.Name) and n.id == saved for n in places)
                alone = sum(s.lineno == each.lineno for s in statements) == 1 and _is_plain(each, target, place)
                once = stored.count(place) == 1 and mentions == 2 and place not in given and alone
                yield CopyBack(target=place, saved=saved, line=each.lineno, kind=copied[1], once=once)


def is_written_out(node: FunctionNode, yields_at: int) -> bool:
    """Whether what a function yields, or a part of it, is handed behind the yield to a call that writes it: to a file, as JSON."""
    yields = [n.value for n in ast.walk(node) if isinstance(n, ast.Yield) and n.value is not None]
    given = {part.id for value in yields for part in ast.walk(value) if isinstance(part, ast.Name)}
    late = sorted((n for n in ast.walk(node) if isinstance(n, (ast.Assign, ast.For)) and n.lineno > yields_at), key=lambda n: n.lineno)
    for each in late:
        source, targets = (each.value, each.targets) if isinstance(each, ast.Assign) else (each.iter, [each.target])
        if any(isinstance(part, ast.Name) and part.id in given for part in ast.walk(source)):
            given |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    for call in (n for n in ast.walk(node) if given and isinstance(n, ast.Call) and n.lineno > yields_at):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
        handed = (part for argument in call.args for part in ast.walk(argument))
        if name in _WRITES and any(isinstance(part, ast.Name) and part.id in given for part in handed):
            return True
    return False


def _made(statements: list[ast.stmt], yields_at: int) -> Iterator[tuple[str, ast.expr]]:
    for each in statements:
        match each:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                if each.lineno < yields_at:
                    yield name, value


def _is_plain(statement: ast.Assign, target: ast.expr, place: str) -> bool:
    """Whether the assignment is written without parentheses and blanks, as the rewriting expects it."""
    starts = target.col_offset == statement.col_offset and statement.value.end_col_offset == statement.end_col_offset
    return starts and (target.end_col_offset or 0) - target.col_offset == len(place)


def _copied(value: ast.expr, names: ModuleNames) -> tuple[str, str] | None:
    """The source text of what an expression is or copies, and how: "same", "copy" for one of its kind, or the kind; None if neither."""
    match value:
        case ast.Attribute():
            return ast.unparse(value), "same"
        case ast.Call(func=ast.Attribute(value=original, attr="copy"), args=[], keywords=[]):
            return ast.unparse(original), "copy"
        case ast.Call(func=func, args=[original], keywords=[]) if names.dotted(func) in _SAME_KIND:
            return ast.unparse(original), "copy"
        case ast.Call(func=ast.Name(id=kind), args=[original], keywords=[]) if kind in CONTAINERS:
            return ast.unparse(original), kind
        case ast.Subscript(value=original, slice=ast.Slice(lower=None, upper=None, step=None)):
            return ast.unparse(original), "list"
        case ast.Dict(keys=[None], values=[original]):
            return ast.unparse(original), "dict"
        case ast.List(elts=[ast.Starred(value=original)]):
            return ast.unparse(original), "list"
        case ast.Set(elts=[ast.Starred(value=original)]):
            return ast.unparse(original), "set"
    return None
