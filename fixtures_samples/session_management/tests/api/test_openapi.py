"""The description that client generators rely on."""

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/health", {"get"}),
        ("/auth/register", {"post"}),
        ("/auth/login", {"post"}),
        ("/auth/logout", {"post"}),
        ("/auth/me", {"get"}),
        ("/sessions", {"get", "delete"}),
        ("/sessions/{session_id}", {"delete"}),
        ("/projects", {"get", "post"}),
        ("/projects/{slug}", {"get", "patch", "delete"}),
        ("/projects/{slug}/export", {"get"}),
        ("/projects/{slug}/tasks", {"get", "post"}),
        ("/projects/{slug}/tasks/{task_id}", {"get", "patch", "delete"}),
        ("/users", {"get"}),
        ("/users/{user_id}/role", {"put"}),
    ],
)
def test_methods(openapi_schema: dict[str, Any], path: str, methods: set[str]) -> None:
    assert set(openapi_schema["paths"][path]) == methods


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("Registration", {"email", "username", "password"}),
        ("Credentials", {"email", "password"}),
        ("ProjectCreate", {"name"}),
        ("TaskCreate", {"title"}),
        ("RoleChange", {"role"}),
    ],
)
def test_required_fields(openapi_schema: dict[str, Any], name: str, required: set[str]) -> None:
    assert set(openapi_schema["components"]["schemas"][name]["required"]) == required


@pytest.mark.parametrize("name", ["ProjectUpdate", "TaskUpdate"])
def test_changes_are_optional(openapi_schema: dict[str, Any], name: str) -> None:
    assert "required" not in openapi_schema["components"]["schemas"][name]


def test_estimates_are_written_as_text(openapi_schema: dict[str, Any]) -> None:
    estimate = openapi_schema["components"]["schemas"]["TaskCreate"]["properties"]["estimate"]
    assert {option["type"] for option in estimate["anyOf"]} == {"string", "null"}


def test_no_response_has_a_password(openapi_schema: dict[str, Any]) -> None:
    properties = openapi_schema["components"]["schemas"]["UserRead"]["properties"]
    assert not any("password" in name for name in properties)
