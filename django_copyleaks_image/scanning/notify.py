"""Tells the project how a scan ended: after commit, at least once, in the normal course exactly once."""

import logging

from django.db import transaction
from django.utils import timezone

from django_copyleaks_image import signals
from django_copyleaks_image.models import ImageScan, home_database, scans

logger = logging.getLogger(__name__)


def after_commit(scan_pk: int) -> None:
    """Send the signal of a scan that has just ended once that is committed.

    A process that dies in between leaves ``notified_at`` null; the sweep then sends what is owed.
    """
    transaction.on_commit(lambda: send(scan_pk), using=home_database(), robust=True)


def send(scan_pk: int) -> None:
    """Send ``scan_completed`` or ``scan_failed`` unless it was sent; receivers that raise are logged by Django."""
    scan = scans().select_related("content_type", "result").filter(pk=scan_pk, notified_at=None).first()
    if scan is None or not scan.is_finished:
        return
    completed = scan.status == ImageScan.Status.COMPLETED
    signal = signals.scan_completed if completed else signals.scan_failed
    signal.send_robust(sender=scan.content_type.model_class(), scan=scan, instance=scan.target)
    scans().filter(pk=scan_pk, finished_at=scan.finished_at).update(notified_at=timezone.now())
