"""Objects that a getter fills once are shown where tests change them, and only told where nothing shows that anybody minds."""

from pathlib import Path

import pytest

from projects import check, make_project, only_told, outcome, run_pytest

STORE = """\
# --- store.py
class Store:
    def __init__(self):
        self.names = []

    def add(self, name):
        self.names.append(name)

    def clear(self):
        self.names.clear()


_store = None


def get_store():
    global _store
    if _store is None:
        _store = Store()
    return _store


def remember(name):
    get_store().add(name)


def import_all():
    remember("a")


class Window:
    def opened(self):
        get_store().add("window")


SETTINGS = Store()


def names():
    return SETTINGS.names


def known():
    return len(names())
"""
HEAD = "# --- test_store.py\nimport pytest\n\nimport store\n\n\n"
LOOKS = "def test_none():\n    assert store.get_store().names == []\n\n\n"
FOUND = {
    "a test changes it": (
        "_store",
        f"{LOOKS}def test_one():\n    store.get_store().add('a')\n    assert store.get_store().names == ['a']\n",
    ),
    "a test calls what changes it": (
        "_store",
        f"{LOOKS}def test_one():\n    store.remember('a')\n    assert store.get_store().names == ['a']\n",
    ),
    "a test alone changes an object": (
        "SETTINGS",
        f"{LOOKS.replace('get_store()', 'SETTINGS')}def test_one():\n    store.SETTINGS.add('a')\n    assert store.SETTINGS.names\n",
    ),
}
QUIET = {
    "no test changes it": f"{LOOKS}def test_two():\n    assert store.get_store() is store.get_store()\n",
    "what changes it is far from every test": f"{LOOKS}def test_two():\n    assert store.Window and store.get_store()\n",
    "a fixture clears it by its own method": f"""\
@pytest.fixture
def clean():
    yield
    store.get_store().clear()


{LOOKS}def test_one(clean):
    store.get_store().add("a")
    assert store.get_store().names == ["a"]
""",
}


@pytest.mark.parametrize("case", FOUND)
def test_what_tests_change_is_found(tmp_path: Path, case: str) -> None:
    """The suite passes in file order and fails the other way round, and the state is named."""
    name, text = FOUND[case]
    root = make_project(tmp_path, STORE + HEAD + text)
    assert outcome(run_pytest(root)) == "2 passed"
    assert outcome(run_pytest(root, "test_store.py::test_one", "test_store.py::test_none")) == "1 failed, 1 passed"
    assert [g.finding.subject.name for g in check(root).shown] == [name]


@pytest.mark.parametrize(("reads", "told"), [("store.names()", False), ("store.known()", True)])
def test_an_object_that_is_read_from_afar_is_told(tmp_path: Path, reads: str, told: bool) -> None:  # noqa: FBT001
    """Objects are asked for many things: only a test that reads one itself, or by the function that does, is seen to mind."""
    text = f"def test_none():\n    assert not {reads}\n\n\ndef test_one():\n    store.SETTINGS.add('a')\n    assert store.known() == 1\n"
    root = make_project(tmp_path, STORE + HEAD + text)
    assert outcome(run_pytest(root, "test_store.py::test_one", "test_store.py::test_none")) == "1 failed, 1 passed"
    assert [only_told(g) for g in check(root).plan.groups if g.finding.code == "RSC206"] == ([] if told else [False])


@pytest.mark.parametrize("case", QUIET)
def test_what_nobody_minds_is_told(tmp_path: Path, case: str) -> None:
    """A value that no test changes, or that a fixture empties after who does, is of low confidence."""
    root = make_project(tmp_path, STORE + HEAD + QUIET[case])
    assert outcome(run_pytest(root)) == "2 passed"
    groups = check(root).plan.groups
    assert [only_told(g) for g in groups if g.finding.subject.name == "_store"] == [True]
