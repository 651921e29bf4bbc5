"""Where the boxes of the drawing stand, in units of the SVG: broad scopes above narrow ones, tests at the bottom."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from rescope.reporting.html.network import SINGLETON, TESTS, Network, Node

BANDS = (SINGLETON, "session", "unknown", "package", "module", "class", "function", TESTS)
WIDTH, HEIGHT = 212, 60
LABEL = 84
_GAP_X, _GAP_Y, _PAD = 20, 34, 18
_PER_ROW = 5
_SWEEPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A node with the left upper corner of its box."""

    node: Node
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The stripe of one scope."""

    name: str
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """All boxes, row by row, and the stripes behind them."""

    boxes: tuple[Box, ...]
    bands: tuple[Band, ...]
    width: float
    height: float


def lay_out(network: Network) -> Drawing:
    """Rows in the order of scopes; within one scope a fixture stands below what it requests; few arrows cross."""
    rows = _ordered(_rows(network), _neighbours(network))
    widest = max((len(row) for _, row in rows), default=1)
    inside = widest * (WIDTH + _GAP_X) - _GAP_X
    boxes: list[Box] = []
    bands: list[Band] = []
    y = 0.0
    for name in dict.fromkeys(band for band, _ in rows):
        top, y = y, y + _PAD
        for row in (row for band, row in rows if band == name):
            left = LABEL + (inside - len(row) * (WIDTH + _GAP_X) + _GAP_X) / 2
            boxes += [Box(node=node, x=left + place * (WIDTH + _GAP_X), y=y) for place, node in enumerate(row)]
            y += HEIGHT + _GAP_Y
        y += _PAD - _GAP_Y
        bands.append(Band(name=name, y=top, height=y - top))
    return Drawing(boxes=tuple(boxes), bands=tuple(bands), width=LABEL + inside + _PAD, height=y)


def _rows(network: Network) -> list[tuple[str, list[Node]]]:
    levels = _levels(network)
    found: dict[tuple[int, int], list[Node]] = defaultdict(list)
    for node in sorted(network.nodes, key=lambda n: (n.path, n.name, n.key)):
        found[BANDS.index(node.band), levels[node.key]].append(node)
    return [(BANDS[band], nodes) for (band, _), nodes in sorted(found.items(), key=lambda each: each[0])]


def _levels(network: Network) -> dict[str, int]:
    """How many fixtures of its own scope stand above each node; a ring of requests is broken where it closes."""
    bands = {node.key: node.band for node in network.nodes}
    above = defaultdict(list)
    for source, target in network.arrows:
        if bands[source] == bands[target]:
            above[source].append(target)
    levels: dict[str, int] = {}
    for key in bands:
        _level(key, above, levels, frozenset())
    return levels


def _level(key: str, above: Mapping[str, Sequence[str]], levels: dict[str, int], below: frozenset[str]) -> int:
    if key not in levels:
        seen = below | {key}
        levels[key] = max((_level(k, above, levels, seen) + 1 for k in above.get(key, ()) if k not in seen), default=0)
    return levels[key]


def _neighbours(network: Network) -> dict[str, list[str]]:
    found = defaultdict(list)
    for source, target in network.arrows:
        found[source].append(target)
        found[target].append(source)
    return found


def _ordered(rows: list[tuple[str, list[Node]]], neighbours: Mapping[str, Sequence[str]]) -> list[tuple[str, list[Node]]]:
    """Rows whose boxes stand near what they are joined to, broken into lines of a bearable length."""
    place = {node.key: _middle(spot, len(row)) for _, row in rows for spot, node in enumerate(row)}
    for sweep in range(_SWEEPS):
        for _, row in rows if sweep % 2 == 0 else reversed(rows):
            row.sort(key=lambda node: _pull(node, neighbours, place))
            place |= {node.key: _middle(spot, len(row)) for spot, node in enumerate(row)}
    return [(band, piece) for band, row in rows for piece in _broken(row)]


def _middle(spot: int, count: int) -> float:
    return (spot + 0.5) / count


def _pull(node: Node, neighbours: Mapping[str, Sequence[str]], place: Mapping[str, float]) -> float:
    near = neighbours.get(node.key, ())
    return fmean(place[key] for key in near) if near else place[node.key]


def _broken(row: Sequence[Node]) -> list[list[Node]]:
    """Lines of about one length, each from the left to the right of the whole row."""
    lines = -(-len(row) // _PER_ROW)
    return [list(row[line::lines]) for line in range(lines)]
