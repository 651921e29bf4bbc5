"""Listing and revoking the sessions of a user."""

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from src.api.dependencies import Principal
from src.core.cache import get_cache
from src.core.config import settings
from src.core.security import Claims, expiry, issue_token
from src.services.accounts import AccountService
from src.services.sessions import SessionInfo, SessionService

EMAIL = "linus@example.com"
PASSWORD = "penguin-1991"


@pytest.fixture
def user_id(engine: Engine) -> int:
    """An account that has never logged in."""
    with Session(engine) as session:
        return AccountService(session).register(EMAIL, "linus", PASSWORD).id


def open_session(engine: Engine, user_id: int) -> SessionInfo:
    with Session(engine) as session:
        service = SessionService(session, get_cache(), settings.session_ttl)
        return service.open(user_id, "laptop", datetime.now(UTC))


def active_sessions(engine: Engine, user_id: int) -> list[SessionInfo]:
    with Session(engine) as session:
        service = SessionService(session, get_cache(), settings.session_ttl)
        return list(service.list_active(user_id))


def bearer(user_id: int, session_id: int, issued: datetime) -> dict[str, str]:
    claims = Claims(user_id, session_id, expiry(issued, settings.session_ttl))
    return {"Authorization": f"Bearer {issue_token(claims, settings.secret_key)}"}


def test_new_account_has_no_sessions(engine: Engine, user_id: int) -> None:
    assert active_sessions(engine, user_id) == []


def test_failed_login_leaves_sessions_untouched(
    client: TestClient, engine: Engine, user_id: int
) -> None:
    opened = open_session(engine, user_id)
    response = client.post("/auth/login", json={"email": EMAIL, "password": "penguin-1992"})
    assert response.status_code == 401
    assert active_sessions(engine, user_id) == [opened]


def test_second_login_leaves_first_session_untouched(
    client: TestClient, engine: Engine, user_id: int
) -> None:
    opened = open_session(engine, user_id)
    body = {"email": EMAIL, "password": PASSWORD, "device": "phone"}
    assert client.post("/auth/login", json=body).status_code == 200
    active = active_sessions(engine, user_id)
    assert opened in active
    assert [session.device for session in active] == ["laptop", "phone"]


def test_list_requires_login(client: TestClient) -> None:
    assert client.get("/sessions").status_code == 401


def test_list_rejects_forged_token(client: TestClient, user_id: int) -> None:
    claims = Claims(user_id, 1, expiry(datetime.now(UTC), settings.session_ttl))
    headers = {"Authorization": f"Bearer {issue_token(claims, 'another key')}"}
    assert client.get("/sessions", headers=headers).status_code == 401


def test_list_rejects_expired_token(client: TestClient, user_id: int) -> None:
    headers = bearer(user_id, 1, issued=datetime(2024, 1, 1, tzinfo=UTC))
    assert client.get("/sessions", headers=headers).status_code == 401


def test_revoke_requires_login(client: TestClient, engine: Engine, user_id: int) -> None:
    opened = open_session(engine, user_id)
    assert client.delete(f"/sessions/{opened.id}").status_code == 401
    assert active_sessions(engine, user_id) == [opened]


def test_revoke_all_requires_login(client: TestClient, engine: Engine, user_id: int) -> None:
    opened = open_session(engine, user_id)
    assert client.delete("/sessions").status_code == 401
    assert active_sessions(engine, user_id) == [opened]


def test_list_rejects_token_after_logout(client: TestClient, engine: Engine, user_id: int) -> None:
    headers = bearer(user_id, open_session(engine, user_id).id, issued=datetime.now(UTC))
    assert client.post("/auth/logout", headers=headers).status_code == 204
    assert client.get("/sessions", headers=headers).status_code == 401


def test_list_of_current_user(client: TestClient, authenticated_user: Principal) -> None:
    response = client.get("/sessions")
    assert response.status_code == 200
    assert response.json() == []


def test_revoke_unknown_session(client: TestClient, authenticated_user: Principal) -> None:
    assert client.delete("/sessions/404").status_code == 404


def test_revoke_all_without_sessions(client: TestClient, authenticated_user: Principal) -> None:
    assert client.delete("/sessions").json() == {"revoked": 0}
