"""An autouse fixture of the project already resets the state: nothing is added.

Why it leaks
------------
It does not any more: the reset that stands in the tests covers it.

What rescope does
-----------------
It lists the singleton as kept, with the place of the reset.

When to keep it
---------------
Always.
"""

from collections.abc import Iterator

from rescope.model.finding import Keep
from rescope.rule import Example, Rule, RuleContext

_CODE = "RSC904"
_NAME = "kept-reset"


def check(ctx: RuleContext) -> Iterator[Keep]:
    """Keeps for singletons that an autouse fixture resets."""
    for singleton in ctx.singletons:
        if singleton.reset_by:
            where = singleton.reset_by[0]
            because = f"already reset in {where.path}:{where.line}"
            yield Keep(code=_CODE, subject=ctx.state_subject(singleton), because=because, evidence=singleton.reset_by[:1])


RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="monkeypatch by dotted name",
            files="""\
# --- cache.py
class Cache:
    pass


_cache = None


def get_cache():
    global _cache
    if _cache is None:
        _cache = Cache()
    return _cache
# --- conftest.py
import pytest


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr("cache._cache", None)
# --- test_cache.py
from cache import get_cache


def test_cache():
    assert get_cache() is get_cache()
""",
            codes=(_CODE,),
        ),
        Example(
            name="a fixture that resets something else is no reset",
            files="""\
# --- cache.py
class Cache:
    pass


_cache = None
limit = 1


def get_cache():
    global _cache
    if _cache is None:
        _cache = Cache()
    return _cache
# --- conftest.py
import pytest


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr("cache.limit", 2)
# --- test_cache.py
from cache import get_cache


def test_cache():
    assert get_cache() is get_cache()
""",
            codes=("RSC201",),
        ),
    ),
)
