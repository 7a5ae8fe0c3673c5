"""What is late, lost, stuck or pending: the part of the worker that makes every scan end."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet

from django_copyleaks_image import clock_skew, notify
from django_copyleaks_image.copyleaks.errors import MAX_RETRY_AFTER
from django_copyleaks_image.models import ImageScan, account_row, decisions, results, scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.transactions import atomically

from . import (
    account,
    balance,
    certificates,
    clock,
    copies,
    duplicates,
    erasure,
    file_changes,
    filling,
    heatmaps,
    inbox,
    latency,
    lost_results,
    overdue,
    paid_results,
    paykey,
    pruning,
    recovery,
    rejudging,
    renditions,
    requeue,
    trials,
)
from .isolation import isolated

logger = logging.getLogger(__name__)

INTERVAL = timedelta(seconds=10)
# A process that has just ended a scan is given this long to do the rest by itself.
GRACE = timedelta(seconds=30)
BATCH = 200


def sweep_if_due() -> bool:
    """Sweep unless another worker did so within :data:`INTERVAL`; return whether it was done."""
    now = clock.now()
    account.state()
    elected = account_row().filter(~clock_skew.is_recent("swept_at", now, within=INTERVAL)).update(swept_at=now)
    if elected:
        sweep()
    return bool(elected)


def sweep() -> None:
    """End what is lost, free what is stuck, and send what is pending. Safe to run anywhere at any time."""
    now = clock.now()
    with isolated("take back what waits for a wrong clock"):
        take_back_marks(now)
    # After a restore nobody knows yet what was sent when: until then, nothing counts as lost.
    if account.state().restored_at is None:
        with isolated("end the scans whose result is lost"):
            end_lost_scans(now)
        with isolated("free the pay keys of replaced scans"):
            free_pay_keys(now)
    with isolated("end the duplicates that nobody has ended"):
        duplicates.settle_orphans()
    with isolated("send the signals that are pending"):
        send_pending_signals(now)
    with isolated("tell that pictures wait for too long"):
        overdue.tell_if_due()
    with isolated("write how pictures stand into the project's own tables"):
        filling.write_due()
        filling.carry_on()
    with isolated("drop what a doctor has left behind"):
        trials.drop_stale()
    with isolated("erase what is known of deleted pictures"):
        erasure.erase_due(now)
    with isolated("remove what was kept for long enough"):
        pruning.prune_if_due()
    with isolated("remove what was drawn of replaced pictures"):
        renditions.tidy()
    with isolated("remove copies that were measured"):
        copies.tidy(now)
    with isolated("queue again what was asked for"):
        requeue.carry_on()
    with isolated("judge by the thresholds of today"):
        rejudging.carry_on()
    with isolated("look once more at the files of scans that have ended"):
        file_changes.look_once_more()
    # These wait for the network, so they come last.
    with isolated("look whether submissions must be held, or can go on"):
        recovery.step()
    with isolated("ask for the credits that are left"):
        balance.refresh_if_due()
    with isolated("fetch the list of client certificates"):
        certificates.refresh_if_due()


def take_back_marks(now: datetime) -> None:
    """Make due at once what waits for a time that nobody can honestly have written."""
    longest_wait = timedelta(seconds=MAX_RETRY_AFTER)
    # A scan that nobody has tried, or put back, waits for nothing; one of a backup, which may have been, for its turn.
    is_fresh = Q(attempts=0, error_code="", may_have_arrived=False)
    too_late = clock_skew.ahead("next_attempt_at", now, longest=longest_wait)
    late = clock_skew.ahead("next_attempt_at", now)
    queued = scans().queued()
    waiting: list[tuple[QuerySet[Any], str, Q]] = [
        (queued.exclude(error_code=Code.WAITS_FOR_DUPLICATE), "next_attempt_at", too_late | (late & is_fresh)),
        (queued, "next_attempt_at", clock_skew.ahead("next_attempt_at", now, longest=paykey.PARKED)),
        (
            paid_results.unjudged_receipts(),
            "judging_due_at",
            clock_skew.ahead("judging_due_at", now, longest=inbox.LEASE),
        ),
        (results(), "heatmap_due_at", clock_skew.ahead("heatmap_due_at", now, longest=heatmaps.RETRY_AFTER)),
        (scans(), "erasure_due_at", clock_skew.ahead("erasure_due_at", now)),
    ]
    for queryset, mark, is_wrong in waiting:
        if taken_back := queryset.filter(is_wrong).update(**{mark: now}):
            logger.error(
                "%s of %s rows lay too far ahead: some clock is, or was, wrong.",
                mark,
                taken_back,
                extra={"event": "marks_ahead", "mark": mark, "count": taken_back},
            )


def end_lost_scans(now: datetime) -> None:
    """End the scans whose callback is overdue; their late callback would still complete them."""
    patience = latency.patience()
    overdue = now - patience
    waiting = scans().filter(status=Status.SUBMITTED, submitted_at__lt=overdue)
    for scan in waiting.select_related("content_type").order_by("submitted_at")[:BATCH]:
        with isolated("end scan %s as lost", scan.scan_id):
            if atomically(partial(_end_as_lost, scan)):
                logger.error(
                    "Scan %s: no result within %s; it counts as lost.",
                    scan.scan_id,
                    patience,
                    extra=scan.event("scan_lost"),
                )


def _end_as_lost(scan: ImageScan) -> bool:
    if paid_results.is_arriving_for(scan):
        return False
    return lost_results.end_or_resubmit(scan, Code.RESULT_LOST, may_resubmit=True)


def free_pay_keys(now: datetime) -> None:
    """Take the pay key from replaced scans whose result is overdue, so that a duplicate can pay."""
    overdue = now - latency.patience()
    holding = Q(pay_key__isnull=False) | Q(budget_day__isnull=False)
    stuck = scans().filter(holding, status=Status.SUPERSEDED, finished_at__lt=overdue)
    for scan in stuck.order_by("pk")[:BATCH]:
        with isolated("free the pay key of scan %s", scan.scan_id):
            if not paid_results.is_arriving_for(scan):
                atomically(partial(lost_results.give_key_up, scan))


def send_pending_signals(now: datetime) -> None:
    """Send the signals of scans and decisions whose process died between the commit and the signal."""
    is_late = Q(finished_at__lt=now - GRACE) | clock_skew.ahead("finished_at", now)
    pending = scans().filter(notify.is_free(now), is_late, notified_at=None)
    for pk, scan_id in pending.order_by("finished_at").values_list("pk", "scan_id")[:BATCH]:
        with isolated("send the signal of scan %s", scan_id):
            notify.send(pk)
    decided = decisions().filter(notify.is_free(now), notified_at=None, decided_at__lt=now - GRACE)
    for pk in decided.order_by("decided_at").values_list("pk", flat=True)[:BATCH]:
        with isolated("send the signal of decision %s", pk):
            notify.send_decision(pk)
