"""AddResetFixture: an autouse fixture at the end of a file, with the imports that it needs."""

import builtins
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import libcst as cst

from rescope.codemods.bindings import Bindings, bindings
from rescope.codemods.imports import with_import
from rescope.codemods.prose import docstring, sentence
from rescope.codemods.refusal import MisfitError
from rescope.codemods.reset_steps import Saved, family_lines, local_names, resets, saved
from rescope.codemods.style import Style
from rescope.codemods.value_reset import value_lines
from rescope.model.edit import AddResetFixture, ResetKind, ResetStep

_TWICE = 2
_CALL = re.compile(r"(?<![\w.])(\w+)\(")
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spelling:
    """How the file writes what a reset fixture needs.

    `yields` has a gap for the item; both it and `anything` are "" where nothing is annotated.
    """

    fixture: str
    request: str
    deepcopy: str
    modules: str
    yields: str
    anything: str


def with_reset_fixtures(module: cst.Module, edits: Sequence[AddResetFixture], style: Style) -> str:
    """The text of the module with the fixtures that it does not have yet, in the order given."""
    known = bindings(module)
    wanted = _joined([e for e in dict.fromkeys(edits) if e.name not in known.fixtures])
    _check_names(wanted, known)
    if not wanted:
        return module.code
    spelling, missing = _spelling(wanted, known)
    fixtures = [_fixture(edit, spelling, style) for edit in wanted]
    _check_meanings(fixtures, missing, known)
    for text in missing:
        module = with_import(module, text, style)
    text = module.code
    for lines in fixtures:
        text = _appended(text, lines, style.newline)
    return text


def _joined(edits: Sequence[AddResetFixture]) -> list[AddResetFixture]:
    """The edits, those of one table made one, in the place of the first."""
    found: dict[object, AddResetFixture] = {}
    for number, edit in enumerate(edits):
        key = edit.name if edit.table else number
        found[key] = _with(found[key], edit) if key in found else edit
    return list(found.values())


def _with(edit: AddResetFixture, other: AddResetFixture) -> AddResetFixture:
    steps = tuple(dict.fromkeys((*edit.steps, *other.steps)))
    names = [f"{step.module.rpartition('.')[2]}.{step.name}" for step in steps]
    return replace(
        edit,
        doc=f"Put back what would outlive the test: {', '.join(names[:-1])} and {names[-1]}.",
        steps=steps,
        direct_import=edit.direct_import and other.direct_import,
    )


def _check_names(edits: Sequence[AddResetFixture], known: Bindings) -> None:
    names = [e.name for e in edits]
    for edit in edits:
        if edit.name in known.bound or names.count(edit.name) > 1:
            reason = f"the name {edit.name!r} is taken"
            raise MisfitError(reason)
        if not edit.steps and not edit.parts:
            reason = f"the reset fixture {edit.name!r} has nothing to do"
            raise MisfitError(reason)


def _check_meanings(fixtures: Sequence[Sequence[str]], imports: Sequence[str], known: Bindings) -> None:
    """Refuse where the file means something else by a name that the fixtures import, or by a built-in that they call."""
    imported = {text.rpartition(" ")[2] for text in imports}
    called = {name for lines in fixtures for name in _CALL.findall("\n".join(lines))}
    taken = (imported & known.others) | (called & known.bound & set(dir(builtins)))
    if taken:
        reason = f"the file means something else by {min(taken)!r}"
        raise MisfitError(reason)


def _spelling(edits: Sequence[AddResetFixture], known: Bindings) -> tuple[_Spelling, list[str]]:
    """The names to use, and the import statements that the file lacks for them."""
    usable = {local for local, dotted in known.imports if dotted.startswith(("typing.", "collections.abc."))}
    annotated = known.annotated and not known.bound & ({"Any", "Iterator"} - usable)
    yields = _yields(known) if annotated else ""
    modules = known.spelled("sys", "modules")
    anything = known.spelled("typing", "Any")
    fixture = known.spelled("pytest", "fixture")
    looks_up = not all(e.direct_import for e in edits)
    deep = any(p.deep for e in edits for p in e.parts)
    deepcopy = known.spelled("copy", "deepcopy")
    loose = looks_up or any(s.kind is ResetKind.CLASS_SLOT for e in edits for s in e.steps)
    missing = {
        "from collections.abc import Iterator": annotated and not yields,
        "from typing import Any": annotated and loose and not anything,
        "import sys": looks_up and not modules,
        "from copy import deepcopy": deep and not deepcopy,
        "import pytest": not fixture,
    }
    spelling = _Spelling(
        fixture=fixture or "pytest.fixture",
        request=known.spelled("pytest", "FixtureRequest") or "pytest.FixtureRequest",
        deepcopy=deepcopy or "deepcopy",
        modules=modules or "sys.modules",
        yields=(yields or "Iterator[{}]") if annotated else "",
        anything=(anything or "Any") if annotated else "",
    )
    return spelling, [text for text, lacks in missing.items() if lacks]


def _yields(known: Bindings) -> str:
    for name, items in (("Iterator", "{}"), ("Generator", "{}, None, None")):
        for module in ("collections.abc", "typing"):
            spelled = known.spelled(module, name)
            if spelled:
                return f"{spelled}[{items}]"
    return ""


def _appended(text: str, lines: Sequence[str], newline: str) -> str:
    if not text.endswith(("\n", "\r")):
        text += newline
    blanks = 0
    for line in reversed(_LINE_END.split(text)[:-1]):
        if line.strip():
            break
        blanks += 1
    return text + newline * max(_TWICE - blanks, 0) + newline.join(lines) + newline


def _fixture(edit: AddResetFixture, spelling: _Spelling, style: Style) -> list[str]:
    returns = f" -> {spelling.yields.format(None)}" if spelling.yields else ""
    doc = sentence(edit.doc, style.encoding)
    body = _body(edit, spelling)
    if doc:
        told = _LINE_END.split(docstring(doc, style.indent, style))
        body = [*(line.removeprefix(style.indent) for line in told), *([""] if body[0].startswith("def ") else []), *body]
    request = "" if not edit.fixture else f"request: {spelling.request}" if spelling.yields else "request"
    head = [f"@{spelling.fixture}(autouse=True)", f"def {edit.name}({request}){returns}:"]
    return [*head, *(_reindented(f"    {line}", style.indent) if line else "" for line in body)]


def _body(edit: AddResetFixture, spelling: _Spelling) -> list[str]:
    if edit.fixture:
        return value_lines(edit, spelling.deepcopy)
    return _direct(edit, spelling) if edit.direct_import else _looked_up(edit, spelling)


def _reindented(line: str, indent: str) -> str:
    text = line.lstrip(" ")
    return indent * ((len(line) - len(text)) // 4) + text


def _direct(edit: AddResetFixture, spelling: _Spelling) -> list[str]:
    """The body of a fixture that imports its modules."""
    locals_ = _locals(edit, spelling)
    again = [line for m, local in locals_.items() for line in resets(_of(edit, m), local)]
    keep = saved(edit.steps, locals_, frozenset(locals_.values()))
    helper, before = _shared(edit, again, spelling, inline=_TWICE)
    return [
        *_imports(locals_),
        "",
        *helper,
        *before,
        *(line for k in keep for line in k.save),
        "yield",
        *before,
        *(line for k in keep for line in k.restore),
    ]


def _looked_up(edit: AddResetFixture, spelling: _Spelling) -> list[str]:
    """The body of a fixture that imports nothing: a module that nobody imported needs no reset."""
    locals_ = _locals(edit, spelling)
    again = []
    for module, local in locals_.items():
        lines = resets(_of(edit, module), local)
        again += [*_look_up(module, local, spelling), *(f"    {line}" for line in lines)] if lines else []
    keep = saved(edit.steps, locals_, frozenset(locals_.values()))
    helper, before = _shared(edit, again, spelling, inline=0)
    save, restore = _guarded(keep, locals_, spelling)
    return [*helper, *before, *save, "yield", *before, *restore]


def _look_up(module: str, local: str, spelling: _Spelling) -> list[str]:
    name = f"{local}: {spelling.anything}" if spelling.anything else local
    return [f'{name} = {spelling.modules}.get("{module}")', f"if {local} is not None:"]


def _guarded(keep: Sequence[Saved], locals_: dict[str, str], spelling: _Spelling) -> tuple[list[str], list[str]]:
    """The lines that save and restore; a module first imported during the test is left as it is."""
    save: list[str] = []
    restore: list[str] = []
    for module, local in locals_.items():
        own = [k for k in keep if k.module == module]
        if own:
            save += [*_look_up(module, local, spelling), *(f"    {line}" for k in own for line in k.save)]
            restore += [f"if {local} is not None:", *(f"    {line}" for k in own for line in k.restore)]
    return save, restore


def _shared(edit: AddResetFixture, lines: Sequence[str], spelling: _Spelling, *, inline: int) -> tuple[list[str], list[str]]:
    """Nested functions to define first, and what to run before and after the test."""
    if len(lines) <= inline:
        return [], list(lines)
    slots = any(s.kind is ResetKind.CLASS_SLOT for s in edit.steps)
    family = [*family_lines(spelling.yields, spelling.anything), ""] if slots else []
    returns = " -> None" if spelling.yields else ""
    return [*family, f"def reset(){returns}:", *(f"    {line}" for line in lines), ""], ["reset()"]


def _locals(edit: AddResetFixture, spelling: _Spelling) -> dict[str, str]:
    modules = tuple(dict.fromkeys(s.module for s in edit.steps))
    heads = frozenset(name.partition(".")[0] for name in (spelling.modules, edit.name))
    return local_names(modules, heads | {"saved"})


def _of(edit: AddResetFixture, module: str) -> list[ResetStep]:
    return [s for s in edit.steps if s.module == module]


def _imports(locals_: dict[str, str]) -> list[str]:
    """Import statements, plain ones first, one line for each package."""
    plain: list[str] = []
    members: dict[str, list[str]] = {}
    for module, local in locals_.items():
        package, _, last = module.rpartition(".")
        if package and local == last:
            members.setdefault(package, []).append(last)
        else:
            plain.append(f"import {module}" if local == module else f"import {module} as {local}")
    return [*sorted(plain), *(f"from {package} import {', '.join(sorted(members[package]))}" for package in sorted(members))]
