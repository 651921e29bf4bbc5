"""The other cure: a fixture that stays broad, and what tests change of its value put back after each. Each is run by pytest."""

from pathlib import Path

import pytest

from projects import check, fix, make_project, outcome, run_pytest
from rescope.model.edit import AddResetFixture
from rescope.model.finding import Applicability, Strategy

SERVER = """\
# --- conftest.py
import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def config():
    return {"debug": False, "limits": {"rows": 10}}


@pytest.fixture(scope="session")
def server(config):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.communicate(b"\\n")
"""
APP = """\
# --- conftest.py
import subprocess
import sys

import pytest


class App:
    def __init__(self):
        self.config = {"debug": False}
        self.user = None


@pytest.fixture(scope="session")
def app() -> App:
    subprocess.run([sys.executable, "-c", ""], check=True)
    return App()
"""
CASES = {
    "a dict that what is kept requests": (
        SERVER,
        """\
# --- test_config.py
def test_debug(config, server):
    config["debug"] = True
    assert server.poll() is None


def test_quiet(config):
    assert not config["debug"]
""",
    ),
    "a dict inside it": (
        SERVER,
        """\
# --- test_config.py
def test_limit(config, server):
    config["limits"]["rows"] = 1
    assert server.poll() is None


def test_rows(config):
    assert config["limits"]["rows"] == 10
""",
    ),
    "an attribute": (
        APP,
        """\
# --- test_app.py
def test_login(app):
    app.user = "ada"


def test_anonymous(app):
    assert app.user is None
""",
    ),
    "an attribute that was not there": (
        APP,
        """\
# --- test_app.py
def test_login(app):
    app.token = "t"


def test_anonymous(app):
    assert not hasattr(app, "token")
""",
    ),
    "the items of an attribute, and an attribute": (
        APP,
        """\
# --- test_app.py
def test_login(app):
    app.user = "ada"
    app.config["debug"] = True


def test_anonymous(app):
    assert (app.user, app.config) == (None, {"debug": False})
""",
    ),
}


@pytest.mark.parametrize(("made", "tests"), CASES.values(), ids=[name.replace(" ", "-") for name in CASES])
def test_put_back(made: str, tests: str, tmp_path: Path) -> None:
    """Where narrowing would drag infrastructure along, an autouse fixture beside the broad one cures the leak, and nothing is narrowed."""
    root = make_project(tmp_path, made + tests)
    assert outcome(run_pytest(root)) == "1 failed, 1 passed"

    (group,) = check(root).plan.groups
    assert (group.applicability, group.finding.strategy) == (Applicability.UNSAFE, Strategy.RESET)
    assert "it stays session-scoped: " in group.caveat
    fix(root, unsafe=True)

    assert outcome(run_pytest(root)) == "2 passed"
    assert (root / "conftest.py").read_text().count('scope="session"') == made.count('scope="session"')
    before = (root / "conftest.py").read_bytes()
    fix(root, unsafe=True)
    assert (root / "conftest.py").read_bytes() == before


LIST = """\
# --- test_cart.py
import pytest


@pytest.fixture(scope="module")
def cart():
    return ["apples"]


def test_add(cart):
    cart.append("pears")


def test_initial(cart):
    assert cart == ["apples"]


def test_other():
    assert True
"""


@pytest.mark.parametrize(("strategy", "added"), [("auto", ""), ("narrow", ""), ("reset", "restore_cart")])
def test_strategy(strategy: str, added: str, tmp_path: Path) -> None:
    """The configuration chooses the cure where both are possible; each of them makes the tests pass."""
    root = make_project(tmp_path, LIST)
    (root / "pyproject.toml").write_text(f'[tool.rescope]\nstrategy = "{strategy}"\n[tool.pytest.ini_options]\n')

    fix(root, unsafe=True)

    text = (root / "test_cart.py").read_text()
    assert ("restore_cart" if "def restore_cart(request)" in text else "") == added
    assert ('scope="module"' in text) == bool(added)
    assert outcome(run_pytest(root)) == "3 passed"


BY_HAND = """\
# --- test_cart.py
import pytest


@pytest.fixture(scope="module")
def cart():
    return ["apples"]


@pytest.fixture(autouse=True)
def fresh_cart(cart):
    yield
    cart[:] = ["apples"]


def test_add(cart):
    cart.append("pears")


def test_initial(cart):
    assert cart == ["apples"]
"""


def test_put_back_by_hand(tmp_path: Path) -> None:
    """What an autouse fixture of the project already takes back is no finding."""
    root = make_project(tmp_path, BY_HAND)

    assert outcome(run_pytest(root)) == "2 passed"
    assert check(root).plan.groups == ()


def test_narrow_only(tmp_path: Path) -> None:
    """With strategy "narrow" a finding that cannot be narrowed is shown without a fix."""
    root = make_project(tmp_path, SERVER + CASES["a dict inside it"][1])
    (root / "pyproject.toml").write_text('[tool.rescope]\nstrategy = "narrow"\n[tool.pytest.ini_options]\n')

    (group,) = check(root).plan.groups

    assert group.edits == ()


def test_an_overridden_name(tmp_path: Path) -> None:
    """A name that another definition overrides below may mean that one in the reset: it is only shown."""
    override = """\
# --- api/test_api.py
import pytest


@pytest.fixture(scope="session")
def config():
    return {}


def test_own(config):
    assert config == {}
"""
    root = make_project(tmp_path, SERVER + CASES["a dict inside it"][1] + override)

    assert [g.edits for g in check(root).plan.groups if g.finding.subject.address.path == "conftest.py"] == [()]


@pytest.mark.parametrize("name", ["saved", "missing", "dict", "list", "getattr", "hasattr", "object"])
@pytest.mark.parametrize(("value", "change", "whole"), [("{'a': {}}", "['a']['b'] = 1", "{'a': {}}"), ("Thing()", ".x = 1", "")])
def test_a_name_that_the_reset_uses_itself(name: str, value: str, change: str, whole: str, tmp_path: Path) -> None:
    """A fixture may have the name of a built-in or of a variable of the reset fixture: the tests beside it pass as before."""
    text = f"""\
# --- test_named.py
import pytest


class Thing:
    pass


@pytest.fixture(scope="module", name="{name}")
def made():
    return {value}


def test_change({name}):
    {name}{change}


def test_initial({name}):
    assert {f"{name} == {whole}" if whole else f"not vars({name})"}
"""
    root = make_project(tmp_path, text)
    assert outcome(run_pytest(root)) == "1 failed, 1 passed"
    (root / "pyproject.toml").write_text('[tool.rescope]\nstrategy = "reset"\n[tool.pytest.ini_options]\n')

    assert fix(root, unsafe=True) == ["test_named.py"]

    assert outcome(run_pytest(root)) == "2 passed"


HIDDEN = """\
# --- test_gauge.py
import pytest


class Gauge:
    def __init__(self):
        self._level = None

    @property
    def level(self):
        return self._level

    @level.setter
    def level(self, level):
        if level is None:
            raise ValueError("a level")
        self._level = level


class Plain:
    pass


class Fixed:
    def __delattr__(self, name):
        raise AttributeError("only more")


@pytest.fixture(scope="module")
def gauge():
    {value}


def test_set(gauge):
    gauge.level = 3


def test_read(gauge):
    assert gauge
"""


@pytest.mark.parametrize("value", ["return Gauge()", "return Fixed()", "if pytest:\n        return Plain()\n    return None"])
def test_what_its_class_guards_is_not_put_back(value: str, tmp_path: Path) -> None:
    """A property or a special method may refuse the value that was there before: no reset is offered."""
    root = make_project(tmp_path, HIDDEN.replace("{value}", value))
    (root / "pyproject.toml").write_text('[tool.rescope]\nstrategy = "reset"\n[tool.pytest.ini_options]\n')

    assert "restore_gauge" not in "".join(e.name for g in check(root).plan.groups for e in g.edits if isinstance(e, AddResetFixture))


def test_a_part_of_a_part_is_not_put_back(tmp_path: Path) -> None:
    """Not every test has what holds it: only what the value holds itself is saved and put back."""
    made = "app = SimpleNamespace(level=SimpleNamespace(debug=False))"
    text = (
        "# --- conftest.py\nimport subprocess\nimport sys\nfrom types import SimpleNamespace\n\nimport pytest\n\n\n"
        f"@pytest.fixture(scope='session')\ndef app():\n    {made}\n    subprocess.run([sys.executable, '-c', ''], check=True)\n"
        "    return app\n"
        "# --- test_app.py\ndef test_debug(app):\n    app{part}.debug = True\n    assert app{part}.debug\n\n\n"
        "def test_plain(app):\n    assert not getattr(app{part}, 'debug', False)\n"
    )
    (nested,) = check(make_project(tmp_path / "nested", text.replace("{part}", ".level"))).plan.groups
    (plain,) = check(make_project(tmp_path / "plain", text.replace("{part}", ""))).plan.groups

    assert nested.edits == ()
    assert [type(edit) for edit in plain.edits] == [AddResetFixture]


def test_a_value_that_a_narrower_fixture_changes(tmp_path: Path) -> None:
    """The second run finds nothing more to do: what the reset puts back after a fixture of the test is put back, too."""
    text = LIST.replace("def test_add(cart):", "@pytest.fixture\ndef full(cart):", 1) + "\n\ndef test_full(cart, full):\n    assert cart\n"
    root = make_project(tmp_path, text)
    (root / "pyproject.toml").write_text('[tool.rescope]\nstrategy = "reset"\n[tool.pytest.ini_options]\n')

    assert fix(root, unsafe=True) == ["test_cart.py"]
    assert fix(root, unsafe=True) == []
