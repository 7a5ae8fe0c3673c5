"""The queues of the review desk: what waits for whom, in which order."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from heapq import merge
from itertools import chain, islice
from operator import or_
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from django_copyleaks_image.models import Decision, ImageScan, home_database, scans
from django_copyleaks_image.models.decision import FINAL, Kind
from django_copyleaks_image.models.scan import Desk, ImageScanQuerySet

from . import claims

# Candidates that are read at once, and how many of them are looked at before giving up: each may be of an object
# that the user may not see.
_PAGE = 20
_LOOKS = 2_000
# A queue longer than this is only said to be.
COUNTED = 1_000


class Order(StrEnum):
    OLDEST = "oldest"
    LARGEST = "largest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What a person wants to see: one queue, of one watched field or all, real pictures or the sandbox's."""

    desk: Desk = Desk.REVIEW
    order: Order = Order.OLDEST
    content_type: ContentType | None = None
    field_name: str = ""
    sandbox: bool = False
    # Models whose objects the user may not see at all.
    hidden: frozenset[int] = frozenset()


def waiting(selection: Selection, user: Any) -> ImageScanQuerySet:
    """Return what waits in a queue for this person, unordered, claimed by others or not.

    Second looks are mixed into the queue of reviews, but never for those who took the first.
    """
    return _selected(selection).filter(reduce(or_, _conditions(selection, user)))


def is_blind_for(user: Any) -> Q:
    """Return the condition that a scan waits for a second look by this person, who must not hear of the first.

    Whoever has judged the same bytes is not asked again, be it at an earlier scan of them or on another object.
    """
    reversals = _decisions().filter(reverses=OuterRef("pk"))
    looks = _decisions().filter(~Exists(reversals), sha256=OuterRef("sha256"), decided_by=user, kind__in=FINAL)
    return Q(~Exists(looks), desk=Desk.SECOND_LOOK)


def count(selection: Selection, user: Any) -> int:
    """Return how many wait, :data:`COUNTED` + 1 for more than are counted."""
    # In order, so that the index of the desk is read, and not the whole table for the few that wait.
    selected = _selected(selection).order_by("created_at")
    counted = 0
    for condition in _conditions(selection, user):
        counted += selected.filter(condition)[: COUNTED + 1 - counted].count()
    return counted


def take(
    selection: Selection, user: Any, *, want: int, besides: Collection[int], may_see: Callable[[ImageScan], bool]
) -> list[ImageScan]:
    """Claim the next scans for a person, ``besides`` those that they hold already; skipped ones come last."""
    taken: list[ImageScan] = []
    for scan in islice(_candidates(selection, user, besides), _LOOKS):
        if may_see(scan) and claims.claim(scan.pk, user):
            taken.append(scan)
            if len(taken) == want:
                break
    return taken


def _selected(selection: Selection) -> ImageScanQuerySet:
    found = scans().filter(sandbox=selection.sandbox)
    if selection.content_type is not None:
        found = found.filter(content_type=selection.content_type, field_name=selection.field_name)
    if selection.hidden:
        found = found.exclude(content_type__in=selection.hidden)
    return found


def _conditions(selection: Selection, user: Any) -> list[Q]:
    """Return the condition of each desk in the queue: an index gives the rows of one in order, but not of two."""
    conditions = [Q(desk=selection.desk)]
    if selection.desk == Desk.REVIEW:
        conditions.append(is_blind_for(user))
    return conditions


def _candidates(selection: Selection, user: Any, besides: Collection[int]) -> Iterator[ImageScan]:
    free = _selected(selection).filter(claims.free_for(user, timezone.now())).exclude(pk__in=besides)
    free = free.with_result().select_related("content_type")
    conditions = _conditions(selection, user)
    skips = _decisions().filter(scan=OuterRef("pk"), decided_by=user, kind=Kind.SKIPPED, reversal=None)
    # Queries in turn: sorting by what was skipped would read the whole queue.
    fresh = free.exclude(Exists(skips))
    yield from _in_order([fresh.filter(part) for part in conditions], selection.order)
    last_skip = skips.order_by().values("scan").annotate(last=Max("pk")).values("last")
    skipped = free.filter(Exists(skips)).annotate(last_skip=Subquery(last_skip))
    yield from _merged([skipped.filter(part) for part in conditions], "last_skip")


def _in_order(parts: list[ImageScanQuerySet], order: Order) -> Iterator[ImageScan]:
    if order is Order.OLDEST:
        return _merged(parts, "created_at")
    # What was never measured has no share: databases differ in where they sort it, and no comparison finds it.
    measured = [part.filter(ai_share__isnull=False) for part in parts]
    unmeasured = [part.filter(ai_share__isnull=True) for part in parts]
    return chain(_merged(measured, "ai_share", descending=True), _merged(unmeasured, "created_at"))


def _merged(parts: list[ImageScanQuerySet], column: str, *, descending: bool = False) -> Iterator[ImageScan]:
    """Yield the scans of several querysets in one order, by a column and then by age."""
    pages = [_paged(part, column, descending=descending) for part in parts]
    return merge(*pages, key=lambda scan: (getattr(scan, column), scan.pk), reverse=descending)


def _paged(part: ImageScanQuerySet, column: str, *, descending: bool) -> Iterator[ImageScan]:
    """Yield the scans of a queryset, a page at a time.

    Each page begins behind the last scan of the one before, not at a number of rows: what others claim or decide
    meanwhile shifts nothing.
    """
    direction, beyond = ("-", "lt") if descending else ("", "gt")
    ordered = part.order_by(f"{direction}{column}", f"{direction}pk")
    page = list(ordered[:_PAGE])
    while page:
        yield from page
        if len(page) < _PAGE:
            return
        last = getattr(page[-1], column)
        # The first condition is all that an index needs to begin there.
        is_behind = Q(**{f"{column}__{beyond}": last}) | Q(**{f"pk__{beyond}": page[-1].pk})
        page = list(ordered.filter(is_behind, **{f"{column}__{beyond}e": last})[:_PAGE])


def _decisions() -> QuerySet[Decision]:
    return Decision.objects.using(home_database())
