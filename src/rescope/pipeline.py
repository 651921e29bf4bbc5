"""The stages in order: files to facts to graph to findings to plan to file changes. No terminal, and nothing is written."""

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from rescope.cache import store_answer, stored_answer
from rescope.config import Project
from rescope.discovery import SourceFile, discover, is_test_module
from rescope.evidence import Evidence, join
from rescope.graph import FixtureGraph, build
from rescope.graph.collected import Ignores
from rescope.graph.flow import Flow
from rescope.graph.index import ModuleIndex, build_index
from rescope.graph.namespace import Namespaces
from rescope.graph.onlookers import Onlookers
from rescope.graph.plugins import plugin_paths
from rescope.graph.reach import ImportGraph, build_call_graph
from rescope.graph.state import find_singletons
from rescope.graph.state.known import Known
from rescope.graph.state.victims import Victims
from rescope.loading import Tell, load_facts, silent, stamps
from rescope.model.address import Location
from rescope.model.edit import AddReason, AddResetFixture, ChangeScope, Edit, RestoreInPlace, UseMonkeypatch
from rescope.model.facts import ModuleFacts, ParseFailure
from rescope.model.finding import Applicability, Confidence, Finding, Keep, Subject
from rescope.model.plan import ChangeGroup, FileChange, Plan, Skipped
from rescope.model.report import Report, Rewrite, Stats
from rescope.packs import load_packs
from rescope.planning import make_plan
from rescope.rule import RuleContext
from rescope.rules import all_rules

_NOTHING: Mapping[str, bytes] = MappingProxyType({})
_IMPORTERS = frozenset({"importlib.import_module", "__import__", "pkgutil.iter_modules", "pkgutil.walk_packages", "runpy.run_path"})
_DECLARES = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "Pipfile", "pytest.ini", ".pytest.ini", "pytest.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The report on a project, the names of all its fixtures, singletons and findings, and the rules that failed."""

    report: Report
    names: frozenset[str]
    crashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """What a project comes to, whatever of it is asked for."""

    plan: Plan
    failures: tuple[ParseFailure, ...]
    stats: Stats
    names: frozenset[str]
    crashes: tuple[str, ...]


def analyze(project: Project, limits: Iterable[Path] = (), evidence: Evidence | None = None, tell: Tell = silent) -> Analysis:
    """Everything rescope says of a project, joined with what a test run saw; only what lies below `limits` is reported.

    `tell` hears what is being done.
    """
    started = time.perf_counter()
    files = discover(project.root, project.settings.exclude)
    key = _key(project, files) if project.settings.cache else ""
    whole = stored_answer(project.root, key) if key else None
    if not isinstance(whole, _Whole):
        _, whole = _work_out(project, files, tell)
        if key and not whole.crashes:
            store_answer(project.root, key, whole)
    whole = replace(whole, plan=join(whole.plan, evidence)) if evidence else whole
    return _answer(whole, project, tuple(limits), time.perf_counter() - started)


def explore(project: Project, limits: Iterable[Path] = (), tell: Tell = silent) -> tuple[RuleContext, Analysis]:
    """As analyze, with everything that the rules saw."""
    started = time.perf_counter()
    context, whole = _work_out(project, discover(project.root, project.settings.exclude), tell)
    return context, _answer(whole, project, tuple(limits), time.perf_counter() - started)


def fixture_graph(project: Project) -> FixtureGraph:
    """The fixture graph of the whole project, without asking any rule."""
    return make_context(project, load_facts(project, discover(project.root, project.settings.exclude))[0]).graph


def _key(project: Project, files: Sequence[SourceFile]) -> str:
    """A digest of all that the analysis reads: settings, pytest's configuration, declared dependencies, packs, and the files' stamps."""
    settings = replace(project.settings, select=(), ignore=(), only=(), unsafe=False, min_confidence="", jobs=0)
    packs = [file.read_bytes() if file.is_file() else b"" for file in (project.root / name for name in settings.packs)]
    existing = [(project.root / top).exists() for top in project.ini.testpaths]
    parts = (replace(project, settings=settings), packs, existing, sorted(_declared(project.root)), sorted(stamps(files).items()))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _work_out(project: Project, files: Sequence[SourceFile], tell: Tell) -> tuple[RuleContext, _Whole]:
    modules, unreadable = load_facts(project, files, tell)
    tell("building the fixture graph")
    context = make_context(project, modules)
    tell("asking the rules")
    results, crashes = _run_rules(context)
    tell("planning")
    failures = (*unreadable, *(m.failure for m in modules if m.failure), *_bad_remarks(modules))
    stats = Stats(files=len(modules), fixtures=len(list(context.graph.definitions())), tests=len(context.graph.tests))
    plan = make_plan(context, results, omit_scope=_omit_scope(project))
    return context, _Whole(
        plan=plan,
        failures=tuple(sorted(failures, key=lambda f: (f.path, f.line))),
        stats=stats,
        names=frozenset(_all_names(context)).union(*map(names_of, plan.groups)),
        crashes=crashes,
    )


def _all_names(context: RuleContext) -> Iterator[str]:
    yield from (r.name for r in context.graph.registrations)
    for singleton in context.singletons:
        yield from (singleton.name, *dict(singleton.group))


def _answer(whole: _Whole, project: Project, limits: tuple[Path, ...], seconds: float) -> Analysis:
    plan = _limited(_selected(whole.plan, project), project.root, limits)
    stats = replace(whole.stats, seconds=round(seconds, 3))
    least = Confidence(project.settings.min_confidence)
    report = Report(root=str(project.root), plan=plan, failures=whole.failures, stats=stats, min_confidence=least)
    return Analysis(report=replace(report, lines=_lines(report, project.root)), names=whole.names, crashes=whole.crashes)


def make_context(project: Project, modules: Iterable[ModuleFacts]) -> RuleContext:
    """The graph and everything else that rules ask."""
    index = build_index(modules, (*project.settings.source_roots, *project.ini.pythonpath, "src"))
    ini = project.ini if any((project.root / top).exists() for top in project.ini.testpaths) else replace(project.ini, testpaths=())
    ignores = Ignores(index.modules, ini.testpaths)
    test_modules = [path for path in sorted(index.modules) if is_test_module(path, ini) and not ignores.covers(path)]
    graph = build(index, test_modules, project.ini)
    tests = frozenset(test_modules) | _test_support(index, graph)
    namespaces = Namespaces(index=index)
    flow = Flow(graph=graph, index=index, namespaces=namespaces)
    calls = build_call_graph(flow)
    imports = ImportGraph(index=index)
    known = Known(index=index, calls=calls, tests=tests, idle=_idle(imports, (*test_modules, *plugin_paths(index, project.ini)), tests))
    return RuleContext(
        graph=graph,
        flow=flow,
        index=index,
        calls=calls,
        imports=imports,
        onlookers=Onlookers(graph=graph, flow=flow),
        victims=Victims(known=known),
        singletons=find_singletons(known),
        packs=load_packs(project.root / name for name in project.settings.packs),
        ini=project.ini,
        settings=project.settings,
        tests=tests,
        declared=_declared(project.root),
    )


def _idle(imports: ImportGraph, loaded: Iterable[str], tests: frozenset[str]) -> frozenset[str]:
    """The files beside the tests that no test module, plugin, conftest.py or file of fixtures imports; none where names are computed."""
    modules = imports.index.modules
    bodies = (f for p in tests for f in (*modules[p].functions, *((modules[p].body,) if modules[p].body else ())))
    asked = [(body, call) for body in bodies for call in body.calls if call.callee.dotted in _IMPORTERS]
    if any(not call.strings for _, call in asked):
        return frozenset()
    named = (imports.index.module(name, body.address.path) for body, call in asked for name in call.strings[:1])
    loading = {p for p in tests if PurePosixPath(p).name in {"conftest.py", "__init__.py"} or modules[p].fixtures or modules[p].plugins}
    return tests - imports.closure_of(frozenset({*loaded, *loading, *filter(None, named)}), lazy=True)


def _test_support(index: ModuleIndex, graph: FixtureGraph) -> frozenset[str]:
    """conftest.py files, modules that hold fixtures, and whatever lies in a folder of tests; a package called `test` alone is none."""
    tops = {PurePosixPath(t.path).parts[0] for t in graph.tests if "/" in t.path}
    named = {path for path in index.modules if PurePosixPath(path).name == "conftest.py" or index.modules[path].fixtures}
    folders = {top for top in tops if re.fullmatch(r"tests?|testing|t", top)}
    holding = {str(above) for path in (named | {t.path for t in graph.tests}) for above in PurePosixPath(path).parents}
    around = {folder for folder in holding if PurePosixPath(folder).name in {"tests", "test"}}
    inside = {path for path in index.modules if path.split("/")[0] in folders or around & set(map(str, PurePosixPath(path).parents))}
    return frozenset(named | inside)


def _declared(root: Path) -> frozenset[str]:
    """The words of the project's dependency files: enough to see whether a plugin is named there."""
    files = [root / name for name in _DECLARES] + sorted(root.glob("*requirements*.txt")) + sorted(root.glob("requirements/*"))
    texts = (f.read_text("utf-8", "replace") for f in files if f.is_file())
    return frozenset(word.lower().replace("_", "-") for text in texts for word in re.findall(r"[A-Za-z][\w.-]+", text))


def _run_rules(context: RuleContext) -> tuple[list[Finding | Keep], tuple[str, ...]]:
    results: list[Finding | Keep] = []
    crashes = []
    for rule in all_rules():
        try:
            results += list(rule.check(context))
        except Exception as error:  # noqa: BLE001 - one broken rule must not take the others down
            crashes.append(f"rule {rule.code} failed: {type(error).__name__}: {error}")
    return results, tuple(crashes)


def _omit_scope(project: Project) -> bool:
    style = project.settings.scope_style
    return style == "omit" or (style == "auto" and project.ruff_forbids_function_scope)


def _bad_remarks(modules: Iterable[ModuleFacts]) -> Iterable[ParseFailure]:
    for module in modules:
        for remark in module.remarks:
            if remark.verb != "keep":
                yield ParseFailure(
                    path=module.path, line=remark.line, message=f'"# rescope: {remark.verb}" is unknown; write "# rescope: keep <reason>"'
                )
            elif not remark.reason:
                yield ParseFailure(
                    path=module.path, line=remark.line, message='"# rescope: keep" needs a reason: "# rescope: keep <reason>"'
                )


# --- what is asked for ----------------------------------------------------------------------------


def _selected(plan: Plan, project: Project) -> Plan:
    settings = project.settings
    groups = [g for g in plan.groups if wanted(g.finding.code, settings.select, settings.ignore)]
    if settings.only:
        groups = [g for g in groups if set(settings.only) & names_of(g)]
    return replace(plan, groups=tuple(groups))


def wanted(code: str, select: tuple[str, ...], ignore: tuple[str, ...]) -> bool:
    """Whether a rule code is selected and not ignored."""
    return (not select or code.startswith(select)) and not (ignore and code.startswith(ignore))


def names_of(group: ChangeGroup) -> set[str]:
    """The names under which `--only` takes the group."""
    return {group.finding.subject.name, *(d.subject.name for d in group.dependents)}


def _limited(plan: Plan, root: Path, limits: tuple[Path, ...]) -> Plan:
    below = within(root, limits)
    groups = []
    for planned in plan.groups:
        group = planned
        paths = {group.finding.subject.address.path, *(edit_path(e) for e in group.edits)}
        inside = {p for p in paths if below(p)}
        outside = {edit_path(e) for e in group.edits} - inside
        if inside and outside:
            reason = f"the edit would also change {min(outside)}, which is not among the given paths"
            group = _only_shown(group, reason)
        if inside:
            groups.append(group)
    return replace(
        plan,
        groups=tuple(groups),
        kept=tuple(k for k in plan.kept if below(k.subject.address.path)),
        skipped=tuple(s for s in plan.skipped if below(s.subject.address.path)),
        unremarkable=tuple(s for s in plan.unremarkable if below(s.address.path)),
    )


def _only_shown(group: ChangeGroup, reason: str) -> ChangeGroup:
    return replace(group, edits=(), dependents=(), relies_on=(), applicability=Applicability.DISPLAY_ONLY, caveat=reason)


def within(root: Path, limits: Iterable[Path]) -> Callable[[str], bool]:
    """A test of whether a path of the project lies below one of the limits; without limits each does."""
    tops = [p.resolve() for p in limits]
    if not tops or root.resolve() in tops:
        return lambda _: True
    names = [p.relative_to(root.resolve()).as_posix() for p in tops if p.is_relative_to(root.resolve())]
    return lambda path: any(path == name or path.startswith(f"{name}/") for name in names)


def edit_path(edit: Edit) -> str:
    """The file that an edit changes."""
    return edit.path if isinstance(edit, AddResetFixture) else edit.address.path


def _lines(report: Report, root: Path) -> dict[tuple[str, int], str]:
    """The source lines that the report's evidence points at."""
    wanted: dict[str, set[int]] = {}
    for location in _locations(report):
        wanted.setdefault(location.path, set()).add(location.line)
    found: dict[tuple[str, int], str] = {}
    for path, numbers in wanted.items():
        try:
            lines = (root / path).read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        found |= {(path, n): lines[n - 1].strip() for n in numbers if 0 < n <= len(lines)}
    return found


def _locations(report: Report) -> Iterable[Location]:
    for group in report.plan.groups:
        yield group.finding.primary
        yield from group.finding.related
        yield from (_where(d.subject) for d in group.dependents)
    for keep in report.plan.kept:
        yield _where(keep.subject)
        yield from keep.evidence
    yield from (_where(s.subject) for s in report.plan.skipped)


def _where(subject: Subject) -> Location:
    return Location(path=subject.address.path, line=subject.line)


# --- the rewrite ----------------------------------------------------------------------------------


def applicable(groups: Iterable[ChangeGroup], *, unsafe: bool) -> tuple[ChangeGroup, ...]:
    """Those of the groups that have edits and are safe enough."""
    allowed = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    return tuple(g for g in groups if g.edits and g.applicability in allowed)


def rewrite(root: Path, groups: Iterable[ChangeGroup], over: Mapping[str, bytes] = _NOTHING) -> Rewrite:
    """The changed files; left out whole is a group of which one edit does not fit, or that relies on others which are not there.

    `over` are texts to start from instead of what the files hold now, and to be written, too.
    """
    taken, unmet = _standing(groups)
    result = draft(root, taken, over)
    while len(result.taken) < len(taken):
        taken, more = _standing(result.taken)
        unmet = (*unmet, *result.refused, *more)
        result = draft(root, taken, over)
    return replace(result, refused=(*unmet, *result.refused))


def _standing(groups: Iterable[ChangeGroup]) -> tuple[tuple[ChangeGroup, ...], tuple[Skipped, ...]]:
    """The groups that can be applied together, and those that rely on fixtures which none of the groups narrows."""
    taken = tuple(groups)
    narrowed = {e.address for g in taken for e in g.edits if isinstance(e, ChangeScope)}
    missing = [next((a for a in g.relies_on if a not in narrowed), None) for g in taken]
    pairs = tuple(zip(taken, missing, strict=True))
    left = (Skipped(subject=g.finding.subject, reason=f"it relies on '{a.name}' ({a.path}) being narrowed, too") for g, a in pairs if a)
    return tuple(g for g, a in pairs if a is None), tuple(left)


def draft(root: Path, groups: Iterable[ChangeGroup], over: Mapping[str, bytes] = _NOTHING) -> Rewrite:
    """As rewrite, whatever the groups rely on: for what is shown, or done step by step."""
    from rescope.codemods import EditRefused, apply

    taken = list(groups)
    refused: list[Skipped] = []
    while True:
        now = {path: _source(root, path) for path in {*over, *(edit_path(e) for g in taken for e in g.edits)}}
        sources = {**now, **over}
        try:
            changed = {path: apply(source, merged_edits(taken, path)) for path, source in sources.items()}
        except EditRefused as error:
            culprits = [g for g in taken if _refuses(g, sources)] or [g for g in taken if error.path in {edit_path(e) for e in g.edits}]
            refused += [Skipped(subject=g.finding.subject, reason=f"{error.path}:{error.line}: {error.reason}") for g in culprits]
            taken = [g for g in taken if g not in culprits]
            continue
        changes = (FileChange(path=path, before=now[path], after=after) for path, after in sorted(changed.items()))
        return Rewrite(changes=tuple(c for c in changes if c.before != c.after), taken=tuple(taken), refused=tuple(refused))


def _refuses(group: ChangeGroup, sources: Mapping[str, bytes | None]) -> bool:
    from rescope.codemods import EditRefused, apply

    for path in {edit_path(e) for e in group.edits}:
        try:
            apply(sources[path], merged_edits([group], path))
        except EditRefused:
            return True
    return False


def _source(root: Path, path: str) -> bytes | None:
    file = root / path
    return file.read_bytes() if file.is_file() else None


def _subject(edit: Edit) -> object:
    """What an edit is about: of two edits of a kind for the same, the first stands."""
    match edit:
        case AddResetFixture(name=name, steps=steps):
            return name, steps
        case RestoreInPlace(address=address, target=target):
            return address, target
        case UseMonkeypatch(address=address, patches=patches):
            return address, patches
        case _:
            return edit.address


def merged_edits(groups: Iterable[ChangeGroup], path: str) -> tuple[Edit, ...]:
    """The edits of one file, each once; the first reason for a fixture stands."""
    found: dict[object, Edit] = {}
    for group in groups:
        for edit in group.edits:
            if edit_path(edit) == path:
                found.setdefault((type(edit), _subject(edit)), edit)
    order = {ChangeScope: 0, AddReason: 1, RestoreInPlace: 2, UseMonkeypatch: 3, AddResetFixture: 4}
    return tuple(sorted(found.values(), key=lambda e: order[type(e)]))
