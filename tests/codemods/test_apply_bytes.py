"""Bytes that no edit names stay: line ends, encodings, blanks, form feeds."""

import pytest

from rescope.codemods import EditRefused, apply
from rescope.model.address import Address
from rescope.model.edit import AddReason, AddResetFixture, ChangeScope, Edit, ResetKind, ResetStep
from rescope.model.scope import Scope

CLIENT = Address(path="conftest.py", qualname="client")
SCOPE = ChangeScope(address=CLIENT, before=Scope.SESSION, after=Scope.FUNCTION)
REASON = AddReason(address=CLIENT, text="Why.")
STEP = ResetStep(kind=ResetKind.INITIAL, module="cache", name="X")
RESET = AddResetFixture(path="conftest.py", name="reset", doc="Reset.", steps=(STEP,))
DEF = b'@pytest.fixture(scope="session")\ndef client():\n    """Client."""\n'
AFTER = b'@pytest.fixture(scope="function")\ndef client():\n    """Client.\n\n    Why.\n    """\n'
FIXTURE = b'''

@pytest.fixture(autouse=True)
def reset():
    """Reset."""
    import cache

    cache.X = None
    yield
    cache.X = None
'''
HEAD = b"import pytest\n"


def check(before: bytes, after: bytes, *edits: Edit) -> None:
    """`before` becomes `after`, once and for all; without edits it is returned as it is."""
    result = apply(before, edits)
    assert result == after
    assert apply(result, edits) == result
    assert apply(before, ()) == before


def crlf(text: bytes) -> bytes:
    """The text with DOS line ends."""
    return text.replace(b"\n", b"\r\n")


ENDS = b"x = 1   \n\n   \t\ny = '''a\r\nb'''\n"
CASES = {
    "line feeds": (HEAD + DEF, HEAD + AFTER + FIXTURE),
    "dos": (crlf(HEAD + DEF), crlf(HEAD + AFTER + FIXTURE)),
    "mostly dos": (HEAD + crlf(b"x = 1\n" + DEF), HEAD + crlf(b"x = 1\n" + AFTER + FIXTURE)),
    "mostly line feeds": (crlf(HEAD) + DEF, crlf(HEAD) + AFTER + FIXTURE),
    "byte order mark": (b"\xef\xbb\xbf" + HEAD + DEF, b"\xef\xbb\xbf" + HEAD + AFTER + FIXTURE),
    "latin-1": (b"# coding: latin-1\nx = '\xe9'\n" + HEAD + DEF, b"# coding: latin-1\nx = '\xe9'\n" + HEAD + AFTER + FIXTURE),
    "cp1252": (
        b"# -*- coding: cp1252 -*-\n" + HEAD + b"# \x80\n" + DEF,
        b"# -*- coding: cp1252 -*-\n" + HEAD + b"# \x80\n" + AFTER + FIXTURE,
    ),
    "trailing blanks": (HEAD + ENDS + DEF, HEAD + ENDS + AFTER + FIXTURE),
    "form feed on its line": (HEAD + b"\x0c\n" + DEF, HEAD + b"\x0c\n" + AFTER + FIXTURE),
    "no final newline": (HEAD + DEF[:-1], HEAD + AFTER + FIXTURE),
    "blank lines at the end": (HEAD + DEF + b"\n\n\n", HEAD + AFTER + b"\n\n\n" + FIXTURE[2:]),
    "comment at the end": (HEAD + DEF + b"    # x\n# y", HEAD + AFTER + b"    # x\n# y\n" + FIXTURE),
    "unusual characters": (HEAD + "# a\u2028b\x0bc\n".encode() + DEF, HEAD + "# a\u2028b\x0bc\n".encode() + AFTER + FIXTURE),
    "tabs": (
        HEAD + b"if 1:\n\tx = 1\n" + DEF.replace(b"    ", b"\t"),
        HEAD + b"if 1:\n\tx = 1\n" + (AFTER + FIXTURE).replace(b"    ", b"\t"),
    ),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_only_what_the_edits_name_changes(before: bytes, after: bytes) -> None:
    """New lines follow the file's newline, indentation and encoding; old ones are untouched."""
    check(before, after, SCOPE, REASON, RESET)


def test_a_file_without_final_newline_keeps_its_end() -> None:
    """Only an edit at the end of the file may touch the end of the file."""
    check(HEAD + DEF + b"x = 1", HEAD + AFTER + b"x = 1", SCOPE, REASON)


UNREADABLE = {
    "syntax error": (b"def (:\n", "cannot be parsed"),
    "unknown encoding": (b"# coding: nonsense\n", "cannot be parsed"),
    "not in its encoding": (b"x = '\xe9'\n", "cannot be parsed"),
    "form feed before code": (b"x = 1\n\x0c" + DEF, "byte for byte"),
    "carriage returns": (b"x = 1\ry = 2\r", "byte for byte"),
}


@pytest.mark.parametrize(("source", "why"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_would_not_come_back_whole_is_refused(source: bytes, why: str) -> None:
    """Where parsing and writing alone would change bytes, no edit is made."""
    with pytest.raises(EditRefused, match=why):
        apply(source, [SCOPE])


def test_no_edits_make_no_file() -> None:
    """Nothing in, nothing out."""
    assert apply(None, ()) == b""
