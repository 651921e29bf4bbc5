"""Markdown: what a reviewer sees when it is rendered, names with underscores and backticks included."""

from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from projects import LEAK, check, make_project, rescope
from rescope.reporting.markdown import render_markdown

KEPT = """\
# --- test_database.py
import pytest
from sqlalchemy import create_engine


@pytest.fixture(scope="session")
def engine_():
    return create_engine("sqlite://")


def scope():
    return "session"


@pytest.fixture(scope=scope())
def unknown(engine_):
    return engine_


def test_engine(unknown):
    assert unknown
"""


def rendered(markdown: str) -> list[tuple[str, list[str]]]:
    """Each block of text as it is seen, with the links in it."""
    blocks = []
    for token in MarkdownIt("commonmark").parse(markdown):
        if token.type == "inline":
            text = "".join(child.content for child in token.children)
            blocks.append((text, [child.attrs["href"] for child in token.children if child.type == "link_open"]))
    return blocks


@pytest.fixture
def markdown(tmp_path: Path) -> str:
    """The report of a project with a finding, a keep, a skip and a file that does not parse."""
    root = make_project(tmp_path, LEAK + KEPT + "# --- broken.py\ndef f(:\n")
    return rescope(root, "check", "--output-format", "markdown").stdout


def test_finding(markdown: str) -> None:
    """A finding has code, place, message, evidence with code and note, and its fix with how safe it is."""
    blocks = rendered(markdown)
    texts = [text for text, _ in blocks]
    message = "RSC101 conftest.py:7 session-scoped fixture 'client' leaves an override in app.dependency_overrides"

    assert (message, ["conftest.py#L7"]) in blocks
    assert ("conftest.py:7 def client(): runs once for all tests", ["conftest.py#L7"]) in blocks
    assert [t for t in texts if t.startswith(("fix: session -> function (safe", "no fix: "))]


def test_kept_skipped_and_failures(markdown: str) -> None:
    """Kept and skipped definitions are folded away with their reasons; a file that was not analysed is named; counts end it."""
    blocks = rendered(markdown)
    texts = [text for text, _ in blocks]

    assert "<details><summary>1 kept</summary>\n" in markdown
    assert "<details><summary>1 skipped</summary>\n" in markdown
    assert ("test_database.py:6 engine_ session, creates a SQLAlchemy engine", ["test_database.py#L6"]) in blocks
    assert any(text.startswith("test_database.py:15 unknown its scope is computed") for text in texts)
    assert any(text.startswith("broken.py:1 cannot be parsed") for text in texts)
    assert texts[-1].startswith("1 finding (")


def test_nasty_text_stays_text(tmp_path: Path) -> None:
    """Nothing in a message or source line is read as markup or HTML."""
    nasty = "a *b* _c_ `d` <details> [e](f) # g | ~~h~~ \\* &amp; __init__ @i"
    report = check(make_project(tmp_path, LEAK))
    groups = tuple(replace(g, finding=replace(g.finding, message=nasty)) for g in report.plan.groups)
    lines = dict.fromkeys(report.lines, "x = `a` + ``b`` # *c* <d>")
    texts = [t for t, _ in rendered(render_markdown(replace(report, plan=replace(report.plan, groups=groups), lines=lines)))]

    assert f"RSC101 conftest.py:7 {nasty}" in texts
    assert "conftest.py:7 x = `a` + ``b`` # *c* <d> runs once for all tests" in texts


def test_links_start_at_the_top_of_the_repository(tmp_path: Path) -> None:
    """In a larger repository the links lead from its top, the names from the project."""
    text = render_markdown(check(make_project(tmp_path, LEAK)), "sub dir/")

    assert "[conftest.py:7](sub%20dir/conftest.py#L7)" in text
