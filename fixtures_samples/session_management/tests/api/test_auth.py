"""Registration, login and logout with real tokens."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

REGISTRATION = {
    "email": "grace@example.com",
    "username": "grace",
    "password": "compiler-1952",
    "country": "USA",
}


def register(client: TestClient, **changes: Any) -> dict[str, Any]:
    response = client.post("/auth/register", json=REGISTRATION | changes)
    assert response.status_code == 201, response.text
    return response.json()


def log_in(client: TestClient, device: str = "laptop") -> dict[str, str]:
    """The headers of a user who has just logged in."""
    body = {"email": REGISTRATION["email"], "password": REGISTRATION["password"], "device": device}
    response = client.post("/auth/login", json=body)
    assert response.status_code == 200, response.text
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


def test_register_returns_the_account(client: TestClient) -> None:
    account = register(client)
    assert account["email"] == "grace@example.com"
    assert account["role"] == "member"
    assert account["country"] == "US"


def test_register_never_shows_the_password(client: TestClient) -> None:
    assert not {"password", "password_hash"} & set(register(client))


def test_register_lowers_the_email(client: TestClient) -> None:
    assert register(client, email="Grace@Example.COM")["email"] == "grace@example.com"


def test_register_without_country(client: TestClient) -> None:
    assert register(client, country=None)["country"] is None


@pytest.mark.parametrize("email", ["grace@example.com", "GRACE@example.com"])
def test_register_twice_is_a_conflict(client: TestClient, email: str) -> None:
    register(client)
    response = client.post("/auth/register", json=REGISTRATION | {"email": email})
    assert response.status_code == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "grace"),
        ("email", "grace@localhost"),
        ("username", "g"),
        ("username", "admin"),
        ("password", "short-1"),
        ("password", "onlyletters"),
        ("country", "XX"),
    ],
)
def test_register_refuses_bad_values(client: TestClient, field: str, value: str) -> None:
    response = client.post("/auth/register", json=REGISTRATION | {field: value})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][:2] == ["body", field]


@pytest.mark.parametrize("field", ["email", "username", "password"])
def test_register_needs_every_field(client: TestClient, field: str) -> None:
    body = {key: value for key, value in REGISTRATION.items() if key != field}
    assert client.post("/auth/register", json=body).status_code == 422


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("grace@example.com", "compiler-1953"),
        ("grace@example.com", ""),
        ("nobody@example.com", "compiler-1952"),
    ],
)
def test_login_refuses_wrong_credentials(client: TestClient, email: str, password: str) -> None:
    register(client)
    response = client.post("/auth/login", json={"email": email, "password": password})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_login_ignores_the_case_of_the_email(client: TestClient) -> None:
    register(client)
    body = {"email": "Grace@Example.com", "password": REGISTRATION["password"]}
    assert client.post("/auth/login", json=body).status_code == 200


def test_me_without_token(client: TestClient) -> None:
    assert client.get("/auth/me").status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer x.y", "Basic Z3JhY2U6MQ==", "token"])
def test_me_with_unusable_header(client: TestClient, header: str) -> None:
    response = client.get("/auth/me", headers={"Authorization": header})
    assert response.status_code == 401


def test_me_after_login(client: TestClient) -> None:
    account = register(client)
    me = client.get("/auth/me", headers=log_in(client)).json()
    assert me == {"user_id": account["id"], "email": "grace@example.com", "role": "member"}


def test_logout_ends_only_the_current_session(client: TestClient) -> None:
    register(client)
    laptop, phone = log_in(client, "laptop"), log_in(client, "phone")
    assert client.post("/auth/logout", headers=laptop).status_code == 204
    assert client.get("/auth/me", headers=laptop).status_code == 401
    remaining = client.get("/sessions", headers=phone).json()
    assert [session["device"] for session in remaining] == ["phone"]
