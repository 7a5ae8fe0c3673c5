"""A step or a row that fails keeps no other from its turn."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error as AnyDatabaseError
from django.db import InterfaceError, OperationalError, connections

from django_copyleaks_image.database_errors import told
from django_copyleaks_image.models import home_database

logger = logging.getLogger(__name__)


@contextmanager
def isolated(task: str, *arguments: object) -> Iterator[None]:
    """Log what the block raises, and go on; raise it when the home database is lost, which fails everything."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OperationalError | InterfaceError) and _home_database_is_lost():
            raise
        logger.error(
            "Could not %s (%s); the rest goes on.",
            task % arguments,
            told(error) if isinstance(error, AnyDatabaseError) else type(error).__name__,
            exc_info=error,
            extra={"event": "step_failed", "step": task % arguments, "error": type(error).__name__},
        )


def _home_database_is_lost() -> bool:
    """Return whether the database cannot be reached, so that an error is not that of a row."""
    home = connections[home_database()]
    try:
        home.ensure_connection()
    except AnyDatabaseError:
        return True
    return not home.is_usable()
