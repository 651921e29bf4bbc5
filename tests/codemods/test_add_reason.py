"""The reason stands in the docstring, or above the fixture where the docstring is no place for it."""

import pytest

from rescope.codemods import EditRefused, apply
from rescope.model.address import Address
from rescope.model.edit import AddReason, ReasonStyle

DECORATED = "import pytest\n\n\n@pytest.fixture\n"
WHY = "Function scope: it leaves an override behind."
LONG = "Function scope: the client leaves an override in app.dependency_overrides, which every later test would see."
PATH = r"It writes to C:\new, as '''a''' and " + '"""b""" say.'


def reason(text: str = WHY, style: ReasonStyle = ReasonStyle.DOCSTRING, qualname: str = "client", *, assigned: bool = False) -> AddReason:
    """An AddReason for the fixture `client`."""
    return AddReason(address=Address(path="conftest.py", qualname=qualname, assigned=assigned), text=text, style=style)


def check(before: str, after: str, edit: AddReason, encoding: str = "utf-8") -> None:
    """`before` becomes `after`, once and for all."""
    result = apply(before.encode(encoding), [edit])
    assert result.decode(encoding) == after
    assert apply(result, [edit]) == result


DOCSTRINGS = {
    "none": ("\n    return 1", f'\n    """{WHY}"""\n    return 1'),
    "none, comment first": (
        "  # a\n\n    # b\n    return 1",
        f'  # a\n    """{WHY}"""\n\n    # b\n    return 1',
    ),
    "one line": ('\n    """Client."""\n    return 1', f'\n    """Client.\n\n    {WHY}\n    """\n    return 1'),
    "one line, padded": ('\n    """ Client. """  # a\n    return 1', f'\n    """ Client.\n\n    {WHY}\n    """  # a\n    return 1'),
    "nothing else": ("\n    '''Client.'''", f"\n    '''Client.\n\n    {WHY}\n    '''"),
    "raw": ('\n    R"""A\\d."""', f'\n    R"""A\\d.\n\n    {WHY}\n    """'),
    "one quote": ("\n    'It\\'s \"x\".'\n", f"\n    '''It\\'s \"x\".\n\n    {WHY}\n    '''\n"),
    "double quote": ('\n    "Client."; x = 1\n', f'\n    """Client.\n\n    {WHY}\n    """; x = 1\n'),
    "many lines": (
        '\n    """Client.\n\n    It logs in.\n    """\n    return 1',
        f'\n    """Client.\n\n    It logs in.\n\n    {WHY}\n    """\n    return 1',
    ),
    "many lines, blank at the end": (
        '\n    """\n    Client.  \n\n  """\n    return 1',
        f'\n    """\n    Client.  \n\n    {WHY}\n  """\n    return 1',
    ),
    "many lines, closed behind the text": (
        '\n    """Client.\n\n        Deep.\n      It logs in."""\n    return 1',
        f'\n    """Client.\n\n        Deep.\n      It logs in.\n\n      {WHY}"""\n    return 1',
    ),
}


@pytest.mark.parametrize(("before", "after"), DOCSTRINGS.values(), ids=DOCSTRINGS)
def test_the_reason_is_the_last_paragraph_of_the_docstring(before: str, after: str) -> None:
    """A docstring is made or grows by a paragraph, in the author's quotes and indentation."""
    check(f"{DECORATED}def client():{before}\n", f"{DECORATED}def client():{after}\n", reason())


COMMENTED = {
    "one-line body": "def client(): return 1",
    "f-string": 'def client():\n    f"""Client."""',
    "two strings": 'def client():\n    "Client." "x"',
    "bytes": 'def client():\n    b"""Client."""',
    "empty": 'def client():\n    """  """',
    "quote at the end": 'def client():\n    """Client \'x\'. \'\\""""',
    "backslash at the end": 'def client():\n    """Client.\\\n"""',
    "continued": "def client():\n    'Client.\\\n    x'",
}


@pytest.mark.parametrize("function", COMMENTED.values(), ids=COMMENTED)
def test_a_string_that_cannot_grow_for_certain_gets_a_comment(function: str) -> None:
    """The comment stands above the first decorator."""
    head, _, decorator = DECORATED.rpartition("@")
    check(f"{DECORATED}{function}\n", f"{head}# {WHY}\n@{decorator}{function}\n", reason())


def test_a_comment_may_be_asked_for() -> None:
    """In a class, below other comments, above all decorators."""
    before = "class TestX:\n\n    # a\n    @x\n    # b\n    @pytest.fixture\n    def client(self): pass\n"
    after = before.replace("# a\n", f"# a\n    # {WHY}\n")
    check(before, after, reason(style=ReasonStyle.COMMENT, qualname="TestX.client"))


def test_nothing_may_be_asked_for() -> None:
    """Style NONE writes nothing."""
    text = f"{DECORATED}def client(): pass\n"
    check(text, text, reason(style=ReasonStyle.NONE))


def test_the_first_statement_of_a_file_takes_a_comment_once() -> None:
    """The comment is found again although it is the header of the file by then."""
    text = "@fixture\ndef client(): pass"
    check(text, f"# {WHY}\n{text}", reason())
    check(f"# x\n\n{text}", f"# x\n\n# {WHY}\n{text}", reason())


def test_a_call_takes_a_comment() -> None:
    """There is no docstring to write to."""
    check("x = 1\nclient = pytest.fixture(f)", f"x = 1\n# {WHY}\nclient = pytest.fixture(f)", reason(assigned=True))


def test_long_reasons_are_wrapped() -> None:
    """New docstrings, longer docstrings and comments stay within 88 columns."""
    head = "class TestX:\n    @pytest.fixture\n    def client(self):\n"
    first = "Function scope: the client leaves an override in app.dependency_overrides,"
    second = "which every later test would see."
    new = f'        """{first}\n        {second}\n        """\n'
    check(f"{head}        pass\n", f"{head}{new}        pass\n", reason(LONG, qualname="TestX.client"))
    longer = f'        """X.\n\n        {first}\n        {second}\n        """\n'
    check(f'{head}        """X."""\n', f"{head}{longer}", reason(LONG, qualname="TestX.client"))
    comment = f"    # {first} which\n    # {second.removeprefix('which ')}\n"
    edit = reason(LONG, ReasonStyle.COMMENT, "TestX.client")
    check(f"{head}        pass\n", f"class TestX:\n{comment}{head.partition(chr(10))[2]}        pass\n", edit)


HOSTILE = {
    "new": ("pass", '"""It writes to C:\\\\new, as \'\'\'a\'\'\' and \\"\\"\\"b\\"\\"\\" say."""\n    pass'),
    "longer": (
        "'''X.'''",
        "'''X.\n\n    It writes to C:\\\\new, as \\'\\'\\'a\\'\\'\\' and \"\"\"b\"\"\" say.\n    '''",
    ),
}


@pytest.mark.parametrize(("before", "after"), HOSTILE.values(), ids=HOSTILE)
def test_backslashes_and_quotes_are_escaped(before: str, after: str) -> None:
    """The text cannot end the docstring or start an escape."""
    check(f"{DECORATED}def client():\n    {before}\n", f"{DECORATED}def client():\n    {after}\n", reason(PATH))


def test_quotes_in_a_raw_docstring_make_a_comment() -> None:
    """There is no escape in a raw string."""
    body = 'def client():\n    r"""X."""\n'
    head, _, decorator = DECORATED.rpartition("@")
    check(f"{DECORATED}{body}", f"{head}# {PATH}\n@{decorator}{body}", reason(PATH))


@pytest.mark.parametrize("text", ['It says "x"', "It ends in \\", '"', "line\nbreak\t\x0c\x00tab"], ids=repr)
@pytest.mark.parametrize("body", ["pass", '"""X."""', "'X.'", 'r"""X."""', '"""X.\n\n    Y."""'])
def test_any_text_parses_and_stands_once(text: str, body: str) -> None:
    """Whatever the text ends in, the quotes behind it close the docstring."""
    result = apply(f"{DECORATED}def client():\n    {body}\n".encode(), [reason(text)])
    compile(result, "conftest.py", "exec")
    assert apply(result, [reason(text)]) == result


def test_text_that_the_file_cannot_encode_becomes_ascii() -> None:
    """A latin-1 file keeps its encoding; what it has no character for is transcribed."""
    before = "# coding: latin-1\n@pytest.fixture\ndef client():\n    'Größe'\n"
    after = before.replace("'Größe'", "'''Größe\n\n    Maß - ?\n    '''")
    check(before, after, reason("Maß \u2013 \u4e2d"), "latin-1")
    check(before, before.replace("'Größe'", "'''Größe\n\n    Maß.\n    '''"), reason("Maß."), "latin-1")


def test_what_is_no_fixture_is_refused() -> None:
    """A class or a plain function of that name is not explained."""
    for text in ("class client: pass\n", "def client(): pass\n"):
        with pytest.raises(EditRefused, match="there is no fixture 'client'"):
            apply(text.encode(), [reason()])
