"""Marks: usefixtures, parametrize, and the decorators that take arguments away from a signature."""

import ast
from collections.abc import Iterable, Sequence

from rescope.facts.names import ModuleNames, callee_dotted, literal_strings
from rescope.model.facts import Marks, Parametrize
from rescope.model.scope import parse_scope


def read_marks(nodes: Iterable[ast.expr], names: ModuleNames) -> Marks:
    """The fixture-related marks among decorators or `pytestmark` values, in source order."""
    usefixtures: list[str] = []
    parametrize: list[Parametrize] = []
    opaque = False
    for node in _expand(nodes, names):
        name = callee_dotted(node, names)
        if not isinstance(node, ast.Call) or not name.startswith("pytest.mark."):
            continue
        if name == "pytest.mark.usefixtures":
            texts = [literal_strings(arg) for arg in node.args]
            usefixtures += [text for found in texts if found for text in found]
            opaque |= None in texts
        elif name == "pytest.mark.parametrize":
            mark = _parametrize(node)
            parametrize += [mark] if mark else []
            opaque |= mark is None
    return Marks(usefixtures=tuple(usefixtures), parametrize=tuple(parametrize), opaque=opaque)


def _expand(nodes: Iterable[ast.expr], names: ModuleNames) -> Iterable[ast.expr]:
    """The nodes, with names of module-level mark variables replaced by what they hold."""
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in names.marks:
            yield from names.marks[node.id]
        else:
            yield node


def mark_values(node: ast.expr) -> tuple[ast.expr, ...]:
    """The single marks of a `pytestmark` or mark variable value."""
    return tuple(node.elts) if isinstance(node, (ast.List, ast.Tuple)) else (node,)


def split_argnames(node: ast.expr) -> tuple[str, ...] | None:
    """The names in the first argument of parametrize, None if they are computed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return tuple(part.strip() for part in node.value.split(",") if part.strip())
    return literal_strings(node)


def _parametrize(node: ast.Call) -> Parametrize | None:
    keywords = {k.arg: k.value for k in node.keywords}
    first = node.args[0] if node.args else keywords.get("argnames")
    argnames = split_argnames(first) if first is not None else None
    if argnames is None or None in keywords:
        return None
    positional = node.args[2] if len(node.args) > 2 else None
    indirect = _indirect(keywords.get("indirect", positional), argnames)
    scope_node = keywords.get("scope")
    scope = None
    if isinstance(scope_node, ast.Constant) and isinstance(scope_node.value, str):
        scope = parse_scope(scope_node.value)
    return Parametrize(argnames=argnames, indirect=indirect, scope=scope)


def _indirect(node: ast.expr | None, argnames: tuple[str, ...]) -> tuple[str, ...] | None:
    if node is None:
        return ()
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return argnames if node.value else ()
    return literal_strings(node)


def mock_arguments(decorators: Sequence[ast.expr], names: ModuleNames) -> int:
    """How many leading arguments `mock.patch` decorators fill (pytest drops them: D10)."""
    count = 0
    for node in decorators:
        if not isinstance(node, ast.Call):
            continue
        name = callee_dotted(node, names)
        if name.endswith("mock.patch") or name == "patch":
            new_at = 1
        elif name.endswith("mock.patch.object") or name == "patch.object":
            new_at = 2
        else:
            continue
        count += len(node.args) <= new_at and not any(k.arg == "new" for k in node.keywords)
    return count


def given_arguments(decorators: Sequence[ast.expr], names: ModuleNames) -> tuple[int, frozenset[str]] | None:
    """What Hypothesis' `given` supplies: how many from the right, and which by keyword; None without it."""
    for node in decorators:
        if isinstance(node, ast.Call) and names.dotted(node.func) in {"hypothesis.given", "given"}:
            by_name = frozenset(k.arg for k in node.keywords if k.arg)
            return len(node.args), by_name
    return None
