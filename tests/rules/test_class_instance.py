"""A class attribute that is filled on first use: what is safe to reset, and what only may be."""

from pathlib import Path

import pytest

from projects import check, make_project
from rescope.model.finding import Applicability

PLUGINS = """\
# --- plugins.py
{made}class Loader:
    _options = None

    @classmethod
    def options(cls):
        if cls._options is None:
            cls._options = {call}
        return cls._options
# --- test_plugins.py
from plugins import Loader


def test_none(monkeypatch):
    monkeypatch.setattr("plugins.Loader._options", {{}})
    assert not Loader.options()


def test_change():
    options = Loader.options()
    options.update(b=2)
"""
OWN = "class Options(dict):\n    pass\n\n\n"


@pytest.mark.parametrize(
    ("made", "call", "expected"),
    [("", "dict(a=1)", Applicability.UNSAFE), (OWN, "Options()", Applicability.SAFE)],
    ids=["a plain value", "an object of the project"],
)
def test_what_is_safe(made: str, call: str, expected: Applicability, tmp_path: Path) -> None:
    """Only the project's own object is dropped without asking: anything else may be a memo that tests patch and put back."""
    root = make_project(tmp_path, PLUGINS.format(made=made, call=call))
    assert [(g.finding.code, g.applicability) for g in check(root).plan.groups] == [("RSC203", expected)]
