"""How a scan ends. Every end is one compare-and-set UPDATE: whoever comes second changes nothing.

The statuses from which an end is allowed stand in its ``WHERE`` clause, so that concurrent workers, callbacks
and saves need no lock that SQLite does not have.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from django_copyleaks_image import registry, verdicts
from django_copyleaks_image.models import DetectionResult, ImageScan, home_database, scans
from django_copyleaks_image.models.scan import UNFINISHED, Desk, Status
from django_copyleaks_image.reviewing import standing

from . import account, notify

MESSAGE_LENGTH = 500
# Twins that a payer's end completes at once; the rest complete themselves when the worker comes to them.
TWINS_AT_ONCE = 50
# How long a twin sleeps before it looks whether the payer has ended, should nobody wake it.
TWIN_NAP = timedelta(seconds=30)

_REST = {"lease_owner": "", "lease_until": None, "next_attempt_at": None}


def complete(scan: ImageScan, result: DetectionResult) -> bool:
    """Give an unfinished or failed scan its result and verdict; return False when it has ended otherwise.

    Call inside a transaction. A failed scan may still be completed: its result came late.
    """
    options = registry.options_for(scan.content_type.model_class(), scan.field_name)
    verdict, needs_review = verdicts.judge(
        detected=result.is_ai_detected, ai_ratio=result.ai_ratio, policy=options.policy
    )
    completable = (Status.QUEUED, Status.SUBMITTED, Status.FAILED)
    review = standing.review_of_completed(scan, verdict, needs_review=needs_review)
    changed = (
        scans()
        .filter(pk=scan.pk, status__in=completable)
        .update(
            status=Status.COMPLETED,
            result=result,
            verdict=verdict,
            ai_share=result.ai_ratio or 0.0,
            finished_at=timezone.now(),
            notified_at=None,
            pay_key=None,
            error_code="",
            error_message="",
            **review,
            **_REST,
        )
    )
    if changed:
        notify.after_commit(scan.pk)
    return bool(changed)


def keep_for_others(scan: ImageScan, result: DetectionResult) -> bool:
    """Store the late result of a superseded scan, for twins of its bytes; its status stays and no signal is sent."""
    changed = scans().filter(pk=scan.pk, status=Status.SUPERSEDED, result=None)
    return bool(changed.update(result=result, pay_key=None))


def fail(scan: ImageScan, code: str, message: str = "", *, owner: str | None = None, announce: bool = True) -> bool:
    """End an unfinished scan without a result; with ``owner``, only while that worker holds its lease."""
    return _end_without_result(scan, Status.FAILED, code, message, owner=owner, announce=announce)


def skip(scan: ImageScan, code: str, message: str = "", *, owner: str) -> bool:
    """End a scan that was never paid, with the reason."""
    return _end_without_result(scan, Status.SKIPPED, code, message, owner=owner, announce=True)


def _end_without_result(
    scan: ImageScan, status: Status, code: str, message: str, *, owner: str | None, announce: bool
) -> bool:
    now = timezone.now()
    is_for_the_eye = announce and standing.may_wait_unmeasured(scan, status)
    candidates = scans().filter(pk=scan.pk).unfinished()
    if owner is not None:
        candidates = candidates.filter(lease_owner=owner)
    with transaction.atomic(using=home_database()):
        changed = candidates.update(
            status=status,
            error_code=code,
            error_message=message[:MESSAGE_LENGTH],
            finished_at=now,
            notified_at=None if announce else now,
            pay_key=None,
            desk=Desk.UNMEASURED if is_for_the_eye else Desk.NONE,
            **_REST,
        )
        if changed:
            wake_twins(scan.content_key)
            if announce:
                notify.after_commit(scan.pk)
    return bool(changed)


def supersede(candidates: QuerySet[ImageScan], reason: str) -> int:
    """End unfinished scans whose file was replaced or removed.

    One that may have arrived keeps its pay key: its result may still come, and twins of its bytes wait for it.
    """
    now = timezone.now()
    return candidates.filter(status__in=UNFINISHED).update(
        status=Status.SUPERSEDED,
        error_code=reason,
        error_message="",
        finished_at=now,
        notified_at=now,
        pay_key=Case(When(may_have_arrived=False, then=Value(None)), default=F("pay_key")),
        **_REST,
    )


def remove(target_scans: QuerySet[ImageScan], reason: str) -> None:
    """Note that the picture of these scans was deleted: end the unfinished ones and forget the file names.

    Status and numbers stay. Receipts and results are erased by the sweep, see :mod:`.erasure`.
    """
    now = timezone.now()
    standing.withdraw(target_scans)
    unfinished = Q(status__in=UNFINISHED)

    def if_unfinished(value: object, column: str) -> Case:
        return Case(When(unfinished, then=Value(value)), default=F(column))

    target_scans.filter(removed_at=None).update(
        file_name="",
        removed_at=now,
        erasure_due_at=now,
        error_code=if_unfinished(reason, "error_code"),
        finished_at=if_unfinished(now, "finished_at"),
        notified_at=if_unfinished(now, "notified_at"),
        pay_key=Case(When(unfinished, may_have_arrived=False, then=Value(None)), default=F("pay_key")),
        next_attempt_at=None,
        lease_owner="",
        lease_until=None,
        # MariaDB assigns from left to right, so the column that the conditions read comes last.
        status=if_unfinished(Status.SUPERSEDED, "status"),
    )


def wake_twins(content_key: str) -> None:
    """Make the scans that wait for a payer of the same bytes due, so that one of them takes its place."""
    if content_key:
        waiting = scans().filter(content_key=content_key, status=Status.QUEUED, pay_key=None)
        waiting.update(next_attempt_at=timezone.now())


def free(scan: ImageScan) -> bool:
    """Take the pay key from a superseded scan whose result will not come; return False when it held nothing."""
    held = scans().filter(pk=scan.pk, status=Status.SUPERSEDED, result=None)
    changed = held.filter(Q(pay_key__isnull=False) | Q(budget_day__isnull=False)).update(pay_key=None)
    if changed:
        wake_twins(scan.content_key)
    return bool(changed)


def fail_twins(scan: ImageScan, code: str, message: str) -> None:
    """End the scans that wait for a payer which was charged and got nothing: to pay again would be to pay twice."""
    for twin in _twins(scan, Q(status=Status.QUEUED)):
        fail(twin, code, message)


def _twins(scan: ImageScan, state: Q) -> QuerySet[ImageScan]:
    """Return scans of the same bytes that were not sent themselves, a bounded number, oldest first."""
    if not scan.content_key:
        return scans().none()
    # One that was sent is being paid for and gets a result of its own.
    twins = scans().filter(state, content_key=scan.content_key, forced=False, sent_at=None)
    return twins.exclude(pk=scan.pk).select_related("content_type").order_by("pk")[:TWINS_AT_ONCE]


def complete_twins(scan: ImageScan, result: DetectionResult) -> None:
    """Complete the scans that wait for the result of the same bytes, or have given up waiting for it.

    Call inside the result's transaction.
    """
    gave_up = Q(status=Status.FAILED, error_code__in=("result_lost", "unreadable_result"))
    completed = [twin for twin in _twins(scan, Q(status=Status.QUEUED) | gave_up) if complete(twin, result)]
    wake_twins(scan.content_key)
    for twin in completed:
        # One may have been sent since it was read; then its credit was reserved, and counts as spent.
        account.settle_credit(twin, 1)
