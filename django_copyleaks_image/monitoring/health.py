"""Whether scans go on, from at most five queries: for a probe, an uptime monitor and a status page."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from django_copyleaks_image.models import scans
from django_copyleaks_image.models.scan import Lane, Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.scanning import latency, liveness, losses

from . import bounded
from .reading import COUNTED, read_account, seconds_since, unjudged

# Fewer of them that were lost may be an accident.
MANY_LOST = 5


class Failing(StrEnum):
    """Why scans do not go on, or are paid in vain: somebody has to do something."""

    DATABASE = "database"
    SETTINGS = "settings"
    NO_WORKER = "no_worker"
    NO_SWEEP = "no_sweep"
    PAUSED = "paused"
    RESTORED = "restored"
    NOT_SUBMITTED = "not_submitted"
    NOT_JUDGED = "not_judged"
    RESULTS_LOST = "results_lost"


class Noticed(StrEnum):
    """What passes by itself, or was chosen, and is told all the same."""

    BUDGET_USED_UP = "budget_used_up"
    LATE = "late"
    RESULTS_OVERDUE = "results_overdue"
    SOME_RESULTS_LOST = "some_results_lost"


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How scans go; times are seconds, and everything but ``failing`` is unknown where the database has not answered.

    ``queued`` and ``unjudged`` count up to :data:`~.reading.COUNTED`. ``due_seconds`` says for how long the scan that
    goes next, backfills aside, is due. ``lost_lately`` of ``sent_lately`` scans ended without their result: of the last
    hundred that ended, as far as that was in the last day.
    """

    failing: tuple[Failing, ...]
    noticed: tuple[Noticed, ...] = ()
    worker_seen_seconds: float | None = None
    pause_reason: str = ""
    pause_seconds: float | None = None
    queued: int | None = None
    due_seconds: float | None = None
    awaited: int | None = None
    awaited_seconds: float | None = None
    unjudged: int | None = None
    unjudged_seconds: float | None = None
    budget_left: int | None = None
    sent_lately: int | None = None
    lost_lately: int | None = None

    @property
    def is_ok(self) -> bool:
        """Return whether nobody has to do anything."""
        return not self.failing


def health() -> Health:
    """Return how scans go: at most five queries, each by an index, no network, and no longer than some seconds.

    A database that does not answer, or has no tables, is told and not raised, and so is a setting that is wrong.
    """
    try:
        return bounded.within(bounded.SECONDS, read)
    except (bounded.NoAnswer, DatabaseError, InterfaceError):
        return Health(failing=(Failing.DATABASE,))
    except ImproperlyConfigured:
        return Health(failing=(Failing.SETTINGS,))


def read() -> Health:
    """Return what :func:`health` does, from this thread's connection; what goes wrong is raised."""
    now = timezone.now()  # A page asks nobody for the time.
    account, queue, sent, callbacks, ended = read_account(), _queue(), _sent(), unjudged(), _ended(now)
    row = account.row
    lost, was_sent = ended["lost"], ended["sent"]
    due, due_in_a_hurry = (seconds_since(queue[which], now) or 0.0 for which in ("due", "due_in_a_hurry"))
    awaited_seconds = seconds_since(sent["oldest"], now) or 0.0
    long, longer = liveness.OVERDUE.total_seconds(), liveness.SWEEP_SILENCE.total_seconds()
    is_overdue = awaited_seconds > latency.longest_patience().total_seconds()
    last_step = max(filter(None, (sent["newest"], ended["submitted"], ended["unsent"])), default=None)
    is_still = last_step is None or last_step < now - liveness.OVERDUE
    swept = seconds_since(row.swept_at, now)
    of_all = losses.Losses(sent=was_sent, lost=lost, credits=0, since=None, last_callback_at=None)
    are_many = lost >= MANY_LOST and of_all.are_many
    is_there = liveness.is_worker_there(row, now)
    failing = {
        Failing.NO_WORKER: not is_there,
        Failing.NO_SWEEP: is_there and (swept is None or swept > longer) and max(due, awaited_seconds) > longer,
        Failing.PAUSED: row.paused_at is not None,
        Failing.RESTORED: row.restored_at is not None,
        Failing.NOT_SUBMITTED: due > long and is_still and not row.is_on_hold and account.budget_left != 0,
        Failing.NOT_JUDGED: callbacks.seconds(now) > long,
        Failing.RESULTS_LOST: are_many,
    }
    noticed = {
        Noticed.BUDGET_USED_UP: account.budget_left == 0,
        Noticed.LATE: due_in_a_hurry > long,
        Noticed.RESULTS_OVERDUE: is_overdue,
        Noticed.SOME_RESULTS_LOST: bool(lost) and not are_many,
    }
    return Health(
        failing=tuple(what for what, holds in failing.items() if holds),
        noticed=tuple(what for what, holds in noticed.items() if holds),
        worker_seen_seconds=seconds_since(row.worker_seen_at, now),
        pause_reason=row.pause_reason if row.paused_at else "",
        pause_seconds=seconds_since(row.paused_at, now),
        queued=queue["number"],
        due_seconds=due_in_a_hurry,
        awaited=sent["number"],
        awaited_seconds=awaited_seconds,
        unjudged=callbacks.number,
        unjudged_seconds=callbacks.seconds(now),
        budget_left=account.budget_left,
        sent_lately=was_sent,
        lost_lately=lost,
    )


def _queue() -> dict[str, Any]:
    # In the order of the index, so that no more than what is counted is read.
    first = scans().filter(status=Status.QUEUED).order_by("lane", "next_attempt_at")[: COUNTED + 1]
    return first.aggregate(
        number=Count("pk"),
        due=Min("next_attempt_at"),
        due_in_a_hurry=Min("next_attempt_at", filter=Q(lane__lt=Lane.BACKFILL)),
    )


def _sent() -> dict[str, Any]:
    sent = scans().filter(status=Status.SUBMITTED).order_by("submitted_at")
    return sent.aggregate(number=Count("pk"), oldest=Min("submitted_at"), newest=Max("submitted_at"))


def _ended(now: datetime) -> dict[str, Any]:
    lately = scans().filter(notified_at__gt=now - losses.LATELY).order_by("-notified_at")[: losses.NEWEST]
    was_sent = Q(sent_at__isnull=False, status__in=(Status.COMPLETED, Status.FAILED))
    return lately.aggregate(
        sent=Count("pk", filter=was_sent),
        lost=Count("pk", filter=was_sent & Q(error_code=Code.RESULT_LOST)),
        submitted=Max("submitted_at"),
        unsent=Max("finished_at", filter=Q(submitted_at=None) & ~Q(status=Status.SUPERSEDED)),
    )
