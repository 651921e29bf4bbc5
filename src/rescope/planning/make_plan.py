"""Findings and keeps to change groups: one finding, one group, taken or left whole."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from rescope.model.address import Address, Location
from rescope.model.edit import AddReason, ChangeScope, Edit, ReasonStyle, ResetStep, ScopeStyle
from rescope.model.facts import FixtureDef
from rescope.model.finding import Applicability, Confidence, Finding, Keep, Strategy, SubjectKind
from rescope.model.plan import ChangeGroup, Dependent, Plan, Skipped
from rescope.model.scope import Scope
from rescope.model.state import Singleton
from rescope.planning.cascade import Cascade, cascade
from rescope.planning.conftest_target import ResetPlace, find_target
from rescope.planning.document import documented
from rescope.planning.hazards import Unseen, caveats, needs_loop_scope, refusal
from rescope.planning.keeps import user_keep, user_keeps
from rescope.planning.patching import Patching
from rescope.planning.reset_names import name_resets
from rescope.planning.resets import Suspects, blocks_reset, renewed_by_tests, reset_fixture
from rescope.planning.undoing import repairs
from rescope.planning.value_resets import value_reset
from rescope.rule import RuleContext


@dataclass(slots=True, kw_only=True)
class _Planner:
    ctx: RuleContext
    scope_style: ScopeStyle
    keeps: dict[Address, Keep] = field(default_factory=dict)
    findings: dict[Address, Finding] = field(default_factory=dict)
    extra: dict[Address, list[Finding]] = field(default_factory=dict)
    groups: list[ChangeGroup] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    absorbed: set[Address] = field(default_factory=set)
    suspects: Suspects = field(init=False)
    unseen: Unseen = field(init=False)
    patching: Patching = field(init=False)

    def __post_init__(self) -> None:
        self.suspects = Suspects(ctx=self.ctx)
        self.unseen = Unseen(ctx=self.ctx)
        self.patching = Patching(ctx=self.ctx)

    @property
    def target(self) -> Scope:
        """The scope that narrowed fixtures get."""
        return Scope[self.ctx.settings.target_scope.upper()]


def make_plan(ctx: RuleContext, results: Iterable[Finding | Keep], *, omit_scope: bool) -> Plan:
    """The plan for what the rules said. `omit_scope`: function scope is written by leaving the argument out."""
    planner = _Planner(ctx=ctx, scope_style=ScopeStyle.OMIT if omit_scope else ScopeStyle.EXPLICIT)
    _sort_out(planner, results)
    _fixtures(planner)
    _singletons(planner)
    return _finish(planner)


def _sort_out(planner: _Planner, results: Iterable[Finding | Keep]) -> None:
    """User keeps beat everything; of several findings on one subject the first code leads and the rest is evidence.

    What is only likely leads nothing that is surer.
    """
    found = sorted(results, key=lambda r: (isinstance(r, Finding) and r.confidence is Confidence.LOW, r.code, r.subject.address))
    user = dict(user_keeps(planner.ctx, found))
    for result in found:
        address = result.subject.address
        if address in user:
            planner.keeps[address] = user[address]
        elif isinstance(result, Keep):
            planner.keeps.setdefault(address, result)
        elif address in planner.findings:
            planner.extra.setdefault(address, []).append(result)
        else:
            planner.findings[address] = result
    for fixture in planner.ctx.broad_fixtures():
        keep = user_keep(planner.ctx, planner.ctx.subject(fixture), fixture.line)
        if keep:
            planner.keeps[fixture.address] = keep
            planner.findings.pop(fixture.address, None)


# --- fixtures -------------------------------------------------------------------------------------


def _fixtures(planner: _Planner) -> None:
    """Plan each fixture finding, roots of chains first; what a cascade narrows needs no group of its own.

    What is only likely comes last: its cascade may not be done, so that it takes in nothing that is surer.
    """
    ctx = planner.ctx
    by_address = {f.address: f for f in ctx.broad_fixtures()}
    findings = [f for f in planner.findings.values() if f.subject.kind is SubjectKind.FIXTURE]
    planned = {}
    for finding in findings:
        fixture = by_address.get(finding.subject.address)
        if fixture is not None:
            planned[finding.subject.address] = (finding, fixture, _cascade(planner, finding, fixture))
    order = sorted(planned.values(), key=lambda p: (p[0].confidence is Confidence.LOW, -len(p[2].steps), p[0].subject.address))
    for finding, fixture, chain in order:
        if fixture.address not in planner.absorbed:
            planner.groups.append(_fixture_group(planner, finding, fixture, chain))


def _cascade(planner: _Planner, finding: Finding, fixture: FixtureDef) -> Cascade:
    if finding.strategy is not Strategy.NARROW:
        return Cascade(steps=(), blocked=finding.caveat)
    keep = planner.keeps.get(fixture.address)
    if keep is not None and keep.firm:
        return Cascade(steps=(), blocked=f"it is kept broad: {keep.because}")
    if isinstance(fixture.scope, Scope) and fixture.scope <= planner.target:
        return Cascade(steps=(), blocked=f"it is {fixture.scope}-scoped, and the target scope is {planner.target}")
    chain = cascade(planner.ctx, fixture, planner.target, planner.keeps)
    return chain if chain.blocked else replace(chain, blocked=_refused(planner, chain))


def _refused(planner: _Planner, chain: Cascade) -> str:
    ctx = planner.ctx
    broken = _unparsable(ctx, chain)
    if broken:
        return broken
    fixtures = [s.fixture for s in chain.steps]
    for step in chain.steps:
        reason = refusal(planner.unseen, step.fixture, fixtures)
        if reason:
            name = ctx.graph.name_of(step.fixture)
            return reason if not step.requests else f"its dependent '{name}' cannot follow: {reason}"
    return ""


def _unparsable(ctx: RuleContext, chain: Cascade) -> str:
    """A file that cannot be parsed may hold dependents or overrides: nothing that it may see is changed."""
    for module in ctx.index.modules.values():
        if module.failure and module.path in ctx.tests:
            for step in chain.steps:
                folder = step.fixture.address.path.rpartition("/")[0]
                if not folder or module.path.startswith(f"{folder}/"):
                    return f"{module.path}:{module.failure.line} {module.failure.message}, and may use it"
    return ""


def _fixture_group(planner: _Planner, finding: Finding, fixture: FixtureDef, chain: Cascade) -> ChangeGroup:
    related = finding.related
    for other in planner.extra.get(fixture.address, ()):
        related += (_noted(other), *other.related)
    reset = _value_reset(planner, replace(finding, related=related), fixture, chain)
    if reset is not None:
        planner.keeps.pop(fixture.address, None)
        return reset
    if chain.blocked:
        planner.keeps.pop(fixture.address, None)
        return _display_only(replace(finding, related=related), chain.blocked)
    planner.keeps.pop(fixture.address, None)
    followers = chain.steps[1:]
    likely = finding.confidence is Confidence.LOW
    for step in followers:
        absorbed = planner.findings.get(step.fixture.address)
        if likely and (absorbed is None or absorbed.confidence is not Confidence.LOW):
            continue
        planner.absorbed.add(step.fixture.address)
        planner.keeps.pop(step.fixture.address, None)
        if absorbed:
            related += (_noted(absorbed), *absorbed.related)
    applicability, caveat = _applicability(planner, finding, chain)
    return ChangeGroup(
        finding=replace(finding, related=related, applicability=applicability, caveat=caveat),
        edits=tuple(_edits(planner, finding, chain)),
        dependents=tuple(_dependent(planner, s.fixture, s.requests) for s in followers),
        applicability=applicability,
        caveat=caveat,
    )


def _value_reset(planner: _Planner, finding: Finding, fixture: FixtureDef, chain: Cascade) -> ChangeGroup | None:
    """The other cure: the fixture stays broad, and what is changed of its value is put back after each test."""
    strategy = planner.ctx.settings.strategy
    slow = planner.ctx.costly(fixture.function)
    wanted = strategy == "reset" or (strategy == "auto" and (chain.blocked or slow))
    edit = value_reset(planner.ctx, fixture, finding.parts) if wanted else None
    if edit is None:
        return None
    why = chain.blocked or (f"it {slow[0]}" if slow else "the configuration asks for it")
    caveat = f"{finding.caveat}; it stays {fixture.scope}-scoped: {why}"
    shown = replace(finding, applicability=Applicability.UNSAFE, strategy=Strategy.RESET, caveat=caveat)
    return ChangeGroup(finding=shown, edits=(edit,), applicability=Applicability.UNSAFE, caveat=caveat)


def _noted(finding: Finding) -> Location:
    """The place of a finding that became evidence of another, with what it says of the subject."""
    said = finding.message.partition(f"'{finding.subject.name}' ")[2]
    return replace(finding.primary, note=said or finding.message)


def _display_only(finding: Finding, reason: str) -> ChangeGroup:
    shown = replace(finding, applicability=Applicability.DISPLAY_ONLY, strategy=Strategy.NONE, caveat=reason)
    return ChangeGroup(finding=shown, edits=(), applicability=Applicability.DISPLAY_ONLY, caveat=reason)


def _applicability(planner: _Planner, finding: Finding, chain: Cascade) -> tuple[Applicability, str]:
    """Unsafe as soon as the rule or any narrowed fixture gives a reason."""
    if finding.applicability is not Applicability.SAFE:
        return finding.applicability, finding.caveat
    for step in chain.steps:
        said = [planner.findings.get(step.fixture.address), *planner.extra.get(step.fixture.address, ())]
        for other in said:
            if other is not None and other.applicability is not Applicability.SAFE:
                return Applicability.UNSAFE, other.caveat
        for caveat in caveats(planner.ctx, step.fixture):
            return Applicability.UNSAFE, caveat
    return Applicability.SAFE, ""


def _dependent(planner: _Planner, fixture: FixtureDef, requests: str) -> Dependent:
    return Dependent(subject=planner.ctx.subject(fixture), requests=requests, to=str(planner.target))


def _edits(planner: _Planner, finding: Finding, chain: Cascade) -> Iterator[Edit]:
    style = ReasonStyle(planner.ctx.settings.reason)
    for step in chain.steps:
        fixture, scope = step.fixture, step.fixture.scope
        if not isinstance(scope, Scope):
            continue
        loop = scope if needs_loop_scope(planner.ctx, fixture) else None
        yield ChangeScope(
            address=fixture.address,
            before=scope,
            after=planner.target,
            style=planner.scope_style if planner.target is Scope.FUNCTION else ScopeStyle.EXPLICIT,
            loop_scope=loop,
        )
        own = finding if not step.requests else planner.findings.get(fixture.address)
        why = f"so that {own.reason}" if own else f"because it requests {step.requests}"
        yield from repairs(planner.ctx, fixture)
        yield AddReason(address=fixture.address, text=f"{str(planner.target).capitalize()}-scoped {why}.", style=style)


# --- singletons -----------------------------------------------------------------------------------


def _singletons(planner: _Planner) -> None:
    ctx = planner.ctx
    safe = (g for g in planner.groups if g.applicability is Applicability.SAFE)
    narrowed = frozenset(e.address for g in safe for e in g.edits if isinstance(e, ChangeScope) and e.after is Scope.FUNCTION)
    by_address = {s.address: s for s in ctx.singletons}
    for address, finding in planner.findings.items():
        if finding.subject.kind is SubjectKind.SINGLETON and address not in planner.keeps:
            planner.groups.append(_reset_group(planner, finding, by_address.get(address), narrowed))
    planner.groups[:] = name_resets(ctx, planner.groups)


def _reset_group(planner: _Planner, finding: Finding, singleton: Singleton | None, narrowed: frozenset[Address]) -> ChangeGroup:
    ctx = planner.ctx
    if finding.strategy is Strategy.PATCH:
        return _patch_group(planner, finding)
    if finding.strategy is not Strategy.RESET or singleton is None:
        return _display_only(finding, finding.caveat)
    target = find_target(ctx, singleton)
    if target.blocked:
        return _display_only(finding, target.blocked)
    edit, note = reset_fixture(ctx, singleton, target, narrowed)
    renewed = renewed_by_tests(ctx, singleton) if note else ""
    if renewed:
        return _display_only(finding, f"what a test did to the old object would be restored: {renewed} puts another in its place")
    risk = blocks_reset(planner.suspects, singleton, narrowed)
    applicability, caveat = finding.applicability, finding.caveat or note
    risk = risk or note
    if risk and applicability is Applicability.SAFE:
        applicability, caveat = Applicability.UNSAFE, risk
    shown = replace(finding, applicability=applicability, caveat=caveat)
    relied = tuple(_relied_on(planner, singleton, target, narrowed))
    return ChangeGroup(finding=shown, edits=(edit,), applicability=applicability, caveat=caveat, relies_on=relied)


def _patch_group(planner: _Planner, finding: Finding) -> ChangeGroup:
    """All functions that leave the state changed go through `monkeypatch`, or none does."""
    refused = next(filter(None, map(planner.patching.refusal, finding.patches)), "")
    if refused:
        return _display_only(finding, f"{finding.caveat}; {refused}")
    caveat = "a later test may count on the change"
    shown = replace(finding, caveat=caveat)
    return ChangeGroup(finding=shown, edits=finding.patches, applicability=finding.applicability, caveat=caveat)


def _relied_on(planner: _Planner, singleton: Singleton, target: ResetPlace, narrowed: frozenset[Address]) -> Iterator[Address]:
    """The narrowed fixtures without whose narrowing the reset would be another one, or not safe."""

    def way(assumed: frozenset[Address]) -> tuple[tuple[ResetStep, ...], str, str]:
        edit, note = reset_fixture(planner.ctx, singleton, target, assumed)
        return edit.steps, note, blocks_reset(planner.suspects, singleton, assumed)

    planned = way(narrowed)
    if way(frozenset()) != planned:
        yield from (address for address in sorted(narrowed) if way(narrowed - {address}) != planned)


# --- the rest -------------------------------------------------------------------------------------


def _finish(planner: _Planner) -> Plan:
    ctx = planner.ctx
    if ctx.settings.document_scopes:
        told = tuple(documented(ctx, planner.keeps.values()))
        planner.groups += told
        for group in told:
            del planner.keeps[group.finding.subject.address]
    spoken = {g.finding.subject.address for g in planner.groups} | planner.absorbed | set(planner.keeps)
    skipped, plain = list(planner.skipped), []
    for fixture in sorted(ctx.graph.definitions(), key=lambda f: f.address):
        if fixture.address in spoken or fixture.scope is Scope.FUNCTION:
            continue
        if isinstance(fixture.scope, Scope):
            plain.append(ctx.subject(fixture))
        else:
            skipped.append(Skipped(subject=ctx.subject(fixture), reason=fixture.scope.why))
    return Plan(
        groups=tuple(sorted(planner.groups, key=lambda g: (g.finding.subject.address.path, g.finding.subject.line))),
        kept=tuple(sorted(planner.keeps.values(), key=lambda k: k.subject.address)),
        skipped=tuple(skipped),
        unremarkable=tuple(plain),
    )
