"""Transactions of the home database that survive being broken off."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import Error as AnyDatabaseError
from django.db import connections, transaction

from django_copyleaks_image.database_errors import Trouble, trouble_of
from django_copyleaks_image.models import home_database

T = TypeVar("T")

TRIES = 20
# A lock that is waited for may take as long as the database allows before it is an error: no try begins later.
LONGEST = 20.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.5


def atomically(work: Callable[[], T]) -> T:
    """Run ``work`` in a transaction, and again when the database breaks it off, as it does to end a deadlock.

    An outer transaction is broken off as a whole and cannot be repeated here: then the error is raised.
    """

    def in_a_transaction() -> T:
        with transaction.atomic(using=home_database()):
            return work()

    return repeated(in_a_transaction)


def repeated(work: Callable[[], T]) -> T:
    """Run ``work``, and again for every race that it loses, and for a connection that turned out to be gone.

    Within a transaction only once, see :func:`atomically`.
    """
    if connections[home_database()].in_atomic_block:
        return work()
    ends_at = time.monotonic() + LONGEST
    reconnects = 1
    for number in range(TRIES):
        try:
            return work()
        except AnyDatabaseError as error:
            trouble = trouble_of(error)
            is_lost = trouble is Trouble.LOST and reconnects
            if number == TRIES - 1 or time.monotonic() > ends_at or not (is_lost or trouble is Trouble.RACE):
                raise
            if is_lost:
                reconnects -= 1
                _close_what_failed()
        # Those who have met would meet again.
        time.sleep(random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**number)))  # noqa: S311 - jitter
    raise AssertionError("The last try returns or raises.")


def _close_what_failed() -> None:
    for connection in connections.all(initialized_only=True):
        if connection.errors_occurred:
            connection.close()
