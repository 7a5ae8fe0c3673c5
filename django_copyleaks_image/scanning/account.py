"""What all workers share about the account: budget and heartbeat, each by compare-and-set."""

import logging
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Greatest
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import (
    AccountState,
    DetectionResult,
    ImageScan,
    account_row,
    days,
    home_database,
    results,
    scans,
)
from django_copyleaks_image.models.day import About
from django_copyleaks_image.models.scan import Spent

from . import clock, tallies

logger = logging.getLogger(__name__)

# A day further ahead was begun by a clock that is wrong, and must not hold the budget until it comes.
_CLOCKS_APART = timedelta(days=1)
BUDGET_WARNINGS = (50, 80, 100)
# What a scan may cost is the most that any of the last results has, for so long.
_PRICED_RESULTS = 20
_PRICE_HOLDS = timedelta(days=7)


def state() -> AccountState:
    """Return the account's row, read from the home database."""
    return account_row().get_or_create(pk=AccountState.SINGLETON)[0]


def _update_row(**changes: object) -> None:
    """Update the row, made on first use."""
    if not account_row().update(**changes):
        state()
        account_row().update(**changes)


def heartbeat() -> None:
    """Note that a worker is alive."""
    _update_row(worker_seen_at=clock.now())


def reserve_credit(today: date, budget: int | None) -> date | None:
    """Reserve one credit of today's budget; return the day on which it counts, None when the budget is used up.

    One UPDATE: it starts the new day, checks the limit and reserves, so that no two workers pass it together. Each
    scan that is not settled is reckoned at what scans have cost lately. The day is tomorrow where another machine's
    clock has begun it; begun anew each time, it would have no limit.
    """
    row = account_row()
    has_begun = Q(budget_day__range=(today, today + _CLOCKS_APART))
    if budget is not None:
        price = price_of_a_scan()
        if budget < price:
            return None
        is_new = Q(budget_day=None) | ~has_begun
        row = row.filter(
            is_new | Q(LessThanOrEqual(F("budget_spent") + (F("budget_reserved") + 1) * Value(price), budget))
        )
    with transaction.atomic(using=home_database(), savepoint=False):
        # MariaDB assigns from left to right, so the day comes last.
        reserved = row.update(
            budget_spent=Case(When(has_begun, then=F("budget_spent")), default=Value(0)),
            budget_reserved=Case(When(has_begun, then=F("budget_reserved")), default=Value(0)) + 1,
            budget_day=Case(When(has_begun, then=F("budget_day")), default=Value(today)),
        )
        return account_row().values_list("budget_day", flat=True).get() if reserved else None


def settle_credit(scan: ImageScan, credits_charged: int, spent_as: Spent) -> None:
    """Note what was spent for a scan; call in the transaction that ends it. The sandbox is free.

    Its reservation ends, and what was noted before, as of a result that was given up, is corrected: budget and ledger
    hold the same, on the day on which the scan was reserved.
    """
    _settle(scan, credits_charged, spent_as)


def release_credit(scan: ImageScan) -> None:
    """Give back the reservation of a scan that was not charged."""
    _settle(scan, 0, None)


def settle_shared(scan: ImageScan, *, may_have_arrived: bool) -> None:
    """Note that a scan got a result that was paid before; a try that may have arrived may have been charged as well."""
    settle_credit(scan, int(may_have_arrived), Spent.LOST if may_have_arrived else Spent.SHARED)


def _settle(scan: ImageScan, credits_charged: int, spent_as: Spent | None) -> None:
    row = scans().filter(pk=scan.pk)
    found = row.values_list("budget_day", "spent_on", "credits", "sandbox").first()
    if found is None:
        return
    reserved_on, spent_on, before, is_sandbox = found
    if spent_as is None and reserved_on is None:
        return
    day = spent_on or reserved_on or clock.now().date()
    columns: dict[str, object] = {"budget_day": None}
    more = 0
    if spent_as is not None:
        cost = 0 if is_sandbox else credits_charged
        columns |= {"spent_on": day, "spent_as": spent_as, "credits": cost}
        more = cost - (before or 0)
    # Whoever is second finds nothing to change.
    if not row.filter(budget_day=reserved_on, credits=before).update(**columns):
        return
    if spent_as is not None:
        tallies.spent(more, spent_as)
    days().reopen(About.CREDITS, [day], clock.now())
    if not more and reserved_on is None:
        return
    # The UPDATE keeps others from the row until the end of the transaction, so what is read after it is its own sum.
    with transaction.atomic(using=home_database(), savepoint=False):
        settled = (
            account_row()
            .filter(budget_day=day)
            .update(
                budget_reserved=Greatest(F("budget_reserved"), Value(1)) - 1 if reserved_on else F("budget_reserved"),
                # What was spent before may be more than what it did cost; the row may have begun its day since.
                budget_spent=Greatest(F("budget_spent"), Value(max(0, -more))) + more,
            )
        )
        if settled:
            _warn_about_budget(more)


def budget_left() -> int | None:
    """Return the credits left today, 0 when they buy no scan any more, None when there is no budget."""
    return None if conf.DAILY_BUDGET is None else left_of_budget(state(), price_of_a_scan())


def left_of_budget(row: AccountState, price: int) -> int | None:
    """Return what :func:`budget_left` does, of an account and a price that were read already."""
    budget = conf.DAILY_BUDGET
    if budget is None:
        return None
    left = budget - row.budget_spent - row.budget_reserved * price if counts_today(row) else budget
    return left if left >= price else 0


def price_of_a_scan() -> int:
    """Return how many credits a scan may cost, by the last results; what it does cost is known only afterwards."""
    charged = latest_prices().values_list("credits", flat=True)
    return max([1, *filter(None, charged)])


def latest_prices() -> QuerySet[DetectionResult, Any]:
    """Return the credits of the last results, the highest of which is the price of a scan."""
    lately = results().filter(received_at__gte=timezone.now() - _PRICE_HOLDS)
    return lately.order_by("-received_at").values("credits")[:_PRICED_RESULTS]


def counts_today(row: AccountState) -> bool:
    """Return whether the credits of the row are today's, or tomorrow's where another machine's clock has begun it."""
    today = timezone.now().date()
    return row.budget_day is not None and today <= row.budget_day <= today + _CLOCKS_APART


def _warn_about_budget(credits_charged: int) -> None:
    budget = conf.DAILY_BUDGET
    if not budget or credits_charged <= 0:
        return
    spent = state().budget_spent
    for percent in BUDGET_WARNINGS:
        threshold = budget * percent / 100
        if spent - credits_charged < threshold <= spent:
            logger.warning(
                "%s %% of today's budget of %s credits is spent.",
                percent,
                budget,
                extra={"event": "budget_reached", "percent": percent, "budget": budget},
            )
