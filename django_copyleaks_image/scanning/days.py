"""Counts what happened on each day, so that nobody has to count a million rows to show it.

A day is counted anew from its rows, which an index finds, in one transaction that begins with its row: so it is never
counted twice, a worker that dies leaves the counts of before, and whoever changes something of an old day waits and
overrules it. It is counted again while something of it is open, and for eight days, since results may be late. What is
in the sandbox is counted apart.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from django_copyleaks_image import clock_skew
from django_copyleaks_image.models import Day, DayCount, days, decisions, home_database, scans
from django_copyleaks_image.models.day import OPEN_FOR, About, day_of, midnight
from django_copyleaks_image.models.scan import UNFINISHED
from django_copyleaks_image.reviewing import figures
from django_copyleaks_image.transactions import atomically

from . import clock
from .isolation import isolated

# How often a day is counted while it lasts, and while something of it may still change; and at least this many times
# as long apart as it takes, so that a site of millions does little else.
EVERY, LATER = timedelta(minutes=1), timedelta(hours=1)
REST = 30
# For so long whoever looks at what was counted quickly takes it for the present.
SEEN_AS_NEW = timedelta(seconds=10)
LONGEST = timedelta(hours=6)
# Then others have their turn.
TURN_SECONDS = 0.5
_BATCH = 500


class Counted(NamedTuple):
    """What was found on a day, from how many rows, and whether some of it is to change."""

    counts: list[DayCount]
    rows: int
    is_open: bool


def count_due(now: datetime | None = None, *, seconds: float = TURN_SECONDS) -> int:
    """Count the days that are due, today first, until there are none or the time is over; return how many."""
    until = monotonic() + seconds
    now = now or clock.now()
    _begin(now)
    counted = 0
    for day in _due(now):
        # What is not counted any more is due at the next turn, and so the rest of what was never counted.
        if monotonic() > until and day.date < day_of(day.about, now):
            break
        with isolated("count the %s of %s", day.about, day.date):
            counted += atomically(partial(_count, day, now))
    return counted


def count_if_due() -> None:
    """Count what is due, and today where that is quick and some seconds ago: whoever looks wants to see what just came.

    Where no worker counts, whoever looks at the figures does.
    """
    now = timezone.now()  # A page asks nobody for the time.
    if _stale_today(now):
        count_due(now)
        for about, today in _stale_today(now):
            count_anew(about, [today])


def _stale_today(now: datetime) -> set[tuple[About, date]]:
    """Return of what today is due, or was counted some seconds ago although that takes no time."""
    is_new_or_slow = Q(counted_at__gt=now - SEEN_AS_NEW) | Q(due_at__gt=F("counted_at") + EVERY)
    todays = {about: day_of(about, now) for about in About}
    counted = days().filter(is_new_or_slow, date__in=set(todays.values()), due_at__gt=now)
    return set(todays.items()) - set(counted.values_list("about", "date"))


def count_anew(about: About, dates: Sequence[date]) -> None:
    """Count days now, whether they are due or not, from the rows that are there."""
    days().bulk_create([Day(about=about, date=day) for day in dates], ignore_conflicts=True)
    for day in days().filter(about=about, date__in=dates):
        atomically(partial(_count, day, clock.now()))


def counted_for_good_before(about: About) -> date | None:
    """Return the day before which each was counted for good, None when there is none.

    Rows of earlier days may go: what was counted of them stays, also when something of such a day is counted again.
    """
    counted = days().filter(about=about)
    if not counted.exists() or _latest_before_the_first(about) is not None:
        return None
    is_open = Q(due_at__isnull=False) | Q(counted_at=None)
    ends: dict[str, date | None] = counted.aggregate(open=Min("date", filter=is_open), last=Max("date"))
    return ends["open"] or (ends["last"] and ends["last"] + timedelta(days=1))


def _begin(now: datetime) -> None:
    """Make the rows of the days that have begun since the last look."""
    newest = dict(days().values_list("about").annotate(Max("date")).order_by())
    for about in About:
        today = day_of(about, now)
        last = newest.get(about, today - timedelta(days=1))
        begun = [last + timedelta(days=number) for number in range(1, (today - last).days + 1)]
        days().bulk_create([Day(about=about, date=day, due_at=now) for day in begun], ignore_conflicts=True)


def _due(now: datetime) -> Iterator[Day]:
    """Yield the days that are due, then those that were never looked at, each time the latest first."""
    # One that is further ahead than any was written by a clock that is wrong.
    due = list(days().filter(clock_skew.has_passed("due_at", now, longest=LONGEST)).order_by("-date", "about"))
    yield from due
    for about in About if due else ():
        while (day := _next_before(about)) is not None:
            yield day


def _next_before(about: About) -> Day | None:
    """Return the latest day before the first that was looked at from which there are rows, None when there is none."""
    latest = _latest_before_the_first(about)
    if latest is None:
        return None
    return days().get_or_create(about=about, date=latest if about == About.CREDITS else day_of(about, latest))[0]


def _latest_before_the_first(about: About) -> Any:
    column, rows = _SOURCES[about]
    first = days().filter(about=about).aggregate(first=Min("date"))["first"]
    before = rows().filter(**{f"{column}__lt": first if about == About.CREDITS else midnight(first)})
    return before.aggregate(latest=Max(column))["latest"]


def _count(day: Day, now: datetime) -> bool:
    """Count a day in a transaction; return False when another was faster."""
    started = monotonic()
    # First of all: whoever changes something of this day from now on waits for us, and overrules the end of it.
    if not days().filter(pk=day.pk, counted_at=day.counted_at).update(counted_at=now):
        return False
    found = _COUNTS[About(day.about)](day.date)
    row = days().get(pk=day.pk)
    if found.rows < row.rows:
        # Some of them were removed meanwhile: what was counted is all that is known of them.
        days().filter(pk=day.pk).update(due_at=None)
        return True
    row.counts.all().delete()
    for it in found.counts:
        it.day = row
    DayCount.objects.using(home_database()).bulk_create(found.counts, batch_size=_BATCH)
    days().filter(pk=day.pk).update(
        rows=found.rows, due_at=_due_again(row, now, is_open=found.is_open, took=monotonic() - started)
    )
    return True


def _due_again(day: Day, now: datetime, *, is_open: bool, took: float) -> datetime | None:
    age = day_of(day.about, now) - day.date
    if age > OPEN_FOR and not is_open:
        return None
    return now + min(LONGEST, max(EVERY if age <= timedelta(0) else LATER, timedelta(seconds=REST * took)))


def _of_day(rows: QuerySet[Any], column: str, day: date) -> QuerySet[Any]:
    begin, end = midnight(day), midnight(day + timedelta(days=1))
    return rows.filter(**{f"{column}__gte": begin, f"{column}__lt": end}).order_by()


def _count_scans(day: date) -> Counted:
    grouped = _of_day(scans(), "created_at", day).values_list(
        "content_type", "field_name", "sandbox", "status", "verdict", "error_code"
    )
    totals = Counter[tuple[str, bool, str, str]]()
    for content_type, field_name, sandbox, status, verdict, code, number in grouped.annotate(Count("pk")):
        # What waits may have a code as well, of its last try.
        known = "" if status in UNFINISHED else verdict or code
        totals[field_label(content_type, field_name), sandbox, status, known] += number
    counts = [
        DayCount(field=field, sandbox=sandbox, what=status, code=code, number=number)
        for (field, sandbox, status, code), number in totals.items()
    ]
    return Counted(counts, rows=totals.total(), is_open=any(it.what in UNFINISHED for it in counts))


def _count_credits(day: date) -> Counted:
    spent = scans().filter(spent_on=day).order_by()
    grouped = spent.values_list("content_type", "field_name", "sandbox", "spent_as")
    totals = grouped.annotate(number=Count("pk"), total=Coalesce(Sum("credits"), 0))
    counts = [
        DayCount(
            field=field_label(content_type, field_name), sandbox=sandbox, what=spent_as, number=number, credits=total
        )
        for content_type, field_name, sandbox, spent_as, number, total in totals
    ]
    return Counted(counts, rows=sum(it.number for it in counts), is_open=False)


def _count_decisions(day: date) -> Counted:
    steps = _of_day(decisions(), "decided_at", day)
    counts = [
        DayCount(
            field=field_label(it.content_type, it.field_name),
            what=it.what,
            number=it.number,
            seconds=it.seconds,
            **it.columns,
        )
        for it in figures.of(steps)
    ]
    return Counted(counts, rows=steps.count(), is_open=figures.hidden(steps).exists())


def field_label(content_type: int, field_name: str) -> str:
    """Return how a watched field is named in what was counted: ``gallery.photo.image``."""
    kept = ContentType.objects.get_for_id(content_type)
    return f"{kept.app_label}.{kept.model}.{field_name}"


def as_a_project_names_it(field: str) -> str:
    """Return what was counted as ``gallery.photo.image`` as ``gallery.Photo.image``; unchanged if the model is gone."""
    app_label, model, name = field.split(".", 2)
    try:
        return f"{apps.get_model(app_label, model)._meta.label}.{name}"
    except LookupError:
        return field


_SOURCES: dict[About, Any] = {
    About.SCANS: ("created_at", scans),
    About.DECISIONS: ("decided_at", decisions),
    About.CREDITS: ("spent_on", scans),
}
_COUNTS = {About.SCANS: _count_scans, About.DECISIONS: _count_decisions, About.CREDITS: _count_credits}
