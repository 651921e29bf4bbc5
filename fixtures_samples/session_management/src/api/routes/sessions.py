from typing import Annotated

from fastapi import APIRouter, Depends, status

from src.api.dependencies import CurrentUser, PageRequest, Sessions, page_of
from src.schemas import RevokedCount, SessionRead
from src.services.sessions import SessionInfo

router = APIRouter(prefix="/sessions", tags=["sessions"])


@router.get("", response_model=list[SessionRead])
def list_sessions(
    user: CurrentUser,
    sessions: Sessions,
    page: Annotated[PageRequest, Depends(page_of("sessions"))],
) -> tuple[SessionInfo, ...]:
    return sessions.list_active(user.user_id)[page.offset : page.offset + page.limit]


@router.delete("/{session_id}", status_code=status.HTTP_204_NO_CONTENT)
def revoke_session(session_id: int, user: CurrentUser, sessions: Sessions) -> None:
    sessions.revoke(user.user_id, session_id)


@router.delete("")
def revoke_all_sessions(user: CurrentUser, sessions: Sessions) -> RevokedCount:
    return RevokedCount(revoked=sessions.revoke_all(user.user_id))
