"""A class keeps an instance of itself or of a helper in a class attribute.

Why it leaks
------------
`_instance = None` filled by a class method on first use is a global in other clothes: all tests share the object.

What rescope does
-----------------
It adds an autouse fixture that sets the attribute to its initial value before and after each test and removes the slots of
subclasses. An attribute that no test sets, of whose object none changes anything, that each test sets anew before it reads it,
or whose object's `__init__`, run at every call of the class, makes all anew, is told with low confidence, and left alone.

When to keep it
---------------
When the object may exist only once in a process: `# rescope: keep <reason>` on the attribute.
"""

from collections.abc import Iterator
from dataclasses import replace

from rescope.model.address import Location
from rescope.model.facts import EffectKind, Root
from rescope.model.finding import Applicability, Confidence, Finding, Strategy
from rescope.model.state import Role, Shape, Singleton
from rescope.rule import PURE_MEMO, UNCHANGED, Example, Rule, RuleContext, only_told

_CODE = "RSC203"
_NAME = "class-instance"
_HELD = "modules may hold the instance that a reset replaces"
_SAME = "what it holds is no object of the project, and may be dear to make, or the same in every test"
_INSTANCE = frozenset({Root.SELF, Root.CLS})


def check(ctx: RuleContext) -> Iterator[Finding]:
    """Findings for class attributes that methods fill on first use."""
    for singleton in ctx.live(Shape.CLASS_ATTRIBUTE):
        worth = singleton.touched_by_tests or singleton.builds_project or singleton.reads_settings
        if worth and not _is_mark(ctx, singleton):
            yield _finding(ctx, singleton)


def _is_mark(ctx: RuleContext, singleton: Singleton) -> bool:
    """Whether the one instance of a class is there to be compared with, and has nothing that could change."""
    return _through_new(singleton) and not singleton.touched_by_tests and _never_changes(ctx, singleton)


def _through_new(singleton: Singleton) -> bool:
    return any(w.function.qualname.endswith("__new__") for w in singleton.writers)


def _finding(ctx: RuleContext, singleton: Singleton) -> Finding:
    touched = bool(singleton.touched_by_tests)
    through_new = _through_new(singleton)
    flag = _guarding_flag(ctx, singleton) if through_new else ""
    safe = touched and singleton.builds_project and not singleton.held_at_import and not through_new
    found = Finding(
        code=_CODE,
        rule=_NAME,
        message=f"class attribute '{singleton.name}' is filled on first use and outlives every test",
        reason=f"each test starts with {singleton.name} unset",
        subject=ctx.state_subject(singleton),
        primary=Location(path=singleton.address.path, line=singleton.line, note="lives as long as the process"),
        related=ctx.written_at(singleton),
        confidence=Confidence.HIGH if touched else Confidence.MEDIUM,
        applicability=Applicability.SAFE if safe else Applicability.UNSAFE,
        strategy=Strategy.RESET,
        caveat="" if safe else _HELD if singleton.builds_project else _SAME,
    )
    beside = _set_beside(singleton, ctx)
    if beside:
        because = f"{beside} is set with it and would stay: half of the two may be worse than none"
        found = replace(found, applicability=Applicability.DISPLAY_ONLY, strategy=Strategy.NONE, caveat=because)
    if through_new and singleton.held_at_import:
        return only_told(found, f"{singleton.held_at_import[0].path} keeps the instance from its import on")
    if flag:
        return only_told(found, f"{flag} guards its __init__, and would stay set: a new instance would have no attributes")
    if through_new and _starts_anew(ctx, singleton):
        return only_told(found, "its __init__ is run at every call of the class, and makes all anew that its methods change")
    if not (touched or singleton.set_by_tests or singleton.worked_on):
        return only_told(found, UNCHANGED)
    return ctx.noticed(found, singleton) if touched or singleton.builds_project else only_told(found, PURE_MEMO)


def _set_beside(singleton: Singleton, ctx: RuleContext) -> str:
    """Another attribute of the class that what fills this one sets, too, "" if there is none that a reset would leave behind."""
    owner, covered = singleton.address.qualname.rpartition(".")[0], {name.rpartition(".")[2] for name, _ in singleton.group}
    fillers = (ctx.index.function_at(*w.function[:3]) for w in singleton.writers if w.role is not Role.RESET)
    for effect in (e for function in fillers if function is not None for e in function.effects):
        own = effect.target.dotted.startswith(f"{owner}.")
        name = effect.target.dotted.removeprefix(f"{owner}.") if own else effect.target.tail if effect.target.root is Root.CLS else ""
        if effect.kind is EffectKind.SET_ATTR and name and "." not in name and name not in covered:
            return f"{owner}.{name}"
    return ""


def _guarding_flag(ctx: RuleContext, singleton: Singleton) -> str:
    """Another attribute of the class that making an instance sets on the class itself."""
    owner = singleton.address.qualname.rpartition(".")[0]
    for function in ctx.index.modules[singleton.address.path].functions:
        if function.address.qualname in {f"{owner}.__init__", f"{owner}.__new__"}:
            for effect in function.effects:
                on_class = effect.target.root is Root.CLS or effect.target.dotted.startswith(f"{owner}.")
                name = effect.target.dotted.rpartition(".")[2]
                if effect.kind is EffectKind.SET_ATTR and on_class and name != singleton.address.name:
                    return f"{owner}.{name}"
    return ""


def _starts_anew(ctx: RuleContext, singleton: Singleton) -> bool:
    """Whether calling the class again, which `__new__` answers with the same instance, gives it a new start."""
    owner = singleton.address.qualname.rpartition(".")[0]
    own = [f for f in ctx.index.modules[singleton.address.path].functions if f.address.qualname.rpartition(".")[0] == owner]
    made = next((f for f in own if f.address.name == "__init__"), None)
    if made is None or any(call.callee.dotted in {"hasattr", "getattr"} for call in made.calls):
        return False
    set_there = [e for e in made.effects if e.kind is EffectKind.SET_ATTR and e.target.root is Root.SELF]
    if any(e.value == "True" for e in set_there):
        return False  # it notes that it has run: what it does may hang on that
    fresh = {e.target.tail for e in set_there if not e.guarded}
    others = (e for f in own if f.address.name not in {"__init__", "__new__"} for e in f.effects if e.target.root is Root.SELF)
    return bool(fresh) and all(e.target.tail.partition(".")[0] in fresh for e in others)


def _never_changes(ctx: RuleContext, singleton: Singleton) -> bool:
    """Whether an instance is a mere mark: no method of its class changes anything of it."""
    path, owner = singleton.address.path, singleton.address.qualname.rpartition(".")[0]
    klass = ctx.index.classes[path].get(owner)
    if klass is None or set(klass.bases) - {"object"} or singleton.subclassed:
        return False
    own = (f for f in ctx.index.modules[path].functions if f.address.qualname.startswith(f"{owner}."))
    slot = singleton.address.name
    return all(effect.target.dotted.rpartition(".")[2] == slot for f in own for effect in f.effects if effect.target.root in _INSTANCE)


_MANAGER = """\
# --- manager.py
class Manager:
    _instance = None

    def __init__(self):
        self.jobs = []

    @classmethod
    def get(cls):
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance
"""

RULE = Rule(
    code=_CODE,
    name=_NAME,
    check=check,
    doc=__doc__,
    examples=(
        Example(
            name="an instance that a test resets by hand",
            files=_MANAGER
            + """\
# --- test_manager.py
from manager import Manager


def test_add():
    Manager._instance = None
    Manager.get().jobs.append(1)
    assert Manager.get().jobs == [1]


def test_same():
    assert Manager.get() is Manager.get()
""",
            codes=(_CODE,),
        ),
        Example(
            name="a class constant is silent",
            files="""\
# --- manager.py
class Manager:
    limit = None

    def get(self):
        return self.limit
# --- test_manager.py
from manager import Manager


def test_limit():
    assert Manager().get() is None
""",
        ),
    ),
)
