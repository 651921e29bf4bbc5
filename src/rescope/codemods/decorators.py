"""Which decorators and calls make a fixture, by the names that a file gives them."""

from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from rescope.codemods.refusal import MisfitError

_MAKERS = frozenset({"fixture", "yield_fixture"})


def dotted(node: cst.CSTNode | None) -> str:
    """`a.b.c` as text, or "" for any other expression."""
    match node:
        case cst.Name(value=name):
            return name
        case cst.Attribute(value=inner, attr=cst.Name(value=name)):
            head = dotted(inner)
            return f"{head}.{name}" if head else ""
    return ""


def resolved(node: cst.CSTNode, imports: Mapping[str, str]) -> str:
    """The dotted name of an expression with its import alias followed."""
    head, dot, tail = dotted(node).partition(".")
    return f"{imports.get(head, head)}{dot}{tail}"


def maker(node: cst.BaseExpression) -> cst.BaseExpression:
    """`pytest.fixture` of both `pytest.fixture` and `pytest.fixture(...)`."""
    return node.func if isinstance(node, cst.Call) else node


def makes_fixture(node: cst.BaseExpression, imports: Mapping[str, str]) -> bool:
    """Whether a decorator, called or not, makes a fixture."""
    func = maker(node)
    return any(_says_fixture(name) for name in (dotted(func), resolved(func, imports)))


def has_own_default(node: cst.BaseExpression, imports: Mapping[str, str]) -> bool:
    """Whether the maker is a wrapper whose scope, where unwritten, is not known to be function."""
    return resolved(maker(node), imports).rpartition(".")[2] not in _MAKERS


def fixture_decorator(decorators: Sequence[cst.Decorator], imports: Mapping[str, str]) -> int:
    """The position of the one fixture decorator; raises MisfitError for none and for several."""
    found = [i for i, d in enumerate(decorators) if makes_fixture(d.decorator, imports)]
    if len(found) != 1:
        reason = "it has several fixture decorators" if found else "it has no fixture decorator"
        raise MisfitError(reason)
    return found[0]


def imported(statement: cst.SimpleStatementLine) -> Iterator[tuple[str, str]]:
    """The names that an import statement binds, each with the dotted name behind it."""
    for small in statement.body:
        match small:
            case cst.Import(names=aliases):
                yield from (_plain(alias) for alias in aliases)
            case cst.ImportFrom(module=module, names=[*aliases]):
                prefix = "." * len(small.relative) + dotted(module)
                yield from (_from(prefix, alias) for alias in aliases)


def _plain(alias: cst.ImportAlias) -> tuple[str, str]:
    name = dotted(alias.name)
    head = name.partition(".")[0]
    return (dotted(alias.asname.name), name) if alias.asname else (head, head)


def _from(prefix: str, alias: cst.ImportAlias) -> tuple[str, str]:
    name = dotted(alias.name)
    return (dotted(alias.asname.name) if alias.asname else name, f"{prefix}.{name}")


def _says_fixture(name: str) -> bool:
    last = name.rpartition(".")[2]
    return "fixture" in last and "usefixtures" not in last
