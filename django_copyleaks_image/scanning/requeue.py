"""What ended with one outcome is queued again in bulk, after its cause was mended: by a command, or on request.

A request is two columns of the account's row. The sweep carries it out from the newest scan to the oldest, some at a
time, and goes on where it was if it is interrupted.
"""

import logging
from collections.abc import Iterator
from functools import partial

from django.db.models import Max

from django_copyleaks_image.models import ImageScan, account_row, scans
from django_copyleaks_image.models.scan import UNMEASURED, ImageScanQuerySet, Lane, Status
from django_copyleaks_image.transactions import atomically
from django_copyleaks_image.watched_fields import Watched

from . import account, arrival, file_changes, stored_files, unmeasured
from .isolation import isolated
from .scan_requests import repeat_scan

logger = logging.getLogger(__name__)

BATCH = 200


def ended_with(code: str) -> ImageScanQuerySet:
    """Return the scans of this outcome code that ended without a result and were not erased, newest first."""
    ended = scans().filter(status__in=UNMEASURED, error_code=code, removed_at=None)
    return ended.select_related("content_type").order_by("-pk")


def arrived_since(watched: Watched) -> Iterator[ImageScan]:
    """Yield the scans of a field that have ended because there was no file, where there is one now."""
    for code in arrival.MISSING:
        ended = ended_with(code).filter(watched.is_about(), content_type__model=watched.owner._meta.model_name)
        for scan in ended.filter(content_type__app_label=watched.owner._meta.app_label).iterator(chunk_size=BATCH):
            if may_be_queued(scan) and file_changes.is_there(stored_files.stored_file(scan)):
                yield scan


def may_be_queued(scan: ImageScan, *, pay_again: bool = False) -> bool:
    """Return whether a scan is still the last word on a file that is still there, and was certainly not paid.

    With ``pay_again``, also if it may have been paid, or identical bytes in vain.
    """
    if scans().same_target(scan).filter(pk__gt=scan.pk).exists() or not (pay_again or _was_not_paid(scan)):
        return False
    try:
        stored_files.stored_file(scan)
    except (unmeasured.Replaced, unmeasured.StorageFailed):
        return False
    return True


def queue_again(scan: ImageScan, *, pay_again: bool = False) -> bool:
    """Queue the file of a scan once more, if :func:`may_be_queued`; return whether that was done."""
    if not may_be_queued(scan, pay_again=pay_again):
        return False
    instance = scan.target
    if instance is None:
        return False
    lane = max(Lane.AGAIN, Lane(scan.lane))
    atomically(partial(repeat_scan, instance, scan.field_name, force=False, lane=lane))
    return True


def ask_for(code: str) -> None:
    """Have the sweep queue again whatever ended with this code until now and was certainly not paid."""
    newest = scans().aggregate(newest=Max("pk"))["newest"] or 0
    account.state()
    account_row().update(requeue_code=code, requeue_mark=newest + 1)


def carry_on() -> int:
    """Queue the next batch of what was asked for; return how many scans were queued."""
    row = account.state()
    if not row.requeue_code:
        return 0
    batch = list(ended_with(row.requeue_code).filter(pk__lt=row.requeue_mark or 0)[:BATCH])
    queued = 0
    for scan in batch:
        with isolated("queue scan %s again", scan.scan_id):
            queued += queue_again(scan)
    asked_for = account_row().filter(requeue_code=row.requeue_code, requeue_mark=row.requeue_mark)
    if batch:
        asked_for.update(requeue_mark=batch[-1].pk)
    elif asked_for.update(requeue_code="", requeue_mark=None):
        logger.info(
            "All that ended with %s was looked at.",
            row.requeue_code,
            extra={"event": "requeued", "code": row.requeue_code},
        )
    return queued


def _was_not_paid(scan: ImageScan) -> bool:
    if scan.may_have_arrived:
        return False
    in_vain = scans().filter(content_key=scan.content_key, status=Status.FAILED, may_have_arrived=True)
    return not scan.content_key or not in_vain.exists()
