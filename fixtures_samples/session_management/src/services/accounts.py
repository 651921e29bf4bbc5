"""User accounts."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from src.core.permissions import Role
from src.core.security import hash_password, verify_password
from src.models import User
from src.services.errors import Conflict, NotFound
from src.services.validators import check_email


class AccountService:
    def __init__(self, session: Session) -> None:
        self._session = session

    def register(
        self, email: str, username: str, password: str, country: str | None = None
    ) -> User:
        if self._by_email(email) is not None:
            raise Conflict(f"{email} is already registered")
        user = User(
            email=check_email(email),
            username=username,
            password_hash=hash_password(password),
            role=Role.MEMBER.value,
            country=country,
        )
        self._session.add(user)
        self._session.commit()
        return user

    def authenticate(self, email: str, password: str) -> User | None:
        user = self._by_email(email)
        if user is None or not verify_password(password, user.password_hash):
            return None
        return user

    def assign_role(self, user_id: int, role: Role) -> User:
        user = self._session.get(User, user_id)
        if user is None:
            raise NotFound(f"No user {user_id}")
        user.role = role.value
        self._session.commit()
        return user

    def list(self, limit: int, offset: int) -> tuple[Sequence[User], int]:
        total = self._session.scalar(select(func.count()).select_from(User)) or 0
        query = select(User).order_by(User.email).limit(limit).offset(offset)
        return self._session.scalars(query).all(), total

    def _by_email(self, email: str) -> User | None:
        return self._session.scalar(select(User).where(User.email == email.strip().lower()))
