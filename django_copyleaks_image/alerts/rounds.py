"""What the worker does about alerts in a round, and what a web process does in its place while none is there."""

import logging

from django.core.exceptions import ImproperlyConfigured
from django.db import Error as AnyDatabaseError

from django_copyleaks_image.database_errors import told
from django_copyleaks_image.models.alert import Kind
from django_copyleaks_image.scanning.isolation import isolated

from . import channels, noticing, telling

logger = logging.getLogger(__name__)


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
