"""What routes ask for: database, cache, current user, page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, HTTPException, Query, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from src.core.cache import CacheBackend, get_cache
from src.core.config import settings
from src.core.database import get_session
from src.core.limits import page_limit
from src.core.permissions import Permission, Role, is_allowed
from src.core.security import InvalidToken, read_token
from src.models import User
from src.services.sessions import SessionService

bearer = HTTPBearer(auto_error=False)

DbSession = Annotated[Session, Depends(get_session)]
Cache = Annotated[CacheBackend, Depends(get_cache)]


@dataclass(frozen=True, slots=True)
class Principal:
    """The user on whose behalf a request is made."""

    user_id: int
    email: str
    role: Role
    session_id: int


def get_session_service(session: DbSession, cache: Cache) -> SessionService:
    return SessionService(session, cache, ttl=settings.session_ttl)


Sessions = Annotated[SessionService, Depends(get_session_service)]


def get_current_user(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    session: DbSession,
    sessions: Sessions,
) -> Principal:
    if credentials is None:
        raise unauthorized("Not authenticated")
    try:
        claims = read_token(credentials.credentials, settings.secret_key, datetime.now(UTC))
    except InvalidToken as error:
        raise unauthorized("Invalid token") from error
    user = session.get(User, claims.user_id)
    if user is None or sessions.is_revoked(claims.session_id):
        raise unauthorized("Session has ended")
    return Principal(user.id, user.email, Role(user.role), claims.session_id)


CurrentUser = Annotated[Principal, Depends(get_current_user)]


def require(permission: Permission) -> Callable[[Principal], Principal]:
    def check(user: CurrentUser) -> Principal:
        if not is_allowed(user.role, permission):
            raise HTTPException(status.HTTP_403_FORBIDDEN, f"Missing permission {permission}")
        return user

    return check


def unauthorized(detail: str) -> HTTPException:
    return HTTPException(
        status.HTTP_401_UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"}
    )


@dataclass(frozen=True, slots=True)
class PageRequest:
    limit: int
    offset: int


def page_of(resource: str) -> Callable[[int | None, int], PageRequest]:
    def read(
        limit: Annotated[int | None, Query(ge=1)] = None,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> PageRequest:
        return PageRequest(page_limit(resource, limit), offset)

    return read
