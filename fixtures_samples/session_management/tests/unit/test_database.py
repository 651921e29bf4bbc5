from sqlalchemy import create_engine, inspect, select
from sqlalchemy.orm import Session

from src.core.database import create_schema
from src.models import Project
from src.services.projects import ProjectService


def test_create_schema() -> None:
    target = create_engine("sqlite://")
    create_schema(target)
    assert set(inspect(target).get_table_names()) == {
        "users",
        "login_sessions",
        "projects",
        "tasks",
    }
    target.dispose()


def test_rollback_undoes_what_was_not_committed(db_session: Session) -> None:
    ProjectService(db_session).create(1, "Bridge")
    db_session.add(Project(owner_id=1, name="Canal", slug="canal"))
    db_session.flush()
    db_session.rollback()
    assert db_session.scalars(select(Project.name)).all() == ["Bridge"]
