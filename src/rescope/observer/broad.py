"""Broad fixtures while they are set up: which they are, and what their values hold."""

from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from rescope.observer.fingerprint import Print, Reader, is_whole
from rescope.observer.layout import Kind
from rescope.observer.state import Moved, Owner, State
from rescope.observer.watchlist import Subject

if TYPE_CHECKING:
    import pytest

_DEPTH, _BUDGET = 4, 400


class BroadFixtures:
    """The broad fixtures that are active now, by id of their definition; `watch_all` takes those that no list names as well."""

    def __init__(self, *, reader: Reader, subjects: tuple[Subject, ...], watch_all: bool) -> None:
        self.reader = reader
        self.subjects = subjects
        self.watch_all = watch_all
        self.active: dict[int, tuple[State, pytest.FixtureDef[Any]]] = {}
        self.objects: set[int] = set()
        self.last: dict[int, Print] = {}
        self.owners: dict[tuple[int, str], Owner] = {}

    def owner(self, fixture: "pytest.FixtureDef[Any]", phase: str) -> Owner:
        """The fixture as the owner of what its set-up or teardown changes."""
        found = self.owners.get((id(fixture), phase))
        if found is None:
            path, line = self._place(fixture)
            subject = self.subject_of(fixture)
            at = subject.line if subject else line
            found = Owner(name=_spoken(fixture.argname), scope=str(fixture.scope), path=path, line=at, phase=phase)
            self.owners[id(fixture), phase] = found
        return found

    def subject_of(self, fixture: "pytest.FixtureDef[Any]") -> Subject | None:
        """What the watch list knows of a definition."""
        function = plain_function(fixture.func)
        if function is None:
            return None
        path, line = self._place(fixture)
        named = [s for s in self.subjects if s.path == path and s.qualname == function.__qualname__ and s.name == fixture.argname]
        return next((s for s in named if abs(s.line - line) < _far(function)), None)

    def started(self, fixture: "pytest.FixtureDef[Any]") -> None:
        """Watch the value from now on: as its set-up left it."""
        subject = self.subject_of(fixture)
        if (subject is None and not self.watch_all) or fixture.cached_result is None or fixture.cached_result[2] is not None:
            return
        owner, function = self.owner(fixture, "set-up"), plain_function(fixture.func)
        taken = self._look(fixture)
        qualname = subject.qualname if subject else function.__qualname__ if function else fixture.argname
        state = State(
            kind="fixture",
            name=fixture.argname,
            path=owner.path,
            qualname=qualname,
            line=owner.line,
            scope=owner.scope,
            whole=is_whole(taken) and (type(taken) in {dict, list, frozenset} or _is_object(taken)),
        )
        self.active[id(fixture)] = (state, fixture)
        if self.reader.layouts.of(fixture.cached_result[0]).kind is Kind.OBJECT:
            self.objects.add(id(fixture))
        self.last[id(fixture)] = taken

    def state_of(self, fixture: "pytest.FixtureDef[Any]") -> State | None:
        """The state that the value is, while it is watched."""
        found = self.active.get(id(fixture))
        return found[0] if found else None

    def ended(self, fixture: "pytest.FixtureDef[Any]") -> None:
        """Watch it no longer."""
        self.active.pop(id(fixture), None)
        self.objects.discard(id(fixture))
        self.last.pop(id(fixture), None)

    def moved(self) -> Iterator[Moved]:
        """Which values changed since the last look."""
        for key, (state, fixture) in self.active.items():
            result, before = fixture.cached_result, self.last[key]
            if result is None or self.reader.is_same(result[0], before):
                continue
            now = self._look(fixture)
            if before != now:
                self.last[key] = now
                yield Moved(state=state, before=before, after=now)

    def holders(self) -> list[tuple[str, object]]:
        """The values that are plain objects by fixture name, for those who look for applications in them."""
        if not self.objects:
            return []
        active = ((state.name, fixture.cached_result) for key, (state, fixture) in self.active.items() if key in self.objects)
        return [(name, result[0]) for name, result in active if result is not None]

    def _look(self, fixture: "pytest.FixtureDef[Any]") -> Print:
        result = fixture.cached_result
        return self.reader.take(result[0], depth=_DEPTH, budget=_BUDGET) if result else None

    def _place(self, fixture: "pytest.FixtureDef[Any]") -> tuple[str, int]:
        function = plain_function(fixture.func)
        file = function.__code__.co_filename if function else ""
        root = self.reader.layouts.root
        own = function is not None and self.reader.layouts.is_own_file(file)
        if function is None or not own:
            return str(fixture.baseid), 0
        return file[len(root) :].replace("\\", "/"), function.__code__.co_firstlineno


def _spoken(name: str) -> str:
    """A fixture's name; pytest's own for `setup_module` and the like are told as what the user wrote."""
    for method in ("setup_module", "setup_class", "setUpClass"):
        if name.startswith((f"_xunit_{method}", f"_unittest_{method}")):
            return method
    return name


def _far(function: FunctionType) -> int:
    """How many lines may lie between a decorator and the `def` beneath it."""
    return 60 if function.__code__.co_firstlineno else 1


def _is_object(taken: Print) -> bool:
    return type(taken) is tuple and len(taken) == 5 and bool(taken[4])


def plain_function(callable_: object) -> FunctionType | None:
    """The plain function behind a fixture: past bound methods and the wrappers of plugins."""
    for _ in range(20):
        if type(callable_) is MethodType:
            callable_ = callable_.__func__
        elif type(callable_) is FunctionType and "__wrapped__" in callable_.__dict__:
            callable_ = callable_.__dict__["__wrapped__"]
        else:
            break
    return callable_ if type(callable_) is FunctionType else None
