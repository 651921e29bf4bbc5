"""Which tests run a line that reads or writes a watched global, and which line: known from Python 3.12 on, through `sys.monitoring`.

Only functions that speak of a watched name are monitored, and each of their lines reports at most once per test: all other code
runs as ever. A line that runs is taken for the access that stands in it.
"""

import dis
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from weakref import ref

from rescope.observer.layout import ATOMS, Layouts, bases, is_class, module_globals, namespace
from rescope.observer.modules import Global, Loaded, resolve
from rescope.observer.state import State

if TYPE_CHECKING:
    import pytest

_NAME = "rescope"
_TOOLS = (4, 3)  # ids that no kind of tool has reserved
_FUNCTION_OF_FIXTURE = "_fixture_function"
_ATTRIBUTE = "ATTR"
_MUTATORS = frozenset({"append", "add", "clear", "discard", "extend", "insert", "remove", "update"})
_WRITES = ("STORE_", "DELETE_")
_MOST_WRAPPERS = 20

Note = Callable[[State, str, bool | None], None]


class Mention(NamedTuple):
    """A place in a function that speaks of a name: as a global where `base` is None, else as an attribute of what `base` names."""

    line: int
    base: str | None
    writes: bool


class Spoken(NamedTuple):
    """A function's code, and the class in whose body it stands, which is not kept alive by this."""

    code: CodeType
    owner: "ref[type] | None"


class Lines(NamedTuple):
    """The lines of a function where states are accessed, with the place as `path:line`; kept by id, since codes of equal text are equal."""

    code: CodeType
    at: dict[int, list[tuple[State, str, bool]]]
    events: int


def mentions(code: CodeType, name: str) -> Iterator[Mention]:
    """Where a function's own code reads or writes a name; one that is loaded to change what it holds is written.

    That is seen of `name[...] = ...` with a plain key, `del name[...]`, and methods that change a builtin container.
    """
    line, before = code.co_firstlineno, ""
    every = list(dis.get_instructions(code))
    for number, each in enumerate(every):
        line = (each.positions.lineno if each.positions else None) or line
        argument, kind = each.argval, each.opname
        if argument == name and "IMPORT" not in kind:
            writes = kind.startswith(_WRITES) or _changes(every[number + 1 : number + 3])
            if _ATTRIBUTE in kind or "METHOD" in kind:
                yield Mention(line, before, writes)
            elif "GLOBAL" in kind or "NAME" in kind:
                yield Mention(line, None, writes)
        argument = argument[-1] if isinstance(argument, tuple) and argument else argument  # two loads in one instruction
        before = argument if isinstance(argument, str) else ""


def _changes(following: list[dis.Instruction]) -> bool:
    """Whether the instructions after a load change what was loaded."""
    method = bool(following) and following[0].argval in _MUTATORS and following[0].opname.startswith(("LOAD_ATTR", "LOAD_METHOD"))
    return method or (len(following) > 1 and following[1].opname in {"STORE_SUBSCR", "DELETE_SUBSCR"})


class Accesses:
    """Follows states; `note` is called with the state, the place as `path:line`, and whether it is written there."""

    def __init__(self, *, loaded: Loaded, layouts: Layouts) -> None:
        self.loaded = loaded
        self.layouts = layouts
        self.note: Note | None = None
        self.tool: int | None = None
        self.closed = False
        self.disable = _monitoring().DISABLE
        self.spoken: dict[str, dict[str, list[Spoken]]] = {}
        self.followed: dict[State, Global] = {}
        self.lines: dict[int, Lines] = {}
        self.ran: dict[int, Lines] = {}
        self.known: dict[tuple[int, str], tuple[Mention, ...]] = {}

    def follow(self, wanted: Iterable[Global]) -> None:
        """Follow these states from now on, in all modules that are loaded; and those that were followed, in modules that are new."""
        if self.closed:
            return
        added = [each for each in wanted if each.state not in self.followed]
        new = [name for name in self.loaded.names if name not in self.spoken]
        for name in new:
            self.spoken[name] = self._index(name)
        for each in self.followed.values() if new else ():
            self._arm(each, new)
        for each in added:
            self._arm(each, self.loaded.names)
        self.followed.update((each.state, each) for each in added)

    def follows(self, state: State) -> bool:
        """Whether accesses of this state are noted."""
        return not self.closed and state in self.followed

    def begin(self, _item: "pytest.Item", _standing: Collection[State]) -> None:
        """A test begins."""
        self.again()

    def again(self) -> None:
        """Lines that have reported may report again."""
        ran, self.ran = self.ran, {}
        for each in ran.values():
            self._monitor(each.code, 0)
            self._monitor(each.code, each.events)

    def end(self) -> None:
        """Follow nothing any more."""
        if self.tool is not None and _monitoring().get_tool(self.tool) == _NAME:
            for each in self.lines.values():
                self._monitor(each.code, 0)
            for event in (_monitoring().events.LINE, _monitoring().events.PY_START):
                _monitoring().register_callback(self.tool, event, None)
            _monitoring().free_tool_id(self.tool)
        self.tool, self.closed = None, True

    def _monitor(self, code: CodeType, events: int) -> None:
        """Have a function's events reported; where another tool has taken the place meanwhile, nothing is followed from now on."""
        if self.closed:
            return
        if self.tool is None:
            self.tool = next((n for n in _TOOLS if _monitoring().get_tool(n) is None), None)
            if self.tool is not None:
                _monitoring().use_tool_id(self.tool, _NAME)
                _monitoring().register_callback(self.tool, _monitoring().events.LINE, self._line)
                _monitoring().register_callback(self.tool, _monitoring().events.PY_START, self._start)
        if self.tool is None or _monitoring().get_tool(self.tool) != _NAME:
            self.closed = True
        else:
            _monitoring().set_local_events(self.tool, code, events)

    def _start(self, code: CodeType, _offset: int) -> object:
        try:
            return self._line(code, code.co_firstlineno)
        except RecursionError:
            return self.disable

    def _line(self, code: CodeType, line: int) -> object:
        """A line runs. It runs in the middle of the program, perhaps at its recursion limit: what fails here must not go there."""
        try:
            found = self.lines.get(id(code))
            accesses = found.at.get(line, ()) if found else ()
            for state, place, writes in accesses:
                if found and self.note:
                    self.ran[id(code)] = found
                    self.note(state, place, writes)
        except Exception:  # noqa: BLE001, S110 - as above
            pass
        return self.disable

    def _path(self, code: CodeType) -> str:
        root = self.layouts.root
        path = code.co_filename
        return path[len(root) :].replace(os.sep, "/") if path.startswith(root) else path

    def _index(self, module: str) -> dict[str, list[Spoken]]:
        """The functions of a module by each name that they speak of."""
        found: dict[str, list[Spoken]] = {}
        functions = self._functions(module, module_globals(sys.modules.get(module)), None)
        for spoken in {id(each.code): each for each in functions}.values():
            for name in spoken.code.co_names:
                found.setdefault(name, []).append(spoken)
        return found

    def _functions(self, module: str, members: Mapping[str, object], owner: type | None) -> Iterator[Spoken]:
        for value in list(members.values()):
            if is_class(value):
                inner = cast("type", value)
                if owner is None and namespace(inner).get("__module__") == module:
                    yield from self._functions(module, namespace(inner), inner)
                continue
            for function in self._behind(value):
                if function.__globals__ is module_globals(sys.modules.get(module)):
                    yield from (Spoken(code, None if owner is None else ref(owner)) for code in _nested(function.__code__))

    def _behind(self, value: object) -> Iterator[FunctionType]:
        """The plain functions behind a global or attribute: past descriptors, wrappers, closures and fixture definitions."""
        pending: list[object] = [value]
        for _ in range(_MOST_WRAPPERS):
            if not pending:
                return
            each = pending.pop()
            if type(each) is FunctionType:
                yield each
                pending += [each.__dict__.get("__wrapped__"), *(_content(cell) for cell in each.__closure__ or ())]
            elif type(each) is staticmethod or type(each) is classmethod:
                pending.append(each.__func__)
            elif type(each) is property:
                pending += [each.fget, each.fset, each.fdel]
            elif each is not None and id(type(each)) not in ATOMS:
                layout = self.layouts.of(each)
                held = layout.attributes(each) if layout.attributes else {}
                pending += [held.get("__wrapped__"), held.get(_FUNCTION_OF_FIXTURE)]

    def _arm(self, followed: Global, modules: Iterable[str]) -> None:
        home = module_globals(sys.modules.get(followed.module))
        owner = resolve(home, followed.parts[:-1]) if len(followed.parts) > 1 else None
        value = resolve(home, followed.parts)
        name = followed.parts[-1]
        for module in modules:
            members = module_globals(sys.modules.get(module))
            for spoken in self.spoken[module].get(name, ()):
                for mention in self._mentions(spoken.code, name):
                    if (
                        _is_of(mention, followed, spoken, module, members)
                        if owner is None
                        else _is_of_class(mention, owner, spoken, members)
                    ):
                        self._add(spoken.code, mention, followed.state)
            if module != followed.module and id(type(value)) not in ATOMS and not is_class(value):
                for alias in [n for n, v in list(members.items()) if v is value]:
                    for spoken in self.spoken[module].get(alias, ()):
                        for mention in self._mentions(spoken.code, alias):
                            if mention.base is None:
                                self._add(spoken.code, mention, followed.state)

    def _mentions(self, code: CodeType, name: str) -> tuple[Mention, ...]:
        """As `mentions`, each function read once: many modules have globals of the same name."""
        found = self.known.get((id(code), name))
        if found is None:
            found = self.known[id(code), name] = tuple(mentions(code, name))
        return found

    def _add(self, code: CodeType, mention: Mention, state: State) -> None:
        if id(code) not in self.lines:
            events = _monitoring().events
            # The interpreter reports no line of a function that is written on the line of its `def` (seen with 3.13.0).
            short = all(line in {None, code.co_firstlineno} for _, _, line in code.co_lines())
            self.lines[id(code)] = Lines(code, {}, events.LINE | events.PY_START if short else events.LINE)
            self._monitor(code, self.lines[id(code)].events)
        at = self.lines[id(code)].at.setdefault(mention.line, [])
        access = (state, f"{self._path(code)}:{mention.line}", mention.writes)
        if access not in at:
            at.append(access)


def _is_of(mention: Mention, followed: Global, spoken: Spoken, module: str, members: Mapping[str, object]) -> bool:
    """Whether a mention of a global's name means this one: in its module by name, elsewhere through a name of its module."""
    if mention.base is None:
        return module == followed.module
    package, _, last = followed.module.rpartition(".")
    if members.get(mention.base) is sys.modules.get(followed.module):
        return True
    imported = spoken.code.co_names
    local = followed.module in imported or (package in imported and last in imported)
    return (mention.base == last and package.rpartition(".")[2] in imported) or (local and mention.base in spoken.code.co_varnames)


def _is_of_class(mention: Mention, owner: object, spoken: Spoken, members: Mapping[str, object]) -> bool:
    """Whether a mention of a class attribute means this one: in methods of its class or a subclass, elsewhere by the class's name."""
    if mention.base is None:
        return False
    home = spoken.owner() if spoken.owner else None
    inside = home is not None and any(base is owner for base in bases(home))
    return inside or members.get(mention.base) is owner


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if type(constant) is CodeType:
            yield from _nested(constant)


def _content(cell: Any) -> object:  # noqa: ANN401 - types.CellType, of which typeshed knows no content
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None


def _monitoring() -> Any:  # noqa: ANN401 - this project is type-checked as Python 3.11, which has no such module
    return sys.monitoring  # type: ignore[attr-defined]
