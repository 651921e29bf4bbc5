"""What names in a file refer to: imports, and the package that relative ones start from."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from rescope.facts.walking import Lines, walk
from rescope.model.facts import Root, Target

_SIMPLE = frozenset(
    {
        ast.Assign,
        ast.AnnAssign,
        ast.AugAssign,
        ast.Assert,
        ast.Delete,
        ast.Expr,
        ast.Import,
        ast.ImportFrom,
        ast.Pass,
        ast.Raise,
        ast.Return,
    }
)


def module_parts(path: str) -> tuple[str, ...]:
    """The path of a Python file as dotted parts, `__init__` dropped: `src/app/core.py` -> src, app, core."""
    pure = PurePosixPath(path).with_suffix("")
    return pure.parts[:-1] if pure.name == "__init__" else pure.parts


def package_parts(path: str) -> tuple[str, ...]:
    """The folder of a Python file as dotted parts: where its relative imports start."""
    return PurePosixPath(path).parent.parts


def imported_from(node: ast.ImportFrom, path: str) -> str:
    """The dotted module of a `from` import; relative ones are given by their path from the root."""
    if not node.level:
        return node.module or ""
    package = package_parts(path)
    base = package[: len(package) - node.level + 1]
    return ".".join((*base, node.module)) if node.module else ".".join(base)


def import_table(nodes: Iterable[ast.stmt], path: str) -> dict[str, str]:
    """Local name -> absolute dotted name for the import statements given."""
    table: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                head = alias.name.partition(".")[0]
                table[alias.asname or head] = alias.name if alias.asname else head
        elif isinstance(node, ast.ImportFrom):
            module = imported_from(node, path)
            for alias in node.names:
                if alias.name != "*":
                    table[alias.asname or alias.name] = f"{module}.{alias.name}"
    return table


def imported_modules(nodes: Iterable[ast.AST], path: str) -> Iterator[str]:
    """Every dotted name that an import statement may load as a module; relative ones start with a dot."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = ("." if node.level else "") + imported_from(node, path)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names if alias.name != "*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleNames:
    """The names of one module that its functions may refer to."""

    path: str
    imports: dict[str, str] = field(default_factory=dict)
    marks: dict[str, tuple[ast.expr, ...]] = field(default_factory=dict)
    aliases: dict[str, tuple[str, tuple[ast.keyword, ...]]] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    global_lines: Lines = field(default_factory=Lines)
    fixture_lines: Lines = field(default_factory=Lines)
    yield_lines: Lines = field(default_factory=Lines)
    targets: dict[tuple[Root, str], Target] = field(default_factory=dict)

    @property
    def may_be_tests(self) -> bool:
        """Whether the file's name is one of those that tests and fixtures have, or its folder's."""
        return "test" in self.path

    def target(self, root: Root, dotted: str) -> Target:
        """The target, the same object for the same name: a file names few things, each many times, and its facts are kept and copied."""
        key = (root, dotted)
        found = self.targets.get(key)
        if found is None:
            found = self.targets[key] = Target(root, dotted)
        return found

    def dotted(self, node: ast.expr) -> str:
        """The absolute dotted name of an expression such as `pt.fixture`, "" if it is none."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        alias = self.aliases.get(node.id)
        parts.append(alias[0] if alias else self.imports.get(node.id, node.id))
        return ".".join(reversed(parts))


def callee_dotted(node: ast.expr, names: ModuleNames) -> str:
    """The dotted name of a decorator, whether called or not."""
    return names.dotted(node.func if isinstance(node, ast.Call) else node)


def string_list(node: ast.expr | None) -> tuple[str, ...] | None:
    """As literal_strings, for lists that are added to each other too."""
    match node:
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            found = string_list(left), string_list(right)
            return None if found[0] is None or found[1] is None else (*found[0], *found[1])
    return literal_strings(node)


def literal_strings(node: ast.expr | None) -> tuple[str, ...] | None:
    """The strings of a literal string, list, tuple or set of strings; None for anything else."""
    match node:
        case ast.Constant(value=str(text)):
            return (text,)
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            texts = tuple(e.value for e in elts if isinstance(e, ast.Constant) and isinstance(e.value, str))
            return texts if len(texts) == len(elts) else None
        case _:
            return None


def global_names(node: ast.AST) -> set[str]:
    """Names that a function, or one inside it, declares `global`."""
    return {name for inner in walk(node) if isinstance(inner, ast.Global) for name in inner.names}


def blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The statement lists inside a compound statement."""
    if type(node) in _SIMPLE:
        return
    for name in ("body", "orelse", "finalbody"):
        inner = getattr(node, name, None)
        if isinstance(inner, list):
            yield inner
    for arm in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield arm.body


def bound_names(body: Iterable[ast.stmt]) -> set[str]:
    """Names that statements bind locally, nested functions' own ones left out.

    What expressions bind (comprehensions, `:=`) is found when they are walked.
    """
    found: set[str] = set()
    stack: list[ast.stmt] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
            continue
        for target in _targets(node):
            if isinstance(target, ast.Name):
                found.add(target.id)
            else:
                found.update(n.id for n in walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        if type(node) in _SIMPLE:
            continue
        found.update(handler.name for handler in getattr(node, "handlers", ()) if handler.name)
        for block in blocks(node):
            stack += block
    return found


def _targets(node: ast.stmt) -> Iterator[ast.AST]:
    """The parts of one statement that may bind names."""
    match node:
        case ast.Assign(targets=targets):
            yield from targets
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target) | ast.For(target=target) | ast.AsyncFor(target=target):
            yield target
        case ast.With(items=items) | ast.AsyncWith(items=items):
            yield from (item.optional_vars for item in items if item.optional_vars is not None)
