"""A plugin requests the fixture at a broad scope: a narrower override would break its tests.

Why it leaks
------------
It does not: the name belongs to a plugin (`event_loop_policy`, `base_url`, `django_db_setup`), whose own fixtures
request it.

What rescope does
-----------------
It lists the fixture as kept and never narrows it, whatever it does.

When to keep it
---------------
Always.
"""

from collections.abc import Iterator

from rescope.model.finding import Keep
from rescope.rule import Example, Rule, RuleContext

_CODE = "RSC902"
_NAME = "kept-plugin-scope"


def check(ctx: RuleContext) -> Iterator[Keep]:
    """Keeps for broad fixtures whose name a plugin requests."""
    for fixture in ctx.broad_fixtures():
        found = ctx.plugin_scope(fixture)
        if found:
            scope, plugin = found
            yield Keep(code=_CODE, subject=ctx.subject(fixture), because=f"{plugin} requests it at {scope} scope")


RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="an override of anyio_backend",
            files="""\
# --- test_backend.py
import pytest


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


def test_backend(anyio_backend):
    assert anyio_backend == "asyncio"
""",
            codes=(_CODE,),
        ),
        Example(
            name="a common word needs the plugin to be declared",
            files="""\
# --- test_device.py
import pytest


@pytest.fixture(scope="session")
def device():
    return "cpu"


def test_device(device):
    assert device == "cpu"
""",
        ),
    ),
)
