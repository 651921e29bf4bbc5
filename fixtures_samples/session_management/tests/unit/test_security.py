from datetime import UTC, datetime, timedelta

import pytest

from src.core.security import (
    Claims,
    InvalidToken,
    expiry,
    hash_password,
    issue_token,
    read_token,
    verify_password,
)

KEY = "a key for tests"
NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
CLAIMS = Claims(user_id=7, session_id=11, expires_at=NOW + timedelta(hours=1))


@pytest.mark.parametrize("password", ["engine-1843", "", "päss wörd", "x" * 500])
def test_password_is_recognised(password: str) -> None:
    assert verify_password(password, hash_password(password))


@pytest.mark.parametrize("other", ["Engine-1843", "engine-1843 ", "engine-184", ""])
def test_other_password_is_refused(other: str) -> None:
    assert not verify_password(other, hash_password("engine-1843"))


def test_hashes_are_salted() -> None:
    assert hash_password("engine-1843") != hash_password("engine-1843")


def test_token_round_trip() -> None:
    assert read_token(issue_token(CLAIMS, KEY), KEY, NOW) == CLAIMS


@pytest.mark.parametrize("minutes", [60, 61, 1440])
def test_expired_token(minutes: int) -> None:
    with pytest.raises(InvalidToken, match="expired"):
        read_token(issue_token(CLAIMS, KEY), KEY, NOW + timedelta(minutes=minutes))


def test_token_of_another_key() -> None:
    with pytest.raises(InvalidToken, match="signature"):
        read_token(issue_token(CLAIMS, "another key"), KEY, NOW)


@pytest.mark.parametrize("token", ["", ".", "abc", "abc.def", "ä.ö"])
def test_malformed_token(token: str) -> None:
    with pytest.raises(InvalidToken):
        read_token(token, KEY, NOW)


def test_changed_token() -> None:
    payload, _, signature = issue_token(CLAIMS, KEY).partition(".")
    with pytest.raises(InvalidToken, match="signature"):
        read_token(f"{payload[:-4]}AAAA.{signature}", KEY, NOW)


@pytest.mark.parametrize(
    ("ttl", "expected"),
    [
        (timedelta(hours=12), datetime(2025, 3, 2, 0, 0, tzinfo=UTC)),
        (timedelta(seconds=1.9), datetime(2025, 3, 1, 12, 0, 1, tzinfo=UTC)),
    ],
)
def test_expiry(ttl: timedelta, expected: datetime) -> None:
    assert expiry(NOW, ttl) == expected
