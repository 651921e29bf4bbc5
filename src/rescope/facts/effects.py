"""What a function body does: effects on state, calls, and the values it hands out. One pass, source order."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rescope.facts import calls, patches
from rescope.facts.conditions import absent, argument_guard, asked_after, conflicts, looked_at, needed, only_if
from rescope.facts.environment import Environment
from rescope.facts.names import bound_names, import_table
from rescope.facts.undo import entry_of, puts_back
from rescope.facts.values import GROWS, assigned_text, built, call_strings, grows, keywords_of, only_constant, position_of, short
from rescope.facts.verbs import CLEANUPS, MONKEYPATCH
from rescope.facts.walking import children, slices, walk
from rescope.model.facts import REQUEST_ATTRIBUTES, Call, Effect, EffectKind, Root, Target, Value, ValueKind

_OUTSIDE = frozenset({Root.IMPORTED, Root.GLOBAL, Root.CLS})
_STORES = {ast.Name: EffectKind.BIND, ast.Attribute: EffectKind.SET_ATTR, ast.Subscript: EffectKind.SET_ITEM}
PATCHERS = ("mock.patch", "mock.patch.object", "mock.patch.dict", "mock.patch.multiple")


@dataclass(slots=True, kw_only=True)
class Scan:
    """Collects while a body is walked; `results` of the scan are read from its lists."""

    env: Environment
    module_level: bool = False
    effects: list[Effect] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    mentions: dict[Target, int] = field(default_factory=dict)
    arguments: dict[Target, int] = field(default_factory=dict)
    handled: set[tuple[Target, str]] = field(default_factory=set)
    request_attributes: set[str] = field(default_factory=set)
    guards: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)
    conflicts: list[tuple[int, str]] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)
    requests_unknown: bool = False
    finalizers: set[str] = field(default_factory=set)
    stored: list[tuple[str, Target]] = field(default_factory=list)
    yields_at: int | None = None
    nested: str = ""
    contexts: int = 0
    finals: int = 0
    fallbacks: int = 0
    lenient: int = 0
    raising: int = 0
    failing: bool = False
    shielded: tuple[str, ...] = ()
    statement_call: ast.expr | None = None
    telling: bool = False
    plain: ast.expr | None = None
    aliased: ast.expr | None = None
    unpacked: ast.expr | None = None
    used: set[int] = field(default_factory=set)

    # --- statements -------------------------------------------------------------------------------

    def block(self, body: Iterable[ast.stmt]) -> None:
        """Walk statements in order."""
        for node in body:
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        """Walk one statement."""
        match node:
            case ast.Assign(targets=targets, value=value):
                self.plain = self.aliased = value if all(isinstance(t, ast.Name) for t in targets) else None
                self.unpacked = value if all(map(calls.only_names, targets)) else None
                self._use(value)
                outer, self.nested = self.nested, self.nested or (short(targets[0]) if isinstance(value, ast.Lambda) else "")
                self.expression(value)
                self.nested = outer
                for target in targets:
                    self.assign(target, value)
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self._use(value)
                    self.expression(value)
                    self.assign(target, value)
                    self.env.declare(target, node.annotation)
            case ast.AugAssign(target=target, value=value):
                self.expression(value)
                self._augmented(target, value)
            case ast.Expr(value=value):
                self.statement_call = value.value if isinstance(value, ast.Await) else value
                self.expression(value)
            case ast.Delete(targets=targets):
                for target in targets:
                    self._store(EffectKind.DELETE, target, None, how="del")
            case ast.Return(value=value):
                self._hand_out(value)
            case ast.With() | ast.AsyncWith():
                self._with(node)
            case ast.For() | ast.AsyncFor():
                self.expression(node.iter)
                self._each(slices(node.target))
                self.env.bind(node.target, self.env.resolve(node.iter), "[]")
                self.block([*node.body, *node.orelse])
            case ast.If(test=test) | ast.While(test=test):
                self._guard(test)
                if any(isinstance(inner, ast.Raise) for inner in node.body):
                    self.refuses.update(looked_at(self.env, test))
                    self.conflicts += conflicts(node.body)
                with self.env.unknown(only_if(test)), self.env.only_with(needed(self.env, test)):
                    self.block(node.body)
                self.block(node.orelse)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Match():
                self.expression(node.subject)
                for arm in node.cases:
                    self._each([arm.guard])
                    self.block(arm.body)
            case _:
                self._other(node)

    def _other(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if not self.module_level:
                    self._each([*node.decorator_list, *node.args.defaults, *node.args.kw_defaults])
                    self._inner(node.name, node.body, node)
            case ast.ClassDef():
                if not self.module_level:
                    self._inner(node.name, node.body, None)
            case ast.Import() | ast.ImportFrom():
                self.env.imports |= import_table([node], self.env.names.path)
            case ast.Global(names=found):
                self.env.globals.update(found)
            case _:
                if isinstance(node, ast.Assert):
                    self._use(node.test)
                    self.conflicts += absent(node)
                for child in children(node):
                    if isinstance(child, ast.expr):
                        self.expression(child)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        if any(h.type is not None and re.search("NameError|KeyError", ast.dump(h.type)) for h in node.handlers):
            self._guard_names(node.body)
        self.block(node.body)
        self.fallbacks += 1
        for handler in node.handlers:
            self._each([handler.type])
            self.block(handler.body)
        self.fallbacks -= 1
        self.block(node.orelse)
        self.finals += 1
        self.block(node.finalbody)
        self.finals -= 1

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        speaks = self.env.names.yield_lines.within(node)
        holds_yield = speaks and any(isinstance(n, (ast.Yield, ast.YieldFrom)) for s in node.body for n in walk(s))
        raising = any(patches.expects(self.env, item.context_expr) for item in node.items)
        holds_yield = holds_yield and any(patches.may_put_back(self.env, item.context_expr) for item in node.items)
        self.contexts += holds_yield
        outer = self.shielded
        lenient = any(patches.lets_pass(self.env, item.context_expr) for item in node.items)
        for item in node.items:
            self._use(item.context_expr)
            self.expression(item.context_expr, entered=True)
            self.shielded += tuple(patches.put_back_by(self.env, item.context_expr))
            self._each(slices(item.optional_vars))
            if isinstance(item.optional_vars, ast.Name):
                patches.enter(self.env, item.optional_vars.id, item.context_expr)
        self.lenient += lenient
        self.raising += raising
        self.block(node.body[:-1] if raising else node.body)
        if raising:  # what the last statement would change stays as it is
            failing, self.failing = self.failing, True
            self.statement(node.body[-1])
            self.failing = failing
        self.raising -= raising
        self.lenient -= lenient
        self.contexts -= holds_yield
        self.shielded = outer

    def _each(self, nodes: Iterable[ast.expr | None]) -> None:
        for node in nodes:
            if node is not None:
                self.expression(node)

    def _guard(self, test: ast.expr) -> None:
        self._guard_names([test])
        self.expression(test)

    def _guard_names(self, nodes: Iterable[ast.AST]) -> None:
        self.guards.update(name for node in nodes for name in asked_after(self.env, node))

    def _inner(self, name: str, body: list[ast.stmt], function: ast.FunctionDef | ast.AsyncFunctionDef | None) -> None:
        """Walk a nested definition; its parameters hide the outer names."""
        hidden = {a.arg for a in walk(function.args) if isinstance(a, ast.arg)} if function else set()
        outer = (self.env.local_names, self.env.params, self.nested, self.env.aliases, self.contexts, self.finals)
        bound = len(self.env.bound)
        self.env.local_names |= hidden | bound_names(body)
        self.env.params -= hidden
        self.env.aliases = {k: v for k, v in self.env.aliases.items() if k not in hidden}
        self.nested, self.contexts, self.finals = self.nested or name, 0, 0
        self.block(body)
        self.env.local_names, self.env.params, self.nested, self.env.aliases, self.contexts, self.finals = outer
        self.env.forget(bound)

    # --- bindings and effects ---------------------------------------------------------------------

    def _use(self, node: ast.expr) -> None:
        """Note that something is done with the result of a call."""
        while isinstance(node, (ast.Await, ast.UnaryOp)):
            node = node.value if isinstance(node, ast.Await) else node.operand
        self.used.add(id(node))

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Record `target = value`: an alias, a local, or a change of state."""
        match target:
            case ast.Name(id=name) if name in self.env.globals:
                self._store(EffectKind.BIND, target, value)
            case ast.Name():
                self.env.bind(target, self.env.resolve(value), "")
                self.env.made[target.id] = self.env.value_of(value)
                self.env.entries[target.id] = entry_of(value)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                pairs = value.elts if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(elts) else None
                for position, element in enumerate(elts):
                    if pairs:
                        self.assign(element, pairs[position])
                    elif isinstance(element, (ast.Tuple, ast.List)):
                        self.env.bind(element, self.env.resolve(value), "[]")
                    elif isinstance(element, ast.Name) and element.id not in self.env.globals:
                        self.env.bind(element, self.env.resolve(value), position_of(target, position))
                    else:
                        self.assign(element, value)
            case ast.Attribute():
                self._store(EffectKind.SET_ATTR, target, value)
            case ast.Subscript():
                self._store(EffectKind.SET_ITEM, target, value)

    def _augmented(self, target: ast.Name | ast.Attribute | ast.Subscript, value: ast.expr) -> None:
        if isinstance(target, ast.Name) and target.id not in self.env.globals:
            found = self.env.resolve(target)
            if found is not None and found.root is Root.ARGUMENT:
                self._record(EffectKind.MUTATE, found, target, how=GROWS if grows(value) else "+=")
        else:
            self._store(_STORES[type(target)], target, None, how="+=")

    def _store(self, kind: EffectKind, node: ast.expr, value: ast.expr | None, how: str = "=") -> None:
        if isinstance(node, (ast.Tuple, ast.List)):
            for element in node.elts:
                self._store(kind, element, value, how)
            return
        if isinstance(node, ast.Name) and node.id not in self.env.globals:
            return
        plain = value if isinstance(value, (ast.Name, ast.Attribute)) else None
        target = (
            self.env.hold(node, self.env.resolve(plain) if plain else None) if isinstance(node, ast.Attribute) else self.env.resolve(node)
        )
        base = calls.innermost(node)
        if not isinstance(base, ast.Name):
            self.expression(base)
            self._handle(self.env.value_of(base))
        key = ""
        if isinstance(node, ast.Subscript):
            self.expression(node.slice)
            target = self.env.resolve(node.value)
            key = short(node.slice)
        if target is not None:
            self._record(kind, target, node, how=how, key=key, value=value)

    def _record(  # noqa: PLR0913 - the fields of one effect
        self, kind: EffectKind, target: Target, node: ast.expr, *, how: str, key: str = "", value: ast.expr | None = None, text: str = ""
    ) -> None:
        if target.root is Root.LOCAL or self.failing:
            self._handle(self.env.made.get(target.head))
            return
        made = self.env.value_of(value) if value is not None else Value(kind=ValueKind.OTHER)
        back = patches.is_within(target.dotted, self.shielded) or (value is not None and puts_back(self.env, node, target, value, made))
        if kind is EffectKind.SET_ATTR and target.root is Root.SELF and made.target and made.kind is ValueKind.ALIAS:
            self.stored.append((target.tail, made.target))
        self.effects.append(
            Effect(
                kind=kind,
                target=target,
                line=node.lineno,
                column=node.col_offset + 1,
                text=text or short(node),
                how=how,
                key=key,
                value=assigned_text(value, made),
                builds=built(made),
                guarded=bool({target.dotted.rpartition(".")[2], argument_guard(target.dotted)} & self.guards)
                or (self.lenient > 0 and (kind is EffectKind.DELETE or how == "pop")),
                after_yield=self._after_yield(),
                in_context=self.contexts > 0,
                nested=self.nested,
                fallback=self.fallbacks > 0,
                needs=self.env.needs,
                undone_at=node.lineno if back else None,
            ),
        )

    def _handle(self, made: Value | None, method: str = "") -> None:
        """Note what is done to the result of a call: a method of it is called, or it is changed from here."""
        if made is not None and made.kind is ValueKind.CALL and made.target is not None and not self.failing:
            self.handled.add((made.target, method))

    def _after_yield(self) -> bool:
        return self.yields_at is not None or self.finals > 0

    # --- expressions ------------------------------------------------------------------------------

    def expression(self, node: ast.expr, *, entered: bool = False, awaited: bool = False, looked_into: bool = False) -> None:
        """Walk an expression: calls, mentions, yields, lambdas."""
        match node:
            case ast.Constant():
                return
            case ast.Call():
                self._call(node, entered=entered, awaited=awaited, looked_into=looked_into)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                self._mention(node)
            case ast.Yield(value=value):
                self._hand_out(value)
                self.yields_at = self.yields_at or (node.lineno if not self.nested else None)
            case ast.YieldFrom(value=value):
                self.expression(value)
                if not self.nested:
                    self.values.append(Value(kind=ValueKind.OTHER, line=node.lineno))
                    self.yields_at = self.yields_at or node.lineno
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
            case ast.Lambda(args=arguments, body=body):
                self._each([*arguments.defaults, *arguments.kw_defaults])
                outer, bound = self.env.local_names, len(self.env.bound)
                self.env.local_names = outer | {a.arg for a in walk(arguments) if isinstance(a, ast.arg)}
                self.expression(body)
                self.env.local_names = outer
                self.env.forget(bound)
            case ast.NamedExpr(target=target, value=value):
                self.expression(value)
                self.assign(target, value)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._use(part)
                    self.expression(part)
            case _:
                self._children(node)

    def decorator(self, node: ast.expr) -> None:
        """Walk a decorator: without parentheses it is a call all the same."""
        self.expression(node)
        callee = None if isinstance(node, ast.Call) else self.env.resolve(node)
        if callee is not None:
            self.calls.append(Call(callee=callee, line=node.lineno))

    def _children(self, node: ast.AST) -> None:
        for child in children(node):
            if isinstance(child, ast.expr):
                self.expression(child)
            elif isinstance(child, ast.comprehension):
                self.env.bind(child.target, self.env.resolve(child.iter), "[]")
                self._children(child)

    def _mention(self, node: ast.expr) -> None:
        target = self.env.resolve(node)
        if (
            target is not None
            and not calls.is_program(target, node)
            and (target.root in _OUTSIDE or (target.root is Root.SELF and target.tail.isupper()))
        ):
            self.mentions.setdefault(target, node.lineno)
        if target is not None and target.root is Root.ARGUMENT:
            if node is not self.aliased or not isinstance(node, ast.Name):
                seen = target._replace(dotted=f"{target.dotted}.[]") if node is self.unpacked else target
                self.arguments.setdefault(seen, node.lineno)
            self._argument(target, plain=node is self.plain)
        self.calls += calls.variable_read(target, node)
        inner = node
        while isinstance(inner, (ast.Attribute, ast.Subscript)):
            if isinstance(inner, ast.Subscript):
                self.expression(inner.slice)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            self._use(inner)
            self.expression(inner, looked_into=not self.telling)

    def _argument(self, target: Target, *, plain: bool) -> None:
        if target.dotted in {"request", "request.getfixturevalue"} and not plain:
            self.requests_unknown = True
        first = target.tail.partition(".")[0]
        if first in REQUEST_ATTRIBUTES:
            self.request_attributes.add(f"{target.head}.{first}")

    def _hand_out(self, value: ast.expr | None) -> None:
        if value is not None:
            self.aliased = value
            self.expression(value)
        self.values += [] if self.nested else self.env.handed_out(value)

    def _call(self, node: ast.Call, *, entered: bool, awaited: bool, looked_into: bool) -> None:
        self.telling = node is self.statement_call
        self.plain = node.func
        self.expression(node.func)
        self.telling = False
        cleans_up = isinstance(node.func, ast.Attribute) and node.func.attr in CLEANUPS
        self.finals += cleans_up
        for argument in [*node.args, *(k.value for k in node.keywords)]:
            self._use(argument)
            self.plain = argument if isinstance(argument, ast.Name) and calls.stands_for(self.env, argument, "request") else None
            self.expression(argument)
        if cleans_up and node.args:
            self.calls += calls.registered(self.env, node.args[0], self.nested)
        self.finals -= cleans_up
        self._handle(*calls.told(self.env, node.func))
        callee = self.env.resolve(node.func)
        if callee is None:
            self.calls += calls.computed(self.env, node, self.nested, after_yield=self._after_yield())
            return
        self._dynamic_request(node, callee)
        asked = calls.asked_for(self.env, node)
        if asked and asked.root in {*_OUTSIDE, Root.SELF}:
            self.mentions.setdefault(asked, node.lineno)
        self._call_effects(node, callee, entered=entered)
        if callee.root is Root.LOCAL and not (node.args or node.keywords or self._after_yield()):
            return
        call = Call(
            callee=callee,
            line=node.lineno,
            passes=tuple(calls.passed(self.env, node)),
            strings=call_strings(node),
            after_yield=self._after_yield(),
            awaited=awaited,
            entered=entered,
            discarded=node is self.statement_call,
            looked_into=looked_into,
            fallback=self.fallbacks > 0,
            nested=self.nested,
            arguments=len(node.args) + len(node.keywords),
            raises=self.raising > 0,
            receiver=calls.receiver(self.env, node.func) if callee.root is Root.LOCAL else "",
            constant=only_constant(node),
            keywords=keywords_of(node) if callee.dotted.endswith(".parametrize") else (),
        )
        self.calls.append(call)

    def _dynamic_request(self, node: ast.Call, callee: Target) -> None:
        """A name that `request` is asked for; unknown where it is computed, or asked of what holds some other `request`."""
        if callee.dotted.rpartition(".")[2] == "getfixturevalue":
            name, own = calls.asked_name(node), calls.stands_for(self.env, node.func, "request.getfixturevalue")
            self.requested += [name] if name and own else []
            self.requests_unknown |= not (name and own)
        if callee.dotted == "request.addfinalizer":
            self.finalizers.update(a.id for a in node.args if isinstance(a, ast.Name))

    def _call_effects(self, node: ast.Call, callee: Target, *, entered: bool) -> None:
        base = node.func.value if isinstance(node.func, ast.Attribute) else None
        method = callee.dotted.rpartition(".")[2]
        if method == "setattr" and (
            callee.dotted == "monkeypatch.setattr" or (base is not None and patches.is_monkeypatch(self.env, base))
        ):
            self.shielded += tuple(patches.replaced(self.env, node))
        if callee.dotted in {"setattr", "delattr"} and len(node.args) > 1:
            self._setattr(node, callee.dotted)
        elif callee.root is Root.IMPORTED and callee.dotted.endswith(PATCHERS):
            self._patch(node, callee, entered=entered)
        elif base is not None and method in MONKEYPATCH and patches.is_monkeypatch(self.env, base):
            self._record(
                EffectKind.PATCH,
                Target(root=Root.IMPORTED, dotted=f"pytest.MonkeyPatch.{method}"),
                node,
                how="with",
                key=short(node.args[0] if node.args else None),
            )
            self.effects[-1] = self.effects[-1]._replace(in_context=True)
        elif base is not None and calls.changes_receiver(node, callee, used=id(node) in self.used):
            target = self.env.resolve(base)
            if target is not None:
                self._record(EffectKind.MUTATE, target, node, how=method, key=short(node.args[0] if node.args else None))

    def _setattr(self, node: ast.Call, how: str) -> None:
        name = node.args[1]
        attr = name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else "[]"
        target = self.env.extend(node.args[0], attr)
        if target is not None:
            kind = EffectKind.SET_ATTR if how == "setattr" else EffectKind.DELETE
            value = node.args[2] if len(node.args) > 2 else None
            self._record(kind, target, node, how=how, value=value, text=f"{short(node.args[0])}.{attr}" if attr != "[]" else "")

    def _patch(self, node: ast.Call, callee: Target, *, entered: bool) -> None:
        if entered and self.contexts == 0:
            return
        self._record(EffectKind.PATCH, callee, node, how="with" if entered else "call", key=short(node.args[0] if node.args else None))
