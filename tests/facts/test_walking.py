"""What is not walked holds nothing: screening by lines gives the facts that walking over everything would."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rescope
from rescope.facts import collect
from rescope.facts.walking import children, lines_with, walk

SOURCES = sorted(Path(rescope.__file__).parent.rglob("*.py"))
SKIPPED = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop, ast.alias)


@given(
    st.binary().map(lambda text: text.translate(bytes(b"ab\n\r"[n % 4] for n in range(256)))),
    st.lists(st.sampled_from([b"a", b"ab", b"bb"])),
)
def test_lines_of_words(content: bytes, words: list[bytes]) -> None:
    """The lines of words are those on which they stand, whatever ends a line."""
    expected = [n for n, line in enumerate(content.splitlines(), 1) if any(word in line for word in words)]
    assert list(lines_with(content, *words)) == expected


@pytest.mark.parametrize("path", SOURCES[::20], ids=lambda path: path.name)
def test_nodes(path: Path) -> None:
    """A walk meets what ast.walk meets, contexts, operators and imported names left out, and children come in source order."""
    tree = ast.parse(path.read_bytes())
    everything = [n for n in ast.walk(tree) if not isinstance(n, SKIPPED)]

    assert {id(n) for n in walk(tree)} == {id(n) for n in everything}
    for node in everything:
        assert list(children(node)) == [n for n in ast.iter_child_nodes(node) if not isinstance(n, SKIPPED)]


@pytest.mark.parametrize(
    ("imported", "decorator"),
    [
        ("import pytest", "@pytest.fixture"),
        ("from pytest import fixture as fx", "@fx"),
        ("import pytest as pt\nfx = pt.fixture", "@fx"),
        ("from pytest import fixture as été", "@été"),
    ],
    ids=["plain", "renamed", "bound", "beyond ASCII"],
)
def test_function_that_makes_fixtures(imported: str, decorator: str) -> None:
    """A function that makes fixtures is known by any name of the decorator, and one beside it is not taken for one."""
    text = f"{imported}\ndef make():\n    {decorator}\n    def made(): ...\n    return made\ndef other(): ...\n"
    functions = {f.address.qualname: f for f in collect("plugin.py", text.encode()).functions}

    assert functions["make"].makes_fixtures
    assert not functions["other"].makes_fixtures


def test_class_of_self() -> None:
    """An attribute of the class that an instance has is one of the class, however deep it stands."""
    text = "class A:\n    def write(self):\n        self.__class__.kept.items = 1\n"
    (function,) = collect("app.py", text.encode()).functions

    assert [e.target.dotted for e in function.effects] == ["cls.kept.items"]
