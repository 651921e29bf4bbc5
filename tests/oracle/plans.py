"""Narrowing by force, so that the cascade is exercised: pytest must refuse nothing that it did not refuse before."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rescope import pipeline
from rescope.config import load_project
from rescope.discovery import discover
from rescope.loading import load_facts
from rescope.model.edit import ChangeScope
from rescope.model.finding import Finding
from rescope.model.plan import FileChange, Plan
from rescope.planning import make_plan
from rescope.rule import RuleContext

SetUp = Callable[[Path], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one plan did: how many scopes it changed, and which tests pytest refuses since, with its words."""

    scopes: int
    refused: Mapping[str, str]


def context_of(root: Path) -> RuleContext:
    """Everything that planning knows of the project at root; no facts are kept."""
    project = load_project([root])
    project = replace(project, settings=replace(project.settings, cache=False))
    files = discover(project.root, project.settings.exclude)
    return pipeline.make_context(project, load_facts(project, files)[0])


def forced_plan(ctx: RuleContext, numbers: Iterable[int] | None = None, kept: Plan | None = None) -> Plan:
    """The plan if these broad fixtures (by number; None for all) were found to leak; `kept` brings its keeps."""
    fixtures = list(ctx.broad_fixtures())
    chosen = fixtures if numbers is None else [fixtures[n % len(fixtures)] for n in numbers if fixtures]
    findings = [
        Finding(
            code="RSC199",
            rule="forced",
            message=f"'{ctx.graph.name_of(fixture)}' is narrowed to see what follows",
            reason="the cascade can be seen",
            subject=ctx.subject(fixture),
            primary=ctx.at(fixture, ""),
        )
        for fixture in chosen
    ]
    return make_plan(ctx, [*(kept.kept if kept else ()), *findings], omit_scope=False)


def try_plan(root: Path, ctx: RuleContext, plan: Plan, before: Mapping[str, str], set_up: SetUp) -> Outcome:
    """What pytest refuses after the plan, unsafe edits included, that it did not refuse `before`; the files are put back."""
    result = pipeline.rewrite(root, pipeline.applicable(plan.groups, unsafe=True))
    assert result.refused == (), result.refused
    if not result.changes:
        return Outcome(scopes=0, refused={})
    try:
        _write(root, result.changes)
        wrong = {test: why for test, why in set_up(root).items() if test not in before}
        wrong |= dict.fromkeys(mismatches(context_of(root)) - mismatches(ctx), "the graph says so")
    finally:
        for change in result.changes:
            _restore(root, change)
    scopes = {e.address for group in result.taken for e in group.edits if isinstance(e, ChangeScope)}
    return Outcome(scopes=len(scopes), refused=wrong)


def _write(root: Path, changes: Iterable[FileChange]) -> None:
    for change in changes:
        (root / change.path).write_bytes(change.after)


def _restore(root: Path, change: FileChange) -> None:
    if change.before is None:
        (root / change.path).unlink(missing_ok=True)
    else:
        (root / change.path).write_bytes(change.before)


def mismatches(ctx: RuleContext) -> frozenset[str]:
    """The requests for a narrower fixture that the graph has, by path and name."""
    registrations = ctx.graph.registrations
    pairs = ((registrations[r], registrations[t]) for r, _, t in ctx.graph.static_edges if r >= 0)
    return frozenset(
        f"{r.holder}::{r.attribute} ({r.definition.address.qualname}) -> {t.holder}::{t.attribute}" for r, t in pairs if r.scope > t.scope
    )
