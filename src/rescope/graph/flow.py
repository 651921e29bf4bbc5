"""Who changes a fixture's value: effects on arguments, followed through helpers, `self` and fixtures that hand values on."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from rescope.facts.values import CONTAINERS, FILLED
from rescope.facts.verbs import MUTATORS, is_back, undoes
from rescope.graph.fixture_graph import FixtureGraph
from rescope.graph.index import Definition, ModuleIndex
from rescope.graph.namespace import Namespaces
from rescope.model.address import Address
from rescope.model.facts import Call, ClassDef, Effect, EffectKind, FixtureDef, Function, Root, Target, Value, ValueKind

_DEPTH = 4
_IMPORTED, _GLOBAL, _ITSELF = Root.IMPORTED, Root.GLOBAL, frozenset({Root.SELF, Root.CLS})  # asked of each call


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One change of a fixture's value: `part` is what of it, "" for the value itself; `by` is who does it."""

    fixture: FixtureDef
    part: str
    effect: Effect
    by: Function
    inside: Function


@dataclass(slots=True, kw_only=True)
class Flow:
    """Answers which code changes which fixture value."""

    graph: FixtureGraph
    index: ModuleIndex
    namespaces: Namespaces
    memo: dict[tuple[Address, str], tuple[tuple[str, Effect, Function], ...]] = field(default_factory=dict)
    methods: dict[tuple[Address, str], Function | None] = field(default_factory=dict)
    named: dict[tuple[str, str, bool], Function | None] = field(default_factory=dict)
    found: dict[Address, tuple[Mutation, ...]] | None = None

    def mutations(self, fixture: FixtureDef) -> tuple[Mutation, ...]:
        """All changes of the fixture's value by tests and other fixtures, in source order."""
        if self.found is None:
            self.found = self._collect()
        return self.found.get(fixture.address, ())

    def _collect(self) -> dict[Address, tuple[Mutation, ...]]:
        direct: defaultdict[Address, list[Mutation]] = defaultdict(list)
        for function, name, fixture in self._arguments():
            for part, effect, inside in self.on_param(function, name):
                if effect.kind is EffectKind.MUTATE and effect.how == "+=" and not (part == "" and _is_container(fixture)):
                    continue  # a number would only be bound anew
                direct[fixture.address].append(Mutation(fixture=fixture, part=part, effect=effect, by=function, inside=inside))
        for fixture in self.graph.definitions():
            self._hand_back(fixture, direct)
        return {a: tuple(dict.fromkeys(sorted(m, key=_order))) for a, m in direct.items()}

    def _arguments(self) -> Iterator[tuple[Function, str, FixtureDef]]:
        functions = {t.function.address: t.function for t in self.graph.tests}
        functions |= {f.function.address: f.function for f in self.graph.definitions()}
        for (address, name), fixtures in self.graph.resolved.items():
            function = functions.get(address)
            if function is not None:
                yield from ((function, name, fixture) for fixture in fixtures if fixture.function.address != address)

    def _hand_back(self, fixture: FixtureDef, direct: dict[Address, list[Mutation]]) -> None:
        """What changes the value of a fixture that hands on another's value changes that one's."""
        for value in fixture.function.values:
            if value.kind is not ValueKind.ALIAS or value.target is None or value.target.root is not Root.ARGUMENT:
                continue
            for source in self.graph.resolves(fixture.function, value.target.head):
                if source.address != fixture.address:
                    part = value.target.tail
                    found = ((m, _below(value, m.part)) for m in direct.get(fixture.address, ()))
                    moved = [replace(m, fixture=source, part=joined(part, below)) for m, below in found if below is not None]
                    direct.setdefault(source.address, []).extend(moved)

    def on_param(self, function: Function, name: str) -> tuple[tuple[str, Effect, Function], ...]:
        """Effects of a function on the value of its parameter, helpers followed."""
        return self._effects(function, name, _DEPTH)

    def _effects(self, function: Function, name: str, depth: int) -> tuple[tuple[str, Effect, Function], ...]:
        key = (function.address, name)
        if key in self.memo:
            return self.memo[key]
        self.memo[key] = ()
        found = [(e.target.tail, e, function) for e in function.effects if e.target.root is Root.ARGUMENT and e.target.head == name]
        found += _told(function, name)
        found += self._through_self(function, name)
        for call in function.calls if depth else ():
            found += self._through_call(function, call, name, depth)
        self.memo[key] = tuple(found)
        return self.memo[key]

    def _through_self(self, function: Function, name: str) -> Iterator[tuple[str, Effect, Function]]:
        """`self.x = argument` in a fixture, set-up or constructor, changed by the other methods of the class but for setters."""
        kept = [(attr, target.tail) for attr, target in function.stored if target.root is Root.ARGUMENT and target.head == name]
        if not kept:
            return
        owner = function.address.qualname.rpartition(".")[0]
        for other in self.index.functions[function.address.path].values():
            sets = any(decorator.endswith(".setter") for decorator in other.decorators)
            if other.address.qualname.rpartition(".")[0] != owner or other.address == function.address or sets:
                continue
            for attr, part in kept:
                for effect in other.effects:
                    tail = effect.target.tail
                    on_it = tail.startswith(f"{attr}.") or (tail == attr and _within(effect))
                    if effect.target.root is Root.SELF and on_it:
                        yield joined(part, tail[len(attr) + 1 :]), effect, other

    def _through_call(self, function: Function, call: Call, name: str, depth: int) -> Iterator[tuple[str, Effect, Function]]:
        for helper, param, target in self.handed(function, call, name):
            for part, effect, inside in self._effects(helper, param, depth - 1):
                if not effect.needs or inside != helper or _may_give(call, helper, effect.needs):
                    yield joined(target.tail, part), effect, inside

    def handed(self, function: Function, call: Call, name: str) -> Iterator[tuple[Function, str, Target]]:
        """Where a call hands on an argument, or a part of it: the project function, its parameter, and what it gets."""
        passed = [(slot, target) for slot, target in call.passes if target.root is Root.ARGUMENT and target.head == name]
        helper = self.called(function, call) if passed else None
        if helper is None or helper.address == function.address:
            return
        for slot, target in passed:
            param = _param_of(helper, call, slot)
            if param in helper.params:
                yield helper, param, target

    def called(self, function: Function, call: Call) -> Function | None:
        """As callee, and the constructor of a class and the methods of a local instance too."""
        return self.callee(function, call) or self._constructor(function, call) or self._local_method(function, call)

    def _constructor(self, function: Function, call: Call) -> Function | None:
        """The `__init__` that a call of a project class runs."""
        klass = self.index.class_at(self.index.target(call.callee, function.address.path))
        return self.method(klass, "__init__") if klass is not None else None

    def _local_method(self, function: Function, call: Call) -> Function | None:
        """The method of a project class that a call on a local instance reaches."""
        klass = self.class_named(call.receiver, function.address.path) if call.receiver else None
        return self.method(klass, call.callee.tail) if klass is not None and "." not in call.callee.tail else None

    def handed_out(self, function: Function, call: Call) -> Iterator[Function]:
        """The fixtures whose value a call calls: each stands for the function that it hands out."""
        if call.callee.root is Root.ARGUMENT:
            yield from (f.function for f in self.graph.resolves(function, call.callee.dotted))

    def callee(self, function: Function, call: Call) -> Function | None:
        """The project function or method that a call reaches, if its name tells."""
        path, callee = function.address.path, call.callee
        imported = callee.root is _IMPORTED
        if not imported and callee.root is not _GLOBAL:
            owner = self.index.classes[path].get(function.address.qualname.rpartition(".")[0]) if callee.root in _ITSELF else None
            return self.method(owner, callee.tail) if owner and callee.tail else None
        key = (path, callee.dotted, imported)
        if key not in self.named:
            definition = self.index.target(callee, path)
            self.named[key] = self.index.function(definition) or self._instance_method(definition)
        return self.named[key]

    def _instance_method(self, definition: Definition | None) -> Function | None:
        """The method that a call on a module-level instance of a project class reaches."""
        found = self.index.variable(definition)
        if found is None or not found[1] or "." in found[1]:
            return None
        variable, name = found
        value = variable.value
        if value.kind is not ValueKind.CALL or value.target is None:
            return None
        klass = self.index.class_at(self.index.target(value.target, variable.address.path))
        return self.method(klass, name) if klass else None

    def method(self, klass: ClassDef, name: str) -> Function | None:
        """The method that an instance of the class has under a name."""
        key = (klass.address, name)
        if key not in self.methods:
            owners = self.namespaces.mro(klass)
            found = (self.index.functions[o.address.path].get(f"{o.address.qualname}.{name}") for o in owners)
            self.methods[key] = next((f for f in found if f), None)
        return self.methods[key]

    def own_effects(self, klass: ClassDef, name: str, depth: int = _DEPTH) -> tuple[Effect, ...]:
        """What a method does to the attributes of `self`, itself or by other methods of it; () where one of them is not known."""
        method = self.method(klass, name) if depth else None
        if method is None:
            return ()
        found = [e for e in method.effects if e.target.root is Root.SELF]
        for call in method.calls:
            if call.callee.root is Root.SELF and "." not in call.callee.tail and call.callee.tail != name:
                more = self.own_effects(klass, call.callee.tail, depth - 1)
                if not more and self.method(klass, call.callee.tail) is None:
                    return ()
                found += more
        return tuple(found)

    def changes_self(self, klass: ClassDef, name: str, depth: int = 1) -> bool:
        """Whether a method writes its own `self`, or one that it calls does.

        What is filled on first use does not count, nor what is made again as at the start or by an `except`: a request that connects
        anew changes nothing that its caller meant. Further down stands what serves the class itself, as a token that is fetched again.
        """
        method = self.method(klass, name)
        if method is None:
            return False
        effects = (e for e in method.effects if e.target.root is Root.SELF and not (e.guarded or e.nested or e.fallback))
        if any(e.undone_at is None and not self._is_made_again(klass, e) for e in effects):
            return True
        own = (c.callee.tail for c in method.calls if c.callee.root is Root.SELF and not (c.nested or c.fallback))
        return depth > 0 and any(
            self.changes_self(klass, other, depth - 1) for other in own if other and "." not in other and other != name
        )

    def _is_made_again(self, klass: ClassDef, effect: Effect) -> bool:
        makers = (self.index.functions[o.address.path].get(f"{o.address.qualname}.__init__") for o in self.namespaces.mro(klass))
        start = ((e.target, e.builds) for made in makers if made is not None for e in made.effects)
        return bool(effect.builds) and (effect.target, effect.builds) in start

    def is_made_anew(self, definition: Definition) -> bool:
        """Whether a part of a module-level instance of a project class is what a property makes at each access."""
        found = self.index.variable(definition)
        made = found[0].value.target if found is not None else None
        klass = self.class_named(made.dotted, definition.path) if made is not None else None
        method = self.method(klass, found[1].partition(".")[0]) if klass is not None and found is not None and found[1] else None
        values = method.values if method is not None and "property" in method.decorators else ()
        made_here = (v.kind is ValueKind.LITERAL or (v.kind is ValueKind.CALL and _is_class_name(v)) for v in values)
        return bool(values) and all(made_here)

    def is_copied(self, klass: ClassDef, part: str) -> bool:
        """Whether a part of an instance is a deep copy that a property makes at each access."""
        method = self.method(klass, part.partition(".")[0]) if part else None
        values = method.values if method is not None and method.decorators == ("property",) else ()
        return bool(values) and all(v.target is not None and v.target.dotted == "copy.deepcopy" for v in values)

    def built_class(self, fixture: FixtureDef) -> ClassDef | None:
        """The project class whose instance the fixture's value is."""
        path = fixture.function.address.path
        made = (self.class_named(v.target.dotted, path) for v in fixture.function.values if v.kind is ValueKind.CALL and v.target)
        return next(filter(None, made), None)

    def class_of(self, value: Value, path: str) -> ClassDef | None:
        """The project class that a value is made by: called itself, by a method of it, or by a function that returns its call.

        None where such a method or function does more: it may give an attribute another value than the constructor.
        """
        made = value.target.dotted if value.kind is ValueKind.CALL and value.target is not None else ""
        found = self.class_named(made, path) if made else None
        if found is not None or not made:
            return found
        factory = self.index.functions[path].get(made) or self.index.function(self.index.target(Target(Root.GLOBAL, made), path))
        factory = factory or self.index.function(self.index.locate(made, path))
        decorated = self.class_named(made.rpartition(".")[0], path) if factory is None else None
        if decorated is not None and decorated.decorators:
            return decorated  # `Engine.instance()`, where a class decorator makes the one instance
        if factory is None or factory.calls[1:] or factory.handled or factory.effects or len(factory.values) != 1:
            return None
        given = factory.values[0].target.dotted if factory.values[0].target else ""
        owner = self.index.classes[factory.address.path].get(factory.address.qualname.rpartition(".")[0])
        return owner if given == "cls" else self.class_named(given, factory.address.path)

    def starts_with(self, klass: ClassDef) -> dict[str, str]:
        """The attributes that the constructor of a class gives one constant, and nothing else, with its source."""
        made = self.method(klass, "__init__")
        effects = [e for e in made.effects if e.target.root is Root.SELF] if made is not None else []
        times = Counter(e.target.tail for e in effects)
        plain = (e for e in effects if e.kind is EffectKind.SET_ATTR and e.value and not e.value.endswith(FILLED))
        return {e.target.tail: e.value for e in plain if times[e.target.tail] == 1}

    def class_named(self, dotted: str, path: str) -> ClassDef | None:
        """The project class of that name, as the file knows it."""
        head = dotted.partition(".")[0]
        own = Definition(path=path, name=dotted) if head in self.index.classes[path] else None
        return self.index.class_at(own or self.index.locate(dotted, path))


def _is_container(fixture: FixtureDef) -> bool:
    values = fixture.function.values
    return len(values) == 1 and (values[0].text in CONTAINERS or (values[0].target is not None and values[0].target.dotted in CONTAINERS))


def _is_class_name(value: Value) -> bool:
    return value.target is not None and value.target.dotted.rpartition(".")[2].lstrip("_")[:1].isupper()


def _told(function: Function, name: str) -> Iterator[tuple[str, Effect, Function]]:
    """Calls on the parameter whose result nobody looks at: they are made for what they do to it.

    A later call on the same object behind the yield or in a `finally` counts as taking it back, and so does one that says so by its
    name, as `rm_document` after `put_document`.
    """
    on_it = [c for c in function.calls if c.callee.root is Root.ARGUMENT and c.callee.head == name and "." in c.callee.dotted]
    closed = any(c.after_yield for c in on_it)
    for call in on_it:
        receiver, _, method = call.callee.dotted.rpartition(".")
        served = any(text.startswith(("/", "http")) for text in call.strings)
        told = call.discarded and method not in MUTATORS and not (closed or served or call.nested or call.raises)
        if told and not _balanced(call, on_it):
            target = call.callee._replace(dotted=receiver)
            text = f"{call.callee.dotted}({'...' if call.arguments else ''})"
            effect = Effect(kind=EffectKind.CALL, target=target, line=call.line, column=1, text=text, how=method)
            yield target.tail, effect, function


def _balanced(call: Call, on_it: Iterable[Call]) -> bool:
    """Whether another call on the same object takes back by its name what this one does, or this takes back what that did."""
    receiver, _, method = call.callee.dotted.rpartition(".")
    for other in on_it:
        on, _, name = other.callee.dotted.rpartition(".")
        first, last = (method, name) if other.line > call.line else (name, method)
        if on == receiver and other.line != call.line and undoes(last, first) and not is_back(first):
            return True
    return False


def _below(value: Value, part: str) -> str | None:
    """What a part of a fixture's value is to one of the values that it hands out: None where it belongs to another of a tuple."""
    first, _, rest = part.partition(".")
    position = first[1:-1] if first.startswith("[") and value.position is not None else ""
    if not position:
        return part
    return rest if int(position) == value.position else None


def _within(effect: Effect) -> bool:
    """Whether an effect changes the object itself, rather than binding its name anew."""
    return effect.kind in {EffectKind.SET_ITEM, EffectKind.MUTATE} or (effect.kind is EffectKind.DELETE and bool(effect.key))


def _param_of(helper: Function, call: Call, slot: int | str) -> str:
    """The parameter that an argument is for, "" if there is none at its position."""
    if isinstance(slot, str):
        return slot
    bound = call.callee.root in {Root.SELF, Root.CLS} or helper.address.name == "__init__" or bool(call.receiver)
    position = slot + (1 if helper.is_method and bound else 0)
    return helper.params[position] if position < len(helper.params) else ""


def _may_give(call: Call, helper: Function, param: str) -> bool:
    """Whether a call hands over the parameter, or something of which it is not known for which parameter it is."""
    return call.arguments > len(call.passes) or param in {_param_of(helper, call, slot) for slot, _ in call.passes}


def joined(*parts: str) -> str:
    """The dotted name of parts, of which any may be empty."""
    return ".".join(p for p in parts if p)


def _order(mutation: Mutation) -> tuple[str, int]:
    return (mutation.by.address.path, mutation.effect.line)
