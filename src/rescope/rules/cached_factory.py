"""A function without arguments is cached (`lru_cache`, `cache`) and reads settings, or tests clear it by hand.

Why it leaks
------------
The first test that calls it fixes the answer for all: a changed environment variable or override is not seen.

What rescope does
-----------------
It adds an autouse fixture that calls `cache_clear()` before and after each test. Safe where nothing holds the
result from import time. Cached functions of constants are not reported, nor those that a broad fixture fills on
purpose. Told with low confidence, and left alone, are functions with arguments that tests clear, those that no test
clears and whose variables no test sets, and those that each test clears before it calls them.

When to keep it
---------------
When the answer cannot change during a run: `# rescope: keep <reason>`.
"""

from collections.abc import Iterator
from dataclasses import replace

from rescope.model.address import Location
from rescope.model.finding import Applicability, Confidence, Finding, Strategy
from rescope.model.state import Shape, Singleton
from rescope.rule import Example, Rule, RuleContext, only_told

_CODE = "RSC202"
_NAME = "cached-factory"
_UNVARIED = "no test is seen to vary what the answer depends on"
_UNCLEARED = "no test clears it by hand, nor sets a variable that it reads: nobody has shown to mind the answer of another test"


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for cached factories whose answer depends on settings or that tests clear."""
    for singleton in ctx.live(Shape.CACHED_FACTORY):
        if any(not _clears(at) for at in singleton.set_by_set_up) and not _cleared(singleton):
            continue  # filled on purpose, once for many tests
        if singleton.has_arguments and _cleared(singleton):
            message = f"cached function '{singleton.name}' keeps its answers for the tests that follow"
            yield only_told(replace(_finding(ctx, singleton), message=message), "it has arguments, and may answer the same in every test")
        elif _cleared(singleton) or (singleton.reads_settings and not singleton.has_arguments):
            found = _finding(ctx, singleton)
            because = (
                _UNVARIED if not singleton.varied_by_tests else "" if _cleared(singleton) or singleton.varied_by_callers else _UNCLEARED
            )
            yield only_told(found, because) if because else ctx.noticed(found, singleton)


def _cleared(singleton: Singleton) -> bool:
    """Whether tests clear it by hand; what set-up of the whole run clears says nothing of them."""
    return any(_clears(at) for at in singleton.touched_by_tests if at not in singleton.set_by_set_up)


def _clears(at: Location) -> bool:
    return "cache_clear" in at.note


def _finding(ctx: RuleContext, singleton: Singleton) -> Finding:
    held = singleton.held_at_import[:1]
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"cached function '{singleton.name}' answers every test with what the first one got",
        reason=f"each test calls {singleton.name} afresh",
        subject=ctx.state_subject(singleton),
        primary=Location(path=singleton.address.path, line=singleton.line, note="cached for the life of the process"),
        related=ctx.written_at(singleton),
        confidence=Confidence.HIGH if _cleared(singleton) else Confidence.MEDIUM,
        applicability=Applicability.UNSAFE if held or not _cleared(singleton) else Applicability.SAFE,
        strategy=Strategy.RESET,
        caveat=f"{held[0].path}:{held[0].line} keeps the first answer whatever is cleared"
        if held
        else ("" if _cleared(singleton) else "the answer may be dear to compute, or the same in every test"),
    )


_SETTINGS = """\
# --- settings.py
import os
from functools import lru_cache


@lru_cache
def get_settings():
    return {"debug": os.environ.get("APP_DEBUG", "0")}
"""

RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a settings factory that a test clears",
            files=_SETTINGS
            + """\
# --- test_settings.py
from settings import get_settings


def test_debug(monkeypatch):
    get_settings.cache_clear()
    monkeypatch.setenv("APP_DEBUG", "1")
    assert get_settings()["debug"] == "1"


def test_default(monkeypatch):
    monkeypatch.delenv("APP_DEBUG", raising=False)
    get_settings.cache_clear()
    assert get_settings()["debug"] == "0"
""",
            codes=(_CODE,),
        ),
        Example(
            name="a cached constant is silent",
            files="""\
# --- table.py
from functools import cache


@cache
def squares():
    return tuple(n * n for n in range(10))
# --- test_table.py
from table import squares


def test_squares():
    assert squares()[3] == 9
""",
        ),
    ),
)
