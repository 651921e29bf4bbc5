"""Functions change a module-level container while tests run.

Why it leaks
------------
What one test puts into the dict, list or set is there for the next.

What rescope does
-----------------
It adds an autouse fixture that restores, in place, what was there before the test; other modules may hold the container, so it
is never replaced and never just cleared. The edit is unsafe, since tests may build on each other. A registry that imports fill
and tests add to is told, with low confidence, and left alone; so is a container that tests reach only through functions of the
program that change it on the side, or from which another module takes entries out again, or that each of them empties before
it looks. Constants, containers that nothing reads, those that keep tasks alive, or what the program closes or stops entry by
entry, and records of patches are not reported; nor is a container that only one test reaches.

When to keep it
---------------
When entries are meant to stay: `# rescope: keep <reason>` on the assignment.
"""

from collections.abc import Iterator
from dataclasses import replace

from rescope.graph.index import Definition
from rescope.model.address import Location
from rescope.model.finding import Applicability, Confidence, Finding, Severity, Strategy
from rescope.model.state import Role, Shape, Singleton
from rescope.rule import Example, Rule, RuleContext, only_told

_CODE = "RSC204"
_NAME = "mutated-container"
_UNTOUCHED = "tests reach what changes it, but none is seen to change, clear or read it: nobody may mind"
_TAKEN = "another module of the program takes entries out again, and no test touches it: they may be gone when a test is over"
_REGISTRY = "imports fill it too: a reset would drop what a module adds that a test is the first to import"


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for containers that functions mutate at run time."""
    found = list(_found(ctx))
    edited = {(s.address.path, name) for s, f in found if f.confidence is not Confidence.LOW for name, _ in s.group}
    for singleton, finding in found:
        beside = next((other for other in ctx.changed_beside(singleton) if other not in edited), None)
        yield finding if beside is None or finding.confidence is Confidence.LOW else _half(finding, beside)


def _found(ctx: RuleContext) -> Iterator[tuple[Singleton, Finding]]:
    for singleton in ctx.live(Shape.CONTAINER):
        if any(w.import_time and not (w.role is Role.LAZY and singleton.builds) for w in singleton.writers):
            if singleton.set_by_tests:
                yield singleton, only_told(_finding(ctx, singleton), _REGISTRY)
        elif _shared(ctx, singleton):
            found = _finding(ctx, singleton)
            seen = singleton.touched_by_tests or (singleton.set_by_tests and singleton.read_by_tests)
            because = _TAKEN if _taken_out(singleton) and not singleton.touched_by_tests else "" if seen else _UNTOUCHED
            yield singleton, only_told(found, because) if because else ctx.noticed(found, singleton)


def _taken_out(singleton: Singleton) -> bool:
    """Whether another module of the program takes entries out: when what they belong to ends, as far as anybody can see."""
    return any(w.role is Role.RESET and w.function.path != singleton.address.path for w in singleton.writers)


def _half(finding: Finding, beside: Definition) -> Finding:
    """The finding without an edit: what is changed together with the container would not be put back."""
    because = f"{beside.name} is changed with it, and would not be put back: half of the two may be worse than none"
    return replace(finding, applicability=Applicability.DISPLAY_ONLY, strategy=Strategy.NONE, caveat=because)


def _shared(ctx: RuleContext, singleton: Singleton) -> bool:
    """Whether tests touch the container, some fill and read it, or at least two of them reach code that changes it."""
    if singleton.touched_by_tests or (singleton.set_by_tests and singleton.read_by_tests):
        return True
    roles = {w.role for w in singleton.writers}
    if Role.LAZY in roles and roles <= {Role.LAZY, Role.RESET} and not (singleton.builds_project or singleton.set_by_tests):
        return False  # a pure memo, as far as anybody shows
    return ctx.reached_by_two_tests(w.function for w in singleton.writers)


def _finding(ctx: RuleContext, singleton: Singleton) -> Finding:
    writer = next((w for w in singleton.writers if w.role is not Role.RESET), singleton.writers[0])
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"module-level {singleton.container} '{singleton.name}' is changed by {writer.function.qualname}()",
        reason=f"{singleton.name} holds after each test what it held before",
        subject=ctx.state_subject(singleton),
        primary=Location(path=singleton.address.path, line=singleton.line, note="lives as long as the process"),
        related=ctx.written_at(singleton),
        severity=Severity.WARNING if singleton.touched_by_tests else Severity.INFO,
        confidence=Confidence.MEDIUM,
        applicability=Applicability.UNSAFE,
        strategy=Strategy.RESET,
        caveat="tests may build on entries that an earlier one made",
    )


RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="a cache that a getter fills",
            files="""\
# --- rates.py
_RATES = {}


def rate(name):
    if name not in _RATES:
        _RATES[name] = len(_RATES) + 1
    return _RATES[name]
# --- test_rates.py
import rates


def test_first():
    assert rates.rate("eur") == 1


def test_second():
    rates._RATES.clear()
    assert rates.rate("usd") == 1
""",
            codes=(_CODE,),
            unsafe=True,
        ),
        Example(
            name="a registry filled by decorators at import is silent",
            files="""\
# --- handlers.py
HANDLERS = {}


def register(name):
    def wrap(function):
        HANDLERS[name] = function
        return function

    return wrap


@register("csv")
def to_csv(rows):
    return ",".join(rows)
# --- test_handlers.py
from handlers import HANDLERS


def test_csv():
    assert HANDLERS["csv"](["a", "b"]) == "a,b"
""",
        ),
        Example(
            name="a constant is silent",
            files="""\
# --- limits.py
LIMITS = {"a": 1}


def limit(name):
    return LIMITS[name]
# --- test_limits.py
from limits import limit


def test_limit():
    assert limit("a") == 1
""",
        ),
    ),
)
