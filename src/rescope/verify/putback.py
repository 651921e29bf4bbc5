"""A pytest plugin that puts chosen states back, right before the last test, to what they were before the first one.

If that test then ends as it does alone, these states carry what it depends on. Values are read as the observer reads them, and
written past the methods of the project: into the namespaces, dicts, lists and attributes themselves. It runs in the project's
interpreter, beside a copy of the observer. A JSON file beside it holds the [kind, name] of each state.
"""

import asyncio
import json
import logging
import os
import random
import sys
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from rescope.observer.fingerprint import OVERRIDES, UNSET, is_setting
from rescope.observer.layout import Kind, Layout, Layouts, is_class, module_globals, namespace
from rescope.observer.modules import resolve
from rescope.observer.process import MODELS, loop_holder, model_name, model_registry, module_name
from rescope.observer.state import IMPORT, MODULE, RANDOM

_DEPTH, _MOST = 4, 5000

PutBack = Callable[[], object]
Wanted = tuple[str, str]


def pytest_configure(config: pytest.Config) -> None:
    """Begin."""
    wanted = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    layouts = Layouts(root=str(config.rootpath / "_")[:-1], known={})
    config.pluginmanager.register(_Keeper(layouts=layouts, wanted=[(kind, name) for kind, name in wanted]), "rescope-keeper")


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class _Keeper:
    """Remembers each state when the observer would see it first, and puts all of them back before the last test."""

    layouts: Layouts
    wanted: list[Wanted]
    values: dict[str, object] = field(default_factory=dict)
    kept: dict[Wanted, list[PutBack]] = field(default_factory=dict)

    def pytest_collection_finish(self) -> None:
        """The first look. The filters of warnings are pytest's own at this point."""
        self._keep("warnings")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, nextitem: pytest.Item | None) -> Generator[None, object, object]:
        """Remember what came with the test before, and put back where no other test follows."""
        self._keep()
        for act in [act for acts in self.kept.values() for act in acts if nextitem is None]:
            act()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: "pytest.FixtureDef[Any]") -> Generator[None, object, object]:
        """The value of a broad fixture is remembered as its set-up leaves it."""
        made = yield
        if fixturedef.scope != "function":
            self.values[fixturedef.argname] = made
            if ("fixture", fixturedef.argname) in self.wanted:
                self.kept.setdefault(("fixture", fixturedef.argname), []).extend(self._contents(made))
            self._keep("warnings")
        return made

    def _keep(self, *later: str) -> None:
        for wanted in self.wanted:
            if wanted not in self.kept and wanted[0] not in later:
                found = list(self._state(*wanted))
                if found:
                    self.kept[wanted] = found

    def _state(self, kind: str, name: str) -> Iterator[PutBack]:
        """What puts a state back to what it is now; nothing where it is not there yet."""
        if kind in _PROCESS:
            act = _PROCESS[kind](self.layouts, name)
            if act is not None:
                yield act
        elif kind == "overrides":
            yield from self._overrides(name.removesuffix(f".{OVERRIDES}"))
        elif kind != "fixture":
            yield from self._member(name)

    def _overrides(self, holder: str) -> Iterator[PutBack]:
        module, inner = _split(holder)
        value = resolve(module_globals(sys.modules.get(module)), tuple(inner.split("."))) if module else None
        if not module and holder.partition(".")[0] in self.values:
            value = self.values[holder.partition(".")[0]]
            value = self.layouts.attribute(value, "app") if holder.endswith(".app") else value
        table = self.layouts.attribute(value, OVERRIDES)
        if table is not None:
            yield from self._contents(table)

    def _member(self, name: str) -> Iterator[PutBack]:
        """A global, or an attribute of a class: what it is bound to, and what that holds."""
        module, inner = _split(name)
        if not module:
            return
        *outer, last = inner.split(".")
        members = module_globals(sys.modules[module])
        owner = resolve(members, tuple(outer)) if outer else None
        if outer and not is_class(owner):
            return
        value = (namespace(cast("type", owner)) if outer else members).get(last, UNSET)
        yield partial(_set_attribute, cast("type", owner), last, value) if outer else partial(_set_item, members, last, value)
        yield from self._contents(resolve(members, tuple(inner.split("."))))

    def _contents(self, value: object) -> Iterator[PutBack]:
        return self._walked(value, _DEPTH, {})

    def _walked(self, value: object, depth: int, seen: dict[int, object]) -> Iterator[PutBack]:
        """What puts back the insides of a value as far as the observer looks into it."""
        layout = self.layouts.of(value)
        if depth < 0 or id(value) in seen or len(seen) > _MOST:
            return
        seen[id(value)] = value
        inside: list[object] = []
        if layout.base is not object:
            inside = yield from _container(value, layout)
        elif layout.kind is Kind.CACHE:
            yield partial(_empty, value, cast("Any", value).cache_info().currsize)
        if layout.kind is Kind.OBJECT or layout.own:
            inside += yield from _attributes(value, layout)
        for each in inside:
            yield from self._walked(each, depth - 1, seen)


def _split(name: str) -> tuple[str, str]:
    """A dotted name as that of the loaded module and the rest; no module where none is known."""
    parts = name.split(".")
    cuts = (n for n in range(len(parts) - 1, 0, -1) if ".".join(parts[:n]) in sys.modules)
    cut = next(cuts, 0)
    return ".".join(parts[:cut]), ".".join(parts[cut:])


# --- values ---------------------------------------------------------------------------------------


def _container(value: object, layout: Layout) -> Generator[PutBack, None, list[object]]:
    if layout.base is dict:
        of = OrderedDict if isinstance(value, OrderedDict) else dict  # an ordered dict breaks if it is changed as a plain one
        held = dict.copy(cast("dict[object, object]", value))
        yield partial(_refill, of, value, held)
        return list(held.values())
    if layout.base in {list, deque, set, bytearray}:
        items = list(cast("Any", layout.base).__iter__(value))
        yield partial(_extend, layout.base, value, items)
        return items
    return list(cast("Any", layout.base).__iter__(value))


def _refill(of: Any, value: object, held: Mapping[Any, object]) -> None:  # noqa: ANN401 - a type of dicts
    of.clear(value)
    for key, each in held.items():
        of.__setitem__(value, key, each)


def _extend(of: Any, value: Any, items: list[object]) -> None:  # noqa: ANN401 - a type of containers, and one
    of.clear(value)
    (of.update if of is set else of.extend)(value, items)


def _empty(value: Any, size: int) -> None:  # noqa: ANN401 - functools' cache
    if value.cache_info().currsize != size:
        value.cache_clear()


def _attributes(value: object, layout: Layout) -> Generator[PutBack, None, list[object]]:
    """All attributes of an object of the project's, of a library's what users set on it."""
    inside: list[object] = []
    if layout.attributes is not None:
        members = layout.attributes(value)
        held = {n: v for n, v in dict.items(members) if layout.own or is_setting(n)}
        yield partial(_set_all, members, held, layout)
        inside += held.values()
    for _, read in layout.slots:
        slot = cast("Any", read).__self__
        try:
            found = read(value)
        except AttributeError:
            yield partial(_unset, slot, value)
        else:
            yield partial(slot.__set__, value, found)
            inside.append(found)
    return inside


def _unset(slot: Any, value: object) -> None:  # noqa: ANN401 - a member descriptor
    try:
        slot.__delete__(value)
    except AttributeError:
        return


def _set_all(members: dict[str, object], held: Mapping[str, object], layout: Layout) -> None:
    for name in [n for n in members if n not in held and (layout.own or is_setting(n))]:
        dict.__delitem__(members, name)
    dict.update(members, held)


def _set_item(members: Mapping[str, object], name: str, value: object) -> None:
    space = cast("MutableMapping[str, object]", members)
    if value is UNSET:
        space.pop(name, None)
    else:
        space[name] = value


def _set_attribute(owner: type, name: str, value: object) -> None:
    if value is not UNSET:
        type.__setattr__(owner, name, value)
    elif name in namespace(owner):
        type.__delattr__(owner, name)


# --- the process ----------------------------------------------------------------------------------


def _environment(_: Layouts, name: str) -> PutBack:
    held = {f"os.environ[{key!r}]": (key, value) for key, value in os.environ.items()}

    def put_back() -> None:
        for key in [key for key in os.environ if f"os.environ[{key!r}]" == name]:
            del os.environ[key]
        os.environ.update([held[name]] if name in held else [])

    return put_back


def _search_path(_: Layouts, _name: str) -> PutBack:
    return partial(sys.path.__setitem__, slice(None), sys.path.copy())


def _filters(_: Layouts, _name: str) -> PutBack:
    held = list[object](warnings.filters)

    def put_back() -> None:
        warnings.resetwarnings()  # which also forgets what was decided by the old ones
        cast("list[object]", warnings.filters).extend(held)

    return put_back


def _logger(_: Layouts, name: str) -> PutBack | None:
    """A logger that is not there yet is kept when it is."""
    manager = logging.root.manager
    loggers = {repr(key): logger for key, logger in [("root", logging.root), *manager.loggerDict.items()]}
    asked = name.removeprefix("logging of ")
    if asked == "''":
        return partial(logging.disable, manager.disable)
    logger = loggers.get(asked)
    if not isinstance(logger, logging.Logger):
        return None
    switches = {key: vars(logger)[key] for key in ("level", "disabled", "propagate")}
    handlers, filters = logger.handlers.copy(), logger.filters.copy()

    def put_back() -> None:
        vars(logger).update(switches)
        logger.handlers[:], logger.filters[:] = handlers, filters
        logger.setLevel(logger.level)  # which forgets what was asked of the old one

    return put_back


def _loop(layouts: Layouts, _: str) -> PutBack:
    held = loop_holder(layouts)
    before = {} if held is None else held.copy()

    def put_back() -> None:
        now = loop_holder(layouts)
        if now is None:
            return
        _refill(dict, now, before)
        loop = before.get("_loop")
        if isinstance(loop, asyncio.AbstractEventLoop) and loop.is_closed():
            now["_loop"] = asyncio.new_event_loop()

    return put_back


def _random(_: Layouts, name: str) -> PutBack | None:
    if name == "random":
        return partial(random.setstate, random.getstate())
    numpy = cast("Any", sys.modules.get("numpy.random"))
    return partial(numpy.set_state, numpy.get_state()) if numpy else None


def _model(layouts: Layouts, name: str) -> PutBack:
    """One entry of Django's registry; what Django worked out from the registry is worked out again."""
    held = {(label, key): model for label, models in model_registry(layouts).items() for key, model in models.items()}

    def put_back() -> None:
        registry = model_registry(layouts)
        known = {(label, key) for label, models in registry.items() for key in models}
        for label, key in [each for each in known | held.keys() if model_name(*each) == name]:
            if (label, key) in held:
                registry[label][key] = held[label, key]
            else:
                del registry[label][key]
        if "django.apps.registry" in sys.modules:
            sys.modules["django.apps.registry"].apps.clear_cache()

    return put_back


def _module(_: Layouts, name: str) -> PutBack:
    """An entry of `sys.modules`, and what the package above calls by that name: `import a.b` and `from a import b` ask either."""
    held = {module_name(key): (key, module) for key, module in sys.modules.items()}

    def put_back() -> None:
        key, module = held.get(name, ("", UNSET))
        for entry in [key] if key else [each for each in sys.modules if module_name(each) == name]:
            now = sys.modules.get(entry, UNSET)
            _set_item(sys.modules, entry, module)
            package, _, last = entry.rpartition(".")
            members = module_globals(sys.modules.get(package))
            if members.get(last, UNSET) is now:
                _set_item(members, last, module)

    return put_back


_PROCESS: dict[str, Callable[[Layouts, str], PutBack | None]] = {
    "environment": _environment,
    "working directory": lambda *_: partial(os.chdir, Path.cwd()),
    "search path": _search_path,
    "warnings": _filters,
    "logging": _logger,
    "event loop": _loop,
    RANDOM: _random,
    MODELS: _model,
    MODULE: _module,
    IMPORT: _module,
}
