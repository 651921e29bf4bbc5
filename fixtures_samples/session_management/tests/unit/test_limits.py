import pytest

from src.core.limits import DEFAULT_LIMITS, MAX_LIMIT, page_limit


@pytest.mark.parametrize(
    ("resource", "limit"), [("projects", 20), ("tasks", 50), ("sessions", 10), ("users", 25)]
)
def test_default(resource: str, limit: int) -> None:
    assert page_limit(resource, None) == limit


@pytest.mark.parametrize(("requested", "limit"), [(1, 1), (99, 99), (100, 100), (101, 100)])
def test_requested(requested: int, limit: int) -> None:
    assert page_limit("tasks", requested) == limit


@pytest.mark.parametrize("requested", [0, -1])
def test_too_small(requested: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        page_limit("tasks", requested)


def test_no_default_exceeds_the_maximum() -> None:
    assert max(DEFAULT_LIMITS.values()) <= MAX_LIMIT


def test_unknown_resource() -> None:
    with pytest.raises(KeyError):
        page_limit("invoices", None)
