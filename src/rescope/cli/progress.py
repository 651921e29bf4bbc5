"""What a long analysis is at, on one line of stderr that is gone afterwards; nothing where nobody looks."""

import contextlib
import sys
import time
from collections.abc import Iterator

from rescope.loading import Tell, silent

ERASE = "\r\x1b[K"
_PATIENCE = 0.5


@contextlib.contextmanager
def progress(*, quiet: bool) -> Iterator[Tell]:
    """A function that shows what is being done, from half a second on, where stderr is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield silent
        return
    started = time.monotonic()

    def tell(what: str) -> None:
        if time.monotonic() - started > _PATIENCE:
            print(f"{ERASE}{what}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        print(ERASE, end="", file=sys.stderr, flush=True)
