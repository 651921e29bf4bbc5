"""Creating, finding and changing projects."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from src.api.dependencies import Principal

NAMES = ["Bridge", "Canal", "Dyke", "Ferry", "Lighthouse"]


@pytest.fixture
def projects(client: TestClient, authenticated_user: Principal) -> list[str]:
    """Five projects of the current user, by name."""
    for name in reversed(NAMES):
        assert client.post("/projects", json={"name": name}).status_code == 201
    return NAMES


def test_create(project: dict[str, Any], authenticated_user: Principal) -> None:
    assert project["name"] == "Harbour Crane"
    assert project["slug"] == "harbour-crane"
    assert project["description"] == "Phase 2"
    assert project["owner_id"] == authenticated_user.user_id


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Quay 7", "quay-7"),
        ("Ærøskøbing Ferry", "aeroskobing-ferry"),
        ("Straße", "strasse"),
        ("  Dry   Dock ", "dry-dock"),
        ("水門", "project"),
    ],
)
def test_slug_follows_the_name(
    client: TestClient, authenticated_user: Principal, name: str, slug: str
) -> None:
    assert client.post("/projects", json={"name": name}).json()["slug"] == slug


@pytest.mark.parametrize("name", ["Harbour Crane", "harbour crane", "Harbour-Crane!"])
def test_same_slug_is_a_conflict(client: TestClient, project: dict[str, Any], name: str) -> None:
    response = client.post("/projects", json={"name": name})
    assert response.status_code == 409
    assert "harbour-crane" in response.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 81},
        {"name": None},
        {"name": "Quay", "description": "x" * 501},
    ],
)
def test_create_refuses_bad_bodies(
    client: TestClient, authenticated_user: Principal, body: dict[str, Any]
) -> None:
    assert client.post("/projects", json=body).status_code == 422


def test_read(client: TestClient, project: dict[str, Any]) -> None:
    assert client.get("/projects/harbour-crane").json() == project


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_unknown_project(client: TestClient, project: dict[str, Any], method: str) -> None:
    body = {} if method == "PATCH" else None
    response = client.request(method, "/projects/atlantis", json=body)
    assert response.status_code == 404


def test_list_is_empty_at_first(client: TestClient, authenticated_user: Principal) -> None:
    body = client.get("/projects").json()
    assert body == {"items": [], "total": 0, "limit": 20, "offset": 0}


def test_list_is_sorted_by_name(client: TestClient, projects: list[str]) -> None:
    body = client.get("/projects").json()
    assert [item["name"] for item in body["items"]] == projects
    assert body["total"] == 5


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [
        (1, 0, ["Bridge"]),
        (2, 0, ["Bridge", "Canal"]),
        (2, 2, ["Dyke", "Ferry"]),
        (2, 4, ["Lighthouse"]),
        (2, 5, []),
        (100, 3, ["Ferry", "Lighthouse"]),
    ],
)
def test_list_pages(
    client: TestClient, projects: list[str], limit: int, offset: int, expected: list[str]
) -> None:
    body = client.get("/projects", params={"limit": limit, "offset": offset}).json()
    assert [item["name"] for item in body["items"]] == expected
    assert body["total"] == 5


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": -1}, {"offset": -1}, {"limit": "all"}])
def test_list_refuses_bad_pages(
    client: TestClient, authenticated_user: Principal, params: dict[str, Any]
) -> None:
    assert client.get("/projects", params=params).status_code == 422


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("ferry", ["Ferry"]),
        ("E", ["Bridge", "Dyke", "Ferry", "Lighthouse"]),
        ("zeppelin", []),
        ("%", []),
    ],
)
def test_search(client: TestClient, projects: list[str], search: str, expected: list[str]) -> None:
    body = client.get("/projects", params={"search": search}).json()
    assert [item["name"] for item in body["items"]] == expected


@pytest.mark.parametrize(
    "changes", [{"name": "Dock Crane"}, {"description": ""}, {"name": "A", "description": "B"}, {}]
)
def test_update(client: TestClient, project: dict[str, Any], changes: dict[str, str]) -> None:
    response = client.patch("/projects/harbour-crane", json=changes)
    assert response.json() == project | changes


def test_delete(client: TestClient, tasks: list[dict[str, Any]]) -> None:
    assert client.delete("/projects/harbour-crane").status_code == 204
    assert client.get("/projects/harbour-crane").status_code == 404
    assert client.get("/projects/harbour-crane/tasks").status_code == 404
