"""What each role may do over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from src.core.permissions import Role

VIEWER, MEMBER, MANAGER, ADMIN = Role

SwitchRole = Callable[[Role], None]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("path", ["", "/harbour-crane", "/harbour-crane/tasks"])
def test_everyone_reads(
    client: TestClient, project: dict[str, Any], act_as: SwitchRole, role: Role, path: str
) -> None:
    act_as(role)
    assert client.get(f"/projects{path}").status_code == 200


@pytest.mark.parametrize(
    ("role", "expected"), [(VIEWER, 403), (MEMBER, 403), (MANAGER, 201), (ADMIN, 201)]
)
def test_create_project(client: TestClient, act_as: SwitchRole, role: Role, expected: int) -> None:
    act_as(role)
    assert client.post("/projects", json={"name": "Lock Gate"}).status_code == expected


@pytest.mark.parametrize(
    ("role", "expected"), [(VIEWER, 403), (MEMBER, 403), (MANAGER, 200), (ADMIN, 200)]
)
def test_update_project(
    client: TestClient, project: dict[str, Any], act_as: SwitchRole, role: Role, expected: int
) -> None:
    act_as(role)
    response = client.patch("/projects/harbour-crane", json={"description": "Phase 3"})
    assert response.status_code == expected


@pytest.mark.parametrize(
    ("role", "expected"), [(VIEWER, 403), (MEMBER, 403), (MANAGER, 403), (ADMIN, 204)]
)
def test_delete_project(
    client: TestClient, project: dict[str, Any], act_as: SwitchRole, role: Role, expected: int
) -> None:
    act_as(role)
    assert client.delete("/projects/harbour-crane").status_code == expected


@pytest.mark.parametrize(
    ("role", "expected"), [(VIEWER, 403), (MEMBER, 200), (MANAGER, 200), (ADMIN, 200)]
)
def test_export_project(
    client: TestClient, project: dict[str, Any], act_as: SwitchRole, role: Role, expected: int
) -> None:
    act_as(role)
    assert client.get("/projects/harbour-crane/export").status_code == expected


@pytest.mark.parametrize(
    ("role", "expected"), [(VIEWER, 403), (MEMBER, 201), (MANAGER, 201), (ADMIN, 201)]
)
def test_create_task(
    client: TestClient, project: dict[str, Any], act_as: SwitchRole, role: Role, expected: int
) -> None:
    act_as(role)
    response = client.post("/projects/harbour-crane/tasks", json={"title": "Paint"})
    assert response.status_code == expected


@pytest.mark.parametrize(
    ("role", "expected"), [(VIEWER, 403), (MEMBER, 403), (MANAGER, 204), (ADMIN, 204)]
)
def test_delete_task(
    client: TestClient,
    tasks: list[dict[str, Any]],
    act_as: SwitchRole,
    role: Role,
    expected: int,
) -> None:
    act_as(role)
    response = client.delete(f"/projects/harbour-crane/tasks/{tasks[0]['id']}")
    assert response.status_code == expected


@pytest.mark.parametrize(
    ("role", "expected"), [(VIEWER, 403), (MEMBER, 403), (MANAGER, 200), (ADMIN, 200)]
)
def test_list_users(client: TestClient, act_as: SwitchRole, role: Role, expected: int) -> None:
    act_as(role)
    assert client.get("/users").status_code == expected


def test_refusal_names_the_permission(client: TestClient, act_as: SwitchRole) -> None:
    act_as(VIEWER)
    response = client.get("/users")
    assert response.json() == {"detail": "Missing permission user:read"}
