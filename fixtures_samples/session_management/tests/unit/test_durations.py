import pytest

from src.services.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1m", 1),
        ("45m", 45),
        ("90m", 90),
        ("1h", 60),
        ("1h30m", 90),
        ("1h 30m", 90),
        ("  2h  ", 120),
        ("2H", 120),
        ("1d", 480),
        ("1d 1m", 481),
        ("1d4h", 720),
        ("1w", 2400),
        ("2w 1d 1h 1m", 5341),
        ("0h 5m", 5),
    ],
)
def test_parse(text: str, minutes: int) -> None:
    assert parse_duration(text) == minutes


@pytest.mark.parametrize(
    "text", ["", " ", "soon", "90", "h", "1.5h", "-1h", "1h1h", "30m 1h", "0m", "1y", "1h,30m"]
)
def test_parse_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "0m"),
        (1, "1m"),
        (60, "1h"),
        (90, "1h 30m"),
        (480, "1d"),
        (2399, "4d 7h 59m"),
        (2400, "1w"),
        (5341, "2w 1d 1h 1m"),
    ],
)
def test_format(minutes: int, text: str) -> None:
    assert format_duration(minutes) == text


@pytest.mark.parametrize("minutes", [1, 59, 61, 479, 481, 2401, 10_000])
def test_round_trip(minutes: int) -> None:
    assert parse_duration(format_duration(minutes)) == minutes
