from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from src.core.cache import InMemoryCache
from src.services.errors import NotFound
from src.services.sessions import SessionService

USER, OTHER = 1, 2
MORNING = datetime(2025, 3, 1, 8, 0)


@pytest.fixture
def sessions(db_session: Session) -> SessionService:
    return SessionService(db_session, InMemoryCache(), ttl=timedelta(hours=12))


def test_no_sessions_at_first(sessions: SessionService) -> None:
    assert sessions.list_active(USER) == ()


def test_open(sessions: SessionService) -> None:
    opened = sessions.open(USER, "laptop", MORNING)
    assert (opened.device, opened.opened_at) == ("laptop", MORNING)
    assert sessions.list_active(USER) == (opened,)


def test_list_is_sorted_by_time(sessions: SessionService) -> None:
    later = sessions.open(USER, "phone", MORNING + timedelta(hours=1))
    earlier = sessions.open(USER, "laptop", MORNING)
    assert sessions.list_active(USER) == (earlier, later)


def test_list_follows_new_sessions(sessions: SessionService) -> None:
    first = sessions.open(USER, "laptop", MORNING)
    assert sessions.list_active(USER) == (first,)
    second = sessions.open(USER, "phone", MORNING)
    assert sessions.list_active(USER) == (first, second)


def test_list_keeps_users_apart(sessions: SessionService) -> None:
    sessions.open(USER, "laptop", MORNING)
    assert sessions.list_active(OTHER) == ()


def test_revoke(sessions: SessionService) -> None:
    first = sessions.open(USER, "laptop", MORNING)
    second = sessions.open(USER, "phone", MORNING)
    sessions.revoke(USER, first.id)
    assert sessions.list_active(USER) == (second,)
    assert sessions.is_revoked(first.id)
    assert not sessions.is_revoked(second.id)


def test_revoke_twice(sessions: SessionService) -> None:
    opened = sessions.open(USER, "laptop", MORNING)
    sessions.revoke(USER, opened.id)
    with pytest.raises(NotFound):
        sessions.revoke(USER, opened.id)


def test_revoke_session_of_another_user(sessions: SessionService) -> None:
    opened = sessions.open(USER, "laptop", MORNING)
    with pytest.raises(NotFound):
        sessions.revoke(OTHER, opened.id)
    assert not sessions.is_revoked(opened.id)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_revoke_all(sessions: SessionService, count: int) -> None:
    kept = sessions.open(OTHER, "laptop", MORNING)
    for _ in range(count):
        sessions.open(USER, "laptop", MORNING)
    assert sessions.revoke_all(USER) == count
    assert sessions.list_active(USER) == ()
    assert sessions.list_active(OTHER) == (kept,)
