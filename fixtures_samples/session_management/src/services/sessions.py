"""Login sessions: open, list, revoke."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from src.core.cache import CacheBackend
from src.models import LoginSession
from src.services.errors import NotFound

LIST_TTL = 900.0


@dataclass(frozen=True, slots=True)
class SessionInfo:
    id: int
    device: str
    opened_at: datetime


class SessionService:
    """Rows are kept for the audit trail; the cache knows which sessions have been revoked."""

    def __init__(self, session: Session, cache: CacheBackend, ttl: timedelta) -> None:
        self._session = session
        self._cache = cache
        self._ttl = ttl

    def open(self, user_id: int, device: str, now: datetime) -> SessionInfo:
        row = LoginSession(user_id=user_id, device=device, opened_at=now.replace(tzinfo=None))
        self._session.add(row)
        self._session.commit()
        self._cache.delete(_list_key(user_id))
        return _info(row)

    def list_active(self, user_id: int) -> tuple[SessionInfo, ...]:
        """The sessions not revoked, oldest first."""
        cached = self._cache.get(_list_key(user_id))
        if cached is not None:
            return cached
        query = (
            select(LoginSession)
            .where(LoginSession.user_id == user_id)
            .order_by(LoginSession.opened_at, LoginSession.id)
        )
        active = tuple(
            _info(row) for row in self._session.scalars(query) if not self.is_revoked(row.id)
        )
        self._cache.set(_list_key(user_id), active, LIST_TTL)
        return active

    def is_revoked(self, session_id: int) -> bool:
        return self._cache.get(_revoked_key(session_id)) is not None

    def revoke(self, user_id: int, session_id: int) -> None:
        if session_id not in {info.id for info in self.list_active(user_id)}:
            raise NotFound(f"No session {session_id}")
        self.end(user_id, session_id)

    def revoke_all(self, user_id: int) -> int:
        active = self.list_active(user_id)
        for info in active:
            self.end(user_id, info.id)
        return len(active)

    def end(self, user_id: int, session_id: int) -> None:
        self._cache.set(_revoked_key(session_id), True, self._ttl.total_seconds())
        self._cache.delete(_list_key(user_id))


def _info(row: LoginSession) -> SessionInfo:
    return SessionInfo(row.id, row.device, row.opened_at)


def _list_key(user_id: int) -> str:
    return f"sessions:{user_id}"


def _revoked_key(session_id: int) -> str:
    return f"revoked:{session_id}"
