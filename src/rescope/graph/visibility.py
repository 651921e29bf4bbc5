"""Which registrations each place of the project sees, furthest first (pytest's override chains)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from rescope.graph.fixture_graph import Registration
from rescope.graph.namespace import Bound, Namespace, Namespaces
from rescope.model.facts import ClassDef


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """One definition of a chain: the alternatives that branches leave; `options` counts absence, where it is possible, as one."""

    registrations: tuple[Registration, ...]
    options: int
    holder: int = 0


Chain = tuple[Level, ...]
_BEFORE_80 = "before pytest 8.0 a conftest.py that pytest_plugins names counts for its own folder alone"
_BEFORE_91 = "before pytest 9.1 the conftest.py of the root wins over a plugin that a test module names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The registrations of one module or class, in the order that pytest reads them: by attribute."""

    key: str
    path: str
    baseid: str
    levels: Mapping[str, Chain]
    autouse: tuple[str, ...]
    opaque: Mapping[str, str]
    computed: str = ""

    def registrations(self) -> Iterable[Registration]:
        """All registrations of the holder."""
        return (r for chain in self.levels.values() for level in chain for r in level.registrations)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """The holders that a test sees, furthest first, with the chains asked for so far."""

    holders: tuple[Holder, ...] = ()
    memo: dict[str, Chain] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    flags: list[bool] = field(default_factory=list)
    settled: dict[str, tuple[tuple[Registration, int], ...]] = field(default_factory=dict)
    doubted: dict[tuple[str, int], tuple[tuple[str, str], ...]] = field(default_factory=dict)

    def chain(self, name: str) -> Chain:
        """All visible definitions of a name, furthest first."""
        if name not in self.memo:
            self.memo[name] = tuple(
                Level(registrations=level.registrations, options=level.options, holder=number)
                for number, holder in enumerate(self.holders)
                for level in holder.levels.get(name, ())
            )
        return self.memo[name]

    def autouse(self) -> tuple[str, ...]:
        """The names that apply to every test at this place."""
        if not self.names:
            self.names.extend(dict.fromkeys(name for holder in self.holders for name in holder.autouse))
        return tuple(self.names)

    @property
    def doubtful(self) -> bool:
        """Whether any holder binds names that may be fixtures unseen."""
        if not self.flags:
            self.flags.append(any(holder.opaque or holder.computed for holder in self.holders))
        return self.flags[0]

    def doubts(self, name: str, since: int) -> tuple[tuple[str, str], ...]:
        """Holder and reason for each name that may mean another fixture than the one found in holder number `since`.

        A name that is bound to a computed value counts in the same holder too, names that are themselves
        computed only in nearer ones.
        """
        if (name, since) not in self.doubted:
            self.doubted[name, since] = tuple(self._doubts(name, since))
        return self.doubted[name, since]

    def _doubts(self, name: str, since: int) -> Iterable[tuple[str, str]]:
        for number, holder in enumerate(self.holders):
            if number >= since and name in holder.opaque:
                yield holder.path, holder.opaque[name]
            elif number > since and holder.computed:
                yield holder.path, holder.computed

    def below(self, *more: Holder) -> "Place":
        """This place and nearer holders."""
        return Place(holders=(*self.holders, *more))


@dataclass(slots=True, kw_only=True)
class Visibility:
    """Holders by module and class; registers each fixture the first time its holder is read."""

    namespaces: Namespaces
    plugin_paths: tuple[str, ...]
    late_plugins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    registrations: list[Registration] = field(default_factory=list)
    holders: dict[str, Holder] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def _holder(self, key: str, path: str, baseid: str, namespace: Namespace) -> Holder:
        if key not in self.holders:
            self.holders[key] = self._read(key, path, baseid, namespace)
        return self.holders[key]

    def _read(self, key: str, path: str, baseid: str, namespace: Namespace) -> Holder:
        levels: defaultdict[str, list[Level]] = defaultdict(list)
        autouse: dict[str, None] = {}
        for attr in sorted(namespace):
            found = self._register(attr, namespace[attr], path, baseid)
            for name in dict.fromkeys(r.name for r in found):
                mine = tuple(r for r in found if r.name == name)
                levels[name].append(Level(registrations=mine, options=len(mine) + (len(mine) < len(namespace[attr]))))
            autouse |= {r.name: None for r in found if r.autouse is not False}
        return Holder(
            key=key,
            path=path,
            baseid=baseid,
            levels={name: tuple(chain) for name, chain in levels.items()},
            autouse=tuple(autouse),
            opaque={attr: bound.opaque for attr, bounds in namespace.items() for bound in bounds if bound.opaque},
            computed=self.namespaces.index.modules[path].computed_names,
        )

    def _register(self, attr: str, bounds: Iterable[Bound], holder: str, baseid: str) -> tuple[Registration, ...]:
        made = []
        for bound in bounds:
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
        folder = "" if folder == "." else folder
        if folder not in self.places:
            parent = self.folder(str(PurePosixPath(folder).parent)) if folder else self._plugins()
            path = f"{folder}/conftest.py" if folder else "conftest.py"
            self.places[folder] = parent.below(*self._conftest(path, folder)) if self._conftest(path, folder) else parent
        return self.places[folder]

    def _plugins(self) -> Place:
        holders = [self.module_holder(path, "") for path in self.plugin_paths]
        bound = [self._doubtful(p, _BEFORE_80) for p in self.plugin_paths if PurePosixPath(p).name == "conftest.py"]
        return Place(holders=(*holders, *bound))

    def _conftest(self, path: str, baseid: str) -> tuple[Holder, ...]:
        if path not in self.namespaces.index.modules or path in self.plugin_paths:
            return ()
        return (self.module_holder(path, baseid),)

    def module(self, path: str) -> Place:
        """What a test module sees."""
        key = f"{path}::"
        if key not in self.places:
            place = self._with_late_plugins(path, self.folder(str(PurePosixPath(path).parent)))
            seen = PurePosixPath(path).name == "conftest.py" or path in self.plugin_paths
            self.places[key] = place if seen else place.below(self.module_holder(path, path))
        return self.places[key]

    def _with_late_plugins(self, path: str, place: Place) -> Place:
        """The place with the plugins that test modules name: sure for those modules, a doubt for all others.

        pytest registers them when it collects the module; they then stand behind the root's conftest.py.
        """
        if not self.late_plugins:
            return place
        own = self.late_plugins.get(path, ())
        shared = [h for h in place.holders if not h.baseid]
        roots = {r.name for h in shared if PurePosixPath(h.path).name == "conftest.py" for r in h.registrations()}
        others = {plugin: by for by, plugins in self.late_plugins.items() for plugin in plugins if plugin not in own}
        made = [self.module_holder(plugin, "") for plugin in own]
        made += [self._doubtful(plugin, _BEFORE_91, roots) for plugin in own]
        made += [
            self._doubtful(plugin, f"a plugin that {by} names defines it once that file is collected") for plugin, by in others.items()
        ]
        return Place(holders=(*shared, *made, *(h for h in place.holders if h.baseid)))

    def _doubtful(self, plugin: str, why: str, among: Collection[str] | None = None) -> Holder:
        names = {r.name for r in self.module_holder(plugin, "").registrations() if among is None or r.name in among}
        return Holder(key=f"{plugin}?", path=plugin, baseid="", levels={}, autouse=(), opaque=dict.fromkeys(names, why))

    def klass(self, outer: Place, baseid: str, klass: ClassDef) -> Place:
        """What a test in a class sees, given what its module or outer class sees."""
        key = f"{baseid}@{klass.address.path}:{klass.address.qualname}:{klass.address.ordinal}"
        return outer.below(self._holder(key, klass.address.path, baseid, self.namespaces.class_members(klass)))
