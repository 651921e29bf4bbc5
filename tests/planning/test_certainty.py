"""What a test sets or requests itself is nobody's scope: it stops no narrowing. What may reach a fixture's scope does."""

from pathlib import Path

import pytest

from projects import LEAK, check, fix, make_project, outcome, rescope, run_pytest
from rescope.model.finding import Applicability

CART = """\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def cart():
    return ["apples"]


@pytest.fixture(scope="session")
def basket(cart):
    return [cart]
# --- test_cart.py
import pytest


def test_add(cart):
    cart.append("pears")


def test_fresh(cart):
    assert cart == ["apples"]


def test_basket(basket):
    assert basket == [["apples"]]
"""
HARMLESS = {
    "a usefixtures mark with a computed name": """\


NAME = "bas" + "ket"


@pytest.mark.usefixtures(NAME)
def test_used():
    pass
""",
    "a parametrize mark with computed names": """\


NAMES = ",".join(["x", "cart"])


@pytest.mark.parametrize(NAMES, [(1, 2)])
def test_set(x, cart):
    assert (x, cart) == (1, 2)
""",
    "a hook that parametrizes directly, at a broad scope": """\


def pytest_generate_tests(metafunc):
    for name in metafunc.fixturenames:
        if name == "number":
            metafunc.parametrize(name, [1, 2], scope="session")


def test_number(number, basket):
    assert number in {1, 2}
""",
    "a hook that hands its argument to a helper": """\


def numbers(metafunc):
    if "number" in metafunc.fixturenames:
        metafunc.parametrize("number", [1, 2])


def pytest_generate_tests(metafunc):
    numbers(metafunc)


def test_number(number, cart):
    assert number in {1, 2}
""",
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=[name.replace(" ", "-") for name in HARMLESS])
def test_narrowed(text: str, tmp_path: Path) -> None:
    """The chain is narrowed as if the mark or hook were not there, and pytest agrees."""
    root = make_project(tmp_path, CART + text)
    assert outcome(run_pytest(root)).startswith("2 failed")

    fix(root, unsafe=True)

    assert (root / "conftest.py").read_text().count('scope="function"') == 2
    assert "failed" not in outcome(run_pytest(root))
    assert "error" not in outcome(run_pytest(root))


HARMFUL = {
    "a hook that parametrizes a fixture, at a broad scope": """\


def pytest_generate_tests(metafunc):
    for name in metafunc.fixturenames:
        if name.startswith("bask"):
            metafunc.parametrize(name, [1], indirect=True, scope="session")
""",
    "a parametrize mark of which all is computed": """\


OPTIONS = {"indirect": True, "scope": "session"}


@pytest.mark.parametrize("bask" + "et", [1], **OPTIONS)
def test_indirect(basket):
    assert basket
""",
    "a hook that hands its argument to what is computed": """\


HELPERS = {"all": lambda m: m.parametrize("basket", [1], indirect=True, scope="session") if "basket" in m.fixturenames else None}


def helper():
    return HELPERS["all"]


def pytest_generate_tests(metafunc):
    helper()(metafunc)
""",
}


@pytest.mark.parametrize("text", HARMFUL.values(), ids=[name.replace(" ", "-") for name in HARMFUL])
def test_left_alone(text: str, tmp_path: Path) -> None:
    """Narrowing by hand makes pytest refuse a dependent; rescope changes no scope, and says what is not certain."""
    root = make_project(tmp_path, CART + text)
    (group,) = check(root).plan.groups

    fix(root, unsafe=True)

    assert 'scope="function"' not in (root / "conftest.py").read_text()
    assert "is not certain" in group.caveat
    conftest = root / "conftest.py"
    conftest.write_text(conftest.read_text().replace('scope="session"', 'scope="function"'))
    assert "ScopeMismatch" in run_pytest(root).stdout


PLUGINS = """\
# --- conftest.py
import pytest

pytest_plugins = [f"plugins.{name}" for name in ("carts",)]


@pytest.fixture(scope="session")
def cart():
    return ["apples"]
# --- plugins/__init__.py
# --- plugins/carts.py
import pytest


@pytest.fixture
def full(cart):
    return [*cart, "plums"]
# --- test_cart.py
def test_add(cart):
    cart.append("pears")


def test_fresh(cart):
    assert cart == ["apples"]


def test_full(full):
    assert full == ["apples", "plums"]
"""
BROAD = """\
# --- plugins/stock.py
import pytest


@pytest.fixture(scope="session")
def stock(cart):
    return list(cart)
"""


def test_computed_plugins(tmp_path: Path) -> None:
    """A module with a broad fixture that requests the name stops the narrowing where pytest_plugins is computed; a test file does not."""
    root = make_project(tmp_path / "narrow", PLUGINS)
    assert outcome(run_pytest(root)) == "2 failed, 1 passed"
    fix(root, unsafe=True)
    assert outcome(run_pytest(root)) == "3 passed"

    test_file = PLUGINS + BROAD.replace("plugins/stock.py", "test_stock.py") + "\n\ndef test_stock():\n    assert True\n"
    (group,) = check(make_project(tmp_path / "tests", test_file.replace("list(cart)", "list(range(3))"))).plan.groups
    assert group.edits

    (group,) = check(make_project(tmp_path / "broad", PLUGINS + BROAD)).plan.groups
    assert group.caveat.endswith("conftest.py computes pytest_plugins, and plugins/stock.py may be one that requests 'cart'")


@pytest.mark.parametrize(
    ("unsure", "why"),
    [
        (
            '\nNAME = "cli" + "ent"\n\n\n@pytest.mark.usefixtures(NAME)\ndef test_more():\n    pass\n',
            "a usefixtures or parametrize mark is computed",
        ),
        ('\npytest_plugins = [name for name in ("pytester",)]\n', "computes pytest_plugins"),
    ],
)
def test_never_safe(unsure: str, why: str, tmp_path: Path) -> None:
    """What would be a safe edit is unsafe where not all that asks for the fixture is known."""
    sure = make_project(tmp_path / "sure", LEAK)
    assert [g.applicability for g in check(sure).plan.groups] == [Applicability.SAFE]

    root = make_project(tmp_path / "unsure", LEAK)
    place = root / ("conftest.py" if "plugins" in unsure else "test_app.py")
    place.write_text(f"import pytest\n{place.read_text()}{unsure}")

    (group,) = check(root).plan.groups
    assert group.applicability is Applicability.UNSAFE
    assert why in group.caveat


def test_a_name_given_by_keyword(tmp_path: Path) -> None:
    """`getfixturevalue(argname=...)` requests as the plain call does: the dependent follows."""
    text = PLUGINS.replace("carts.py\n", "carts.py\n" + BROAD.partition("\n")[2]).replace(
        '[f"plugins.{name}" for name in ("carts",)]', '["plugins.carts"]'
    )
    text = text.replace(
        "def stock(cart):\n    return list(cart)", "def stock(request):\n    return list(request.getfixturevalue(argname='cart'))"
    )
    root = make_project(tmp_path, text + "\n\ndef test_stock(stock):\n    assert stock == ['apples']\n")

    assert fix(root, unsafe=True) == ["conftest.py", "plugins/carts.py"]

    assert outcome(run_pytest(root)) == "4 passed"


def test_the_surer_finding_leads(tmp_path: Path) -> None:
    """A value that tests change is shown, although the fixture also sets a variable for its scope, of which no test speaks."""
    text = CART.replace(
        '    return ["apples"]',
        '    os.environ["RESCOPE_CART"] = "1"\n    yield ["apples"]\n    del os.environ["RESCOPE_CART"]',
    ).replace("import pytest\n", "import os\n\nimport pytest\n", 1)
    root = make_project(tmp_path, text + "\n\ndef test_apart():\n    pass\n")
    assert outcome(run_pytest(root)).startswith("2 failed")

    (group,) = check(root).shown
    assert (group.finding.code, group.finding.subject.name) == ("RSC103", "cart")
    assert "RESCOPE_CART" in rescope(root, "check").stdout
