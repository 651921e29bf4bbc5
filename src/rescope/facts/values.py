"""Short texts of expressions, for evidence lines and for literal initial values."""

import ast
from types import MappingProxyType

from rescope.facts.verbs import ASKS
from rescope.model.facts import Value, ValueKind

_LIMIT = 72
CONTAINERS = frozenset({"dict", "list", "set"})
FILLED = "(...)"
GROWS = "+= ..."

LITERALS = MappingProxyType(
    {
        ast.Dict: "dict",
        ast.DictComp: "dict",
        ast.List: "list",
        ast.ListComp: "list",
        ast.Set: "set",
        ast.SetComp: "set",
        ast.Tuple: "tuple",
    },
)


def short(node: ast.AST | None) -> str:
    """The source of an expression on one line, cut to 72 characters."""
    text = " ".join(ast.unparse(node).split()) if node is not None else ""
    return text if len(text) <= _LIMIT else text[: _LIMIT - 3] + "..."


def constant_text(node: ast.Constant) -> str:
    """The full source of a constant, as it may be written into another file."""
    return repr(node.value)


def constant_name(dotted: str) -> str:
    """The class and name of what is a constant of a class by its spelling, as a member of an enumeration: `Style.LONG`; "" of others."""
    owner, _, name = dotted.rpartition(".")
    owner = owner.rpartition(".")[2]
    return f"{owner}.{name}" if name.isupper() and owner[:1].isupper() and not owner.isupper() else ""


def assigned_text(node: ast.expr | None, made: Value) -> str:
    """The source of an assigned constant or the sort of a container; one that is not empty says so: `list(...)`."""
    called = made.target.dotted if made.target is not None and made.kind is ValueKind.CALL else ""
    if called in CONTAINERS and isinstance(node, ast.Call) and not (node.args or node.keywords):
        return called
    holds = isinstance(node, (ast.List, ast.Set, ast.Tuple)) and node.elts
    filled = holds or (isinstance(node, ast.Dict) and node.keys) or isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp))
    return f"{made.text}{FILLED}" if filled else made.text


def keywords_of(node: ast.Call) -> tuple[str, ...]:
    """The keywords of a call, with `*` and `**` for what is unpacked into it."""
    starred = ["*"] * any(isinstance(a, ast.Starred) for a in node.args)
    return (*starred, *(k.arg or "**" for k in node.keywords))


def call_strings(node: ast.Call) -> tuple[str, ...]:
    """The literal strings among the positional arguments of a call."""
    return tuple(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def only_constant(node: ast.Call) -> str:
    """The source of the only argument of a call, "" if there are others or it is no constant."""
    given = [*node.args, *(k.value for k in node.keywords)]
    return constant_text(given[0]) if len(given) == 1 and isinstance(given[0], ast.Constant) else ""


def asked_for(node: ast.Call) -> tuple[str, ...]:
    """The attribute that `hasattr` or `getattr` is asked for by a literal name."""
    named = isinstance(node.func, ast.Name) and node.func.id in ASKS
    return call_strings(node)[:1] if named else ()


def grows(added: ast.expr) -> bool:
    """Whether `+=` with this changes the object itself: it is seen to be a container. A number would only be bound anew."""
    displays = (ast.List, ast.ListComp, ast.Tuple, ast.Set, ast.SetComp, ast.Dict, ast.DictComp)
    return isinstance(added, displays) or (isinstance(added, ast.Call) and short(added.func) in {*CONTAINERS, "sorted"})


def built(made: Value) -> str:
    """The dotted callee of a value that a call made; "?" where the callee is computed."""
    if made.kind is not ValueKind.CALL:
        return ""
    return made.target.dotted if made.target else "?"


def position_of(target: ast.Tuple | ast.List, position: int) -> str:
    """The part that an element of an unpacked value is: `[1]`, or `[]` where a starred one makes the position unknown."""
    return "[]" if any(isinstance(e, ast.Starred) for e in target.elts) else f"[{position}]"
