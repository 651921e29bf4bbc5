"""Whether tests and fixtures may change the process through pytest's `monkeypatch` instead of by themselves."""

from dataclasses import dataclass, field

from rescope.facts.undo import may_go_back
from rescope.graph.index import Definition
from rescope.model.address import Address
from rescope.model.edit import PatchKind, UseMonkeypatch
from rescope.model.facts import FixtureDef, Function, Root
from rescope.model.scope import Scope
from rescope.rule import RuleContext

_NAME = "monkeypatch"
_DELETES = frozenset({"tempfile.TemporaryDirectory", "shutil.rmtree", "os.rmdir"})
_VALUES = frozenset({Root.ARGUMENT, Root.LOCAL})
_KNOWN = ("pytest.mark.", "pytest.fixture", "pytest_asyncio.fixture")


@dataclass(slots=True, kw_only=True)
class Patching:
    """Answers why a function cannot request `monkeypatch`; the names that tests call are collected once."""

    ctx: RuleContext
    called: set[str] = field(default_factory=set)
    unittests: set[Address] = field(default_factory=set)
    shadowed: bool = False

    def refusal(self, edit: UseMonkeypatch) -> str:
        """Why the function at the address of the edit is left as it is, "" if it may request `monkeypatch`.

        Only pytest calls tests and fixtures of function scope that nobody else names, and passes what they request.
        """
        ctx, address = self.ctx, edit.address
        function = ctx.index.function_at(*address[:3])
        fixture = next(iter(ctx.graph.definitions_of(address)), None)
        if function is None or address.assigned:
            return f"{address.qualname} is not found"
        if not self.called:
            self._collect()
        if self.shadowed:
            return f"the project has a fixture '{_NAME}' of its own"
        if address in self.unittests:
            return f"{address.qualname} is a test of unittest, to which pytest passes nothing"
        return self._of(function, fixture) or self._lost_folder(edit)

    def _lost_folder(self, edit: UseMonkeypatch) -> str:
        """Who else leaves the tests in a folder that is then deleted: `monkeypatch.chdir` asks where it is, which fails there."""
        if not any(patch.kind is PatchKind.CHDIR for patch in edit.patches):
            return ""
        functions = (f for path in sorted(self.ctx.tests) for f in self.ctx.index.functions[path].values())
        other = next((f for f in functions if f.address != edit.address and _deletes_its_folder(f)), None)
        where = f"{other.address.path}:{other.def_line}" if other is not None else ""
        return f"{where} may leave the tests in a deleted folder, from which monkeypatch.chdir() cannot start" if where else ""

    def _of(self, function: Function, fixture: FixtureDef | None) -> str:
        name = function.address.qualname
        tested = fixture is None and self.ctx.graph.running(function)
        if not tested and (fixture is None or fixture.scope is not Scope.FUNCTION or fixture.editable):
            return f"{name} is no test, nor a fixture of function scope"
        other = next((d for d in function.decorators if not (self._is_known(d, function) or "patch" in d.split("."))), "")
        if function.given or function.hides_signature or other:
            return f"a decorator of {name} may call it otherwise: {other or 'its signature is hidden'}"
        if function.address.name in self.called:
            return f"other code calls {function.address.name}(), and would have to pass {_NAME}"
        if any(_NAME in mark.argnames for mark in function.marks.parametrize):
            return f"{name} is parametrized by '{_NAME}'"
        return ""

    def _is_known(self, decorator: str, function: Function) -> bool:
        """Whether a decorator is pytest's own, by name or under one that the project gives it."""
        index, path = self.ctx.index, function.address.path
        place = Definition(path=path, name=decorator) if decorator in index.variables[path] else index.locate(decorator, path)
        found = index.variable(place)
        made = found[0].value.target if found is not None else None
        return decorator.startswith(_KNOWN) or (made is not None and made.dotted.startswith(_KNOWN))

    def _collect(self) -> None:
        for path in self.ctx.tests:
            body = self.ctx.index.modules[path].body
            for function in (*self.ctx.index.functions[path].values(), *([body] if body is not None else ())):
                self.called.update(
                    c.callee.dotted.rpartition(".")[2]
                    for c in function.calls
                    if c.callee.dotted != c.callee.head or c.callee.root not in _VALUES
                )
        self.shadowed = any(r.name == _NAME for r in self.ctx.graph.registrations)
        self.unittests.update(t.function.address for t in self.ctx.graph.tests if t.unittest)


def _deletes_its_folder(function: Function) -> bool:
    """Whether a function goes into a folder, never back as far as is seen, and deletes a temporary one."""
    going = [call for call in function.calls if call.callee.dotted == "os.chdir"]
    stays = bool(going) and not any(call.after_yield or may_go_back(function, call) for call in going)
    return stays and any(call.callee.dotted in _DELETES for call in function.calls)
