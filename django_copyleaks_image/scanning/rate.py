"""When a submission may leave: in a slot of the account's, and not before those of this process have really left.

Slots are shared by all workers. A call that leaves late, as on a machine that is busy, would meet the one that comes
a limit later in the same second of the vendor's; so each process also counts what has arrived, as the vendor does. It
cannot see that, but its answer tells when at the latest: how much longer it took than the fastest of the last ones. A
refusal for the rate slows everybody down for a while.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import inf
from statistics import fmean

from django.db.models import F
from django.db.models.functions import Coalesce, Greatest

from django_copyleaks_image import clock_skew
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import account_row

from . import account, clock

logger = logging.getLogger(__name__)

# Slots are this much further apart than the limit asks for, and more so while other processes take slots as well: none
# of them knows how late the others' calls leave.
SPACING, SPACING_BETWEEN_PROCESSES = 1.02, 1.045
# Before its slot a call is prepared for this long. One that has less leaves late, and later still where connections
# are cold, as in a new process or after a second without calls: so much longer the next one waits, lest the one a
# limit later is too soon.
HEAD_START = timedelta(seconds=0.25)
IDLE = timedelta(seconds=1)
# What has arrived counts for this much longer than the limit asks for, since clocks differ.
LATE_SPACING = 1.005
# Seconds that a call counts as on its way until it is answered, and at most while answers vary by more on the average
# and the machine is not busy.
JITTER = 0.03
# Of how many answers the fastest shows what an answer takes at least.
ANSWERS = 20
# Seconds that calls take to leave on the average where a machine has time for them; with connections that are warm it
# is a fifth of that.
PROMPT = 0.005
# Seconds for which a call waits at most for others that do not get away.
PATIENCE = 2.0

# By how much one refusal slows down, how much many may, and when that has worn off.
SLOWER, SLOWEST = 1.25, 4.0
RECOVERY = timedelta(minutes=5)
# Refusals within this time are one.
AT_ONCE = timedelta(seconds=2)
# How long nothing is sent after a refusal: by default, and if the vendor asks for more.
REST, LONGEST_REST = timedelta(seconds=1), timedelta(seconds=10)

# A submission slot further away than this is not waited for: the row goes back instead of outliving its lease.
LONGEST_WAIT = timedelta(seconds=20)

_slots = threading.Lock()
# What this process has noted last as the next slot; what it finds instead is of another one, or of another tenant.
_noted: datetime | None = None


def reserve_slot(*, within: timedelta) -> tuple[timedelta, bool]:
    """Return how long it is to the account's next submission slot, and whether that slot is now the caller's.

    A slot further away than ``within`` is left alone: thrown away, it would only push the next ones on.
    """
    global _noted  # noqa: PLW0603 - of this process
    # Threads of one process queue here; those of other processes meet in the WHERE clause.
    with _slots:
        while True:
            now = clock.now()
            seen, slowdown = _pace(now)
            spacing = SPACING if seen == _noted else SPACING_BETWEEN_PROCESSES
            apart = timedelta(seconds=spacing / conf.RATE_LIMIT)
            slot = _next_slot(seen, now)
            if slot - now > within:
                return slot - now, False
            following = slot + slowdown * apart + _lateness(seen, now, slowdown * apart)
            if account_row().filter(next_slot_at=seen).update(next_slot_at=following):
                _noted = following
                # What the database took is not waited for once more.
                return max(timedelta(0), slot - clock.now()), True


def taken_ahead() -> timedelta:
    """Return how far ahead all slots are taken."""
    now = clock.now()
    return _next_slot(_pace(now)[0], now) - now


def _next_slot(noted: datetime | None, now: datetime) -> datetime:
    """Return the next slot, by what is noted unless no honest clock can have noted it."""
    longest = LONGEST_WAIT + SLOWEST * timedelta(seconds=SPACING_BETWEEN_PROCESSES / conf.RATE_LIMIT)
    if noted is None or clock_skew.is_ahead(noted, now, longest=longest + HEAD_START + LONGEST_REST):
        return now
    return max(noted, now)


def _lateness(seen: datetime | None, now: datetime, apart: timedelta) -> timedelta:
    """Return how late the call may leave that takes the next slot, ``seen`` or now."""
    if seen is None or seen < now - IDLE or _noted is None:
        return HEAD_START
    return min(HEAD_START, apart) if seen < now + HEAD_START else timedelta(0)


def _pace(now: datetime) -> tuple[datetime | None, float]:
    """Return the next slot as it is noted, and how many times further apart slots are now."""
    row = account_row().only("next_slot_at", "slowdown", "slowed_at").first() or account.state()
    return row.next_slot_at, _slowdown_now(row.slowdown, row.slowed_at, now)


def _slowdown_now(slowdown: float, slowed_at: datetime | None, now: datetime) -> float:
    if slowed_at is None or clock_skew.is_ahead(slowed_at, now):
        return 1.0
    return 1 + (min(slowdown, SLOWEST) - 1) * max(0.0, 1 - max(timedelta(0), now - slowed_at) / RECOVERY)


def slow_down(retry_after: float | None) -> None:
    """Slow all workers down because a submission was refused for the rate; several refusals at once are one."""
    now = clock.now()
    _, slowdown = _pace(now)
    slower = min(slowdown * SLOWER, SLOWEST)
    rests_until = now + min(max(timedelta(seconds=retry_after or 0), REST), LONGEST_REST)
    slowed = (
        account_row()
        .exclude(clock_skew.is_recent("slowed_at", now, within=AT_ONCE))
        .update(
            slowdown=slower,
            slowed_at=now,
            next_slot_at=Greatest(Coalesce(F("next_slot_at"), rests_until), rests_until),
        )
    )
    if slowed:
        logger.warning(
            "Copyleaks refuses submissions for their rate; for a while they are %.2f times slower.",
            slower,
            extra={"event": "rate_lowered", "slower": round(slower, 2)},
        )


class _Departures:
    """The calls of this process that are about to leave, or have arrived lately."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # When each has arrived at the latest, endless for one that has not left.
        self._calls: dict[object, float] = {}
        # How long after its turn each of the last calls had left, and how long after that it was answered.
        self._left_after: deque[float] = deque(maxlen=ANSWERS)
        self._answered_after: deque[float] = deque(maxlen=ANSWERS)

    @contextmanager
    def one_more(self, limit: float) -> Iterator[Callable[[], None]]:
        """Wait for a turn; the block calls what it is given once its call has left, and ends with the answer."""
        at_once = max(1, int(limit))
        window = LATE_SPACING * at_once / limit
        call = object()
        left_at = None

        def has_left() -> None:
            nonlocal left_at
            left_at = time.monotonic()
            with self._changed:
                self._left_after.append(left_at - turn_at)
            self._note(call, left_at + JITTER)

        with self._changed:
            self._wait_for_turn(at_once, window)
            self._calls[call] = inf
            turn_at = time.monotonic()
        try:
            yield has_left
        finally:
            self._note(call, self._arrived_at(left_at))

    def _arrived_at(self, left_at: float | None) -> float:
        """Return when a call that is answered now has arrived at the latest; one that never left counts from now."""
        now = time.monotonic()
        if left_at is None:
            return now
        with self._changed:
            self._answered_after.append(now - left_at)
            fastest = min(self._answered_after)
            varies_by = fmean(self._answered_after) - fastest
            is_busy = fmean(self._left_after) > PROMPT
        # A vendor whose answers vary says little about the way, and would cost too much. Where calls are slow to leave,
        # it is the machine that varies.
        longest = JITTER if varies_by > JITTER and not is_busy else inf
        return left_at + min(now - left_at - fastest, longest)

    def _note(self, call: object, arrived_at: float) -> None:
        with self._changed:
            if call in self._calls:
                self._calls[call] = arrived_at
                self._changed.notify_all()

    def _wait_for_turn(self, at_once: int, window: float) -> None:
        patience = time.monotonic() + PATIENCE + window
        while True:
            now = time.monotonic()
            self._calls = {call: arrived for call, arrived in self._calls.items() if arrived > now - window}
            if len(self._calls) < at_once or now > patience:
                return
            turn = sorted(self._calls.values())[len(self._calls) - at_once] + window
            self._changed.wait(min(turn, patience) - now)


_departures = _Departures()


@contextmanager
def leaving() -> Iterator[Callable[[], None]]:
    """Wait until one more call of this process may leave; the block calls what it is given once it has left."""
    with _departures.one_more(conf.RATE_LIMIT) as has_left:
        yield has_left
