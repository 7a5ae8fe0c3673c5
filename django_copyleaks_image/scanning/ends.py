"""How a scan ends. Every end is one compare-and-set UPDATE: whoever comes second changes nothing.

The statuses from which an end is allowed stand in its ``WHERE`` clause, so that concurrent workers, callbacks
and saves need no lock that SQLite does not have. So does the version of the review where earlier decisions were
read to find out what the end means for the desk.
"""

from datetime import datetime, timedelta

from django.db import OperationalError
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from django_copyleaks_image import notify, registry, signals, verdicts
from django_copyleaks_image.models import DetectionResult, ImageScan, scans
from django_copyleaks_image.models.scan import UNFINISHED, Status
from django_copyleaks_image.renditions import wanted
from django_copyleaks_image.reviewing import standing
from django_copyleaks_image.transactions import atomically

from . import account

MESSAGE_LENGTH = 500
# Twins that end with their payer at once; the rest end themselves when the worker comes to them.
TWINS_AT_ONCE = 50
# How long a twin sleeps before it looks whether the payer has ended, should nobody wake it.
TWIN_NAP = timedelta(seconds=30)

# A failed scan may still be completed: its result came late.
_COMPLETABLE = (*UNFINISHED, Status.FAILED)
_REST = {"lease_owner": "", "lease_until": None, "next_attempt_at": None}


class Interrupted(OperationalError):
    """Something was decided between reading and writing: like a deadlock, it wants the transaction repeated."""


def complete(scan: ImageScan, result: DetectionResult) -> bool:
    """Give an unfinished or failed scan its result and verdict; return False when it has ended otherwise.

    Call with :func:`~.transactions.atomically`. No signal tells of a file that is no longer the present one.
    """
    options = registry.options_for(scan.content_type.model_class(), scan.field_name)
    verdict, needs_review = verdicts.judge(
        detected=result.is_ai_detected, ai_ratio=result.ai_ratio, policy=options.policy
    )
    place = standing.place_of_completed(scan, verdict, needs_review=needs_review, ends_from=_COMPLETABLE)
    if place is None:
        return False
    is_heard = place.is_present and notify.is_heard(signals.scan_completed, scan)
    now = timezone.now()
    completed = _end(
        scan,
        place,
        Q(status__in=_COMPLETABLE),
        status=Status.COMPLETED,
        result=result,
        verdict=verdict,
        ai_share=result.ai_ratio or 0.0,
        finished_at=now,
        notified_at=None if is_heard else now,
        pay_key=None,
        error_code="",
        error_message="",
    )
    if completed and is_heard:
        notify.after_commit(scan.pk)
    return completed


def keep_for_others(scan: ImageScan, result: DetectionResult) -> bool:
    """Store the late result of a superseded scan, for twins of its bytes; its status stays and no signal is sent."""
    changed = scans().filter(pk=scan.pk, status=Status.SUPERSEDED, result=None)
    return bool(changed.update(result=result, pay_key=None))


def fail(scan: ImageScan, code: str, message: str = "", *, owner: str | None = None, announce: bool = True) -> bool:
    """End an unfinished scan without a result; with ``owner``, only while that worker holds its lease."""
    return _end_without_result(scan, Status.FAILED, code, message, owner=owner, announce=announce)


def skip(scan: ImageScan, code: str, message: str = "", *, owner: str) -> bool:
    """End a scan that was never paid, with the reason."""
    return _end_without_result(scan, Status.SKIPPED, code, message, owner=owner)


def _end_without_result(
    scan: ImageScan,
    status: Status,
    code: str,
    message: str,
    *,
    owner: str | None = None,
    announce: bool = True,
    wakes_twins: bool = True,
) -> bool:
    open_to_us = Q(status__in=UNFINISHED) if owner is None else Q(status__in=UNFINISHED, lease_owner=owner)

    def end() -> bool:
        # A scan that is resubmitted leaves the desk to its resubmission.
        place = standing.place_of_unmeasured(scan, ends_from=UNFINISHED) if announce else None
        if announce and place is None:
            return False
        is_heard = announce and notify.is_heard(signals.scan_failed, scan)
        now = timezone.now()
        ended = _end(
            scan,
            place,
            open_to_us,
            status=status,
            error_code=code,
            error_message=message[:MESSAGE_LENGTH],
            finished_at=now,
            notified_at=None if is_heard else now,
            pay_key=None,
        )
        if ended and wakes_twins:
            wake_twins(scan.content_key)
        if ended and is_heard:
            notify.after_commit(scan.pk)
        return ended

    return atomically(end)


def _end(scan: ImageScan, place: standing.Place | None, open_to_us: Q, **columns: object) -> bool:
    """End a scan that is still open to us and, if it gets a place in the review, as it was read for that.

    Raises :class:`Interrupted` when something was decided about the picture since.
    """
    ending = scans().filter(open_to_us, pk=scan.pk)
    if place is None:
        return bool(ending.update(**columns, **_REST))
    withdrawn = standing.withdraw(scans().filter(pk__in=place.leaving)) if place.leaving else 0
    ended = ending.filter(review_version=place.version).update(**columns, **place.columns(), **_REST)
    if withdrawn < len(place.leaving) or (not ended and (withdrawn or ending.exists())):
        raise Interrupted
    if ended and place.desk:  # Somebody will look at it.
        wanted.ask_ahead(scan)
    return bool(ended)


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

    Status and numbers stay, and so do decisions. Receipts and results are erased by the sweep, see :mod:`.erasure`.
    """
    now = timezone.now()
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
        **standing.off_the_desk(),
        **_REST,
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


def fail_twins(scan: ImageScan, code: str, message: str, *, asked_before: datetime | None = None) -> None:
    """End scans that wait for a payer which was charged and got nothing: to pay again would be to pay twice.

    The rest end themselves when the worker comes to them, see :func:`.bought.in_vain_for`.
    """
    waiting = Q(status=Status.QUEUED)
    if asked_before is not None:
        waiting &= Q(created_at__lte=asked_before)
    for twin in _twins(scan, waiting):
        _end_without_result(twin, Status.FAILED, code, message, wakes_twins=False)
    wake_twins(scan.content_key)


def _twins(scan: ImageScan, state: Q) -> QuerySet[ImageScan]:
    """Return scans of the same bytes that were not sent themselves, a bounded number, oldest first."""
    if not scan.content_key:
        return scans().none()
    # One that was sent is being paid for and gets a result of its own.
    twins = scans().filter(state, content_key=scan.content_key, forced=False, sent_at=None)
    return twins.exclude(pk=scan.pk).select_related("content_type").order_by("pk")[:TWINS_AT_ONCE]


def complete_twins(scan: ImageScan, result: DetectionResult) -> None:
    """Complete the scans that wait for the result of the same bytes, or have failed without being sent.

    Call inside the result's transaction.
    """
    twins = list(_twins(scan, Q(status__in=(Status.QUEUED, Status.FAILED))))
    if not twins:  # As nearly always. One that is just being measured looks by itself after its nap.
        return
    completed = [twin for twin in twins if complete(twin, result)]
    wake_twins(scan.content_key)
    for twin in completed:
        # One may have been sent since it was read; then its credit was reserved, and counts as spent.
        account.settle_credit(twin, 1)
