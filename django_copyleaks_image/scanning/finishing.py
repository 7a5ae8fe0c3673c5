"""How a scan ends. Every end is one compare-and-set UPDATE: whoever comes second changes nothing.

The statuses from which an end is allowed stand in its ``WHERE`` clause, so that concurrent workers, callbacks
and saves need no lock that SQLite does not have. How the picture stands afterwards is a second UPDATE in the same
transaction, which names the version of the picture's row that was read.
"""

from django.db.models import Case, F, Q, QuerySet, Value, When

from django_copyleaks_image import notify, registry, signals, verdicts
from django_copyleaks_image.models import DetectionResult, ImageScan, days, images, scans
from django_copyleaks_image.models.day import About, day_of
from django_copyleaks_image.models.scan import UNFINISHED, Status, reason_columns
from django_copyleaks_image.renditions import wanted
from django_copyleaks_image.reviewing import placing
from django_copyleaks_image.transactions import atomically

from . import clock, paykey, tallies

# A failed scan may still be completed: its result came late.
_COMPLETABLE = (*UNFINISHED, Status.FAILED)
# What may have been found out about a file that nothing is measured of.
_FOUND_OUT = ("sha256", "byte_size", "width", "height", "orientation", "image_format", "several_frames")
_REST = {"lease_owner": "", "lease_until": None, "next_attempt_at": None}


def complete(scan: ImageScan, result: DetectionResult) -> bool:
    """Give an unfinished or failed scan its result and verdict; return False when it has ended otherwise.

    Call with :func:`~.transactions.atomically`. No signal tells of a file that is no longer the present one.
    """
    options = registry.options_of(scan)
    verdict, needs_review = verdicts.judge(
        detected=result.is_ai_detected, ai_ratio=result.ai_ratio, policy=options.policy
    )
    ai_share = result.ai_ratio or 0.0
    place = placing.place_of_completed(scan, verdict, ai_share=ai_share, needs_review=needs_review)
    is_heard = place is not None and notify.is_heard(signals.scan_completed, scan)
    now = clock.now()
    completed = _end(
        scan,
        place,
        Q(status__in=_COMPLETABLE),
        status=Status.COMPLETED,
        result=result,
        verdict=verdict,
        finished_at=now,
        notified_at=None if is_heard else now,
        pay_key=None,
        **reason_columns(),
    )
    if completed and scan.status == Status.FAILED:  # Its day may be counted for good.
        days().reopen(About.SCANS, [day_of(About.SCANS, scan.created_at)], now)
    if completed:
        tallies.completed(scan, verdict, now - scan.created_at)
    if completed and is_heard:
        notify.after_commit(scan.pk)
    return completed


def keep_for_others(scan: ImageScan, result: DetectionResult) -> bool:
    """Store the late result of a superseded scan, for its duplicates; its status stays and no signal is sent."""
    changed = scans().filter(pk=scan.pk, status=Status.SUPERSEDED, result=None)
    return bool(changed.update(result=result, pay_key=None))


def fail(
    scan: ImageScan,
    code: str,
    message: str = "",
    *,
    owner: str | None = None,
    announce: bool = True,
    is_duplicate: bool = False,
) -> bool:
    """End an unfinished scan without a result; with ``owner``, only while that worker holds its lease.

    ``is_duplicate`` says that it ends with others of its key, which somebody is seeing to.
    """
    return _end_without_result(
        scan, Status.FAILED, code, message, owner=owner, announce=announce, is_duplicate=is_duplicate
    )


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
    is_duplicate: bool = False,
) -> bool:
    open_to_us = Q(status__in=UNFINISHED) if owner is None else Q(status__in=UNFINISHED, lease_owner=owner)

    def end() -> bool:
        # A scan that is resubmitted leaves its picture to the resubmission.
        place = placing.place_of_unmeasured(scan, code) if announce else None
        is_heard = announce and notify.is_heard(signals.scan_failed, scan)
        now = clock.now()
        ended = _end(
            scan,
            place,
            open_to_us,
            status=status,
            finished_at=now,
            notified_at=None if is_heard else now,
            pay_key=None,
            **reason_columns(code, message),
            # Whoever decides about what was not measured decides about these bytes.
            **({name: getattr(scan, name) for name in _FOUND_OUT} if scan.sha256 else {}),
            file_state=scan.file_state,
        )
        if ended:
            tallies.ended(scan, status, code)
        if ended and not is_duplicate:
            paykey.look_after_commit(scan)
        if ended and is_heard:
            notify.after_commit(scan.pk)
        return ended

    return atomically(end)


def _end(scan: ImageScan, place: placing.Place | None, open_to_us: Q, **columns: object) -> bool:
    """End a scan that is still open to us and, if it counts, write how its picture stands.

    Raises :class:`~.reviewing.placing.Interrupted` when the picture is not as it was read for that.
    """
    if not scans().filter(open_to_us, pk=scan.pk).update(**columns, **_REST):
        return False
    if place is not None:
        placing.put(scan, place)
        if place.waits:  # Somebody will look at it.
            wanted.ask_ahead(scan)
    return True


def supersede(candidates: QuerySet[ImageScan], code: str) -> int:
    """End unfinished scans whose file was replaced or removed.

    One that may have arrived keeps its pay key: its result may still come, and duplicates wait for it.
    """
    now = clock.now()
    return candidates.filter(status__in=UNFINISHED).update(
        status=Status.SUPERSEDED,
        finished_at=now,
        notified_at=now,
        pay_key=Case(When(may_have_arrived=False, then=Value(None)), default=F("pay_key")),
        **reason_columns(code),
        **_REST,
    )


def remove(target_scans: QuerySet[ImageScan], code: str) -> None:
    """Note that the picture of these scans was deleted: end the unfinished ones and forget the file names.

    Status and numbers stay, and so do decisions. Receipts and results are erased by the sweep, see :mod:`.erasure`.
    """
    now = clock.now()
    unfinished = Q(status__in=UNFINISHED)

    def if_unfinished(value: object, column: str) -> Case:
        return Case(When(unfinished, then=Value(value)), default=F(column))

    target_scans.filter(removed_at=None).update(
        file_name="",
        removed_at=now,
        erasure_due_at=now,
        error_code=if_unfinished(code, "error_code"),
        finished_at=if_unfinished(now, "finished_at"),
        notified_at=if_unfinished(now, "notified_at"),
        pay_key=Case(When(unfinished, may_have_arrived=False, then=Value(None)), default=F("pay_key")),
        **_REST,
        # MariaDB assigns from left to right, so the column that the conditions read comes last.
        status=if_unfinished(Status.SUPERSEDED, "status"),
    )
    placing.remove(images().filter(scan__in=target_scans.values("pk")))


def free(scan: ImageScan) -> bool:
    """Take the pay key from a superseded scan whose result will not come; return False when it held nothing."""
    held = scans().filter(pk=scan.pk, status=Status.SUPERSEDED, result=None)
    is_erased = When(erased_at__isnull=False, then=Value(clock.now()))
    changed = held.filter(Q(pay_key__isnull=False) | Q(budget_day__isnull=False)).update(
        # What was needed to know others of the same bytes goes as well.
        pay_key=None,
        erasure_due_at=Case(is_erased, default=F("erasure_due_at")),
    )
    if changed:
        paykey.look_after_commit(scan)
    return bool(changed)
