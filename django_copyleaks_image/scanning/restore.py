"""The database was restored from a backup: what was submitted, and answered, since the backup is not known.

Everything is held until a person goes on. Each unfinished scan may have been sent already, under the id that the backup
knows: it is asked for under the same id, which Copyleaks does not scan twice, and its result is waited for anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import ceil

from django.db.models import F
from django.db.models.functions import Coalesce

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import account_row, receipts, scans
from django_copyleaks_image.models.scan import ImageScanQuerySet, Status
from django_copyleaks_image.transactions import atomically

from . import account, clock, filling


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What a restored database knows: how many scans and callbacks, since when, and what they may cost in credits."""

    since: datetime
    queued: int
    submitted: int
    callbacks: int
    unknown_scans: int

    @property
    def credits(self) -> int:
        """Return the most that the scans of the backup may cost from now on, all results that do come apart.

        One for each that is queued: Copyleaks charges a new one, or its result was lost. Waiting ones cost nothing new
        unless they are lost and resubmitted.
        """
        return self.queued + (self.submitted if conf.ON_LOST_RESULT == "resubmit" else 0)


# Over how many minutes the scans of a backup are spread at most.
LONGEST_MINUTES = 55


def hold() -> None:
    """Hold everything, and take each unfinished scan as one that may have been sent. Changes nothing a second time."""
    if account.state().restored_at is not None:
        return
    now = clock.now()

    def mark() -> None:
        queued = scans().filter(status=Status.QUEUED, created_at__lte=now)
        queued.update(may_have_arrived=True, sent_at=Coalesce(F("sent_at"), now), lease_owner="", lease_until=None)
        account_row().update(restored_at=now)
        filling.begin_anew()

    atomically(mark)


def found() -> Restored | None:
    """Return what is known while everything is held, else None."""
    row = account.state()
    since = row.restored_at
    if since is None:
        return None
    is_since = row.unknown_scans_on is not None and row.unknown_scans_on >= since.date()
    return Restored(
        since=since,
        queued=_of_the_backup(since).filter(status=Status.QUEUED).count(),
        submitted=_of_the_backup(since).filter(status=Status.SUBMITTED).count(),
        callbacks=receipts().filter(received_at__gte=since).count(),
        unknown_scans=row.unknown_scans if is_since else 0,
    )


def go_on(*, per_minute: int) -> None:
    """End the hold: wait for results anew, and submit the scans of the backup so many a minute, what is new at once.

    Where that would take longer than an hour they go faster: a scan that waits longer counts as left by a wrong clock.
    """
    known = found()
    if known is None:
        return
    now = clock.now()
    _of_the_backup(known.since).filter(status=Status.SUBMITTED).update(submitted_at=now)
    per_minute = max(per_minute, ceil(known.queued / LONGEST_MINUTES))
    for minute, pks in enumerate(_in_batches(_of_the_backup(known.since).filter(status=Status.QUEUED), per_minute)):
        turn = scans().filter(pk__in=pks, status=Status.QUEUED)
        atomically(partial(turn.update, next_attempt_at=now + timedelta(minutes=minute)))
    # Last: whoever is interrupted before holds everything still. No result need come of what was sent before, so
    # nothing waits for one.
    account_row().update(restored_at=None, resumed_at=now)


def _of_the_backup(since: datetime) -> ImageScanQuerySet:
    return scans().unfinished().filter(created_at__lte=since)


def _in_batches(rows: ImageScanQuerySet, size: int) -> Iterator[list[int]]:
    last = 0
    while pks := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:size]):
        yield pks
        last = pks[-1]
