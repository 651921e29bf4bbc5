import json

import pytest

from src.models import Task
from src.services.exporters import HANDLERS, UnknownFormat, export

TASKS = (
    Task(title="Survey", status="done", priority=2, estimate_minutes=90),
    Task(title='Paint "red", twice', status="todo", priority=3, estimate_minutes=None),
)


def test_registered_formats() -> None:
    assert sorted(HANDLERS) == ["csv", "json", "markdown"]


@pytest.mark.parametrize("name", ["csv", "json", "markdown"])
def test_media_type_comes_from_the_registry(name: str) -> None:
    assert export(name, TASKS).media_type == HANDLERS[name][0]


def test_csv() -> None:
    assert export("csv", TASKS).text.splitlines() == [
        "title,status,priority,estimate",
        "Survey,done,2,1h 30m",
        '"Paint ""red"", twice",todo,3,',
    ]


def test_json() -> None:
    first, second = json.loads(export("json", TASKS).text)
    assert first == {"title": "Survey", "status": "done", "priority": 2, "estimate_minutes": 90}
    assert second["estimate_minutes"] is None


def test_markdown() -> None:
    assert export("markdown", TASKS).text.splitlines() == [
        "- [x] Survey (1h 30m)",
        '- [ ] Paint "red", twice',
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [("csv", "title,status,priority,estimate\n"), ("json", "[]"), ("markdown", "")],
)
def test_no_tasks(name: str, text: str) -> None:
    assert export(name, ()).text == text


@pytest.mark.parametrize("name", ["", "xml", "CSV", "json "])
def test_unknown_format(name: str) -> None:
    with pytest.raises(UnknownFormat, match="choose from"):
        export(name, TASKS)
