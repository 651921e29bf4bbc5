"""What the reset fixtures of a plan are called: each by its state, or all of one file by one name."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rescope.model.edit import AddResetFixture, Edit
from rescope.model.plan import ChangeGroup
from rescope.planning.conftest_target import free_name
from rescope.rule import RuleContext

_SEPARATE_UP_TO = 3
_TABLE = "reset_state"


def name_resets(ctx: RuleContext, groups: Sequence[ChangeGroup]) -> Iterator[ChangeGroup]:
    """The groups in order; no name stands twice in a file, but where several resets are to become one fixture."""
    tables = _tables(ctx, groups)
    seen: set[str] = set()
    for group in groups:
        yield replace(group, edits=tuple(_named(edit, tables, seen) for edit in group.edits))


def _tables(ctx: RuleContext, groups: Sequence[ChangeGroup]) -> dict[str, str]:
    """The name of the one fixture, for each file that gets one for all."""
    counts = Counter(e.path for group in groups for e in group.edits if isinstance(e, AddResetFixture) and not e.fixture)
    least = {"auto": _SEPARATE_UP_TO + 1, "table": 1}.get(ctx.settings.reset_style)
    return {path: free_name(ctx, _TABLE, path) for path, count in counts.items() if least and count >= least}


def _named(edit: Edit, tables: Mapping[str, str], seen: set[str]) -> Edit:
    if not isinstance(edit, AddResetFixture):
        return edit
    if edit.path in tables and not edit.fixture:
        return replace(edit, name=tables[edit.path], table=True)
    module = edit.fixture or edit.steps[0].module.rpartition(".")[2]
    names = (edit.name, f"{edit.name}_of_{module}", *(f"{edit.name}_{k}" for k in range(2, 99)))
    name = next(n for n in names if n not in seen)
    seen.add(name)
    return replace(edit, name=name)
