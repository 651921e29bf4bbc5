"""UseMonkeypatch: what a function does to the process for good is done through pytest's `monkeypatch`, which takes it back."""

import io
import tokenize
from collections.abc import Mapping

import libcst as cst

from rescope.codemods.decorators import resolved
from rescope.codemods.refusal import MisfitError
from rescope.codemods.style import COLUMNS, Style
from rescope.model.edit import Patch, PatchKind, UseMonkeypatch

_NAME = "monkeypatch"
_BLANK = cst.SimpleWhitespace(" ")


def use_monkeypatch(node: cst.FunctionDef, edit: UseMonkeypatch, imports: Mapping[str, str], style: Style) -> cst.FunctionDef:
    """The function with each of the patches made by `monkeypatch`, which it requests; raises MisfitError."""
    rewrite = _Rewrite(edit, imports, style)
    body = node.body.visit(rewrite)
    missed = [patch.state for patch in edit.patches if patch not in rewrite.done]
    if missed:
        message = f"{missed[0]} is not changed in {node.name.value!r} by a statement on a line of its own"
        raise MisfitError(message)
    return node.with_changes(body=body, params=_requesting(node, imports))


class _Rewrite(cst.CSTTransformer):
    def __init__(self, edit: UseMonkeypatch, imports: Mapping[str, str], style: Style) -> None:
        super().__init__()
        self.done: set[Patch] = set()
        self._edit = edit
        self._imports = imports
        self._style = style
        self._code = cst.Module([])

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return False

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        for patch in self._edit.patches:
            call = self._call(updated_node.body[0], patch) if len(updated_node.body) == 1 else None
            if call is not None:
                self.done.add(patch)
                return updated_node.with_changes(body=[cst.Expr(call)])
        return updated_node

    def _call(self, small: cst.BaseSmallStatement, patch: Patch) -> cst.Call | None:
        """The call that does what a statement does, None where it is about something else."""
        match small, patch.kind:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Subscript() as entry)], value=value), PatchKind.SET_ENV:
                return _method(patch, _key(entry), _alone(value)) if self._is(entry, patch) else None
            case cst.Del(target=cst.Subscript() as entry), PatchKind.DEL_ENV:
                return _method(patch, _key(entry)) if self._is(entry, patch) else None
            case cst.Expr(value=cst.Call(args=[cst.Arg(value=key)]) as call), PatchKind.DEL_ENV:
                return _method(patch, key) if self._is(call, patch) else None
            case cst.Expr(value=cst.Call(func=func) as call), PatchKind.CHDIR:
                return call.with_changes(func=_attribute(patch)) if resolved(func, self._imports) == patch.state else None
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Attribute() as target)], value=value), PatchKind.SET_ATTR:
                return self._setattr(target, value, patch) if self._is(target, patch) else None
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Subscript() as entry)], value=value), PatchKind.SET_ITEM:
                return _method(patch, entry.value, _key(entry), _alone(value)) if self._is(entry, patch) else None
        return None

    def _setattr(self, target: cst.Attribute, value: cst.BaseExpression, patch: Patch) -> cst.Call:
        name = cst.SimpleString(f"{self._style.quote}{target.attr.value}{self._style.quote}")
        call = _method(patch, target.value, name, _alone(value))
        return _unraised(call) if patch.missing else call

    def _is(self, node: cst.CSTNode, patch: Patch) -> bool:
        return _plain(self._code.code_for_node(node)) == _plain(patch.state)


def _plain(code: str) -> list[str]:
    """The tokens of an expression, strings by what they hold: the facts write them in one way, authors in several."""
    tokens = tokenize.generate_tokens(io.StringIO(code.strip()).readline)
    return [_held(t.string) if t.type == tokenize.STRING else t.string for t in tokens if t.string.strip()]


def _held(string: str) -> str:
    """What a string holds, as source; one that is computed as it stands."""
    computed = "f" in string.partition(string[-1])[0].lower()
    return string if computed else repr(cst.SimpleString(string).raw_value)


def _attribute(patch: Patch) -> cst.Attribute:
    return cst.Attribute(value=cst.Name(_NAME), attr=cst.Name(patch.kind.value))


def _method(patch: Patch, *arguments: cst.BaseExpression) -> cst.Call:
    last = len(arguments) - 1
    comma = cst.Comma(whitespace_after=_BLANK)
    given = [cst.Arg(value) if n == last else cst.Arg(value, comma=comma) for n, value in enumerate(arguments)]
    return cst.Call(func=_attribute(patch), args=given)


def _unraised(call: cst.Call) -> cst.Call:
    """The call with `raising=False`: what is set need not be there."""
    bare = cst.AssignEqual(whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace(""))
    args = [*call.args[:-1], call.args[-1].with_changes(comma=cst.Comma(whitespace_after=_BLANK))]
    return call.with_changes(args=[*args, cst.Arg(keyword=cst.Name("raising"), value=cst.Name("False"), equal=bare)])


def _key(target: cst.Subscript) -> cst.BaseExpression:
    match target.slice:
        case [cst.SubscriptElement(slice=cst.Index(value=key, star=None))]:
            return _alone(key)
    message = "the key of an entry is not a plain one"
    raise MisfitError(message)


def _alone(value: cst.BaseExpression) -> cst.BaseExpression:
    """An expression as an argument of its own: a tuple without parentheses would be several."""
    if isinstance(value, (cst.Tuple, cst.Yield, cst.NamedExpr, cst.GeneratorExp)) and not value.lpar:
        return value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return value


def _requesting(node: cst.FunctionDef, imports: Mapping[str, str]) -> cst.Parameters:
    """The parameters with `monkeypatch` behind those without a default, on a line of its own where each has one."""
    given = node.params
    everything = [*given.posonly_params, *given.params, *given.kwonly_params]
    if any(param.name.value == _NAME for param in everything):
        return given
    if "#" in cst.Module([]).code_for_node(given) or isinstance(given.star_kwarg, cst.Param):
        message = f"the parameters of {node.name.value!r} hold a comment or `**`"
        raise MisfitError(message)
    annotated = [p for p in everything if p.name.value not in {"self", "cls"}]
    typed = imports.get("pytest") == "pytest" and all(p.annotation for p in annotated) and bool(annotated or node.returns)
    hint = cst.Annotation(cst.Attribute(cst.Name("pytest"), cst.Name("MonkeyPatch"))) if typed else None
    gap = _gap(node)
    params = list(given.params)
    at = next((n for n, param in enumerate(params) if param.default is not None), len(params))
    fresh = cst.Param(cst.Name(_NAME), annotation=hint)
    alone = at == len(params) and not (given.kwonly_params or isinstance(given.star_arg, (cst.Param, cst.ParamStar)))
    if alone and params:
        fresh = fresh.with_changes(comma=params[-1].comma, whitespace_after_param=params[-1].whitespace_after_param)
        bare = cst.SimpleWhitespace("")
        params[-1] = params[-1].with_changes(comma=cst.Comma(whitespace_after=gap), whitespace_after_param=bare)
    elif not alone:
        fresh = fresh.with_changes(comma=cst.Comma(whitespace_after=gap))
    made = given.with_changes(params=[*params[:at], fresh, *params[at:]])
    return _one_a_line(made, node) if alone and gap is _BLANK else made


def _one_a_line(made: cst.Parameters, node: cst.FunctionDef) -> cst.Parameters:
    """The parameters as formatters write them where a line of its own for all of them has become too short."""
    lead = node.whitespace_before_params
    closing = made.params[-1].whitespace_after_param
    whole = isinstance(lead, cst.ParenthesizedWhitespace) and isinstance(closing, cst.ParenthesizedWhitespace)
    width = len(cst.Module([]).code_for_node(made).strip()) if whole else 0
    if made.posonly_params or width + 2 * len(lead.last_line.value if isinstance(lead, cst.ParenthesizedWhitespace) else "") <= COLUMNS:
        return made
    bare = cst.SimpleWhitespace("")
    commas = [cst.Comma(whitespace_after=lead)] * (len(made.params) - 1) + [cst.Comma(whitespace_after=closing)]
    return made.with_changes(
        params=[p.with_changes(comma=comma, whitespace_after_param=bare) for p, comma in zip(made.params, commas, strict=True)]
    )


def _gap(node: cst.FunctionDef) -> cst.BaseParenthesizableWhitespace:
    """What stands between two parameters: a line end where each has a line of its own."""
    lead, given = node.whitespace_before_params, node.params.params
    between = given[0].comma if len(given) > 1 else None
    if not isinstance(lead, cst.ParenthesizedWhitespace) or (
        isinstance(between, cst.Comma) and isinstance(between.whitespace_after, cst.SimpleWhitespace)
    ):
        return _BLANK
    return lead
