"""Fixtures as their decorators declare them, in every spelling that a static reader can know."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from rescope.facts.names import ModuleNames
from rescope.facts.walking import walk
from rescope.model.scope import Scope, ScopeUnknown, parse_scope

CREATORS = frozenset(
    {
        "pytest.fixture",
        "pytest.yield_fixture",
        "_pytest.fixtures.fixture",
        "pytest_asyncio.fixture",
        "pytest_asyncio.plugin.fixture",
        "pytest_trio.trio_fixture",
        "pytest_twisted.inlineCallbacks_fixture",
        "pytest_twisted.async_fixture",
        "pytest_twisted.async_yield_fixture",
        "pytest_cases.fixture",
    },
)


_MARKS = frozenset({"pytest.mark", "pytest.mark.parametrize", "pytest.mark.usefixtures"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The arguments of one fixture decorator or call."""

    creator: str
    name: str
    scope: Scope | ScopeUnknown
    autouse: bool | None
    params: bool
    loop_scope: Scope | None
    editable: str


def creator_aliases(statements: Iterable[ast.stmt], imports: dict[str, str]) -> dict[str, tuple[str, tuple[ast.keyword, ...]]]:
    """Module-level names for things of pytest, such as `fixture = pytest.fixture` or a partial of it, with the arguments bound."""
    names = ModuleNames(path="", imports=imports)
    found: dict[str, tuple[str, tuple[ast.keyword, ...]]] = {}
    for node in statements:
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        value: ast.expr = node.value
        bound: tuple[ast.keyword, ...] = ()
        if isinstance(value, ast.Call) and names.dotted(value.func) == "functools.partial" and len(value.args) == 1:
            bound = tuple(value.keywords)
            value = value.args[0]
        dotted = names.dotted(value)
        if dotted in CREATORS or (not bound and dotted in _MARKS):
            found[node.targets[0].id] = (dotted, bound)
    return found


def creator_names(imports: dict[str, str], aliases: Iterable[str]) -> tuple[bytes, ...]:
    """The words of which one stands in any expression that names a creator."""
    renamed = (name for name, dotted in imports.items() if "fixture" in dotted and "fixture" not in name)
    # An identifier beyond ASCII may be spelled in several ways: the empty word stands on every line.
    return (b"fixture", *(name.encode() if name.isascii() else b"" for name in (*renamed, *aliases)))


def makes_fixtures(node: ast.FunctionDef | ast.AsyncFunctionDef, names: ModuleNames) -> bool:
    """Whether a function makes fixtures for its caller, or is a decorator that does."""
    return any(
        isinstance(inner, (ast.Attribute, ast.Name)) and names.dotted(inner) in CREATORS
        for statement in node.body
        for inner in walk(statement)
    )


def _arguments(node: ast.expr, call: ast.Call | None, names: ModuleNames) -> dict[str | None, ast.expr]:
    callee = call.func if call else node
    alias = names.aliases.get(callee.id) if isinstance(callee, ast.Name) else None
    keywords = (*(alias[1] if alias else ()), *(call.keywords if call else ()))
    return {k.arg: k.value for k in keywords}


def declaration(node: ast.expr, names: ModuleNames) -> Declaration | None:
    """What a decorator (called or not) declares, or None if it makes no fixture."""
    call = node if isinstance(node, ast.Call) else None
    creator = names.dotted(call.func if call else node)
    if creator not in CREATORS:
        return None
    keywords = _arguments(node, call, names)
    scope, editable = _scope(keywords)
    if not editable and len(keywords) > len(call.keywords if call else ()):
        editable = "its decorator is a partial that sets arguments"
    return Declaration(
        creator=creator,
        name=_text(keywords.get("name")),
        scope=scope,
        autouse=_flag(keywords.get("autouse")),
        params=not _is_none(keywords.get("params")),
        loop_scope=parse_scope(_text(keywords.get("loop_scope"))),
        editable=editable,
    )


def call_form(node: ast.expr, names: ModuleNames) -> tuple[Declaration, ast.expr] | None:
    """`fixture(scope=...)(impl)` or `fixture(impl, scope=...)`: the declaration and `impl`."""
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return None
    inner = node.func if isinstance(node.func, ast.Call) else node
    declared = declaration(inner, names)
    return (declared, node.args[0]) if declared else None


def _scope(keywords: dict[str | None, ast.expr]) -> tuple[Scope | ScopeUnknown, str]:
    """The scope, and "" or the reason why a rewrite cannot change it."""
    if None in keywords:
        why = "its decorator takes ** arguments"
        return ScopeUnknown(why=why), why
    node = keywords.get("scope")
    if node is None:
        return Scope.FUNCTION, ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        scope = parse_scope(node.value)
        if scope is not None:
            return scope, ""
        why = f"pytest knows no scope {node.value!r}"
    elif isinstance(node, ast.Lambda):
        why = "its scope is a callable"
    else:
        why = f"its scope is computed: {ast.unparse(node)}"
    return ScopeUnknown(why=why), why


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _flag(node: ast.expr | None) -> bool | None:
    if node is None:
        return False
    return bool(node.value) if isinstance(node, ast.Constant) else None


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)
