"""Request and response bodies."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from src.core.permissions import Role
from src.services.countries import to_alpha2
from src.services.durations import parse_duration
from src.services.tasks import Status
from src.services.validators import check_email, check_password, check_username

ItemT = TypeVar("ItemT")


def _minutes(value: Any) -> int:
    return parse_duration(str(value))


Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"\S")]
Title = Annotated[str, Field(min_length=1, max_length=120, pattern=r"\S")]
Priority = Annotated[int, Field(ge=1, le=5)]
Estimate = Annotated[
    int, BeforeValidator(_minutes), WithJsonSchema({"type": "string", "examples": ["1h 30m"]})
]


class FromRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[ItemT]):
    items: list[ItemT]
    total: int
    limit: int
    offset: int


class Registration(BaseModel):
    email: Annotated[str, AfterValidator(check_email)]
    username: Annotated[str, AfterValidator(check_username)]
    password: Annotated[str, AfterValidator(check_password)]
    country: Annotated[str, AfterValidator(to_alpha2)] | None = None


class Credentials(BaseModel):
    email: str
    password: str
    device: str = Field(default="unknown", max_length=120)


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"


class Me(FromRow):
    user_id: int
    email: str
    role: Role


class UserRead(FromRow):
    id: int
    email: str
    username: str
    role: Role
    country: str | None


class RoleChange(BaseModel):
    role: Role


class SessionRead(FromRow):
    id: int
    device: str
    opened_at: datetime


class RevokedCount(BaseModel):
    revoked: int


class ProjectCreate(BaseModel):
    name: Name
    description: str = Field(default="", max_length=500)


class ProjectUpdate(BaseModel):
    name: Name | None = None
    description: str | None = Field(default=None, max_length=500)


class ProjectRead(FromRow):
    id: int
    name: str
    slug: str
    description: str
    owner_id: int


class TaskCreate(BaseModel):
    title: Title
    priority: Priority = 3
    estimate: Estimate | None = None


class TaskUpdate(BaseModel):
    title: Title | None = None
    priority: Priority | None = None
    status: Status | None = None


class TaskRead(FromRow):
    id: int
    title: str
    status: Status
    priority: int
    estimate_minutes: int | None
