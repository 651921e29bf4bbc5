"""The scope argument changes; every other byte of the decorator stays."""

import pytest

from rescope.codemods import EditRefused, apply
from rescope.model.address import Address
from rescope.model.edit import ChangeScope, ScopeStyle
from rescope.model.scope import Scope

HEAD = "import pytest\nimport pytest_asyncio\nfrom pytest import fixture as fx\n\n\n"
BODY = "def client():\n    return 1\n"
OMIT = ScopeStyle.OMIT


def change(
    qualname: str = "client",
    ordinal: int = 0,
    *,
    assigned: bool = False,
    before: Scope = Scope.SESSION,
    after: Scope = Scope.FUNCTION,
    style: ScopeStyle = ScopeStyle.EXPLICIT,
    loop_scope: Scope | None = None,
) -> ChangeScope:
    """A ChangeScope from session to function, unless told otherwise."""
    address = Address(path="conftest.py", qualname=qualname, ordinal=ordinal, assigned=assigned)
    return ChangeScope(address=address, before=before, after=after, style=style, loop_scope=loop_scope)


def check(before: str, after: str | None, edit: ChangeScope, why: str = "") -> None:
    """`before` becomes `after`, once and for all; None: the edit is refused because of `why`."""
    if after is None:
        with pytest.raises(EditRefused, match=why):
            apply(before.encode(), [edit])
        return
    result = apply(before.encode(), [edit])
    assert result.decode() == after
    assert apply(result, [edit]) == result


EXPLICIT = {
    "double quotes": ('@pytest.fixture(scope="session")', '@pytest.fixture(scope="function")'),
    "single quotes": ("@pytest.fixture(scope='session')", "@pytest.fixture(scope='function')"),
    "triple quotes": ('@pytest.fixture(scope="""session""")', '@pytest.fixture(scope="""function""")'),
    "prefix": ('@pytest.fixture(scope=U"session")', '@pytest.fixture(scope=U"function")'),
    "parentheses": ('@pytest.fixture(scope=("session"))', '@pytest.fixture(scope=("function"))'),
    "first of several": ('@pytest.fixture(scope="session", autouse=True)', '@pytest.fixture(scope="function", autouse=True)'),
    "last of several": ('@pytest.fixture(name="x",scope = "session" , )', '@pytest.fixture(name="x",scope = "function" , )'),
    "import alias": ('@fx(scope="session")', '@fx(scope="function")'),
    "yield_fixture": ('@pytest.yield_fixture(scope="session")', '@pytest.yield_fixture(scope="function")'),
    "pytest_asyncio": ('@pytest_asyncio.fixture(scope="session")', '@pytest_asyncio.fixture(scope="function")'),
    "comments": (
        '@pytest.fixture(  # a\n    # b\n    scope="session",  # c\n    # d\n    autouse=True,\n)  # e',
        '@pytest.fixture(  # a\n    # b\n    scope="function",  # c\n    # d\n    autouse=True,\n)  # e',
    ),
    "line continuation": (
        '@pytest.fixture( \\\n    scope= \\\n "session")',
        '@pytest.fixture( \\\n    scope= \\\n "function")',
    ),
    "other decorators": (
        '@mark.x\n# why\n@pytest.fixture(scope="session")\n@pytest.mark.usefixtures("a")',
        '@mark.x\n# why\n@pytest.fixture(scope="function")\n@pytest.mark.usefixtures("a")',
    ),
    "already there": ('@pytest.fixture(scope="function")', '@pytest.fixture(scope="function")'),
    "function by default": ("@pytest.fixture", "@pytest.fixture"),
}


@pytest.mark.parametrize(("before", "after"), EXPLICIT.values(), ids=EXPLICIT)
def test_the_string_is_replaced_and_nothing_else(before: str, after: str) -> None:
    """Quotes, order, comments and blanks of the argument list survive."""
    check(f"{HEAD}{before}\n{BODY}", f"{HEAD}{after}\n{BODY}", change())


OMITTED = {
    "alone": ('@pytest.fixture(scope="session")', "@pytest.fixture"),
    "alone with comma": ('@pytest.fixture(\n    scope="session",\n)', "@pytest.fixture"),
    "first": ('@pytest.fixture(scope="session", autouse=True)', "@pytest.fixture(autouse=True)"),
    "last": ('@pytest.fixture(autouse=True, scope="session")', "@pytest.fixture(autouse=True)"),
    "last with comma": ('@pytest.fixture(autouse=True, scope="session",)', "@pytest.fixture(autouse=True,)"),
    "middle": ('@pytest.fixture(autouse=True, scope="session", name="x")', '@pytest.fixture(autouse=True, name="x")'),
    "own line first": (
        '@pytest.fixture(\n    scope="session",\n    autouse=True,\n)',
        "@pytest.fixture(\n    autouse=True,\n)",
    ),
    "own line last": (
        '@pytest.fixture(\n    autouse=True,\n    scope="session",\n)',
        "@pytest.fixture(\n    autouse=True,\n)",
    ),
    "own line last, neighbour commented": (
        '@pytest.fixture(\n    autouse=True,  # why\n    scope="session"\n)',
        "@pytest.fixture(\n    autouse=True,  # why\n)",
    ),
    "aligned first": (
        '@pytest.fixture(scope="session",\n                autouse=True)',
        "@pytest.fixture(autouse=True)",
    ),
    "aligned last": (
        '@pytest.fixture(autouse=True,\n                scope="session")',
        "@pytest.fixture(autouse=True)",
    ),
    "end of a line": (
        '@pytest.fixture(autouse=True, scope="session",\n                name="x")',
        '@pytest.fixture(autouse=True,\n                name="x")',
    ),
    "comment above the next": (
        '@pytest.fixture(\n    scope="session",\n    # why\n    autouse=True,\n)',
        "@pytest.fixture(\n    # why\n    autouse=True,\n)",
    ),
    "comment on its line": (
        '@pytest.fixture(\n    scope="session",  # slow\n    autouse=True,\n)',
        '@pytest.fixture(\n    scope="function",  # slow\n    autouse=True,\n)',
    ),
    "comment above it": (
        '@pytest.fixture(\n    autouse=True,\n    # slow\n    scope="session",\n)',
        '@pytest.fixture(\n    autouse=True,\n    # slow\n    scope="function",\n)',
    ),
    "comment behind the parenthesis": (
        '@pytest.fixture(  # slow\n    scope="session",\n)',
        '@pytest.fixture(  # slow\n    scope="function",\n)',
    ),
    "comment before the closing quote's line": (
        '@pytest.fixture(autouse=True,  # why\n                scope="session")',
        '@pytest.fixture(autouse=True,  # why\n                scope="function")',
    ),
}


@pytest.mark.parametrize(("before", "after"), OMITTED.values(), ids=OMITTED)
def test_function_scope_can_be_left_unsaid(before: str, after: str) -> None:
    """The argument goes with its comma and line; a comment about it keeps it."""
    check(f"{HEAD}{before}\n{BODY}", f"{HEAD}{after}\n{BODY}", change(style=OMIT))


def test_empty_parentheses_stay_where_the_file_writes_them() -> None:
    """A file that says `@pytest.fixture()` goes on saying so."""
    other = "\n\n@pytest.fixture()\ndef other():\n    return 2\n"
    before = f'{HEAD}@pytest.fixture(scope="session")\n{BODY}{other}'
    check(before, f"{HEAD}@pytest.fixture()\n{BODY}{other}", change(style=OMIT))


def test_parentheses_that_nobody_names_stay() -> None:
    """A fixture that has function scope already keeps its `()`."""
    text = f"{HEAD}@pytest.fixture()\n{BODY}"
    check(text, text, change(style=OMIT))


ADDED = {
    "bare": ("@pytest.fixture", '@pytest.fixture(scope="module")'),
    "empty": ("@pytest.fixture()", '@pytest.fixture(scope="module")'),
    "one line": ("@pytest.fixture(autouse=True)", '@pytest.fixture(scope="module", autouse=True)'),
    "many lines": (
        "@pytest.fixture(  # a\n    # b\n    autouse=True,\n)",
        '@pytest.fixture(  # a\n    scope="module",\n    # b\n    autouse=True,\n)',
    ),
}


@pytest.mark.parametrize(("before", "after"), ADDED.values(), ids=ADDED)
def test_a_scope_is_added_where_none_is_written(before: str, after: str) -> None:
    """Function scope by default becomes another scope, said first."""
    edit = change(before=Scope.FUNCTION, after=Scope.MODULE)
    check(f"{HEAD}{before}\n{BODY}", f"{HEAD}{after}\n{BODY}", edit)


LOOPS = {
    "explicit": (
        '@pytest_asyncio.fixture(scope="session")',
        ScopeStyle.EXPLICIT,
        '@pytest_asyncio.fixture(scope="function", loop_scope="session")',
    ),
    "omitted": ("@pytest_asyncio.fixture(scope='session')", OMIT, "@pytest_asyncio.fixture(loop_scope='session')"),
    "single quotes": (
        "@pytest_asyncio.fixture(scope='session', name='x')",
        ScopeStyle.EXPLICIT,
        "@pytest_asyncio.fixture(scope='function', loop_scope='session', name='x')",
    ),
    "already said": (
        '@pytest_asyncio.fixture(loop_scope="module", scope="session")',
        ScopeStyle.EXPLICIT,
        '@pytest_asyncio.fixture(loop_scope="module", scope="function")',
    ),
    "many lines": (
        '@pytest_asyncio.fixture(\n    scope="session",  # slow\n    name="x",\n)',
        ScopeStyle.EXPLICIT,
        '@pytest_asyncio.fixture(\n    scope="function",  # slow\n    loop_scope="session",\n    name="x",\n)',
    ),
    "many lines without comma": (
        '@pytest_asyncio.fixture(\n    scope="session"\n)',
        ScopeStyle.EXPLICIT,
        '@pytest_asyncio.fixture(\n    scope="function",\n    loop_scope="session"\n)',
    ),
}


@pytest.mark.parametrize(("before", "style", "after"), LOOPS.values(), ids=LOOPS)
def test_the_loop_keeps_its_scope(before: str, style: ScopeStyle, after: str) -> None:
    """A pytest-asyncio fixture is told the loop scope that it had through its scope."""
    edit = change(style=style, loop_scope=Scope.SESSION)
    check(f"{HEAD}{before}\nasync {BODY}", f"{HEAD}{after}\nasync {BODY}", edit)


CALLS = {
    "maker, then function": ('pytest.fixture(scope="session")(impl)', 'pytest.fixture(scope="function")(impl)'),
    "function first": ('pytest.fixture(impl, scope="session")', 'pytest.fixture(impl, scope="function")'),
    "alias": ("fx(impl, scope='session', name='x')", "fx(impl, scope='function', name='x')"),
}


@pytest.mark.parametrize(("before", "after"), CALLS.values(), ids=CALLS)
def test_a_fixture_made_by_a_call_is_rewritten_in_place(before: str, after: str) -> None:
    """`client = pytest.fixture(...)` is found by the name assigned, also beside a function of that name."""
    head = f"{HEAD}{BODY}\n\nother = client = 0\n"
    check(f"{head}client = {before}  # x\n", f"{head}client = {after}  # x\n", change(ordinal=1, assigned=True))
    check(f"{HEAD}{BODY}client: Any = {before}\n", f"{HEAD}{BODY}client: Any = {after}\n", change(assigned=True))


def test_a_call_beside_a_fixture_of_its_name_is_told_apart() -> None:
    """Of a decorated function and an assignment with one name and one scope, each edit changes its own."""
    one, two = '@pytest.fixture(scope="{}")\ndef client(): pass\n', 'client = pytest.fixture(impl, scope="{}")\n'
    text = f"{HEAD}{one}{two}"
    check(text.format("session", "session"), text.format("function", "session"), change())
    check(text.format("session", "session"), text.format("session", "function"), change(assigned=True))


CALLS_ELSEWHERE = {
    "left unsaid": (change(style=OMIT, assigned=True), "fx(impl)"),
    "loop": (change(loop_scope=Scope.SESSION, assigned=True), 'pytest_asyncio.fixture(impl, scope="function", loop_scope="session")'),
    "added": (change(before=Scope.FUNCTION, after=Scope.CLASS, assigned=True), 'pytest.fixture(impl, scope="class", name="x")'),
    "added, many lines": (
        change(before=Scope.FUNCTION, after=Scope.CLASS, assigned=True),
        'pytest.fixture(\n    impl,  # f\n    scope="class",\n    name="x",\n)',
    ),
}
CALLS_BEFORE = (
    'fx(impl, scope="session")',
    'pytest_asyncio.fixture(impl, scope="session")',
    'pytest.fixture(impl, name="x")',
    'pytest.fixture(\n    impl,  # f\n    name="x",\n)',
)


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [(b, *rest) for b, rest in zip(CALLS_BEFORE, CALLS_ELSEWHERE.values(), strict=True)],
    ids=CALLS_ELSEWHERE,
)
def test_a_call_takes_the_same_edits_as_a_decorator(before: str, edit: ChangeScope, after: str) -> None:
    """Omitting, adding and loop scopes leave the function in its place."""
    check(f"{HEAD}client = {before}\n", f"{HEAD}client = {after}\n", edit)


def at(*places: str) -> str:
    """A file of many fixtures of one name; those listed are function-scoped."""
    scopes = {p: "function" if p in places else "session" for p in ("a", "b", "c", "d", "e")}
    return (
        "import sys\nimport pytest\n"
        "if sys.platform == 'x':\n"
        f"    @pytest.fixture(scope='{scopes['a']}')\n    def client(): pass\n"
        "else:\n    class client: pass\n"
        "class TestX:\n    try:\n"
        f"        @pytest.fixture(scope='{scopes['b']}')\n        def client(self): pass\n"
        "    finally: pass\n"
        f"    class Inner:\n        @pytest.fixture(scope='{scopes['c']}')\n        async def client(self): pass\n"
        "def outer():\n    @pytest.fixture(scope='session')\n    def client(): pass\n    return client\n"
        "with x:\n    while 1:\n"
        f"        @pytest.fixture(scope='{scopes['d']}')\n        def client(): pass\n"
        f"match x:\n    case 1:\n        @pytest.fixture(scope='{scopes['e']}')\n        def client(): pass\n"
    )


PLACES = {"a": ("client", 0), "b": ("TestX.client", 0), "c": ("TestX.Inner.client", 0), "d": ("client", 2), "e": ("client", 3)}


@pytest.mark.parametrize(("place", "address"), PLACES.items(), ids=PLACES)
def test_the_address_picks_one_of_many(place: str, address: tuple[str, int]) -> None:
    """Functions and classes of a name are counted together, those within functions are not."""
    check(at(), at(place), change(*address))


def test_one_call_makes_all_edits() -> None:
    """Edits of one file are made together, in any order."""
    edits = [change(*address) for address in reversed(PLACES.values())]
    assert apply(at().encode(), edits).decode() == at(*PLACES)


REFUSED = {
    "no such name": ('@pytest.fixture(scope="session")', change("other"), "there is no fixture 'other'"),
    "no such ordinal": ('@pytest.fixture(scope="session")', change(ordinal=1), "ordinal 1"),
    "no fixture": ("@pytest.mark.usefixtures('x')", change(), "there is no fixture"),
    "another scope": ('@pytest.fixture(scope="module")', change(), "its scope is module, not session"),
    "no scope": ("@pytest.fixture", change(after=Scope.CLASS), "its scope is function, not session"),
    "computed": ("@pytest.fixture(scope=SCOPE)", change(), "not written as one of the five names"),
    "f-string": ('@pytest.fixture(scope=f"session")', change(), "five names"),
    "bytes": ('@pytest.fixture(scope=b"session")', change(), "five names"),
    "two strings": ('@pytest.fixture(scope="ses" "sion")', change(), "five names"),
    "unknown name": ('@pytest.fixture(scope="Session")', change(), "five names"),
    "double star": ('@pytest.fixture(scope="session", **kw)', change(), r"\* or \*\* arguments"),
    "positional": ('@pytest.fixture("session")', change(), "positional arguments"),
    "twice": ('@pytest.fixture(scope="session", scope="session")', change(), "takes scope twice"),
    "two decorators": ('@pytest.fixture(scope="session")\n@pytest.fixture', change(), "several fixture decorators"),
    "wrapper": ("@my_fixture", change(before=Scope.FUNCTION, after=Scope.CLASS), "default scope of its decorator"),
    "loop": ('@pytest.fixture(scope="session")', change(loop_scope=Scope.SESSION), "pytest_asyncio"),
}


@pytest.mark.parametrize(("decorator", "edit", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_certain_is_refused(decorator: str, edit: ChangeScope, why: str) -> None:
    """A shape that cannot be rewritten for certain is refused with its reason."""
    check(f"{HEAD}{decorator}\n{BODY}", None, edit, why)


def test_a_refusal_names_path_and_line_and_undoes_the_call() -> None:
    """The line is that of the def; nothing is returned for the edits that did fit."""
    source = at().replace("'session'", "SCOPE", 2).encode()
    with pytest.raises(EditRefused) as caught:
        apply(source, [change("client", 2), change("TestX.client")])
    line = next(i for i, text in enumerate(source.splitlines(), 1) if b"def client(self)" in text)
    assert (caught.value.path, caught.value.line) == ("conftest.py", line)
    assert str(caught.value) == f"conftest.py:{line}: its scope is not written as one of the five names"


def test_a_decorator_made_by_a_call_is_no_fixture() -> None:
    """`client = pytest.fixture(scope="session")` makes no fixture yet."""
    check(f'{HEAD}client = pytest.fixture(scope="session")\n', None, change(), "there is no fixture")
