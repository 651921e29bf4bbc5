"""What a user wants kept, written down so that later runs know it: beside the definition, else in pyproject.toml."""

import glob
import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from rescope.codemods import with_keep_comment
from rescope.model.finding import Subject

_CONFIG = "pyproject.toml"
_HEADER = re.compile(rb"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*rescope[ \t]*\.[ \t]*keep[ \t]*\][^\r\n]*", re.MULTILINE)


def with_keeps(root: Path, keeps: Iterable[tuple[Subject, str]]) -> tuple[dict[str, bytes], tuple[Subject, ...]]:
    """The files that the keeps change, by path, and the subjects whose keep can be written nowhere.

    A file is never made for it: a new pyproject.toml would be where pytest takes the project's root to be.
    """
    texts: dict[str, bytes] = {}
    homeless = []
    for subject, reason in keeps:
        path = subject.address.path
        said = " ".join(reason.split())
        new = with_keep_comment(_text(root, path, texts), subject.line, said)
        if new is None:
            path, new = _CONFIG, _with_entry(_text(root, _CONFIG, texts), f"{glob.escape(path)}::{glob.escape(subject.name)}", said)
        if new is None:
            homeless.append(subject)
        else:
            texts[path] = new
    return texts, tuple(homeless)


def _text(root: Path, path: str, texts: dict[str, bytes]) -> bytes:
    file = root / path
    return texts[path] if path in texts else file.read_bytes() if file.is_file() else b""


def _with_entry(source: bytes, key: str, reason: str) -> bytes | None:
    """The TOML file with one more keep, first in its table; None where that would change anything else."""
    newline = b"\r\n" if b"\r\n" in source else b"\n"
    entry = f"{json.dumps(key, ensure_ascii=False)} = {json.dumps(reason, ensure_ascii=False)}".encode()
    header = _HEADER.search(source)
    if not source:
        return None
    if header:
        new = source[: header.end()] + newline + entry + source[header.end() :]
    else:
        gap = newline if source.endswith(newline) else newline * 2
        new = source + gap + b"[tool.rescope.keep]" + newline + entry + newline
    try:
        before, after = (tomllib.loads(text.decode("utf-8-sig")) for text in (source, new))
        added = after["tool"]["rescope"]["keep"].pop(key)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, LookupError, TypeError, AttributeError):
        return None
    return new if added == reason and _pruned(after) == _pruned(before) else None


def _pruned(table: dict[str, object]) -> dict[str, object]:
    """The table without the empty ones in it, which a header alone makes."""
    inner = {key: _pruned(value) if isinstance(value, dict) else value for key, value in table.items()}
    return {key: value for key, value in inner.items() if value != {}}
