"""Caches that are of no help, as projects have them."""

from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache


class Swallowing(BaseCache):
    """Down, and silent about it, as django-redis with ``IGNORE_EXCEPTIONS`` and pymemcache are."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, key: str, value: object, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return False

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return default

    def set(self, key: str, value: object, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        return None

    def delete(self, key: str, version: int | None = None) -> bool:
        return False


class Raising(BaseCache):
    """Down, and says so at every question, as Django's own Redis cache does."""

    questions = 0

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def _fail(self, *_: object, **__: object) -> Any:
        type(self).questions += 1
        raise ConnectionError("redis.internal refuses password hunter2")

    add = get = set = delete = _fail
