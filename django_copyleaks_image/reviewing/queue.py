"""The queues of the review desk: what waits for whom, in which order."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from django_copyleaks_image.models import Decision, ImageScan, home_database, scans
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.models.scan import Desk, ImageScanQuerySet

from . import claims

# Candidates that are read at once, and how many of them are looked at before giving up: each may be of an object
# that the user may not see.
_BATCH = 20
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
    found = scans().filter(desk=selection.desk, sandbox=selection.sandbox)
    if selection.desk == Desk.REVIEW:
        first_looks = _decisions().filter(scan=OuterRef("pk"), decided_by=user, kind__in=(Kind.CONFIRMED, Kind.CLEARED))
        blind = Q(desk=Desk.SECOND_LOOK) & ~Exists(first_looks)
        found = scans().filter(Q(desk=Desk.REVIEW) | blind, sandbox=selection.sandbox)
    if selection.content_type is not None:
        found = found.filter(content_type=selection.content_type, field_name=selection.field_name)
    if selection.hidden:
        found = found.exclude(content_type__in=selection.hidden)
    return found


def count(selection: Selection, user: Any) -> int:
    """Return how many wait, :data:`COUNTED` + 1 for more than are counted."""
    return len(waiting(selection, user).order_by().values_list("pk")[: COUNTED + 1])


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


def _candidates(selection: Selection, user: Any, besides: Collection[int]) -> Iterator[ImageScan]:
    free = waiting(selection, user).filter(claims.free_for(user, timezone.now())).exclude(pk__in=besides)
    mine = _decisions().filter(scan=OuterRef("pk"), decided_by=user, kind=Kind.SKIPPED, reversal=None)
    # Two queries in turn: sorting by what was skipped would read the whole queue.
    for part in (free.exclude(Exists(mine)), free.filter(Exists(mine))):
        yield from _in_order(part, selection.order)


def _in_order(part: ImageScanQuerySet, order: Order) -> Iterator[ImageScan]:
    columns = ("created_at", "pk") if order is Order.OLDEST else ("-ai_share", "-pk")
    ordered = part.with_result().select_related("content_type").order_by(*columns)
    seen = 0
    while batch := list(ordered[seen : seen + _BATCH]):
        yield from batch
        seen += len(batch)


def _decisions() -> Any:
    return Decision.objects.using(home_database())
