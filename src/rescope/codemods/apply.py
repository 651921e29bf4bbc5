"""Edits to bytes: one walk over the definitions of a file, by address."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from rescope.codemods.add_reason import Place, explain_assignment, explain_function
from rescope.codemods.change_scope import is_call_form, rescope_call, rescope_function
from rescope.codemods.decorators import imported, makes_fixture
from rescope.codemods.imports import without_unused_import
from rescope.codemods.refusal import EditRefused, MisfitError
from rescope.codemods.reset_fixture import with_reset_fixtures
from rescope.codemods.restore_in_place import restore_in_place
from rescope.codemods.style import Style, style_of
from rescope.codemods.use_monkeypatch import use_monkeypatch
from rescope.model.edit import AddReason, AddResetFixture, ChangeScope, Edit, RestoreInPlace, UseMonkeypatch

NEW_FILE = b'"""Shared fixtures."""\n'
_Key = tuple[str, int, bool]
_Addressed = ChangeScope | AddReason | RestoreInPlace | UseMonkeypatch


def apply(source: bytes | None, edits: Sequence[Edit]) -> bytes:
    """The bytes of one file after its edits; `source` None makes a new one. Raises EditRefused."""
    if not edits:
        return source or b""
    path = _path(edits[0])
    try:
        return _applied(path, NEW_FILE if source is None else source, edits)
    except RecursionError as error:
        raise EditRefused(path, 1, "the code is nested too deeply to be rewritten") from error


def _applied(path: str, source: bytes, edits: Sequence[Edit]) -> bytes:
    addressed = [e for e in edits if not isinstance(e, AddResetFixture)]
    resets = [e for e in edits if isinstance(e, AddResetFixture)]
    module = _parsed(path, source)
    style = style_of(module)
    module = _without_os(_walked(path, module, addressed, style), module.code, addressed)
    try:
        result = with_reset_fixtures(module, resets, style).encode(module.encoding)
        cst.parse_module(result)
    except (MisfitError, UnicodeEncodeError, cst.ParserSyntaxError) as error:
        raise EditRefused(path, 1, str(error)) from error
    return result


def _without_os(module: cst.Module, before: str, edits: Iterable[_Addressed]) -> cst.Module:
    """The module without an import of or from `os` that only statements have used which `monkeypatch` stands in for, if it stands alone."""
    patches = (patch for edit in edits if isinstance(edit, UseMonkeypatch) and edit.alone for patch in edit.patches)
    names = {part for p in patches for part in re.findall(r"\w+", p.state.partition("[")[0])}
    for name in ("os", "environ", "chdir"):
        module = without_unused_import(module, before, name) if name in names else module
    return module


def _path(edit: Edit) -> str:
    match edit:
        case ChangeScope() | AddReason() | RestoreInPlace() | UseMonkeypatch():
            return edit.address.path
        case AddResetFixture():
            return edit.path
        case _:
            assert_never(edit)


def _parsed(path: str, source: bytes) -> cst.Module:
    try:
        module = cst.parse_module(source)
    except (cst.ParserSyntaxError, SyntaxError, UnicodeDecodeError) as error:
        raise EditRefused(path, getattr(error, "raw_line", 1), "the file cannot be parsed") from error
    if module.bytes != source:
        raise EditRefused(path, 1, "the file cannot be written back byte for byte")
    return module


def _walked(path: str, module: cst.Module, edits: Iterable[_Addressed], style: Style) -> cst.Module:
    """The module after its addressed edits: definitions first, then what is left to assignments."""
    wanted: dict[_Key, list[_Addressed]] = defaultdict(list)
    for edit in edits:
        wanted[edit.address.qualname, edit.address.ordinal, edit.address.assigned].append(edit)
    for assignments in (False, True):
        walk = _Walk(wanted, style, assignments=assignments)
        if not wanted:
            break
        try:
            after = module.visit(walk)
        except MisfitError as error:
            raise EditRefused(path, _line(module, walk.at), str(error)) from error
        module = after
        wanted = {key: value for key, value in wanted.items() if key not in walk.done}
    for (qualname, ordinal, _), left in wanted.items():
        what = "function" if all(isinstance(edit, UseMonkeypatch) for edit in left) else "fixture"
        raise EditRefused(path, 1, f"there is no {what} {qualname!r} with ordinal {ordinal}")
    return module


def _line(module: cst.Module, node: cst.CSTNode | None) -> int:
    if node is None:
        return 1
    positions = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    return positions[node].start.line


class _Walk(cst.CSTTransformer):
    """Counts definitions as `facts` does and rewrites those that are wanted."""

    def __init__(self, wanted: Mapping[_Key, Sequence[_Addressed]], style: Style, *, assignments: bool) -> None:
        super().__init__()
        self.done: set[_Key] = set()
        self.at: cst.CSTNode | None = None
        self._wanted = wanted
        self._style = style
        self._assignments = assignments
        self._imports: dict[str, str] = {}
        self._names: list[str] = []
        self._indents: list[str] = []
        self._seen: Counter[str] = Counter()
        self._first: cst.CSTNode | None = None
        self._header: tuple[cst.EmptyLine, ...] = ()

    def visit_Module(self, node: cst.Module) -> None:
        self._first = node.body[0] if node.body else None
        self._header = tuple(node.header)

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        self._indents.append(self._style.indent if node.indent is None else node.indent)

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.BaseSuite:
        self._indents.pop()
        return updated_node

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        if not self._assignments:
            self._key(node.name.value)
        self._names.append(node.name.value)

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        self._names.pop()
        return updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        if self._assignments:
            return updated_node
        key = self._key(updated_node.name.value)
        wanted = self._wanted.get(key, ())
        of_fixture = any(makes_fixture(d.decorator, self._imports) for d in updated_node.decorators)
        if not wanted or not (of_fixture or all(isinstance(edit, UseMonkeypatch) for edit in wanted)):
            return updated_node
        self._reached(key, original_node)
        for edit in wanted:
            match edit:
                case ChangeScope():
                    updated_node = rescope_function(updated_node, edit, self._imports, self._style)
                case AddReason():
                    updated_node = explain_function(updated_node, edit, self._place(original_node), self._style)
                case RestoreInPlace():
                    updated_node = restore_in_place(updated_node, edit, self._style)
                case UseMonkeypatch():
                    updated_node = use_monkeypatch(updated_node, edit, self._imports, self._style)
                case _:
                    assert_never(edit)
        return updated_node

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:
        self._imports.update(imported(node))
        return False

    def leave_SimpleStatementLine(
        self,
        original_node: cst.SimpleStatementLine,
        updated_node: cst.SimpleStatementLine,
    ) -> cst.SimpleStatementLine:
        if not self._assignments:
            return updated_node
        for small in original_node.body:
            for name in _assigned(small):
                key = self._key(name)
                if key in self._wanted and is_call_form(_value(small), self._imports):
                    self._reached(key, original_node)
                    updated_node = self._assignment(updated_node, small, self._wanted[key], original_node)
        return updated_node

    def leave_SimpleStatementSuite(
        self,
        original_node: cst.SimpleStatementSuite,
        updated_node: cst.SimpleStatementSuite,
    ) -> cst.SimpleStatementSuite:
        for small in original_node.body if self._assignments else ():
            for name in _assigned(small):
                self._key(name)
        return updated_node

    def _assignment(
        self,
        line: cst.SimpleStatementLine,
        small: cst.BaseSmallStatement,
        edits: Sequence[_Addressed],
        original: cst.SimpleStatementLine,
    ) -> cst.SimpleStatementLine:
        value = _value(small)
        for edit in edits:
            match edit:
                case ChangeScope():
                    before, value = value, rescope_call(value, edit, self._imports, self._style)
                    line = cst.ensure_type(line.deep_replace(before, value), cst.SimpleStatementLine)
                case AddReason():
                    line = explain_assignment(line, edit, self._place(original), self._style)
                case RestoreInPlace() | UseMonkeypatch():
                    message = "the function whose body is to be rewritten stands elsewhere"
                    raise MisfitError(message)
                case _:
                    assert_never(edit)
        return line

    def _key(self, name: str) -> _Key:
        qualname = ".".join([*self._names, name])
        self._seen[qualname] += 1
        return qualname, self._seen[qualname] - 1, self._assignments

    def _reached(self, key: _Key, node: cst.CSTNode) -> None:
        self.done.add(key)
        self.at = node

    def _place(self, node: cst.CSTNode) -> Place:
        return Place(indent="".join(self._indents), header=self._header if node is self._first else ())


def _assigned(small: cst.BaseSmallStatement) -> list[str]:
    match small:
        case cst.Assign(targets=targets):
            return [t.target.value for t in targets if isinstance(t.target, cst.Name)]
        case cst.AnnAssign(target=cst.Name(value=name)):
            return [name]
    return []


def _value(small: cst.BaseSmallStatement) -> cst.BaseExpression:
    value = small.value if isinstance(small, (cst.Assign, cst.AnnAssign)) else None
    return value or cst.Name("None")
