from collections.abc import Callable

import pytest

from src.services.validators import (
    RESERVED_NAMES,
    check_email,
    check_password,
    check_username,
)


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("ada@example.com", "ada@example.com"),
        (" ada@example.com ", "ada@example.com"),
        ("Ada@Example.COM", "ada@example.com"),
        ("ada.lovelace@example.com", "ada.lovelace@example.com"),
        ("ada+work@example.co.uk", "ada+work@example.co.uk"),
        ("a_d-a%1@sub-domain.example.com", "a_d-a%1@sub-domain.example.com"),
    ],
)
def test_email(value: str, cleaned: str) -> None:
    assert check_email(value) == cleaned


@pytest.mark.parametrize(
    "value",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@localhost",
        "ada@example.c",
        "ada@example.123",
        "ada@-example.com",
        "ada@example-.com",
        "ada@example..com",
        ".ada@example.com",
        "ada..l@example.com",
        "ada lovelace@example.com",
        "ada@bob@example.com",
        "a" * 250 + "@example.com",
    ],
)
def test_email_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not an email address"):
        check_email(value)


@pytest.mark.parametrize("value", ["ada", "Ada_Lovelace", "a-1", "a" * 32, "administrator"])
def test_username(value: str) -> None:
    assert check_username(value) == value


@pytest.mark.parametrize(
    "value", ["", "ab", "a" * 33, "1ada", "_ada", "ada lovelace", "ada!", "ädä", "ada\n"]
)
def test_username_refused(value: str) -> None:
    with pytest.raises(ValueError, match="3 to 32 letters"):
        check_username(value)


@pytest.mark.parametrize("value", sorted(RESERVED_NAMES))
@pytest.mark.parametrize("change", [str.lower, str.title])
def test_username_reserved(value: str, change: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match="reserved"):
        check_username(change(value))


@pytest.mark.parametrize(
    "value", ["engine-1843", "1234567890abc", "with a space", "päss-wörter", "!!!!!!abcd"]
)
def test_password(value: str) -> None:
    assert check_password(value) == value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "at least 10 characters"),
        ("short-123", "at least 10 characters"),
        ("onlyletters", "letters and something else"),
        ("1234567890", "letters and something else"),
        ("abab-abab-abab", "5 different characters"),
        ("----------", "5 different characters"),
    ],
)
def test_password_refused(value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_password(value)
