"""Administration of accounts."""

import pytest
from fastapi.testclient import TestClient

from src.api.dependencies import Principal

EMAILS = ["alan@example.com", "barbara@example.com", "edsger@example.com"]


@pytest.fixture
def accounts(client: TestClient) -> dict[str, int]:
    """Three members: their ids by email."""
    ids: dict[str, int] = {}
    for email in EMAILS:
        body = {"email": email, "username": email.partition("@")[0], "password": "turing-1936"}
        ids[email] = client.post("/auth/register", json=body).json()["id"]
    return ids


def test_me(client: TestClient, authenticated_user: Principal) -> None:
    me = client.get("/auth/me").json()
    assert me == {"user_id": 1001, "email": "ada@example.com", "role": "admin"}


def test_list(client: TestClient, authenticated_user: Principal, accounts: dict[str, int]) -> None:
    body = client.get("/users").json()
    assert {item["email"]: item["id"] for item in body["items"]} == accounts
    assert body["total"] == 3


@pytest.mark.parametrize(("limit", "offset"), [(1, 0), (2, 1), (2, 2), (5, 3)])
def test_pages(
    client: TestClient,
    authenticated_user: Principal,
    accounts: dict[str, int],
    limit: int,
    offset: int,
) -> None:
    body = client.get("/users", params={"limit": limit, "offset": offset}).json()
    assert [item["email"] for item in body["items"]] == EMAILS[offset : offset + limit]


@pytest.mark.parametrize("role", ["viewer", "member", "manager", "admin"])
def test_assign_role(
    client: TestClient, authenticated_user: Principal, accounts: dict[str, int], role: str
) -> None:
    response = client.put(f"/users/{accounts['alan@example.com']}/role", json={"role": role})
    assert response.status_code == 200
    assert response.json()["role"] == role


def test_assign_unknown_role(
    client: TestClient, authenticated_user: Principal, accounts: dict[str, int]
) -> None:
    response = client.put(f"/users/{accounts['alan@example.com']}/role", json={"role": "owner"})
    assert response.status_code == 422


def test_assign_role_to_unknown_user(client: TestClient, authenticated_user: Principal) -> None:
    assert client.put("/users/5/role", json={"role": "viewer"}).status_code == 404
