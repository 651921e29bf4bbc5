"""ChangeScope: the scope argument of a fixture decorator or call, and nothing beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

import libcst as cst

from rescope.codemods.arguments import inserted, keyword, removed
from rescope.codemods.decorators import fixture_decorator, has_own_default, maker, makes_fixture, resolved
from rescope.codemods.refusal import MisfitError
from rescope.codemods.style import Style
from rescope.model.edit import ChangeScope, ScopeStyle
from rescope.model.scope import Scope, parse_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """An edit with what it must know of the file; `positional` arguments go before all keywords."""

    edit: ChangeScope
    imports: Mapping[str, str]
    style: Style
    positional: int = 0


def rescope_function(node: cst.FunctionDef, edit: ChangeScope, imports: Mapping[str, str], style: Style) -> cst.FunctionDef:
    """The function with its fixture decorator at the new scope."""
    index = fixture_decorator(node.decorators, imports)
    decorators = list(node.decorators)
    before = decorators[index].decorator
    after = _rescoped(before, _Case(edit=edit, imports=imports, style=style))
    if after is not before and isinstance(after, cst.Call) and not after.args and not style.empty_parentheses:
        after = after.func
    decorators[index] = decorators[index].with_changes(decorator=after)
    return node.with_changes(decorators=decorators)


def rescope_call(value: cst.BaseExpression, edit: ChangeScope, imports: Mapping[str, str], style: Style) -> cst.BaseExpression:
    """`fixture(...)(impl)` or `fixture(impl, ...)` at the new scope."""
    match value:
        case cst.Call(func=cst.Call() as inner):
            return value.with_changes(func=_rescoped(inner, _Case(edit=edit, imports=imports, style=style)))
    return _rescoped(value, _Case(edit=edit, imports=imports, style=style, positional=1))


def is_call_form(value: cst.BaseExpression, imports: Mapping[str, str]) -> bool:
    """Whether an assigned value is a fixture made by a call."""
    match value:
        case cst.Call(func=func, args=[cst.Arg(keyword=None, star=""), *_]):
            return makes_fixture(func if isinstance(func, cst.Call) else value, imports)
    return False


def _rescoped(expression: cst.BaseExpression, case: _Case) -> cst.BaseExpression:
    before = expression if isinstance(expression, cst.Call) else cst.Call(func=expression)
    _check_arguments(before, case)
    edit, index = case.edit, _keyword_index(before, "scope")
    written = Scope.FUNCTION if index is None else _scope(before.args[index])
    if written not in {edit.before, edit.after}:
        reason = f"its scope is {written}, not {edit.before}"
        raise MisfitError(reason)
    after = before if written is edit.after else _with_scope(before, index, case)
    if edit.loop_scope is not None:
        after = _with_loop_scope(after, edit.loop_scope, case)
    return expression if after is before else after


def _check_arguments(call: cst.Call, case: _Case) -> None:
    if any(arg.star for arg in call.args):
        reason = "its decorator takes * or ** arguments"
        raise MisfitError(reason)
    if sum(arg.keyword is None for arg in call.args) != case.positional:
        reason = "its decorator takes positional arguments"
        raise MisfitError(reason)
    if _keyword_index(call, "scope") is None and has_own_default(call, case.imports):
        reason = "the default scope of its decorator is not known"
        raise MisfitError(reason)


def _keyword_index(call: cst.Call, name: str) -> int | None:
    found = [i for i, arg in enumerate(call.args) if arg.keyword and arg.keyword.value == name]
    if len(found) > 1:
        reason = f"its decorator takes {name} twice"
        raise MisfitError(reason)
    return found[0] if found else None


def _scope(arg: cst.Arg) -> Scope:
    literal = _literal(arg)
    scope = parse_scope(literal.raw_value) if literal else None
    if scope is None:
        reason = "its scope is not written as one of the five names"
        raise MisfitError(reason)
    return scope


def _literal(arg: cst.Arg) -> cst.SimpleString | None:
    return arg.value if isinstance(arg.value, cst.SimpleString) and "b" not in arg.value.prefix else None


def _with_scope(call: cst.Call, index: int | None, case: _Case) -> cst.Call:
    edit, quote = case.edit, case.style.quote
    if index is None:
        return inserted(call, case.positional, keyword("scope", f"{quote}{edit.after}{quote}"))
    omit = edit.style is ScopeStyle.OMIT and edit.after is Scope.FUNCTION
    shorter = removed(call, index) if omit else None
    return shorter or _with_scope_text(call, index, edit.after)


def _with_scope_text(call: cst.Call, index: int, scope: Scope) -> cst.Call:
    literal = cst.ensure_type(call.args[index].value, cst.SimpleString)
    prefix = literal.value[: len(literal.prefix)]
    return call.with_deep_changes(literal, value=f"{prefix}{literal.quote}{scope}{literal.quote}")


def _with_loop_scope(call: cst.Call, scope: Scope, case: _Case) -> cst.Call:
    if not resolved(maker(call), case.imports).startswith("pytest_asyncio."):
        reason = "a loop scope can only be given to a pytest_asyncio fixture"
        raise MisfitError(reason)
    if _keyword_index(call, "loop_scope") is not None:
        return call
    index = _keyword_index(call, "scope")
    literal = None if index is None else _literal(call.args[index])
    quote = literal.quote if literal else case.style.quote
    return inserted(call, case.positional if index is None else index + 1, keyword("loop_scope", f"{quote}{scope}{quote}"))
