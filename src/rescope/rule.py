"""The shape of a rule, and the questions that rules may ask of the project."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from rescope.config import PytestIni, Settings
from rescope.facts.undo import is_initial, is_same_constant
from rescope.graph.fixture_graph import FixtureGraph, TestNode, instance
from rescope.graph.flow import Flow, Mutation
from rescope.graph.index import Definition, ModuleIndex
from rescope.graph.onlookers import Onlookers
from rescope.graph.reach import CallGraph, ImportGraph
from rescope.graph.state.slots import MADE_BY_CLASS
from rescope.graph.state.victims import Victims
from rescope.model.address import Address, Location
from rescope.model.facts import Call, ClassDef, Effect, EffectKind, FixtureDef, Function, Root, ValueKind
from rescope.model.finding import Applicability, Confidence, Finding, Keep, Severity, Strategy, Subject, SubjectKind
from rescope.model.scope import Scope
from rescope.model.state import Role, Shape, Singleton
from rescope.packs import Packs, match

_HELPER_DEPTH = 3
_SHOWN = 3
_STARTS = frozenset({"start", "spawn", "spawn_n", "create_task", "ensure_future", "run_in_executor", "start_new_thread"})
_ASKS = frozenset({"os.getenv", "os.environ.get", "os.environ.__getitem__"})
_CLIENTS = frozenset({"aiohttp.ClientSession", "httpx.AsyncClient", "httpx.Client", "requests.Session"})
_ANY = "*"
_UNNOTICED = "no test is seen to read it before it sets it anew: nobody may notice"
UNCHANGED = "no test is seen to set it, nor to change what it hands out: the first value may do for all"
PURE_MEMO = "it may be a pure memo: no class of the project, no test and no reset function speaks of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A small project: files under `# --- path` headers, the codes it must give, and a file after the fix."""

    name: str
    files: str
    codes: tuple[str, ...] = ()
    after: str = ""
    unsafe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleContext:
    """Everything that a rule may look at; all of it read-only."""

    graph: FixtureGraph
    flow: Flow
    index: ModuleIndex
    calls: CallGraph
    imports: ImportGraph
    victims: Victims
    onlookers: Onlookers
    singletons: tuple[Singleton, ...]
    packs: Packs
    ini: PytestIni
    settings: Settings
    tests: frozenset[str]
    declared: frozenset[str] = frozenset()
    broad: list[FixtureDef] = field(default_factory=list)
    loaded: set[str] = field(default_factory=set)
    collected: dict[str, None] = field(default_factory=dict)
    memo: dict[Address, tuple[str, Location] | None] = field(default_factory=dict)
    tested: Counter[Address] = field(default_factory=Counter)
    folders: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scopes: dict[Address, Scope] = field(default_factory=dict)
    around: dict[Address, frozenset[Address]] = field(default_factory=dict)
    asking: defaultdict[str, set[bool]] = field(default_factory=lambda: defaultdict(set))
    taking: set[str] = field(default_factory=set)

    def broad_fixtures(self) -> Iterator[FixtureDef]:
        """Every fixture whose declared scope is broader than function, in path and line order."""
        if not self.broad:
            found = (f for f in self.graph.definitions() if isinstance(f.scope, Scope) and f.scope > Scope.FUNCTION)
            self.broad.extend(sorted(found, key=lambda f: (f.address.path, f.line)))
        yield from self.broad

    def subject(self, fixture: FixtureDef) -> Subject:
        """The fixture as the subject of a finding."""
        return Subject(
            kind=SubjectKind.FIXTURE,
            name=self.graph.name_of(fixture),
            address=fixture.address,
            line=fixture.function.def_line if fixture.address == fixture.function.address else fixture.line,
            scope=str(fixture.scope),
        )

    def state_subject(self, singleton: Singleton) -> Subject:
        """The singleton as the subject of a finding."""
        names = tuple(dict.fromkeys((singleton.address.qualname, *(name for name, _ in singleton.group))))
        return Subject(
            kind=SubjectKind.SINGLETON,
            name=singleton.name,
            address=singleton.address,
            line=singleton.line,
            names=names,
            readers=tuple(dict.fromkeys(f"{at.path}:{at.line}" for at in singleton.named_by_tests)),
        )

    def at(self, fixture: FixtureDef, note: str) -> Location:
        """The definition of a fixture, with a note."""
        return Location(path=fixture.address.path, line=self.subject(fixture).line, note=note)

    def effects(self, function: Function, depth: int = _HELPER_DEPTH) -> Iterator[tuple[Effect, Function]]:
        """The function's own effects and those of the test helpers that it calls."""
        yield from ((e, function) for e in function.effects)
        for helper in self.helpers(function) if depth else ():
            yield from self.effects(helper, depth - 1)

    def helpers(self, function: Function) -> Iterator[Function]:
        """The functions below the tests that a function calls, fixtures left out."""
        for call in function.calls:
            found = self.flow.callee(function, call)
            if found is not None and found.address.path in self.tests and found.address != function.address:
                yield found

    def infrastructure(self, function: Function) -> tuple[str, Location] | None:
        """Why the function makes something expensive or shared on purpose, and where; None if it does not."""
        if function.address not in self.memo:
            self.memo[function.address] = None
            self.memo[function.address] = self._infrastructure(function)
        return self.memo[function.address]

    def _infrastructure(self, function: Function) -> tuple[str, Location] | None:
        calls = [c for c in function.calls if not (c.after_yield or c.nested or c.fallback)]
        for call in calls:
            because = match(call.callee.dotted, self.packs.infrastructure)
            if because:
                return because, Location(path=function.address.path, line=call.line, note=f"{call.callee.dotted}()")
        for call in calls:
            found = self._project_infrastructure(function, call)
            if found:
                because, where = found
                return because, Location(
                    path=function.address.path, line=call.line, note=f"{call.callee.dotted}(): {where.path}:{where.line}"
                )
        return None

    def costly(self, function: Function) -> tuple[str, Location] | None:
        """Why making the value is slow, by a call of the function itself; weaker than infrastructure."""
        for call in function.calls:
            callee = "" if call.after_yield or call.nested else call.callee.dotted
            because = match(callee, self.packs.costly) or match(callee, self.packs.waiting)
            if because:
                return because, Location(path=function.address.path, line=call.line, note=f"{callee}()")
        for callee in sorted(f"{made.dotted}.{method}" for made, method in function.handled):
            because = match(callee, self.packs.costly)
            if because:
                return because, Location(path=function.address.path, line=function.def_line, note=f"{callee}()")
        return self.waits(function)

    def waits(self, function: Function, depth: int = _HELPER_DEPTH) -> tuple[str, Location] | None:
        """Where making the value waits for something, be it in a helper of the tests."""
        for call in function.calls:
            if call.after_yield or call.nested or call.fallback:
                continue
            because = match(call.callee.dotted, self.packs.waiting)
            if because:
                return because, Location(path=function.address.path, line=call.line, note=f"{call.callee.dotted}()")
            callee = self.flow.callee(function, call) if depth else None
            if callee is not None and callee.address.path in self.tests and callee.address != function.address:
                found = self.waits(callee, depth - 1)
                if found is not None:
                    where = f"{found[1].path}:{found[1].line}"
                    return found[0], Location(path=function.address.path, line=call.line, note=f"{call.callee.dotted}(): {where}")
        return None

    def _project_infrastructure(self, function: Function, call: Call) -> tuple[str, Location] | None:
        callee = self.flow.callee(function, call)
        if callee is not None and callee.address != function.address:
            return self.infrastructure(callee)
        klass = self.index.class_at(self.index.target(call.callee, function.address.path))
        return self._class_infrastructure(klass) if klass is not None else None

    def _class_infrastructure(self, klass: ClassDef) -> tuple[str, Location] | None:
        for owner in self.flow.namespaces.mro(klass):
            for base in owner.bases:
                because = match(base, self.packs.infrastructure)
                if because:
                    return because, Location(path=owner.address.path, line=owner.line)
        made = self.flow.method(klass, "__init__")
        return self.infrastructure(made) if made else None

    def plugin_scope(self, fixture: FixtureDef) -> tuple[str, str] | None:
        """The scope at which a plugin requests the fixture, and the plugin: a declared one, or, for a name of several words, any."""
        for name in self.graph.names_of(fixture):
            found = self.packs.plugin_scopes.get(name, ())
            declared = tuple(pair for pair in found if pair[1] in self.declared)
            pairs = declared or (found if "_" in name else ())
            if pairs:
                return pairs[0]
        return None

    def state_name(self, effect: Effect, function: Function) -> str:
        """How a message calls the object that an effect changes."""
        if effect.target.root is Root.IMPORTED:
            definition = self.index.target(effect.target, function.address.path)
            return definition.name if definition and definition.name else effect.target.dotted
        return effect.target.dotted

    def puts_back_initial(self, effect: Effect, function: Function) -> bool:
        """Whether an assignment only puts a variable, or an attribute of an object, back to what it starts as: a reset, not a leak."""
        found = self.index.variable(self.index.target(effect.target, function.address.path))
        if found is None or not found[1]:
            return found is not None and is_initial(effect, found[0].value)
        klass = self.flow.class_of(found[0].value, found[0].address.path)
        body = self.index.modules[found[0].address.path].body
        again = body is not None and any(by == found[0].value.target and not method for by, method in body.handled)
        starts = self.flow.starts_with(klass) if klass is not None and not again else {}
        return is_same_constant(effect.value, starts.get(found[1], ""))

    def resource(self, singleton: Singleton) -> str | None:
        """Why the singleton holds a resource that must not be dropped, None if it does not: by what it is built from."""
        direct = match(singleton.builds, self.packs.infrastructure) or self._started(singleton)
        if direct or not singleton.builds:
            return direct
        path = singleton.address.path
        found = self.index.locate(singleton.builds, path)
        function = self.index.functions[path].get(singleton.builds) or self.index.function(found)
        klass = self.index.classes[path].get(singleton.builds) or self.index.class_at(found)
        if singleton.builds in MADE_BY_CLASS:
            klass = self.index.classes[path].get(singleton.address.qualname.rpartition(".")[0])
        if klass is not None:
            kept = self._class_infrastructure(klass)
            return kept[0] if kept else self._opened_later(klass)
        callees = (v.target.dotted for v in function.values if v.target and v.kind is ValueKind.CALL) if function else ()
        return next((because for because in (match(c, self.packs.infrastructure) for c in callees) if because), None)

    def _opened_later(self, klass: ClassDef) -> str | None:
        """Whether a method of the class opens what must be closed, and keeps it."""
        for owner in self.flow.namespaces.mro(klass):
            methods = (f for f in self.index.functions[owner.address.path].values() if f.is_method)
            own = (f for f in methods if f.address.qualname.rpartition(".")[0] == owner.address.qualname)
            effects = (e for f in own for e in f.effects if e.target.root is Root.SELF and e.kind is EffectKind.SET_ATTR and e.builds)
            for effect in effects:
                because = "holds connections" if effect.builds in _CLIENTS else match(effect.builds, self.packs.infrastructure)
                if because:
                    return because
        return None

    def _started(self, singleton: Singleton) -> str | None:
        """Whether what fills it on first use also opens or starts something that runs on: a reset would forget it, not end it."""
        fillers = (self.index.function_at(*w.function[:3]) for w in singleton.writers if w.role is Role.LAZY)
        calls = [(f, c) for f in fillers if f is not None for c in f.calls if not c.nested and "." in c.callee.dotted]
        opened = next(filter(None, (match(c.callee.dotted, self.packs.infrastructure) for _, c in calls)), None)
        if opened:
            return opened
        found = (c for f, c in calls if c.callee.dotted.rpartition(".")[2] in _STARTS and self._runs_on(f, c))
        first = next(found, None)
        return f"{first.callee.dotted}() starts what runs on" if first is not None else None

    def _runs_on(self, function: Function, call: Call) -> bool:
        """Whether a call that is named so may start something: a function of the project does if it calls such a one itself."""
        callee = self.flow.called(function, call)
        inner = callee.calls if callee is not None else ()
        return callee is None or any(c.callee.dotted.rpartition(".")[2] in {*_STARTS, "Thread", "Process", "submit"} for c in inner)

    def reachable(self, singleton: Singleton) -> bool:
        """Whether any collected test module loads the module of the singleton."""
        return singleton.address.path in self.imports.closure_of(self.test_paths(), lazy=True)

    def reached_by_two_tests(self, functions: Iterable[Address]) -> bool:
        """Whether at least two tests may call one of the functions, themselves or through the fixtures that they request."""
        if not self.tested:
            self.tested.update(t.function.address for t in self.graph.tests)
            for fixture in self.graph.definitions():
                self.tested[fixture.function.address] += len(self.graph.tests_using(fixture))
        return self.calls.reach_twice(self.tested, functions)

    def test_files(self) -> Iterable[str]:
        """The files of which pytest collects tests, each once, in its order."""
        if not self.collected:
            self.collected.update((t.path, None) for t in self.graph.tests)
        return self.collected

    def test_paths(self) -> frozenset[str]:
        """The test modules and the conftest.py files above them."""
        if not self.loaded:
            self.loaded.update(self.loaded_with(self.test_files()))
        return frozenset(self.loaded)

    def loaded_with(self, paths: Iterable[str]) -> Iterator[str]:
        """The test modules and the conftest.py files above them."""
        for path in paths:
            yield path
            yield from self._conftests(path.rpartition("/")[0])

    def _conftests(self, folder: str) -> tuple[str, ...]:
        if folder not in self.folders:
            own = f"{folder}/conftest.py" if folder else "conftest.py"
            above = self._conftests(folder.rpartition("/")[0]) if folder else ()
            self.folders[folder] = (own, *above) if own in self.index.modules else above
        return self.folders[folder]

    def live(self, shape: Shape) -> Iterator[Singleton]:
        """The singletons of a shape that tests reach and speak of, hold no resource, and that nothing resets yet.

        What no test names, nor any function that reads or writes it, may change in a run, but nobody has shown to care; whoever
        works on an object of the project that a getter hands out changes that one, by whatever way they came to it.
        """
        for singleton in self.singletons:
            handed = shape is Shape.LAZY_GLOBAL and singleton.builds_project and singleton.handed_out
            spoken = handed or singleton.named_by_tests or singleton.touched_by_tests or singleton.set_by_tests
            if singleton.shape is shape and spoken and not (singleton.reset_by or self.resource(singleton)) and self.reachable(singleton):
                yield singleton

    def noticed(self, finding: Finding, singleton: Singleton) -> Finding:
        """The finding; only told where no test is seen to read the state before it, or its set-up, sets it anew.

        A value that a test fills by reading it is another test's: where none sets it otherwise, two must read it. Objects are named in
        many places that ask for another part of them, and what is written on the side is often of no weight: of these a test must read
        one itself, or call what does.
        """
        filled = singleton.shape in {Shape.LAZY_GLOBAL, Shape.CACHED_FACTORY, Shape.CLASS_ATTRIBUTE}
        needed = 2 if filled and not (singleton.touched_by_tests or singleton.set_by_tests) else 1
        seen = self.victims.of(singleton)
        direct = [victim.at for victim in seen.victims if victim.directly]
        few = len(seen.victims) < needed
        plainly = singleton.shape in {Shape.INSTANCE, Shape.WRITTEN}
        unseen = not plainly and few and self.victims.may_come_unseen_to(singleton, seen)
        if (few and not unseen) or (plainly and not direct):
            return only_told(finding, _UNNOTICED)
        return replace(finding, related=(*finding.related, *direct[:1]))

    def read_at_import(self, variable: str) -> bool:
        """Whether the project reads a variable of the environment, and nowhere but in what runs when a module is imported.

        What hands the environment on, asks for what is computed, or imports a module anew may read any.
        """
        if not self.asking:
            self.asking[_ANY] = set()
            for module in self.index.modules.values():
                for function in (*module.functions, *((module.body,) if module.body else ())):
                    at_import = function is module.body
                    for name, in_body in _asked(function, at_import=at_import, program=module.path not in self.tests):
                        self.asking[name].add(in_body)
        return self.asking.get(variable) == {True} and not self.asking[_ANY]

    def is_alone(self, test: Address, paths: Iterable[str]) -> bool:
        """Whether a test runs once, and no other's file imports the files, however indirectly; "" is no file."""
        files = set(paths)
        above = {above for path in files for above in self.imports.importers(path, lazy=True)}
        others = {t.path for t in self.graph.tests if t.function.address != test or t.marks.parametrize}
        conftests = {path for path in self.tests if path.endswith("conftest.py")}
        return "" not in files and above.isdisjoint(others | conftests)

    def taken_out(self, key: str) -> bool:
        """Whether the program takes a variable out of the environment to use it; by the last part of its name, if that is no literal."""
        if not self.taking:
            self.taking.add(_ANY)
            modules = (m for m in self.index.modules.values() if m.path not in self.tests)
            program = (f for m in modules for f in m.functions if f.yields_at is None)
            self.taking.update(_last_part(e.key) for f in program for e in f.effects if e.line in _pops(f))
            self.taking.discard("")
        return _last_part(key) in self.taking

    def in_coroutine(self, at: Location) -> bool:
        """Whether a line stands in a coroutine."""
        functions = self.index.functions[at.path].values() if at.path in self.index.modules else ()
        return any(f.is_async and f.line <= at.line <= f.end_line for f in functions)

    def changed_beside(self, singleton: Singleton) -> Iterator[Definition]:
        """What else of the program's lasting state the functions change that change this: half of it put back may be worse than none."""
        own = {(singleton.address.path, name) for name, _ in singleton.group}
        for writer in singleton.writers:
            function = self.index.function_at(*writer.function[:3]) if writer.role is not Role.RESET else None
            for effect in function.effects if function is not None else ():
                lasting = effect.target.root in {Root.GLOBAL, Root.IMPORTED} and effect.undone_at is None and not effect.after_yield
                found = self.index.target(effect.target, writer.function.path) if lasting else None
                held = self.index.variable(found)
                if held is not None and found is not None and found.path not in self.tests and held[0].address.path == found.path:
                    other = Definition(path=found.path, name=held[0].address.qualname)
                    if other not in own:
                        yield other

    def written_at(self, singleton: Singleton) -> tuple[Location, ...]:
        """Evidence: where the state is written, and what in the tests touches it."""
        writes = (Location(path=w.function.path, line=w.line, note=f"{w.function.qualname}() writes it") for w in singleton.writers)
        touched = (replace(at, note="touched by a test") for at in singleton.touched_by_tests[:2])
        return (*writes, *touched, *singleton.held_at_import[:1])

    def as_broad(self, function: Function, fixture: FixtureDef) -> bool:
        """Whether the function is a fixture of the same or a broader scope: what it does to the value is part of making it."""
        if not self.scopes:
            for other in self.broad_fixtures():
                if isinstance(other.scope, Scope):
                    self.scopes[other.function.address] = max(other.scope, self.scopes.get(other.function.address, Scope.FUNCTION))
        return isinstance(fixture.scope, Scope) and self.scopes.get(function.address, Scope.FUNCTION) >= fixture.scope

    def kept_by(self, function: Function) -> frozenset[Address]:
        """The tests around which the function runs, if it is that of an autouse fixture of function scope; else none."""
        if function.address not in self.around:
            autouse = any(map(self.graph.autouse, self.graph.definitions_of(function.address)))
            self.around[function.address] = self.run_around_by(function) if autouse else frozenset()
        return self.around[function.address]

    def run_around_by(self, function: Function) -> frozenset[Address]:
        """The tests around which the function runs, if it is that of a fixture of function scope; else none."""
        fixtures = (f for f in self.graph.definitions_of(function.address) if f.scope is Scope.FUNCTION)
        return frozenset(t.function.address for f in fixtures for t in self.graph.tests_using(f))

    def is_shared(self, fixture: FixtureDef, function: Function) -> bool:
        """Whether another test gets the very value of the fixture that the function gets; a parametrized test is its own neighbour."""
        places = self.graph.sharing(fixture, function)
        users = (t for t in self.graph.tests_using(fixture) if instance(fixture, t) in places)
        return any(t.function.address != function.address or t.marks.parametrize for t in users)

    def bystanders(self, fixture: FixtureDef, *, whole_run: bool = False) -> tuple[TestNode, ...]:
        """The tests that run while the fixture is set up without asking for it: who would notice what it changes."""
        users = self.graph.tests_using(fixture)
        using = {t.id for t in users}
        if whole_run or fixture.scope is Scope.SESSION:
            return tuple(t for t in self.graph.tests if t.id not in using)
        if fixture.scope is Scope.PACKAGE:
            folders = {t.path.rpartition("/")[0] for t in users}
            return tuple(t for t in self.graph.tests if t.id not in using and t.path.rpartition("/")[0] in folders)
        by_class = fixture.scope is Scope.CLASS
        places = {(t.path, t.classes if by_class else ()) for t in users if t.classes or not by_class}
        return tuple(t for t in self.graph.tests if t.id not in using and (t.path, t.classes if by_class else ()) in places)


def changed_at(found: Iterable[Mutation], verb: str) -> Iterator[Location]:
    """Evidence: the first places where a value is changed, each once, and how many more there are."""
    places = {(m.inside.address.path, m.effect.line): m for m in reversed(tuple(found))}
    first, *others = sorted(places.values(), key=lambda m: (m.by.address, m.effect.line))
    for mutation in (first, *others[: _SHOWN - 1]):
        note = f"{verb} by {mutation.by.address.qualname}"
        yield Location(path=mutation.inside.address.path, line=mutation.effect.line, column=mutation.effect.column, note=note)
    if len(others) >= _SHOWN:
        last, more = others[_SHOWN - 1], len(others) - _SHOWN + 1
        yield Location(path=last.inside.address.path, line=last.effect.line, note=f"and {more} more place{'s' if more > 1 else ''}")


def _asked(function: Function, *, at_import: bool, program: bool) -> Iterator[tuple[str, bool]]:
    """The variables of the environment that a function asks for, _ANY for what is not known, and of each whether that is at import."""
    if program and not at_import and any(target.dotted == "os.environ" for target in function.mentions):
        yield _ANY, False
    for call in function.calls:
        asks = _asks_environment(call.callee.dotted)
        if asks and call.strings:
            yield call.strings[0], at_import and not call.nested
        elif call.callee.dotted == "importlib.reload" or (asks and call.callee.dotted in _ASKS and not at_import):
            yield _ANY, False


def _asks_environment(dotted: str) -> bool:
    """Whether a function is one that is asked for a variable of the environment: `os.environ.get`, `env.str`, `decouple.config`."""
    return "env" in dotted.lower() or dotted == "decouple.config"


def only_told(finding: Finding, because: str) -> Finding:
    """The finding as one of low confidence that is told, and never acted upon."""
    told = replace(doubtful(finding, because), applicability=Applicability.DISPLAY_ONLY, caveat=because)
    return replace(told, strategy=Strategy.NONE, parts=(), patches=())


def doubtful(finding: Finding, because: str) -> Finding:
    """The finding as one of low confidence, whose edit is made for who asks for such."""
    never = finding.applicability is Applicability.DISPLAY_ONLY
    level = Applicability.DISPLAY_ONLY if never else Applicability.UNSAFE
    caveat = finding.caveat if never else because
    return replace(finding, severity=Severity.INFO, confidence=Confidence.LOW, applicability=level, caveat=caveat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: a code, a name that reads well after "allow", a check, and named examples."""

    code: str
    name: str
    check: Callable[[RuleContext], Iterator[Finding | Keep]]
    doc: str
    examples: tuple[Example, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.doc.strip().splitlines()[0]


def _pops(function: Function) -> set[int]:
    """The lines at which a function takes a variable out of the environment, and does something with it."""
    return {c.line for c in function.calls if c.callee.dotted == "os.environ.pop" and not (c.discarded or c.after_yield)}


def _last_part(key: str) -> str:
    """A literal key, or the name of a constant that is an attribute; "" for any other."""
    last = key.rpartition(".")[2]
    return key if key.startswith(("'", '"')) else last if last.isupper() and last != key else ""
