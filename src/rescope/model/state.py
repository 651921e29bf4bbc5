"""Process-wide state of the program: singletons, and the code that writes them."""

from dataclasses import dataclass
from enum import StrEnum

from rescope.model.address import Address, Location


class Shape(StrEnum):
    """The kinds of singleton."""

    LAZY_GLOBAL = "lazily filled global"
    CACHED_FACTORY = "cached factory"
    CLASS_ATTRIBUTE = "class-level instance"
    CONTAINER = "container"
    WRITTEN = "written global"
    INSTANCE = "changed instance"
    CONTEXT = "context variable"


class Role(StrEnum):
    """What a writer does to the state."""

    LAZY = "lazy"
    RESET = "reset"
    SETTER = "setter"
    COUNTER = "counter"
    MUTATOR = "mutator"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """One place that writes the state."""

    function: Address
    line: int
    role: Role
    text: str = ""
    import_time: bool = False
    guarded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Singleton:
    """State that lives as long as the process.

    `group` holds (name, initial source) for all names that are written together; `container` is the
    type of a container; `builds` the dotted callee whose result it holds, `builds_project` whether that
    is the project's own; `reset_function` a function without arguments that puts the whole group back.
    `set_by_tests` are calls of its setters that stand in tests, where nothing takes them back; `named_by_tests` are the
    places where tests read it, or call a function that reads or writes it, `read_by_tests` says that they do the first;
    `readers` are the functions, of the program and the tests, that read it;
    `worked_on` says that somebody changes the object that it hands out, or calls what changes it;
    `varied_by_tests` says whether tests put something else in the place of what a cached answer depends on,
    `varied_by_callers` whether tests that come to the cached function set a variable of the environment that it names.
    """

    address: Address
    shape: Shape
    line: int
    group: tuple[tuple[str, str], ...]
    writers: tuple[Writer, ...]
    container: str = ""
    size: int = 0
    builds: str = ""
    builds_project: bool = False
    reset_function: str = ""
    reads_settings: bool = False
    subclassed: bool = False
    handed_out: bool = True
    has_arguments: bool = False
    held_at_import: tuple[Location, ...] = ()
    set_by_set_up: tuple[Location, ...] = ()
    touched_by_tests: tuple[Location, ...] = ()
    set_by_tests: tuple[Location, ...] = ()
    reset_by: tuple[Location, ...] = ()
    named_by_tests: tuple[Location, ...] = ()
    read_by_tests: bool = False
    readers: tuple[Address, ...] = ()
    worked_on: bool = False
    varied_by_tests: bool = True
    varied_by_callers: bool = False

    @property
    def name(self) -> str:
        """The name that messages use."""
        return self.address.qualname
