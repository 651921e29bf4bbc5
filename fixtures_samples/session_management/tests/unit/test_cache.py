from typing import Any

import pytest

from src.core.cache import InMemoryCache


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> InMemoryCache:
    return InMemoryCache(max_entries=3, clock=clock)


@pytest.mark.parametrize("value", ["text", 0, False, (), {"a": 1}])
def test_get_returns_what_was_set(cache: InMemoryCache, value: Any) -> None:
    cache.set("key", value, ttl=10)
    assert cache.get("key") == value


def test_get_of_missing_key(cache: InMemoryCache) -> None:
    assert cache.get("key") is None


@pytest.mark.parametrize(("seconds", "alive"), [(0, True), (9.9, True), (10, False), (60, False)])
def test_values_expire(cache: InMemoryCache, clock: Clock, seconds: float, alive: bool) -> None:
    cache.set("key", "value", ttl=10)
    clock.now += seconds
    assert (cache.get("key") == "value") is alive


def test_set_again_renews(cache: InMemoryCache, clock: Clock) -> None:
    cache.set("key", "old", ttl=10)
    clock.now += 8
    cache.set("key", "new", ttl=10)
    clock.now += 8
    assert cache.get("key") == "new"


@pytest.mark.parametrize("ttl", [0, -1])
def test_ttl_must_be_positive(cache: InMemoryCache, ttl: float) -> None:
    with pytest.raises(ValueError, match="ttl"):
        cache.set("key", "value", ttl=ttl)


def test_delete(cache: InMemoryCache) -> None:
    cache.set("key", "value", ttl=10)
    cache.delete("key")
    assert cache.get("key") is None


def test_delete_of_missing_key(cache: InMemoryCache) -> None:
    cache.delete("key")
    assert cache.get("key") is None


def test_oldest_entry_makes_room(cache: InMemoryCache) -> None:
    for key in "abcd":
        cache.set(key, key, ttl=10)
    assert [cache.get(key) for key in "abcd"] == [None, "b", "c", "d"]


def test_overwriting_keeps_the_others(cache: InMemoryCache) -> None:
    for key in "abca":
        cache.set(key, key, ttl=10)
    assert [cache.get(key) for key in "abc"] == ["a", "b", "c"]
