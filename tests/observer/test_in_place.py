"""How long a change is in place: until the same place of a value is changed again, whatever else moves beside it."""

import sys
from pathlib import Path

import pytest

from projects import make_project

KEYS = """\
# --- reg.py
R = {}


def put(key, value):
    R[key] = value


def price():
    return 10 * R.get("rate", 1)
# --- test_reg.py
import reg


def test_rate():
    reg.put("rate", 2)


def test_other():
    reg.put("other", 1)


def test_price():
    assert reg.price() == 20


def test_again():
    reg.put("rate", 3)


def test_later():
    assert reg.price() == 30
"""
NAMES = """\
# --- reg.py
class Box:
    def __init__(self):
        self.a = self.ab = 0


box = Box()
# --- test_reg.py
import reg


def test_a():
    reg.box.a = 1


def test_ab():
    reg.box.ab = 2


def test_later():
    pass
"""
BACK = """\
# --- reg.py
R = {}
# --- test_reg.py
import reg


def test_one():
    reg.R["a"] = 1


def test_two():
    reg.R["a"] = 2


def test_three():
    reg.R["b"] = 3


def test_back():
    del reg.R["b"]
    reg.R["a"] = 1


def test_later():
    pass
"""
HANDLER = """\
# --- test_log.py
import logging


def test_add():
    logging.getLogger().addHandler(logging.NullHandler())


def test_a():
    logging.getLogger().warning("shown")


def test_b():
    pass


def test_level():
    logging.getLogger().setLevel(logging.ERROR)


def test_c():
    pass
"""
CAPTURE = """\
# --- test_log.py
import logging

shop = logging.getLogger("shop")
cart = logging.getLogger("cart")
apart = logging.getLogger("apart")
apart.propagate = False


def test_left(caplog):
    shop.addHandler(caplog.handler)


def test_ended(caplog):
    cart.addHandler(caplog.handler)
    apart.addHandler(caplog.handler)
    cart.removeHandler(caplog.handler)
    apart.removeHandler(caplog.handler)


def test_later():
    apart.warning("shown")
"""
MANY = """\
# --- reg.py
R = {}
# --- test_reg.py
import pytest

import reg


@pytest.mark.parametrize("number", range(103))
def test_put(number):
    reg.R[number] = True


def test_later():
    pass
"""


ONE_OF_TWO = """\
# --- reg.py
R = {"a": 0, "b": 0}
# --- test_reg.py
import reg


def test_a():
    reg.R["a"] = 1


def test_b():
    reg.R["b"] = 1


def test_back():
    reg.R["a"] = 0


def test_again():
    reg.R["a"] = 1


def test_later():
    pass


def test_last():
    pass
"""
TWO_AT_ONCE = """\
# --- reg.py
R = {"a": 0, "b": 0}
# --- test_reg.py
import reg


def test_both():
    reg.R.update(a=1, b=1)


def test_a():
    reg.R["a"] = 2


def test_later():
    pass
"""
ADDED = """\
# --- reg.py
L, S, O = [], set(), {{}}
# --- test_reg.py
import reg

LONG = "a key of more than sixty characters, of which only the first are shown: "


def test_one():
    reg.{add}(LONG + "one")


def test_two():
    reg.{add}(LONG + "two")


def test_later():
    pass


def test_clear():
    reg.{name}.clear()
"""


WITHIN = """\
# --- reg.py
R = {"a": {"x": 0}}
# --- test_reg.py
import reg


def test_inner():
    reg.R["a"]["x"] = 1


def test_outer():
    reg.R["a"] = 5


def test_new():
    reg.R["n"] = {}


def test_fill():
    reg.R["n"]["k"] = 1


def test_drop():
    del reg.R["n"]
"""
WHOLE = """\
# --- reg.py
R = {}
# --- test_reg.py
import reg


def test_many():
    reg.R.update((number, 0) for number in range(60))


def test_one():
    reg.R[5] = 1


def test_later():
    pass
"""


def _in_place(seen: dict) -> dict[tuple[str, str], int]:
    return {(c["test"].partition("::")[2], c["where"]): c["in_place"] for c in seen["changes"]}


def test_keys_of_one_dict_stand_side_by_side(tmp_path: Path, observe) -> None:
    """A change of one key ends none of another; the next change of the same key does."""
    out, seen = observe(make_project(tmp_path, KEYS), "--rescope=all")

    assert "5 passed" in out
    assert _in_place(seen) == {("test_rate", "['rate']"): 3, ("test_other", "['other']"): 3, ("test_again", "['rate']"): 1}


def test_a_name_that_begins_like_another_is_another_place(tmp_path: Path, observe) -> None:
    """`.ab` is no part of `.a`."""
    _, seen = observe(make_project(tmp_path, NAMES), "--rescope=all")

    assert _in_place(seen) == {("test_a", ".a"): 2, ("test_ab", ".ab"): 1}


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="lines are watched")
def test_who_is_seen_in_the_source_to_use_a_dict(tmp_path: Path, observe) -> None:
    """What was changed again before a test is not what it uses."""
    _, seen = observe(make_project(tmp_path, KEYS))

    read = {c["test"].partition("::")[2]: c["read_by"] for c in seen["changes"]}
    assert read == {"test_rate": 3, "test_other": 3, "test_again": 1}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="lines are not watched")
def test_who_reads_a_dict_reads_all_that_stands_in_it(tmp_path: Path, observe) -> None:
    """The test that fails for one key is told to read it, though another test has changed another key meanwhile."""
    _, seen = observe(make_project(tmp_path, KEYS), "--rescope=all")

    read = {c["test"].partition("::")[2]: (c["read_by"], c["first_reader"], c["read_at"]) for c in seen["changes"]}
    assert read["test_rate"] == (1, "test_reg.py::test_price", "reg.py:9")
    assert read["test_other"] == (2, "test_reg.py::test_price", "reg.py:9")
    assert read["test_again"] == (1, "test_reg.py::test_later", "reg.py:9")


def test_what_was_before_stands_again(tmp_path: Path, observe) -> None:
    """A change that is taken back ends, and the one that it had changed stands as if it had not been there."""
    _, seen = observe(make_project(tmp_path, BACK), "--rescope=all")

    undone = {c["test"].partition("::")[2]: c["undone_by"] for c in seen["changes"]}
    assert undone == {"test_one": "", "test_two": "test_reg.py::test_back", "test_three": "test_reg.py::test_back"}
    assert _in_place(seen) == {("test_one", "['a']"): 4, ("test_two", "['a']"): 2, ("test_three", "['b']"): 1}


def test_one_place_is_put_back_while_another_stands(tmp_path: Path, observe) -> None:
    """Who puts a place back has changed nothing, and who changes it again is told, whatever else is different meanwhile."""
    out, seen = observe(make_project(tmp_path, ONE_OF_TWO), "--rescope=all", "--rescope-strict")

    assert _in_place(seen) == {("test_a", "['a']"): 2, ("test_b", "['b']"): 4, ("test_again", "['a']"): 2}
    assert [c["undone_by"] for c in seen["changes"]] == ["test_reg.py::test_back", "", ""]
    assert "ERROR test_reg.py::test_again" in out
    assert "ERROR test_reg.py::test_back" not in out


def test_what_a_change_did_elsewhere_stands(tmp_path: Path, observe) -> None:
    """Of two keys that one test has changed, one is changed again: the other is still in place."""
    _, seen = observe(make_project(tmp_path, TWO_AT_ONCE), "--rescope=all")

    assert _in_place(seen) == {("test_both", "['a']"): 2, ("test_a", "['a']"): 1}


@pytest.mark.parametrize(("name", "left"), [("L", "L.append"), ("S", "S.add"), ("O", "O.setdefault")], ids=["list", "set", "dict"])
def test_what_is_added_stands_beside_what_was_added(name: str, left: str, tmp_path: Path, observe) -> None:
    """The second item that a test leaves ends nothing; when all is taken out, both end."""
    _, seen = observe(make_project(tmp_path, ADDED.format(add=left, name=name)), "--rescope=all")

    changes = {c["test"].partition("::")[2]: (c["in_place"], c["undone_by"]) for c in seen["changes"]}
    assert changes == {"test_one": (3, "test_reg.py::test_clear"), "test_two": (2, "test_reg.py::test_clear")}


def test_a_place_within_another(tmp_path: Path, observe) -> None:
    """What holds a place ends a change inside when it is bound anew, and takes it away when it is taken out."""
    _, seen = observe(make_project(tmp_path, WITHIN), "--rescope=all")

    assert {k: v for k, v in _in_place(seen).items() if "'a'" in k[1]} == {("test_inner", "['a']['x']"): 1, ("test_outer", "['a']"): 3}
    undone = {c["test"].partition("::")[2]: c["undone_by"].partition("::")[2] for c in seen["changes"]}
    assert undone == {"test_inner": "", "test_outer": "", "test_new": "test_drop", "test_fill": "test_drop"}


def test_a_change_of_very_many_places_is_one_of_the_whole(tmp_path: Path, observe) -> None:
    """It is told by its first place, and ends with the next change of any."""
    _, seen = observe(make_project(tmp_path, WHOLE), "--rescope=all")

    assert _in_place(seen) == {("test_many", "[0]"): 1, ("test_one", "[5]"): 1}


def test_what_is_told_of_a_test_is_what_it_left(tmp_path: Path, observe) -> None:
    """A test that puts one key back and leaves another is told for the other."""
    text = "# --- reg.py\nR = {'a': 0, 'b': 0}\n# --- test_reg.py\nimport reg\n\n\n"
    tests = "def test_a():\n    reg.R['a'] = 1\n\n\ndef test_swap():\n    reg.R.update(a=0, b=1)\n"
    _, seen = observe(make_project(tmp_path, text + tests), "--rescope=all")

    assert _in_place(seen) == {("test_a", "['a']"): 1, ("test_swap", "['b']"): 0}


def test_of_many_changes_the_last_are_followed(tmp_path: Path, observe) -> None:
    """Each key stands by itself; of more than a hundred that stand in one dict the first are followed no longer."""
    _, seen = observe(make_project(tmp_path, MANY), "--rescope=all")

    assert [_in_place(seen)[f"test_put[{n}]", f"[{n}]"] for n in range(5)] == [100, 100, 100, 100, 99]


def test_a_handler_is_left_by_one_test(tmp_path: Path, observe) -> None:
    """Pytest's own handlers come and go around each test: the tests that follow have changed nothing."""
    out, seen = observe(make_project(tmp_path, HANDLER), "--rescope=all", "--rescope-strict")

    assert "5 passed, 2 errors" in out
    assert {k: v for k, v in _in_place(seen).items() if "add" in k[0]} == {("test_add", ".handlers"): 4}
    assert [(c["test"].partition("::")[2], c["where"], c["was"], c["now"]) for c in seen["changes"]] == [
        ("test_add", ".handlers", "[]", "[<logging.NullHandler>]"),
        ("test_level", ".level", "30", "40"),
    ]


def test_the_handler_of_caplog_is_left_where_pytest_puts_none(tmp_path: Path, observe) -> None:
    """Pytest takes its handlers off the root logger and those that do not propagate: what a test puts on any other stays."""
    out, seen = observe(make_project(tmp_path, CAPTURE), "--rescope=all", "--rescope-strict")

    assert "3 passed, 1 error" in out
    assert [(c["test"].partition("::")[2], c["name"], c["where"]) for c in seen["changes"]] == [
        ("test_left", "logging of 'shop'", ".handlers")
    ]
