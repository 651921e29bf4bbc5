"""A module global is filled on first use and lives as long as the process.

Why it leaks
------------
`_cache = None` and a function that fills it through `global`: whatever the first test put in is served to all.

What rescope does
-----------------
It adds an autouse fixture to the deepest conftest.py that covers the tests: the initial value before and after each
test, for all names that are written together; or a call of the project's own reset function. Safe where the global
holds an instance of a class of the project, tests touch it, or a reset function exists; other globals are reported
only, and only if what fills them reads settings. A global that no test sets, and whose object none is seen to change, is
only told, and so is one that no two tests come to, or that each of them sets anew before it reads it. A lock is not
reported. A global that is filled while modules are imported is reported, since somebody may hold the object.

When to keep it
---------------
A pure memo that never goes stale: `# rescope: keep <reason>` on the assignment.
"""

from collections.abc import Iterator

from rescope.model.address import Location
from rescope.model.finding import Applicability, Finding, Strategy
from rescope.model.state import Shape, Singleton
from rescope.rule import PURE_MEMO, UNCHANGED, Example, Rule, RuleContext, only_told

_CODE = "RSC201"
_NAME = "lazy-global"


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for lazily filled globals that tests reach and nothing resets."""
    for singleton in ctx.live(Shape.LAZY_GLOBAL):
        if _is_worth(singleton) or singleton.reads_settings:
            yield _finding(ctx, singleton)


def _is_worth(singleton: Singleton) -> bool:
    return singleton.builds_project or bool(singleton.touched_by_tests) or bool(singleton.reset_function)


def _may_be_reached(ctx: RuleContext, singleton: Singleton) -> bool:
    """Whether two tests come to a function that fills it, or its module hands such a function to others: then nobody can tell."""
    fillers = [w.function for w in singleton.writers]
    found = (ctx.index.function_at(f.path, f.qualname, f.ordinal) for f in fillers)
    body = ctx.index.modules[singleton.address.path].body
    handed = {target.dotted for target in body.mentions} if body else set()
    return ctx.reached_by_two_tests(fillers) or any(f is not None and (f.decorators or f.address.qualname in handed) for f in found)


def _finding(ctx: RuleContext, singleton: Singleton) -> Finding:
    names = ", ".join(name for name, _ in singleton.group)
    applicability, caveat = _safety(ctx, singleton)
    found = Finding(
        code=_CODE,
        rule=_NAME,
        message=f"module global '{names}' is filled on first use and outlives every test",
        reason=f"each test starts with {names} unset",
        subject=ctx.state_subject(singleton),
        primary=Location(path=singleton.address.path, line=singleton.line, note="lives as long as the process"),
        related=ctx.written_at(singleton),
        applicability=applicability,
        strategy=Strategy.RESET,
        caveat=caveat,
    )
    if not _is_worth(singleton):
        return only_told(found, PURE_MEMO)
    if not _may_be_reached(ctx, singleton):
        return only_told(found, "no two tests are seen to come to what fills it: it may never be filled in a run")
    if not (singleton.touched_by_tests or singleton.set_by_tests or singleton.worked_on):
        return only_told(found, UNCHANGED)
    return ctx.noticed(found, singleton)


def _safety(ctx: RuleContext, singleton: Singleton) -> tuple[Applicability, str]:
    if not singleton.handed_out:
        return Applicability.UNSAFE, "the function that fills it is not seen to hand it out: it may set up more than the global, once"
    if singleton.held_at_import:
        held = singleton.held_at_import[0]
        return Applicability.UNSAFE, f"it is filled at import in {held.path}:{held.line}, and what it held may be kept there"
    beside = next(ctx.changed_beside(singleton), None)
    if beside is not None:
        return Applicability.UNSAFE, f"{beside.name} is changed with it, and is not put back by the same fixture"
    return Applicability.SAFE, ""


_CACHE = """\
# --- cache.py
class Cache:
    def __init__(self):
        self.items = {}


_cache_instance = None


def get_cache():
    global _cache_instance
    if _cache_instance is None:
        _cache_instance = Cache()
    return _cache_instance
"""

RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a cache instance filled through global",
            files=_CACHE
            + """\
# --- conftest.py
import pytest

from cache import get_cache


@pytest.fixture
def cache():
    return get_cache()
# --- test_cache.py
def test_set(cache):
    assert cache.items == {}
    cache.items["a"] = 1


def test_fresh(cache):
    assert cache.items == {}
    cache.items["b"] = 1
""",
            codes=(_CODE,),
            after='''\
# --- conftest.py
import pytest

from cache import get_cache


@pytest.fixture
def cache():
    return get_cache()


@pytest.fixture(autouse=True)
def reset_cache_singleton():
    """Reset cache._cache_instance, which would outlive the test."""
    import cache

    cache._cache_instance = None
    yield
    cache._cache_instance = None
''',
        ),
        Example(
            name="an existing reset fixture is found",
            files=_CACHE
            + """\
# --- conftest.py
import cache
import pytest


@pytest.fixture(autouse=True)
def fresh_cache():
    cache._cache_instance = None
    yield
    cache._cache_instance = None
# --- test_cache.py
from cache import get_cache


def test_set():
    assert get_cache().items == {}
""",
            codes=("RSC904",),
        ),
        Example(
            name="an optional import and a counter are silent",
            files="""\
# --- lib.py
try:
    import orjson
except ImportError:
    orjson = None

_calls = 0


def count():
    global _calls
    _calls += 1
    return _calls
# --- test_lib.py
from lib import count


def test_count():
    assert count() > 0
""",
        ),
    ),
)
