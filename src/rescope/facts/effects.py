"""What a function body does: effects on state, calls, and the values it hands out. One pass, source order."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from rescope.facts.names import ModuleNames, import_table
from rescope.facts.values import LITERALS, call_strings, constant_text, short
from rescope.model.facts import Call, Effect, EffectKind, Root, Target, Value, ValueKind

MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "popitem",
        "clear",
        "update",
        "setdefault",
        "add",
        "discard",
        "sort",
        "reverse",
        "appendleft",
        "extendleft",
        "popleft",
        "rotate",
        "intersection_update",
        "difference_update",
        "symmetric_difference_update",
        "fill",
        "itemset",
        "resize",
        "put",
    ],
)
REMOVERS = frozenset({"clear", "pop", "popitem", "remove", "discard", "undo", "stop", "reset_mock"})
PATCHERS = ("mock.patch", "mock.patch.object", "mock.patch.dict", "mock.patch.multiple")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(slots=True, kw_only=True)
class Scan:
    """Collects while a body is walked; `results` of the scan are read from its lists."""

    names: ModuleNames
    local_names: frozenset[str]
    params: frozenset[str]
    receiver: str = ""
    receiver_root: Root = Root.SELF
    module_level: bool = False
    effects: list[Effect] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    mentions: set[Target] = field(default_factory=set)
    globals: set[str] = field(default_factory=set)
    guards: set[str] = field(default_factory=set)
    requested: list[str] = field(default_factory=list)
    requests_unknown: bool = False
    finalizers: set[str] = field(default_factory=set)
    stored: list[tuple[str, Target]] = field(default_factory=list)
    yields_at: int | None = None
    nested: str = ""
    contexts: int = 0
    finals: int = 0
    aliases: dict[str, Target] = field(default_factory=dict)
    made: dict[str, Value] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)

    def resolve(self, node: ast.expr) -> Target | None:
        """The object that an expression names, aliases followed; None for anything computed."""
        match node:
            case ast.Name(id=name):
                return self._name(name)
            case ast.Attribute(value=base, attr=attr):
                return self._extend(base, attr)
            case ast.Subscript(value=base):
                return self._extend(base, "[]")
            case ast.Starred(value=base) | ast.NamedExpr(value=base):
                return self.resolve(base)
            case ast.Call(func=ast.Name(id="type"), args=[ast.Name(id=name)]) if name == self.receiver:
                return Target(root=Root.CLS, dotted="cls")
            case ast.Call(func=ast.Name(id="vars"), args=[base]):
                return self._extend(base, "__dict__")
            case ast.Call(func=ast.Name(id="getattr"), args=[base, ast.Constant(value=str(attr)), *_]):
                return self._extend(base, attr)
            case ast.Call(func=func, args=[_, base]) if self.names.dotted(func) in {"typing.cast", "cast"}:
                return self.resolve(base)
        return None

    def _extend(self, base: ast.expr, attr: str) -> Target | None:
        target = self.resolve(base)
        if target is None:
            return None
        if target.root is Root.SELF and attr == "__class__":
            return Target(root=Root.CLS, dotted="cls")
        return Target(root=target.root, dotted=f"{target.dotted}.{attr}")

    def _name(self, name: str) -> Target:
        if name in self.aliases:
            return self.aliases[name]
        if name == self.receiver:
            return Target(root=self.receiver_root, dotted=self.receiver_root.value)
        if name in self.params:
            return Target(root=Root.ARGUMENT, dotted=name)
        if name in self.imports:
            return Target(root=Root.IMPORTED, dotted=self.imports[name])
        if name in self.local_names and name not in self.globals:
            return Target(root=Root.LOCAL, dotted=name)
        if name in self.names.imports:
            return Target(root=Root.IMPORTED, dotted=self.names.imports[name])
        return Target(root=Root.GLOBAL, dotted=name)

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
            case ast.Call(func=func):
                return Value(kind=ValueKind.CALL, target=self.resolve(func), line=line)
            case ast.Name(id=name) if name in self.made and name not in self.aliases:
                return self.made[name]
        if type(node) in LITERALS:
            return Value(kind=ValueKind.LITERAL, text=LITERALS[type(node)], line=line)
        target = self.resolve(node) if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) else None
        if target is None:
            return Value(kind=ValueKind.OTHER, line=line)
        return Value(kind=ValueKind.ALIAS, target=target, line=line)

    # --- statements -------------------------------------------------------------------------------

    def block(self, body: Iterable[ast.stmt]) -> None:
        """Walk statements in order."""
        for node in body:
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        """Walk one statement."""
        match node:
            case ast.Assign(targets=targets, value=value):
                self.expression(value)
                for target in targets:
                    self.assign(target, value)
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self.expression(value)
                    self.assign(target, value)
            case ast.AugAssign(target=target, value=value):
                self.expression(value)
                self._augmented(target)
            case ast.Delete(targets=targets):
                for target in targets:
                    self._store(EffectKind.DELETE, target, None, how="del")
            case ast.Return(value=value):
                self._hand_out(value)
            case ast.With() | ast.AsyncWith():
                self._with(node)
            case ast.For() | ast.AsyncFor():
                self.expression(node.iter)
                self._bind(node.target, self.resolve(node.iter), "[]")
                self.block([*node.body, *node.orelse])
            case ast.If(test=test) | ast.While(test=test):
                self._guard(test)
                self.block([*node.body, *node.orelse])
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Match():
                self.expression(node.subject)
                for arm in node.cases:
                    self.block(arm.body)
            case _:
                self._other(node)

    def _other(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if not self.module_level:
                    self._inner(node.name, node.body, node)
            case ast.ClassDef():
                if not self.module_level:
                    self._inner(node.name, node.body, None)
            case ast.Import() | ast.ImportFrom():
                self.imports |= import_table([node], self.names.path)
            case ast.Global(names=found):
                self.globals.update(found)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.expression(child)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        if any(h.type is not None and "NameError" in ast.dump(h.type) for h in node.handlers):
            self._guard_names(node.body)
        self.block(node.body)
        for handler in node.handlers:
            self.block(handler.body)
        self.block(node.orelse)
        self.finals += 1
        self.block(node.finalbody)
        self.finals -= 1

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        holds_yield = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for s in node.body for n in ast.walk(s))
        self.contexts += holds_yield
        for item in node.items:
            self.expression(item.context_expr, entered=True)
            if isinstance(item.optional_vars, ast.Name):
                self._enter(item.optional_vars.id, item.context_expr)
        self.block(node.body)
        self.contexts -= holds_yield

    def _enter(self, name: str, node: ast.expr) -> None:
        target = self.resolve(node)
        if target is not None and target.root is not Root.LOCAL:
            self.aliases[name] = target
        else:
            self.aliases.pop(name, None)
            self.made[name] = self.value_of(node)

    def _guard(self, test: ast.expr) -> None:
        self._guard_names([test])
        self.expression(test)

    def _guard_names(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.guards.update(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
            self.guards.update(n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute))

    def _inner(self, name: str, body: list[ast.stmt], function: ast.FunctionDef | ast.AsyncFunctionDef | None) -> None:
        """Walk a nested definition; its parameters hide the outer names."""
        hidden = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)} if function else set()
        outer = (self.local_names, self.params, self.nested, self.aliases, self.contexts, self.finals)
        self.local_names |= hidden | bound_names(body)
        self.params -= hidden
        self.aliases = {k: v for k, v in self.aliases.items() if k not in hidden}
        self.nested, self.contexts, self.finals = self.nested or name, 0, 0
        self.block(body)
        self.local_names, self.params, self.nested, self.aliases, self.contexts, self.finals = outer

    # --- bindings and effects ---------------------------------------------------------------------

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Record `target = value`: an alias, a local, or a change of state."""
        match target:
            case ast.Name(id=name) if name in self.globals:
                self._store(EffectKind.BIND, target, value)
            case ast.Name():
                self._bind(target, self.resolve(value), "")
                self.made[target.id] = self.value_of(value)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                pairs = value.elts if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(elts) else None
                for position, element in enumerate(elts):
                    if pairs:
                        self.assign(element, pairs[position])
                    elif isinstance(element, ast.Name) and element.id not in self.globals:
                        self._bind(element, self.resolve(value), "[]")
                    else:
                        self.assign(element, value)
            case ast.Attribute():
                self._store(EffectKind.SET_ATTR, target, value)
            case ast.Subscript():
                self._store(EffectKind.SET_ITEM, target, value)

    def _bind(self, target: ast.expr, source: Target | None, part: str) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self._bind(element, source, "[]")
        if not isinstance(target, ast.Name):
            return
        if source is None or source.root is Root.LOCAL:
            self.aliases.pop(target.id, None)
        else:
            dotted = f"{source.dotted}.{part}" if part else source.dotted
            self.aliases[target.id] = Target(root=source.root, dotted=dotted)

    def _augmented(self, target: ast.expr) -> None:
        match target:
            case ast.Name(id=name) if name in self.globals:
                self._store(EffectKind.BIND, target, None, how="+=")
            case ast.Name():
                found = self.resolve(target)
                if found is not None and found.root is Root.ARGUMENT:
                    self._record(EffectKind.MUTATE, found, target, how="+=")
            case ast.Attribute():
                self._store(EffectKind.SET_ATTR, target, None, how="+=")
            case ast.Subscript():
                self._store(EffectKind.SET_ITEM, target, None, how="+=")

    def _store(self, kind: EffectKind, node: ast.expr, value: ast.expr | None, how: str = "=") -> None:
        if isinstance(node, (ast.Tuple, ast.List)):
            for element in node.elts:
                self._store(kind, element, value, how)
            return
        target = self.resolve(node)
        if isinstance(node, ast.Name) and node.id not in self.globals:
            return
        key = ""
        if isinstance(node, ast.Subscript):
            self.expression(node.slice)
            target = self.resolve(node.value)
            key = short(node.slice)
        if target is not None:
            self._record(kind, target, node, how=how, key=key, value=value)

    def _record(  # noqa: PLR0913 - the fields of one effect
        self,
        kind: EffectKind,
        target: Target,
        node: ast.expr,
        *,
        how: str,
        key: str = "",
        value: ast.expr | None = None,
    ) -> None:
        if target.root is Root.LOCAL:
            return
        made = self.value_of(value) if value is not None else Value(kind=ValueKind.OTHER)
        if kind is EffectKind.SET_ATTR and target.root is Root.SELF and made.target and made.kind is ValueKind.ALIAS:
            self.stored.append((target.tail, made.target))
        self.effects.append(
            Effect(
                kind=kind,
                target=target,
                line=node.lineno,
                column=node.col_offset + 1,
                text=short(node),
                how=how,
                key=key,
                value=made.text,
                builds=made.target.dotted if made.kind is ValueKind.CALL and made.target else "",
                guarded=target.dotted.rpartition(".")[2] in self.guards,
                after_yield=self._after_yield(),
                in_context=self.contexts > 0,
                nested=self.nested,
            ),
        )

    def _after_yield(self) -> bool:
        return self.yields_at is not None or self.finals > 0

    # --- expressions ------------------------------------------------------------------------------

    def expression(self, node: ast.expr, *, entered: bool = False, awaited: bool = False) -> None:
        """Walk an expression: calls, mentions, yields, lambdas."""
        match node:
            case ast.Call():
                self._call(node, entered=entered, awaited=awaited)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                self._mention(node)
            case ast.Yield(value=value):
                self._hand_out(value)
                self.yields_at = self.yields_at or (node.lineno if not self.nested else None)
            case ast.Await(value=value):
                self.expression(value, entered=entered, awaited=True)
            case ast.IfExp(test=test):
                self._guard(test)
                self.expression(node.body)
                self.expression(node.orelse)
            case ast.BoolOp(values=values):
                self._guard_names(values[:1])
                for value in values:
                    self.expression(value)
            case ast.Lambda(body=body):
                self.local_names, outer = (
                    self.local_names | {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)},
                    self.local_names,
                )
                self.expression(body)
                self.local_names = outer
            case ast.NamedExpr(target=target, value=value):
                self.expression(value)
                self.assign(target, value)
            case _:
                self._children(node)

    def decorator(self, node: ast.expr) -> None:
        """Walk a decorator: without parentheses it is a call all the same."""
        self.expression(node)
        callee = None if isinstance(node, ast.Call) else self.resolve(node)
        if callee is not None:
            self.calls.append(Call(callee=callee, line=node.lineno))

    def _children(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child)
            elif isinstance(child, ast.comprehension):
                self._bind(child.target, self.resolve(child.iter), "[]")
                self._children(child)

    def _mention(self, node: ast.expr) -> None:
        target = self.resolve(node)
        if target is not None and target.root in {Root.IMPORTED, Root.GLOBAL, Root.CLS}:
            self.mentions.add(target)
        inner = node
        while isinstance(inner, (ast.Attribute, ast.Subscript)):
            if isinstance(inner, ast.Subscript):
                self.expression(inner.slice)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            self.expression(inner)

    def _hand_out(self, value: ast.expr | None) -> None:
        if value is not None:
            self.expression(value)
        if self.nested:
            return
        parts = value.elts if isinstance(value, ast.Tuple) and value.elts else [value]
        self.values += [self.value_of(part) for part in parts]

    def _call(self, node: ast.Call, *, entered: bool, awaited: bool) -> None:
        self.expression(node.func)
        for argument in [*node.args, *(k.value for k in node.keywords)]:
            self.expression(argument)
        callee = self.resolve(node.func)
        if callee is None:
            return
        self._dynamic_request(node, callee)
        self._call_effects(node, callee, entered=entered)
        if callee.root is Root.LOCAL and not node.args and not node.keywords:
            return
        call = Call(
            callee=callee,
            line=node.lineno,
            passes=tuple(self._passes(node)),
            strings=call_strings(node),
            after_yield=self._after_yield(),
            awaited=awaited,
            entered=entered,
            nested=self.nested,
        )
        self.calls.append(call)

    def _passes(self, node: ast.Call) -> Iterator[tuple[int | str, Target]]:
        slots: list[tuple[int | str, ast.expr]] = list(enumerate(node.args))
        slots += [(k.arg, k.value) for k in node.keywords if k.arg]
        for slot, argument in slots:
            target = self.resolve(argument)
            if target is not None and target.root is not Root.LOCAL:
                yield slot, target

    def _dynamic_request(self, node: ast.Call, callee: Target) -> None:
        if callee.root is Root.ARGUMENT and callee.dotted == "request.getfixturevalue" and node.args:
            texts = call_strings(node)
            self.requested += texts[:1]
            self.requests_unknown |= not texts
        if callee.dotted == "request.addfinalizer":
            self.finalizers.update(a.id for a in node.args if isinstance(a, ast.Name))

    def _call_effects(self, node: ast.Call, callee: Target, *, entered: bool) -> None:
        base = node.func.value if isinstance(node.func, ast.Attribute) else None
        method = callee.dotted.rpartition(".")[2]
        if callee.dotted in {"setattr", "delattr"} and len(node.args) > 1:
            self._setattr(node, callee.dotted)
        elif callee.root is Root.IMPORTED and callee.dotted.endswith(PATCHERS):
            self._patch(node, callee, entered=entered)
        elif base is not None and (method in MUTATORS or self._inplace(node)):
            target = self.resolve(base)
            if target is not None:
                key = short(node.args[0]) if node.args else ""
                self._record(EffectKind.MUTATE, target, node, how=method, key=key)

    def _inplace(self, node: ast.Call) -> bool:
        return any(k.arg == "inplace" and isinstance(k.value, ast.Constant) and k.value.value is True for k in node.keywords)

    def _setattr(self, node: ast.Call, how: str) -> None:
        name = node.args[1]
        attr = name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else "[]"
        target = self._extend(node.args[0], attr)
        if target is not None:
            kind = EffectKind.SET_ATTR if how == "setattr" else EffectKind.DELETE
            value = node.args[2] if len(node.args) > 2 else None
            self._record(kind, target, node, how=how, value=value)

    def _patch(self, node: ast.Call, callee: Target, *, entered: bool) -> None:
        if entered and self.contexts == 0:
            return
        self._record(EffectKind.PATCH, callee, node, how="with" if entered else "call", key=short(node.args[0]) if node.args else "")

    # --- results ----------------------------------------------------------------------------------

    def settled_effects(self) -> tuple[Effect, ...]:
        """The effects, with finalizers moved behind the yield and undone ones marked."""
        effects = [replace(e, after_yield=True) if e.nested in self.finalizers and e.nested else e for e in self.effects]
        undoing = [e for e in effects if e.after_yield and _takes_away(e)]
        restoring = [e for e in effects if e.after_yield]
        return tuple(e if e.after_yield else _undone(e, undoing, restoring, effects) for e in effects)


def _takes_away(effect: Effect) -> bool:
    return effect.kind is EffectKind.DELETE or effect.how in REMOVERS


def _undone(effect: Effect, undoing: list[Effect], restoring: list[Effect], effects: list[Effect]) -> Effect:
    """The effect with the line that takes it back: after the yield, in a finally, or later in the same body."""
    dotted = effect.target.dotted
    for other in undoing:
        if other.target.dotted in {dotted, f"{dotted}.[]"} or dotted.startswith(f"{other.target.dotted}."):
            return replace(effect, undone_at=other.line)
    for other in restoring:
        if other.target.dotted == dotted or (other.kind is EffectKind.SET_ATTR and dotted.startswith(f"{other.target.dotted}.")):
            return replace(effect, undone_at=other.line)
    for other in effects:
        if other.line > effect.line and other.target.dotted == dotted and _takes_away(other) and other.nested == effect.nested:
            return replace(effect, undone_at=other.line)
    return effect


def bound_names(body: Iterable[ast.stmt]) -> set[str]:
    """Names that the statements bind locally, nested functions' own ones left out."""
    found: set[str] = set()
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        if not isinstance(node, ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))
    return found
