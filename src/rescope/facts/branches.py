"""Compound statements: which arms can run, and which names are bound whichever arm runs."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_NEVER = frozenset({"TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING", "False", "0", "__name__ == '__main__'"})
_ALWAYS = frozenset({"not TYPE_CHECKING", "not typing.TYPE_CHECKING", "True", "1"})
_ENDS = ("skip", "exit", "fail", "xfail", "importorskip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Branching:
    """The arms of a statement; `sure` are the names that every arm binds, `always` what runs in any case."""

    arms: tuple[Sequence[ast.stmt], ...] = ()
    sure: frozenset[str] = frozenset()
    always: Sequence[ast.stmt] = ()


def branching(node: ast.stmt) -> Branching | None:
    """How a compound statement branches; None for statements that hold no others."""
    match node:
        case ast.With(body=body) | ast.AsyncWith(body=body):
            return Branching(always=body)
        case ast.If(test=test, body=body, orelse=orelse):
            text = ast.unparse(test)
            if text in _NEVER or text in _ALWAYS:
                return Branching(always=orelse if text in _NEVER else body)
            return _choice((body, orelse), (), exhaustive=bool(orelse))
        case (
            ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final)
            | ast.TryStar(body=body, handlers=handlers, orelse=orelse, finalbody=final)
        ):
            if not handlers:
                return Branching(always=[*body, *orelse, *final])
            return _choice(([*body, *orelse], *(h.body for h in handlers)), final, exhaustive=True)
        case ast.Match(cases=cases):
            last = cases[-1]
            wild = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
            return _choice(tuple(c.body for c in cases), (), exhaustive=wild)
        case ast.For(body=body, orelse=orelse) | ast.AsyncFor(body=body, orelse=orelse) | ast.While(body=body, orelse=orelse):
            return Branching(arms=(body, orelse))
    return None


def _choice(arms: tuple[Sequence[ast.stmt], ...], always: Sequence[ast.stmt], *, exhaustive: bool) -> Branching:
    going_on = [frozenset(bound_surely(arm)) for arm in arms if not _ends(arm)] if exhaustive else []
    sure = frozenset.intersection(*going_on) if going_on else frozenset()
    return Branching(arms=tuple(arm for arm in arms if not _ends(arm)), sure=sure, always=always)


def _ends(arm: Sequence[ast.stmt]) -> bool:
    """Whether the module is left in this arm: by raise, or by `pytest.skip(...)`."""
    match arm[-1] if arm else None:
        case ast.Raise():
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=attr))):
            return attr in _ENDS
    return False


def bound_surely(nodes: Iterable[ast.stmt]) -> Iterator[str]:
    """The names that a list of statements binds, whichever branches run."""
    for node in nodes:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
            case ast.Assign(targets=targets):
                yield from (t.id for t in targets if isinstance(t, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
                yield name
            case _:
                inner = branching(node)
                if inner is not None:
                    yield from inner.sure
                    yield from bound_surely(inner.always)


def computed_names(node: ast.stmt) -> str:
    """How a statement binds names that only running it can tell, "" if it does not."""
    match node:
        case ast.Assign(targets=targets):
            written = [t.value for t in targets if isinstance(t, ast.Subscript)]
            return next((f"assignments to {ast.unparse(v)}" for v in written if _is_namespace(v)), "")
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=value, attr="update"))) if _is_namespace(value):
            return f"{ast.unparse(value)}.update()"
        case ast.Expr(value=ast.Call(func=ast.Name(id="exec"))):
            return "exec()"
        case ast.Expr(value=ast.Call(func=ast.Name(id="setattr"), args=[first, *_])) if "sys.modules" in ast.unparse(first):
            return "setattr() on the module"
        case ast.Expr(value=ast.Call(func=func)) if ast.unparse(func) in {
            "pytest.register_fixture",
            "pytest_factoryboy.register",
            "register",
        }:
            return f"{ast.unparse(func)}()"
        case ast.ClassDef(decorator_list=decorators):
            found = [ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in decorators]
            return next((f"@{name}" for name in found if name in {"pytest_factoryboy.register", "register"}), "")
    return ""


def literal_key(node: ast.stmt) -> str:
    """The name in `globals()["name"] = ...`, "" for anything else."""
    match node:
        case ast.Assign(targets=[ast.Subscript(value=ast.Call(func=ast.Name(id="globals")), slice=ast.Constant(value=str(name)))]):
            return name
    return ""


def _is_namespace(node: ast.expr) -> bool:
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"globals", "locals", "vars"}
    return called or (isinstance(node, ast.Attribute) and node.attr == "__dict__" and "sys.modules" in ast.unparse(node))
