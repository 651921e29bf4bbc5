"""State of the process, from the environment to random numbers and Django's models."""

import logging
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, cast

from rescope.observer.fingerprint import OBJECT, UNSET, Print, Reader
from rescope.observer.layout import Layouts, module_globals, namespace
from rescope.observer.state import RANDOM, Moved, State

MODELS = "Django models"
_PYTESTS_OWN = "PYTEST_CURRENT_TEST"
_FEW_NUMBERS = 4
_NO_LOOP_YET = "none yet"


class Readings:
    """Readings of one kind, each by the name that messages say; what is read is compared as a whole first.

    Where it `grows`, a name that appears is no change: the logger of a module that was just imported.
    """

    def __init__(self, *, kind: str, read: Callable[[], Any], spread: Callable[[Any], Mapping[str, Print]], grows: bool = False) -> None:
        self.kind = kind
        self.read = read
        self.spread = spread
        self.grows = grows
        self.last: Any = None
        self.prints: Mapping[str, Print] | None = None

    def moved(self) -> Iterator[Moved]:
        """What changed since the last look; the first look only remembers."""
        raw = self.read()
        if self.prints is not None and raw == self.last:
            return
        before_all, after_all = self.prints, self.spread(raw)
        self.last, self.prints = raw, after_all
        if before_all is None:
            return
        for name in dict.fromkeys((*before_all, *after_all)):
            before, after = before_all.get(name, UNSET), after_all.get(name, UNSET)
            if before != after and not (self.grows and before is UNSET):
                yield Moved(state=State(kind=self.kind, name=name), before=before, after=after)


def module_name(name: str) -> str:
    """A module as messages say it."""
    return f"sys.modules[{name!r}]"


def process_readings() -> tuple[Readings, ...]:
    """Environment, working directory and search path."""
    return (
        Readings(kind="environment", read=_raw_environment, spread=_environment),
        Readings(kind="working directory", read=_directory, spread=lambda d: {"the working directory": d}),
        Readings(kind="search path", read=lambda: [p for p in sys.path if type(p) is str], spread=lambda p: {"sys.path": p}),
    )


def wide_readings(reader: Reader) -> tuple[Readings, ...]:
    """What only `--rescope=all` looks at, beside modules: logging, the event loop, random numbers and the models that Django knows."""
    layouts = reader.layouts
    return (
        Readings(kind="event loop", read=lambda: _event_loop(layouts), spread=lambda found: {"the current event loop": found}),
        Readings(kind="logging", read=lambda: _logging(layouts), spread=lambda _: _by_logger(reader), grows=True),
        Readings(kind=RANDOM, read=_random, spread=lambda found: found),
        Readings(kind=MODELS, read=lambda: _models(layouts), spread=lambda _: _by_model(reader)),
    )


def warning_filters() -> Readings:
    """The filters of `warnings`, by their text: pytest puts copies in place around each test."""
    import warnings

    def read() -> tuple[int, ...]:
        return tuple(map(id, chain.from_iterable(warnings.filters)))

    def spread(_: object) -> dict[str, Print]:
        return {"warnings.filters": [tuple(_plain(part) for part in entry) for entry in warnings.filters]}

    return Readings(kind="warnings", read=read, spread=spread)


def _plain(part: object) -> object:
    return part if type(part) in {str, int, type(None)} else id(part)


def _raw_environment() -> dict[Any, Any]:
    """The environment without decoding each name and value, where the interpreter shows it."""
    raw = getattr(os.environ, "_data", None)
    found: dict[Any, Any] = raw.copy() if type(raw) is dict else dict(os.environ)
    found.pop(_PYTESTS_OWN, None)
    found.pop(_PYTESTS_OWN.encode(), None)
    return found


def _environment(found: Mapping[Any, Any]) -> dict[str, Print]:
    plain = ((os.fsdecode(name), os.fsdecode(value)) for name, value in found.items())
    return {f"os.environ[{name!r}]": value for name, value in plain}


def _directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a string is wanted, and nothing resolved
    except OSError:
        return "a folder that is gone"


def _loggers(layouts: Layouts) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What each logger holds, by its name."""
    for name, logger in [("root", logging.root), *list(logging.root.manager.loggerDict.items())]:
        if type(logger) is logging.PlaceHolder:
            continue
        if type(logger) is logging.Logger:  # nearly all are: without the detour
            held: Mapping[str, Any] = logger.__dict__
        else:
            read = layouts.of(logger).attributes
            held = read(logger) if read else {}
        if "handlers" in held:
            yield name, held


def _logging(layouts: Layouts) -> dict[str, object]:
    """Level, switches, handlers and filters of each logger, by name; the latter by identity."""
    found: dict[str, object] = {"": logging.root.manager.disable}
    for name, held in _loggers(layouts):
        handlers, filters = held["handlers"], held.get("filters", ())
        lists = (tuple(map(id, handlers)) if handlers else (), tuple(map(id, filters)) if filters else ())
        found[name] = (held.get("level"), held.get("disabled"), held.get("propagate"), *lists)
    return found


def _by_logger(reader: Reader) -> dict[str, Print]:
    """The same for people, without the handlers that pytest puts on and takes off around each test.

    It puts them on the root logger and, of late, on loggers that do not propagate: on any other it was a test.
    """
    found: dict[str, Print] = {"logging of ''": logging.root.manager.disable}
    for name, held in _loggers(reader.layouts):
        inside: dict[str, Print] = {key: reader.take(held.get(key), depth=0, budget=1) for key in ("level", "disabled", "propagate")}
        pytest_was_here = name == "root" or not held.get("propagate")
        handlers = list(held["handlers"] or ())
        inside["handlers"] = [reader.identity(each) for each in handlers if not (pytest_was_here and _is_pytests(each))]
        inside["filters"] = [reader.identity(each) for each in list(held.get("filters") or ())]
        found[f"logging of {name!r}"] = (OBJECT, 0, "Logger", inside, True)
    return found


def _is_pytests(handler: object) -> bool:
    home = namespace(type(handler)).get("__module__")
    return type(home) is str and home.startswith("_pytest.")


def _event_loop(layouts: Layouts) -> str:
    """What `asyncio.get_event_loop()` would come to in this thread, without asking it: it makes a loop where none was ever set."""
    held = loop_holder(layouts)
    if held is None:
        return _NO_LOOP_YET
    loop = held.get("_loop")
    if loop is None:
        return "none, and none will be made" if held.get("_set_called") else _NO_LOOP_YET
    return "a closed one" if _held(layouts, loop).get("_closed") is True else "an open one"


def loop_holder(layouts: Layouts) -> dict[str, Any] | None:
    """Where the event loop policy keeps the current loop of this thread, None where there is no such place."""
    events = sys.modules.get("asyncio.events")
    policy = module_globals(events).get("_event_loop_policy") if events is not None else None
    if policy is None:
        return None
    local = _held(layouts, policy).get("_local")
    if not issubclass(type(local), threading.local):
        return None
    return cast("dict[str, Any]", threading.local.__getattribute__(cast("threading.local", local), "__dict__"))


def model_registry(layouts: Layouts) -> dict[str, dict[str, type]]:
    """Django's models by the label of their app and their name, as they are registered; empty where Django is not loaded."""
    registry = sys.modules.get("django.apps.registry")
    if registry is None:
        return {}
    apps = module_globals(registry).get("apps")
    found = _held(layouts, apps).get("all_models")
    return cast("dict[str, dict[str, type]]", found) if isinstance(found, dict) else {}


def model_name(label: str, name: str) -> str:
    """A model as messages say it."""
    return f"the Django model {label}.{name}"


def _models(layouts: Layouts) -> dict[str, tuple[int, ...]]:
    return {label: tuple(map(id, models.values())) for label, models in list(model_registry(layouts).items())}


def _by_model(reader: Reader) -> dict[str, Print]:
    registered = list(model_registry(reader.layouts).items())
    return {model_name(label, name): reader.identity(model) for label, models in registered for name, model in list(models.items())}


def _held(layouts: Layouts, value: object) -> Mapping[str, object]:
    read = layouts.of(value).attributes
    return (read(value) if read else None) or {}


def _random() -> dict[str, Print]:
    _, inside, gauss = random.getstate()
    # Each draw moves the last number, the position; a new seed, or 624 draws, changes all others.
    found: dict[str, Print] = {"random": hash((inside[:_FEW_NUMBERS], inside[-1], gauss))}
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        try:
            state = cast("Any", numpy).get_state(legacy=False)["state"]
            found["numpy.random"] = (state["key"].tobytes(), state["pos"])
        except Exception:  # noqa: BLE001 - a numpy that is half imported or replaced by a test double
            found.pop("numpy.random", None)
    return found
