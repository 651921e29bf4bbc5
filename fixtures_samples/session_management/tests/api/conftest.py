"""Fixtures for tests that go through HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from src.api.dependencies import Principal, get_current_user
from src.core.permissions import Role
from src.main import app
from src.models import Base


@pytest.fixture(autouse=True)
def clean_tables(engine: Engine) -> Iterator[None]:
    """Delete the rows that requests have committed."""
    yield
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())


@pytest.fixture(scope="module")
def openapi_schema(client: TestClient) -> dict[str, Any]:
    """The published description of the API."""
    return client.get("/openapi.json").json()


@pytest.fixture
def act_as(authenticated_user: Principal) -> Iterator[Callable[[Role], None]]:
    """Give the current user another role for the rest of the test."""
    before = app.dependency_overrides[get_current_user]

    def switch(role: Role) -> None:
        app.dependency_overrides[get_current_user] = lambda: replace(authenticated_user, role=role)

    yield switch
    app.dependency_overrides[get_current_user] = before


@pytest.fixture
def project(client: TestClient, authenticated_user: Principal) -> dict[str, Any]:
    """A project of the current user."""
    response = client.post("/projects", json={"name": "Harbour Crane", "description": "Phase 2"})
    assert response.status_code == 201
    return response.json()


@pytest.fixture
def tasks(client: TestClient, project: dict[str, Any]) -> list[dict[str, Any]]:
    """Five tasks of the project, in the order they were created."""
    rows = [
        {"title": "Survey", "priority": 2, "estimate": "2d"},
        {"title": "Foundations", "priority": 1, "estimate": "1w"},
        {"title": "Mast", "priority": 3, "estimate": "3d 4h"},
        {"title": "Cabling", "priority": 3, "estimate": "90m"},
        {"title": "Handover", "priority": 5},
    ]
    path = f"/projects/{project['slug']}/tasks"
    return [client.post(path, json=row).json() for row in rows]
