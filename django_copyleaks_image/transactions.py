"""Transactions of the home database that survive being broken off."""

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connections, transaction

from django_copyleaks_image.models import home_database

T = TypeVar("T")

TRIES = 3


def atomically(work: Callable[[], T]) -> T:
    """Run ``work`` in a transaction, and again when the database breaks it off, as it does to end a deadlock.

    An outer transaction is broken off as a whole and cannot be repeated here: then the error is raised.
    """
    home = home_database()
    tries = 1 if connections[home].in_atomic_block else TRIES
    while True:
        tries -= 1
        try:
            with transaction.atomic(using=home):
                return work()
        except OperationalError:
            if not tries:
                raise
