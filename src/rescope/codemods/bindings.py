"""What a file binds at module level, and how it may spell a name of another module."""

from dataclasses import dataclass

import libcst as cst

from rescope.codemods.decorators import imported, makes_fixture


@dataclass(frozen=True, slots=True, kw_only=True)
class Bindings:
    """`bound` counts every branch; `imports` are only those that no branch can skip; `others` are bound by more than one import."""

    bound: frozenset[str]
    others: frozenset[str]
    fixtures: frozenset[str]
    imports: tuple[tuple[str, str], ...]
    annotated: bool

    def spelled(self, module: str, member: str) -> str:
        """How the file can write a member of a module, or "" where it must import it first."""
        for local, dotted in self.imports:
            if local in self.others:
                continue
            if dotted == f"{module}.{member}":
                return local
            if dotted == module:
                return f"{local}.{member}"
        return ""


def bindings(module: cst.Module) -> Bindings:
    """The module-level names of a file."""
    names = _Names()
    module.visit(names)
    lines = [s for s in module.body if isinstance(s, cst.SimpleStatementLine)]
    return Bindings(
        bound=frozenset(names.bound),
        others=frozenset(names.others),
        fixtures=frozenset(names.fixtures),
        imports=tuple(pair for line in lines for pair in imported(line)),
        annotated=names.annotated * 2 > names.functions,
    )


class _Names(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.bound: set[str] = set()
        self.others: set[str] = set()
        self.fixtures: set[str] = set()
        self.functions = 0
        self.annotated = 0
        self._imports: dict[str, str] = {}
        self._in_class = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.functions += 1
        self.annotated += node.returns is not None
        if not self._in_class:
            self._bind(node.name)
            if any(makes_fixture(d.decorator, self._imports) for d in node.decorators):
                self.fixtures.add(node.name.value)
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._bind(node.name)
        self._in_class += 1

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self._in_class -= 1

    def visit_Import(self, node: cst.Import) -> bool:
        return self._import(node)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return self._import(node)

    def _import(self, node: cst.Import | cst.ImportFrom) -> bool:
        pairs = dict(imported(cst.SimpleStatementLine(body=[node])))
        if not self._in_class:
            self.others.update(local for local, dotted in pairs.items() if self._imports.get(local, dotted) != dotted)
            self.bound.update(pairs)
        self._imports.update(pairs)
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        self._bind(node.target)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self._bind(node.target)

    def visit_Del(self, node: cst.Del) -> None:
        self._bind(node.target)

    def visit_For(self, node: cst.For) -> None:
        self._bind(node.target)

    def visit_AsName(self, node: cst.AsName) -> None:
        self._bind(node.name)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self._bind(node.target)

    def _bind(self, target: cst.BaseExpression) -> None:
        match target:
            case cst.Name(value=name) if not self._in_class:
                self.bound.add(name)
                self.others.add(name)
            case cst.Tuple(elements=elements) | cst.List(elements=elements):
                for element in elements:
                    self._bind(element.value)
