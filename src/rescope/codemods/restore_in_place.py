"""RestoreInPlace: a teardown that puts a copy in the place of a container fills the container itself again."""

import libcst as cst

from rescope.codemods.refusal import MisfitError
from rescope.codemods.style import Style, line_end
from rescope.model.edit import RestoreInPlace


def restore_in_place(node: cst.FunctionDef, edit: RestoreInPlace, style: Style) -> cst.FunctionDef:
    """The function with `a.b = saved` as `a.b.clear()` and `a.b.update(saved)`, or `a.b[:] = saved`; raises MisfitError."""
    rewrite = _Rewrite(edit, style)
    after = cst.ensure_type(node.visit(rewrite), cst.FunctionDef)
    if rewrite.found > 1 or not (rewrite.found or rewrite.filled):
        message = f"{edit.target} = {edit.saved} does not stand in {node.name.value!r} exactly once, on a line of its own"
        raise MisfitError(message)
    return after


class _Rewrite(cst.CSTTransformer):
    def __init__(self, edit: RestoreInPlace, style: Style) -> None:
        super().__init__()
        self.found = 0
        self.filled = False
        self._edit = edit
        self._style = style
        self._code = cst.Module([])

    def leave_SimpleStatementLine(
        self,
        original_node: cst.SimpleStatementLine,
        updated_node: cst.SimpleStatementLine,
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.SimpleStatementLine]:
        self.filled |= any(self._code.code_for_node(s) in self._lines() for s in updated_node.body)
        match updated_node.body:
            case [cst.Assign(targets=[cst.AssignTarget(target=target)], value=cst.Name(value=saved))] if (
                saved == self._edit.saved and self._code.code_for_node(target) == self._edit.target
            ):
                self.found += 1
                first, *others = (cst.ensure_type(cst.parse_statement(line), cst.SimpleStatementLine).body[0] for line in self._lines())
                if not others:
                    return updated_node.with_changes(body=[first])
                begun = updated_node.with_changes(body=[first], trailing_whitespace=line_end(self._style))
                return cst.FlattenSentinel([begun, updated_node.with_changes(body=others, leading_lines=[])])
        return updated_node

    def _lines(self) -> list[str]:
        place, saved = self._edit.target, self._edit.saved
        return [f"{place}[:] = {saved}"] if self._edit.container == "list" else [f"{place}.clear()", f"{place}.update({saved})"]
