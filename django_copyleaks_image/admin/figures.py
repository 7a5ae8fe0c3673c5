"""What the overview shows: what is under way now, and what was counted of the days of a period.

Real scans and the mock results of the sandbox are never added up.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.core.cache import cache
from django.db.models import Count, Min, Sum
from django.utils import timezone

from django_copyleaks_image import __version__
from django_copyleaks_image.models import AccountState, day_counts, days, images, scans
from django_copyleaks_image.models.day import About, day_of
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.reviewing.figures import FLAGGED
from django_copyleaks_image.scanning import account, liveness
from django_copyleaks_image.scanning.days import count_if_due
from django_copyleaks_image.standings import Queue

from .period import Period

_KEPT_FOR = 60  # Seconds.


@dataclass(frozen=True, kw_only=True, slots=True)
class DayFigures:
    """The scans that were asked for on a day of the site's time zone."""

    date: date
    scans: int
    measured: int
    flagged: int

    @property
    def flagged_share(self) -> float | None:
        """Return how many of the measured pictures were flagged (0–1), None when none was measured."""
        return self.flagged / self.measured if self.measured else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """The flagged pictures of a field about which people decided, by the decision that stands."""

    field: str
    decided: int
    cleared: int

    @property
    def false_alarms(self) -> float:
        """Return the share of those that were cleared (0–1)."""
        return self.cleared / self.decided


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """The steps that people took at the desk; second looks are none of the decisions, they repeat one."""

    decided: int
    replaced: int
    undone: int
    skipped: int
    second_looks: int
    agreed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What is waiting and under way now, and what happened in a period.

    Reasons come as codes with their counts, the most frequent first. The credits are those of this month; its days,
    and today, are those of UTC, like the day of the budget.
    """

    waiting: dict[str, int]
    under_way: dict[str, int]
    oldest: datetime | None
    stuck: int
    period: Period
    days: list[DayFigures]
    failed: list[tuple[str, int]]
    skipped: list[tuple[str, int]]
    judged: list[Judged]
    work: Work
    credits_before_today: int
    credits_today: int
    counted_at: datetime


def figures(period: Period | None = None, *, sandbox: bool) -> Figures:
    """Return the figures of real scans, or of the sandbox's, which may be a minute old, but never of yesterday."""
    period = period or Period.latest()
    key = f"copyleaks_image.figures.{__version__}.{sandbox}.{period.first}.{period.last}.{timezone.now().date()}"
    kept = cache.get(key)
    if isinstance(kept, Figures):
        return kept
    count_if_due()
    found = read(period, sandbox=sandbox)
    cache.set(key, found, _KEPT_FOR)
    return found


def read(period: Period, *, sandbox: bool) -> Figures:
    """Read everything anew, with as many queries, and as fast, for a million scans as for one."""
    now = timezone.now()
    counted = scans().filter(sandbox=sandbox).order_by()
    under_way = list(counted.unfinished().values_list("status").annotate(Count("pk"), Min("created_at")))
    history = _history(period, sandbox=sandbox)
    decided = _decided(period, sandbox=sandbox)
    before_today, today = _credits(now, sandbox=sandbox)
    return Figures(
        waiting=_waiting(sandbox=sandbox),
        under_way={status: number for status, number, _oldest in under_way},
        oldest=min((oldest for _status, _number, oldest in under_way), default=None),
        stuck=counted.filter(liveness.is_stuck(now)).count(),
        period=period,
        days=_days(history, period),
        failed=_reasons(history, Status.FAILED),
        skipped=_reasons(history, Status.SKIPPED),
        judged=_judged(decided),
        work=Work(**{name: sum(it[name] for it in decided.values()) for name in Work.__slots__}),
        credits_before_today=before_today,
        credits_today=today,
        counted_at=_counted_at(now),
    )


def spent_today(row: AccountState | None) -> tuple[int, int]:
    """Return the credits spent and reserved of the budget of this day, which is one of UTC."""
    if row is None or not account.counts_today(row):
        return 0, 0
    return row.budget_spent, row.budget_reserved


class _Alike(NamedTuple):
    """How many scans of a day ended alike, or are in the same state still."""

    date: date
    status: str
    code: str
    number: int


def _history(period: Period, *, sandbox: bool) -> list[_Alike]:
    counted = day_counts().filter(
        day__about=About.SCANS, day__date__gte=period.first, day__date__lte=period.last, sandbox=sandbox
    )
    grouped = counted.order_by().values_list("day__date", "what", "code").annotate(Sum("number"))
    return [_Alike(*row) for row in grouped]


def _days(history: Sequence[_Alike], period: Period) -> list[DayFigures]:
    totals = {day: Counter[str]() for day in period.dates()}
    for alike in history:
        is_measured = alike.status == Status.COMPLETED
        totals[alike.date]["scans"] += alike.number
        totals[alike.date]["measured"] += alike.number * is_measured
        totals[alike.date]["flagged"] += alike.number * (is_measured and alike.code in FLAGGED)
    return [
        DayFigures(date=day, scans=total["scans"], measured=total["measured"], flagged=total["flagged"])
        for day, total in totals.items()
    ]


def _reasons(history: Sequence[_Alike], status: Status) -> list[tuple[str, int]]:
    numbers = Counter[str]()
    for alike in history:
        if alike.status == status:
            numbers[alike.code] += alike.number
    return numbers.most_common()


def _waiting(*, sandbox: bool) -> dict[str, int]:
    # Greater than "": no index finds what differs from it.
    waiting = images().filter(queue__gt=Queue.NONE, sandbox=sandbox).order_by()
    return dict(waiting.values_list("queue").annotate(Count("pk")))


def _decided(period: Period, *, sandbox: bool) -> dict[str, Counter[str]]:
    """Return how often each thing was done, by field."""
    counted = day_counts().filter(
        day__about=About.DECISIONS, day__date__gte=period.first, day__date__lte=period.last, sandbox=sandbox
    )
    found: dict[str, Counter[str]] = {}
    for field, what, number in counted.order_by().values_list("field", "what").annotate(Sum("number")):
        found.setdefault(field, Counter())[what] += number
    return found


def _judged(decided: dict[str, Counter[str]]) -> list[Judged]:
    """Return the fields whose flagged pictures were decided about, the one with the most decisions first."""
    judged = [
        Judged(field=field, decided=counts["judged"], cleared=counts["cleared"])
        for field, counts in decided.items()
        if counts["judged"]
    ]
    return sorted(judged, key=lambda one: (-one.decided, one.field))


def _credits(now: datetime, *, sandbox: bool) -> tuple[int, int]:
    """Return what was spent this month before today, and today."""
    today = day_of(About.CREDITS, now)
    spent = day_counts().filter(day__about=About.CREDITS, day__date__gte=today.replace(day=1), sandbox=sandbox)
    by_day = dict(spent.order_by().values_list("day__date").annotate(Sum("credits")))
    return sum(number for day, number in by_day.items() if day < today), by_day.get(today, 0)


def _counted_at(now: datetime) -> datetime:
    """Return when the oldest of what is shown of today was counted."""
    today = days().filter(date__gte=day_of(About.SCANS, now), about__in=(About.SCANS, About.DECISIONS))
    return today.aggregate(oldest=Min("counted_at"))["oldest"] or now
