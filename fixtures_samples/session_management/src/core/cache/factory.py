"""Access to the cache of this process."""

from src.core.cache.backend import CacheBackend, InMemoryCache

_cache_instance: CacheBackend | None = None


def get_cache() -> CacheBackend:
    """The cache of this process, created on first use."""
    global _cache_instance
    if _cache_instance is None:
        _cache_instance = InMemoryCache()
    return _cache_instance
