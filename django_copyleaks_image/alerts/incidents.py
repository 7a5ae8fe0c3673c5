"""What is wrong now, as the rows tell it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import AccountState
from django_copyleaks_image.models.alert import Kind
from django_copyleaks_image.scanning import account, balance, liveness, losses

# What lasts until it is over; of the others, an incident is a moment.
LASTING = (Kind.PAUSED, Kind.LOST, Kind.SILENT, Kind.BALANCE)


class Incident(NamedTuple):
    """Something that is wrong ``since`` then. ``name`` tells it from the one before, in whichever process."""

    kind: Kind
    name: str
    since: datetime
    facts: dict[str, Any]


def current(row: AccountState, now: datetime, *, known: frozenset[str] = frozenset()) -> Iterator[Incident]:
    """Yield what is wrong now; ``known`` names incidents that have begun, which end later than they begin."""
    if row.paused_at is not None:
        facts: dict[str, Any] = {"reason": row.pause_reason, "cause": row.pause_cause}
        yield Incident(Kind.PAUSED, f"{Kind.PAUSED}:{row.paused_at.isoformat()}", row.paused_at, facts)
    yield from _budget(row, now)
    found = losses.lately()
    # One that is over because one result more has come would begin anew with the next that is lost.
    if found.are_many or (found.lost and Kind.LOST in known):
        last = found.last_callback_at
        facts = {"sent": found.sent, "lost": found.lost, "credits": found.credits}
        facts["last_callback_at"] = last.isoformat() if last else None
        yield Incident(Kind.LOST, Kind.LOST, found.since or now, facts)
    yield from silence(row, now)
    low = balance.runs_low(row)
    if low is not None:
        facts = {"credits": low.credits, "a_day": round(low.a_day, 1), "days": low.days}
        yield Incident(Kind.BALANCE, Kind.BALANCE, row.credits_left_at or now, facts)


def silence(row: AccountState, now: datetime) -> Iterator[Incident]:
    """Yield that no worker is there although something waits for one."""
    since = liveness.silent_since(row, now)
    if since is not None:
        yield Incident(Kind.SILENT, Kind.SILENT, since, {})


def _budget(row: AccountState, now: datetime) -> Iterator[Incident]:
    """Yield the highest share of the day's budget that is reached."""
    budget, day = conf.DAILY_BUDGET, row.budget_day
    if not budget or day is None or not account.counts_today(row):
        return
    # What would not buy another scan is used up.
    used_up = row.budget_spent and row.budget_spent + account.price_of_a_scan() > budget
    percent = 100 if used_up else row.budget_spent * 100 // budget
    reached = max((it for it in account.BUDGET_WARNINGS if it <= percent), default=None)
    if reached is not None:
        facts = {"percent": reached, "spent": row.budget_spent, "budget": budget, "day": day.isoformat()}
        yield Incident(Kind.BUDGET, f"{Kind.BUDGET}:{day.isoformat()}:{reached}", now, facts)
