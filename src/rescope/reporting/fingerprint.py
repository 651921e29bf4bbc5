"""A key for each finding that survives moved lines, for tools that compare one run with the next."""

import hashlib
from collections import Counter
from collections.abc import Iterable

from rescope.model.finding import Finding


def fingerprints(findings: Iterable[Finding]) -> tuple[str, ...]:
    """One key for each finding, in order: code, path and qualified name, and an ordinal where these are the same.

    Evidence is left out: a finding stays the same one when another test comes to rely on the state.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    keys = []
    for finding in findings:
        content = (finding.code, finding.subject.address.path, finding.subject.address.qualname)
        keys.append(_digest((*content, str(seen[content])) if seen[content] else content))
        seen[content] += 1
    return tuple(keys)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
