"""What becomes of the scans that wait for a payer of the same bytes: one pass for each key, not one for each scan.

A pass reads what has become of the key: a result is shared, a payment in vain ends those that waited for it, and
where nobody pays any more one duplicate takes the payer's place. It ends a bounded number, in the order of their
keys and each in a transaction of its own, so that no two passes, callbacks or saves wait for each other in a circle.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from time import monotonic

from django.db.models import Q

from django_copyleaks_image import clock_skew
from django_copyleaks_image.models import DetectionResult, ImageScan, scans
from django_copyleaks_image.models.scan import ImageScanQuerySet, Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.transactions import atomically

from . import account, clock, finishing, paid_results, paykey
from .isolation import isolated

logger = logging.getLogger(__name__)

# Duplicates that one pass ends.
BATCH = 50
# A process that dies during a pass holds its key no longer than this.
LEASE = timedelta(seconds=30)
# Then others that wait for the same thread have their turn, such as the results of other pictures.
TURN_SECONDS = 0.5
# Keys that one sweep takes care of because nobody else did.
ORPHANS = 200


def settle_due(*, of: ImageScan | None = None, seconds: float | None = None) -> int:
    """Take a pass over the keys that have ended, until there are none or the time is over; return how many passes.

    With ``of``, only over the key of that scan. Without ``seconds``, for a turn.
    """
    passes, end = 0, monotonic() + (TURN_SECONDS if seconds is None else seconds)
    while (not passes or monotonic() < end) and (scan := _leased(of)) is not None:
        passes += 1
        with isolated("end the duplicates of scan %s", scan.scan_id):
            has_more = settle(scan.content_key)
            # Unless another end of the same scan was noted meanwhile; behind other keys that are due.
            leased = scans().filter(pk=scan.pk, duplicates_due_at=scan.duplicates_due_at)
            leased.update(duplicates_due_at=clock.now() if has_more else None)
    return passes


def settle_orphans() -> None:
    """Take a pass over the keys that nobody holds any more, and whose end nobody could note."""
    for key in paykey.orphaned(ORPHANS):
        with isolated("end the duplicates of the key %s", key):
            settle(key)


def settle(content_key: str) -> bool:
    """Take one pass over a key; return whether it ended as many duplicates as it may, so that there may be more."""
    of_now = Q(**paykey.purchase_of_now())
    waiting = paykey.waiting_for(content_key)
    outdated = waiting.filter(~of_now, error_code=Code.WAITS_FOR_DUPLICATE, next_attempt_at__gt=clock.now())
    has_more = _each(outdated, _decide_anew)
    result = paid_results.result_of(content_key)
    if result is not None:
        served = paykey.duplicates_of(content_key).filter(of_now | Q(status=Status.FAILED))
        return _each(served, partial(_complete, result=result)) or has_more
    if paykey.is_held(content_key):
        return has_more
    payer = paid_results.in_vain_of(content_key)
    if payer is not None:
        # What was asked for later may pay.
        asked_before = waiting.filter(of_now, created_at__lte=payer.finished_at)
        has_more |= _each(asked_before, partial(_fail_with, payer=payer))
    if not has_more:
        paykey.promote(content_key)
    return has_more


def _leased(of: ImageScan | None) -> ImageScan | None:
    """Lease a scan whose duplicates are due to the caller, the one that has waited longest."""
    now = clock.now()
    # One that is further ahead than any lease was written by a clock that is wrong.
    due = scans().filter(clock_skew.has_passed("duplicates_due_at", now, longest=LEASE))
    if of is not None:
        due = due.filter(pk=of.pk)
    scan = due.order_by("duplicates_due_at").only("scan_id", "content_key", "duplicates_due_at").first()
    if scan is None:
        return None
    ours = scans().filter(pk=scan.pk, duplicates_due_at=scan.duplicates_due_at)
    scan.duplicates_due_at = now + LEASE
    # Another was faster: it is about this very key, and there is more to do at the next look.
    return scan if atomically(lambda: ours.update(duplicates_due_at=scan.duplicates_due_at)) else None


def _each(duplicates: ImageScanQuerySet, end: Callable[[ImageScan], bool]) -> bool:
    """End a batch of duplicates, each by itself; return whether there may be more."""
    batch = list(duplicates.select_related("content_type").order_by("pk")[:BATCH])
    ended = 0
    for duplicate in batch:
        with isolated("end the duplicate %s", duplicate.scan_id):
            ended += atomically(partial(end, duplicate))
    if ended:
        logger.info(
            "%s scans of the same bytes were ended or moved on together (%s ...).",
            ended,
            batch[0].scan_id,
            extra={"event": "duplicates_settled", "count": ended},
        )
    return bool(ended) and len(batch) == BATCH


def _decide_anew(duplicate: ImageScan) -> bool:
    """Make a scan due that waits for what would be bought otherwise by now."""
    parked = scans().filter(pk=duplicate.pk, status=Status.QUEUED, error_code=Code.WAITS_FOR_DUPLICATE)
    return bool(parked.update(next_attempt_at=min(duplicate.created_at, clock.now())))


def _complete(duplicate: ImageScan, *, result: DetectionResult) -> bool:
    completed = finishing.complete(duplicate, result)
    if completed:
        # It may have been sent since it was read; then its credit was reserved, and counts as spent.
        is_sent = scans().filter(pk=duplicate.pk).exclude(budget_day=None).exists()
        account.settle_shared(duplicate, may_have_arrived=is_sent)
    return completed


def _fail_with(duplicate: ImageScan, *, payer: ImageScan) -> bool:
    """End a scan whose payer was charged and got nothing: to pay again would be to pay twice."""
    return finishing.fail(duplicate, payer.error_code, payer.message, is_duplicate=True)
