"""The fixture graph of random projects, and of small named ones, equals what pytest resolves."""

import sys
from pathlib import Path

import pytest
from oracle.plans import context_of
from oracle.random_trees import check_random_trees, check_tree, collector, explain

from projects import make_project, split_files

EXAMPLES = 20
NEWEST = tuple(int(part) for part in pytest.__version__.split(".")[:2]) >= (9, 1)

TREES = {
    "del in a subclass uncovers the base's fixture": """
        # --- test_a.py
        import pytest
        class Base:
            @pytest.fixture
            def a(self): return 1
        class TestIt(Base):
            @pytest.fixture
            def a(self): return 2
            del a
            def test_it(self, a): pass
        """,
    "a branch in a subclass may leave the base's fixture": """
        # --- test_a.py
        import pytest, sys
        class Base:
            @pytest.fixture
            def a(self): return 1
        class TestIt(Base):
            if sys.version_info < (3,):
                @pytest.fixture
                def a(self): return 2
            def test_it(self, a): pass
        """,
    "if and else replace what was imported": """
        # --- lib.py
        import pytest
        @pytest.fixture
        def a(): return 1
        # --- test_a.py
        import pytest, sys
        from lib import a
        if sys.version_info < (3,):
            @pytest.fixture
            def a(): return 2
        else:
            @pytest.fixture
            def a(): return 3
        def test_it(a): pass
        """,
    "an own definition hides an import under the same name in an alias": """
        # --- lib.py
        import pytest
        @pytest.fixture
        def a(): return 1
        # --- test_a.py
        import pytest
        from lib import a
        @pytest.fixture
        def a(): return 2
        b = a
        def test_it(a, b): pass
        """,
    "two classes with a fixture of the same name each get their own": """
        # --- test_a.py
        import pytest
        class TestOne:
            @pytest.fixture(autouse=True)
            def setup(self): pass
            def test_it(self): pass
        class TestTwo:
            @pytest.fixture(autouse=True)
            def setup(self): pass
            def test_it(self): pass
        """,
    "marks of other modules and lists of marks request fixtures": """
        # --- marks.py
        import pytest
        needs_a = pytest.mark.usefixtures("a")
        both = [pytest.mark.usefixtures("b"), pytest.mark.slow]
        # --- conftest.py
        import pytest
        @pytest.fixture
        def a(): pass
        @pytest.fixture
        def b(): pass
        # --- test_a.py
        import marks
        pytestmark = [*marks.both]
        @marks.needs_a
        def test_it(): pass
        """,
    "a partial and an alias of pytest.fixture make fixtures": """
        # --- test_a.py
        import functools, pytest
        fixture = pytest.fixture
        broad = functools.partial(pytest.fixture, scope="module")
        @fixture
        def a(b): pass
        @broad()
        def b(): pass
        def test_it(a): pass
        """,
    "a call form takes its function from another file": """
        # --- lib.py
        def make(b): pass
        # --- test_a.py
        import pytest
        from lib import make
        a = pytest.fixture(make)
        @pytest.fixture
        def b(): pass
        def test_it(a): pass
        """,
    "a call form is told apart from a function of its name": """
        # --- test_a.py
        import pytest
        def make(b): pass
        a = pytest.fixture(make)
        c = a
        @pytest.fixture
        def a(): pass
        @pytest.fixture
        def b(): pass
        def test_it(a, c): pass
        """,
    "mock.patch on a class fills the first argument of each test": """
        # --- test_a.py
        import pytest
        from unittest import mock
        @pytest.fixture
        def path(): pass
        @pytest.fixture
        def a(): pass
        @mock.patch("os.path")
        class TestIt:
            def test_it(self, path, a): pass
        """,
    "classes that pytest cannot instantiate have no tests": """
        # --- test_a.py
        import enum, pytest
        class TestError(Exception):
            def test_it(self): pass
        class TestKind(enum.Enum):
            def test_it(self): pass
        def test_it(): pass
        """,
    "decorators that show what they wrap change nothing": """
        # --- test_a.py
        import functools, pytest
        def plain(function):
            @functools.wraps(function)
            def inner(*args): return function(*args)
            return inner
        def noted(text):
            def note(function):
                function.text = text
                return function
            return note
        @pytest.fixture
        def b(): pass
        @pytest.fixture
        @plain
        def a(b): pass
        @pytest.fixture
        @noted("c")
        def c(b): pass
        class TestIt:
            @staticmethod
            @pytest.fixture
            def d(a): pass
            def test_it(self, a, c, d): pass
        """,
    "a blocked plugin defines nothing": """
        # --- pytest.ini
        [pytest]
        addopts = -p no:plug
        # --- conftest.py
        pytest_plugins = ["plug"]
        # --- plug.py
        import pytest
        @pytest.fixture
        def a(): pass
        # --- test_a.py
        def test_it(a): pass
        """,
    "plugins of a plugin come behind it": """
        # --- conftest.py
        pytest_plugins = ["one", "two"]
        # --- one.py
        import pytest
        pytest_plugins = "inner"
        @pytest.fixture
        def a(): pass
        # --- inner.py
        import pytest
        @pytest.fixture
        def a(a): pass
        # --- two.py
        import pytest
        @pytest.fixture
        def a(a): pass
        # --- test_a.py
        def test_it(a): pass
        """,
}

CIRCLE = """\
# --- conftest.py
import pytest
@pytest.fixture(scope="session")
def a(): pass
@pytest.fixture(scope="session")
def b(a): pass
@pytest.fixture(scope="session")
def alone(): pass
# --- test_a.py
import pytest
@pytest.fixture(scope="session")
def a(b): pass
@pytest.fixture(scope="session")
def b(b): pass
def test_it(a, b, alone): pass
"""

UNKNOWN = {
    "fixtures made in a loop": """
        # --- test_a.py
        import pytest
        def make(n):
            @pytest.fixture
            def fix(): return n
            return fix
        for n in ("a", "b"):
            globals()[n] = make(n)
        def test_it(a): pass
        """,
    "a factory of the project": """
        # --- conftest.py
        import pytest
        def make():
            @pytest.fixture
            def fix(): return 1
            return fix
        a = make()
        # --- test_a.py
        def test_it(a): pass
        """,
    "a decorator that hides what it wraps": """
        # --- test_a.py
        import pytest
        def counted(function):
            def inner(*args): return function(*args)
            return inner
        @pytest.fixture
        def a(): pass
        @pytest.fixture
        @counted
        def b(a): pass
        def test_it(b): pass
        """,
    "computed parametrize": """
        # --- test_a.py
        import pytest
        @pytest.fixture
        def a(): return 1
        NAMES = ["a"]
        @pytest.mark.parametrize(",".join(NAMES), [1])
        def test_it(a): pass
        """,
    "pytest_generate_tests": """
        # --- conftest.py
        def pytest_generate_tests(metafunc):
            if "a" in metafunc.fixturenames:
                metafunc.parametrize("a", [1, 2])
        # --- test_a.py
        import pytest
        @pytest.fixture
        def a(): return 1
        def test_it(a): pass
        """,
    "a patch with unpacked arguments may bring what it puts in place": """
        # --- test_a.py
        import pytest
        from unittest import mock
        @pytest.fixture
        def a(): pass
        @pytest.fixture
        def b(): pass
        WITH_NEW, WITHOUT = ("os.path", None), ("os.path",)
        @mock.patch("os.sep")
        @mock.patch(*WITH_NEW)
        def test_with_new(sep, a, b): pass
        @mock.patch(*WITHOUT)
        class TestWithout:
            def test_it(self, a, b): pass
        """,
}


ABOVE = """\
# --- test_a.py
import functools, pytest
def logged(function):
    @functools.wraps(function)
    def inner(*args): return function(*args)
    return inner
@logged
@pytest.fixture
def a(): pass
@pytest.mark.filterwarnings("ignore")
@pytest.fixture
def b(): pass
class TestIt:
    @classmethod
    @pytest.fixture
    def c(cls): pass
    def test_it(self, a, b, c): pass
"""
REGISTERED = """\
# --- conftest.py
import pytest
def pytest_collectstart(collector):
    if isinstance(collector, pytest.Session):
        pytest.register_fixture(name="a", func=lambda: 42, node=collector, scope="session")
@pytest.fixture
def b(): pass
# --- test_a.py
def test_it(a, b): pass
"""
NAMED_CONFTEST = """\
# --- conftest.py
pytest_plugins = ["x.conftest"]
# --- x/__init__.py
# --- x/conftest.py
import pytest
@pytest.fixture
def a(): pass
# --- y/test_a.py
def test_it(a): pass
"""
SCENARIOS = """\
# --- conftest.py
import pytest
@pytest.fixture
def a(): pass
# --- test_a.py
from pytest_bdd import scenario
@scenario("shop.feature", "Buying")
def test_it(): pass
# --- only/conftest.py
import pytest
@pytest.fixture
def b(): pass
# --- only/test_b.py
from pytest_bdd import scenarios
scenarios("shop.feature")
"""
DOUBTED = {
    "decorators above pytest's": (ABOVE, {"a", "c"}),
    "registered by a call": (REGISTERED, {"b"}),
    "a conftest.py named as a plugin": (NAMED_CONFTEST, {"a"}),
    "steps of scenarios": (SCENARIOS, {"a", "b"}),
}


def test_random_trees() -> None:
    """Edges, tests and the order of closures agree on every tree drawn, and pytest refuses nothing new once fixtures are narrowed."""
    totals = check_random_trees(sys.executable, EXAMPLES, ordered=NEWEST)

    assert totals.comparison.edges == totals.comparison.agreeing + len(totals.comparison.admitted)
    assert totals.plans >= EXAMPLES


def test_named_trees() -> None:
    """Each small tree agrees with pytest."""
    with collector(sys.executable) as collect:
        found = {name: explain(check_tree(split_files(text.lstrip("\n")), collect), ordered=NEWEST) for name, text in TREES.items()}

    assert found == dict.fromkeys(TREES, "")


def test_a_circle_of_overrides(tmp_path: Path) -> None:
    """Where overrides request each other in a circle the scopes decide who gets which: the graph doubts all that they reach."""
    graph = context_of(make_project(tmp_path, CIRCLE)).graph
    doubted = {graph.name_of(f) for f in graph.definitions() if graph.uncertain(f)}

    assert doubted == {"a", "b", "alone"}
    assert {name for name, _ in graph.tests[0].resolution.unknown} == {"a", "b"}


@pytest.mark.parametrize(("files", "names"), DOUBTED.values(), ids=[name.replace(" ", "-") for name in DOUBTED])
def test_doubted(files: str, names: set[str], tmp_path: Path) -> None:
    """What depends on the release of pytest, or on code that registers fixtures and tests, is doubted; the rest is not."""
    graph = context_of(make_project(tmp_path, files)).graph

    assert {graph.name_of(f) for f in graph.definitions() if graph.uncertain(f)} == names


@pytest.mark.parametrize("tree", [pytest.param(text, id=name) for name, text in UNKNOWN.items()])
def test_unknown(tree: str) -> None:
    """What only running the project can tell is admitted, and nothing is guessed."""
    with collector(sys.executable) as collect:
        result = check_tree(split_files(tree.lstrip("\n")), collect)

    assert (result.missing, result.extra) == ([], [])
    assert result.admitted
