"""Tasks of a project."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from src.models import Task
from src.services.errors import Conflict, NotFound
from src.services.sorting import SortKey


class Status(StrEnum):
    TODO = "todo"
    DOING = "doing"
    BLOCKED = "blocked"
    DONE = "done"


TRANSITIONS = {
    Status.TODO: frozenset({Status.DOING, Status.BLOCKED}),
    Status.DOING: frozenset({Status.TODO, Status.BLOCKED, Status.DONE}),
    Status.BLOCKED: frozenset({Status.TODO, Status.DOING}),
    Status.DONE: frozenset({Status.DOING}),
}

SORTABLE = ("title", "priority", "status")


def can_move(current: Status, target: Status) -> bool:
    return current == target or target in TRANSITIONS[current]


class TaskService:
    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self, project_id: int, title: str, priority: int = 3, estimate: int | None = None
    ) -> Task:
        task = Task(
            project_id=project_id, title=title, priority=priority, estimate_minutes=estimate
        )
        self._session.add(task)
        self._session.commit()
        return task

    def get(self, project_id: int, task_id: int) -> Task:
        query = select(Task).where(Task.project_id == project_id, Task.id == task_id)
        task = self._session.scalar(query)
        if task is None:
            raise NotFound(f"No task {task_id}")
        return task

    def all_of(self, project_id: int) -> Sequence[Task]:
        query = select(Task).where(Task.project_id == project_id).order_by(Task.id)
        return self._session.scalars(query).all()

    def list(
        self,
        project_id: int,
        limit: int,
        offset: int,
        status: Status | None = None,
        order: Sequence[SortKey] = (),
    ) -> tuple[Sequence[Task], int]:
        query = select(Task).where(Task.project_id == project_id)
        if status is not None:
            query = query.where(Task.status == status.value)
        total = self._session.scalar(select(func.count()).select_from(query.subquery())) or 0
        for key in order:
            column = getattr(Task, key.field)
            query = query.order_by(column.desc() if key.descending else column)
        page = query.order_by(Task.id).limit(limit).offset(offset)
        return self._session.scalars(page).all(), total

    def update(
        self,
        project_id: int,
        task_id: int,
        title: str | None = None,
        priority: int | None = None,
        status: Status | None = None,
    ) -> Task:
        task = self.get(project_id, task_id)
        if status is not None:
            if not can_move(Status(task.status), status):
                raise Conflict(f"A task cannot go from {task.status} to {status}")
            task.status = status.value
        if title is not None:
            task.title = title
        if priority is not None:
            task.priority = priority
        self._session.commit()
        return task

    def delete(self, project_id: int, task_id: int) -> None:
        self._session.delete(self.get(project_id, task_id))
        self._session.commit()
