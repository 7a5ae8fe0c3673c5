"""Takes a backfill out of the queue: what was not sent is as if nobody had asked for it."""

from functools import partial

from django.utils import timezone

from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.scan import Lane, Status, reason_columns
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.transactions import atomically
from django_copyleaks_image.watched_fields import Watched

from . import account, paykey

BATCH = 500


def cancel_backfill(watched: Watched | None = None) -> int:
    """End what a backfill has queued and nobody has sent, of all fields or of one; return how many scans.

    They are skipped as ``cancelled``, without a signal and without a word at the desk; ``copyleaks_scan`` counts their
    files as unscanned. Whatever may have been sent stays, and gets its result.
    """
    waiting = scans().queued().filter(lane=Lane.BACKFILL)
    if watched is not None:
        waiting = waiting.filter(watched.is_about(), content_type__model=watched.owner._meta.model_name)
        waiting = waiting.filter(content_type__app_label=watched.owner._meta.app_label)
    cancelled = last = 0
    while batch := list(waiting.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = batch[-1].pk
        cancelled += sum(atomically(partial(_cancel, scan)) for scan in batch)
    return cancelled


def _cancel(scan: ImageScan) -> bool:
    """End one, unless it is being sent by now: whoever works on it finds that it has lost its lease."""
    now = timezone.now()
    unsent = scans().filter(pk=scan.pk, status=Status.QUEUED, sent_at=None, may_have_arrived=False)
    ended = unsent.update(
        status=Status.SKIPPED,
        finished_at=now,
        notified_at=now,
        next_attempt_at=None,
        lease_owner="",
        lease_until=None,
        pay_key=None,
        **reason_columns(Code.CANCELLED),
    )
    if ended:
        account.release_credit(scan)
        # Others that wait for it, such as an upload of the same bytes, need not.
        paykey.look_after_commit(scan)
    return bool(ended)
