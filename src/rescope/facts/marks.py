"""Marks: usefixtures, parametrize, and the decorators that take arguments away from a signature."""

import ast
from collections.abc import Iterable, Iterator, Sequence

from rescope.facts.names import ModuleNames, callee_dotted, literal_strings
from rescope.facts.values import keywords_of
from rescope.facts.walking import walk
from rescope.model.facts import NO_MARKS, Marks, Parametrize
from rescope.model.scope import parse_scope

_DIRECT = 2
_SKIPS = frozenset({"pytest.mark.skip", "unittest.skip"})
_NO_MARKS = (
    "pytest.",
    "pytest_asyncio.",
    "unittest.",
    "mock.",
    "hypothesis.",
    "staticmethod",
    "classmethod",
    "property",
    "functools.",
    "contextlib.",
)


def read_marks(nodes: Iterable[ast.expr], names: ModuleNames) -> Marks:
    """The fixture-related marks among decorators (lowest first) or `pytestmark` values."""
    usefixtures: list[str] = []
    parametrize: list[Parametrize] = []
    refers: list[tuple[int, str]] = []
    opaque = computed = anyio = skip = False
    for node in _expand(nodes, names):
        name = callee_dotted(node, names)
        if not name:
            opaque |= _may_mark(node)
        elif name == "pytest.mark.usefixtures":
            texts = _strings(node)
            usefixtures += texts or ()
            computed |= texts is None
        elif name == "pytest.mark.parametrize" and isinstance(node, ast.Call):
            mark = _parametrize(node)
            parametrize += [mark] if mark else []
            opaque |= mark is None and not _is_direct(node)
            computed |= mark is None
        elif name == "pytest.mark.anyio":
            anyio = True
        elif is_skip(node, names):
            skip = True
        elif not name.startswith(_NO_MARKS):
            refers.append((len(usefixtures), name))
    if not (usefixtures or parametrize or opaque or computed or refers or anyio or skip):
        return NO_MARKS
    return Marks(
        usefixtures=tuple(usefixtures),
        parametrize=tuple(parametrize),
        opaque=opaque,
        computed=computed,
        refers=tuple(refers),
        anyio=anyio,
        skip=skip,
    )


def is_skip(node: ast.expr, names: ModuleNames) -> bool:
    """Whether a mark leaves tests out, whatever holds."""
    return callee_dotted(node, names) in _SKIPS


def _strings(node: ast.expr) -> tuple[str, ...] | None:
    """The literal arguments of a mark, None if one is computed."""
    texts = [literal_strings(arg) for arg in node.args] if isinstance(node, ast.Call) else []
    return None if None in texts else tuple(text for found in texts if found for text in found)


def _may_mark(node: ast.expr) -> bool:
    """Whether an expression that is no plain mark may hold one that bears upon fixtures."""
    words = {n.attr for n in walk(node) if isinstance(n, ast.Attribute)} | {n.id for n in walk(node) if isinstance(n, ast.Name)}
    return bool(words & {"usefixtures", "parametrize"})


def _expand(nodes: Iterable[ast.expr], names: ModuleNames) -> Iterator[ast.expr]:
    """The nodes, with lists opened and names of the file's own mark variables replaced by what they hold."""
    for node in nodes:
        match node:
            case ast.Name(id=name) if name in names.marks:
                yield from _expand((n for n in names.marks[name] if not _names(n, name)), names)
            case ast.Starred(value=value):
                yield from _expand((value,), names)
            case ast.List() | ast.Tuple() | ast.BinOp(op=ast.Add()):
                yield from _expand(mark_values(node), names)
            case _:
                yield node


def _names(node: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in walk(node))


def mark_values(node: ast.expr) -> tuple[ast.expr, ...]:
    """The single marks of a `pytestmark` or mark variable value."""
    match node:
        case ast.List(elts=elts) | ast.Tuple(elts=elts):
            return tuple(elts)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return (*mark_values(left), *mark_values(right))
    return (node,)


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


def _is_direct(node: ast.Call) -> bool:
    """Whether a parametrize mark surely sets the test's own arguments, and reaches no fixture."""
    return not {"indirect", "*", "**"} & set(keywords_of(node)) and len(node.args) <= _DIRECT


def _indirect(node: ast.expr | None, argnames: tuple[str, ...]) -> tuple[str, ...] | None:
    if node is None:
        return ()
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return argnames if node.value else ()
    return literal_strings(node)


def mock_arguments(decorators: Sequence[ast.expr], names: ModuleNames) -> tuple[int, int]:
    """How many leading arguments `mock.patch` decorators fill (pytest drops them: D10), and how many more they may.

    A patch whose arguments are unpacked (`mock.patch(*target)`) may bring its own `new` or not.
    """
    count = unsure = 0
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
        if len(node.args) > new_at or any(k.arg == "new" for k in node.keywords):
            continue
        unpacked = any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords)
        unsure += unpacked
        count += not unpacked
    return count, unsure


def given_arguments(decorators: Sequence[ast.expr], names: ModuleNames) -> tuple[int, frozenset[str]] | None:
    """What Hypothesis' `given` supplies: how many from the right, and which by keyword; None without it."""
    for node in decorators:
        if isinstance(node, ast.Call) and names.dotted(node.func) in {"hypothesis.given", "given"}:
            by_name = frozenset(k.arg for k in node.keywords if k.arg)
            return len(node.args), by_name
    return None
