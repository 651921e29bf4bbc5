"""The text of reset fixtures: what is written, where it stands and what it imports."""

import pytest

from rescope.codemods import EditRefused, apply
from rescope.model.edit import AddResetFixture, PartKind, ResetKind, ResetStep, ValuePart

K = ResetKind
CACHE = ResetStep(kind=K.INITIAL, module="src.core.cache.factory", name="_cache_instance")


def step(kind: ResetKind, module: str, name: str, initial: str = "None", container: str = "") -> ResetStep:
    """A ResetStep by position."""
    return ResetStep(kind=kind, module=module, name=name, initial=initial, container=container)


def reset(*steps: ResetStep, name: str = "reset_cache", doc: str = "Reset.", direct: bool = True) -> AddResetFixture:
    """An AddResetFixture for conftest.py."""
    return AddResetFixture(path="conftest.py", name=name, doc=doc, steps=steps or (CACHE,), direct_import=direct)


def check(before: str | None, after: str | None, *edits: AddResetFixture, why: str = "") -> None:
    """`before` becomes `after`, once and for all; None: the edits are refused because of `why`."""
    source = None if before is None else before.encode()
    if after is None:
        with pytest.raises(EditRefused, match=why):
            apply(source, edits)
        return
    result = apply(source, edits)
    assert result.decode() == after
    assert apply(result, edits) == result
    compile(result, "conftest.py", "exec")


def fixture(*body: str, doc: str = "Reset.", returns: str = "") -> str:
    """The text of a reset fixture with this body."""
    lines = [f'"""{doc}"""', *body] if doc else body
    text = "".join(f"    {line}\n" if line else "\n" for line in lines)
    return f"@pytest.fixture(autouse=True)\ndef reset_cache(){returns}:\n{text}"


ONE = fixture(
    "from src.core.cache import factory",
    "",
    "factory._cache_instance = None",
    "yield",
    "factory._cache_instance = None",
)
LOOKED_UP = fixture(
    "",
    "def reset():",
    '    factory = sys.modules.get("src.core.cache.factory")',
    "    if factory is not None:",
    "        factory._cache_instance = None",
    "",
    "reset()",
    "yield",
    "reset()",
)

FILES = {
    "new": (None, f'"""Shared fixtures."""\n\nimport pytest\n\n\n{ONE}'),
    "empty": ("", f"import pytest\n\n\n{ONE}"),
    "blank": ("\n", f"\nimport pytest\n\n\n{ONE}"),
    "docstring": ('"""Doc."""', f'"""Doc."""\n\nimport pytest\n\n\n{ONE}'),
    "comment": ("# Licence", f"# Licence\n\nimport pytest\n\n\n{ONE}"),
    "future": (
        "from __future__ import annotations\n",
        f"from __future__ import annotations\n\nimport pytest\n\n\n{ONE}",
    ),
    "imported": ("import pytest\n\nx = 1\n", f"import pytest\n\nx = 1\n\n\n{ONE}"),
    "alias": ("import pytest as pt\n", f"import pytest as pt\n\n\n{ONE}".replace("@pytest", "@pt")),
    "member": ("from pytest import fixture as fx\n", f"from pytest import fixture as fx\n\n\n{ONE}".replace("@pytest.fixture", "@fx")),
    "imported in a branch": (
        "try:\n    import pytest\nexcept ImportError:\n    pass\n",
        f"import pytest\n\ntry:\n    import pytest\nexcept ImportError:\n    pass\n\n\n{ONE}",
    ),
    "code only": ("# Licence\n\n# f\ndef f(): pass\n", f"# Licence\n\nimport pytest\n\n\n# f\ndef f(): pass\n\n\n{ONE}"),
    "docstring and code": ('"""Doc."""\nx = 1\n', f'"""Doc."""\n\nimport pytest\n\nx = 1\n\n\n{ONE}'),
    "sorted imports": (
        "import os\n\n# third\nimport fastapi\nimport redis\nfrom app import x\n\ny = 1\n",
        f"import os\n\n# third\nimport fastapi\nimport pytest\nimport redis\nfrom app import x\n\ny = 1\n\n\n{ONE}",
    ),
    "members only": (
        "import os\n\nfrom app import x\n\ny = 1\n",
        f"import os\n\nimport pytest\nfrom app import x\n\ny = 1\n\n\n{ONE}",
    ),
    "standard library only": ("import os\n\ny = 1\n", f"import os\n\nimport pytest\n\ny = 1\n\n\n{ONE}"),
    "relative only": ("from . import x\n", f"import pytest\n\nfrom . import x\n\n\n{ONE}"),
    "same name in a class": (
        "import pytest\n\n\nclass A:\n    reset_cache = 1\n",
        f"import pytest\n\n\nclass A:\n    reset_cache = 1\n\n\n{ONE}",
    ),
}


@pytest.mark.parametrize(("before", "after"), FILES.values(), ids=FILES)
def test_the_fixture_stands_at_the_end_and_pytest_among_the_imports(before: str | None, after: str) -> None:
    """Whatever the file holds, the import joins its block and the fixture comes last."""
    check(before, after, reset())


LOOKING_UP = {
    "both missing": ("import os\nimport typing\n", "import os\nimport sys\nimport typing\n\nimport pytest\n\n\n"),
    "no standard library": ("import pytest\n", "import sys\n\nimport pytest\n\n\n"),
    "alias": ("import pytest\nimport sys as _sys\n", "import pytest\nimport sys as _sys\n\n\n"),
    "member": ("import pytest\nfrom sys import modules\n", "import pytest\nfrom sys import modules\n\n\n"),
}


@pytest.mark.parametrize(("before", "after"), LOOKING_UP.values(), ids=LOOKING_UP)
def test_a_module_that_may_not_be_imported_is_looked_up(before: str, after: str) -> None:
    """`sys` is imported, or reused under the name that it has."""
    modules = "_sys.modules" if "_sys" in before else "modules" if "modules" in before else "sys.modules"
    check(before, after + LOOKED_UP.replace("sys.modules", modules), reset(direct=False))


def test_several_fixtures_share_their_imports() -> None:
    """They follow in the order given."""
    second = LOOKED_UP.replace("reset_cache", "reset_again")
    expected = f"import sys\n\nimport pytest\n\n\n{ONE}\n\n{second}"
    check("", expected, reset(), reset(name="reset_again", direct=False), reset())


ANNOTATED = {
    "iterator": ("from collections.abc import Iterator\n", "Iterator[None]", "from collections.abc import Iterator\n\nimport pytest\n"),
    "typing": ("from typing import Iterator as It\n", "It[None]", "from typing import Iterator as It\n\nimport pytest\n"),
    "generator": (
        "from typing import Generator as G\n",
        "G[None, None, None]",
        "from typing import Generator as G\n\nimport pytest\n",
    ),
    "neither": ("import os\n", "Iterator[None]", "import os\nfrom collections.abc import Iterator\n\nimport pytest\n"),
}


@pytest.mark.parametrize(("imports", "returns", "after"), ANNOTATED.values(), ids=ANNOTATED)
def test_a_file_that_annotates_gets_an_annotated_fixture(imports: str, returns: str, after: str) -> None:
    """The return type is spelled with what the file imports already."""
    rest = "\n\ndef a() -> int: ...\ndef b() -> int: ...\ndef c(): ...\n"
    expected = ONE.replace("reset_cache():", f"reset_cache() -> {returns}:")
    check(imports + rest, f"{after}{rest}\n\n{expected}", reset())


def test_what_is_looked_up_is_annotated_too() -> None:
    """A type checker must allow the assignment to a module that it does not know."""
    before = "import pytest\n\n\ndef a() -> int: ...\n"
    imports = "import sys\nfrom collections.abc import Iterator\nfrom typing import Any\n\n"
    expected = (
        LOOKED_UP.replace("reset_cache():", "reset_cache() -> Iterator[None]:")
        .replace("reset():", "reset() -> None:")
        .replace("factory =", "factory: Any =")
    )
    check(before, f"{imports}{before}\n\n{expected}", reset(direct=False))


def test_class_slots_are_annotated_too() -> None:
    """The helper takes and yields what has any attribute."""
    before = "import typing\n\nimport pytest\n\n\ndef a() -> int: ...\n"
    result = apply(before.encode(), [reset(step(K.CLASS_SLOT, "m", "M.x"))]).decode()
    assert result.startswith(before)
    assert "def family(cls: typing.Any) -> typing.Iterator[typing.Any]:" in result
    assert "own: dict[type, set[str]] = {}" in result


def test_a_name_in_the_way_of_the_annotation_leaves_it_out() -> None:
    """`Iterator` may be a class of the file."""
    for way in ("class Iterator: pass\n", "from x import Iterator\n"):
        before = f"import pytest\n{way}\n\ndef a() -> int: ...\n"
        check(before, f"{before}\n\n{ONE}", reset())


BODIES = {
    "two statements": (
        (CACHE, step(K.CALL, "src.core.cache.factory", "Manager.reset")),
        [
            "from src.core.cache import factory",
            "",
            *(b := ["factory._cache_instance = None", "factory.Manager.reset()"]),
            "yield",
            *b,
        ],
    ),
    "three statements": (
        (CACHE, step(K.CACHE_CLEAR, "settings", "get"), step(K.INITIAL, "settings", "ON", "{'a': [-1, (), set()], None: 'b' 'c'}")),
        [
            "import settings",
            "from src.core.cache import factory",
            "",
            "def reset():",
            "    factory._cache_instance = None",
            "    settings.get.cache_clear()",
            "    settings.ON = {'a': [-1, (), set()], None: 'b' 'c'}",
            "",
            "reset()",
            "yield",
            "reset()",
        ],
    ),
    "saved": (
        (
            step(K.SNAPSHOT, "a.m", "_X"),
            step(K.CONTAINER, "a.n", "app.x", container="dict"),
            step(K.CONTAINER, "a.m", "L", container="list"),
            step(K.CONTAINER, "a.m", "S", container="set"),
        ),
        [
            "from a import m, n",
            "",
            "saved_x = m._X",
            "saved_n_x = dict(n.app.x)",
            "saved_l = list(m.L)",
            "saved_s = set(m.S)",
            "yield",
            "m._X = saved_x",
            "n.app.x.clear()",
            "n.app.x.update(saved_n_x)",
            "m.L[:] = saved_l",
            "m.S.clear()",
            "m.S.update(saved_s)",
        ],
    ),
    "names that meet": (
        (step(K.CALL, "a.f", "x"), step(K.CALL, "b.f", "x"), step(K.CALL, "f", "x"), step(K.CALL, "a.set", "x")),
        [
            "import a.f as a_f",
            "import a.set as a_set",
            "import b.f as b_f",
            "import f as f_module",
            "",
            "def reset():",
            "    a_f.x()",
            "    b_f.x()",
            "    f_module.x()",
            "    a_set.x()",
            "",
            "reset()",
            "yield",
            "reset()",
        ],
    ),
    "class slots": (
        (step(K.CLASS_SLOT, "m", "Manager._instance"), step(K.CLASS_SLOT, "m", "Manager.__ready", "False")),
        [
            "import m",
            "",
            "def family(cls):",
            "    yield cls",
            "    for subclass in cls.__subclasses__():",
            "        yield from family(subclass)",
            "",
            "# A slot that a subclass got during the test is deleted; a declared one is set.",
            "own = {}",
            "",
            "def reset():",
            "    for cls in family(m.Manager):",
            "        names = own.setdefault(cls, set(vars(cls)))",
            '        if "_instance" in names:',
            "            cls._instance = None",
            '        elif "_instance" in vars(cls):',
            "            del cls._instance",
            '        if "_Manager__ready" in names:',
            "            cls._Manager__ready = False",
            '        elif "_Manager__ready" in vars(cls):',
            "            del cls._Manager__ready",
            "",
            "reset()",
            "yield",
            "reset()",
        ],
    ),
}


@pytest.mark.parametrize(("steps", "body"), BODIES.values(), ids=BODIES)
def test_steps_become_statements(steps: tuple[ResetStep, ...], body: list[str]) -> None:
    """Two statements are repeated, more are named; local names never meet."""
    check("import pytest\n", f"import pytest\n\n\n{fixture(*body)}", reset(*steps))


def test_what_is_saved_of_a_looked_up_module_is_restored_to_it() -> None:
    """A module that is first imported during the test is left as it is."""
    steps = (step(K.SNAPSHOT, "a.m", "X"), CACHE)
    body = LOOKED_UP.replace(
        "    reset()\n    yield\n    reset()\n",
        '    reset()\n    m = sys.modules.get("a.m")\n    if m is not None:\n        saved = m.X\n'
        "    yield\n    reset()\n    if m is not None:\n        m.X = saved\n",
    )
    check("import pytest\nimport sys\n", f"import pytest\nimport sys\n\n\n{body}", reset(*steps, direct=False))


DOCS = {
    "none": ("", ""),
    "quotes": ('Say "x".', '    """Say "x"."""\n'),
    "backslash": ("A\\b", '    """A\\\\b"""\n'),
    "long": ("word " * 20, f'    """{"word " * 15}word\n    word word word word\n    """\n'),
}


@pytest.mark.parametrize(("doc", "text"), DOCS.values(), ids=DOCS)
def test_the_docstring_is_escaped_and_wrapped(doc: str, text: str) -> None:
    """The sentence becomes the docstring of the fixture."""
    expected = ONE.replace('    """Reset."""\n', text)
    check("import pytest\n", f"import pytest\n\n\n{expected}", reset(doc=doc))


DEEP = AddResetFixture(
    path="conftest.py", name="restore_data", doc="", fixture="data", parts=(ValuePart(path="", kind=PartKind.DICT, deep=True),)
)
REFUSED = {
    "function": ("def reset_cache(): pass\n", reset(), "'reset_cache' is taken"),
    "variable": ("if x:\n    a, [reset_cache] = 1, [2]\n", reset(), "is taken"),
    "annotated variable": ("reset_cache: int = 1\n", reset(), "is taken"),
    "loop variable": ("for reset_cache in x: pass\n", reset(), "is taken"),
    "with": ("with x as reset_cache: pass\n", reset(), "is taken"),
    "import": ("import a as reset_cache\n", reset(), "is taken"),
    "class": ("class reset_cache: pass\n", reset(), "is taken"),
    "walrus": ("if (reset_cache := 1): pass\n", reset(), "is taken"),
    "no steps": ("", AddResetFixture(path="c.py", name="x", doc="", steps=()), "nothing to do"),
    "expression": ("", reset(step(K.INITIAL, "m", "X", "make()")), "not a literal"),
    "name": ("", reset(step(K.INITIAL, "m", "X", "[OTHER]")), "not a literal"),
    "no expression": ("", reset(step(K.INITIAL, "m", "X", "1 +")), "not a literal"),
    "two lines": ("", reset(step(K.INITIAL, "m", "X", "[\n]")), "not a literal"),
    "container": ("", reset(step(K.CONTAINER, "m", "X", container="tuple")), "unknown sort: 'tuple'"),
    "pytest": ("from pytest import mark\npytest = None\n", reset(), "means something else by 'pytest'"),
    "pytest deleted": ("import pytest\ndel pytest\n", reset(), "means something else by 'pytest'"),
    "pytest twice": ("import pytest\nimport other as pytest\n", reset(), "means something else by 'pytest'"),
    "built-in": ("def list(x): pass\n", reset(step(K.CONTAINER, "m", "X", container="list")), "means something else by 'list'"),
    "deepcopy": ("def deepcopy(x): pass\n", DEEP, "means something else by 'deepcopy'"),
    "slot": ("", reset(step(K.CLASS_SLOT, "m", "_instance")), "names no class"),
}


@pytest.mark.parametrize(("before", "edit", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_right_is_refused(before: str, edit: AddResetFixture, why: str) -> None:
    """A name that is taken, a value that is no literal, a step that says too little."""
    check(before, None, edit, why=why)


def test_parts_that_read_alike_are_saved_apart() -> None:
    """`a.b` and `a_b` get a name each."""
    parts = tuple(ValuePart(path=path, kind=PartKind.ATTRIBUTE) for path in ("a.b", "a_b"))
    result = apply(b"import pytest\n", [AddResetFixture(path="conftest.py", name="restore_data", doc="", fixture="data", parts=parts)])

    assert b'saved_a_b = getattr(data.a, "b", missing)' in result
    assert b'saved_a_b_2 = getattr(data, "a_b", missing)' in result


def test_two_fixtures_of_one_name_are_refused() -> None:
    """The second would hide the first."""
    check("", None, reset(), reset(doc="Another."), why="is taken")
