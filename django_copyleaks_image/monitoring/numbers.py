"""Everything that the metrics tell, read at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from django_copyleaks_image.models import Tally, scans, tallies
from django_copyleaks_image.models.scan import Lane
from django_copyleaks_image.models.tally import What
from django_copyleaks_image.standings import WAITING_QUEUES, Queue

from .reading import Waiting, awaited, read_account, seconds_since, unjudged, waiting, waiting_for_people

NOTHING = Waiting(0, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbers:
    """What waits now, how the account stands, and what has happened so far; nothing at all without arguments."""

    now: datetime = field(default_factory=timezone.now)
    lanes: Mapping[Lane, Waiting] = field(default_factory=dict)
    awaited: Waiting = NOTHING
    unjudged: Waiting = NOTHING
    desk: Mapping[Queue, Waiting] = field(default_factory=dict)
    held_by: frozenset[str] = frozenset()
    worker_seen_seconds: float | None = None
    swept_seconds: float | None = None
    budget_left: int | None = None
    balance: int | None = None
    tallies: tuple[Tally, ...] = ()

    def of(self, what: What) -> Iterator[Tally]:
        """Yield what was tallied of one thing."""
        return (tally for tally in self.tallies if tally.what == what)


def read() -> Numbers:
    """Read all numbers with the same queries however many rows there are: what waits is counted up to a limit."""
    now, (row, budget_left) = timezone.now(), read_account()
    queued = scans().queued()
    return Numbers(
        now=now,
        lanes={lane: waiting(queued.filter(lane=lane), "next_attempt_at") for lane in Lane},
        awaited=awaited(),
        unjudged=unjudged(),
        desk={queue: waiting_for_people(queue) for queue in WAITING_QUEUES},
        held_by=frozenset(
            ([row.pause_cause or "account"] if row.paused_at else []) + (["restored"] if row.restored_at else [])
        ),
        worker_seen_seconds=seconds_since(row.worker_seen_at, now),
        swept_seconds=seconds_since(row.swept_at, now),
        budget_left=budget_left,
        balance=row.credits_left,
        tallies=tuple(tallies().order_by()),
    )
