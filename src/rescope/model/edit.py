"""What a codemod can do: one small value per intention, addressed, never a text range."""

from dataclasses import dataclass
from enum import Enum

from rescope.model.address import Address
from rescope.model.scope import Scope


class ScopeStyle(Enum):
    """How function scope is written."""

    EXPLICIT = "explicit"
    OMIT = "omit"


class ReasonStyle(Enum):
    """Where the reason is written."""

    DOCSTRING = "docstring"
    COMMENT = "comment"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeScope:
    """Give a fixture another scope; `before` is what the decorator must say now."""

    address: Address
    before: Scope
    after: Scope
    style: ScopeStyle = ScopeStyle.EXPLICIT
    loop_scope: Scope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReason:
    """Write one sentence on why the fixture has its scope."""

    address: Address
    text: str
    style: ReasonStyle = ReasonStyle.DOCSTRING


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreInPlace:
    """Fill the `container` ("dict", "list", "set") at `target` from `saved` again, where a fixture's teardown now assigns it."""

    address: Address
    target: str
    saved: str
    container: str


class PatchKind(Enum):
    """How a test or fixture changes the process, and so which method of pytest's `monkeypatch` does it instead."""

    SET_ENV = "setenv"
    DEL_ENV = "delenv"
    CHDIR = "chdir"
    SET_ATTR = "setattr"
    SET_ITEM = "setitem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A change that `monkeypatch` is to make: of `state` as the code has it, `os.environ['LEVEL']`, `app.mode`, `os.chdir`.

    `missing` says that an attribute may not be there before.
    """

    kind: PatchKind
    state: str
    missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UseMonkeypatch:
    """Let the test or function-scoped fixture at `address` request `monkeypatch`, and make its `patches` through it.

    `alone` says that no other file imports the one that it stands in: what nothing uses any more may go.
    """

    address: Address
    patches: tuple[Patch, ...]
    alone: bool = False


class ResetKind(Enum):
    """How one piece of state goes back to where it was."""

    INITIAL = "initial"
    SNAPSHOT = "snapshot"
    CALL = "call"
    CACHE_CLEAR = "cache-clear"
    CLASS_SLOT = "class-slot"
    CONTAINER = "container"
    OBJECT = "object"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetStep:
    """One name that a reset fixture puts back. `module` is the import name, `name` may be dotted.

    `initial` is source text (INITIAL, CLASS_SLOT); `container` is "dict", "list", "set" or "deque".
    """

    kind: ResetKind
    module: str
    name: str
    initial: str = "None"
    container: str = ""


class PartKind(Enum):
    """What a part of a fixture's value is, and so how it is put back."""

    ATTRIBUTE = "attribute"
    DICT = "dict"
    LIST = "list"
    SET = "set"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuePart:
    """A part of a fixture's value by its dotted path, "" for the value itself; `deep` where what it holds changes too."""

    path: str
    kind: PartKind
    deep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddResetFixture:
    """Add an autouse fixture that puts state back, to the file at `path`: that of modules, or parts of a fixture's value.

    `direct_import` is False where the module may only be looked up in `sys.modules`. Edits of one `table` become one fixture.
    `fixture` is the broad fixture whose `parts` are put back after each test that uses it.
    """

    path: str
    name: str
    doc: str
    steps: tuple[ResetStep, ...] = ()
    fixture: str = ""
    parts: tuple[ValuePart, ...] = ()
    direct_import: bool = True
    creates_file: bool = False
    table: bool = False


Edit = ChangeScope | AddReason | RestoreInPlace | UseMonkeypatch | AddResetFixture
