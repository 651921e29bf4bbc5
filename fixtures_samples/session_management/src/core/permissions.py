"""Who may do what."""

from enum import StrEnum


class Role(StrEnum):
    VIEWER = "viewer"
    MEMBER = "member"
    MANAGER = "manager"
    ADMIN = "admin"


class Permission(StrEnum):
    PROJECT_READ = "project:read"
    PROJECT_CREATE = "project:create"
    PROJECT_UPDATE = "project:update"
    PROJECT_DELETE = "project:delete"
    PROJECT_EXPORT = "project:export"
    TASK_READ = "task:read"
    TASK_CREATE = "task:create"
    TASK_UPDATE = "task:update"
    TASK_DELETE = "task:delete"
    USER_READ = "user:read"
    USER_ASSIGN_ROLE = "user:assign-role"


_VIEWER = frozenset({Permission.PROJECT_READ, Permission.TASK_READ})
_MEMBER = _VIEWER | {
    Permission.PROJECT_EXPORT,
    Permission.TASK_CREATE,
    Permission.TASK_UPDATE,
}
_MANAGER = _MEMBER | {
    Permission.PROJECT_CREATE,
    Permission.PROJECT_UPDATE,
    Permission.TASK_DELETE,
    Permission.USER_READ,
}

GRANTS = {
    Role.VIEWER: _VIEWER,
    Role.MEMBER: _MEMBER,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: frozenset(Permission),
}


def is_allowed(role: Role, permission: Permission) -> bool:
    return permission in GRANTS[role]
