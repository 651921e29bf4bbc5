"""Infrastructure stays broad: engines, connections, containers, servers, processes, models, event loops.

Why it leaks
------------
It does not, or not through its scope: such objects are dear to make and meant to be shared.

What rescope does
-----------------
It lists the fixture as kept, with the call that makes it infrastructure, and stops a cascade that would reach it. What is only
slow to make (a temporary directory, a built artefact, a fitted model, waiting) is kept unless there is evidence of a leak.
Where the set-up waits for something, in a helper of the tests too, or orders something through a client that stays broad
(`client.instance_create(...)`), or starts what it hands out, and ends it behind the yield, a leak is shown, but each test gets
its own only if the configuration says `strategy = "narrow"`.

When to keep it
---------------
Always; a pack of your own (`packs = ["my.toml"]`) names further types.
"""

from collections.abc import Iterator

from rescope.model.finding import Keep
from rescope.rule import Example, Rule, RuleContext

_CODE = "RSC901"
_NAME = "kept-infrastructure"


def check(ctx: RuleContext) -> Iterator[Keep]:
    """Keeps for broad fixtures that make something expensive or shared on purpose."""
    for fixture in ctx.broad_fixtures():
        firm = ctx.infrastructure(fixture.function)
        found = firm or ctx.costly(fixture.function)
        if found:
            because, where = found
            yield Keep(code=_CODE, subject=ctx.subject(fixture), because=because, evidence=(where,), firm=firm is not None)


RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a temporary directory",
            files="""\
# --- test_dir.py
import tempfile

import pytest


@pytest.fixture(scope="session")
def folder():
    with tempfile.TemporaryDirectory() as path:
        yield path


def test_folder(folder):
    assert folder
""",
            codes=(_CODE,),
        ),
        Example(
            name="a function-scoped one needs no keep",
            files="""\
# --- test_dir.py
import tempfile

import pytest


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory() as path:
        yield path


def test_folder(folder):
    assert folder
""",
        ),
    ),
)
