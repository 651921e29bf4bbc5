"""The fixture graph as SVG: each box is a link to what the page says of it."""

from collections.abc import Iterator, Mapping

from rescope.reporting.html.layout import HEIGHT, WIDTH, Box, Drawing, lay_out
from rescope.reporting.html.markup import Markup, element, joined, text
from rescope.reporting.html.network import SINGLETON, TESTS, Network, Node

_NAME, _PLACE = 24, 27
_SHAPES = {"leaks": "M0 11 L6 0 L12 11 Z", "follows": "M0 0 L6 5 L12 0 L12 5 L6 10 L0 5 Z", "kept": "M0 0 H10 V10 H0 Z"}


def render_drawing(network: Network, targets: Mapping[str, str]) -> Markup:
    """The drawing; `targets` are the anchors that the boxes lead to."""
    drawing = lay_out(network)
    boxes = {box.node.key: box for box in drawing.boxes}
    parts = [_arrow_head(), *_bands(drawing)]
    parts += [_arrow(boxes[source], boxes[target]) for source, target in network.arrows]
    parts += [_box(box, targets[box.node.key]) for box in drawing.boxes]
    size = {"viewBox": f"0 0 {drawing.width:g} {drawing.height:g}", "width": f"{drawing.width:g}", "height": f"{drawing.height:g}"}
    return element("svg", joined(parts), id="drawing", role="group", aria_label="Fixture graph", **size)


def spoken(node: Node) -> str:
    """What a screen reader says of a box."""
    if node.band == TESTS:
        return f"{node.name}, {_count(node.tests)}"
    kind = "singleton" if node.band == SINGLETON else f"{node.band}-scoped{' autouse' if node.autouse else ''} fixture"
    used = "" if node.band == SINGLETON else f", set up for {_count(node.tests)}"
    mark = f", {node.mark}" if node.mark else ""
    return f"{node.name}{mark}, {kind}, {node.path}:{node.line}{used}"


def _count(tests: int) -> str:
    return f"{tests} test" if tests == 1 else f"{tests} tests"


def _arrow_head() -> Markup:
    triangle = element("path", d="M0 0 L8 4 L0 8 Z")
    size = {"viewBox": "0 0 8 8", "refX": "7", "refY": "4", "markerWidth": "7", "markerHeight": "7"}
    return element("defs", element("marker", triangle, id="head", orient="auto", **size))


def _bands(drawing: Drawing) -> Iterator[Markup]:
    for number, band in enumerate(drawing.bands):
        size = {"y": f"{band.y:g}", "width": f"{drawing.width:g}", "height": f"{band.height:g}"}
        stripe = element("rect", x="0", class_="stripe odd" if number % 2 else "stripe", **size)
        name = element("text", text(band.name), class_="band", x="12", y=f"{band.y + band.height / 2 + 5:g}")
        yield element("g", stripe, name, aria_hidden="true")


def _arrow(source: Box, target: Box) -> Markup:
    """An arrow to what is requested; most lead upwards."""
    upwards = source.y > target.y
    x1, y1 = source.x + WIDTH / 2, source.y if upwards else source.y + HEIGHT
    x2, y2 = target.x + WIDTH / 2, target.y + HEIGHT if upwards else target.y
    bend = max(abs(y2 - y1) / 2, 20) * (-1 if upwards else 1)
    path = f"M{x1:g} {y1:g} C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}"
    return element("path", class_="arrow", d=path, marker_end="url(#head)", data_from=source.node.key, data_to=target.node.key)


def _box(box: Box, target: str) -> Markup:
    node = box.node
    shape = (
        element("rect", class_="body", width=f"{WIDTH}", height=f"{HEIGHT}", rx="5"),
        element("rect", class_="scope", width="7", height=f"{HEIGHT}", rx="3"),
    )
    frame = (element("rect", class_="inner", x="4", y="4", width=f"{WIDTH - 8}", height=f"{HEIGHT - 8}", rx="3"),) if node.mark else ()
    words = (element("title", text(spoken(node))), *shape, *frame, *_lines(node), *_sign(node))
    place = {"transform": f"translate({box.x:g} {box.y:g})", "data_key": node.key, "aria_label": spoken(node)}
    classes = f"node {node.band} {node.mark}".strip()
    return element("a", *words, href=f"#{target}", id=f"node-{node.key}", class_=classes, **place)


def _lines(node: Node) -> Iterator[Markup]:
    where = f"{node.path}:{node.line}" if node.line else ""
    first = _from_the_left(node.name, _NAME) if node.band == TESTS else _from_the_right(node.name, _NAME)
    yield element("text", text(first), class_="name", x="16", y="19")
    yield element("text", text(_from_the_left(where, _PLACE)), class_="place", x="16", y="35")
    yield element("text", text(_third(node)), class_="says", x="16", y="51")


def _third(node: Node) -> str:
    if node.band == TESTS:
        return _count(node.tests)
    kind = "scope unknown" if node.band == "unknown" else node.band
    return f"{kind}, autouse" if node.autouse else kind


def _sign(node: Node) -> Iterator[Markup]:
    """The mark as a shape and a word: colour alone says nothing."""
    if node.mark:
        yield element("path", class_="sign", d=_SHAPES[node.mark], transform=f"translate({WIDTH - 24} 41)")
        yield element("text", text(node.mark), class_="mark", x=f"{WIDTH - 30}", y="51", text_anchor="end")


def _from_the_right(words: str, length: int) -> str:
    return words if len(words) <= length else f"{words[: length - 1]}…"


def _from_the_left(words: str, length: int) -> str:
    return words if len(words) <= length else f"…{words[1 - length :]}"
