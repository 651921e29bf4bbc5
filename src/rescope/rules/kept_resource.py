"""A singleton holds a connection, pool, thread or model: it is kept, never dropped in silence.

Why it leaks
------------
A reset that only forgets the object leaks what it holds, once for every test.

What rescope does
-----------------
It lists the singleton as kept, with what it holds.

When to keep it
---------------
Always; close it in a fixture of your own where tests need a fresh one.
"""

from collections.abc import Iterator

from rescope.model.finding import Keep
from rescope.model.state import Shape
from rescope.rule import Example, Rule, RuleContext

_CODE = "RSC903"
_NAME = "kept-resource"


def check(ctx: RuleContext) -> Iterator[Keep]:
    """Keeps for singletons that hold a resource."""
    for singleton in ctx.singletons:
        because = ctx.resource(singleton) if singleton.shape is not Shape.CONTAINER else None
        if because and not singleton.reset_by and ctx.reachable(singleton):
            yield Keep(code=_CODE, subject=ctx.state_subject(singleton), because=because, evidence=ctx.written_at(singleton)[:1])


RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a lazily made thread pool",
            files="""\
# --- pool.py
from concurrent.futures import ThreadPoolExecutor

_pool = None


def get_pool():
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(1)
    return _pool
# --- test_pool.py
from pool import get_pool


def test_pool():
    assert get_pool().submit(int).result() == 0
""",
            codes=(_CODE,),
        ),
        Example(
            name="a plain object is no resource",
            files="""\
# --- pool.py
class Pool:
    pass


_pool = None


def get_pool():
    global _pool
    if _pool is None:
        _pool = Pool()
    return _pool
# --- test_pool.py
from pool import get_pool


def test_pool():
    assert get_pool()
""",
            codes=("RSC201",),
        ),
    ),
)
