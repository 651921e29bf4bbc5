from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Response, status

from src.api.dependencies import DbSession, PageRequest, Principal, page_of, require
from src.core.permissions import Permission
from src.models import Project
from src.schemas import Page, ProjectCreate, ProjectRead, ProjectUpdate
from src.services.exporters import UnknownFormat, export
from src.services.projects import ProjectService
from src.services.tasks import TaskService

router = APIRouter(prefix="/projects", tags=["projects"])

Reader = Annotated[Principal, Depends(require(Permission.PROJECT_READ))]
Creator = Annotated[Principal, Depends(require(Permission.PROJECT_CREATE))]


@router.get("")
def list_projects(
    user: Reader,
    session: DbSession,
    page: Annotated[PageRequest, Depends(page_of("projects"))],
    search: str = "",
) -> Page[ProjectRead]:
    items, total = ProjectService(session).list(user.user_id, page.limit, page.offset, search)
    return Page[ProjectRead](
        items=[ProjectRead.model_validate(item) for item in items],
        total=total,
        limit=page.limit,
        offset=page.offset,
    )


@router.post("", response_model=ProjectRead, status_code=status.HTTP_201_CREATED)
def create_project(body: ProjectCreate, user: Creator, session: DbSession) -> Project:
    return ProjectService(session).create(user.user_id, body.name, body.description)


@router.get("/{slug}", response_model=ProjectRead)
def read_project(slug: str, user: Reader, session: DbSession) -> Project:
    return ProjectService(session).get(user.user_id, slug)


@router.patch("/{slug}", response_model=ProjectRead)
def update_project(
    slug: str,
    body: ProjectUpdate,
    user: Annotated[Principal, Depends(require(Permission.PROJECT_UPDATE))],
    session: DbSession,
) -> Project:
    return ProjectService(session).update(
        user.user_id, slug, name=body.name, description=body.description
    )


@router.delete("/{slug}", status_code=status.HTTP_204_NO_CONTENT)
def delete_project(
    slug: str,
    user: Annotated[Principal, Depends(require(Permission.PROJECT_DELETE))],
    session: DbSession,
) -> None:
    ProjectService(session).delete(user.user_id, slug)


@router.get("/{slug}/export")
def export_project(
    slug: str,
    user: Annotated[Principal, Depends(require(Permission.PROJECT_EXPORT))],
    session: DbSession,
    format: str = "csv",
) -> Response:
    project = ProjectService(session).get(user.user_id, slug)
    try:
        document = export(format, TaskService(session).all_of(project.id))
    except UnknownFormat as error:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, str(error)) from error
    return Response(document.text, media_type=document.media_type)
