"""What the rows say about something shared: whether others went through, whether results come, what ends alike.

Every query here reads an index and a bounded number of rows, and none writes.
"""

from datetime import UTC, datetime, timedelta
from itertools import islice
from math import ceil

from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import AccountState, ImageScan, account_row, receipts, scans
from django_copyleaks_image.models.scan import ImageScanQuerySet, Status
from django_copyleaks_image.outcomes import Code, Follows, follows

from . import clock, latency

# How many scans, one after the other, must have ended the same way.
ALIKE = 5
# How many resubmissions, one after the other, must have been lost as well.
VAIN_RESUBMISSIONS = 3
# Bytes of a callback that a small limit of a proxy keeps away; nginx has one of 1 MB.
LARGE = 500_000
# Of the scans that ended last, how many are looked at, and how long ago they may have.
_NEWEST = 100
# Of the pictures that may wait for a first result, one in so many is not of a backfill.
_KEPT_OF_WINDOW = 5
_LATELY = timedelta(days=1)
_SENT = (Status.SUBMITTED, Status.COMPLETED, Status.FAILED, Status.SUPERSEDED)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def accepted_since(moment: datetime | None, *, but: ImageScan | None = None) -> bool:
    """Return whether the provider has accepted a picture, one ``but`` for which it is asked, since a moment."""
    if moment is None:
        return False
    accepted = scans().filter(status__in=_SENT, submitted_at__gt=moment)
    return (accepted if but is None else accepted.exclude(pk=but.pk)).exists()


def _ended_since(moment: datetime) -> ImageScanQuerySet:
    """Return the scans that have ended since a moment; of one that was judged anew, only the signal is sent again."""
    return scans().filter(notified_at__gt=moment, finished_at__gt=moment)


def answered_since(moment: datetime) -> bool:
    """Return whether anything has come back about a picture since a moment, a failure included."""
    return receipts().filter(received_at__gt=moment).exists()


def measured_since(moment: datetime) -> bool:
    """Return whether a picture that was sent has got its result since a moment."""
    return _ended_since(moment).filter(status=Status.COMPLETED, sent_at__isnull=False).exists()


def unanswered() -> ImageScanQuerySet:
    """Return the accepted pictures since whose submission no result of any picture has come, oldest first.

    After a pause or a restored backup, only those that were first sent since: others may have been answered before.
    """
    if conf.MODE == "sync":  # The answer is the result.
        return scans().none()
    newest = receipts().order_by("-pk").values("received_at")[:1]
    resumed = account_row().values("resumed_at")[:1]
    never = Value(_LONG_AGO, output_field=DateTimeField())
    waiting = scans().filter(status=Status.SUBMITTED, submitted_at__gt=Coalesce(newest, never))
    return waiting.exclude(sent_at__lte=Coalesce(resumed, never)).order_by("submitted_at")


def window_is_full(*, for_backfill: bool = False) -> bool:
    """Return whether as many pictures wait for a first result as may; a backfill leaves some places to others.

    Each result that comes makes room for as many: a site whose results are lost finds out at this price, and a working
    one speeds up at once. Where it is known how long results take, what is sent meanwhile at full rate waits as well.
    """
    limit = conf.RESULT_WINDOW
    if limit is not None and for_backfill:
        limit -= limit // _KEPT_OF_WINDOW
    if limit is None or not _as_many_wait_as(limit):
        return False
    usual = latency.usual()
    return usual is None or _as_many_wait_as(limit + ceil(conf.RATE_LIMIT * usual.total_seconds()))


def _as_many_wait_as(limit: int) -> bool:
    return bool(unanswered().values_list("pk")[limit - 1 : limit])


def silent_since() -> datetime | None:
    """Return since when a full window waits for a first result, None while it is not full."""
    return unanswered().values_list("submitted_at", flat=True).first() if window_is_full() else None


def resubmission_is_out() -> bool:
    """Return whether a paid resubmission is being sent, or has been and nothing has come back since."""
    being_sent = scans().filter(status=Status.QUEUED, resubmission_of__isnull=False, lease_until__gt=clock.now())
    return being_sent.exists() or unanswered().filter(resubmission_of__isnull=False).exists()


def resubmissions_are_in_vain() -> bool:
    """Return whether the resubmissions that ended last were lost like what they stand for."""
    since = clock.now() - _LATELY
    ended = _ended_since(since).filter(resubmission_of__isnull=False, status__in=(Status.COMPLETED, Status.FAILED))
    newest = ended.order_by("-notified_at").values_list("error_code", flat=True)
    return list(newest[:VAIN_RESUBMISSIONS]) == [Code.RESULT_LOST] * VAIN_RESUBMISSIONS


def alike(row: AccountState) -> ImageScan | None:
    """Return the newest of the scans that were sent and ended last, if all of them ended with the same code.

    What is said of single files does not count, and neither does what ended before the last pause.
    """
    since = max(filter(None, (clock.now() - _LATELY, row.resumed_at)))
    ended = _ended_since(since).order_by("-notified_at")
    newest = ended.only(
        "status", "error_code", "error_message", "error_values", "sent_at", "submitted_at", "finished_at"
    )[:_NEWEST]
    sent = [scan for scan in newest if scan.sent_at and scan.status in (Status.COMPLETED, Status.FAILED)]
    last = list(islice((scan for scan in sent if follows(scan.error_code) is not Follows.PICTURE), ALIKE))
    if len(last) < ALIKE or last[0].status != Status.FAILED or len({scan.error_code for scan in last}) > 1:
        return None
    return None if _others_fared_better(last) else last[0]


def _others_fared_better(last: list[ImageScan]) -> bool:
    """Return whether something has gone well since the last of some scans that failed alike."""
    accepted_at = [scan.submitted_at for scan in last if scan.submitted_at is not None]
    if len(accepted_at) < len(last):
        return accepted_since(last[-1].finished_at)
    return (
        answered_since(max(accepted_at)) if last[0].error_code == Code.RESULT_LOST else measured_since(max(accepted_at))
    )


def lost_large_results() -> int:
    """Return how many results were lost lately if some have come, but none that is large; else 0."""
    since = clock.now() - _LATELY
    lost = scans().filter(
        notified_at__gt=since, status=Status.FAILED, error_code=Code.RESULT_LOST, sent_at__isnull=False
    )
    number = len(lost.values_list("pk")[:_NEWEST])
    if number < VAIN_RESUBMISSIONS:
        return 0
    newest = receipts().filter(received_at__gt=since).order_by("-pk").values_list("byte_size", flat=True)[:_NEWEST]
    return number if 0 < max(newest, default=0) < LARGE else 0
