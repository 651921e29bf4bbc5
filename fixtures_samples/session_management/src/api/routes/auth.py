from datetime import UTC, datetime

from fastapi import APIRouter, status

from src.api.dependencies import CurrentUser, DbSession, Principal, Sessions, unauthorized
from src.core.config import settings
from src.core.security import Claims, expiry, issue_token
from src.models import User
from src.schemas import Credentials, Me, Registration, Token, UserRead
from src.services.accounts import AccountService

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/register", response_model=UserRead, status_code=status.HTTP_201_CREATED)
def register(body: Registration, session: DbSession) -> User:
    return AccountService(session).register(
        body.email, body.username, body.password, country=body.country
    )


@router.post("/login")
def login(body: Credentials, session: DbSession, sessions: Sessions) -> Token:
    user = AccountService(session).authenticate(body.email, body.password)
    if user is None:
        raise unauthorized("Wrong email or password")
    now = datetime.now(UTC)
    opened = sessions.open(user.id, body.device, now)
    claims = Claims(user.id, opened.id, expiry(now, settings.session_ttl))
    return Token(access_token=issue_token(claims, settings.secret_key))


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT)
def logout(user: CurrentUser, sessions: Sessions) -> None:
    sessions.end(user.user_id, user.session_id)


@router.get("/me", response_model=Me)
def me(user: CurrentUser) -> Principal:
    return user
