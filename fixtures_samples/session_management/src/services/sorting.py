"""Sort orders such as `-priority,title`."""

from collections.abc import Collection
from dataclasses import dataclass


class InvalidSort(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class SortKey:
    field: str
    descending: bool = False


def parse_sort(text: str, allowed: Collection[str]) -> tuple[SortKey, ...]:
    keys: list[SortKey] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        field = part.removeprefix("-")
        if field not in allowed:
            raise InvalidSort(f"Cannot sort by {field!r}")
        if any(key.field == field for key in keys):
            raise InvalidSort(f"{field!r} is given twice")
        keys.append(SortKey(field, descending=part.startswith("-")))
    return tuple(keys)
