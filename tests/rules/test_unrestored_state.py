"""What tests leave changed in the process, and what takes it back."""

from pathlib import Path

import pytest

from projects import check, fix, make_project, only_told, outcome, rescope, run_pytest

LEAVES = {
    "the working directory": ("os.chdir(tmp_path)", "monkeypatch.chdir(...)"),
    "os.environ": ('os.environ["LEVEL"] = "1"', "monkeypatch.setenv('LEVEL', ...)"),
    "sys.argv": ('sys.argv = ["tool"]', 'monkeypatch.setattr("sys.argv", ...)'),
    "sys.path": ("sys.path.insert(0, str(tmp_path))", "monkeypatch.syspath_prepend"),
    "sys.modules": ('sys.modules["tool"] = sys', "monkeypatch.setitem(sys.modules, 'tool', ...)"),
    "json.dumps": ("json.dumps = repr", 'monkeypatch.setattr(json, "dumps", ...)'),
    "json.__all__": ('json.__all__ = ["dumps"]', 'monkeypatch.setattr(json, "__all__", ...)'),
    "the umask": ("os.umask(0o77)", "behind the yield of a fixture"),
}

BACK = {
    "a patch of the same attribute around it": """
@mock.patch("json.dumps")
def test_first(dumps):
    json.dumps = repr
    assert json.dumps(1) == "1"
""",
    "a patch of the owner around it": """
@mock.patch.object(unittest, "TestCase")
def test_first(case):
    unittest.TestCase.level = 1
    assert unittest.TestCase.level
""",
    "a patch of the owner where another module knows it": """
@mock.patch("unittest.case.TestCase")
def test_first(case):
    unittest.TestCase.level = 1
    assert unittest.TestCase.level
""",
    "a patch that does not say where": """
@mock.patch(**{"target": "json.dumps"})
def test_first(dumps):
    json.dumps = repr
    assert json
""",
    "put back from where it was read": """
def test_first():
    before = json.dumps
    json.dumps = repr
    assert json.dumps(1) == "1"
    json.dumps = before
""",
    "put back in a finally": """
def test_first(tmp_path):
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        assert os.listdir() == []
    finally:
        os.chdir(before)
""",
    "a fixture around it": """
@pytest.fixture(autouse=True)
def environment():
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_first():
    os.environ["LEVEL"] = "1"
""",
    "monkeypatch first": """
def test_first(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    os.chdir("/")
""",
    "a teardown": """
class TestFirst:
    def setup_method(self):
        self.before = json.dumps

    def teardown_method(self):
        json.dumps = self.before

    def test_first(self):
        json.dumps = repr
""",
    "a patch around the class": """
@mock.patch.dict(os.environ)
class TestFirst:
    def test_first(self):
        os.environ["LEVEL"] = "1"
""",
    "a clean-up": """
class TestFirst(unittest.TestCase):
    def test_first(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir("/")
""",
    "only where it is missing": """
def test_first():
    if not hasattr(json, "dump_all"):
        json.dump_all = repr
""",
    "a call that configures a library": """
def test_first():
    import logging

    logging.basicConfig(level=logging.INFO)
""",
    "an assignment that is expected to fail": """
def test_first():
    with pytest.raises(AttributeError):
        sys.flags.level = 1
""",
    "the last lines of a test, which put back what something else changed": """
def test_first():
    before = json.dumps(1)
    assert before == "1"
    json.dumps = json.dumps
    json.level = 1
""",
    "a copy that was read before": """
def test_first():
    before = sys.meta_path.copy()
    assert before
    sys.meta_path = before
    assert sys.meta_path
""",
    "a set-up that sets it anew for each test": """
class TestFirst(unittest.TestCase):
    def setUp(self):
        json.level = 0

    def test_first(self):
        json.level = 1
        assert json.level
""",
    "a set-up that starts a patch": """
class TestFirst(unittest.TestCase):
    def setUp(self):
        self.patches = [mock.patch.dict(os.environ)]
        for patch in self.patches:
            patch.start()

    def tearDown(self):
        for patch in self.patches:
            patch.stop()

    def test_first(self):
        os.environ["LEVEL"] = "1"
        assert os.environ
""",
    "an object in whose place a fixture puts another": """
@pytest.fixture
def decoder(monkeypatch):
    monkeypatch.setattr(json, "decoder", mock.Mock())


def test_first(decoder):
    json.decoder.level = 1
    assert json.decoder.level
""",
    "monkeypatch first, under a computed name": """
def test_first(monkeypatch):
    from string import digits

    monkeypatch.setenv(digits, "")
    os.environ.update({digits: "1"})
    assert os.environ[digits]
""",
    "a teardown that calls what puts it back, two calls deep": """
def stop():
    json.dumps = ORIGINAL


def end():
    stop()


ORIGINAL = json.dumps


@pytest.fixture(autouse=True)
def ended():
    yield
    end()


def test_first():
    json.dumps = repr
    assert json.dumps(1)
""",
    "a method of an instance that its fixture made": """
class Dumps:
    def __init__(self):
        self.before = json.dumps

    def end(self):
        json.dumps = self.before


@pytest.fixture
def dumps():
    made = Dumps()
    yield made
    made.end()


def test_first(dumps):
    json.dumps = repr
    assert json.dumps(1)
""",
    "put back anywhere in the test from what the module kept": """
ORIGINAL = json.dumps


def test_first():
    with open(__file__):
        json.dumps = ORIGINAL
    assert json.dumps(1) == "1"
""",
    "a variable of the developer that need not be there": """
def test_first():
    os.environ.pop("NO_SUCH_LEVEL", None)
    assert "NO_SUCH_LEVEL" not in os.environ
""",
    "a lambda that is only stored": """
COMMANDS = {}


def test_first():
    COMMANDS["cd"] = lambda folder: os.chdir(folder)
    assert len(COMMANDS) == 1
""",
    "a place that keeps the original": """
def test_first():
    json.orig_dumps = json.dumps
""",
    "a mock": """
def test_first():
    with mock.patch("json.dumps"):
        json.dumps.return_value = "1"
        assert json.dumps(2) == "1"
""",
}

HEAD = "# --- test_state.py\nimport json\nimport os\nimport sys\nimport unittest\nfrom unittest import mock\n\nimport pytest\n\n"
PATCHES = """
@pytest.fixture
def plain():
    json.dumps = repr
    json.loads = str


def test_first(plain):
    assert json.loads(1) == "1"
"""
OTHER = "\n\ndef test_second():\n    assert json and sys.argv\n"


@pytest.mark.parametrize("state", LEAVES)
def test_what_a_test_leaves_is_named_with_what_undoes_it(tmp_path: Path, state: str) -> None:
    """The finding says which test leaves what; `monkeypatch` is used in its place, or what undoes it is told."""
    line, idiom = LEAVES[state]
    root = make_project(tmp_path, f"{HEAD}\ndef test_first(tmp_path):\n    {line}\n{OTHER}")
    (group,) = check(root).plan.groups
    assert group.finding.code == "RSC208"
    assert f"test_first leaves {state} changed" in group.finding.message
    assert group.edits or idiom in group.caveat
    fix(root, unsafe=True)
    assert bool(group.edits) == (idiom.partition("(")[0] in (root / "test_state.py").read_text("utf-8"))


@pytest.mark.parametrize("case", BACK)
def test_what_is_taken_back_is_silent(tmp_path: Path, case: str) -> None:
    """What the test itself, a fixture, a teardown or a patch around it takes back is no finding."""
    root = make_project(tmp_path, f"{HEAD}{BACK[case]}{OTHER}")
    assert run_pytest(root).returncode == 0
    assert check(root).plan.groups == ()


SIBLINGS = {
    "decorator": '@mock.patch("json.loads")\ndef test_first(loads):\n    json.dumps = repr\n    assert json',
    "of an object": '@mock.patch.object(json, "loads")\ndef test_first(loads):\n    json.dumps = repr\n    assert json',
    "a context": 'def test_first():\n    json.dumps = repr\n    with mock.patch("json.loads"):\n        assert json',
    "an object's context": 'def test_first():\n    with mock.patch.object(json, "loads"):\n        json.dumps = repr\n    assert json',
    "monkeypatch": 'def test_first(monkeypatch):\n    monkeypatch.setattr(json, "loads", 1)\n    json.dumps = repr\n    assert json',
}


@pytest.mark.parametrize("test", SIBLINGS.values(), ids=SIBLINGS)
def test_a_patch_leaves_the_siblings_alone(tmp_path: Path, test: str) -> None:
    """A patch takes back the attribute that it names, and nothing else of its owner."""
    (group,) = check(make_project(tmp_path, f"{HEAD}\n{test}{OTHER}")).plan.groups
    assert group.finding.message == "test_first leaves json.dumps changed for the tests that follow"


LATER = "# --- level.py\nlevel = 1\nnames = set()\n\n\ndef get():\n    return level, names\n"
BODIES = {
    "two constants": ("level.level = 2\n    assert level\n    level.level = 3\n    assert level", True),
    "the first one at last": ("level.level = 2\n    assert level\n    level.level = 1\n    assert level", False),
    "what nobody knows at last": ("level.level = 2\n    assert level\n    level.level = int('1')\n    assert level", False),
}


@pytest.mark.parametrize(("body", "stays"), BODIES.values(), ids=[name.replace(" ", "-") for name in BODIES])
def test_what_is_assigned_last_decides(body: str, stays: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Of several assignments the last one stays, unless it is what the module starts with, or may be."""
    groups = check(make_project(tmp_path, f"{LATER}{HEAD}import level\n\n\ndef test_first():\n    {body}{OTHER}")).plan.groups
    assert [g.finding.code for g in groups] == ["RSC208"] * stays


def test_a_folder_that_goes_away_takes_no_variable_with_it(tmp_path: Path) -> None:
    """A temporary folder around a yield puts nothing back."""
    body = "    with tempfile.TemporaryDirectory() as folder:\n        os.environ['CACHE'] = folder\n        yield\n"
    fixture = f"@pytest.fixture\ndef cache():\n{body}"
    (group,) = check(
        make_project(tmp_path, f"{HEAD}import tempfile\n\n\n{fixture}\n\ndef test_first(cache):\n    pass\n{OTHER}")
    ).plan.groups
    assert group.finding.message == "cache leaves os.environ changed for the tests that follow"


FOLDER = {
    "back to where it was": ("cwd = os.getcwd()\n    assert cwd\n    os.chdir(cwd)", False),
    "elsewhere at last": ("cwd = tmpdir\n    assert cwd\n    os.chdir(cwd)", True),
    "by py.path": ("tmpdir.chdir()\n    assert os", True),
    "by monkeypatch": ("monkeypatch.chdir(tmpdir)\n    assert os", False),
}


@pytest.mark.parametrize(("body", "left"), FOLDER.values(), ids=[name.replace(" ", "-") for name in FOLDER])
def test_the_working_directory(body: str, left: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """What a test leaves is told however it goes there; going back in the last line is no change."""
    root = make_project(tmp_path, f"{HEAD}\ndef test_first(tmpdir, monkeypatch):\n    {body}\n{OTHER}")
    assert [g.finding.subject.name for g in check(root).plan.groups] == ["the working directory"] * left


def test_what_a_set_up_leaves(tmp_path: Path) -> None:
    """Variables that a class's set-up sets and nothing takes back are told; attributes that it gives to what its tests use are not."""
    classes = "class TestFirst:\n    def setup_method(self):\n        {}\n\n    def test_one(self):\n        assert json\n"
    (group,) = check(make_project(tmp_path / "variable", HEAD + classes.format("os.environ['LEVEL'] = '1'") + OTHER)).plan.groups
    assert group.finding.message == "TestFirst.setup_method leaves os.environ changed for the tests that follow"
    assert check(make_project(tmp_path / "attribute", HEAD + classes.format("json.dumps = repr") + OTHER)).plan.groups == ()


UNREAD = "# --- driver.py\nLIMIT = 100\n\n\nclass Driver({base}):\n    def list(self):\n        return {read}\n"
UNREAD_TEST = "import driver\n\n\ndef test_first():\n    driver.Driver.LIMIT = 2\n    assert driver.Driver().list()\n"


@pytest.mark.parametrize(
    ("base", "read", "told"),
    [("", "LIMIT", True), ("", "self.LIMIT", False), ("", "getattr(self, 'LIMIT', 1)", False), ("dict", "LIMIT", False)],
)
def test_an_attribute_that_nobody_has(base: str, read: str, told: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """What a class of the project neither has nor reads is told with low confidence."""
    (group,) = check(make_project(tmp_path, f"{UNREAD.format(base=base, read=read)}{HEAD}{UNREAD_TEST}{OTHER}")).plan.groups
    assert only_told(group) == told


def test_what_runs_for_all_tests_leaves_nothing_to_any(tmp_path: Path) -> None:
    """An autouse fixture that sets the state for every test of the run is no leak; one for some of them is."""
    fixture = "@pytest.fixture(autouse=True)\ndef folder(tmp_path):\n    os.chdir(tmp_path)\n\n\ndef test_first():\n    assert os\n"
    assert check(make_project(tmp_path / "all", f"{HEAD}{fixture}{OTHER}")).plan.groups == ()
    others = "# --- test_other.py\ndef test_other():\n    assert True\n"
    (group,) = check(make_project(tmp_path / "some", f"{others}{HEAD}{fixture}{OTHER}")).plan.groups
    assert group.finding.code == "RSC208"


def test_an_object_that_decides_itself_where_its_attributes_go(tmp_path: Path) -> None:
    """An attribute of an object whose class has `__setattr__` need not stay on it; that of its class does."""
    proxy = "# --- proxy.py\nclass Proxy:\n    def __setattr__(self, name, value):\n        pass\n\n\nstate = Proxy()\n"
    tests = "import proxy\ndef test_first():\n    proxy.state.level = 1\n    proxy.Proxy.level = 1\n    assert proxy\n"
    (group,) = check(make_project(tmp_path, f"{proxy}{HEAD}{tests}{OTHER}")).plan.groups
    assert group.finding.message == "test_first leaves proxy.Proxy.level changed for the tests that follow"


def test_the_advice_can_be_followed(tmp_path: Path) -> None:
    """A method of unittest.TestCase cannot ask for monkeypatch, and a dict is no name of a variable."""
    tests = """\
class TestFirst(unittest.TestCase):
    def test_first(self):
        json.level = 1
        assert json


def test_env():
    os.environ.update({"LEVEL": "1"})
    assert os
"""
    root = make_project(tmp_path, f"{HEAD}\n{tests}{OTHER}")
    advice = {g.finding.subject.name: g.caveat for g in check(root).plan.groups}
    assert "self.addCleanup(...)" in advice["json.level"]
    assert "monkeypatch.setenv(..., ...)" in advice["os.environ"]


def test_the_path_of_the_advice_is_no_index(tmp_path: Path) -> None:
    """What is inserted into the search path is the second argument."""
    test = "def test_first(tmp_path):\n    sys.path.insert(0, str(tmp_path))\n    assert sys.path"
    (group,) = check(make_project(tmp_path, f"{HEAD}\n{test}{OTHER}")).plan.groups
    assert "monkeypatch.syspath_prepend(...)" in group.caveat


def test_all_that_one_fixture_patches_is_one_finding(tmp_path: Path) -> None:
    """A fixture that patches by hand is told of once, not once for each attribute."""
    root = make_project(tmp_path, f"{HEAD}{PATCHES}{OTHER}")
    (group,) = check(root).plan.groups
    assert group.finding.message == "plain leaves json.dumps and 1 more changed for the tests that follow"


def test_a_proxy_is_gone_with_its_context(tmp_path: Path) -> None:
    """An attribute of what a pack calls a proxy goes with the request or the context; that of its neighbour stays."""
    pack = "# --- packs.toml\nproxies = ['tool.ctx']\n# --- pyproject.toml\n[tool.rescope]\npacks = ['packs.toml']\n"
    imports = "import flask, tool\nfrom flask.globals import request_ctx\n"
    tests = f"{imports}def test_first():\n    flask.g.level = request_ctx.level = 1\n    tool.ctx.level = 1\n    tool.cty.level = 1\n"
    (group,) = check(make_project(tmp_path, f"{pack}{HEAD}{tests}{OTHER}")).plan.groups
    assert group.finding.message == "test_first leaves tool.cty.level changed for the tests that follow"


def test_a_lone_test_disturbs_nobody(tmp_path: Path) -> None:
    """Where only one test runs, nobody sees what it leaves."""
    assert check(make_project(tmp_path, f"{HEAD}\ndef test_first(tmp_path):\n    os.chdir(tmp_path)\n")).plan.groups == ()


def test_a_comment_keeps_it(tmp_path: Path) -> None:
    """A keep comment on the line that makes the change is honoured, with its reason."""
    line = "os.chdir(tmp_path)  # rescope: keep every test below runs there"
    report = check(make_project(tmp_path, f"{HEAD}\ndef test_first(tmp_path):\n    {line}\n{OTHER}"))
    assert report.plan.groups == ()
    assert [k.because for k in report.plan.kept] == ["every test below runs there"]


def test_a_run_confirms_it(tmp_path: Path) -> None:
    """What a recorded run saw of the process is evidence of the finding, and `why` tells it by its name."""
    root = make_project(tmp_path, f"{HEAD}\ndef test_first():\n    os.environ['LEVEL'] = '1'\n{OTHER}")
    run_pytest(root, "-p", "rescope", "--rescope=all", "--rescope-record=seen.json")
    shown = rescope(root, "check", "--evidence", "seen.json").stdout
    assert "os.environ['LEVEL'] changed by test_state.py::test_first" in shown
    assert "low confidence" not in shown
    assert "test_first leaves os.environ changed" in rescope(root, "why", "os.environ").stdout


LEVELS = """\
# --- level.py
import os


def level():
    return os.environ.get("LEVEL", "0")


def shout():
    return level() * 2
# --- loud/conftest.py
import os

import pytest


@pytest.fixture{autouse}
def loud():
    os.environ["LEVEL"] = "9"
# --- loud/test_loud.py
from level import level


def test_loud(loud):
    assert level() == "9"


def test_louder(loud):
    assert level() == "9"
# --- test_quiet.py
from level import level


def test_quiet():
    assert len(level()) == 1
"""


@pytest.mark.parametrize(("autouse", "told"), [("(autouse=True)", True), ("", False)])
def test_what_an_autouse_fixture_sets_anew_is_told(tmp_path: Path, autouse: str, told: bool) -> None:  # noqa: FBT001
    """Each test below it starts with what an autouse fixture sets; where tests ask for it, the others may get what it left."""
    root = make_project(tmp_path, LEVELS.replace("{autouse}", autouse))
    assert run_pytest(root).returncode == 0
    (group,) = check(root).plan.groups
    assert (group.finding.code, only_told(group)) == ("RSC208", told)


def test_a_function_that_is_replaced_is_found_whoever_calls_it(tmp_path: Path) -> None:
    """Who calls a function is not all seen: a test that assigns another in its place is shown, though no other is seen to call it."""
    replaced = "# --- test_level.py\nimport level\n\n\ndef test_one():\n    level.level = str\n    assert level.shout() == ''\n"
    other = "\n\ndef test_two():\n    assert vars(level)\n"
    root = make_project(tmp_path, LEVELS.partition("# --- loud")[0] + replaced + other)
    assert outcome(run_pytest(root)) == "2 passed"
    assert [(g.finding.code, only_told(g)) for g in check(root).plan.groups] == [("RSC208", False)]
