"""Which registrations each place of the project sees, furthest first (pytest's override chains)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from rescope.graph.fixture_graph import Registration
from rescope.graph.namespace import Namespace, Namespaces
from rescope.model.facts import ClassDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The registrations of one module or class, in the order that pytest reads them: by attribute."""

    baseid: str
    registrations: tuple[tuple[Registration, ...], ...]
    opaque: tuple[tuple[str, str], ...] = ()

    def chain(self, name: str) -> tuple[tuple[Registration, ...], ...]:
        """The registrations of a name; each entry holds the alternatives of one attribute."""
        return tuple(found for found in self.registrations if found[-1].name == name)

    def autouse(self) -> tuple[str, ...]:
        """The names that apply without being asked for."""
        return tuple(dict.fromkeys(r.name for found in self.registrations for r in found if r.autouse is not False))


Place = tuple[Holder, ...]


@dataclass(slots=True, kw_only=True)
class Visibility:
    """Holders by module and class; registers each fixture the first time its holder is read."""

    namespaces: Namespaces
    plugin_paths: tuple[str, ...]
    registrations: list[Registration] = field(default_factory=list)
    holders: dict[str, Holder] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def _holder(self, key: str, holder_path: str, baseid: str, namespace: Namespace) -> Holder:
        if key not in self.holders:
            found = [self._register(attr, namespace, holder_path, baseid) for attr in sorted(namespace)]
            opaque = tuple((a, b.opaque) for a in sorted(namespace) for b in namespace[a] if b.opaque)
            self.holders[key] = Holder(baseid=baseid, registrations=tuple(f for f in found if f), opaque=opaque)
        return self.holders[key]

    def _register(self, attr: str, namespace: Namespace, holder: str, baseid: str) -> tuple[Registration, ...]:
        made = []
        for bound in namespace[attr]:
            if bound.fixture is not None:
                registration = Registration(
                    id=len(self.registrations),
                    name=bound.fixture.name or attr,
                    attribute=attr,
                    definition=bound.fixture,
                    holder=holder,
                    baseid=baseid,
                    autouse=bound.fixture.autouse,
                )
                self.registrations.append(registration)
                made.append(registration)
        return tuple(made)

    def module_holder(self, path: str, baseid: str) -> Holder:
        """The holder of a module's own namespace."""
        return self._holder(path, path, baseid, self.namespaces.module(path))

    def folder(self, folder: str) -> Place:
        """Plugins, then the conftest.py files from the root down to the folder."""
        if folder not in self.places:
            parent = self.folder(str(PurePosixPath(folder).parent)) if folder not in {"", "."} else self._plugins()
            path = f"{folder}/conftest.py" if folder not in {"", "."} else "conftest.py"
            own = self._conftest(path, "" if folder == "." else folder)
            self.places[folder] = (*parent, *own)
        return self.places[folder]

    def _plugins(self) -> Place:
        return tuple(self.module_holder(path, "") for path in self.plugin_paths)

    def _conftest(self, path: str, baseid: str) -> Place:
        if path not in self.namespaces.index.modules or path in self.plugin_paths:
            return ()
        return (self.module_holder(path, baseid),)

    def module(self, path: str) -> Place:
        """What a test module sees."""
        folder = self.folder(str(PurePosixPath(path).parent))
        if PurePosixPath(path).name == "conftest.py" or path in self.plugin_paths:
            return folder
        return (*folder, self.module_holder(path, path))

    def klass(self, outer: Place, path: str, chain: Iterable[ClassDef]) -> Place:
        """What a test in nested classes sees, outermost class first."""
        place = outer
        baseid = path
        for klass in chain:
            baseid = f"{baseid}::{klass.address.name}"
            key = f"{baseid}@{klass.address.path}:{klass.address.qualname}:{klass.address.ordinal}"
            place = (*place, self._holder(key, klass.address.path, baseid, self.namespaces.class_members(klass)))
        return place
