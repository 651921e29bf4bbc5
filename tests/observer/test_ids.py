"""The ids of many values at once are the ids that Python gives one by one."""

import subprocess
import sys

import pytest

from rescope.observer.ids import ids_of

VALUES = (None, "a", 1, 1.5, [], {}, object(), int, sys, len)
ASKED = """\
import sys
sys.{absent}
from rescope.observer.ids import ids_of
values = (None, "a", [], object())
print(type(ids_of(values)).__name__, ids_of(values) == ids_of(tuple(values)), ids_of(values) == ids_of((*values[:3], object())))
"""


def test_ids_are_those_of_the_items() -> None:
    """What is read at once are the addresses that `id` says, in order."""
    taken = ids_of(VALUES)

    assert isinstance(taken, bytes)
    assert memoryview(taken).cast("P").tolist() == [id(each) for each in VALUES]
    assert ids_of(()) == ids_of(())
    assert ids_of(VALUES[:1]) != ids_of(())


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_one_other_item_is_seen(number: int) -> None:
    """An equal value that is another object is another id."""
    assert ids_of(VALUES) == ids_of((*VALUES,))
    assert ids_of(VALUES) != ids_of((*VALUES[:number], object(), *VALUES[number + 1 :]))


@pytest.mark.parametrize("absent", ['modules["ctypes"] = None', 'implementation.name = "another"'])
def test_elsewhere_they_are_taken_one_by_one(absent: str) -> None:
    """Without ctypes, and in a Python that may hold a tuple otherwise, the answers are the same."""
    said = subprocess.run([sys.executable, "-c", ASKED.format(absent=absent)], capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["tuple", "True", "False"]
