"""What a call is made on and handed, and whether it changes its receiver."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from rescope.facts.environment import Environment
from rescope.facts.verbs import ASKS, GIVE_NOTHING, MUTATORS
from rescope.model.facts import Call, Effect, Root, Target, Value, ValueKind

_CLASS = re.compile(r"[A-Z]\w*[a-z]\w*")
_COMMAND_LINE = Target(root=Root.IMPORTED, dotted="sys.argv")


def innermost(node: ast.expr) -> ast.expr:
    """What an attribute or item is of, past all others of the chain."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node


def asked_name(node: ast.Call) -> str:
    """The literal name that `request.getfixturevalue` is asked for, "" where it is computed."""
    names = [*node.args, *(k.value for k in node.keywords if k.arg == "argname")][:1]
    return next((n.value for n in names if isinstance(n, ast.Constant) and isinstance(n.value, str)), "")


def asked_for(env: Environment, node: ast.Call) -> Target | None:
    """What a call reads by itself: the attribute that `getattr(owner, "name")` or `hasattr(owner, "name")` asks for, the command line.

    A parser of argparse reads `sys.argv` where it is given nothing, be it by who calls the function.
    """
    match node:
        case ast.Call(func=ast.Name(id=asks), args=[owner, ast.Constant(value=str(name)), *_]) if asks in ASKS:
            return env.extend(owner, name)
        case ast.Call(func=ast.Attribute(attr="parse_args" | "parse_known_args"), args=[] | [ast.Name()], keywords=[]):
            given = env.resolve(node.args[0]) if node.args else None
            return _COMMAND_LINE if not node.args or (given is not None and given.root is Root.ARGUMENT) else None
    return None


def receiver(env: Environment, func: ast.expr) -> str:
    """The dotted name of what made the local object whose method is called; "" if it is no such call."""
    made = env.made.get(func.value.id) if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) else None
    return made.target.dotted if made is not None and made.kind is ValueKind.CALL and made.target else ""


def passed(env: Environment, node: ast.Call) -> Iterator[tuple[int | str, Target]]:
    """The arguments of a call that are objects with a name from outside, by position or keyword."""
    slots: list[tuple[int | str, ast.expr]] = list(enumerate(node.args))
    slots += [(k.arg, k.value) for k in node.keywords if k.arg]
    for slot, argument in slots:
        target = env.resolve(argument)
        if target is not None and target.root is not Root.LOCAL:
            yield slot, target


def stands_for(env: Environment, node: ast.expr, dotted: str) -> bool:
    """Whether an expression is the argument of that name, or the attribute of one that a dotted name says."""
    target = env.resolve(node)
    return target is not None and target.root is Root.ARGUMENT and target.dotted == dotted


def only_names(target: ast.expr) -> bool:
    """Whether an assignment only gives names: to a value, or to the items of one, of which it says no more than how many there are."""
    items = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    return all(isinstance(item, ast.Name) for item in items)


def changes_receiver(node: ast.Call, callee: Target, *, used: bool) -> bool:
    """Whether a method call changes what it is called on, as those of containers and frames do.

    What gives None in a container, and whose result is `used` here, is a method of something else: `query.update(...)`; so is an
    `update` of two things, as `manager.update(number, {...})`, or of a class deep within an argument: `shop.api.Orders.update(...)`.
    """
    owner, _, method = callee.dotted.rpartition(".")
    inner = callee.root is Root.ARGUMENT and owner.count(".") > 1 and _CLASS.fullmatch(owner.rpartition(".")[2])
    if method == "update" and (len(node.args) > 1 or inner):
        return False
    in_place = any(k.arg == "inplace" and isinstance(k.value, ast.Constant) and k.value.value is True for k in node.keywords)
    return in_place or (method in MUTATORS and not (used and method in GIVE_NOTHING))


def told(env: Environment, func: ast.expr) -> tuple[Value | None, str]:
    """What made the object whose method is called, and the method; "" for one that changes a part of it, as `made().rows.append`."""
    if not isinstance(func, ast.Attribute):
        return None, ""
    base = innermost(func)
    made = env.made.get(base.id) if isinstance(base, ast.Name) else env.value_of(base) if isinstance(base, ast.Call) else None
    if base is func.value:
        return made, func.attr
    return (made, "") if func.attr in MUTATORS else (None, "")


def registered(env: Environment, node: ast.expr, nested: str) -> Iterator[Call]:
    """A function that is handed over to be called after the test counts as called there."""
    callee = env.resolve(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
    if callee is not None and callee.root is not Root.LOCAL:
        yield Call(callee=callee, line=node.lineno, after_yield=True, discarded=True, nested=nested)


def computed(env: Environment, node: ast.Call, nested: str, *, after_yield: bool) -> Iterator[Call]:
    """A call of what another expression gives, recorded where it is handed an argument."""
    passes = tuple(passed(env, node))
    if any(target.root is Root.ARGUMENT for _, target in passes):
        callee = Target(root=Root.LOCAL, dotted="<computed>")
        yield Call(callee=callee, line=node.lineno, passes=passes, nested=nested, after_yield=after_yield)


def variable_read(target: Target | None, node: ast.expr) -> Iterator[Call]:
    """A look at a variable of the environment by a literal name, `os.environ["KEY"]`, as the call that Python makes of it."""
    if target is not None and target.dotted == "os.environ.[]" and isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        strings = (node.slice.value,) if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str) else ()
        yield Call(callee=target._replace(dotted="os.environ.__getitem__"), line=node.lineno, strings=strings)


def is_program(target: Target, node: ast.expr) -> bool:
    """Whether it is `sys.argv[0]` or `sys.argv[:1]`: the program, not what it is told."""
    first = isinstance(node, ast.Subscript) and ast.unparse(node.slice) in {"0", ":1"}
    return first and target.dotted == "sys.argv.[]"


def looks(effects: Iterable[Effect], arguments: Mapping[Target, int], *, whole: bool) -> tuple[tuple[Target, int], ...]:
    """What is read of the arguments, or else (not `whole`) of those that the effects change, and where first."""
    changed = {effect.target.head for effect in effects if effect.target.root is Root.ARGUMENT}
    return tuple((target, line) for target, line in arguments.items() if whole or target.head in changed)
