import pytest
from sqlalchemy.orm import Session

from src.services.errors import Conflict, NotFound
from src.services.projects import ProjectService
from src.services.sorting import SortKey
from src.services.tasks import Status, TaskService, can_move

TODO, DOING, BLOCKED, DONE = Status


@pytest.fixture
def project_id(db_session: Session) -> int:
    return ProjectService(db_session).create(1, "Dry Dock").id


@pytest.fixture
def tasks(db_session: Session) -> TaskService:
    return TaskService(db_session)


@pytest.mark.parametrize(
    ("current", "targets"),
    [
        (TODO, {TODO, DOING, BLOCKED}),
        (DOING, {TODO, DOING, BLOCKED, DONE}),
        (BLOCKED, {TODO, DOING, BLOCKED}),
        (DONE, {DOING, DONE}),
    ],
)
@pytest.mark.parametrize("target", Status)
def test_can_move(current: Status, targets: set[Status], target: Status) -> None:
    assert can_move(current, target) == (target in targets)


def test_create(tasks: TaskService, project_id: int) -> None:
    task = tasks.create(project_id, "Survey", estimate=90)
    assert (task.title, task.status, task.priority) == ("Survey", "todo", 3)
    assert task.estimate_minutes == 90


def test_get_from_another_project(tasks: TaskService, project_id: int) -> None:
    task = tasks.create(project_id, "Survey")
    with pytest.raises(NotFound):
        tasks.get(project_id + 1, task.id)


def test_all_of_follows_creation(tasks: TaskService, project_id: int) -> None:
    for title in ("Survey", "Mast", "Cabling"):
        tasks.create(project_id, title)
    assert [task.title for task in tasks.all_of(project_id)] == ["Survey", "Mast", "Cabling"]


@pytest.mark.parametrize(
    ("order", "titles"),
    [
        ((), ["Survey", "Mast", "Cabling"]),
        ((SortKey("title"),), ["Cabling", "Mast", "Survey"]),
        ((SortKey("priority", descending=True),), ["Mast", "Survey", "Cabling"]),
        ((SortKey("priority"), SortKey("title")), ["Cabling", "Survey", "Mast"]),
    ],
)
def test_list_order(
    tasks: TaskService, project_id: int, order: tuple[SortKey, ...], titles: list[str]
) -> None:
    for title, priority in (("Survey", 1), ("Mast", 2), ("Cabling", 1)):
        tasks.create(project_id, title, priority)
    items, total = tasks.list(project_id, limit=10, offset=0, order=order)
    assert [task.title for task in items] == titles
    assert total == 3


@pytest.mark.parametrize(("status", "total"), [(None, 2), (TODO, 1), (DOING, 1), (DONE, 0)])
def test_list_by_status(
    tasks: TaskService, project_id: int, status: Status | None, total: int
) -> None:
    tasks.create(project_id, "Survey")
    started = tasks.create(project_id, "Mast")
    tasks.update(project_id, started.id, status=DOING)
    assert tasks.list(project_id, limit=10, offset=0, status=status)[1] == total


def test_refused_move_changes_nothing(tasks: TaskService, project_id: int) -> None:
    task = tasks.create(project_id, "Survey")
    with pytest.raises(Conflict, match="from todo to done"):
        tasks.update(project_id, task.id, title="Land survey", status=DONE)
    assert (task.title, task.status) == ("Survey", "todo")


def test_delete(tasks: TaskService, project_id: int) -> None:
    task = tasks.create(project_id, "Survey")
    tasks.delete(project_id, task.id)
    assert tasks.all_of(project_id) == []
