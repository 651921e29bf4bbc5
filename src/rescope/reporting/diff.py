"""File changes as a unified diff that `git apply` takes, or as numbers."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rescope.model.plan import ChangeGroup, FileChange
from rescope.reporting.text import fix_sentence

_NO_NEWLINE = b"\n\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """File changes that belong together, and what is said above them."""

    remarks: tuple[str, ...] = ()
    changes: tuple[FileChange, ...]


def finding_part(group: ChangeGroup, changes: tuple[FileChange, ...]) -> Part:
    """The changes of one finding, with the finding, its reason and how safe they are."""
    finding = group.finding
    where = f"{finding.subject.address.path}:{finding.subject.line}:{finding.primary.column}"
    above = () if changes else ("its edits stand above",)
    return Part(
        remarks=(f"{where}: {finding.code} {finding.message}", f"reason: {finding.reason}", fix_sentence(group), *above), changes=changes
    )


def render_parts(parts: Iterable[Part], prefix: str = "") -> bytes:
    """One patch of all parts; remarks are comment lines, which `git apply` passes over."""
    return b"".join(piece for part in parts for piece in (*_comments(part), render_diff(part.changes, prefix)))


def _comments(part: Part) -> Iterator[bytes]:
    for remark in part.remarks:
        yield b"# %b\n" % " ".join(remark.split()).encode()


def render_diff(changes: Iterable[FileChange], prefix: str = "") -> bytes:
    """The patch as bytes: files may have any encoding and line ending.

    `prefix` is the way from the top of the repository to the project: git takes names from the top only.
    """
    return b"".join(line for change in changes for line in _file_diff(change, prefix))


def _file_diff(change: FileChange, prefix: str) -> Iterator[bytes]:
    path = (prefix + change.path).encode()
    old, new = _lines(change.before or b""), _lines(change.after)
    yield b"diff --git a/%b b/%b\n" % (path, path)
    if change.before is None:
        yield b"new file mode 100644\n"
    source = b"/dev/null" if change.before is None else b"a/" + path
    hunks = difflib.diff_bytes(difflib.unified_diff, old, new, source, b"b/" + path, lineterm=b"\n")
    for line in hunks:
        yield line if line.endswith(b"\n") else line + _NO_NEWLINE


def _lines(content: bytes) -> list[bytes]:
    """Lines as git sees them: parted by line feeds only."""
    parts = content.split(b"\n")
    lines = [part + b"\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def render_stat(changes: Iterable[FileChange]) -> str:
    """One line a file with added and removed lines, and a total."""
    rows = [(c.path, *_counts(c)) for c in changes]
    width = max((len(path) for path, _, _ in rows), default=0)
    lines = [f" {path:<{width}} | +{added} -{removed}" for path, added, removed in rows]
    plus, minus = sum(r[1] for r in rows), sum(r[2] for r in rows)
    files = f"{len(rows)} file{'' if len(rows) == 1 else 's'} changed"
    return "\n".join([*lines, f" {files}, {plus} insertions(+), {minus} deletions(-)"]) + "\n"


def _counts(change: FileChange) -> tuple[int, int]:
    body = render_diff([change]).split(b"\n")
    hunks = body[next((i for i, line in enumerate(body) if line.startswith(b"@@")), len(body)) :]
    return sum(line.startswith(b"+") for line in hunks), sum(line.startswith(b"-") for line in hunks)
