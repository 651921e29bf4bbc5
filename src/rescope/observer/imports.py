"""How the observer's own modules are imported."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


@contextmanager
def imports_as_they_are(config: "pytest.Config") -> Iterator[None]:
    """Import without assertion rewriting: pytest does it to all modules of a plugin, which makes their import three times as long."""
    hook = config.pluginmanager.rewrite_hook
    at = next((number for number, finder in enumerate(sys.meta_path) if id(finder) == id(hook)), None)
    if at is None:
        yield
        return
    taken = sys.meta_path.pop(at)
    try:
        yield
    finally:  # others may have put finders of theirs there meanwhile
        sys.meta_path.insert(at, taken)
