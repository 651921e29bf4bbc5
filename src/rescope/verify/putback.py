"""A pytest plugin that puts chosen states back, right before the last test, to what they were before the first one.

If that test then ends as it does alone, these states carry what it depends on. Values are read as the observer reads them, and
written past the methods of the project: into the namespaces, dicts, lists and attributes themselves. It runs in the project's
interpreter, beside a copy of the observer. A JSON file beside it holds the [kind, name] of each of the "states"; where it names
"places" in them, these alone are put back, and if it is "late", to what the set-ups for many tests have left. Another one takes
the [place, was, now] of all that had changed.
"""

import asyncio
import json
import logging
import os
import random
import sys
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from rescope.observer.fingerprint import OVERRIDES, UNSET, Reader, is_setting, shown
from rescope.observer.layout import ATOMS, Kind, Layout, Layouts, is_class, module_globals, namespace
from rescope.observer.modules import resolve
from rescope.observer.process import MODELS, loop_holder, model_name, model_registry, module_name
from rescope.observer.state import IMPORT, MODULE, RANDOM

_DEPTH, _MOST, _SAID = 4, 5000, 50

PutBack = Callable[[], object]
Wanted = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class _Part:
    """A place that has changed: what stood there, what does, and what puts that alone back."""

    where: str
    was: object
    now: object
    back: PutBack


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class _Held:
    """What one container held: all of it is put `back`, in its order, or one by one what has `changed`."""

    back: PutBack
    changed: Callable[[], Iterable[_Part]] = tuple


def pytest_configure(config: pytest.Config) -> None:
    """Begin."""
    asked = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    layouts = Layouts(root=str(config.rootpath / "_")[:-1], known={})
    wanted = [(kind, name) for kind, name in asked["states"]]
    keeper = _Keeper(layouts=layouts, wanted=wanted, places=asked["places"], late=asked["late"])
    config.pluginmanager.register(keeper, "rescope-keeper")


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class _Keeper:
    """Remembers each state when the observer would see it first, and puts all of them back before the last test."""

    layouts: Layouts
    wanted: list[Wanted]
    places: list[str]
    late: bool
    values: dict[str, object] = field(default_factory=dict)
    kept: dict[Wanted, list[_Held]] = field(default_factory=dict)

    def pytest_collection_finish(self) -> None:
        """The first look. The filters of warnings are pytest's own at this point."""
        if not self.late:
            self._keep("warnings")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, nextitem: pytest.Item | None) -> Generator[None, object, object]:
        """Remember what came with the test before, and put back where no other test follows."""
        if not self.late:
            self._keep()
        if nextitem is None:
            self._put_back()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Before the test's own code, behind its set-ups."""
        self._keep()
        return (yield)

    def _put_back(self) -> None:
        """Put back, and write down what had changed: what is there now before that, what was there when its insides are back."""
        every = [held for several in self.kept.values() for held in several]
        parts = [part for held in every for part in _seen(held)]
        now = [self._said(part.now) for part in parts]
        for back in [p.back for p in parts if p.where in self.places] if self.places else [held.back for held in every]:
            back()
        said = [(part.where, self._said(part.was), there) for part, there in zip(parts, now, strict=True)]
        Path(__file__).with_suffix(".places.json").write_text(json.dumps(said), "utf-8")

    def _said(self, value: object) -> str:
        return shown(Reader(layouts=self.layouts).take(value, depth=1, budget=_SAID))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: "pytest.FixtureDef[Any]") -> Generator[None, object, object]:
        """The value of a broad fixture is remembered as its set-up leaves it, and what is `late` before the set-up of a narrow one."""
        if self.late and fixturedef.scope == "function":
            self._keep()
        made = yield
        if fixturedef.scope != "function":
            self.values[fixturedef.argname] = made
            if ("fixture", fixturedef.argname) in self.wanted:
                self.kept.setdefault(("fixture", fixturedef.argname), []).extend(self._contents(made))
            if not self.late:
                self._keep("warnings")
        return made

    def _keep(self, *later: str) -> None:
        for wanted in self.wanted:
            if wanted not in self.kept and wanted[0] not in later:
                found = list(self._state(*wanted))
                if found:
                    self.kept[wanted] = found

    def _state(self, kind: str, name: str) -> Iterator[_Held]:
        """What puts a state back to what it is now; nothing where it is not there yet."""
        if kind in _PROCESS:
            back = _PROCESS[kind](self.layouts, name)
            if back is not None:
                yield _Held(back=back)
        elif kind == "overrides":
            yield from self._overrides(name.removesuffix(f".{OVERRIDES}"))
        elif kind != "fixture":
            yield from self._member(name)

    def _overrides(self, holder: str) -> Iterator[_Held]:
        module, inner = _split(holder)
        value = resolve(module_globals(sys.modules.get(module)), tuple(inner.split("."))) if module else None
        if not module and holder.partition(".")[0] in self.values:
            value = self.values[holder.partition(".")[0]]
            value = self.layouts.attribute(value, "app") if holder.endswith(".app") else value
        table = self.layouts.attribute(value, OVERRIDES)
        if table is not None:
            yield from self._contents(table)

    def _member(self, name: str) -> Iterator[_Held]:
        """A global, or an attribute of a class: what it is bound to, and what that holds."""
        module, inner = _split(name)
        if not module:
            return
        *outer, last = inner.split(".")
        members = module_globals(sys.modules[module])
        owner = resolve(members, tuple(outer)) if outer else None
        if outer and not is_class(owner):
            return
        names = namespace(cast("type", owner)) if outer else members
        value = names.get(last, UNSET)
        back = partial(_set_attribute, cast("type", owner), last, value) if outer else partial(_set_item, members, last, value)

        def changed() -> Iterator[_Part]:
            now = names.get(last, UNSET)
            if not _is_same(value, now):
                yield _Part(where="", was=value, now=now, back=back)

        yield _Held(back=back, changed=changed)
        yield from self._contents(resolve(members, tuple(inner.split("."))))

    def _contents(self, value: object) -> Iterator[_Held]:
        return self._walked(value, "", _DEPTH, {})

    def _walked(self, value: object, where: str, depth: int, seen: dict[int, object]) -> Iterator[_Held]:
        """What puts back the insides of a value as far as the observer looks into it."""
        layout = self.layouts.of(value)
        if depth < 0 or id(value) in seen or len(seen) > _MOST:
            return
        seen[id(value)] = value
        inside: list[tuple[str, object]] = []
        if layout.base is not object:
            inside = yield from _container(value, where, layout)
        elif layout.kind is Kind.CACHE:
            yield _Held(back=partial(_empty, value, cast("Any", value).cache_info().currsize))
        if layout.kind is Kind.OBJECT or layout.own:
            inside += yield from _attributes(value, where, layout)
        for place, each in inside:
            yield from self._walked(each, place, depth - 1, seen)


def _split(name: str) -> tuple[str, str]:
    """A dotted name as that of the loaded module and the rest; no module where none is known."""
    parts = name.split(".")
    cuts = (n for n in range(len(parts) - 1, 0, -1) if ".".join(parts[:n]) in sys.modules)
    cut = next(cuts, 0)
    return ".".join(parts[:cut]), ".".join(parts[cut:])


# --- values ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class _Places:
    """The items, or the attributes, of one value: how they are called, set and taken away."""

    where: str
    put: Callable[[Any, object], object]
    drop: Callable[[Any], object]
    attributes: bool = False

    def named(self, key: object) -> str:
        """The place as messages say it."""
        if self.attributes and type(key) is str:
            return f"{self.where}.{key}"
        return f"{self.where}[{shown(key) if id(type(key)) in ATOMS else f'<{type(key).__name__}>'}]"


def _seen(held: _Held) -> list[_Part]:
    """What has changed in a container, nothing where a key of the project's, which has to be compared for that, does not allow it."""
    try:
        return list(held.changed())
    except Exception:  # noqa: BLE001 - whatever the keys raise
        return []


def _is_same(was: object, now: object) -> bool:
    """Whether nothing has changed: the same object, or an equal one of a plain type."""
    return was is now or (type(was) is type(now) and id(type(was)) in ATOMS and was == now)


def _differing(now: Mapping[Any, object], held: Mapping[Any, object], places: _Places) -> Iterator[_Part]:
    for key in dict.fromkeys((*held, *now)):
        was, is_now = dict.get(cast("dict[Any, object]", held), key, UNSET), dict.get(cast("dict[Any, object]", now), key, UNSET)
        if not _is_same(was, is_now):
            back = partial(places.drop, key) if was is UNSET else partial(places.put, key, was)
            yield _Part(where=places.named(key), was=was, now=is_now, back=back)


def _container(value: object, where: str, layout: Layout) -> Generator[_Held, None, list[tuple[str, object]]]:
    if layout.base is dict:
        of: Any = OrderedDict if isinstance(value, OrderedDict) else dict  # an ordered dict breaks if it is changed as a plain one
        members = cast("dict[object, object]", value)
        held = dict.copy(members)
        places = _Places(where=where, put=partial(of.__setitem__, value), drop=partial(of.__delitem__, value))
        yield _Held(back=partial(_refill, of, value, held), changed=lambda: _differing(dict.copy(members), held, places))
        return [(places.named(key), each) for key, each in held.items()]
    items = list(cast("Any", layout.base).__iter__(value))
    if layout.base in {list, deque, set, bytearray}:
        back = partial(_extend, layout.base, value, items)

        def changed() -> Iterator[_Part]:
            now = list(cast("Any", layout.base).__iter__(value))
            if len(now) != len(items) or not all(map(_is_same, items, now)):
                yield _Part(where=where, was=layout.base(items), now=layout.base(now), back=back)

        yield _Held(back=back, changed=changed)
    return [(f"{where}[{number}]", each) for number, each in enumerate(items)]


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


def _attributes(value: object, where: str, layout: Layout) -> Generator[_Held, None, list[tuple[str, object]]]:
    """All attributes of an object of the project's, of a library's what users set on it."""
    inside: list[tuple[str, object]] = []
    if layout.attributes is not None:
        members = layout.attributes(value)
        held = _watched(members, layout)
        put, drop = partial(dict.__setitem__, members), partial(dict.__delitem__, members)
        places = _Places(where=where, put=put, drop=drop, attributes=True)
        yield _Held(back=partial(_set_all, members, held, layout), changed=lambda: _differing(_watched(members, layout), held, places))
        inside += [(places.named(name), each) for name, each in held.items()]
    for name, read in layout.slots:
        slot, place = cast("Any", read).__self__, f"{where}.{name}"
        found = _read(read, value)
        back = partial(_unset, slot, value) if found is UNSET else partial(slot.__set__, value, found)
        yield _Held(back=back, changed=partial(_in_slot, place, value, read, found, back))
        inside += [] if found is UNSET else [(place, found)]
    return inside


def _watched(members: dict[str, object], layout: Layout) -> dict[str, object]:
    return {n: v for n, v in dict.items(members) if layout.own or is_setting(n)}


def _read(read: Callable[[object], object], value: object) -> object:
    try:
        return read(value)
    except AttributeError:
        return UNSET


def _in_slot(where: str, value: object, read: Callable[[object], object], was: object, back: PutBack) -> Iterator[_Part]:
    now = _read(read, value)
    if not _is_same(was, now):
        yield _Part(where=where, was=was, now=now, back=back)


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
