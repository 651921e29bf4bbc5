"""What one file says, as plain values: the only thing that later stages know of source text.

The values that a file has by the hundred are named tuples: they load from the cache several times faster than dataclasses.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from rescope.model.address import Address
from rescope.model.scope import Scope, ScopeUnknown

REQUEST_ATTRIBUTES = frozenset({"node", "session", "cls", "instance", "keywords", "applymarker"})
"""What pytest's `request` gives that means something else at another scope."""


class Root(StrEnum):
    """What the first name of a dotted target is."""

    ARGUMENT = "argument"
    GLOBAL = "global"
    IMPORTED = "imported"
    SELF = "self"
    CLS = "cls"
    LOCAL = "local"


class Target(NamedTuple):
    """An object as the code reaches it: `client.headers`, `app.main.app.state`, an item as `[]`.

    `dotted` is absolute where the root is IMPORTED, else it starts with the name in the file.
    """

    root: Root
    dotted: str

    @property
    def head(self) -> str:
        """The first name."""
        return self.dotted.partition(".")[0]

    @property
    def tail(self) -> str:
        """All behind the first name."""
        return self.dotted.partition(".")[2]


class EffectKind(StrEnum):
    """How code changes an object that may outlive it."""

    BIND = "bind"
    SET_ATTR = "set-attr"
    SET_ITEM = "set-item"
    DELETE = "delete"
    MUTATE = "mutate"
    CALL = "call"
    PATCH = "patch"


INSIDE = frozenset({EffectKind.SET_ITEM, EffectKind.MUTATE, EffectKind.DELETE})


class Effect(NamedTuple):
    """One change of state; `fallback` says that it stands in an `except`.

    `needs` is the parameter, false by default, without which it is not made.
    `undone_at` is the line that takes it back, in the same function; its own, where it puts back what was read.
    """

    kind: EffectKind
    target: Target
    line: int
    column: int
    text: str
    how: str = ""
    key: str = ""
    value: str = ""
    builds: str = ""
    guarded: bool = False
    after_yield: bool = False
    in_context: bool = False
    nested: str = ""
    fallback: bool = False
    needs: str = ""
    undone_at: int | None = None


class Call(NamedTuple):
    """A call, with the arguments that are objects known by name.

    `arguments` counts all of them, `raises` says that the call is expected to fail, `receiver` is the dotted callee that
    made the local object whose method is called; `constant` is the only argument, if it is one; `keywords` are recorded for
    `parametrize` alone, with `*` and `**` as they stand.
    """

    callee: Target
    line: int
    passes: tuple[tuple[int | str, Target], ...] = ()
    strings: tuple[str, ...] = ()
    after_yield: bool = False
    awaited: bool = False
    entered: bool = False
    discarded: bool = False
    looked_into: bool = False
    fallback: bool = False
    nested: str = ""
    arguments: int = 0
    raises: bool = False
    receiver: str = ""
    constant: str = ""
    keywords: tuple[str, ...] = ()


class CopyBack(NamedTuple):
    """A teardown's `target = saved` where `saved` was read from the target before the yield.

    `kind` is "same" for the object itself, "copy" for a copy of its own kind, or the builtin that was made of it. `once` says that
    the function names `saved` nowhere else, hands the target to nobody, and that the statement stands alone on its line.
    """

    target: str
    saved: str
    line: int
    kind: str
    once: bool


UNBOUND = "<unbound>"


class ValueKind(StrEnum):
    """What a returned or yielded expression is."""

    CALL = "call"
    LITERAL = "literal"
    CONSTANT = "constant"
    ALIAS = "alias"
    NONE = "none"
    OTHER = "other"


class Value(NamedTuple):
    """A returned, yielded or assigned value: what was called, named or written out; `position` is its place in a tuple handed out."""

    kind: ValueKind
    target: Target | None = None
    text: str = ""
    line: int = 0
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parametrize:
    """One `parametrize` mark; `indirect` names those that go to a fixture, None if unknown."""

    argnames: tuple[str, ...]
    indirect: tuple[str, ...] | None
    scope: Scope | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The marks of a function, class or module that bear upon fixtures, in pytest's order.

    `refers` are dotted names of other decorators and mark variables, each with its place among `usefixtures`; `opaque`
    says that a mark is computed, `computed` that it is, but only names what the test itself requests or sets, `anyio` that
    the mark of that name is set, for which anyio's plugin requests `anyio_backend`.
    """

    usefixtures: tuple[str, ...] = ()
    parametrize: tuple[Parametrize, ...] = ()
    opaque: bool = False
    computed: bool = False
    refers: tuple[tuple[int, str], ...] = ()
    anyio: bool = False
    skip: bool = False


NO_MARKS = Marks()


class Function(NamedTuple):
    """A function, method or module body (`<module>`): what it requests and what it does to state.

    `line` is that of the first decorator, as pytest reports it; `def_line` that of `def`. `refuses` names what a guard looks at
    before it raises, `conflicts` are the lines where it raises what says by its name that something is there already;
    `request_attributes` are attributes of pytest's `request` that it reads of a parameter, as `request.node`: a helper may call
    what it is handed otherwise; `removes` are the lines behind the yield that delete a file or folder which nothing before the
    yield speaks of; `mentions` are the names outside that it reads, each once, and `mentioned_at` the line at which it first does;
    `looks` are what a test or fixture reads of its arguments, and what others read of those that they change, and where first;
    `perhaps_patched` are argnames that a patch decorator may fill; `handled` are callees that gave it an object, each with a method
    that it calls of it, or "" where it changes the object itself; `writes_out` says that what it yields is written out behind the yield.
    """

    address: Address
    line: int
    def_line: int
    end_line: int
    params: tuple[str, ...] = ()
    argnames: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    marks: Marks = NO_MARKS
    effects: tuple[Effect, ...] = ()
    calls: tuple[Call, ...] = ()
    values: tuple[Value, ...] = ()
    mentions: tuple[Target, ...] = ()
    mentioned_at: tuple[int, ...] = ()
    looks: tuple[tuple[Target, int], ...] = ()
    handled: frozenset[tuple[Target, str]] = frozenset()
    globals: tuple[str, ...] = ()
    stored: tuple[tuple[str, Target], ...] = ()
    requested: tuple[str, ...] = ()
    requests_unknown: bool = False
    request_attributes: frozenset[str] = frozenset()
    yields_at: int | None = None
    is_async: bool = False
    is_method: bool = False
    has_doc: bool = False
    given: bool = False
    makes_fixtures: bool = False
    hides_signature: bool = False
    perhaps_patched: tuple[str, ...] = ()
    refuses: frozenset[str] = frozenset()
    conflicts: tuple[tuple[int, str], ...] = ()
    removes: tuple[tuple[int, str], ...] = ()
    copies_back: tuple[CopyBack, ...] = ()
    writes_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureDef:
    """A fixture as its decorator declares it; names are pytest's own.

    `name` is the decorator's `name=` or "" where the binding attribute decides. `creator` is the
    dotted decorator. `autouse` is None where it is not a literal. `editable` is "" or why not.
    `implementation` is the dotted name of the function of a call form that stands in another file. `remark` is the comment
    at its decorator that says why a broad scope was chosen.
    """

    address: Address
    name: str
    scope: Scope | ScopeUnknown
    autouse: bool | None
    params: bool
    creator: str
    loop_scope: Scope | None
    function: Function
    line: int
    editable: str = ""
    implementation: str = ""
    remark: str = ""

    @property
    def argnames(self) -> tuple[str, ...]:
        """What the fixture requests through its signature."""
        return self.function.argnames


class BindingKind(StrEnum):
    """What a name of a module or class is bound to, as far as fixtures care."""

    FIXTURE = "fixture"
    FUNCTION = "function"
    CLASS = "class"
    IMPORT = "import"
    STAR = "star"
    ALIAS = "alias"
    VALUE = "value"
    REMOVED = "removed"
    OPAQUE = "opaque"


class Binding(NamedTuple):
    """One binding, in source order; `refers` is an address qualname or an absolute dotted name."""

    name: str
    kind: BindingKind
    refers: str = ""
    ordinal: int = 0
    assigned: bool = False
    line: int = 0
    conditional: bool = False


class Variable(NamedTuple):
    """A name that a module or class body assigns, or only annotates (UNBOUND): its first value, and how sure the binding is."""

    address: Address
    line: int
    value: Value
    annotation: str = ""
    optional_import: bool = False
    size: int = 0
    rebound: bool = False


class ClassDef(NamedTuple):
    """A class: bases, own names, marks, and whether pytest could collect it."""

    address: Address
    line: int
    bases: tuple[str, ...]
    bindings: tuple[Binding, ...]
    attributes: tuple[Variable, ...]
    marks: Marks
    decorators: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    has_init: bool = False
    not_test: bool = False
    is_test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A `# rescope: ...` comment."""

    line: int
    verb: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseFailure:
    """A file that could not be read as Python: a fact that is shown, never an exception."""

    path: str
    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFacts:
    """Everything that later stages may ask about one file; `ignores` are what `collect_ignore` and `collect_ignore_glob` list."""

    path: str
    failure: ParseFailure | None = None
    fixtures: tuple[FixtureDef, ...] = ()
    functions: tuple[Function, ...] = ()
    classes: tuple[ClassDef, ...] = ()
    bindings: tuple[Binding, ...] = ()
    variables: tuple[Variable, ...] = ()
    imports: tuple[tuple[str, str], ...] = ()
    imported_modules: tuple[str, ...] = ()
    lazy_modules: tuple[str, ...] = ()
    body: Function | None = None
    marks: Marks = Marks()
    plugins: tuple[str, ...] = ()
    plugins_unknown: bool = False
    dunder_all: tuple[str, ...] | None = None
    remarks: tuple[Remark, ...] = ()
    generated: bool = False
    marks_by_name: tuple[tuple[str, Marks], ...] = ()
    not_test: bool = False
    computed_names: str = ""
    registers_fixtures: bool = False
    ignores: tuple[tuple[str, ...] | None, tuple[str, ...] | None] = (None, None)
