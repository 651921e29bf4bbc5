"""What a function does to the process for good is done through `monkeypatch`: statements, parameters, refusals."""

import pytest

from rescope.codemods import EditRefused, apply
from rescope.model.address import Address
from rescope.model.edit import Patch, PatchKind, UseMonkeypatch

ENV = Patch(kind=PatchKind.SET_ENV, state="os.environ['A']")
STATEMENTS = {
    "a variable": (ENV, 'os.environ["A"] = str(1)  # why', 'monkeypatch.setenv("A", str(1))  # why'),
    "a computed variable": (
        Patch(kind=PatchKind.SET_ENV, state="os.environ[NAME]"),
        "os.environ[NAME] = f()",
        "monkeypatch.setenv(NAME, f())",
    ),
    "over lines": (ENV, 'os.environ["A"] = f(\n        1,\n    )', 'monkeypatch.setenv("A", f(\n        1,\n    ))'),
    "deleted": (
        Patch(kind=PatchKind.DEL_ENV, state="os.environ['A']"),
        "del os.environ['A']",
        "monkeypatch.delenv('A')",
    ),
    "a variable that is popped": (
        Patch(kind=PatchKind.DEL_ENV, state="os.environ.pop('A')"),
        'os.environ.pop("A")',
        'monkeypatch.delenv("A")',
    ),
    "the folder": (Patch(kind=PatchKind.CHDIR, state="os.chdir"), "os.chdir(f / 'a')", "monkeypatch.chdir(f / 'a')"),
    "an attribute": (Patch(kind=PatchKind.SET_ATTR, state="app.a.b"), "app.a.b = None", 'monkeypatch.setattr(app.a, "b", None)'),
    "a tuple": (Patch(kind=PatchKind.SET_ATTR, state="app.b"), "app.b = 1, 2", 'monkeypatch.setattr(app, "b", (1, 2))'),
    "an attribute that may be missing": (
        Patch(kind=PatchKind.SET_ATTR, state="app.b", missing=True),
        "app.b = f",
        'monkeypatch.setattr(app, "b", f, raising=False)',
    ),
    "an entry": (
        Patch(kind=PatchKind.SET_ITEM, state="app.TABLE['a']"),
        'app.TABLE["a"] = f, 1',
        'monkeypatch.setitem(app.TABLE, "a", (f, 1))',
    ),
    "an entry with a computed name": (
        Patch(kind=PatchKind.SET_ITEM, state="app.TABLE[f'{f}']"),
        "app.TABLE[f'{f}'] = 1",
        "monkeypatch.setitem(app.TABLE, f'{f}', 1)",
    ),
    "in a block": (ENV, "if f:\n        os.environ['A'] = '1'", "if f:\n        monkeypatch.setenv('A', '1')"),
}
PARAMETERS = {
    "()": "(monkeypatch)",
    "(f)": "(f, monkeypatch)",
    "(f,)": "(f, monkeypatch,)",
    "(self, f)": "(self, f, monkeypatch)",
    "(f=None)": "(monkeypatch, f=None)",
    "(f, g=None)": "(f, monkeypatch, g=None)",
    "(f, *, g)": "(f, monkeypatch, *, g)",
    "(*, f)": "(monkeypatch, *, f)",
    "(monkeypatch, f)": "(monkeypatch, f)",
    "(f: int)": "(f: int, monkeypatch: pytest.MonkeyPatch)",
    "() -> None": "(monkeypatch: pytest.MonkeyPatch) -> None",
    "(f: int, g)": "(f: int, g, monkeypatch)",
    "(\n    f,\n    g,\n)": "(\n    f,\n    g,\n    monkeypatch,\n)",
    "(\n    f,\n    g\n)": "(\n    f,\n    g,\n    monkeypatch\n)",
    "(\n    f, g\n)": "(\n    f, g, monkeypatch\n)",
    f"(\n    f, {'g' * 70}\n)": f"(\n    f,\n    {'g' * 70},\n    monkeypatch,\n)",
    f"(\n    {'g' * 77}\n)": f"(\n    {'g' * 77},\n    monkeypatch\n)",
}


def edit(*patches: Patch) -> UseMonkeypatch:
    """The edit for the function `test_it`."""
    return UseMonkeypatch(address=Address(path="test_it.py", qualname="test_it"), patches=patches, alone=True)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("patch", "before", "after"), STATEMENTS.values(), ids=STATEMENTS)
def test_statements(patch: Patch, before: str, after: str, newline: str) -> None:
    """The statement becomes a call, and all around it stays."""
    text = "import pytest\n\n\ndef test_it({}):\n    # first\n    {}\n\n    assert True\n"
    source = text.format("f", before).replace("\n", newline).encode()
    assert apply(source, [edit(patch)]) == text.format("f, monkeypatch", after).replace("\n", newline).encode()


@pytest.mark.parametrize(("before", "after"), PARAMETERS.items())
def test_parameters(before: str, after: str) -> None:
    """The function requests it once, behind what has no default; annotated where all others are."""
    text = "import pytest\n\n\ndef test_it{}:\n    {}\n"
    source = text.format(before, "os.environ['A'] = ''").encode()
    assert apply(source, [edit(ENV)]).decode() == text.format(after, "monkeypatch.setenv('A', '')")


def test_no_annotation_without_pytest() -> None:
    """Where the file does not import pytest, there is no name for the annotation."""
    source = b"import os\n\n\ndef test_it(f: int):\n    os.environ['A'] = ''\n"
    assert b"def test_it(f: int, monkeypatch):" in apply(source, [edit(ENV)])


def test_several_in_one_function() -> None:
    """Each state has its call, also where two edits are about one function."""
    folder = Patch(kind=PatchKind.CHDIR, state="os.chdir")
    source = b"def test_it():\n    os.environ['A'] = '1'\n    os.chdir('a')\n    os.environ['A'] = '2'\n"
    wanted = b"def test_it(monkeypatch):\n    monkeypatch.setenv('A', '1')\n    monkeypatch.chdir('a')\n    monkeypatch.setenv('A', '2')\n"
    assert apply(source, [edit(ENV, folder)]) == apply(source, [edit(ENV), edit(folder)]) == wanted


IMPORTS = {
    "alone": ("import os\n\nimport pytest\n", "import pytest\n"),
    "behind another": ("import json\nimport os\n\nimport pytest\n", "import json\n\nimport pytest\n"),
    "before another": ('"""Tests."""\n\nimport os\nimport re\n', '"""Tests."""\n\nimport re\n'),
    "the only one, behind a docstring": ('"""Tests."""\n\nimport os\n', '"""Tests."""\n'),
    "the only one": ("import os\n", ""),
    "used elsewhere": ("import os\n\nHERE = os.curdir\n", None),
    "spoken of in a string": ("import os\n\nPATCHED = 'test_it.os.getcwd'\n", None),
    "with a comment": ("import os  # noqa\n", None),
    "with others": ("import os, re\n", None),
}


@pytest.mark.parametrize(("before", "after"), IMPORTS.values(), ids=IMPORTS)
def test_import_that_is_used_no_more(before: str, after: str | None) -> None:
    """An import of `os` goes with its last use, and the imports around it keep their places."""
    gap = "\n\n" if before != "import os\n" else ""
    text = "{}{}def test_it({}):\n    {}\n"
    source = text.format(before, "\n\n", "", "os.environ['A'] = ''")
    wanted = text.format(before if after is None else after, gap, "monkeypatch", "monkeypatch.setenv('A', '')")
    assert apply(source.encode(), [edit(ENV)]).decode() == wanted


NAMES = {
    "alone": ("from os import chdir\nimport re\n", "import re\n"),
    "first of two": ("from os import chdir, curdir\n", "from os import curdir\n"),
    "last of two": ("from os import curdir, chdir\n", "from os import curdir\n"),
    "below a heading": ("# Standard library imports\nfrom os import chdir\nimport re\n", "# Standard library imports\nimport re\n"),
    "below a heading of its own": ("# Standard library imports\nfrom os import chdir\n\nimport pytest\n", None),
    "below a header": ("# Tests.\n# Licence.\nfrom os import chdir\nimport re\n", "# Tests.\n# Licence.\nimport re\n"),
    "below a comment": ("# for the tests below\nfrom os import chdir\nimport re\n", None),
    "with a comment": ("from os import chdir, curdir  # noqa\n", None),
    "in parentheses": ("from os import (\n    chdir,\n    curdir,\n)\n", None),
    "under another name": ("from os import curdir as chdir_, chdir\n", "from os import curdir as chdir_\n"),
    "used elsewhere": ("from os import chdir\n\nGO = chdir\n", None),
    "spoken of in a string": ("from os import chdir\n\nPATCHED = 'test_it.chdir'\n", None),
}


@pytest.mark.parametrize(("before", "after"), NAMES.values(), ids=NAMES)
def test_name_that_is_used_no_more(before: str, after: str | None) -> None:
    """So does a name that is imported from `os`, alone or beside others."""
    text = "{}\n\ndef test_it({}):\n    {}\n"
    wanted = text.format(before if after is None else after, "monkeypatch", "monkeypatch.chdir('a')")
    change = edit(Patch(kind=PatchKind.CHDIR, state="os.chdir"))
    assert apply(text.format(before, "", "chdir('a')").encode(), [change]).decode() == wanted


def test_import_that_another_file_may_use() -> None:
    """Where the edit does not say that no file imports this one, the import stays."""
    shared = UseMonkeypatch(address=Address(path="test_it.py", qualname="test_it"), patches=(ENV,))
    assert apply(b"import os\n\n\ndef test_it():\n    os.environ['A'] = ''\n", [shared]).startswith(b"import os\n")


@pytest.mark.parametrize(
    "source",
    [
        "def test_it():\n    os.environ['B'] = '1'\n",
        "def test_it():\n    os.environ['A'] = '1'; f()\n",
        "def test_it(): os.environ['A'] = '1'\n",
        "def test_it():\n    a = os.environ['A'] = '1'\n",
        "def test_it():\n    def inner():\n        os.environ['A'] = '1'\n",
        "def test_it(\n    a,  # why\n):\n    os.environ['A'] = '1'\n",
        "def test_it(**rest):\n    os.environ['A'] = '1'\n",
    ],
)
def test_what_does_not_fit_is_refused(source: str) -> None:
    """Another variable, company on the line, another function, comments among the parameters: the file is left alone."""
    with pytest.raises(EditRefused):
        apply(source.encode(), [edit(ENV)])
