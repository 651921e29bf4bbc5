"""Compares rescope's fixture graph with what the plugin `fixture_oracle` wrote, edge by edge."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rescope.graph.fixture_graph import FixtureGraph, Requester, TestNode

TEST = "test"
# Older releases leave what an overridden definition requests out of a test's closure, and set it up in the middle of the override.
_WITH_OVERRIDDEN = 9
ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Edge:
    """In one test, a requester ("test" or `path:line`) gets by a name the definition at `path:line`."""

    test: str
    requester: str
    name: str
    target: str

    def __str__(self) -> str:
        return f"{self.test}: {self.requester} --{self.name}--> {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What pytest gives one test; variants by parameters are merged."""

    edges: frozenset[Edge]
    foreign: frozenset[str]
    made: str
    closures: frozenset[tuple[str, ...]]


@dataclass(slots=True, kw_only=True)
class Comparison:
    """Counts, and each difference with its reason."""

    tests: int = 0
    edges: int = 0
    agreeing: int = 0
    missing: list[tuple[Edge, str]] = field(default_factory=list)
    extra: list[tuple[Edge, str]] = field(default_factory=list)
    admitted: list[tuple[Edge, str]] = field(default_factory=list)
    alternatives: int = 0
    late: int = 0
    through_plugins: list[tuple[Edge, str]] = field(default_factory=list)
    unseen: list[tuple[str, str]] = field(default_factory=list)
    made: list[tuple[str, str]] = field(default_factory=list)
    uncollected: list[tuple[str, str]] = field(default_factory=list)
    order: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether every edge that can be known agrees, and no test was overlooked."""
        return not (self.missing or self.extra or self.unseen)


def compare(oracle: Mapping[str, Any], graph: FixtureGraph) -> Comparison:
    """The graph against one oracle file of the same project."""
    observed = read_oracle(oracle)
    nodes = defaultdict(list)
    for node in graph.tests:
        nodes[node.id].append(node)
    result = Comparison(tests=len(observed))
    older = int(oracle["pytest"].partition(".")[0]) < _WITH_OVERRIDDEN
    for test, seen in observed.items():
        if test in nodes:
            _compare_test(result, seen, nodes[test], graph, older=older)
        elif seen.made:
            result.made.append((test, seen.made))
        else:
            result.unseen.append((test, "the graph does not have it"))
    failed = oracle["failed"]
    result.uncollected = [(t, _why_uncollected(t, failed)) for t in nodes if t not in observed]
    return result


def read_oracle(oracle: Mapping[str, Any]) -> dict[str, Observed]:
    """Edges between first-party definitions and closures, by test id."""
    places = [_place(d, oracle["rootdir"]) for d in oracle["definitions"]]
    edges: defaultdict[str, set[Edge]] = defaultdict(set)
    closures: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    foreign: defaultdict[str, set[str]] = defaultdict(set)
    made: dict[str, str] = {}
    for test in oracle["tests"]:
        made[test["id"]] = test["made"]
        edges[test["id"]] |= set(_observed_edges(test, places))
        foreign[test["id"]] |= {name for requester, name, _ in test["edges"] if requester != -1 and not places[requester]}
        own = {edge.name for edge in _observed_edges(test, places) if edge.requester == TEST}
        closures[test["id"]].add(tuple(name for name in test["closure"] if name in own))
    return {
        t: Observed(edges=frozenset(edges[t]), closures=frozenset(closures[t]), foreign=frozenset(foreign[t]), made=made[t]) for t in edges
    }


def _place(definition: Mapping[str, Any], root: str) -> str:
    if not definition["first_party"] or definition["kind"] != "fixture":
        return ""
    return f"{Path(definition['file']).relative_to(root).as_posix()}:{definition['line']}"


def _observed_edges(test: Mapping[str, Any], places: list[str]) -> Iterator[Edge]:
    for requester, name, target in test["edges"]:
        source = TEST if requester == -1 else places[requester]
        goal = "" if target is None else places[target]
        if source and goal:
            yield Edge(test=test["id"], requester=source, name=name, target=goal)


def _compare_test(result: Comparison, seen: Observed, nodes: list[TestNode], graph: FixtureGraph, *, older: bool) -> None:
    wanted = {(e.requester, e.name): set() for e in seen.edges}
    for edge in seen.edges:
        wanted[edge.requester, edge.name].add(edge.target)
    found: set[Edge] = set()
    total = 0
    for node in nodes:
        walked, alternatives = _walked(node, graph, wanted)
        found |= walked
        total += alternatives
    unknown = dict(pair for node in nodes for pair in node.resolution.unknown)
    agreeing = found & seen.edges
    result.edges += len(seen.edges)
    result.agreeing += len(agreeing)
    result.alternatives += total
    missing = sorted(seen.edges - found)
    admits_plugins = any(node.resolution.foreign for node in nodes)
    through = _through_plugins(missing, found, seen.foreign) if admits_plugins else set()
    result.through_plugins += [(edge, "requested by a plugin's fixture") for edge in through]
    reasons = _spread(unknown, found | seen.edges)
    _sort_out(result, result.missing, [e for e in missing if e not in through], reasons)
    beyond = sorted(found - seen.edges)
    late = [e for e in beyond if older and e.requester == TEST and any((s.name, s.target) == (e.name, e.target) for s in seen.edges)]
    result.late += len(late)
    beyond = [e for e in beyond if e not in late]
    if any(node.resolution.branches for node in nodes):
        result.alternatives += len(beyond)
    else:
        _sort_out(result, result.extra, beyond, reasons)
    mine = tuple(n for n in nodes[-1].resolution.closure if nodes[-1].resolution.targets(n))
    if not unknown and not through and len(nodes) == 1 and not nodes[0].resolution.branches and mine not in seen.closures:
        result.order.append((nodes[0].id, mine, min(seen.closures)))


def _through_plugins(missing: Iterable[Edge], found: set[Edge], foreign: frozenset[str]) -> set[Edge]:
    """The edges that pytest has because a fixture of an installed plugin asks for a name that the project defines."""
    through = {e for e in missing if e.requester == TEST and e.name in foreign}
    reached = {e.target for e in found}
    while more := {e for e in missing if e not in through and _follows(e, through, reached)}:
        through |= more
    return through


def _follows(edge: Edge, through: set[Edge], reached: set[str]) -> bool:
    sources = {e.target for e in through} - reached
    names = {e.name for e in through if e.requester != TEST}
    return edge.requester in sources or (edge.requester == TEST and edge.name in names)


def _spread(unknown: Mapping[str, str], edges: Iterable[Edge]) -> dict[str, str]:
    """The unknown names, and those that a definition which may stand for one of them asks for, with the reason."""
    reasons = dict(unknown)
    asked = defaultdict(set)
    for edge in edges:
        asked[edge.requester].add(edge.name)
    waiting = [(e.name, e.target) for e in edges]
    while more := {n: reasons[name] for name, target in waiting if name in reasons for n in asked[target] if n not in reasons}:
        reasons |= more
    return reasons


def _sort_out(result: Comparison, wrong: list[tuple[Edge, str]], edges: Iterable[Edge], unknown: Mapping[str, str]) -> None:
    for edge in edges:
        why = unknown.get(edge.name) or unknown.get(ANY)
        if why is None:
            wrong.append((edge, "pytest has it, the graph has not" if wrong is result.missing else "the graph has it, pytest has not"))
        else:
            result.admitted.append((edge, why))


def _walked(node: TestNode, graph: FixtureGraph, wanted: Mapping[tuple[str, str], set[str]]) -> tuple[set[Edge], int]:
    """The graph's edges along the branches that pytest took, and how many lie on other branches."""
    outgoing: defaultdict[int, list[tuple[Requester, tuple[int, ...]]]] = defaultdict(list)
    for requester, targets in node.resolution.edges:
        if not requester.dynamic:
            outgoing[requester.id].append((requester, targets))
    found: set[Edge] = set()
    queue, seen = [-1], {-1}
    while queue:
        current = queue.pop()
        source = TEST if current == -1 else place_of(graph, current)
        for requester, targets in outgoing[current]:
            taken = [t for t in targets if place_of(graph, t) in wanted.get((source, requester.name), ())] if len(targets) > 1 else []
            for target in taken or targets:
                found.add(Edge(test=node.id, requester=source, name=requester.name, target=place_of(graph, target)))
                queue += [] if target in seen else [target]
                seen.add(target)
    static = sum(len(targets) for requester, targets in node.resolution.edges if not requester.dynamic)
    return found, max(0, static - len(found))


def place_of(graph: FixtureGraph, number: int) -> str:
    """`path:line` of the function behind a registration."""
    function = graph.registrations[number].definition.function
    return f"{function.address.path}:{function.line}"


def _why_uncollected(test: str, failed: Mapping[str, str]) -> str:
    parts = test.split("::")
    for cut in range(len(parts), 0, -1):
        why = failed.get("::".join(parts[:cut]))
        if why:
            return why[-200:]
    folder = parts[0]
    while "/" in folder:
        folder = folder.rpartition("/")[0]
        if folder in failed:
            return failed[folder][-200:]
    return "pytest did not collect it"


def summary(result: Comparison) -> str:
    """One line of counts."""
    reasons = Counter(why for _, why in (*result.admitted, *result.made))
    shown = "".join(f"; {count} {why}" for why, count in reasons.most_common(3))
    return (
        f"tests {result.tests:5}  edges {result.edges:6}  agreeing {result.agreeing:6}  missing {len(result.missing):3}  "
        f"extra {len(result.extra):3}  plugins {len(result.through_plugins):4}  unknown {len(result.admitted):3}  "
        f"unseen {len(result.unseen):3}  made at run time {len(result.made):3}{shown}"
    )
