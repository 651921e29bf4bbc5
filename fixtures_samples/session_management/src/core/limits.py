"""Page sizes."""

DEFAULT_LIMITS = {"projects": 20, "tasks": 50, "sessions": 10, "users": 25}
MAX_LIMIT = 100


def page_limit(resource: str, requested: int | None) -> int:
    """The number of items on a page: what was asked for, within the maximum."""
    if requested is None:
        return DEFAULT_LIMITS[resource]
    if requested < 1:
        raise ValueError("limit must be at least 1")
    return min(requested, MAX_LIMIT)
