"""When a web process looks for a worker: a dead one tells nothing.

Its silence is noticed after a request has been answered, once a minute in each process, and only where somebody wants
to be told.
"""

import time
from typing import Any

from django.core.signals import request_finished
from django.db import close_old_connections, connections

from django_copyleaks_image.models import home_database

LOOK_EVERY_SECONDS = 60.0


class _Lookout:
    """When this process looks for a worker again, in seconds of the monotonic clock."""

    next_at = 0.0


def connect() -> None:
    """Have this process look for a worker after requests, now and then."""
    request_finished.connect(_look_now_and_then, dispatch_uid="copyleaks-alerts")


def _look_now_and_then(**kwargs: Any) -> None:
    now = time.monotonic()
    if now < _Lookout.next_at:
        return
    _Lookout.next_at = now + LOOK_EVERY_SECONDS
    from . import rounds  # noqa: PLC0415 - brings an HTTP client, for which no start should wait

    was_open = connections[home_database()].connection is not None
    rounds.look_out()
    if not was_open:
        # Django has closed what is not to be kept before this was called.
        close_old_connections()
