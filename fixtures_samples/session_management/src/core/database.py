"""Engine and session handling."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

from src.core.config import settings
from src.models import Base


def enable_transactions(target: Engine) -> Engine:
    """Let SQLAlchemy, not the sqlite3 driver, decide where a transaction begins.

    Otherwise the driver commits as soon as the outermost savepoint is released.
    """

    @event.listens_for(target, "connect")
    def _switch_driver_off(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None

    @event.listens_for(target, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return target


engine = enable_transactions(create_engine(settings.database_url))


def create_schema(target: Engine = engine) -> None:
    Base.metadata.create_all(target)


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session
