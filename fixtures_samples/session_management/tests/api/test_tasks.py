"""Tasks of a project over HTTP."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

PATH = "/projects/harbour-crane/tasks"


def titles(response: Any) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["title"] for item in response.json()["items"]]


def test_create_with_defaults(client: TestClient, project: dict[str, Any]) -> None:
    task = client.post(PATH, json={"title": "Paint"}).json()
    assert task["status"] == "todo"
    assert task["priority"] == 3
    assert task["estimate_minutes"] is None


@pytest.mark.parametrize(
    ("estimate", "minutes"), [("45m", 45), ("2h", 120), ("1d 4h", 720), ("1w", 2400)]
)
def test_create_with_estimate(
    client: TestClient, project: dict[str, Any], estimate: str, minutes: int
) -> None:
    task = client.post(PATH, json={"title": "Paint", "estimate": estimate}).json()
    assert task["estimate_minutes"] == minutes


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": ""},
        {"title": " "},
        {"title": "x" * 121},
        {"title": "Paint", "priority": 0},
        {"title": "Paint", "priority": 6},
        {"title": "Paint", "priority": "high"},
        {"title": "Paint", "estimate": "soon"},
        {"title": "Paint", "estimate": 90},
    ],
)
def test_create_refuses_bad_bodies(
    client: TestClient, project: dict[str, Any], body: dict[str, Any]
) -> None:
    assert client.post(PATH, json=body).status_code == 422


def test_read(client: TestClient, tasks: list[dict[str, Any]]) -> None:
    assert client.get(f"{PATH}/{tasks[1]['id']}").json() == tasks[1]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_unknown_task(client: TestClient, project: dict[str, Any], method: str) -> None:
    body = {} if method == "PATCH" else None
    assert client.request(method, f"{PATH}/77", json=body).status_code == 404


def test_task_of_another_project(client: TestClient, tasks: list[dict[str, Any]]) -> None:
    client.post("/projects", json={"name": "Lock Gate"})
    assert client.get(f"/projects/lock-gate/tasks/{tasks[0]['id']}").status_code == 404


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["Survey", "Foundations", "Mast", "Cabling", "Handover"]),
        ("title", ["Cabling", "Foundations", "Handover", "Mast", "Survey"]),
        ("-title", ["Survey", "Mast", "Handover", "Foundations", "Cabling"]),
        ("priority", ["Foundations", "Survey", "Mast", "Cabling", "Handover"]),
        ("priority,title", ["Foundations", "Survey", "Cabling", "Mast", "Handover"]),
        ("-priority,-title", ["Handover", "Mast", "Cabling", "Survey", "Foundations"]),
    ],
)
def test_sort(
    client: TestClient, tasks: list[dict[str, Any]], sort: str, expected: list[str]
) -> None:
    assert titles(client.get(PATH, params={"sort": sort})) == expected


@pytest.mark.parametrize("sort", ["id", "title,title", "title,-title", "--title"])
def test_bad_sort(client: TestClient, project: dict[str, Any], sort: str) -> None:
    assert client.get(PATH, params={"sort": sort}).status_code == 400


def test_filter_by_status(client: TestClient, tasks: list[dict[str, Any]]) -> None:
    client.patch(f"{PATH}/{tasks[2]['id']}", json={"status": "doing"})
    assert titles(client.get(PATH, params={"status": "doing"})) == ["Mast"]
    assert len(titles(client.get(PATH, params={"status": "todo"}))) == 4


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [
        (2, 0, ["Survey", "Foundations"]),
        (2, 3, ["Cabling", "Handover"]),
        (3, 4, ["Handover"]),
        (3, 9, []),
    ],
)
def test_pages(
    client: TestClient,
    tasks: list[dict[str, Any]],
    limit: int,
    offset: int,
    expected: list[str],
) -> None:
    response = client.get(PATH, params={"limit": limit, "offset": offset})
    assert titles(response) == expected
    assert response.json()["total"] == 5


@pytest.mark.parametrize(
    "changes", [{"title": "Land survey"}, {"priority": 1}, {"status": "blocked"}, {}]
)
def test_update(client: TestClient, tasks: list[dict[str, Any]], changes: dict[str, Any]) -> None:
    response = client.patch(f"{PATH}/{tasks[0]['id']}", json=changes)
    assert response.json() == tasks[0] | changes


def test_forbidden_transition(client: TestClient, tasks: list[dict[str, Any]]) -> None:
    path = f"{PATH}/{tasks[0]['id']}"
    response = client.patch(path, json={"status": "done", "title": "Land survey"})
    assert response.status_code == 409
    assert client.get(path).json() == tasks[0]


def test_delete(client: TestClient, tasks: list[dict[str, Any]]) -> None:
    assert client.delete(f"{PATH}/{tasks[0]['id']}").status_code == 204
    assert titles(client.get(PATH)) == ["Foundations", "Mast", "Cabling", "Handover"]
