"""The names that pytest requests for a function, by its signature (D10, D11 of pytest's own rules)."""

import ast

from rescope.facts.marks import given_arguments, mock_arguments
from rescope.facts.names import ModuleNames

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def all_params(node: FunctionNode) -> tuple[str, ...]:
    """Every parameter name, in order."""
    args = node.args
    plain = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    return tuple(a.arg for a in plain + [a for a in (args.vararg, args.kwarg) if a])


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


def argnames(node: FunctionNode, names: ModuleNames, *, method: bool, patches: int = 0) -> tuple[str, ...]:
    """The fixture names that pytest requests for this function; `patches` decorate its class."""
    found = list(required(node))
    bound = method and not is_static(node) and not node.args.posonlyargs
    if bound and found and node.args.args and node.args.args[0].arg == found[0]:
        del found[0]
    on_class = patches if node.name.startswith("test") else 0
    del found[: mock_arguments(node.decorator_list, names) + on_class]
    given = given_arguments(node.decorator_list, names)
    if given is not None:
        count, by_name = given
        found = found[: len(found) - count] if count else found
        found = [name for name in found if name not in by_name]
    return tuple(found)
