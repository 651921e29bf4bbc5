"""Whatever the file looks like: only the fixture changes, it says the same, and twice is once."""

import warnings
from collections.abc import Callable
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from rescope.codemods import apply
from rescope.model.address import Address
from rescope.model.edit import AddReason, AddResetFixture, ChangeScope, Edit, ResetKind, ResetStep, RestoreInPlace, ScopeStyle
from rescope.model.scope import Scope

CLIENT = Address(path="conftest.py", qualname="client")
GAPS = st.sampled_from(["", " ", "\n    ", "  # c\n    ", "\n\n  # d\n ", " \\\n ", "\t"])
SNIPPETS = st.sampled_from(
    [
        "x = 1   \n",
        "\n",
        "class A:\n\n    # c\n    y = '''a\n  b'''\n\n\n",
        "if x :\n\tz = ( 1,\n2 )\n",
        "@fx(scope='session')\ndef other(): pass\n",
        "# \u00e9 \u2028\n",
        "def f(\n    a,  # b\n): return a ;\n",
        "from x import (fixture)\nimport a . b\n",
    ],
)
OTHERS = {"autouse": "True", "name": "'x'", "params": "[1, (2)]", "ids": 'lambda p: f"{p}"'}
WORDS = st.text(alphabet="ab .\\'\"n{}\u00e9", min_size=1, max_size=30).filter(str.strip)


@st.composite
def decorators(draw: st.DrawFn) -> str:
    """A fixture decorator with session scope in any spelling."""
    maker = draw(st.sampled_from(["pytest.fixture", "fx", "pytest_asyncio.fixture", "pytest . yield_fixture"]))
    quote = draw(st.sampled_from(["'", '"', "'''", '"""']))
    chosen = draw(st.lists(st.sampled_from(sorted(OTHERS)), unique=True, max_size=3))
    pairs = [(name, OTHERS[name]) for name in chosen] + [("scope", f"{quote}session{quote}")]
    args = [draw(GAPS).join([name, "=", value]) for name, value in draw(st.permutations(pairs))]
    inside = "".join(f"{draw(GAPS)}{arg}{draw(GAPS)}," for arg in args)
    closing = draw(GAPS)
    return f"@{maker}({inside if draw(st.booleans()) else inside[:-1]}{closing})"


@st.composite
def surroundings(draw: st.DrawFn) -> tuple[str, str]:
    """What stands before and after the fixture."""
    before = "".join(draw(st.lists(SNIPPETS, max_size=3)))
    after = "".join(draw(st.lists(SNIPPETS, max_size=3)))
    feed = draw(st.sampled_from(["", "\x0c\n"]))
    return f"from pytest import fixture as fx\n{feed}{before}", f"\n{after}" if draw(st.booleans()) else f"\n{after}w = 1"


def check(head: str, fixture: str, tail: str, edit: Edit) -> str:
    """The fixture after the edit; all around it is as it was, in either newline, and twice is once."""
    for newline in ("\n", "\r\n"):
        parts = [part.replace("\n", newline).encode("utf-8-sig" if i == 0 else "utf-8") for i, part in enumerate((head, fixture, tail))]
        result = apply(b"".join(parts), [edit])
        assert result.startswith(parts[0])
        assert result.endswith(parts[2])
        assert apply(result, [edit]) == result
        middle = result[len(parts[0]) : len(result) - len(parts[2])].decode()
        assert newline == "\n" or middle.count("\n") == middle.count("\r\n")
    return middle.replace("\r\n", "\n")


def declared(fixture: str) -> tuple[dict[str, object], Callable[[], object]]:
    """The arguments that a fixture is made with, and its function."""
    seen: list[dict[str, object]] = []

    def make(function: Callable[[], object] | None = None, **keywords: object) -> object:
        seen.append({k: str(v) if k != "ids" else "ids" for k, v in keywords.items()})
        return function or (lambda f: f)

    maker = SimpleNamespace(fixture=make, yield_fixture=make)
    names: dict[str, object] = {"pytest": maker, "pytest_asyncio": maker, "fx": make}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(fixture, "conftest.py", "exec"), names)
    function = names["client"]
    assert callable(function)
    return seen[0], function


@settings(max_examples=150, deadline=None)
@given(decorators(), surroundings(), st.sampled_from(ScopeStyle), st.sampled_from([Scope.FUNCTION, Scope.CLASS]))
def test_scope_is_all_that_changes(decorator: str, around: tuple[str, str], style: ScopeStyle, after: Scope) -> None:
    """All other arguments and all comments are kept; said explicitly, it is one word that differs."""
    fixture = f"{decorator}\ndef client(): pass"
    edit = ChangeScope(address=CLIENT, before=Scope.SESSION, after=after, style=style)
    result = check(around[0], fixture, around[1], edit)
    expected = {**declared(fixture)[0], "scope": str(after)}
    assert {"scope": "function", **declared(result)[0]} == expected
    assert result.count("#") == fixture.count("#")
    if style is ScopeStyle.EXPLICIT:
        assert result == fixture.replace("session", str(after))


@settings(max_examples=150, deadline=None)
@given(
    WORDS,
    st.sampled_from(["'''", '"""', "'", '"']),
    st.sampled_from(["", "r", "U"]),
    st.sampled_from(["", "\n\n    More.\n    ", "\n  More."]),
    WORDS,
    surroundings(),
)
def test_the_docstring_ends_in_the_reason(  # noqa: PLR0917 - one for each part of a docstring
    doc: str,
    quote: str,
    prefix: str,
    more: str,
    text: str,
    around: tuple[str, str],
) -> None:
    """Either the docstring says what it said and the reason, or it is as it was and a comment says it."""
    literal = f"{prefix}{quote}A{doc}{more if len(quote) > 1 else ''}{quote}"
    fixture = f"@fx()\ndef client():\n    {literal}"
    try:
        before = declared(fixture)[1].__doc__
    except (SyntaxError, AssertionError):
        return
    result = check(around[0], fixture, around[1], AddReason(address=CLIENT, text=text))
    after = declared(result)[1].__doc__
    words = " ".join(text.split())
    if result.startswith("#"):
        assert after == before
        assert words in " ".join(line.lstrip("# ") for line in result.split("\n@")[0].split("\n"))
    elif after != before:
        assert " ".join(str(after).split()) == " ".join(f"{before} {words}".split())


CONTAINERS = {
    "dict": ({"a": 1}, "app.REG['b'] = 2; app.REG.pop('a')"),
    "set": ({1}, "app.REG.add(2); app.REG.discard(1)"),
    "list": ([1], "app.REG.append(2); app.REG.pop(0)"),
}
REMARKS = st.lists(st.sampled_from(["", "# c", "x = ( 1, 2 )  # d", "y = 'app.REG = saved' ;"]), max_size=3)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(CONTAINERS)), st.sampled_from(["    ", "\t", "  "]), st.booleans(), REMARKS, REMARKS, surroundings())
def test_a_teardown_fills_what_it_emptied(  # noqa: PLR0917 - one for each part of a fixture
    kind: str,
    indent: str,
    shielded: bool,  # noqa: FBT001
    above: list[str],
    below: list[str],
    around: tuple[str, str],
) -> None:
    """The container is the same object and holds what it held; all else of the fixture is as it was."""
    before, change = CONTAINERS[kind]
    deep = indent * 2 if shielded else indent
    begun = [f"{indent}try:", f"{deep}yield", f"{indent}finally:"] if shielded else [f"{indent}yield"]
    rest = [*(deep + line for line in above), f"{deep}app.REG = saved  # back", *(deep + line for line in below)]
    fixture = "\n".join(["@fx()", "def client():", f"{indent}saved = app.REG.copy()", f"{indent}{change}", *begun, *rest])
    app = SimpleNamespace(REG=type(before)(before))
    held = app.REG

    edit = RestoreInPlace(address=CLIENT, target="app.REG", saved="saved", container=kind)
    result = check(around[0], fixture, around[1], edit)

    function = declared(result)[1]
    function.__globals__["app"] = app
    for _ in function():
        assert held != before
    assert app.REG is held
    assert held == before
    filled = "app.REG[:] = saved" if kind == "list" else f"app.REG.clear()\n{deep}app.REG.update(saved)"
    assert result == fixture.replace(f"\n{deep}app.REG = saved", f"\n{deep}{filled}")


@settings(max_examples=60, deadline=None)
@given(surroundings(), st.booleans())
def test_a_reset_fixture_leaves_the_file_before_it(around: tuple[str, str], direct: bool) -> None:  # noqa: FBT001
    """Every line of the file is there, in order, whatever was added."""
    source = "".join(around)
    step = ResetStep(kind=ResetKind.INITIAL, module="m", name="X")
    edit = AddResetFixture(path="conftest.py", name="reset", doc="Reset.", steps=(step,), direct_import=direct)
    result = apply(source.encode(), [edit])
    lines = iter(result.decode().split("\n"))
    assert all(line in lines for line in source.split("\n"))
    assert apply(result, [edit]) == result
    compile(result, "conftest.py", "exec")
