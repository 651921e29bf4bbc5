"""Change groups as commits that are read one by one: resets first, then each narrowed fixture with its dependents."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rescope.model.edit import AddReason, AddResetFixture, ChangeScope, UseMonkeypatch
from rescope.model.finding import Applicability, Strategy
from rescope.model.plan import ChangeGroup, FileChange
from rescope.pipeline import rewrite
from rescope.steps import steps

_SUBJECT = 72
_WIDTH = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit: its message, its file changes on top of the commit before, and the groups that it applies."""

    subject: str
    body: str
    changes: tuple[FileChange, ...]
    groups: tuple[ChangeGroup, ...]

    @property
    def message(self) -> str:
        """Subject and body as git takes them."""
        return f"{self.subject}\n\n{self.body}\n"


def make_commits(root: Path, groups: Sequence[ChangeGroup]) -> tuple[Commit, ...]:
    """One commit for each group that changes something; a group whose edits all stand in another commit is told of there."""
    made: list[tuple[list[ChangeGroup], tuple[FileChange, ...]]] = []
    for group, changes in steps(root, _in_order(groups)):
        home = next((told for told, _ in made if _touched(told) & _touched([group])), None)
        if changes or home is None:
            made.append(([group], changes))
        else:
            home.append(group)
    return tuple(_commits(made))


def one_commit(root: Path, groups: Sequence[ChangeGroup]) -> tuple[Commit, ...]:
    """Everything in a single commit."""
    ordered = _in_order(groups)
    body = "\n\n".join(f"- {_subject(g, len(g.dependents))}\n\n{textwrap.indent(_told(g), '  ')}" for g in ordered)
    return (Commit(subject=title(groups), body=body, changes=rewrite(root, groups).changes, groups=ordered),)


def title(groups: Iterable[ChangeGroup]) -> str:
    """What all groups come to, in one line."""
    groups = tuple(groups)
    narrowed = {e.address for g in groups for e in g.edits if isinstance(e, ChangeScope)}
    resets = {(e.path, e.name, e.steps) for g in groups for e in g.edits if isinstance(e, AddResetFixture)}
    done = [_counted("narrow", len(narrowed), "fixture")] if narrowed else []
    done += [_counted("reset", len(resets), "singleton")] if resets else []
    patched = {e.address for g in groups for e in g.edits if isinstance(e, UseMonkeypatch)}
    done += [_counted("use monkeypatch in", len(patched), "function")] if patched else []
    return f"Isolate tests: {' and '.join(done)}"


def _counted(verb: str, number: int, noun: str) -> str:
    return f"{verb} {number} {noun}" if number == 1 else f"{verb} {number} {noun}s"


def _in_order(groups: Sequence[ChangeGroup]) -> tuple[ChangeGroup, ...]:
    return tuple(sorted(groups, key=lambda g: not any(isinstance(e, AddResetFixture) for e in g.edits)))


def _touched(groups: Iterable[ChangeGroup]) -> set[object]:
    return {(e.path, e.name) if isinstance(e, AddResetFixture) else e.address for g in groups for e in g.edits}


def _commits(made: Iterable[tuple[list[ChangeGroup], tuple[FileChange, ...]]]) -> Iterator[Commit]:
    done: set[object] = set()
    for told, changes in made:
        follow = sum(d.subject.address not in done for d in told[0].dependents)
        body = "\n\n".join(_told(group) for group in told)
        yield Commit(subject=_subject(told[0], follow), body=body, changes=changes, groups=tuple(told))
        done |= _touched(told)


# --- the message ----------------------------------------------------------------------------------


def _subject(group: ChangeGroup, follow: int) -> str:
    """What the commit does; `follow` is how many dependents it narrows that no earlier commit did."""
    resets = [e for e in group.edits if isinstance(e, AddResetFixture)]
    if resets:
        return _reset_subject(resets[0])
    if group.finding.strategy is Strategy.DOCUMENT:
        return f"Say why '{group.finding.subject.name}' is {group.finding.subject.scope}-scoped"
    if group.finding.strategy is Strategy.PATCH:
        return f"Have pytest take back {group.finding.subject.name}"
    after = next(e.after for e in group.edits if isinstance(e, ChangeScope))
    more = f", and {follow} dependent{'' if follow == 1 else 's'}" if follow else ""
    return f"Narrow '{group.finding.subject.name}' to {after} scope{more}"


def _reset_subject(edit: AddResetFixture) -> str:
    if edit.fixture:
        return f"Put '{edit.fixture}' back after each test"
    first, *others = edit.steps
    more = f" and {len(others)} more" if others else ""
    full = f"Reset {first.module}.{first.name}{more} around each test"
    return full if len(full) <= _SUBJECT else f"Reset {first.name}{more} around each test"


def _told(group: ChangeGroup) -> str:
    """Finding, evidence, what is done and why, and the rule."""
    finding = group.finding
    evidence = dict.fromkeys((finding.primary, *finding.related))
    return "\n\n".join(
        (
            _wrapped(f"{finding.subject.address.path}:{finding.subject.line}: {finding.message}."),
            "\n".join(_wrapped(f"- {at.path}:{at.line}: {at.note or finding.rule}", "  ") for at in evidence),
            *(_wrapped(said) for said in _cure(group)),
            f"rescope {finding.code} ({finding.rule}), {group.applicability.value}",
        )
    )


def _cure(group: ChangeGroup) -> Iterator[str]:
    for edit in group.edits:
        if isinstance(edit, AddResetFixture):
            yield f"'{edit.name}' in {edit.path}: {edit.doc}"
    reason = next((e.text for e in group.edits if isinstance(e, AddReason)), "")
    if reason:
        yield reason
    if group.dependents:
        names = ", ".join(f"'{d.subject.name}' ({d.subject.address.path}:{d.subject.line})" for d in group.dependents)
        yield f"Dependents that follow, since pytest refuses a broader one: {names}."
    if group.caveat:
        yield f"{'Not safe' if group.applicability is Applicability.UNSAFE else 'Note'}: {group.caveat}."


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(" ".join(text.split()), _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
