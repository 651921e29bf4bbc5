"""Settings read from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Settings:
    database_url: str
    secret_key: str
    session_ttl: timedelta


def load_settings(environ: Mapping[str, str]) -> Settings:
    hours = float(environ.get("TASKBOARD_SESSION_HOURS", "12"))
    if hours <= 0:
        raise ValueError("TASKBOARD_SESSION_HOURS must be positive")
    return Settings(
        database_url=environ.get("TASKBOARD_DATABASE_URL", "sqlite:///taskboard.db"),
        secret_key=environ.get("TASKBOARD_SECRET_KEY", "development-only"),
        session_ttl=timedelta(hours=hours),
    )


settings = load_settings(os.environ)
