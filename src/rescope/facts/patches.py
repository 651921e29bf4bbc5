"""What stands around a body to put things back: monkeypatch, its contexts, and context managers that are handed an object."""

import ast
import re
from collections.abc import Iterable, Iterator

from rescope.facts.environment import Environment
from rescope.facts.values import call_strings
from rescope.model.facts import Call, Root, Target

_EXPECTS = frozenset({"pytest.raises", "self.assertRaises", "self.assertRaisesRegex"})
_MISSING = frozenset({"KeyError", "AttributeError", "LookupError", "Exception"})
_WORD = re.compile(r"\w+")
_KEEPS_NOTHING = frozenset({"open", "tempfile.TemporaryDirectory", "tempfile.NamedTemporaryFile", "tempfile.TemporaryFile"})


def expects(env: Environment, node: ast.expr) -> bool:
    """Whether a context manager expects its body to raise."""
    return isinstance(node, ast.Call) and env.names.dotted(node.func) in _EXPECTS


def lets_pass(env: Environment, node: ast.expr) -> bool:
    """Whether a context manager is there for what may be missing: what its body takes away need not have been there."""
    named = {env.names.dotted(argument) for argument in node.args} if isinstance(node, ast.Call) else set()
    return isinstance(node, ast.Call) and env.names.dotted(node.func) == "contextlib.suppress" and not named.isdisjoint(_MISSING)


def may_put_back(env: Environment, node: ast.expr) -> bool:
    """Whether a context manager may put back what its body changes: not one that only closes what it opened."""
    return not (isinstance(node, ast.Call) and env.names.dotted(node.func) in _KEEPS_NOTHING)


def is_within(dotted: str, names: Iterable[str]) -> bool:
    """Whether a dotted name is one of the names, or a part of what one of them stands for."""
    return any(dotted == name or dotted.startswith(f"{name}.") for name in names)


def patcher(env: Environment, node: ast.expr) -> Target | None:
    """What `monkeypatch.context()` gives, as which it takes its patches back; None for any other expression."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "context":
        base = env.resolve(node.func.value)
        return base if base is not None and base.root is Root.ARGUMENT and base.dotted == "monkeypatch" else None
    return None


def enter(env: Environment, name: str, node: ast.expr) -> None:
    """Let a name stand for what a context manager gives."""
    target = patcher(env, node) or env.resolve(node)
    if target is not None and target.root is not Root.LOCAL:
        env.aliases[name] = target
    else:
        env.aliases.pop(name, None)
        env.made[name] = env.value_of(node)


def is_monkeypatch(env: Environment, base: ast.expr) -> bool:
    """Whether it is an object that `pytest.MonkeyPatch` made here, whose patches last as long as the fixture."""
    made = env.made.get(base.id) if isinstance(base, ast.Name) else None
    return made is not None and made.target is not None and made.target.dotted.startswith("pytest.MonkeyPatch")


def replaced(env: Environment, node: ast.Call) -> Iterator[str]:
    """The attribute that a patch stands in for: what is done to it from here on is gone after the test."""
    target = env.resolve(node.args[0]) if node.args else None
    if target is not None:
        yield from (f"{target.dotted}.{name}" for name in call_strings(node)[:1])


def put_back_by(env: Environment, node: ast.expr) -> Iterator[str]:
    """Objects handed to a context manager function: it is there to put them back. A class only uses them, and a patch names its part."""
    name = env.names.dotted(node.func) if isinstance(node, ast.Call) else ""
    if isinstance(node, ast.Call) and name.endswith("patch.object"):
        yield from replaced(env, node)
    elif isinstance(node, ast.Call) and name.rpartition(".")[2][:1].islower():
        for argument in node.args:
            target = env.resolve(argument) if isinstance(argument, (ast.Name, ast.Attribute)) else None
            if target is not None:
                yield target.dotted


def is_patched(patches: Iterable[Call], dotted: str, key: str) -> bool:
    """Whether monkeypatch or mock patches the same place, or what it is a part of: they take the whole of it back."""
    last = dotted.rpartition(".")[2]
    words = set(_WORD.findall(key))
    for call in patches:
        for text in _patched_names(call):
            inside = text.rpartition(".")[2] in dotted.split(".")[1:] or dotted.startswith(f"{text}.")
            if text in {dotted, last} or repr(text) == key or inside or text in words:
                return True
        if last == "chdir" and call.callee.dotted.endswith("chdir"):
            return True
    return False


def _patched_names(call: Call) -> Iterator[str]:
    """What a patch names: `setattr(owner, "name")` and `patch.object(owner, "name")` leave the rest of the owner alone."""
    owner = call.passes[0][1].dotted if call.passes else ""
    if owner and call.strings and call.callee.dotted.endswith((".object", ".setattr", ".delattr")):
        yield f"{owner}.{call.strings[0]}"
        return
    yield from call.strings
    yield from (name for _, t in call.passes for name in (t.dotted, t.dotted.rpartition(".")[2]))
