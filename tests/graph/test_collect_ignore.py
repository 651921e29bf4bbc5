"""Test modules that a conftest.py keeps pytest from collecting are no tests, compared with pytest itself."""

from pathlib import Path

import pytest
from oracle.plans import context_of

from projects import make_project, run_pytest

TESTS = ("test_top.py", "a/test_a.py", "a/b/test_b.py", "a/c/test_c.py", "d/test_d.py", "d/test_other.py")
CONFTESTS = {
    "file and folder": {"conftest.py": 'collect_ignore = ["test_top.py", "a/b"]'},
    "added to": {"conftest.py": 'collect_ignore = ["d/test_d.py"]\ncollect_ignore += ["a/c"]\ncollect_ignore.append("test_top.py")'},
    "extended and added": {"conftest.py": 'collect_ignore = ["d/test_d.py"] + ["a/c"]\ncollect_ignore.extend(("a/b", "none"))'},
    "more under a condition": {
        "conftest.py": 'collect_ignore = ["a"]\nif __debug__ is None:\n    collect_ignore.append("d")\n    collect_ignore += ["d"]'
    },
    "annotated": {"conftest.py": 'collect_ignore: list[str] = ["a"]'},
    "glob": {"conftest.py": 'collect_ignore_glob = ["*other.py", "a/?"]'},
    "both": {"conftest.py": 'collect_ignore = ["a"]\ncollect_ignore_glob = ["*_d.py"]'},
    "below": {"a/conftest.py": 'collect_ignore = ["b", "c/test_c.py"]'},
    "the nearest one counts": {"conftest.py": 'collect_ignore = ["a/b", "d"]', "a/conftest.py": 'collect_ignore = ["c"]'},
    "an empty one counts": {"conftest.py": 'collect_ignore = ["a/b", "a/test_a.py"]', "a/conftest.py": "collect_ignore = []"},
    "what pytest is given": {"conftest.py": 'collect_ignore = ["a", "d/test_d.py"]', "pytest.ini": "[pytest]\ntestpaths = a d\n"},
    "below what pytest is given": {"conftest.py": 'collect_ignore = ["a"]', "pytest.ini": "[pytest]\ntestpaths = a/b test_top.py\n"},
    "a string": {"conftest.py": 'collect_ignore = "test_top.py"'},
    "extended by a string": {"conftest.py": 'collect_ignore = ["a"]\ncollect_ignore.extend("test_top.py")\ncollect_ignore.remove("a")'},
    "emptied under a condition": {"conftest.py": 'collect_ignore = ["a"]\nif collect_ignore:\n    collect_ignore = []'},
    "emptied by a hook": {
        "conftest.py": 'collect_ignore = ["a"]\ndef pytest_configure():\n    global collect_ignore\n    collect_ignore = []'
    },
    "an imported one is nearer": {
        "conftest.py": 'collect_ignore = ["a/b", "a/c"]',
        "a/conftest.py": "from others import collect_ignore",
        "a/others.py": "collect_ignore = []",
    },
    "a hook answers": {"conftest.py": 'collect_ignore = ["a"]\ndef pytest_ignore_collect():\n    return False'},
    "of another file": {"tools.py": 'collect_ignore = ["a"]'},
}


@pytest.mark.parametrize("files", CONFTESTS.values(), ids=CONFTESTS)
def test_as_pytest(tmp_path: Path, files: dict[str, str]) -> None:
    """The same modules are collected as by pytest."""
    text = "".join(f"# --- {path}\ndef test_it():\n    pass\n" for path in TESTS)
    root = make_project(tmp_path, text + "".join(f"# --- {path}\n{content}\n" for path, content in files.items()))

    told = run_pytest(root, "--collect-only", "-q").stdout.splitlines()
    collected = {line.partition(":")[0] for line in told if ".py:" in line}
    assert {test.path for test in context_of(root).graph.tests} == collected
    assert collected


UNSURE = {
    "conditional": "import sys\ncollect_ignore = []\nif sys.maxsize < 0:\n    collect_ignore.append('a')",
    "taken out again": "collect_ignore = ['a']\ncollect_ignore.remove('a')",
    "computed": "import os\ncollect_ignore = [os.path.join('a', 'test_none.py')]",
}


@pytest.mark.parametrize("content", UNSURE.values(), ids=UNSURE)
def test_unsure(tmp_path: Path, content: str) -> None:
    """What is not written out unconditionally is taken for collected: its tests may need what a fixture gives."""
    root = make_project(tmp_path, f"# --- a/test_a.py\ndef test_it():\n    pass\n# --- conftest.py\n{content}\n")

    assert [test.path for test in context_of(root).graph.tests] == ["a/test_a.py"]
