"""Whether anything of the project may read an attribute that a test gives to one of its modules or classes."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rescope.graph.index import Definition, ModuleIndex
from rescope.graph.namespace import Namespaces
from rescope.model.facts import BindingKind, ClassDef, Function, Root

_OWN = frozenset({Root.SELF, Root.CLS})
_DYNAMIC = frozenset({"__getattr__", "__getattribute__"})


@dataclass(slots=True, kw_only=True)
class Attributes:
    """Answers which attributes there are without any test, and which are asked of objects whatever they are."""

    index: ModuleIndex
    namespaces: Namespaces
    asked: set[str] = field(default_factory=set)

    def may_be_read(self, found: Definition) -> bool:
        """False where neither the owner nor its bases ever bind or read the attribute, and nothing of the project asks an object for it.

        Of a class this is said of constants alone: what its methods read of `self` is known of these.
        """
        owner, _, name = found.name.rpartition(".")
        return (bool(owner) and not name.isupper()) or self._is_bound(found.path, owner, name) or name in self._asked()

    def _is_bound(self, path: str, owner: str, name: str) -> bool:
        if not owner:
            module = self.index.modules[path]
            bound = any(b.name in {name, *_DYNAMIC} or b.kind is BindingKind.STAR for b in module.bindings)
            return bound or any(name in f.globals or any(t.dotted == name for t in f.mentions) for f in module.functions)
        klass = self.index.classes[path].get(owner)
        if klass is None or klass.keywords or not self.namespaces.is_own(klass):
            return True
        return any(self._binds(each, name) for each in self.namespaces.mro(klass))

    def _binds(self, klass: ClassDef, name: str) -> bool:
        if any(b.name in {name, *_DYNAMIC} for b in klass.bindings) or any(a.address.name == name for a in klass.attributes):
            return True
        prefix = f"{klass.address.qualname}."
        methods = (f for q, f in self.index.functions[klass.address.path].items() if q.startswith(prefix))
        named = (t for f in methods for t in (*f.mentions, *(e.target for e in f.effects)))
        return any(t.root in _OWN and t.tail.partition(".")[0] == name for t in named)

    def _asked(self) -> set[str]:
        if not self.asked:
            for function in self._functions():
                named = (*function.mentions, *(call.callee for call in function.calls))
                self.asked.update(part for target in named for part in target.dotted.split(".")[1:])
        return self.asked

    def _functions(self) -> Iterator[Function]:
        for module in self.index.modules.values():
            yield from module.functions
            if module.body is not None:
                yield module.body
