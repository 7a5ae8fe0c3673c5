"""What the overview shows: what is under way now, and what was counted of the days of a period.

Real scans and the mock results of the sandbox are never added up.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, Min, Sum
from django.utils import timezone

from django_copyleaks_image import __version__, tenants
from django_copyleaks_image.models import AccountState, day_counts, days, images, scans
from django_copyleaks_image.models.day import About, day_of
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.reviewing.figures import FLAGGED
from django_copyleaks_image.scanning import account, liveness
from django_copyleaks_image.scanning.days import count_if_due
from django_copyleaks_image.standings import FINAL, JUDGEMENTS, Queue

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
class Work:
    """What people did at the desk, as :data:`~.reviewing.figures.MEASURES` name it."""

    counts: Counter[str]
    seconds: float = 0.0

    @property
    def decided(self) -> int:
        """Return the decisions about AI or not; second looks are none of them, they repeat one."""
        return sum(self.counts[kind] for kind in FINAL)

    @property
    def false_alarms(self) -> float | None:
        """Return the share of the flagged pictures that were cleared (0–1), None when none was decided about."""
        return self.counts["false_alarms"] / self.counts["judged"] if self.counts["judged"] else None

    @property
    def seconds_each(self) -> float | None:
        """Return how long a decision took on the average, None when no time is known."""
        return self.seconds / self.counts["timed"] if self.counts["timed"] else None


class Former(NamedTuple):
    """A person whose account was deleted: their name or pseudonym, or nothing."""

    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What is waiting and under way now, and what happened in a period.

    Reasons come as codes with their counts, the most frequent first; those of decisions by kind and name. People come
    as keys, deleted ones as what is left of their names. The credits are those of this month; its days, and today, are
    those of UTC, like the day of the budget.
    """

    waiting: dict[str, int]
    under_way: dict[str, int]
    oldest: datetime | None
    stuck: int
    period: Period
    days: list[DayFigures]
    failed: list[tuple[str, int]]
    skipped: list[tuple[str, int]]
    work: Work
    by_field: dict[str, Work]
    by_person: dict[Any, Work]
    by_reason: dict[tuple[str, str], int]
    credits_before_today: int
    credits_today: int
    counted_at: datetime


def figures(period: Period | None = None, *, sandbox: bool) -> Figures:
    """Return the figures of real scans, or of the sandbox's, which may be a minute old, but never of yesterday."""
    period = period or Period.latest()
    key = f"copyleaks_image.figures.{__version__}.{sandbox}.{period.first}.{period.last}.{timezone.now().date()}"
    key += f".{tenants.current()}"
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
        work=next(iter(_work(decided, lambda row: "").values()), Work(counts=Counter())),
        by_field=_work(decided, lambda row: row.field),
        by_person=_work(decided, lambda row: Former(row.person_name) if row.person is None else row.person),
        by_reason=_by_reason(decided),
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
    counted = day_counts().of_days(About.SCANS, period.first, period.last, sandbox=sandbox)
    grouped = counted.values_list("day__date", "what", "code").annotate(Sum("number"))
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


class _Done(NamedTuple):
    """How often something was done in the period, and how long it took."""

    field: str
    what: str
    reason: str
    person: Any
    person_name: str
    number: int
    seconds: float


def _decided(period: Period, *, sandbox: bool) -> list[_Done]:
    counted = day_counts().of_days(About.DECISIONS, period.first, period.last, sandbox=sandbox)
    grouped = counted.values_list("field", "what", "code", "person", "person_name")
    return [_Done(*row) for row in grouped.annotate(Sum("number"), Sum("seconds"))]


def _work(decided: Sequence[_Done], key_of: Callable[[_Done], Any]) -> dict[Any, Work]:
    """Return the work by a key, those with the most decisions first."""
    counts, seconds = defaultdict[Any, Counter[str]](Counter), defaultdict[Any, float](float)
    for row in decided:
        counts[key_of(row)][row.what] += row.number
        seconds[key_of(row)] += row.seconds
    found = {key: Work(counts=counts[key], seconds=seconds[key]) for key in counts}
    return dict(sorted(found.items(), key=lambda item: (-item[1].decided, str(item[0]))))


def _by_reason(decided: Sequence[_Done]) -> dict[tuple[str, str], int]:
    numbers = Counter[tuple[str, str]]()
    for row in decided:
        if row.reason and row.what in JUDGEMENTS:
            numbers[row.what, row.reason] += row.number
    return dict(numbers.most_common())


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
