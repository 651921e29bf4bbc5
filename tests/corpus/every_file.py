"""Forced edits on every Python file of large source distributions: whatever the file looks like, nothing else in it changes.

    python -m corpus.every_file --work DIR

Each fixture gets another scope and a reason, each file a reset fixture. What comes out parses, says the same in all that no edit
names, and stays as it is when the edits are applied again; `git apply` of the diff, and `write`, give just those bytes. Exit 1 if not.
"""

import argparse
import ast
import os
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from corpus.sources import unpacked
from rescope.codemods import EditRefused, apply
from rescope.facts import collect
from rescope.model.edit import AddReason, AddResetFixture, ChangeScope, Edit, ResetKind, ResetStep, ScopeStyle
from rescope.model.facts import FixtureDef, ModuleFacts
from rescope.model.plan import FileChange
from rescope.model.scope import Scope
from rescope.reporting.diff import render_diff
from rescope.writing import undo, write

SOURCES = {"django": "5.2.8", "pandas": "2.3.3", "sqlalchemy": "2.0.44", "celery": "5.7.0", "falcon": "4.4.0"}
_PARTS = 12
_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.AnnAssign)
RESET = "reset_everything_of_rescope"


def main() -> int:
    """All sources; a line for each, and one for each fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(SOURCES))
    parser.add_argument("--work", type=Path, required=True)
    asked = parser.parse_args()
    os.environ.pop("PYTHONPATH", None)
    asked.work.mkdir(parents=True, exist_ok=True)
    return max([tried(unpacked(name, SOURCES[name], asked.work.resolve())) for name in asked.names])


def tried(root: Path) -> int:
    """1 if something is wrong with a file below root, else 0."""
    told: Counter[str] = Counter()
    changes, faults = [], []
    for file in sorted(f for f in root.rglob("*.py") if not f.is_symlink()):
        path = file.relative_to(root).as_posix()
        source = file.read_bytes()
        facts = collect(path, source)
        edits = fitting(facts, source, told)
        if edits:
            change = FileChange(path=path, before=source, after=apply(source, edits))
            changes.append(change)
            faults += [f"{path}: {fault}" for fault in wrong_with(change, edits, facts)]
    faults += written_otherwise(root, changes)
    print(f"{root.name}: {len(changes)} files changed, {', '.join(f'{n} {what}' for what, n in told.most_common())}; {len(faults)} faults")
    for fault in faults:
        print(f"  {fault}")
    sys.stdout.flush()
    return 1 if faults else 0


# --- edits ----------------------------------------------------------------------------------------


def fitting(facts: ModuleFacts, source: bytes, told: Counter[str]) -> list[Edit]:
    """Every edit that the file takes; the others are counted by the reason for which they are refused."""
    if facts.failure:
        told["not parsed"] += 1
        return []
    direct = len(source) % 2 == 0
    reset = AddResetFixture(path=facts.path, name=RESET, doc="Reset it.", steps=steps(), direct_import=direct)
    wanted: list[Edit] = [*(edit for fixture in facts.fixtures for edit in edits_of(fixture)), reset]
    told["fixtures"] += len(facts.fixtures)
    told["edits"] += len(wanted)
    return wanted if not _refusal(source, wanted) else [edit for edit in wanted if not _counted(_refusal(source, [edit]), told)]


def edits_of(fixture: FixtureDef) -> Iterator[Edit]:
    """A change to function scope, or away from it, and a reason."""
    if fixture.editable:
        return
    if isinstance(fixture.scope, Scope):
        after = Scope.MODULE if fixture.scope is Scope.FUNCTION else Scope.FUNCTION
        yield ChangeScope(address=fixture.address, before=fixture.scope, after=after, style=ScopeStyle.EXPLICIT)
    yield AddReason(address=fixture.address, text="Scoped so that no test sees another's state.")


def steps() -> tuple[ResetStep, ...]:
    """One step of each of three kinds."""
    return (
        ResetStep(kind=ResetKind.INITIAL, module="some.module", name="state"),
        ResetStep(kind=ResetKind.CACHE_CLEAR, module="some.module", name="cached"),
        ResetStep(kind=ResetKind.CONTAINER, module="some.module", name="registry", container="dict"),
    )


def _refusal(source: bytes, edits: Sequence[Edit]) -> str:
    try:
        apply(source, edits)
    except EditRefused as refused:
        return refused.reason
    return ""


def _counted(reason: str, told: Counter[str]) -> str:
    if reason:
        told[f"refused ({reason})"] += 1
    return reason


# --- what must hold -------------------------------------------------------------------------------


def wrong_with(change: FileChange, edits: Sequence[Edit], facts: ModuleFacts) -> Iterator[str]:
    """What the edits did to the file besides what they name."""
    before = change.before or b""
    try:
        old, new = parsed(before), parsed(change.after)
    except (SyntaxError, ValueError) as error:
        yield f"the result does not parse: {error}"
        return
    named = {line for f in facts.fixtures if not f.editable for line in (f.function.def_line, f.line)}
    if not same_elsewhere(old, new, named):
        yield "something that no edit names says something else"
    if apply(change.after, edits) != change.after:
        yield "the edits change it again when they are applied again"
    parts = list(_by_definition(edits).values())
    if len(parts) <= _PARTS and any(_one_by_one(before, order) != change.after for order in (parts, parts[::-1])):
        yield "the edits of each fixture, applied one by one, make another file"


def _by_definition(edits: Sequence[Edit]) -> dict[object, list[Edit]]:
    found: dict[object, list[Edit]] = {}
    for edit in edits:
        found.setdefault(edit.name if isinstance(edit, AddResetFixture) else edit.address, []).append(edit)
    return found


def _one_by_one(source: bytes, parts: Sequence[Sequence[Edit]]) -> bytes:
    for part in parts:
        source = apply(source, part)
    return source


def parsed(source: bytes) -> ast.Module:
    """The tree, without a word on odd escapes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def same_elsewhere(old: ast.Module, new: ast.Module, named: Container[int]) -> bool:
    """Whether the trees are equal but for the scopes and docstrings of fixtures at the named lines, and what a reset fixture adds."""
    new.body = _without_additions(old, new)
    for before, after in zip(_definitions(old), _definitions(new), strict=False):
        if before.lineno in named:
            _blank(before)
            _blank(after)
    return ast.dump(old) == ast.dump(new)


def _definitions(tree: ast.Module) -> list[ast.stmt]:
    """What may be a fixture, in an order that a new docstring does not change."""
    return [node for node in ast.walk(tree) if isinstance(node, _DEFINING)]


def _without_additions(old: ast.Module, new: ast.Module) -> list[ast.stmt]:
    """The new statements less the reset fixture, and the imports that the old tree lacks."""
    known = {ast.dump(node) for node in old.body if isinstance(node, ast.Import | ast.ImportFrom)}
    imports = [n for n in new.body if isinstance(n, ast.Import | ast.ImportFrom) and ast.dump(n) not in known]
    return [n for n in new.body if n not in imports and getattr(n, "name", "") != RESET]


def _blank(node: ast.AST) -> None:
    """Take away what a scope and a reason may change."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            node.decorator_list = []
            node.body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        case ast.Assign() | ast.AnnAssign():
            node.value = ast.Constant(value=None)


def written_otherwise(root: Path, changes: Sequence[FileChange]) -> Iterator[str]:
    """The files that `git apply` of the diff, or `write`, leaves with other bytes than the change says."""
    patch = render_diff(changes)
    applied = subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=root, input=patch, capture_output=True, check=False)
    if applied.returncode:
        yield f"git apply: {applied.stderr.decode()[:500]}"
    yield from (f"{c.path}: other bytes by git apply" for c in changes if (root / c.path).read_bytes() != c.after)
    for change in changes:
        (root / change.path).write_bytes(change.before or b"")
    write(root, changes)
    yield from (f"{c.path}: other bytes by write" for c in changes if (root / c.path).read_bytes() != c.after)
    undo(root)
    yield from (f"{c.path}: other bytes after undo" for c in changes if (root / c.path).read_bytes() != c.before)


if __name__ == "__main__":
    raise SystemExit(main())
