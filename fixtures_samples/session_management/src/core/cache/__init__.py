"""Short-lived data shared by all requests of one process."""

from src.core.cache.backend import CacheBackend, InMemoryCache
from src.core.cache.factory import get_cache

__all__ = ["CacheBackend", "InMemoryCache", "get_cache"]
