"""What a condition looks at, and what it asks after."""

import ast
import re
from collections.abc import Iterable, Iterator

from rescope.facts.environment import Environment
from rescope.facts.values import CONTAINERS, asked_for
from rescope.facts.walking import walk

_FILES = frozenset({"exists", "is_dir", "is_file", "isdir", "isfile"})
_CONFLICT = re.compile(r"Already|Exists|Duplicat|Conflict|Unique|InUse")


def looked_at(env: Environment, test: ast.expr) -> Iterator[str]:
    """All names and attributes of a condition; a local counts as what it was made from."""
    for node in ast.walk(test):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            made = env.made.get(node.id)
            sources = (env.aliases.get(node.id), made.target if made else None)
            yield from (node.id, *(part for source in sources if source for part in source.dotted.split(".")))


def conflicts(body: Iterable[ast.stmt]) -> Iterator[tuple[int, str]]:
    """Line and name of each error that is raised, and says by its name that something is there already."""
    for node in body:
        raised = node.exc if isinstance(node, ast.Raise) else None
        name = ast.unparse(raised.func if isinstance(raised, ast.Call) else raised) if raised is not None else ""
        if _CONFLICT.search(name.rpartition(".")[2]):
            yield node.lineno, name


def absent(node: ast.Assert) -> Iterator[tuple[int, str]]:
    """Line of an assertion that a file or folder is not there yet, and the error that it comes to."""
    match node.test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Attribute(attr=asked))) if asked in _FILES:
            yield node.lineno, AssertionError.__name__


def only_if(test: ast.expr) -> str:
    """The name that a condition asks to be of a class other than a plain container, "" if it does not."""
    match test:
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), kinds]):
            plain = {ast.unparse(kind) for kind in (kinds.elts if isinstance(kinds, ast.Tuple) else [kinds])} & CONTAINERS
            return "" if plain else name
    return ""


def needed(env: Environment, test: ast.expr) -> str:
    """The parameter, false by default, that a condition asks for, "" if it asks for none."""
    match test:
        case ast.Name(id=name) | ast.Compare(left=ast.Name(id=name), ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return name if name in env.optional and name in env.params else ""
        case ast.BoolOp(op=ast.And(), values=values):
            return next(filter(None, (needed(env, value) for value in values)), "")
    return ""


def argument_guard(name: str) -> str:
    """How a guard that is a parameter is told from an attribute or a global of the same name."""
    return f"{name}="


def asked_after(env: Environment, node: ast.AST) -> Iterator[str]:
    """The names whose presence or value guards what comes after: plain ones, attributes, and what was looked up before.

    A parameter guards what it is itself, and no attribute that is called like it.
    """
    for inner in walk(node):
        if isinstance(inner, ast.Name):
            yield from (argument_guard(inner.id) if inner.id in env.params else inner.id, *env.got_from(inner.id))
        elif isinstance(inner, ast.Attribute):
            yield inner.attr
        elif isinstance(inner, ast.Call):
            yield from asked_for(inner)
