"""A teardown that puts a copy in a container's place fills the container again."""

import pytest

from rescope.codemods import EditRefused, apply
from rescope.model.address import Address
from rescope.model.edit import RestoreInPlace

FIXTURE = """\
import pytest
import app


@pytest.fixture(scope="module")
def reg():
    saved = app.REG.copy()
    {teardown}
"""
TEARDOWNS = {
    "dict": ("dict", "yield\n    app.REG = saved", "yield\n    app.REG.clear()\n    app.REG.update(saved)"),
    "set": ("set", "yield\n    app.REG = saved", "yield\n    app.REG.clear()\n    app.REG.update(saved)"),
    "list": ("list", "yield\n    app.REG = saved  # back", "yield\n    app.REG[:] = saved  # back"),
    "comments": (
        "dict",
        "yield\n\n    # back\n    app.REG = saved  # as it was\n    # end",
        "yield\n\n    # back\n    app.REG.clear()\n    app.REG.update(saved)  # as it was\n    # end",
    ),
    "finally": (
        "dict",
        "try:\n        yield\n    finally:\n        app.REG = saved",
        "try:\n        yield\n    finally:\n        app.REG.clear()\n        app.REG.update(saved)",
    ),
}


def edit(container: str) -> RestoreInPlace:
    """The edit for the fixture `reg`."""
    return RestoreInPlace(address=Address(path="conftest.py", qualname="reg"), target="app.REG", saved="saved", container=container)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("container", "before", "after"), TEARDOWNS.values(), ids=TEARDOWNS)
def test_teardowns(container: str, before: str, after: str, newline: str) -> None:
    """The container is emptied and filled, comments stay where they were, and a second time changes nothing."""
    source, wanted = (FIXTURE.format(teardown=t).replace("\n", newline).encode() for t in (before, after))

    assert apply(source, [edit(container)]) == wanted
    assert apply(wanted, [edit(container)]) == wanted


@pytest.mark.parametrize(
    "teardown",
    ["yield\n    app.REG = other", "yield\n    app.REG = saved\n    app.REG = saved", "yield\n    app.REG = saved; app.done()"],
)
def test_what_is_not_there_is_refused(teardown: str) -> None:
    """Another value, two assignments, or company on the line: the file is left alone."""
    with pytest.raises(EditRefused, match=r"app\.REG = saved does not stand in 'reg' exactly once"):
        apply(FIXTURE.format(teardown=teardown).encode(), [edit("dict")])
