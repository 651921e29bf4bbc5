"""Elements of HTML and SVG from escaped parts; mypy refuses a child that is plain text."""

from collections.abc import Iterable
from html import escape
from typing import NewType

Markup = NewType("Markup", str)

_VOID = frozenset({"meta", "input", "wbr"})


def text(content: object) -> Markup:
    """Text as it is read, whatever characters it holds."""
    return Markup(escape(_printable(str(content))))


def element(name: str, *children: Markup, **attributes: str) -> Markup:
    """One element; `data_x` becomes data-x, `class_` class, and an attribute whose value is "" stands without one."""
    opening = "".join(_attribute(key, value) for key, value in attributes.items())
    closing = "" if name in _VOID else f"{''.join(children)}</{name}>"
    return Markup(f"<{name}{opening}>{closing}")


def _attribute(key: str, value: str) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f' {name}="{escape(_printable(value))}"' if value else f" {name}"


def _printable(value: str) -> str:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")


def joined(parts: Iterable[Markup]) -> Markup:
    """Parts one after the other, each on a line of its own."""
    return Markup("\n".join(parts))


def code(content: str) -> Markup:
    """Source text in a line."""
    return element("code", text(content))


def table(caption: str, head: Iterable[str], rows: Iterable[Markup], **attributes: str) -> Markup:
    """A table with a caption and column heads, in a frame that scrolls where the table is wider than the page."""
    heads = joined(element("th", text(each), scope="col") for each in head)
    inside = (element("caption", text(caption)), element("thead", element("tr", heads)), element("tbody", joined(rows)))
    return element("div", element("table", *inside, **attributes), class_="wide")


def row(*cells: Markup, **attributes: str) -> Markup:
    """A row whose first cell is its head."""
    first, *others = cells
    return element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in others), **attributes)
