"""Colour for terminals: text and patches through rich."""

import os
from collections.abc import Iterable

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from rescope.reporting.diff import Part
from rescope.reporting.side_by_side import MIN_WIDTH, print_side_by_side

_STYLES = (
    (r"^\S+?:\d+:\d+:", "bold"),
    (r"\bRSC\d{3}\b", "bold red"),
    (r"^ +\d+(?=  )", "blue"),
    (r"^  fix:.*$", "green"),
    (r"^  no fix.*$", "yellow"),
    (r"^kept:", "cyan"),
    (r"^skipped:", "yellow"),
    (r"\w+ -> \w+", "bold green"),
)


def print_text(text: str, *, color: str) -> None:
    """Print a report, coloured where `color` ("auto", "always", "never") says so."""
    console = _console(color)
    if not console.is_terminal:
        print(text, end="")
        return
    for line in text.splitlines():
        styled = Text(line)
        for pattern, style in _STYLES:
            styled.highlight_regex(pattern, style)
        console.print(styled, soft_wrap=True, highlight=False)


def print_diff(patch: bytes, *, color: str) -> None:
    """Print a patch with syntax colours."""
    _show_diff(_console(color), patch)


def page_diff(patch: bytes, *, color: str) -> None:
    """Show a patch with syntax colours as git shows one: through GIT_PAGER, PAGER or less, which ends at once if all fits."""
    console = _console(color)
    os.environ.setdefault("LESS", "FRX")
    if "GIT_PAGER" in os.environ:
        os.environ["PAGER"] = os.environ["GIT_PAGER"]
    with console.pager(styles=True):
        _show_diff(console, patch)


def _show_diff(console: Console, patch: bytes) -> None:
    text = patch.decode("utf-8", "replace")
    console.print(Syntax(text, "diff", background_color="default", word_wrap=False), soft_wrap=True)


def print_parts_side_by_side(parts: Iterable[Part], *, color: str) -> bool:
    """Print file changes side by side; False, with nothing printed, where stdout is no terminal or too narrow."""
    console = _console(color)
    if not console.is_terminal or console.width < MIN_WIDTH:
        return False
    for part in parts:
        for remark in part.remarks:
            console.print(Text(f"# {remark}", style="cyan"), soft_wrap=True)
        print_side_by_side(part.changes, console)
    return True


def wants_color(color: str) -> bool:
    """Whether stdout is to be coloured."""
    return _console(color).is_terminal


def _console(color: str) -> Console:
    force = {"always": True, "never": False}.get(color)
    return Console(force_terminal=force, highlight=False)
