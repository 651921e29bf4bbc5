"""The body of a reset fixture that puts parts of a broad fixture's value back after each test that uses it."""

import builtins
import keyword
from collections.abc import Iterator

from rescope.model.edit import AddResetFixture, PartKind, ValuePart

_MISSING = "missing"


def value_lines(edit: AddResetFixture, deepcopy: str) -> list[str]:
    """The statements of the fixture, `request` being its argument; `deepcopy` is how the file spells that function."""
    value = _local(edit.fixture, deepcopy)
    names = _names(edit.parts)
    attributes = any(p.kind is PartKind.ATTRIBUTE for p in edit.parts)
    return [
        f'if "{edit.fixture}" not in request.fixturenames:',
        "    yield",
        "    return",
        f'{value} = request.getfixturevalue("{edit.fixture}")',
        *([f"{_MISSING} = object()"] if attributes else []),
        *(_save(part, value, name, deepcopy) for part, name in names),
        "yield",
        *(line for part, name in names for line in _restore(part, value, name)),
    ]


def _local(fixture: str, deepcopy: str) -> str:
    """The fixture's name, or another one where that means something else in the body."""
    used = {"request", _MISSING, deepcopy.partition(".")[0], *dir(builtins)}
    return "value" if fixture in used or keyword.iskeyword(fixture) or fixture.startswith("saved") else fixture


def _names(parts: tuple[ValuePart, ...]) -> list[tuple[ValuePart, str]]:
    """A local name for what is saved of each part."""
    if len(parts) == 1:
        return [(parts[0], "saved")]
    names = [f"saved_{part.path.replace('.', '_')}" if part.path else "saved" for part in parts]
    unique = (f"{name}_{names[:at].count(name) + 1}" if name in names[:at] else name for at, name in enumerate(names))
    return list(zip(parts, unique, strict=True))


def _target(part: ValuePart, value: str) -> str:
    return f"{value}.{part.path}" if part.path else value


def _save(part: ValuePart, value: str, name: str, deepcopy: str) -> str:
    target = _target(part, value)
    if part.kind is PartKind.ATTRIBUTE:
        owner, _, attribute = target.rpartition(".")
        return f'{name} = getattr({owner}, "{attribute}", {_MISSING})'
    return f"{name} = {deepcopy}({target})" if part.deep else f"{name} = {part.kind.value}({target})"


def _restore(part: ValuePart, value: str, name: str) -> Iterator[str]:
    target = _target(part, value)
    match part.kind:
        case PartKind.ATTRIBUTE:
            owner, _, attribute = target.rpartition(".")
            yield f"if {name} is not {_MISSING}:"
            yield f"    {target} = {name}"
            yield f'elif hasattr({owner}, "{attribute}"):'
            yield f"    del {target}"
        case PartKind.LIST:
            yield f"{target}[:] = {name}"
        case PartKind.DICT | PartKind.SET:
            yield f"{target}.clear()"
            yield f"{target}.update({name})"
