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
    finders, hook = sys.meta_path[:], id(config.pluginmanager.rewrite_hook)
    sys.meta_path[:] = [finder for finder in finders if id(finder) != hook]
    try:
        yield
    finally:
        sys.meta_path[:] = finders
