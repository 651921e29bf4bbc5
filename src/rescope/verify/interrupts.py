"""Signals: a request to end becomes a KeyboardInterrupt, and waits while something is begun or tidied up."""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def signals_raise() -> Iterator[None]:
    """A request to end is a KeyboardInterrupt inside, so that everything is tidied up on the way out."""
    with _handled(_interrupt, *_ending()):
        yield


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """What happens inside is not interrupted; the interrupt is heard afterwards."""
    heard: list[int] = []
    with _handled(lambda number, _: heard.append(number), signal.SIGINT, *_ending()):
        yield
    if heard:
        raise KeyboardInterrupt


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _ending() -> tuple[signal.Signals, ...]:
    return (signal.SIGTERM,) if sys.platform == "win32" else (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def _handled(handler: Callable[[int, FrameType | None], None], *numbers: signal.Signals) -> Iterator[None]:
    # Only the main thread may set handlers, and what is ignored (nohup) stays so.
    main = threading.current_thread() is threading.main_thread()
    numbers = tuple(n for n in numbers if main and signal.getsignal(n) is not signal.SIG_IGN)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
