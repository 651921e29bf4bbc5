"""Tests change a module-level object through its own methods or attributes, and nothing changes it back.

Why it leaks
------------
`settings.configure(debug=True)` in one test is in force in the next: the object lives as long as its module.

What rescope does
-----------------
It follows the call into the class and sees which methods write their own `self`. It offers an autouse fixture that
remembers the object's attributes and what their dicts, lists and sets hold, and puts both back in place: whoever holds
the object keeps it. The edit is unsafe, since deeper changes stay and tests may build on each other. An object that
imports change too (a registry), that no test names, or that each test sets up anew before it looks at it is told, with
low confidence, and left alone; one whose methods close what it holds gets no
edit, which would put the closed thing back. Objects that tests only read, or change and
change back, are not reported, nor are those of other people's classes.

When to keep it
---------------
When what tests add may stay: `# rescope: keep <reason>` on the assignment.
"""

from collections.abc import Iterator
from dataclasses import replace

from rescope.facts.verbs import ENDS
from rescope.model.address import Location
from rescope.model.facts import ClassDef, Function, Root
from rescope.model.finding import Applicability, Confidence, Finding, Severity, Strategy
from rescope.model.state import Shape, Singleton
from rescope.rule import Example, Rule, RuleContext, only_told

_CODE = "RSC206"
_NAME = "changed-instance"
_UNTOUCHED = "tests change it only through functions of the program, and none is seen to look at it"
_REGISTRY = "imports change it too: a reset would drop what a module adds that a test is the first to import"


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for objects that tests change and leave changed, where at least two tests come near."""
    for singleton in ctx.live(Shape.INSTANCE):
        if not singleton.set_by_tests:
            continue
        found = _finding(ctx, singleton)
        if any(w.function in ctx.calls.import_time for w in singleton.writers):
            found = only_told(found, _REGISTRY)
        ending = _ending(ctx, singleton)
        if ending is not None and found.applicability is Applicability.UNSAFE:
            because = f"{ending.address.qualname}() closes what the object holds: a reset would put the closed thing back"
            found = replace(found, applicability=Applicability.DISPLAY_ONLY, strategy=Strategy.NONE, caveat=because)
        found = ctx.noticed(found, singleton) if singleton.touched_by_tests else only_told(found, _UNTOUCHED)
        if found.confidence is not Confidence.LOW or ctx.reached_by_two_tests(w.function for w in singleton.writers):
            yield found


def _ending(ctx: RuleContext, singleton: Singleton) -> Function | None:
    """The method of the object that ends something that it holds, such as a connection."""
    klass = ctx.flow.class_named(singleton.builds, singleton.address.path)
    for owner in ctx.flow.namespaces.mro(klass) if klass is not None else ():
        for function in filter(None, map(ctx.index.functions[owner.address.path].get, _methods(owner))):
            ended = (c.callee.tail for c in function.calls if c.callee.root is Root.SELF)
            if any("." in tail and tail.rpartition(".")[2] in ENDS for tail in ended):
                return function
    return None


def _finding(ctx: RuleContext, singleton: Singleton) -> Finding:
    first = singleton.set_by_tests[0]
    return Finding(
        code=_CODE,
        rule=_NAME,
        message=f"module-level object '{singleton.name}' is changed by tests ({first.note}) and stays changed",
        reason=f"{singleton.name} is after each test as it was before",
        subject=ctx.state_subject(singleton),
        primary=Location(path=singleton.address.path, line=singleton.line, note="lives as long as the process"),
        related=(*singleton.set_by_tests[:3], *ctx.written_at(singleton)[:2]),
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        applicability=Applicability.UNSAFE,
        strategy=Strategy.RESET,
        caveat="tests may build on what an earlier one set, and what its values hold deeper inside is not put back",
    )


def _methods(klass: ClassDef) -> Iterator[str]:
    yield from (f"{klass.address.qualname}.{binding.name}" for binding in klass.bindings)


_SETTINGS = """\
# --- settings.py
class Settings:
    def __init__(self):
        self.debug = False
        self.hooks = []

    def configure(self, debug):
        self.debug = debug
        self.hooks.append(debug)


settings = Settings()
"""

RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="settings that tests configure",
            files=_SETTINGS
            + """\
# --- test_settings.py
from settings import settings


def test_plain():
    assert not settings.debug


def test_debug():
    settings.configure(debug=True)
    assert settings.hooks == [True]
""",
            codes=(_CODE,),
            unsafe=True,
            after='''\
# --- test_settings.py
import pytest
from settings import settings


def test_plain():
    assert not settings.debug


def test_debug():
    settings.configure(debug=True)
    assert settings.hooks == [True]


@pytest.fixture(autouse=True)
def restore_settings():
    """Restore what settings.settings holds, which would outlive the test."""
    import settings

    saved = dict(vars(settings.settings))
    inside = {name: value.copy() for name, value in saved.items() if isinstance(value, (dict, list, set))}
    yield
    vars(settings.settings).clear()
    vars(settings.settings).update(saved)
    for name, value in inside.items():
        saved[name].clear()
        getattr(saved[name], "extend" if isinstance(value, list) else "update")(value)
''',
        ),
        Example(
            name="an object that tests only ask is silent",
            files=_SETTINGS
            + """\
# --- test_settings.py
from settings import settings


def test_debug():
    assert not settings.debug


def test_hooks():
    assert settings.hooks == []
""",
        ),
        Example(
            name="a change that the test takes back is silent",
            files=_SETTINGS
            + """\
# --- test_settings.py
from settings import settings


def test_debug():
    settings.configure(debug=True)
    try:
        assert settings.debug
    finally:
        settings.configure(debug=False)


def test_plain():
    assert not settings.debug
""",
        ),
    ),
)
