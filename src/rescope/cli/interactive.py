"""The questions of `fix --interactive`."""

from dataclasses import dataclass
from pathlib import Path

import typer

from rescope.model.finding import Subject
from rescope.model.plan import ChangeGroup

_QUESTION = "apply? [y]es / [n]o / [k]eep, and say why / [e]xplain / [a]ll / [q]uit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The groups that the user takes, and the subjects to be kept from now on, each with the reason."""

    taken: tuple[ChangeGroup, ...]
    keeps: tuple[tuple[Subject, str], ...]


def ask(root: Path, groups: tuple[ChangeGroup, ...]) -> Answers:
    """What the user says to each change group, having seen its finding and its diff."""
    taken: list[ChangeGroup] = []
    keeps: list[tuple[Subject, str]] = []
    for number, group in enumerate(groups):
        _show(root, group)
        match _answer(group):
            case "q":
                break
            case "a":
                taken += groups[number:]
                break
            case "y":
                taken.append(group)
            case "k":
                keeps.append((group.finding.subject, _reason(group.finding.subject)))
    return Answers(taken=tuple(taken), keeps=tuple(keeps))


def _show(root: Path, group: ChangeGroup) -> None:
    from rescope.pipeline import draft
    from rescope.reporting.diff import render_diff
    from rescope.reporting.terminal import print_diff

    finding = group.finding
    typer.echo(f"{finding.subject.address.path}:{finding.subject.line}: {finding.code} {finding.message}")
    if group.caveat:
        typer.echo(f"  {group.applicability.value}: {group.caveat}")
    print_diff(render_diff(draft(root, [group]).changes), color="auto")


def _answer(group: ChangeGroup) -> str:
    """The first letter of an answer that decides; an explanation does not, nor does what is no answer."""
    while True:
        answer: str = typer.prompt(_QUESTION, default="y").strip().lower()[:1]
        if answer == "e":
            _explain(group)
        elif answer and answer in "ynkaq":
            return answer


def _explain(group: ChangeGroup) -> None:
    """The rule's documentation, and what it saw here."""
    from rescope.cli.explain import explain

    finding = group.finding
    explain(finding.code)
    typer.echo(f"\nHere: {finding.message}.")
    for at in dict.fromkeys((finding.primary, *finding.related)):
        typer.echo(f"  {at.path}:{at.line}: {at.note or finding.rule}")
    for dependent in group.dependents:
        who = dependent.subject
        typer.echo(f"  {who.address.path}:{who.line}: '{who.name}' requests {dependent.requests}, and follows to {dependent.to}")
    if finding.reason:
        typer.echo(f"The edit is made so that {finding.reason}.")
    typer.echo("")


def _reason(subject: Subject) -> str:
    """A reason that says something."""
    while True:
        reason: str = typer.prompt(f"why is '{subject.name}' to be kept?").strip()
        if reason:
            return reason
