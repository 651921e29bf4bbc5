"""What the names of a function body stand for, as far as walking it once in source order tells."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rescope.facts.names import ModuleNames
from rescope.facts.values import LITERALS, constant_name, constant_text
from rescope.model.facts import Root, Target, Value, ValueKind

_PLAIN = frozenset({"int", "float", "complex", "bool", "str", "bytes"})


@dataclass(slots=True, kw_only=True)
class Environment:
    """Names in scope; `aliases`, `made` and `entries` (what was read by a key) follow the assignments seen so far.

    `bound` are the names that assignments have added to the local ones, in this order; `optional` are the parameters that are false by
    default, `needs` is the one of them without which the statement is not run.
    """

    names: ModuleNames
    local_names: frozenset[str] = frozenset()
    bound: dict[str, None] = field(default_factory=dict)
    params: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    needs: str = ""
    receiver: str = ""
    receiver_root: Root = Root.SELF
    globals: set[str] = field(default_factory=set)
    aliases: dict[str, Target] = field(default_factory=dict)
    made: dict[str, Value] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    held: dict[str, Target] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)
    of_test: bool = False

    def resolve(self, node: ast.expr) -> Target | None:
        """The object that an expression names, aliases followed; None for anything computed."""
        parts: list[str] = []
        base = node
        while isinstance(base, (ast.Attribute, ast.Subscript)):
            parts.append(base.attr if isinstance(base, ast.Attribute) else "[]")
            base = base.value
        target = self._name(base.id) if isinstance(base, ast.Name) else self._made_by(base)
        if not parts or target is None:
            return target
        parts.reverse()
        if target.root is Root.SELF and parts[0] in self.held:
            target = self.held[parts[0]]
            parts = parts[1:]
        if target.root is Root.SELF and "__class__" in parts:
            target = self.names.target(Root.CLS, "cls")
            parts = parts[parts.index("__class__") + 1 :]
        return self.names.target(target.root, ".".join((target.dotted, *parts))) if parts else target

    def _made_by(self, node: ast.expr) -> Target | None:
        """The object that a call of a few builtins gives back."""
        match node:
            case ast.Starred(value=base) | ast.NamedExpr(value=base):
                return self.resolve(base)
            case ast.Call():
                return self._call(node)
        return None

    def _call(self, node: ast.Call) -> Target | None:
        """The object that a call gives back, where it is known to be one that has a name."""
        match node:
            case ast.Call(func=ast.Name(id="super")):
                return self.names.target(Root.LOCAL, "super")
            case ast.Call(func=ast.Name(id="type"), args=[ast.Name(id=name)]) if name == self.receiver:
                return self.names.target(Root.CLS, "cls")
            case ast.Call(func=ast.Name(id="vars"), args=[base]):
                return self.extend(base, "__dict__")
            case ast.Call(func=ast.Name(id="getattr"), args=[base, ast.Constant(value=str(attr)), *_]):
                return self.extend(base, attr)
            case ast.Call(func=ast.Name(id="getattr"), args=[base, _, *_]):
                return self.extend(base, "[]")
            case ast.Call(func=ast.Attribute(value=ast.Name(id="request"), attr="getfixturevalue"), args=[ast.Constant(value=str(name))]):
                return Target(root=Root.ARGUMENT, dotted=name)
            case ast.Call(func=func, args=[_, base]) if self.names.dotted(func) in {"typing.cast", "cast"}:
                return self.resolve(base)
        return None

    def extend(self, base: ast.expr, attr: str) -> Target | None:
        """An attribute or item of an object."""
        target = self.resolve(base)
        if target is None:
            return None
        if target.root is Root.SELF and attr == "__class__":
            return self.names.target(Root.CLS, "cls")
        return self.names.target(target.root, f"{target.dotted}.{attr}")

    def _name(self, name: str) -> Target:
        if name in self.aliases:
            return self.aliases[name]
        if name == self.receiver:
            return self.names.target(self.receiver_root, self.receiver_root.value)
        if name in self.params:
            return self.names.target(Root.ARGUMENT, name)
        if name in self.imports:
            return self.names.target(Root.IMPORTED, self.imports[name])
        if (name in self.local_names or name in self.bound) and name not in self.globals:
            return self.names.target(Root.LOCAL, name)
        if name in self.names.imports:
            return self.names.target(Root.IMPORTED, self.names.imports[name])
        return self.names.target(Root.GLOBAL, name)

    def value_of(self, node: ast.expr | None) -> Value:
        """What an expression is made of: a call, a literal, a constant, or another object."""
        line = getattr(node, "lineno", 0)
        match node:
            case None | ast.Constant(value=None):
                return Value(kind=ValueKind.NONE, text="None", line=line)
            case ast.Constant():
                return Value(kind=ValueKind.CONSTANT, text=constant_text(node), line=line)
            case ast.Await(value=inner):
                return self.value_of(inner)
            case ast.IfExp(body=body, orelse=orelse) if type(body) is type(orelse) and type(body) in LITERALS:
                return self.value_of(body)
            case ast.Call(func=func):
                return Value(kind=ValueKind.CALL, target=self.resolve(func), line=line)
            case ast.Name(id=name) if name in self.made and name not in self.aliases:
                return self.made[name]
        if type(node) in LITERALS:
            return Value(kind=ValueKind.LITERAL, text=LITERALS[type(node)], line=line)
        target = self.resolve(node) if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) else None
        if target is None:
            return Value(kind=ValueKind.OTHER, line=line)
        named = target.root in {Root.IMPORTED, Root.GLOBAL}
        return Value(kind=ValueKind.ALIAS, target=target, text=constant_name(target.dotted) if named else "", line=line)

    def handed_out(self, value: ast.expr | None) -> list[Value]:
        """What a `return` or `yield` hands out: the parts of a tuple each on its own, with their positions as far as they are known."""
        if not isinstance(value, ast.Tuple) or not value.elts:
            return [self.value_of(value)]
        parts = [self.value_of(part) for part in value.elts]
        starred = any(isinstance(part, ast.Starred) for part in value.elts)
        return parts if starred else [part._replace(position=n) for n, part in enumerate(parts)]

    def got_from(self, name: str) -> Iterator[str]:
        """What the container is called that a local was looked up in: `found = self.known.get(key)`."""
        made = self.made.get(name)
        if made is not None and made.target is not None and made.target.dotted.endswith(".get"):
            yield made.target.dotted.split(".")[-2]

    def forget(self, bound: int) -> None:
        """Take away the names that were bound since so many were."""
        while len(self.bound) > bound:
            self.bound.popitem()

    @contextmanager
    def only_with(self, name: str) -> Iterator[None]:
        """What is only run if an argument is given, "" where it is run without."""
        outer, self.needs = self.needs, self.needs or name
        yield
        self.needs = outer

    @contextmanager
    def unknown(self, name: str) -> Iterator[None]:
        """Where an argument is done something to only if it is of some class: nobody knows that of what is handed over."""
        outer, bound = (self.params, self.local_names), len(self.bound)
        if name in self.params and name not in self.aliases and not self.of_test:
            self.params, self.local_names = self.params - {name}, self.local_names | {name}
        yield
        if name in outer[0]:
            self.params, self.local_names = outer
            self.forget(bound)

    def hold(self, node: ast.Attribute, source: Target | None) -> Target | None:
        """What an assignment to an attribute changes; one of `self` stands from then on for the imported object that it is given."""
        if not (isinstance(node.value, ast.Name) and node.value.id == self.receiver and self.receiver_root is Root.SELF):
            return self.resolve(node)
        self.held.pop(node.attr, None)
        if source is not None and source.root is Root.IMPORTED:
            self.held[node.attr] = source
        return self.names.target(Root.SELF, f"self.{node.attr}")

    def declare(self, target: ast.expr, annotation: ast.expr) -> None:
        """A local that is said to hold a plain value is no part of the object that it was read from."""
        if isinstance(target, ast.Name) and target.id not in self.globals and self.names.dotted(annotation) in _PLAIN:
            self.bind(target, None, "")

    def bind(self, target: ast.expr, source: Target | None, part: str) -> None:
        """Let a local name stand for (a part of) an object, or for something of its own."""
        if isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self.bind(element, source, "[]")
        if not isinstance(target, ast.Name):
            return
        if source is None or source.root is Root.LOCAL:
            self.aliases.pop(target.id, None)
            self.params -= {target.id}
            if target.id not in self.local_names:
                self.bound[target.id] = None
        else:
            dotted = f"{source.dotted}.{part}" if part else source.dotted
            self.aliases[target.id] = self.names.target(source.root, dotted)
