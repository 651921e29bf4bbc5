"""What a module or class binds at the end of its import: pytest's view of a holder."""

import builtins
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from rescope.graph.index import Definition, ModuleIndex
from rescope.model.address import Address
from rescope.model.facts import Binding, BindingKind, ClassDef, FixtureDef, Function

MADE = "made by "
UNITTEST = frozenset({"unittest.TestCase", "unittest.IsolatedAsyncioTestCase", "unittest.case.TestCase"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One thing that an attribute may hold; all fields empty means "nothing that pytest collects".

    `opaque` says why it may be a fixture all the same; it starts with MADE where the project's own code makes it.
    """

    fixture: FixtureDef | None = None
    function: Function | None = None
    klass: ClassDef | None = None
    opaque: str = ""
    unbound: bool = False


Namespace = dict[str, tuple[Bound, ...]]
_NOTHING = Bound()
_UNBOUND = Bound(unbound=True)
_WITH_INIT = frozenset(
    {
        "enum.Enum",
        "enum.IntEnum",
        "enum.StrEnum",
        "enum.Flag",
        "enum.IntFlag",
        "typing.NamedTuple",
        "typing.TypedDict",
        "pydantic.BaseModel",
        "collections.UserDict",
        "collections.UserList",
        "threading.Thread",
    },
)
# Decorators that give back what they get.
_TRANSPARENT = frozenset({"staticmethod", "typing.no_type_check", "allure.title", "allure.description", "allure.link"})
_PLAIN = frozenset(sys.stdlib_module_names) | {"pytest", "hypothesis", "numpy", "typing_extensions"}


@dataclass(slots=True, kw_only=True)
class Namespaces:
    """Namespaces of all modules and classes, worked out on demand."""

    index: ModuleIndex
    fixtures: dict[Address, FixtureDef] = field(default_factory=dict)
    memo: dict[str, Namespace] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    orders: dict[Address, tuple[ClassDef, ...]] = field(default_factory=dict)
    ordering: set[Address] = field(default_factory=set)
    bodies: dict[Address, Namespace] = field(default_factory=dict)

    def module(self, path: str) -> Namespace:
        """What the module binds; a circular import sees what is not yet there as nothing."""
        if path in self.memo:
            return self.memo[path]
        if path in self.active:
            return {}
        self.active.add(path)
        found = self._evaluate(self.index.modules[path].bindings, path)
        self.active.discard(path)
        self.memo[path] = found
        return found

    def _evaluate(self, bindings: Iterable[Binding], path: str) -> Namespace:
        found: Namespace = {}
        for binding in bindings:
            if binding.kind is BindingKind.STAR:
                new = self._star(binding, path)
            elif binding.kind is BindingKind.REMOVED and not binding.conditional:
                found.pop(binding.name, None)
                continue
            else:
                new = {binding.name: self._bound(binding, path, found)}
            _bind(found, new, conditional=binding.conditional)
        return found

    def _bound(self, binding: Binding, path: str, so_far: Namespace) -> tuple[Bound, ...]:
        match binding.kind:
            case BindingKind.FIXTURE:
                fixture = self._fixture(path, binding)
                return (Bound(fixture=fixture, opaque=self._why_doubtful(fixture, path)),) if fixture else (_NOTHING,)
            case BindingKind.FUNCTION:
                return (self._function(path, binding),)
            case BindingKind.CLASS:
                return (Bound(klass=self._class(path, binding)),)
            case BindingKind.IMPORT:
                return self._imported(binding.refers, path)
            case BindingKind.ALIAS:
                return so_far.get(binding.refers) or self._alias(binding.refers, path)
            case BindingKind.OPAQUE:
                return (Bound(opaque=self._why_opaque(binding.refers, path)),)
        return (_NOTHING,)

    def _alias(self, dotted: str, path: str) -> tuple[Bound, ...]:
        """What another name holds: of the module for a class body, of another module, or of a class."""
        if "." not in dotted:
            return self.module(path).get(dotted, (_NOTHING,)) if path not in self.active else (_NOTHING,)
        head, _, attr = dotted.partition(".")
        owner = self.index.classes[path].get(head)
        if owner is not None and "." not in attr:
            return self.class_members(owner).get(attr, (_NOTHING,))
        return self._imported(dotted, path)

    def _function(self, path: str, binding: Binding) -> Bound:
        """A plain function, which is a fixture all the same if a decorator of the project makes it one."""
        function = self.index.function_at(path, binding.refers, binding.ordinal)
        for name in function.decorators if function else ():
            if "fixture" in name.rpartition(".")[2] or self._makes_fixtures(name, path):
                return Bound(function=function, opaque=f"{MADE}the decorator {name}")
        return Bound(function=function)

    def _why_doubtful(self, fixture: FixtureDef, path: str) -> str:
        """Why the decorators around pytest's may hide a fixture or what it requests, "" if they do not.

        Those of libraries are taken to show what they wrap when they stand below it.
        """
        names = fixture.function.decorators
        if fixture.creator not in names:
            return ""
        place = names.index(fixture.creator)
        above = next((n for n in names[:place] if n not in _TRANSPARENT and not n.startswith("pytest.mark.")), "")
        if above:
            return f"the decorator {above} stands above {fixture.creator}, where some releases of pytest see no fixture"
        below = next((n for n in names[place + 1 :] if self._hides_signature(n, path)), "")
        return f"{MADE}the decorator {below}" if below else ""

    def _hides_signature(self, dotted: str, path: str) -> bool:
        found = self.index.function(self.index.locate(dotted, path)) if "." in dotted else self.index.functions[path].get(dotted)
        return found is not None and found.hides_signature

    def _class(self, path: str, binding: Binding) -> ClassDef | None:
        return self.index.class_of(path, binding.refers, binding.ordinal)

    def _makes_fixtures(self, dotted: str, path: str) -> bool:
        found = self.index.function(self.index.locate(dotted, path)) if "." in dotted else self.index.functions[path].get(dotted)
        return found is not None and found.makes_fixtures

    def _why_opaque(self, called: str, path: str) -> str:
        """Why the result of a call may be a fixture, "" if it surely is none."""
        if not called:
            return ""
        head, _, rest = called.partition(".")
        if "." not in called and called in self.index.functions[path]:
            return f"{MADE}{called}()" if self.index.functions[path][called].makes_fixtures else ""
        if called in self.index.classes[path] or hasattr(builtins, called) or (rest and head in _PLAIN):
            return ""
        definition = self.index.locate(called, path) if rest else None
        function = self.index.function(definition)
        if function is not None:
            return f"{MADE}{called}()" if function.makes_fixtures else ""
        if self.index.class_at(definition) is not None or called.rpartition(".")[2][:1].isupper():
            return ""
        return f"the result of {called}()" if definition is None and rest else f"{MADE}{called}()"

    def _fixture(self, path: str, binding: Binding) -> FixtureDef | None:
        if not self.fixtures:
            for module in self.index.modules.values():
                self.fixtures |= {f.address: f for f in module.fixtures}
        found = self.fixtures.get(Address(path=path, qualname=binding.refers, ordinal=binding.ordinal, assigned=binding.assigned))
        return self._implemented(found, path) if found and found.implementation else found

    def _implemented(self, fixture: FixtureDef, path: str) -> FixtureDef:
        """A fixture of a call form, with the function that stands in another file of the project."""
        function = self.index.function(self.index.locate(fixture.implementation, path))
        return replace(fixture, function=function, line=function.line) if function else fixture

    def _imported(self, dotted: str, path: str) -> tuple[Bound, ...]:
        module_name, _, attr = dotted.rpartition(".")
        source = self.index.module(module_name, path)
        if source is None:
            first_party = self.index.module(dotted, path)
            return (
                (_NOTHING,) if first_party or module_name.partition(".")[0] in _PLAIN else (Bound(opaque=f"imported from {module_name}"),)
            )
        return self.module(source).get(attr, (_NOTHING,)) if source != path else (_NOTHING,)

    def _star(self, binding: Binding, path: str) -> Namespace:
        source = self.index.module(binding.refers, path)
        if source is None or source == path:
            return {}
        names = self.index.modules[source].dunder_all
        bound = self.module(source)
        if names is not None:
            return {n: bound[n] for n in names if n in bound}
        return {n: b for n, b in bound.items() if not n.startswith("_")}

    def mro(self, klass: ClassDef) -> tuple[ClassDef, ...]:
        """The project classes in method resolution order, the class itself first."""
        found = self.orders.get(klass.address)
        if found is None:
            if klass.address in self.ordering:  # by names that shadow each other a class may inherit from itself
                return ()
            self.ordering.add(klass.address)
            parents = [b for b in (self.base(klass, name) for name in klass.bases) if b]
            found = (klass, *_merge([*map(list, map(self.mro, parents)), parents]))
            self.ordering.discard(klass.address)
            if not self.active:
                self.orders[klass.address] = found
        return found

    def is_own(self, klass: ClassDef, allowed: frozenset[str] = frozenset()) -> bool:
        """Whether a class derives from classes of the project alone, and from those allowed by the last part of their name."""
        family = self.mro(klass)
        names = {owner.address.name for owner in family} | {"object", "ABC", "Generic", "Protocol"} | allowed
        return all(base.rpartition(".")[2] in names for owner in family for base in owner.bases)

    def base(self, klass: ClassDef, dotted: str) -> ClassDef | None:
        """The project class that a base names."""
        path = klass.address.path
        if "." not in dotted:
            own = self.index.classes[path].get(dotted)
            if own:
                return own
        bound = self.module(path).get(dotted, ()) if "." not in dotted else self._imported(dotted, path)
        found = next((b.klass for b in bound if b.klass), None)
        return found or self.index.class_at(self.index.locate(dotted, path)) if dotted else None

    def class_members(self, klass: ClassDef) -> Namespace:
        """Attribute -> what it holds, nearest class of the MRO first."""
        found: Namespace = {}
        for owner in reversed(self.mro(klass)):
            own = self._body(owner)
            for name, bounds in own.items():
                inherited = found.get(name, (_NOTHING,)) if _UNBOUND in bounds else ()
                found[name] = (*inherited, *(b for b in bounds if b is not _UNBOUND))
        return found

    def _body(self, klass: ClassDef) -> Namespace:
        """What the class body itself binds."""
        found = self.bodies.get(klass.address) or self._evaluate(klass.bindings, klass.address.path)
        if not self.active:
            self.bodies[klass.address] = found
        return found

    def foreign_init(self, klass: ClassDef) -> bool:
        """Whether a base outside the project brings an `__init__`, so that pytest collects no tests."""
        names = [name for owner in self.mro(klass) for name in owner.bases]
        return any(name != "object" and hasattr(builtins, name) for name in names) or any(n in _WITH_INIT for n in names)

    def is_unittest(self, klass: ClassDef) -> bool:
        """Whether a base that is not the project's makes this a unittest class."""
        names = [name for owner in self.mro(klass) for name in owner.bases]
        return any(name in UNITTEST or (name.endswith("TestCase") and not self._first_party(name, klass)) for name in names)

    def _first_party(self, dotted: str, klass: ClassDef) -> bool:
        return (
            self.index.class_at(self.index.locate(dotted, klass.address.path)) is not None
            or dotted in self.index.classes[klass.address.path]
        )


def _bind(found: Namespace, new: Namespace, *, conditional: bool) -> None:
    """Bind names; in a branch what they were before stays possible."""
    for name, bounds in new.items():
        earlier = found.get(name, (_UNBOUND,)) if conditional else ()
        # To hash a bound thing is to hash a whole function.
        found[name] = tuple(dict.fromkeys((*earlier, *bounds))) if earlier or len(bounds) > 1 else bounds


def _merge(chains: list[list[ClassDef]]) -> list[ClassDef]:
    """C3: the next class is the first head that no other chain still holds behind its head."""
    result: list[ClassDef] = []
    chains = [list(c) for c in chains if c]
    while chains:
        head = next((c[0] for c in chains if not any(c[0] in other[1:] for other in chains)), chains[0][0])
        result.append(head)
        chains = [rest for rest in ([k for k in c if k is not head and k != head] for c in chains) if rest]
    return result


def definition_of(klass: ClassDef) -> Definition:
    """Where a class stands."""
    return Definition(path=klass.address.path, name=klass.address.qualname)
