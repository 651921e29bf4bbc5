"""The fixture graph as values: registrations, tests, and the edges between them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from rescope.model.address import Address
from rescope.model.facts import FixtureDef, Function, Marks
from rescope.model.scope import Scope

ANY = "*"
Instance = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A fixture as one holder binds it: pytest's own FixtureDef. The same code imported twice is two of these."""

    id: int
    name: str
    attribute: str
    definition: FixtureDef
    holder: str
    baseid: str
    autouse: bool | None

    @property
    def scope(self) -> Scope:
        """The declared scope; an unknown one counts as session, the broadest."""
        scope = self.definition.scope
        return scope if isinstance(scope, Scope) else Scope.SESSION


class Requester(NamedTuple):
    """An edge's start: a registration id, or -1 for the test itself."""

    id: int
    name: str
    dynamic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What one set of requested names resolves to at one place; shared by all tests with the same.

    `unknown` holds names that may resolve otherwise, each with the reason; the name ANY stands for all of them.
    `branches` says that definitions stand in branches, so that an edge may have targets of which pytest takes one or none;
    `foreign` are names that neither the project nor pytest defines: the plugin that does may request any fixture of the project;
    `circular` says that overrides request each other in a circle, where the order of set-up, which follows the scopes, decides.
    """

    closure: tuple[str, ...]
    edges: tuple[tuple[Requester, tuple[int, ...]], ...]
    unresolved: tuple[str, ...]
    shadowed: frozenset[str]
    unknown: tuple[tuple[str, str], ...] = ()
    branches: bool = False
    foreign: tuple[str, ...] = ()
    circular: bool = False

    def fixtures(self) -> frozenset[int]:
        """Ids of all registrations that are set up."""
        return frozenset(i for _, targets in self.edges for i in targets)

    def targets(self, name: str, requester: int = -1) -> tuple[int, ...]:
        """The registrations that `requester` gets for a name."""
        return next((t for r, t in self.edges if r.id == requester and r.name == name), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class TestNode:
    """A test function as pytest collects it, parameters left aside."""

    id: str
    path: str
    classes: tuple[str, ...]
    function: Function
    argnames: tuple[str, ...]
    marks: Marks
    resolution: Resolution
    unittest: bool = False


def instance(fixture: FixtureDef, test: TestNode) -> Instance:
    """Which instance of the fixture's value a test gets: pytest makes one for each session, package, module or class.

    Packages are not told apart. Of classes the outermost counts: what it was made with is still there for the tests of those inside. A
    function outside a class gets a class-scoped value of its own.
    """
    match fixture.scope:
        case Scope.MODULE:
            return (test.path,)
        case Scope.CLASS:
            return (test.path, *(test.classes[:1] or (test.id,)))
        case _:
            return ()


@dataclass(slots=True, kw_only=True)
class FixtureGraph:
    """All registrations and tests, with the questions that rules and planner ask."""

    registrations: tuple[Registration, ...]
    tests: tuple[TestNode, ...]
    static_edges: frozenset[tuple[int, str, int]]
    unknown_names: frozenset[str] = frozenset()
    defined: dict[Address, FixtureDef] = field(default_factory=dict)
    functions: dict[Address, tuple[FixtureDef, ...]] = field(default_factory=dict)
    by_definition: dict[Address, tuple[Registration, ...]] = field(default_factory=dict)
    requesters: dict[Address, tuple[tuple[FixtureDef, str], ...]] = field(default_factory=dict)
    resolved: dict[tuple[Address, str], tuple[FixtureDef, ...]] = field(default_factory=dict)
    users: dict[Address, tuple[int, ...]] = field(default_factory=dict)
    shared: dict[tuple[Address, Address], dict[Instance, set[Address]]] = field(default_factory=dict)
    using: dict[Address, tuple[TestNode, ...]] = field(default_factory=dict)
    runs: dict[Address, frozenset[int]] = field(default_factory=dict)
    shadowing: dict[tuple[Address, str], int] = field(default_factory=dict)
    doubts: dict[Address, tuple[str, ...]] = field(default_factory=dict)
    maybes: dict[Address, str] = field(default_factory=dict)

    def definitions(self) -> Iterable[FixtureDef]:
        """Each fixture definition that some holder registers, once."""
        if not self.defined:
            self.defined.update((r.definition.address, r.definition) for r in self.registrations)
        return self.defined.values()

    def definitions_of(self, address: Address) -> tuple[FixtureDef, ...]:
        """The fixture definitions of the function at an address."""
        if not self.functions:
            found: defaultdict[Address, list[FixtureDef]] = defaultdict(list)
            for fixture in self.definitions():
                found[fixture.function.address].append(fixture)
            self.functions.update((address, tuple(fixtures)) for address, fixtures in found.items())
        return self.functions.get(address, ())

    def requested_by(self, fixture: FixtureDef) -> tuple[tuple[FixtureDef, str], ...]:
        """The fixtures that get this one, with the name by which they ask."""
        return self.requesters.get(fixture.address, ())

    def resolves(self, function: Function, name: str) -> tuple[FixtureDef, ...]:
        """Every definition that an argument of this function may get."""
        return self.resolved.get((function.address, name), ())

    def tests_using(self, fixture: FixtureDef) -> tuple[TestNode, ...]:
        """The tests that set this fixture up."""
        if fixture.address not in self.using:
            self.using[fixture.address] = tuple(self.tests[i] for i in self.users.get(fixture.address, ()))
        return self.using[fixture.address]

    def sharing(self, fixture: FixtureDef, function: Function) -> dict[Instance, set[Address]]:
        """The instances of the fixture's value that a test or fixture function gets, each with the tests that run it there."""
        key = (fixture.address, function.address)
        if key not in self.shared:
            found = self.shared[key] = {}
            users = self.users.get(fixture.address, ())
            for number in sorted(self._numbers(function).intersection(users)):
                test = self.tests[number]
                found.setdefault(instance(fixture, test), set()).add(test.function.address)
        return self.shared[key]

    def running(self, function: Function) -> tuple[TestNode, ...]:
        """The tests that run a function: it is theirs, or that of a fixture which they set up."""
        return tuple(self.tests[i] for i in sorted(self._numbers(function)))

    def _numbers(self, function: Function) -> frozenset[int]:
        if not self.runs:
            found: defaultdict[Address, set[int]] = defaultdict(set)
            for number, test in enumerate(self.tests):
                found[test.function.address].add(number)
            for fixture in self.definitions():
                found[fixture.function.address].update(self.users.get(fixture.address, ()))
            self.runs.update((address, frozenset(numbers)) for address, numbers in found.items())
        return self.runs.get(function.address, frozenset())

    def uncertain(self, fixture: FixtureDef) -> tuple[str, ...]:
        """Why the graph may not know all that requests this fixture or stands in for it; empty where it knows."""
        return self.doubts.get(fixture.address, ())

    def asked_otherwise(self, fixture: FixtureDef) -> str:
        """Why tests may set or request this fixture in a way that is not known, "" if there is no reason: their scope is their own."""
        return self.maybes.get(fixture.address, "")

    def names_of(self, fixture: FixtureDef) -> tuple[str, ...]:
        """The names under which it is registered."""
        found = self.by_definition.get(fixture.address, ())
        return tuple(dict.fromkeys(r.name for r in found)) or (fixture.name or fixture.address.name,)

    def name_of(self, fixture: FixtureDef) -> str:
        """The name that a message calls it by."""
        return self.names_of(fixture)[0]

    def autouse(self, fixture: FixtureDef) -> bool:
        """Whether any registration is autouse."""
        return fixture.autouse is not False
