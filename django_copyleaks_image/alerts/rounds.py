"""What the worker does about alerts in a round, and what a web process does in its place while none is there.

A dead worker tells nothing: its silence is noticed by the web processes, after a request has been answered, once a
minute in each, and only where somebody wants to be told.
"""

import logging
import time
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_finished
from django.db import Error as AnyDatabaseError
from django.db import close_old_connections, connections

from django_copyleaks_image.database_errors import told
from django_copyleaks_image.models import home_database
from django_copyleaks_image.models.alert import Kind
from django_copyleaks_image.scanning.isolation import isolated

from . import channels, noticing, telling

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 60.0


class _Lookout:
    """When this process looks for a worker again, in seconds of the monotonic clock."""

    next_at = 0.0


def go_round() -> None:
    """Notice what is wrong and what is over, and send what is owed; for the worker."""
    with isolated("notice what people are to be told of"):
        noticing.notice_all()
    with isolated("tell of alerts"):
        telling.send_due()


def look_out() -> None:
    """Tell that no worker is there, where somebody wants to know; for processes that are no worker. Raises nothing."""
    try:
        if channels.wanted_for(Kind.SILENT) and noticing.notice_silence():
            telling.send_due()
    except ImproperlyConfigured:
        pass  # E003 has said so.
    except AnyDatabaseError as error:
        logger.error(
            "Nobody knows whether a worker is there: the database refuses (%s).",
            told(error),
            extra={"event": "worker_unknown", "error": type(error).__name__},
        )
    except Exception:
        logger.exception("An unforeseen error while looking for a worker.", extra={"event": "worker_unknown"})


def connect() -> None:
    """Have this process look for a worker after requests, now and then."""
    channels.keep_the_address_out_of_logs()
    request_finished.connect(_look_now_and_then, dispatch_uid="copyleaks-alerts")


def _look_now_and_then(**kwargs: Any) -> None:
    now = time.monotonic()
    if now < _Lookout.next_at:
        return
    _Lookout.next_at = now + LOOK_EVERY_SECONDS
    was_open = connections[home_database()].connection is not None
    look_out()
    if not was_open:
        # Django has closed what is not to be kept before this was called.
        close_old_connections()
