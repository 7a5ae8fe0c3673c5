"""Whose turn it is where one worker works for all tenants, one after the other."""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import Error as AnyDatabaseError

from django_copyleaks_image.database_errors import Trouble, told, trouble_of
from django_copyleaks_image.tenants import Tenant

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=Tenant | None)

# How long a tenant with much to do is served before the next one is.
TURN_SECONDS = 5.0
# How long one is left out whose turn has failed, so that it costs the others little and the log few lines.
REST_SECONDS = 60.0


class Turns:
    """Leaves out for a while whose turn has failed, for want of tables for example."""

    def __init__(self) -> None:
        # By schema, in seconds of the monotonic clock.
        self._rests_until: dict[str, float] = {}

    def of(self, tenants: Iterable[T]) -> Iterator[T]:
        """Yield those whose turn it may be."""
        for tenant in tenants:
            if tenant is None or time.monotonic() >= self._rests_until.get(tenant.schema_name, 0.0):
                yield tenant

    @contextmanager
    def taken_by(self, tenant: Tenant | None) -> Iterator[None]:
        """Let a tenant have its turn in the block; log what goes wrong, but raise what may go wrong for everybody."""
        name = "" if tenant is None else tenant.schema_name
        try:
            yield
        except Exception as error:
            if isinstance(error, AnyDatabaseError) and trouble_of(error) not in (Trouble.MISSING, Trouble.OTHER):
                raise
            self._rests_until[name] = time.monotonic() + REST_SECONDS
            logger.error(
                "Nothing goes on for the tenant %s (%s); the others have their turn.",
                name,
                told(error) if isinstance(error, AnyDatabaseError) else type(error).__name__,
                exc_info=error,
                extra={"event": "turn_failed", "tenant": name, "error": type(error).__name__},
            )
