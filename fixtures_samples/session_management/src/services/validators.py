"""Checks on what people type; each returns the cleaned value or raises ValueError."""

import re

_EMAIL = re.compile(
    r"[a-z0-9_%+-]+(?:\.[a-z0-9_%+-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
)
_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{2,31}")
RESERVED_NAMES = frozenset({"admin", "root", "system", "support"})
MIN_PASSWORD_LENGTH = 10


def check_email(value: str) -> str:
    cleaned = value.strip().lower()
    if len(cleaned) > 254 or _EMAIL.fullmatch(cleaned) is None:
        raise ValueError("not an email address")
    return cleaned


def check_username(value: str) -> str:
    if _USERNAME.fullmatch(value) is None:
        raise ValueError("3 to 32 letters, digits, hyphens or underscores, a letter first")
    if value.lower() in RESERVED_NAMES:
        raise ValueError("this name is reserved")
    return value


def check_password(value: str) -> str:
    if len(value) < MIN_PASSWORD_LENGTH:
        raise ValueError(f"at least {MIN_PASSWORD_LENGTH} characters")
    if value.isalpha() or value.isdigit():
        raise ValueError("letters and something else")
    if len(set(value)) < 5:
        raise ValueError("at least 5 different characters")
    return value
