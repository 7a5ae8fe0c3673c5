"""What the overview counts. Real scans and the mock results of the sandbox are never added up.

A decision counts once nobody is to take a second look at its picture any more: a sum that changes tells of its parts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.core.cache import cache
from django.db.models import Case, Count, Exists, IntegerField, Min, OuterRef, Q, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from django_copyleaks_image import __version__
from django_copyleaks_image.models import AccountState, decisions, images, results, scans
from django_copyleaks_image.models.scan import ImageScanQuerySet, Status
from django_copyleaks_image.reviewing.blindness import tells_of_first_looks
from django_copyleaks_image.scanning import account, liveness
from django_copyleaks_image.standings import DECIDED_FOR_GOOD, FINAL, KINDS, STANDINGS, Kind, Queue
from django_copyleaks_image.verdicts import Verdict

DAYS = 30
_KEPT_FOR = 60  # Seconds.
_FLAGGED = (Verdict.PARTLY_AI, Verdict.MOSTLY_AI)
_FALSE_ALARMS = tuple(standing for standing in DECIDED_FOR_GOOD if standing and STANDINGS[standing].denies_ai)
# Somebody is still to take a second look, whoever that is.
_AWAITS_SECOND_LOOK = Q(queue=Queue.SECOND_LOOK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
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
    """The flagged pictures of a watched field about which people decided, by the decision that stands."""

    content_type: int
    field_name: str
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
    """What is waiting and under way now, and what happened in the last :data:`DAYS` days, today included.

    Reasons come as codes with their counts, the most frequent first. The credits are those of the results that were
    received in this month; its days, and today, are those of UTC, like the day of the budget.
    """

    waiting: dict[str, int]
    under_way: dict[str, int]
    oldest: datetime | None
    stuck: int
    days: list[Day]
    failed: list[tuple[str, int]]
    skipped: list[tuple[str, int]]
    judged: list[Judged]
    work: Work
    credits_before_today: int
    credits_received_today: int
    since: datetime
    counted_at: datetime


def figures(*, sandbox: bool) -> Figures:
    """Return the figures of real scans, or of the sandbox's, which may be a minute old, but never of yesterday."""
    key = f"copyleaks_image.figures.{__version__}.{sandbox}.{timezone.now().date()}"
    kept = cache.get(key)
    if isinstance(kept, Figures):
        return kept
    found = count(sandbox=sandbox)
    cache.set(key, found, _KEPT_FOR)
    return found


def count(*, sandbox: bool) -> Figures:
    """Count everything anew, with as many queries for a million scans as for one."""
    now = timezone.now()
    counted = scans().filter(sandbox=sandbox).order_by()
    under_way = list(counted.unfinished().values_list("status").annotate(Count("pk"), Min("created_at")))
    midnights = _midnights(now)
    history = _history(counted, midnights)
    before_today, received_today = _credits(now, sandbox=sandbox)
    return Figures(
        waiting=_waiting(sandbox=sandbox),
        under_way={status: number for status, number, _oldest in under_way},
        oldest=min((oldest for _status, _number, oldest in under_way), default=None),
        stuck=counted.filter(liveness.is_stuck(now)).count(),
        days=_days(history, midnights),
        failed=_reasons(history, Status.FAILED),
        skipped=_reasons(history, Status.SKIPPED),
        judged=_judged(midnights[0], sandbox=sandbox),
        work=_work(midnights[0], sandbox=sandbox),
        credits_before_today=before_today,
        credits_received_today=received_today,
        since=midnights[0],
        counted_at=now,
    )


def spent_today(row: AccountState | None) -> tuple[int, int]:
    """Return the credits spent and reserved of the budget of this day, which is one of UTC."""
    if row is None or not account.counts_today(row):
        return 0, 0
    return row.budget_spent, row.budget_reserved


def _midnights(now: datetime) -> list[datetime]:
    """Return when each of the days began, the oldest first."""
    today = timezone.localdate(now)
    dates = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    return [timezone.make_aware(datetime.combine(day, time.min)) for day in dates]


class _Alike(NamedTuple):
    """How many scans of a day ended alike, or are in the same state still."""

    day: int
    status: str
    verdict: str
    reason: str
    number: int


def _history(counted: ImageScanQuerySet, midnights: Sequence[datetime]) -> list[_Alike]:
    # Compared with each midnight, newest first: MariaDB knows time zones only where their tables were loaded, and
    # days are not all of the same length.
    newest_first = reversed(list(enumerate(midnights)))
    day = Case(
        *(When(created_at__gte=midnight, then=Value(index)) for index, midnight in newest_first),
        output_field=IntegerField(),
    )
    recent = counted.filter(created_at__gte=midnights[0]).annotate(day=day)
    grouped = recent.values_list("day", "status", "verdict", "error_code").annotate(Count("pk"))
    return [_Alike(*row) for row in grouped]


def _days(history: Sequence[_Alike], midnights: Sequence[datetime]) -> list[Day]:
    totals = [Counter[str]() for _ in midnights]
    for alike in history:
        totals[alike.day]["scans"] += alike.number
        totals[alike.day]["measured"] += alike.number * (alike.verdict != Verdict.NOT_MEASURED)
        totals[alike.day]["flagged"] += alike.number * (alike.verdict in _FLAGGED)
    return [
        Day(date=midnight.date(), scans=total["scans"], measured=total["measured"], flagged=total["flagged"])
        for midnight, total in zip(midnights, totals, strict=True)
    ]


def _reasons(history: Sequence[_Alike], status: Status) -> list[tuple[str, int]]:
    numbers = Counter[str]()
    for alike in history:
        if alike.status == status:
            numbers[alike.reason] += alike.number
    return numbers.most_common()


def _waiting(*, sandbox: bool) -> dict[str, int]:
    # Greater than "": no index finds what differs from it.
    waiting = images().filter(queue__gt=Queue.NONE, sandbox=sandbox).order_by()
    return dict(waiting.values_list("queue").annotate(Count("pk")))


def _judged(since: datetime, *, sandbox: bool) -> list[Judged]:
    """Return the fields whose flagged pictures were decided about, the one with the most decisions first."""
    recent = decisions().filter(decided_at__gte=since, kind__in=FINAL)
    judged = (
        images()
        .exclude(_AWAITS_SECOND_LOOK)
        .filter(sandbox=sandbox, verdict__in=_FLAGGED, standing__in=DECIDED_FOR_GOOD, pk__in=recent.values("image"))
    )
    by_field = (
        judged.order_by()
        .values("content_type", "field_name")
        .annotate(decided=Count("pk"), cleared=Count("pk", filter=Q(standing__in=_FALSE_ALARMS)))
    )
    return [Judged(**row) for row in by_field.order_by("-decided", "content_type", "field_name")]


def _work(since: datetime, *, sandbox: bool) -> Work:
    steps = decisions().filter(decided_at__gte=since, sandbox=sandbox)
    steps = steps.exclude(tells_of_first_looks(_AWAITS_SECOND_LOOK))
    first_look = Q(kind__in=FINAL, agrees=None)
    kept = Q(reversal=None)
    confirms = reduce(or_, (Q(kind=kind, before=KINDS[kind].standing) for kind in FINAL))
    return Work(
        **steps.aggregate(
            decided=Count("pk", filter=first_look),
            replaced=Count("pk", filter=kept & first_look & Q(before__in=DECIDED_FOR_GOOD) & ~confirms),
            undone=Count("pk", filter=Q(kind=Kind.UNDONE, reverses__kind__in=FINAL)),
            skipped=Count("pk", filter=kept & Q(kind=Kind.SKIPPED)),
            second_looks=Count("pk", filter=kept & Q(agrees__isnull=False)),
            agreed=Count("pk", filter=kept & Q(agrees=True)),
        )
    )


def _credits(now: datetime, *, sandbox: bool) -> tuple[int, int]:
    """Return what the results cost that were received this month before today, and today.

    Those that do not say so cost one, as in the budget.
    """
    midnight = datetime.combine(now.astimezone(UTC), time.min, UTC)
    charged = results().filter(received_at__gte=midnight.replace(day=1))
    is_mock = Exists(scans().filter(result=OuterRef("pk"), sandbox=True))
    sums = charged.filter(is_mock if sandbox else ~is_mock).aggregate(
        before=Sum(Coalesce("credits", 1), filter=Q(received_at__lt=midnight)),
        today=Sum(Coalesce("credits", 1), filter=Q(received_at__gte=midnight)),
    )
    return int(sums["before"] or 0), int(sums["today"] or 0)
