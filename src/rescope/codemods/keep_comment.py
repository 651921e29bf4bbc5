"""A user's keep as a comment on a definition."""

import io
import tokenize

_ENDS = frozenset({tokenize.NEWLINE, tokenize.NL})


def with_keep_comment(source: bytes, line: int, reason: str) -> bytes | None:
    """The bytes with `# rescope: keep` at the end of a line; None where a comment cannot stand there, or one already does."""
    rows = source.splitlines(keepends=True) if b"\r" not in source.replace(b"\r\n", b"") else []
    if not 0 < line <= len(rows) or not _has_room(source, line):
        return None
    text = rows[line - 1].rstrip(b"\r\n")
    try:
        comment = f"# rescope: keep {reason}".encode(tokenize.detect_encoding(io.BytesIO(source).readline)[0])
    except UnicodeEncodeError:
        return None
    gap = b"" if text.endswith(b"  ") else b"  "
    rows[line - 1] = text + gap + comment + rows[line - 1][len(text) :]
    return b"".join(rows)


def _has_room(source: bytes, line: int) -> bool:
    """Whether the row ends where code may end: not within a string, before no backslash, after no comment."""
    try:
        kinds = {token.type for token in tokenize.tokenize(io.BytesIO(source).readline) if token.end[0] == line == token.start[0]}
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError):
        return False
    return bool(kinds & _ENDS) and tokenize.COMMENT not in kinds
