"""The statements that put state back, step by step."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from rescope.codemods.refusal import MisfitError
from rescope.model.edit import ResetKind, ResetStep

_KEPT = frozenset({ResetKind.SNAPSHOT, ResetKind.CONTAINER, ResetKind.OBJECT, ResetKind.CONTEXT})
_RESERVED = frozenset(
    ["cls", "dict", "family", "inside", "list", "name", "names", "own", "reset", "set", "subclass", "sys", "value", "vars"],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """State that is kept for the time of a test."""

    module: str
    save: tuple[str, ...]
    restore: tuple[str, ...]


def local_names(modules: Sequence[str], reserved: frozenset[str]) -> dict[str, str]:
    """A local name for each module: its last part, with as many parts before it as make it the only one."""
    lasts = [module.rpartition(".")[2] for module in modules]
    taken = {*_RESERVED, *reserved, *(last for last in lasts if lasts.count(last) > 1)}
    chosen: dict[str, str] = {}
    for module in modules:
        chosen[module] = next(name for name in _candidates(module) if name not in taken)
        taken.add(chosen[module])
    return chosen


def _candidates(module: str) -> Iterator[str]:
    parts = module.split(".")
    if len(parts) == 1:
        yield module
    yield from ("_".join(parts[-count:]) for count in range(1, len(parts) + 1))
    whole = "_".join(parts)
    yield f"{whole}_module"
    yield from (f"{whole}_{number}" for number in range(2, len(_RESERVED) + 100))


def resets(steps: Sequence[ResetStep], local: str) -> list[str]:
    """The statements that do the same before and after a test, for the steps of one module."""
    lines: list[str] = []
    slots: dict[str, list[tuple[str, str]]] = {}
    for step in steps:
        target = f"{local}.{_stored(step.name)}"
        match step.kind:
            case ResetKind.INITIAL:
                lines.append(f"{target} = {literal(step.initial)}")
            case ResetKind.CALL:
                lines.append(f"{target}()")
            case ResetKind.CACHE_CLEAR:
                lines.append(f"{target}.cache_clear()")
            case ResetKind.CLASS_SLOT:
                owner, slot = _slot(step.name)
                slots.setdefault(f"{local}.{owner}", []).append((slot, literal(step.initial)))
            case ResetKind.SNAPSHOT | ResetKind.CONTAINER | ResetKind.OBJECT | ResetKind.CONTEXT:
                pass
    return lines + [line for owner, found in slots.items() for line in _slot_loop(owner, found)]


def _stored(name: str) -> str:
    """The dotted name as it is stored: Python mangles a private name inside its class alone."""
    owner, _, last = name.rpartition(".")
    private = owner and last.startswith("__") and not last.endswith("__")
    return f"{owner}._{owner.rpartition('.')[2].lstrip('_')}{last}" if private else name


def _slot(name: str) -> tuple[str, str]:
    """The class and its attribute as it is stored."""
    owner, _, slot = _stored(name).rpartition(".")
    if not owner:
        reason = f"the class slot {name!r} names no class"
        raise MisfitError(reason)
    return owner, slot


def _slot_loop(owner: str, slots: Sequence[tuple[str, str]]) -> list[str]:
    lines = [f"for cls in family({owner}):", "    names = own.setdefault(cls, set(vars(cls)))"]
    for slot, initial in slots:
        lines += [
            f'    if "{slot}" in names:',
            f"        cls.{slot} = {initial}",
            f'    elif "{slot}" in vars(cls):',
            f"        del cls.{slot}",
        ]
    return lines


def family_lines(yields: str, anything: str) -> list[str]:
    """The helpers of class slots; `yields` is the return type with a gap, "" without annotations."""
    signature = f"(cls: {anything}) -> {yields.format(anything)}" if yields else "(cls)"
    text = f"""\
    def family{signature}:
        yield cls
        for subclass in cls.__subclasses__():
            yield from family(subclass)

    # A slot that a subclass got during the test is deleted; a declared one is set.
    own{": dict[type, set[str]]" if yields else ""} = {{}}
    """
    return textwrap.dedent(text).rstrip().split("\n")


def saved(steps: Sequence[ResetStep], locals_: dict[str, str], taken: frozenset[str]) -> list[Saved]:
    """What is saved before a test and restored after it, for all modules."""
    keeping = [s for s in steps if s.kind in _KEPT]
    used = set(taken)
    found = []
    for step in keeping:
        local = locals_[step.module]
        last = step.name.rpartition(".")[2].strip("_").lower() or "value"
        names = ["saved"] if len(keeping) == 1 else [f"saved_{last}", f"saved_{local}_{last}"]
        names += [f"saved_{last}_{number}" for number in range(2, len(keeping) + 3)]
        name = next(n for n in names if n not in used)
        used.add(name)
        found.append(_saved(step, local, name))
    return found


def _saved(step: ResetStep, local: str, name: str) -> Saved:
    target = f"{local}.{_stored(step.name)}"
    match step.kind, step.container:
        case ResetKind.SNAPSHOT, _:
            return Saved(module=step.module, save=(f"{name} = {target}",), restore=(f"{target} = {name}",))
        case _, "list":
            return Saved(module=step.module, save=(f"{name} = list({target})",), restore=(f"{target}[:] = {name}",))
        case ResetKind.CONTAINER, "deque":
            restore = (f"{target}.clear()", f"{target}.extend({name})")
            return Saved(module=step.module, save=(f"{name} = list({target})",), restore=restore)
        case ResetKind.CONTEXT, _:
            return Saved(module=step.module, save=(f"{name} = {target}.set({target}.get())",), restore=(f"{target}.reset({name})",))
        case ResetKind.OBJECT, _:
            return _object(step.module, target, name)
        case _, "dict" | "set" as make:
            restore = (f"{target}.clear()", f"{target}.update({name})")
            return Saved(module=step.module, save=(f"{name} = {make}({target})",), restore=restore)
    reason = f"{step.name!r} is a container of an unknown sort: {step.container!r}"
    raise MisfitError(reason)


def _object(module: str, target: str, name: str) -> Saved:
    """The attributes of an object and what their containers hold, all put back in place: others may hold any of them."""
    inside = name.replace("saved", "inside", 1)
    copies = f"{{name: value.copy() for name, value in {name}.items() if isinstance(value, (dict, list, set))}}"
    return Saved(
        module=module,
        save=(f"{name} = dict(vars({target}))", f"{inside} = {copies}"),
        restore=(
            f"vars({target}).clear()",
            f"vars({target}).update({name})",
            f"for name, value in {inside}.items():",
            f"    {name}[name].clear()",
            f'    getattr({name}[name], "extend" if isinstance(value, list) else "update")(value)',
        ),
    )


def literal(text: str) -> str:
    """The text, if it is one line that means the same in every file; raises MisfitError."""
    try:
        plain = "\n" not in text and _is_plain(cst.parse_expression(text))
    except (cst.ParserSyntaxError, cst.CSTValidationError):
        plain = False
    if not plain:
        reason = f"the initial value {text!r} is not a literal"
        raise MisfitError(reason)
    return text


def _is_plain(node: cst.CSTNode) -> bool:
    match node:
        case cst.Name(value="None" | "True" | "False") | cst.Integer() | cst.Float() | cst.Imaginary() | cst.Ellipsis():
            return True
        case cst.SimpleString() | cst.Call(func=cst.Name(value="dict" | "frozenset" | "list" | "set" | "tuple"), args=[]):
            return True
        case cst.ConcatenatedString(left=left, right=right) | cst.BinaryOperation(left=left, right=right):
            return _is_plain(left) and _is_plain(right)
        case cst.UnaryOperation(expression=inner):
            return _is_plain(inner)
        case cst.Tuple(elements=elements) | cst.List(elements=elements) | cst.Set(elements=elements):
            return all(isinstance(e, cst.Element) and _is_plain(e.value) for e in elements)
        case cst.Dict(elements=pairs):
            return all(isinstance(p, cst.DictElement) and _is_plain(p.key) and _is_plain(p.value) for p in pairs)
    return False
