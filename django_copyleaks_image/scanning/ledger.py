"""What was spent: by day (of UTC, as the budget), field and outcome, from what was written when it was spent.

What the provider charged is known of results, which say so. Of what was lost or in vain it is not known whether it was
charged, or given back later: it counts as one credit, as in the budget, so the account can only have more.
"""

from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import Sum

from django_copyleaks_image.models import day_counts, days, scans
from django_copyleaks_image.models.day import About

from . import clock
from .days import count_anew, count_if_due

# Of how many whole days before today the average is a forecast.
_RECENT_DAYS = 7


class Spending(NamedTuple):
    """What was spent on a day for pictures of a field: how many scans, and their credits."""

    day: date
    field: str
    outcome: str
    scans: int
    credits: int


def spent(first: date, last: date, *, sandbox: bool = False) -> list[Spending]:
    """Return what was spent on these days, as they were counted last."""
    counted = day_counts().of_days(About.CREDITS, first, last, sandbox=sandbox)
    rows = counted.order_by("day__date", "field", "what").values_list("day__date", "field", "what")
    return [Spending(*row) for row in rows.annotate(Sum("number"), Sum("credits"))]


def count_now(first: date, last: date) -> None:
    """Count what is still open of these days, so that :func:`spent` tells all."""
    count_if_due()
    known = dict(days().filter(about=About.CREDITS, date__range=(first, last)).values_list("date", "due_at"))
    spent_on = scans().filter(spent_on__range=(first, last)).order_by().values_list("spent_on", flat=True)
    has_rows = {day for day in spent_on.distinct() if day is not None}
    is_open = {day for day, due_at in known.items() if due_at is not None}
    count_anew(About.CREDITS, sorted(is_open | (has_rows - known.keys())))


def a_day() -> float:
    """Return how many credits a day were spent lately, on the average of whole days."""
    today = clock.now().date()
    lately = spent(today - timedelta(days=_RECENT_DAYS), today - timedelta(days=1))
    return sum(it.credits for it in lately) / _RECENT_DAYS
