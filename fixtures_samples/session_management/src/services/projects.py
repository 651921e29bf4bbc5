"""Projects of a user."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from src.models import Project, Task
from src.services.errors import Conflict, NotFound
from src.services.slugs import slugify


class ProjectService:
    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, owner_id: int, name: str, description: str = "") -> Project:
        slug = slugify(name)
        if self._session.scalar(select(Project.id).where(Project.slug == slug)) is not None:
            raise Conflict(f"Project {slug} already exists")
        project = Project(owner_id=owner_id, name=name, slug=slug, description=description)
        self._session.add(project)
        self._session.commit()
        return project

    def get(self, owner_id: int, slug: str) -> Project:
        query = select(Project).where(Project.owner_id == owner_id, Project.slug == slug)
        project = self._session.scalar(query)
        if project is None:
            raise NotFound(f"No project {slug}")
        return project

    def list(
        self, owner_id: int, limit: int, offset: int, search: str = ""
    ) -> tuple[Sequence[Project], int]:
        query = select(Project).where(
            Project.owner_id == owner_id, Project.name.icontains(search, autoescape=True)
        )
        total = self._session.scalar(select(func.count()).select_from(query.subquery())) or 0
        page = query.order_by(Project.name).limit(limit).offset(offset)
        return self._session.scalars(page).all(), total

    def update(
        self, owner_id: int, slug: str, name: str | None = None, description: str | None = None
    ) -> Project:
        """Rename or describe a project; its slug, and so its address, stays."""
        project = self.get(owner_id, slug)
        if name is not None:
            project.name = name
        if description is not None:
            project.description = description
        self._session.commit()
        return project

    def delete(self, owner_id: int, slug: str) -> None:
        project = self.get(owner_id, slug)
        self._session.execute(delete(Task).where(Task.project_id == project.id))
        self._session.delete(project)
        self._session.commit()
