"""Addresses made from names."""

import re
import unicodedata

MAX_LENGTH = 60
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d"})


def slugify(name: str) -> str:
    """Lower-case ASCII words joined by hyphens; `project` if nothing is left."""
    folded = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    ascii_only = folded.encode("ascii", "ignore").decode()
    slug = "-".join(re.findall(r"[a-z0-9]+", ascii_only.replace("'", "")))
    if len(slug) > MAX_LENGTH:
        slug = slug[: MAX_LENGTH + 1].rpartition("-")[0] or slug[:MAX_LENGTH]
    return slug or "project"
