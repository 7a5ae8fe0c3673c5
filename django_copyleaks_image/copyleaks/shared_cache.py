"""Django's cache as a help and never a condition: one that is down, or stores nothing, only costs time.

Some caches raise when they are down, others swallow it (``IGNORE_EXCEPTIONS`` of django-redis, pymemcache): there
``add`` returns False although nobody else has the key.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import cache

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds for which a cache that has raised is left alone, so that its timeout is not waited for by each scan.
REST_SECONDS = 10.0


class SharedCache:
    """The default cache; what it raises is logged once an outage, and means that nothing is stored."""

    def __init__(self) -> None:
        self._is_down = False
        self._rests_until = 0.0

    def get(self, key: str) -> Any:
        return self._ask(lambda: cache.get(key), None)

    def set(self, key: str, value: object, seconds: float) -> None:
        self._ask(lambda: cache.set(key, value, seconds), None)

    def delete(self, key: str) -> None:
        self._ask(lambda: cache.delete(key), False)

    def takes(self, key: str, value: object, seconds: float) -> bool:
        """Store a value unless somebody else has; return True also where nothing is stored at all."""
        # Asked twice, since who has it may give it up between two questions.
        for _ in range(2):
            if self._add(key, value, seconds):
                return True
            if self.get(key) is not None:
                return False
        return True

    def _add(self, key: str, value: object, seconds: float) -> bool:
        return self._ask(lambda: bool(cache.add(key, value, seconds)), False)

    def _ask(self, question: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < self._rests_until:
            return otherwise
        try:
            answer = question()
        except Exception as error:  # noqa: BLE001 - every cache has errors of its own
            self._rests_until = time.monotonic() + REST_SECONDS
            if not self._is_down:
                self._is_down = True
                logger.error(
                    "The cache is down (%s); each process goes by what it knows itself.",
                    type(error).__name__,
                    extra={"event": "cache_down", "error": type(error).__name__},
                )
            return otherwise
        if self._is_down:
            self._is_down = False
            logger.warning("The cache answers again.", extra={"event": "cache_answers"})
        return answer
