"""The text of a pull request: what leaked, how it is known, what is done, what it costs, how to take it back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rescope.model.address import Address
from rescope.model.edit import AddResetFixture, ChangeScope
from rescope.model.finding import Applicability, Confidence, Subject
from rescope.model.plan import ChangeGroup, Skipped
from rescope.model.report import Report
from rescope.model.scope import Scope
from rescope.reporting.markdown import (
    code,
    escaped,
    failures_block,
    finding_lines,
    folded,
    kept_block,
    link,
    place,
    skipped_block,
)
from rescope.reporting.text import fix_sentence

_FIRST = 5
_MANY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """Another branch of the same migration, and the files that both change."""

    name: str
    groups: tuple[ChangeGroup, ...]
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """One branch of a migration: its groups and commits, and all that reviewers are told.

    `links` is what links to files begin with; `base` the commit at which they were looked at; `uses` how many tests set a fixture up;
    `table` what `verify` measured, as Markdown.
    """

    groups: tuple[ChangeGroup, ...]
    commits: tuple[str, ...]
    base: str
    links: str = ""
    uses: Mapping[Address, int] = field(default_factory=dict)
    left_out: tuple[Skipped, ...] = ()
    table: str = ""
    beside: tuple[Sibling, ...] = ()


def render_pull_request(report: Report, request: PullRequest) -> str:
    """The description of one pull request as Markdown."""
    blocks = [
        _opening(request),
        *_look_first(report, request),
        *_leaks(report, request),
        *_not_done(report, request),
        *_verified(request),
        *_cost(request),
        *_undo(request),
        *_beside(request),
    ]
    return "\n\n".join(blocks) + "\n"


def _opening(request: PullRequest) -> str:
    number = len(request.groups)
    what = "1 leak from one test into the next" if number == 1 else f"{number} leaks from one test into the next"
    commits = "one commit" if len(request.commits) == 1 else f"{len(request.commits)} commits, each to be read alone"
    return f"This removes {what}, in {commits}. Only the fixtures named below change; the program does not.\n\nMade with `rescope migrate`."


# --- what to look at first ------------------------------------------------------------------------


def _look_first(report: Report, request: PullRequest) -> Iterator[str]:
    doubts = [(group, doubt) for group in request.groups if (doubt := _doubt(group, request))]
    ranked = sorted(doubts, key=lambda pair: (pair[1][0], pair[0].finding.subject.address))[:_FIRST]
    lines = [f"{n}. {_named(group.finding.subject, request)}: {escaped(why)}" for n, (group, (_, why)) in enumerate(ranked, 1)]
    if not lines:
        lines = [f"Nothing stands out; begin with {_named(request.groups[0].finding.subject, request)}."]
    if report.failures:
        lines.append("\nSome files could not be analysed; they are listed below.")
    yield "### What to look at first\n\n" + "\n".join(lines)


def _doubt(group: ChangeGroup, request: PullRequest) -> tuple[int, str] | None:
    """How urgent a second look is (0 is most) and why; None where nothing asks for one."""
    if group.applicability is Applicability.UNSAFE:
        return 0, f"not safe: {group.caveat}"
    if group.finding.confidence is not Confidence.HIGH:
        return 1, f"the finding is of {group.finding.confidence.value} confidence"
    if len(group.dependents) >= _MANY:
        return 2, f"{len(group.dependents)} dependents follow"
    if group.caveat:
        return 3, group.caveat
    if any(isinstance(e, AddResetFixture) and e.creates_file for e in group.edits):
        return 4, "it adds a conftest.py"
    tests = max((request.uses.get(e.address, 0) for e in group.edits if isinstance(e, ChangeScope)), default=0)
    return (5, f"{_count(tests, 'test')} will each set it up") if tests else None


def _named(subject: Subject, request: PullRequest) -> str:
    return f"{code(subject.name)} ({link(place(subject), request.links)})"


# --- what leaked, what is kept --------------------------------------------------------------------


def _leaks(report: Report, request: PullRequest) -> Iterator[str]:
    yield f"### What leaked, and how it is known\n\nLines are those of {code(request.base[:12])}, before the change."
    for group in request.groups:
        yield "\n".join(finding_lines(report, group, request.links))


def _not_done(report: Report, request: PullRequest) -> Iterator[str]:
    told = {g.finding.subject.address for g in (*request.groups, *(g for other in request.beside for g in other.groups))}
    told |= {s.subject.address for s in request.left_out}
    others = [g for g in report.plan.groups if g.finding.subject.address not in told]
    lines = [f"- {_named(s.subject, request)} {escaped(s.reason)}" for s in request.left_out]
    lines += [f"- {_named(g.finding.subject, request)} {g.finding.code}, {escaped(_why_not(g))}" for g in others]
    blocks = [
        *folded("found and not changed here", lines),
        *kept_block(report, request.links),
        *skipped_block(report, request.links),
        *failures_block(report, request.links),
    ]
    if blocks:
        yield "\n\n".join(["### What stays as it is, and why", *blocks])


def _why_not(group: ChangeGroup) -> str:
    return fix_sentence(group) if group.edits else group.caveat or "no fix"


# --- proof, cost, undo ----------------------------------------------------------------------------


def _verified(request: PullRequest) -> Iterator[str]:
    if request.table:
        yield request.table.rstrip()
    else:
        yield "### Before and after\n\nThe suite was not run for this text; `rescope verify` compares before and after in several orders."


def _cost(request: PullRequest) -> Iterator[str]:
    lines = list(dict.fromkeys(line for group in request.groups for line in _cost_lines(group, request)))
    yield "### What it costs\n\n" + "\n".join(lines)


def _cost_lines(group: ChangeGroup, request: PullRequest) -> Iterator[str]:
    for edit in group.edits:
        if isinstance(edit, ChangeScope):
            tests = _count(request.uses.get(edit.address, 0), "test function")
            each = "for each test that uses it" if edit.after is Scope.FUNCTION else f"once per {edit.after}"
            yield f"- {code(edit.address.name)} was set up once per {edit.before}, now {each} ({tests})"
        elif isinstance(edit, AddResetFixture):
            folder = edit.path.rpartition("/")[0]
            yield f"- {code(edit.name)} runs around every test {f'below {code(folder)}' if folder else 'of the project'}"


def _undo(request: PullRequest) -> Iterator[str]:
    listed = "\n".join(f"- {escaped(subject)}" for subject in request.commits)
    yield (
        "### How to undo\n\n"
        "Before the merge: close this and delete the branch. After it: revert the merge, or single commits with `git revert`, "
        "the last of them first. To have one fixture stay broad for good, write `# rescope: keep <reason>` on its line.\n\n"
        f"The commits, in order:\n\n{listed}"
    )


def _beside(request: PullRequest) -> Iterator[str]:
    if not request.beside:
        return
    lines = [f"- {code(other.name)}: {_names(other)}{_shared(other.shared)}" for other in request.beside]
    yield (
        "### The other branches\n\nEach stands alone, and they can be merged in any order. Where two change one file, the second may "
        "conflict: delete that branch and run `rescope migrate` again, which goes on with what is left.\n\n" + "\n".join(lines)
    )


def _names(other: Sibling) -> str:
    return ", ".join(code(group.finding.subject.name) for group in other.groups)


def _shared(paths: Sequence[str]) -> str:
    return f"; also changes {', '.join(code(path) for path in paths)}" if paths else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
