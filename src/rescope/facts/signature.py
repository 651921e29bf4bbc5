"""The names that pytest requests for a function, by its signature (D10, D11 of pytest's own rules)."""

import ast
from collections.abc import Iterator

from rescope.facts.marks import given_arguments, mock_arguments
from rescope.facts.names import ModuleNames

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

_WRAPPING = frozenset({"wraps", "update_wrapper", "decorator", "__wrapped__", "__signature__"})


def all_params(node: FunctionNode) -> tuple[str, ...]:
    """Every parameter name, in order."""
    args = node.args
    plain = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    return tuple(a.arg for a in plain + [a for a in (args.vararg, args.kwarg) if a])


def false_by_default(args: ast.arguments) -> Iterator[str]:
    """The parameters whose default is None, False or another constant that is not true."""
    ordered = [*args.posonlyargs, *args.args]
    defaults = [*zip(reversed(ordered), reversed(args.defaults), strict=False), *zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    yield from (a.arg for a, default in defaults if isinstance(default, ast.Constant) and not default.value)


def required(node: FunctionNode) -> tuple[str, ...]:
    """Parameters without a default that can be passed by keyword, in order."""
    args = node.args
    ordered = [*args.posonlyargs, *args.args]
    plain = ordered[: len(ordered) - len(args.defaults)]
    names = [a.arg for a in plain if a not in args.posonlyargs]
    keyword = [a.arg for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is None]
    return tuple(names + keyword)


def is_static(node: FunctionNode) -> bool:
    """Whether the function is decorated as a static method."""
    return any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)


def argnames(
    node: FunctionNode,
    names: ModuleNames,
    *,
    method: bool,
    patches: tuple[int, int] = (0, 0),
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fixture names that pytest requests for this function, and those of them that a patch may fill instead.

    `patches` decorate its class, as `mock_arguments` counts them.
    """
    found = list(required(node))
    bound = method and not is_static(node) and not node.args.posonlyargs
    if bound and found and node.args.args and node.args.args[0].arg == found[0]:
        del found[0]
    filled, unsure = mock_arguments(node.decorator_list, names)
    if node.name.startswith("test"):
        filled, unsure = filled + patches[0], unsure + patches[1]
    del found[:filled]
    doubtful = found[:unsure]
    given = given_arguments(node.decorator_list, names)
    if given is not None:
        count, by_name = given
        found = found[: len(found) - count] if count else found
        found = [name for name in found if name not in by_name]
    return tuple(found), tuple(doubtful)


def hides_signature(node: FunctionNode) -> bool:
    """Whether a decorator (or what makes one) gives a function of its own back that does not show what it wraps."""
    inner = {n.name: n for n in node.body if isinstance(n, FunctionNode)}
    if not inner:
        return False
    returned = [n.value.id for n in node.body if isinstance(n, ast.Return) and isinstance(n.value, ast.Name)]
    given = inner.get(returned[-1]) if returned else None
    if given is None or any(_named(n) in _WRAPPING for n in ast.walk(node)):
        return False
    own = {n.name for n in given.body if isinstance(n, FunctionNode)}
    params = all_params(given)[:1]
    back = {n.value.id for n in given.body if isinstance(n, ast.Return) and isinstance(n.value, ast.Name)}
    return hides_signature(given) if own & back else not back & set(params)


def _named(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
