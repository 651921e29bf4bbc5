"""Whether tests vary what a cached answer depends on: by a patch, an environment variable or a setting."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from rescope.graph.state.known import Known
from rescope.graph.state.read_evidence import clears_around
from rescope.model.address import Address
from rescope.model.facts import Effect, EffectKind, Function, Root
from rescope.model.state import Shape, Singleton

_MADE_ON_USE = frozenset({Shape.CACHED_FACTORY, Shape.LAZY_GLOBAL, Shape.CLASS_ATTRIBUTE})
_DEPTH = 2
_ENVIRON = frozenset({"os.environ", "os.getenv"})
_SET_ENV = ("setenv", "delenv")


@dataclass(slots=True, kw_only=True)
class Varied:
    """What tests put something else in the place of: definitions of the project, dotted names, environment variables, settings."""

    keys: set[tuple[str, str]] = field(default_factory=set)
    dotted: set[str] = field(default_factory=set)
    variables: defaultdict[str, set[Address]] = field(default_factory=lambda: defaultdict(set))
    settings: set[str] = field(default_factory=set)
    environment: bool = False

    def touches(self, known: Known, singleton: Singleton) -> bool:
        """Whether an input of the functions that make the value on first use is varied; True for state of any other shape."""
        if singleton.shape not in _MADE_ON_USE:
            return True
        functions = (known.index.function_at(*w.function[:3]) for w in singleton.writers)
        return any(self._reaches(known, f, _DEPTH) for f in functions if f is not None)

    def by_callers(self, known: Known, singleton: Singleton) -> bool:
        """Whether a test sets a variable of the environment that a cached function names, and comes to that function.

        One that clears the cache before and after says nothing: no other test gets its answer, nor it another's.
        """
        if singleton.shape is not Shape.CACHED_FACTORY:
            return False
        for function in filter(None, (known.index.function_at(*w.function[:3]) for w in singleton.writers)):
            named = {text for call in function.calls for text in call.strings}
            unnamed = not named and any(target.dotted.startswith(tuple(_ENVIRON)) for target in function.mentions)
            texts = self.variables.keys() if unnamed else named & self.variables.keys()
            setting = {by for text in texts for by in self.variables[text]}
            reaching = known.calls.reaching([function.address]) if setting else ()
            coming = [known.index.function_at(*by[:3]) for by in setting if by in reaching]
            if any(each is not None and not clears_around(known, each, function) for each in coming):
                return True
        return False

    def _reaches(self, known: Known, function: Function, depth: int) -> bool:
        path = function.address.path
        for target in (*function.mentions, *(c.callee for c in function.calls)):
            definition = known.index.target(target, path)
            if definition is not None and definition in self.keys and definition.name != function.address.qualname:
                return True
            owner, _, last = target.dotted.rpartition(".")
            if target.dotted in self.dotted or (last in self.settings and owner.rpartition(".")[2] in {"settings", "config"}):
                return True
            if any(target.dotted.startswith(name) for name in _ENVIRON) and (self.environment or self._names(function)):
                return True
        callees = (known.calls.flow.callee(function, call) for call in function.calls) if depth else ()
        return any(self._reaches(known, f, depth - 1) for f in callees if f is not None and f.address != function.address)

    def _names(self, function: Function) -> bool:
        """Whether the function speaks of a variable that tests set, or of variables that its text does not name."""
        named = {text for call in function.calls for text in call.strings}
        return bool(named & self.variables.keys()) or not named


def read_varied(known: Known) -> Varied:
    """What all functions of the tests vary."""
    found = Varied()
    for path in sorted(known.tests - known.idle):
        for function in known.index.functions[path].values():
            for effect in function.effects:
                _read_effect(known, function, effect, found)
            for dotted in _patched(function, found):
                definition = known.index.locate(dotted, path)
                if definition is not None:
                    found.keys.add(known.canonical(definition))
                found.dotted.add(dotted)
    return found


def _read_effect(known: Known, function: Function, effect: Effect, found: Varied) -> None:
    if effect.target.dotted.startswith("os.environ"):
        found.variables[effect.key.strip("'\"")].add(function.address)
        found.environment |= effect.how in {"update", "clear"}
    elif effect.target.root is Root.ARGUMENT and effect.target.head in {"settings", "config"}:
        found.settings.update((effect.target.tail, effect.key.strip("'\"")))
    elif effect.kind is EffectKind.SET_ATTR and effect.target.root is Root.IMPORTED:
        definition = known.index.target(effect.target, function.address.path)
        found.dotted.add(effect.target.dotted)
        if definition is not None:
            found.keys.add(known.canonical(definition))


def _patched(function: Function, found: Varied) -> Iterator[str]:
    """The dotted names that a function patches by monkeypatch or mock; variables of the environment go to `found`."""
    for call in function.calls:
        method = call.callee.dotted.rpartition(".")[2]
        if method in _SET_ENV:
            for name in call.strings[:1]:
                found.variables[name].add(function.address)
        elif method == "dict" and any(target.dotted == "os.environ" for _, target in call.passes[:1]):
            found.environment = True
        elif method in {"setattr", "object", "delattr"} and call.passes and call.strings:
            yield f"{call.passes[0][1].dotted}.{call.strings[0]}"
        elif method in {"setattr", "patch", "setitem"}:
            yield from (text for text in call.strings[:1] if "." in text)
            yield from (target.dotted for _, target in call.passes[:1])
