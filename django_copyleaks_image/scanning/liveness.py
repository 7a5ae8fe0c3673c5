"""Whether a worker is there, what is stuck, and whether anybody works on what waits: said here for everybody who asks.

The last is told from what was done, since a process that is there may do nothing. Every query here reads an index, and
none writes.
"""

from datetime import datetime, timedelta

from django.db.models import Min, Q

from django_copyleaks_image.models import AccountState, account_row, receipts, scans
from django_copyleaks_image.models.scan import Lane, Status

from . import account, latency

# A worker shows itself every few seconds; a task backend with each scan, and with each sweep, which is due each minute.
WORKER_SILENCE = timedelta(minutes=2)
# How long something may be due: a worker takes it within seconds, and what it cannot send it puts off.
OVERDUE = timedelta(minutes=10)
# And without a sweep, whose message may have to wait in a task backend's queue.
SWEEP_SILENCE = timedelta(hours=1)


def is_worker_there(state: AccountState | None, now: datetime) -> bool:
    """Return whether a worker, or a task backend, has lately shown itself."""
    return state is not None and state.worker_seen_at is not None and state.worker_seen_at > now - WORKER_SILENCE


def silent_since(state: AccountState | None, now: datetime) -> datetime | None:
    """Return since when no worker was seen although something waits for one; None while a worker is there.

    One that was never seen is silent since the oldest of what waits.
    """
    if is_worker_there(state, now):
        return None
    then = now - OVERDUE
    oldest = scans().unfinished().filter(created_at__lt=then).aggregate(Min("created_at"))["created_at__min"]
    if oldest is None and not receipts().due(then).exists():
        return None
    seen_at = state.worker_seen_at if state is not None else None
    return seen_at or oldest or then


def is_stuck(now: datetime) -> Q:
    """Return the condition that a scan is under way for longer than it should be: not sent, or without its result.

    What a backfill has queued may wait for days.
    """
    in_a_hurry = [lane for lane in Lane if lane != Lane.BACKFILL]
    return Q(status=Status.QUEUED, lane__in=in_a_hurry, next_attempt_at__lt=now - OVERDUE) | Q(
        status=Status.SUBMITTED, submitted_at__lt=now - latency.patience()
    )


def why_scans_wait(now: datetime) -> str:
    """Return what nobody does although there is something to do, "" when there is no such thing."""
    since, long_since = now - OVERDUE, now - SWEEP_SILENCE
    unfinished = scans().unfinished()
    state = account_row().first() or AccountState()
    if not is_worker_there(state, now):
        is_silent = silent_since(state, now) is not None
        return f"no worker was seen in the last {_minutes(WORKER_SILENCE)} minutes" if is_silent else ""
    if not (state.swept_at and state.swept_at > long_since) and unfinished.filter(created_at__lt=long_since).exists():
        return f"nobody has swept in the last {_minutes(SWEEP_SILENCE)} minutes"
    if receipts().due(since).exists():
        return f"callbacks that were stored more than {_minutes(OVERDUE)} minutes ago were not judged"
    # Whoever was seen may only sweep, or fail at every claim.
    if not state.is_on_hold and account.budget_left() != 0 and scans().due(since).exists() and not _submits(since):
        return f"none that is due was sent or ended in the last {_minutes(OVERDUE)} minutes"
    return ""


def _submits(since: datetime) -> bool:
    """Return whether a queued scan went on; results and ends of those that were sent before do not count."""
    ended = scans().filter(
        Q(submitted_at=None) | Q(submitted_at__gt=since), notified_at__gt=since, finished_at__gt=since
    )
    return (
        scans().filter(status=Status.SUBMITTED, submitted_at__gt=since).exists()
        or ended.exclude(status=Status.SUPERSEDED).exists()
    )


def _minutes(time: timedelta) -> int:
    return time // timedelta(minutes=1)
