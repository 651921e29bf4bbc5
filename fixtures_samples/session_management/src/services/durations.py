"""Estimates such as `1h 30m`."""

import re

MINUTES = {"w": 5 * 8 * 60, "d": 8 * 60, "h": 60, "m": 1}
_PATTERN = re.compile(r"(?:(\d+)w)?\s*(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?")


def parse_duration(text: str) -> int:
    """Minutes; a day has eight hours and a week five days."""
    cleaned = text.strip().lower()
    match = _PATTERN.fullmatch(cleaned)
    if not cleaned or match is None:
        raise ValueError(f"not a duration: {text!r}")
    total = sum(
        int(amount) * factor
        for amount, factor in zip(match.groups(), MINUTES.values(), strict=True)
        if amount is not None
    )
    if total == 0:
        raise ValueError("a duration must be longer than nothing")
    return total


def format_duration(minutes: int) -> str:
    parts: list[str] = []
    for unit, factor in MINUTES.items():
        amount, minutes = divmod(minutes, factor)
        if amount:
            parts.append(f"{amount}{unit}")
    return " ".join(parts) or "0m"
