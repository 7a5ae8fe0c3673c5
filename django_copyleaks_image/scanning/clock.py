"""What time it is for all workers together: the time of the database, whatever the clock of each machine shows.

A worker whose clock is a day ahead would give up every result as lost and take the leases of all others, one whose
clock is behind would never find anything due.
"""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from django_copyleaks_image.clock_skew import APART
from django_copyleaks_image.models import home_database

logger = logging.getLogger(__name__)

# Seconds until the clocks are compared again, and how far this machine's may jump before that.
COMPARED_EVERY = 60.0
JUMP = 1.0
# Differences that do no harm. Clocks that are set over the network are closer, and SQLite tells milliseconds only.
SMALL = timedelta(seconds=0.1)


# The present in UTC, by vendor; ``NOW()`` of MariaDB is in the time zone of its server.
_PRESENT = {
    "sqlite": "SELECT STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')",
    "postgresql": "SELECT CLOCK_TIMESTAMP()",
    "mysql": "SELECT UTC_TIMESTAMP(6)",
}


class _Comparison(NamedTuple):
    """How far the database's clock is ahead of ours, and what our two clocks showed when it was asked."""

    difference: timedelta
    monotonic: float
    wall: float

    @property
    def holds(self) -> bool:
        """Return whether it is recent, and our clock was not set since."""
        passed = time.monotonic() - self.monotonic
        return passed < COMPARED_EVERY and abs(time.time() - self.wall - passed) < JUMP


# By database: all tenants in one have one clock.
_compared: dict[str, _Comparison] = {}


def now() -> datetime:
    """Return the present by the clock of the home database, which is asked once a minute."""
    home = home_database()
    known = _compared.get(home)
    if known is None or not known.holds:
        known = _compared[home] = _compare(home, known)
    return timezone.now() + known.difference


def _compare(home: str, before: _Comparison | None) -> _Comparison:
    connection = connections[home]
    # What connecting takes is no difference of the clocks.
    connection.ensure_connection()
    asked_at, started = timezone.now(), time.monotonic()
    present = _present(connection) or asked_at
    taken = timedelta(seconds=time.monotonic() - started)
    difference = present - (asked_at + taken / 2)
    # What is less than the time that the question took is no difference that can be told.
    if abs(difference) <= max(taken, SMALL):
        difference = timedelta(0)
    if abs(difference) > APART and (before is None or abs(before.difference) <= APART):
        logger.error(
            "The clock of this machine is %.0f seconds %s the database's. The worker goes by the database's.",
            abs(difference.total_seconds()),
            "behind" if difference > timedelta(0) else "ahead of",
            extra={"event": "clock_off", "seconds": -difference.total_seconds()},
        )
    return _Comparison(difference=difference, monotonic=time.monotonic(), wall=time.time())


def _present(connection: BaseDatabaseWrapper) -> datetime | None:
    """Return the database's time, None of one that we cannot ask."""
    if connection.vendor not in _PRESENT:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT[connection.vendor])
        (present,) = cursor.fetchone()
    if isinstance(present, str):
        present = datetime.fromisoformat(present)
    return cast("datetime", present if timezone.is_aware(present) else present.replace(tzinfo=UTC))


def forget() -> None:
    """Compare the clocks again at the next question."""
    _compared.clear()
