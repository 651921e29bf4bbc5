"""Fixtures shared by all tests."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from src.api.dependencies import Principal, get_current_user
from src.core.database import enable_transactions, get_session
from src.core.permissions import Role
from src.main import app
from src.models import Base

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """An in-memory database with all tables."""
    engine = enable_transactions(
        create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
    )
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def db_session(engine: Engine) -> Iterator[Session]:
    """A database session whose changes are rolled back, commits included."""
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(bind=connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@pytest.fixture(scope="session")
def client(engine: Engine) -> Iterator[TestClient]:
    """A client of the application, which talks to the test database."""

    def get_test_session() -> Iterator[Session]:
        with Session(engine) as session:
            yield session

    app.dependency_overrides[get_session] = get_test_session
    with TestClient(app) as test_client:
        yield test_client
    app.dependency_overrides.clear()


@pytest.fixture(scope="session")
def authenticated_user(client: TestClient) -> Iterator[Principal]:
    """The administrator on whose behalf `client` makes its requests."""
    user = Principal(user_id=1001, email="ada@example.com", role=Role.ADMIN, session_id=9001)
    app.dependency_overrides[get_current_user] = lambda: user
    yield user
    app.dependency_overrides.pop(get_current_user, None)


@pytest.fixture(scope="session")
def country_codes() -> dict[str, str]:
    """Two-letter to three-letter codes, as published by ISO."""
    return json.loads((DATA / "country_codes.json").read_text())
