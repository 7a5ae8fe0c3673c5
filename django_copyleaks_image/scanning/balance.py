"""What is left of the account's credits, asked for by the worker, and for how many days of use that is enough."""

import logging
from datetime import timedelta
from math import floor
from typing import NamedTuple

from django.db.models import Q

from django_copyleaks_image import clock_skew
from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.client import client_from_settings
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.models import AccountState, account_row

from . import account, clock, ledger

logger = logging.getLogger(__name__)

REFRESH = timedelta(hours=1)
# What was asked for longer ago is not told any more.
_HOLDS = timedelta(days=2)
# No integer column holds more; whoever has as many credits need not be warned.
_MOST = 2_000_000_000


class RunsLow(NamedTuple):
    """Credits that are left, how many a day are spent on the average, and how many whole days that is."""

    credits: int
    a_day: float
    days: int


def refresh_if_due() -> None:
    """Ask for the credits that are left, once an hour, where some are spent; a failure keeps what was known."""
    if conf.BALANCE_WARNING_DAYS is None or conf.SANDBOX:
        return
    now = clock.now()
    account.state()
    is_due = Q(balance_due_at=None) | clock_skew.has_passed("balance_due_at", now, longest=REFRESH)
    if not account_row().filter(is_due).update(balance_due_at=now + REFRESH) or not ledger.a_day():
        return
    try:
        left = client_from_settings().credits()
    except CopyleaksError as error:
        logger.warning(
            "The account could not be asked for its credits (%s).",
            error.slug,
            extra={"event": "balance_unknown", "code": error.slug},
        )
        return
    account_row().update(credits_left=max(0, min(_MOST, floor(left))), credits_left_at=now)
    low = runs_low(account.state())
    if low is not None:
        logger.warning(
            "%s credits are left, enough for %s days of use.",
            low.credits,
            low.days,
            extra={"event": "balance_low", "credits": low.credits, "days": low.days},
        )


def runs_low(row: AccountState | None) -> RunsLow | None:
    """Return what is left if it is enough for less than ``BALANCE_WARNING_DAYS``; None while that is not known."""
    wanted = conf.BALANCE_WARNING_DAYS
    if row is None or row.credits_left is None or row.credits_left_at is None or wanted is None or conf.SANDBOX:
        return None
    a_day = ledger.a_day()
    if row.credits_left_at < clock.now() - _HOLDS or not a_day or row.credits_left >= wanted * a_day:
        return None
    return RunsLow(row.credits_left, a_day, floor(row.credits_left / a_day))
