from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, status

from src.api.dependencies import DbSession, PageRequest, Principal, page_of, require
from src.core.permissions import Permission
from src.models import Task
from src.schemas import Page, TaskCreate, TaskRead, TaskUpdate
from src.services.projects import ProjectService
from src.services.sorting import InvalidSort, parse_sort
from src.services.tasks import SORTABLE, Status, TaskService

router = APIRouter(prefix="/projects/{slug}/tasks", tags=["tasks"])


def project_id_for(permission: Permission) -> Any:
    def find(
        slug: str, session: DbSession, user: Annotated[Principal, Depends(require(permission))]
    ) -> int:
        return ProjectService(session).get(user.user_id, slug).id

    return Depends(find)


@router.get("")
def list_tasks(
    session: DbSession,
    project_id: Annotated[int, project_id_for(Permission.TASK_READ)],
    page: Annotated[PageRequest, Depends(page_of("tasks"))],
    wanted: Annotated[Status | None, Query(alias="status")] = None,
    sort: str = "",
) -> Page[TaskRead]:
    try:
        order = parse_sort(sort, SORTABLE)
    except InvalidSort as error:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, str(error)) from error
    items, total = TaskService(session).list(
        project_id, page.limit, page.offset, status=wanted, order=order
    )
    return Page[TaskRead](
        items=[TaskRead.model_validate(item) for item in items],
        total=total,
        limit=page.limit,
        offset=page.offset,
    )


@router.post("", response_model=TaskRead, status_code=status.HTTP_201_CREATED)
def create_task(
    body: TaskCreate,
    session: DbSession,
    project_id: Annotated[int, project_id_for(Permission.TASK_CREATE)],
) -> Task:
    return TaskService(session).create(project_id, body.title, body.priority, body.estimate)


@router.get("/{task_id}", response_model=TaskRead)
def read_task(
    task_id: int,
    session: DbSession,
    project_id: Annotated[int, project_id_for(Permission.TASK_READ)],
) -> Task:
    return TaskService(session).get(project_id, task_id)


@router.patch("/{task_id}", response_model=TaskRead)
def update_task(
    task_id: int,
    body: TaskUpdate,
    session: DbSession,
    project_id: Annotated[int, project_id_for(Permission.TASK_UPDATE)],
) -> Task:
    return TaskService(session).update(
        project_id, task_id, title=body.title, priority=body.priority, status=body.status
    )


@router.delete("/{task_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_task(
    task_id: int,
    session: DbSession,
    project_id: Annotated[int, project_id_for(Permission.TASK_DELETE)],
) -> None:
    TaskService(session).delete(project_id, task_id)
