"""Keeps a lease for whoever still works, however long that takes."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

from django.db import connections

from . import tenants

logger = logging.getLogger(__name__)


@contextmanager
def renewed(renew: Callable[[], object], *, every: timedelta) -> Iterator[None]:
    """Call ``renew`` again and again, in a thread of its own, until the block is left.

    It may be called once more just after that, so it must do nothing for a lease that was given up. The thread opens a
    connection to the database only when the block takes that long.
    """
    has_ended = Event()

    def keep_renewing() -> None:
        while not has_ended.wait(every.total_seconds()):
            try:
                renew()
            except Exception:
                # The next time may be in time.
                logger.exception("A lease could not be renewed.", extra={"event": "lease_not_renewed"})
            finally:
                connections.close_all()

    Thread(target=tenants.carried(keep_renewing), name="renewal", daemon=True).start()
    try:
        yield
    finally:
        has_ended.set()
