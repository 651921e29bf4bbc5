"""Names that module and class bodies assign: what they start as, and how sure the binding is."""

import ast

from rescope.facts.names import ModuleNames
from rescope.facts.values import LITERALS, constant_name, constant_text
from rescope.model.address import Address
from rescope.model.facts import UNBOUND, Root, Target, Value, ValueKind, Variable

_CONTAINER_CALLS = {
    "dict": "dict",
    "list": "list",
    "set": "set",
    "collections.OrderedDict": "dict",
    "collections.defaultdict": "dict",
    "collections.Counter": "dict",
    "collections.deque": "deque",
}


def module_variable(node: ast.Assign | ast.AnnAssign, names: ModuleNames, address: Address) -> Variable:
    """The variable that an assignment at module or class level makes."""
    annotation = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
    bare = isinstance(node, ast.AnnAssign) and node.value is None
    return Variable(
        address=address,
        line=node.lineno,
        value=Value(kind=ValueKind.OTHER, text=UNBOUND, line=node.lineno) if bare else _value(node.value, names),
        annotation=annotation,
        size=_size(node.value),
    )


def _value(node: ast.expr | None, names: ModuleNames) -> Value:
    line = getattr(node, "lineno", 0)
    match node:
        case ast.Constant(value=None):
            return Value(kind=ValueKind.NONE, text="None", line=line)
        case ast.Constant():
            return Value(kind=ValueKind.CONSTANT, text=constant_text(node), line=line)
        case ast.Call(func=func):
            called = names.dotted(func)
            if called in _CONTAINER_CALLS:
                return Value(kind=ValueKind.LITERAL, text=_CONTAINER_CALLS[called], line=line)
            target = Target(root=Root.IMPORTED if "." in called else Root.GLOBAL, dotted=called)
            return Value(kind=ValueKind.CALL, target=target, text=_default(node), line=line)
    if node is not None and type(node) in LITERALS:
        return Value(kind=ValueKind.LITERAL, text=LITERALS[type(node)], line=line)
    if isinstance(node, (ast.Name, ast.Attribute)):
        called = names.dotted(node)
        target = Target(root=Root.IMPORTED if "." in called else Root.GLOBAL, dotted=called)
        return Value(kind=ValueKind.ALIAS, target=target, text=constant_name(called), line=line)
    return Value(kind=ValueKind.OTHER, line=line)


def _default(node: ast.Call) -> str:
    """The `default=` of a call, if it has one: a context variable that has one can be read before it is set."""
    given = next((k.value for k in node.keywords if k.arg == "default"), None)
    return constant_text(given) if isinstance(given, ast.Constant) else "default" if given is not None else ""


def _size(node: ast.expr | None) -> int:
    """How many elements a literal container starts with; 1 stands for those of a comprehension."""
    if isinstance(node, (ast.DictComp, ast.ListComp, ast.SetComp)):
        return 1
    if isinstance(node, ast.Dict):
        return len(node.keys)
    if isinstance(node, (ast.List, ast.Set, ast.Tuple)):
        return len(node.elts)
    return len(node.args) if isinstance(node, ast.Call) else 0


def class_keywords(node: ast.ClassDef) -> tuple[str, ...]:
    """`metaclass=X` and other class keywords, as `name=dotted`; `slots=` of a decorator, too."""
    slots = (k for d in node.decorator_list if isinstance(d, ast.Call) for k in d.keywords if k.arg == "slots")
    return tuple(f"{k.arg}={ast.unparse(k.value)}" for k in (*node.keywords, *slots) if k.arg)
