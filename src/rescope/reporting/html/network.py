"""Which fixtures, singletons and test modules the page draws, and what is only listed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from rescope.graph.fixture_graph import FixtureGraph
from rescope.model.address import Address
from rescope.model.facts import FixtureDef
from rescope.model.finding import Subject, SubjectKind
from rescope.model.plan import Plan
from rescope.reporting.graph_pictures import marks

TESTS = "tests"
SINGLETON = "singleton"
# A drawing of more fixtures than this is no longer read; it then shows what findings and keeps touch.
_ALL_UP_TO = 60
_AT_MOST = 240
_TEST_NODES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A box of the drawing: a fixture, a singleton, or all tests of a module or folder; `band` is its scope or what it is."""

    key: str
    name: str
    band: str
    path: str
    line: int = 0
    mark: str = ""
    tests: int = 0
    autouse: bool = False
    address: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The boxes, the arrows from each requester to what it gets, and the names of fixtures left out, file by file."""

    nodes: tuple[Node, ...]
    arrows: tuple[tuple[str, str], ...]
    folded: tuple[tuple[str, tuple[str, ...]], ...] = ()


def choose(graph: FixtureGraph, plan: Plan) -> Network:
    """All of a small graph; of a large one the fixtures of findings and keeps, and those that request them or are requested."""
    known = {f.address: f for f in sorted(graph.definitions(), key=lambda f: f.address)}
    said = marks(plan)
    drawn = _drawn(graph, known, said)
    keys = {address: f"f{number}" for number, address in enumerate(drawn)}
    keys |= {s.address: f"s{number}" for number, s in enumerate(_strangers(plan, known))}
    nodes = [_fixture_node(graph, known[a], keys[a], said) for a in drawn]
    nodes += [_stranger_node(s, keys[s.address], said) for s in _strangers(plan, known)]
    test_nodes, test_arrows = _tests(graph, keys)
    arrows = {(keys[r.address], keys[a]) for a in drawn for r, _ in graph.requested_by(known[a]) if r.address in keys}
    return Network(
        nodes=(*nodes, *test_nodes),
        arrows=tuple(sorted({(s, t) for s, t in arrows if s != t} | test_arrows)),
        folded=tuple(_folded(graph, (f for a, f in known.items() if a not in keys))),
    )


def _drawn(graph: FixtureGraph, known: Mapping[Address, FixtureDef], said: Mapping[Address, str]) -> list[Address]:
    if len(known) <= _ALL_UP_TO:
        return list(known)
    marked = [a for a in known if a in said]
    beside = {n for a in marked for n in _beside(graph, known[a])}
    order = {"leaks": 0, "follows": 1, "kept": 2}
    wanted = sorted(marked, key=lambda a: (order[said[a]], a)) + sorted(beside & known.keys() - set(marked))
    return sorted(wanted[:_AT_MOST])


def _beside(graph: FixtureGraph, fixture: FixtureDef) -> Iterator[Address]:
    yield from (r.address for r, _ in graph.requested_by(fixture))
    yield from (f.address for name in fixture.argnames for f in graph.resolves(fixture.function, name))


def _strangers(plan: Plan, known: Mapping[Address, FixtureDef]) -> list[Subject]:
    """Singletons, and whatever else the plan speaks of that no holder registers."""
    subjects = [*(g.finding.subject for g in plan.groups), *(k.subject for k in plan.kept)]
    return list({s.address: s for s in subjects if s.address not in known}.values())


def _fixture_node(graph: FixtureGraph, fixture: FixtureDef, key: str, said: Mapping[Address, str]) -> Node:
    return Node(
        key=key,
        name=graph.name_of(fixture),
        band=str(fixture.scope),
        path=fixture.address.path,
        line=fixture.function.def_line if fixture.address == fixture.function.address else fixture.line,
        mark=said.get(fixture.address, ""),
        tests=len(graph.tests_using(fixture)),
        autouse=graph.autouse(fixture),
        address=fixture.address,
    )


def _stranger_node(subject: Subject, key: str, said: Mapping[Address, str]) -> Node:
    address = subject.address
    return Node(
        key=key,
        name=subject.name,
        band=SINGLETON if subject.kind is SubjectKind.SINGLETON else subject.scope or "unknown",
        path=address.path,
        line=subject.line,
        mark=said.get(address, ""),
        address=address,
    )


def _folded(graph: FixtureGraph, fixtures: Iterable[FixtureDef]) -> Iterator[tuple[str, tuple[str, ...]]]:
    names = defaultdict(list)
    for fixture in fixtures:
        names[fixture.address.path].append(graph.name_of(fixture))
    yield from ((path, tuple(sorted(found))) for path, found in sorted(names.items()))


# --- tests ----------------------------------------------------------------------------------------


def _tests(graph: FixtureGraph, keys: Mapping[Address, str]) -> tuple[list[Node], set[tuple[str, str]]]:
    """One box for each module whose tests request what is drawn, or for each folder where the modules are many."""
    gets: dict[str, set[str]] = defaultdict(set)
    for test in graph.tests:
        targets = (t for requester, found in test.resolution.edges if requester.id < 0 for t in found)
        gets[test.path] |= {keys[a] for t in targets if (a := graph.registrations[t].definition.address) in keys}
    place = _places([path for path, found in gets.items() if found])
    counts = Counter(place[test.path] for test in graph.tests if test.path in place)
    boxes = {top: f"t{number}" for number, top in enumerate(sorted(counts))}
    nodes = [Node(key=key, name=top, band=TESTS, path=top, tests=counts[top]) for top, key in boxes.items()]
    return nodes, {(boxes[place[path]], key) for path in place for key in gets[path]}


def _places(paths: Iterable[str]) -> dict[str, str]:
    """For each path itself, or the deepest folder that leaves no more than so many boxes."""
    places = {path: path for path in sorted(paths)}
    while len(set(places.values())) > _TEST_NODES:
        deepest = max(place.count("/") + (not place.endswith("/")) for place in places.values())
        places = {
            path: _above(place) if place.count("/") + (not place.endswith("/")) == deepest else place for path, place in places.items()
        }
    return places


def _above(place: str) -> str:
    """The folder that holds a file or folder; folders end in a slash."""
    return f"{PurePosixPath(place.rstrip('/')).parent}/"
