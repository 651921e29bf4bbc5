from typing import Annotated

from fastapi import APIRouter, Depends

from src.api.dependencies import DbSession, PageRequest, page_of, require
from src.core.permissions import Permission
from src.models import User
from src.schemas import Page, RoleChange, UserRead
from src.services.accounts import AccountService

router = APIRouter(prefix="/users", tags=["users"])


@router.get("", dependencies=[Depends(require(Permission.USER_READ))])
def list_users(
    session: DbSession, page: Annotated[PageRequest, Depends(page_of("users"))]
) -> Page[UserRead]:
    items, total = AccountService(session).list(page.limit, page.offset)
    return Page[UserRead](
        items=[UserRead.model_validate(item) for item in items],
        total=total,
        limit=page.limit,
        offset=page.offset,
    )


@router.put(
    "/{user_id}/role",
    response_model=UserRead,
    dependencies=[Depends(require(Permission.USER_ASSIGN_ROLE))],
)
def assign_role(user_id: int, body: RoleChange, session: DbSession) -> User:
    return AccountService(session).assign_role(user_id, body.role)
