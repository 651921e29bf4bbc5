"""Which of the states that stay changed carries a leak: the choice as a pure search, and the putting back in a real pytest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from projects import check, make_project
from rescope.verify.carrier import MOST_TRIED, carrying, prepare_observer

STATES = [
    ("global", "shop.rate"),
    ("global", "shop.added"),
    ("global", "shop.table"),
    ("global", "shop.ordered"),
    ("global", "shop.seen"),
    ("global", "shop.cart"),
    ("global", "shop.slotted"),
    ("global", "shop.request"),
    ("singleton", "shop.Shop.instance"),
    ("singleton", "shop.settings"),
    ("class attribute", "shop.Shop.level"),
    ("overrides", "shop.app.dependency_overrides"),
    ("fixture", "basket"),
    ("environment", "os.environ['SHOP']"),
    ("environment", "os.environ['HOME']"),
    ("working directory", "the working directory"),
    ("search path", "sys.path"),
    ("warnings", "warnings.filters"),
    ("Django models", "the Django model shop.made"),
    ("logging", "logging of 'shop'"),
    ("logging", "logging of 'root'"),
    ("logging", "logging of ''"),
    ("module", "sys.modules['colorsys']"),
    ("module", "sys.modules['winreg']"),
    ("import", "sys.modules['goods.fresh']"),
    ("event loop", "the current event loop"),
    ("random numbers", "random"),
]
EVERY_KIND = """\
# --- shop.py
import colorsys, functools, sys, urllib.request
import django.conf, django.db.models
from collections import OrderedDict, defaultdict

class Cart:
    def __init__(self): self.lines = {"tea": [1]}
    def __setattr__(self, name, value): object.__setattr__(self, name, value if name == "lines" else "spoilt")
class Slotted:
    __slots__ = ("size", "left")
    def __init__(self): self.size = 1
class Shop:
    instance = None
    level = 1
class App:
    def __init__(self): self.dependency_overrides = {}
@functools.lru_cache
def settings(name): return name

django.conf.settings.configure(INSTALLED_APPS=[])
django.setup()
def model(name):
    return type(name, (django.db.models.Model,), {"__module__": "shop", "Meta": type("Meta", (), {"app_label": "shop"})})

kept = model("Kept")
library = sys.modules["colorsys"]
rate = 1
table = defaultdict(list, a=[1])
ordered = OrderedDict(a=1, b=2)
seen = {1}
cart, slotted, app, request = Cart(), Slotted(), App(), urllib.request.Request("http://localhost")
# --- goods/__init__.py
# --- goods/fresh.py
# --- conftest.py
import pytest

@pytest.fixture(scope="session")
def basket(): return ["tea"]
# --- test_shop.py
import asyncio, json, logging, os, random, sys, types, warnings
import django, goods, shop

rolled = None

def wrong(basket):
    try:
        loop = not asyncio.get_event_loop_policy()._local._set_called
    except AttributeError:
        loop = True
    return [
        shop.rate == 1, not hasattr(shop, "added"), shop.table == {"a": [1]}, list(shop.ordered.items()) == [("a", 1), ("b", 2)],
        shop.seen == {1}, vars(shop.cart) == {"lines": {"tea": [1]}}, (shop.slotted.size, hasattr(shop.slotted, "left")) == (1, False),
        shop.request.headers == {}, shop.Shop.instance is None, not shop.settings.cache_info().currsize, shop.Shop.level == 1,
        not shop.app.dependency_overrides, basket == ["tea"], "SHOP" not in os.environ, os.environ["HOME"] != "/shop",
        os.getcwd() != "/", "/shop" not in sys.path, all(entry[2] is not UserWarning or entry[0] != "error" for entry in warnings.filters),
        list(django.apps.apps.all_models["shop"].values()) == [shop.kept],
        logging.getLogger("shop").level == 0, not any(type(h) is logging.NullHandler for h in logging.getLogger().handlers),
        logging.getLogger("shop.deep").isEnabledFor(logging.CRITICAL),
        sys.modules["colorsys"] is shop.library, "winreg" not in sys.modules,
        "goods.fresh" not in sys.modules and not hasattr(goods, "fresh"), loop, random.random() != rolled,
    ]

def test_first(basket): assert all(wrong(basket)[:-1])
def test_pollutes(basket):
    global rolled
    random.seed(7)
    rolled = random.random()
    random.seed(7)
    shop.rate = shop.added = 2
    shop.table["a"].append(2), shop.table["b"]
    shop.ordered.move_to_end("a")
    shop.seen.add(2)
    shop.cart.lines["tea"].append(2)
    vars(shop.cart)["size"] = 2
    shop.slotted.size = shop.slotted.left = 2
    shop.request.headers["a"] = "b"
    shop.Shop.instance, shop.Shop.level = shop.Shop(), 2
    shop.settings("a")
    shop.app.dependency_overrides["a"] = "b"
    basket.append("milk")
    os.environ |= {"SHOP": "1", "HOME": "/shop"}
    os.chdir("/")
    sys.path.append("/shop")
    shop.model("Made")
    logging.getLogger("shop").setLevel("ERROR")
    logging.getLogger().addHandler(logging.NullHandler())
    logging.disable()
    sys.modules["colorsys"] = sys.modules["winreg"] = types.ModuleType("winreg")
    import goods.fresh
    asyncio.set_event_loop(None)
def test_last(basket):
    with open(os.environ["LEFT"], "w") as file: json.dump([not right for right in wrong(basket)], file)
# --- pyproject.toml
[tool.pytest.ini_options]
pythonpath = ["."]
addopts = "-p filtering -p no:logging"
# --- filtering.py
import warnings, pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    result = yield
    if item.name == "test_pollutes":
        warnings.simplefilter("error", UserWarning)
    return result
"""


def _put_back(tmp_path: Path, root: Path, asked: dict[str, object]) -> tuple[Path, list[object]]:
    """A run of the project's tests in which that is put back: the plugin's folder, and what the last test found."""
    folder = prepare_observer(tmp_path / "observing", check(root))
    (folder / "rescope_put_back.json").write_text(json.dumps(asked), "utf-8")
    paths = os.pathsep.join([str(folder), str(root)])
    environ = {**os.environ, "PYTHONPATH": paths, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "LEFT": str(tmp_path / "left.json")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "rescope_put_back"]
    result = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder, json.loads((tmp_path / "left.json").read_text("utf-8"))


PLACES = """\
# --- shop.py
class Line:
    __slots__ = ("size", "left")

class Key:
    angry = False
    def __hash__(self): return 1
    def __eq__(self, other): return 1 / 0 if self.angry else False

class Cart:
    def __init__(self):
        self.line, self.names, self.goods, self.kinds = Line(), ["tea"], {"tea": 1, 2: {}}, {1}
        self.odd = {Key(): 1}

cart = Cart()
first = cart.line
# --- test_shop.py
import json, os
import shop

def test_first(): pass
def test_changes():
    shop.cart.line.size = 5
    shop.cart.names.append("milk")
    shop.cart.goods |= {"milk": 2}
    shop.cart.goods[2]["deep"] = True
    del shop.cart.goods["tea"]
    shop.cart.kinds = {2}
    shop.cart.added = "x"
    shop.cart.odd[shop.Key()] = 2
    shop.Key.angry = True
def test_last():
    left = [*shop.cart.names, *shop.cart.goods, shop.cart.goods[2], *shop.cart.kinds, hasattr(shop.cart, "added")]
    with open(os.environ["LEFT"], "w") as file: json.dump([*left, hasattr(shop.cart.line, "size"), len(shop.cart.odd)], file)
"""
CHANGED = [
    [".kinds", "{1}", "{2}"],
    [".added", "unset", "'x'"],
    [".line.size", "unset", "5"],
    [".names", "['tea']", "['tea', 'milk']"],
    [".goods['tea']", "1", "unset"],
    [".goods['milk']", "unset", "2"],
    [".goods[2]['deep']", "unset", "True"],
]


LENT = """\
# --- shop.py
retries = 3
# --- test_shop.py
import json, os
import shop

class TestMany:
    @classmethod
    def setup_class(cls): cls.lines = []
    def setup_method(self): shop.retries = 0
    def teardown_method(self): shop.retries = 3
    def test_changes(self): self.lines.append(1)

def test_last():
    left = [shop.retries, getattr(TestMany, "lines", "unset")]
    with open(os.environ["LEFT"], "w") as file: json.dump(left, file)
"""


@pytest.mark.parametrize(("late", "lines"), [(False, "unset"), (True, [])])
def test_what_set_ups_give(tmp_path: Path, late: bool, lines: object) -> None:  # noqa: FBT001
    """What a set-up makes for many tests is there when it is late; what one lends to a single test never is."""
    states = [("global", "shop.retries"), ("class attribute", "test_shop.TestMany.lines")]
    root = make_project(tmp_path / "project", LENT)
    _, left = _put_back(tmp_path, root, {"states": states, "places": [], "late": late})

    assert left == [3, lines]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([], ["tea", "tea", 2, {}, 1, False, False, 1]),
        ([".kinds", ".names"], ["tea", 2, "milk", {"deep": True}, 1, True, True, 2]),
        ([".added", ".goods['tea']", ".goods[2]['deep']"], ["tea", "milk", 2, "milk", "tea", {}, 2, False, True, 2]),
        ([".line.size", ".goods['milk']"], ["tea", "milk", 2, {"deep": True}, 2, True, False, 2]),
    ],
    ids=str,
)
def test_places_put_back(tmp_path: Path, places: list[str], expected: list[object]) -> None:
    """Of one state all places that have changed are told, and those that are asked for put back, or all of it in its order.

    A dict whose keys can't be compared has no places, and is still put back as a whole.
    """
    root = make_project(tmp_path / "project", PLACES)
    folder, left = _put_back(tmp_path, root, {"states": [("global", "shop.cart")], "places": places, "late": False})

    assert sorted(json.loads((folder / "rescope_put_back.places.json").read_text("utf-8"))) == sorted(CHANGED)
    assert left == expected


@pytest.mark.skipif(sys.platform == "win32", reason="the folders are those of other systems")
@pytest.mark.parametrize(
    "chosen", [(), range(len(STATES)), range(0, len(STATES), 2), range(1, len(STATES), 2)], ids=("none", "all", "odd", "even")
)
def test_states_put_back(tmp_path: Path, chosen: range) -> None:
    """States of every kind are put back before the last test, those that are asked for and no other."""
    root = make_project(tmp_path / "project", EVERY_KIND)
    _, left = _put_back(tmp_path, root, {"states": [STATES[n] for n in chosen], "places": [], "late": False})

    assert [state for state, is_left in zip(STATES, left, strict=True) if is_left] == [s for n, s in enumerate(STATES) if n not in chosen]


@pytest.mark.parametrize(
    ("count", "needed", "expected", "most"),
    [
        (1, {0}, {0}, 1),
        (9, {3}, {3}, 4),
        (9, {7}, {7}, 13),
        (9, {2, 6}, {2, 6}, 30),
        (9, {10}, set(), 5),
        (1, {10}, set(), 1),
    ],
)
def test_search_for_the_carrier(count: int, needed: set[int], expected: set[int], most: int) -> None:
    """The states that matter are found, few in few runs; none where not even all of them together matter."""
    tried = []

    def ends_otherwise(states: tuple[tuple[str, str, str], ...]) -> bool:
        tried.append(states)
        return needed <= {int(name) for _, _, name in states}

    found = carrying([("global", "", str(n)) for n in range(count)], ends_otherwise)

    assert found is not None
    assert {int(name) for _, _, name in found} == expected
    assert len(tried) <= most


def test_too_many_states_to_tell_apart() -> None:
    """Where a dozen of many states carry it together, the search gives up after so many runs."""
    tried = []

    def ends_otherwise(states: tuple[tuple[str, str, str], ...]) -> bool:
        tried.append(states)
        return {int(name) for _, _, name in states} >= set(range(0, 84, 7))

    assert carrying([("global", "", str(n)) for n in range(84)], ends_otherwise) is None
    assert len(tried) == MOST_TRIED
