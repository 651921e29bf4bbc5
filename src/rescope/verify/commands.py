"""Commands for people: how to see the failure with plain pytest, and how to write the cure. Each was tried as it is printed."""

import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from rescope import vcs
from rescope.model.finding import Applicability
from rescope.model.plan import ChangeGroup
from rescope.model.report import Report
from rescope.model.verdict import Outcome
from rescope.verify.carrier import least_sure
from rescope.verify.pollution import Hunt


def pytest_commands(hunt: Hunt, test: str, calls: Sequence[tuple[Sequence[str], frozenset[Outcome]]]) -> tuple[str, ...]:
    """Calls of plain pytest that name these tests, and after each of which the test ends as wanted; () if there are none.

    They are tried in a fresh copy, and have the same options: what one shows beside the other hangs on the tests alone.
    """
    suite = hunt.lab.suite
    own = tuple(_without_places(suite.options, suite.root))
    for keeping in _keeping_order(hunt):
        if all(hunt.plainly((*own, *keeping, *tests)).outcomes.get(test) in wanted for tests, wanted in calls):
            return tuple(_shown(suite.root, suite.python, ("-m", "pytest", *own, *keeping, *tests)) for tests, _ in calls)
    return ()


def _keeping_order(hunt: Hunt) -> Iterator[tuple[str, ...]]:
    """Options under which pytest keeps the order of the command line, the shortest first."""
    seeded = (f"--randomly-seed={hunt.randomly}", "--randomly-dont-reorganize")
    randomly = "randomly" in hunt.plugins
    serial = ("--maxfail=0", *(("-n", "0") if "xdist" in hunt.plugins else ()))
    for order in (("-p", "no:randomly"), seeded) if randomly else ((),):
        yield order
    for order in (("-p", "no:randomly"), seeded) if randomly else ((),):
        yield (*order, *serial)


def _without_places(options: Sequence[str], root: Path) -> Iterator[str]:
    """The options without files and folders to collect: the command names its tests."""
    for before, option in zip(("", *options), options, strict=False):
        path = option.partition("::")[0]
        if option.startswith("-") or (before.startswith("-") and "=" not in before) or not (root / path).exists():
            yield option


def _shown(root: Path, python: Path, arguments: Sequence[str]) -> str:
    """What to type here: the interpreter by its short name where that is the same one, and the way to the root."""
    short = shutil.which("python")
    name = "python" if short and Path(os.path.abspath(short)) == python else str(python)  # noqa: PTH100 - no link is followed
    away = f"cd {shlex.quote(str(root))} && " if Path(os.path.realpath(Path.cwd())) != Path(os.path.realpath(root)) else ""
    return away + shlex.join([name, *arguments])


def fix_command(root: Path, report: Report, groups: Sequence[ChangeGroup]) -> str:
    """The call that writes these groups of the report."""
    names = dict.fromkeys(group.finding.subject.name for group in groups)
    only = [part for name in names for part in ("--only", name)]
    unsafe = ["--unsafe"] if any(group.applicability is Applicability.UNSAFE for group in groups) else []
    least = least_sure(report, groups)
    doubtful = [] if least is report.min_confidence else ["--min-confidence", least.value]
    unversioned = [] if vcs.is_tracked_tree(root) else ["--allow-no-vcs"]
    return shlex.join(["rescope", "fix", *only, *unsafe, *doubtful, *unversioned])
