"""File changes side by side for wide terminals."""

import difflib
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rescope.model.plan import FileChange

MIN_WIDTH = 100
_CONTEXT = 3
_Row = tuple[Text, Text, Text, Text]


def print_side_by_side(changes: Iterable[FileChange], console: Console) -> None:
    """Print each file's hunks with old lines on the left and new ones on the right."""
    for change in changes:
        created = "" if change.before is not None else " (new file)"
        console.print(Text(f"{change.path}{created}", style="bold"))
        console.print(_table(change))


def _table(change: FileChange) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    for _ in range(2):
        table.add_column(justify="right", style="blue", no_wrap=True)
        table.add_column(ratio=1)
    old, new = _lines(change.before or b""), _lines(change.after)
    for number, hunk in enumerate(difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT)):
        if number:
            table.add_row("...", "", "...", "")
        for tag, i1, i2, j1, j2 in hunk:
            for row in _rows(tag, list(enumerate(old[i1:i2], i1 + 1)), list(enumerate(new[j1:j2], j1 + 1))):
                table.add_row(*row)
    return table


def _rows(tag: str, old: list[tuple[int, str]], new: list[tuple[int, str]]) -> Iterator[_Row]:
    """Lines that face each other; the shorter side ends in blanks."""
    removed, added = (" ", " ") if tag == "equal" else ("-", "+")
    for n in range(max(len(old), len(new))):
        left = _cells(old[n], removed) if n < len(old) else (Text(), Text())
        right = _cells(new[n], added) if n < len(new) else (Text(), Text())
        yield (*left, *right)


def _cells(line: tuple[int, str], sign: str) -> tuple[Text, Text]:
    number, text = line
    style = {"-": "red", "+": "green"}.get(sign, "")
    return Text(f"{number}{sign}"), Text(text.removesuffix("\r").expandtabs(4), style=style)


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").removesuffix("\n").split("\n") if content else []
