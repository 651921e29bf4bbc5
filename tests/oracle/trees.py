"""Random pytest projects, as Hypothesis strategies: path -> text."""

import re
from collections.abc import Mapping
from textwrap import indent

from hypothesis import strategies as st

NAMES = ("a", "b", "c", "d", "e")
SCOPES = ("function", "class", "module", "package", "session")

# What trees must hold at times, each as a pattern for the text of a tree.
TRAITS = {
    "conftest chain": r"^# --- p/(q/)?conftest\.py",
    "override of its own name": r"^@pytest\.fixture[^\n]*\ndef (\w+)\((?:[^)]*\W)?\1\b(?!=)",
    "class": r"^class Test",
    "inheritance": r"^class Test\d+\((?!unittest)",
    "nested class": r"^    class Test",
    "unittest": r"^class Test\d+\(.*unittest\.TestCase",
    "autouse": r"autouse=True",
    "mark on a function": r"^@pytest\.mark\.usefixtures[^\n]*\n(@[^\n]*\n)*def test",
    "mark on a class": r"^@pytest\.mark\.usefixtures[^\n]*\nclass Test",
    "mark on a module": r"^pytestmark = ",
    "ini": r"^usefixtures = ",
    "name=": r"name=\"",
    "import": r"^from lib\d import \w",
    "star import": r"^from lib\d import \*",
    "direct parametrize": r"parametrize\(\"\w\", \[1, 2\]\)",
    "indirect parametrize": r"indirect=\[",
    "function scope": r"scope=\"function\"",
    "class scope": r"scope=\"class\"",
    "module scope": r"scope=\"module\"",
    "package scope": r"scope=\"package\"",
    "session scope": r"scope=\"session\"",
    "pytest_plugins": r"^pytest_plugins = ",
    "package": r"^# --- p/(q/)?__init__\.py",
    "params": r"params=",
}

_names = st.sampled_from(NAMES)
_MIXED = "this"
_few = st.lists(_names, max_size=2, unique=True)
Draw = st.DrawFn


def traits(files: Mapping[str, str]) -> set[str]:
    """The traits that a tree has."""
    text = show(files)
    return {name for name, pattern in TRAITS.items() if re.search(pattern, text, re.MULTILINE)}


def show(files: Mapping[str, str]) -> str:
    """The tree as one text."""
    return "\n".join(f"# --- {path}\n{text}" for path, text in files.items())


def _signature(draw: Draw, receiver: str, own: str = "") -> str:
    """Parameters: plain requests, at times of the own name, one with a default, one by keyword only."""
    plain = draw(_few)
    plain += [own] if own in NAMES and own not in plain and draw(st.integers(0, 3)) == 0 else []
    rest = [n for n in NAMES if n not in plain]
    parts = [p for p in (receiver, *plain) if p]
    if draw(st.integers(0, 5)) == 0:
        parts.append(f"{rest[0]}=None")
    if draw(st.integers(0, 5)) == 0:
        parts += ["*", rest[1]]
    return ", ".join(parts)


def _decorator(draw: Draw) -> str:
    options = []
    scope = draw(st.sampled_from(("", *SCOPES)))
    options += [f'scope="{scope}"'] if scope else []
    options += ["autouse=True"] if draw(st.integers(0, 4)) == 0 else []
    options += [f'name="{draw(_names)}"'] if draw(st.integers(0, 5)) == 0 else []
    options += ["params=[1, 2]"] if draw(st.integers(0, 7)) == 0 else []
    return f"@pytest.fixture({', '.join(options)})"


def _fixture(draw: Draw, name: str, receiver: str = "") -> str:
    """A fixture; a static one of a mixin requests nothing, for pytest 7.4 takes the first argument in a unittest class away."""
    kind = draw(st.integers(0, 9)) if receiver else 5
    if kind == 0 and receiver == _MIXED:
        return f"{_decorator(draw)}\n@staticmethod\ndef {name}(): return 1\n"
    if kind == 0:
        return f"{_decorator(draw)}\n@staticmethod\ndef {name}({_signature(draw, '', name)}): return 1\n"
    if kind == 1:
        return f"{_decorator(draw)}\n@classmethod\ndef {name}({_signature(draw, 'cls', name)}): return 1\n"
    return f"{_decorator(draw)}\ndef {name}({_signature(draw, receiver, name)}): return 1\n"


def _attribute(draw: Draw) -> str:
    return draw(st.sampled_from((*NAMES, "_f", "Z")))


@st.composite
def statement(draw: Draw, receiver: str = "") -> str:
    """One definition of a module or class body."""
    name = _attribute(draw)
    fixture = _fixture(draw, name, receiver)
    kind = draw(st.integers(0, 15))
    if kind == 0:
        return f"{fixture}del {name}\n"
    if kind == 1:
        return f"{fixture}{draw(_names)} = {name}\n"
    if kind == 2:
        return f"if sys.version_info > (3,):\n{indent(fixture, '    ')}"
    if kind == 3:
        return f"if sys.version_info > (3,):\n{indent(fixture, '    ')}else:\n{indent(_fixture(draw, name, receiver), '    ')}"
    if kind == 4:
        return f"try:\n    import nothing_of_this_name\nexcept ImportError:\n{indent(fixture, '    ')}"
    if kind == 5:
        return f"if TYPE_CHECKING:\n{indent(fixture, '    ')}"
    if kind == 6:
        return f"{name} = None\n"
    if kind == 7 and not receiver:
        return f"def impl({_signature(draw, '')}): return 1\n{name} = {_decorator(draw)[1:]}(impl)\n"
    if kind == 8 and not receiver:
        return f"def impl({_signature(draw, '')}): return 1\n{name} = pytest.fixture(impl, scope={draw(st.sampled_from(SCOPES))!r})\n"
    return fixture


@st.composite
def imports(draw: Draw) -> str:
    """A way to bring fixtures of a library module in."""
    return draw(
        st.sampled_from(
            (
                "from lib0 import a\n",
                "from lib0 import b as c\n",
                "from lib0 import *\n",
                "from lib1 import *\n",
                "import lib0\n",
                "from lib0 import a as d, c\n",
                "from lib0 import impl0\ne = pytest.fixture(impl0)\n",
                "d = lib0.a\n",
                "",
            ),
        ),
    )


_HEADER = "import sys\nimport unittest\nfrom typing import TYPE_CHECKING\nimport pytest\nimport lib0\nimport marks\n\n"


@st.composite
def conftest(draw: Draw, *, plugins: bool = False) -> str:
    """A conftest.py."""
    named = 'pytest_plugins = ["plug0"]\n' if plugins else ""
    ahead = draw(imports())
    return f"{_HEADER}{named}{ahead}{''.join(draw(st.lists(statement(), max_size=3)))}"


@st.composite
def mark(draw: Draw) -> str:
    """A decorator line, or none."""
    name = draw(_names)
    options = (
        "",
        "",
        "",
        f'@pytest.mark.usefixtures("{name}")',
        f'@pytest.mark.usefixtures("{name}", "e")',
        "@marks.WITH_B",
        "@marks.WITH_B\n@marks.MANY",
    )
    return draw(st.sampled_from(options))


@st.composite
def test_function(draw: Draw, number: int, receiver: str = "") -> str:
    """A test, perhaps parametrized."""
    args = draw(st.lists(_names, max_size=3, unique=True))
    decorators = [draw(mark())]
    kind = draw(st.integers(0, 9)) if args else 9
    if kind < 4:
        how = ("", ", indirect=True", f", indirect=[{args[0]!r}]", ', scope="module"')[kind]
        decorators.append(f'@pytest.mark.parametrize("{args[0]}", [1, 2]{how})')
    elif kind == 4 and len(args) > 1:
        decorators.append(f'@pytest.mark.parametrize(("{args[0]}", "{args[1]}"), [(1, 2)], indirect=["{args[1]}"])')
    lines = "".join(f"{d}\n" for d in decorators if d)
    return f"{lines}def test_{number}({', '.join([p for p in (receiver, *args) if p])}): pass\n"


@st.composite
def test_class(draw: Draw, number: int, bases: tuple[str, ...], depth: int = 0) -> str:
    """A class of tests: plain, inheriting, nested, or a unittest.TestCase."""
    unittest = depth == 0 and draw(st.integers(0, 4)) == 0
    base = draw(st.sampled_from(("", *bases)))
    parents = [p for p in (base, "unittest.TestCase" if unittest else "") if p]
    body = [draw(statement(receiver=_MIXED if unittest else "self")) for _ in range(draw(st.integers(0, 2)))]
    own = draw(
        st.sampled_from(
            ("", "", 'pytestmark = pytest.mark.usefixtures("c")\n', 'pytestmark = [marks.WITH_B, pytest.mark.usefixtures("d")]\n')
        )
    )
    if unittest:
        body.append(f"def test_{number}(self): pass\n")
    else:
        body += [draw(test_function(number + n, "self")) for n in range(draw(st.integers(1, 2)))]
        body += [draw(test_class(number * 10, (), depth + 1))] if depth == 0 and draw(st.booleans()) else []
    decorator = draw(mark())
    head = f"class Test{number}({', '.join(parents)}):\n" if parents else f"class Test{number}:\n"
    return f"{decorator}\n{head}{indent(own + ''.join(body), '    ')}"


@st.composite
def test_module(draw: Draw) -> str:
    """A test module."""
    parts = [_HEADER, draw(imports())]
    parts.append(
        draw(
            st.sampled_from(("", "", "", 'pytestmark = pytest.mark.usefixtures("b", "e")\n', "pytestmark = [*marks.MORE, marks.WITH_B]\n"))
        )
    )
    parts += draw(st.lists(statement(), max_size=3))
    parts += [draw(test_function(n)) for n in range(draw(st.integers(1, 2)))]
    classes: list[str] = []
    for number in range(10, 10 + draw(st.integers(0, 2))):
        bases = ("lib0.Mixin", "lib0.Mixin, lib0.Other", *classes)
        parts.append(draw(test_class(number, bases)))
        if "unittest.TestCase" not in parts[-1]:
            classes.append(f"Test{number}")
    return "\n".join(parts)


@st.composite
def projects(draw: Draw) -> dict[str, str]:
    """A whole tree; folders are packages or not, with and without conftest.py."""
    used = draw(st.sampled_from(("", "", "", "usefixtures = a\n", "usefixtures = e b\n")))
    files = {
        "pytest.ini": f"[pytest]\npythonpath = .\n{used}",
        "marks.py": _MARKS,
        "lib0.py": draw(library()),
        "lib1.py": draw(library_with_all()),
    }
    plugins = draw(st.booleans())
    if plugins:
        files["plug0.py"] = f"{_HEADER}{''.join(draw(st.lists(statement(), max_size=2)))}"
    for folder in ("", "p/", "p/q/"):
        if folder == "" or draw(st.booleans()):
            if (plugins and not folder) or draw(st.booleans()):
                files[f"{folder}conftest.py"] = draw(conftest(plugins=plugins and not folder))
            files[f"{folder}test_{len(files)}.py"] = draw(test_module())
            if folder and draw(st.booleans()):
                files[f"{folder}__init__.py"] = ""
    return files


_MARKS = """import pytest
WITH_B = pytest.mark.usefixtures("b")
MORE = [pytest.mark.usefixtures("d")]
def MANY(function):
    return function
"""


@st.composite
def library(draw: Draw) -> str:
    """lib0: fixtures a, b, c, a plain function, and two classes to inherit from."""
    fixtures = "".join(_fixture(draw, name) for name in "abc")
    classes = []
    for name in ("Mixin", "Other"):
        body = "".join(draw(st.lists(statement(receiver=_MIXED), max_size=2)))
        classes.append(f"{draw(mark())}\nclass {name}:\n{indent(body, '    ')}    def test_in_{name.lower()}(self, {draw(_names)}): pass\n")
    return f"{_HEADER.replace('import lib0', '')}{fixtures}def impl0({_signature(draw, '')}): return 1\n{''.join(classes)}"


@st.composite
def library_with_all(draw: Draw) -> str:
    """lib1: private and public fixtures, perhaps with `__all__`, perhaps importing from lib0."""
    names = draw(st.sampled_from(("", '__all__ = ["_f", "d"]\n', '__all__ = ["d"] + ["e"]\n')))
    again = draw(st.sampled_from(("", "from lib0 import a\n")))
    return f"{_HEADER}{names}{again}{_fixture(draw, '_f')}{_fixture(draw, 'd')}{_fixture(draw, 'e')}"
