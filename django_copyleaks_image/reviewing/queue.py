"""The queues of the review desk: what waits for whom, in which order."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from enum import StrEnum
from functools import reduce
from heapq import merge
from itertools import islice
from operator import or_
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, Subquery
from django.utils import timezone

from django_copyleaks_image.models import WatchedImage, decisions, images
from django_copyleaks_image.models.watched_image import WatchedImageQuerySet
from django_copyleaks_image.picture_fields import KEY_MARK
from django_copyleaks_image.standings import WAITING_QUEUES, Kind, Queue

from . import claims
from .blindness import awaits_second_look_by
from .users import AnyUser

# Candidates that are looked at together: few at first, since most people may see what comes first. After so many in all
# the search ends for now: each of them may be of an object that the person may not see.
_PAGE = 20
_LARGER_PAGE = 200
_LOOKS = 2_000
# A queue longer than this is only said to be.
COUNTED = 1_000


class Order(StrEnum):
    OLDEST = "oldest"
    LARGEST = "largest"


class Selection(NamedTuple):
    """What a person wants to see: one queue, of one watched field or all, real pictures or the sandbox's.

    ``field_name`` is that of the rows, or, with :data:`~.picture_fields.KEY_MARK` at its end, what theirs begin with.
    """

    queue: Queue = Queue.REVIEW
    order: Order = Order.OLDEST
    content_type: ContentType | None = None
    field_name: str = ""
    sandbox: bool = False
    # Models whose objects the user may not see at all.
    hidden: frozenset[int] = frozenset()


def waiting(selection: Selection, user: AnyUser) -> WatchedImageQuerySet:
    """Return what waits in a queue for this person, unordered, claimed by others or not.

    Second looks are mixed into the queue of reviews, but never for those who took the first.
    """
    return _selected(selection).filter(reduce(or_, _conditions(selection, user)))


def count(selection: Selection, user: AnyUser) -> int:
    """Return how many wait, :data:`COUNTED` + 1 for more than are counted."""
    return count_and_oldest(selection, user)[0]


def count_and_oldest(selection: Selection, user: AnyUser) -> tuple[int, datetime | None]:
    """Return how many wait, as :func:`count` does, and since when the oldest of them does, if any."""
    # In order, so that the index of the desk is read, and not the whole table for the few that wait.
    selected = _selected(selection).order_by("queued_at")
    counted, oldest = 0, []
    for condition in _conditions(selection, user):
        # At least the first one, which is the oldest.
        part = selected.filter(condition)[: max(COUNTED + 1 - counted, 1)]
        found = part.aggregate(number=Count("pk"), since=Min("queued_at"))
        counted += found["number"]
        oldest += [found["since"]] if found["number"] else []
    return min(counted, COUNTED + 1), min(oldest, default=None)


def oldest_of_all(*, sandbox: bool = False) -> WatchedImage | None:
    """Return the picture that has waited longest, in whichever queue, None when nothing waits."""
    waiting_in = [images().filter(queue=queue, sandbox=sandbox) for queue in WAITING_QUEUES]
    firsts = [image for found in waiting_in if (image := found.order_by("queued_at", "pk").first()) is not None]
    return min(firsts, key=lambda image: (image.queued_at or timezone.now(), image.pk), default=None)


def is_held_by_others(selection: Selection, user: AnyUser) -> bool:
    """Return whether somebody else is looking at something that waits in a queue for this person."""
    held = waiting(selection, user).filter(claims.is_held(timezone.now()))
    return held.exclude(claimed_by=user.pk).exists()


class Bookmark(NamedTuple):
    """The last picture that was looked at, by the column that orders its stage of the search, and its key."""

    stage: int
    value: datetime | float
    pk: int


class Taken(NamedTuple):
    """What was claimed, and where to look on: None stands for the beginning of the queue.

    ``is_partial`` says that the end of the queue was not reached, not even from the bookmark of an earlier search.
    """

    images: list[WatchedImage]
    bookmark: Bookmark | None
    is_partial: bool


def take(
    selection: Selection,
    user: AnyUser,
    *,
    want: int,
    besides: Collection[int],
    visible: Callable[[list[WatchedImage]], list[WatchedImage]],
    behind: Bookmark | None = None,
) -> Taken:
    """Claim the next pictures for a person, ``besides`` those that they hold already; skipped ones come last.

    ``visible`` returns those that the person may see. Whatever they may not see, everything is reached sooner or
    later: pass the ``bookmark`` of one call to the next one as ``behind``.
    """
    taken: list[WatchedImage] = []
    looks = 0
    for start in [None] if behind is None else [behind, None]:
        stages = _stages(selection, user, {*besides, *(image.pk for image in taken)})
        for page, bookmark in _pages(stages, start):
            for image in visible(page):
                if claims.claim(image.pk, user):
                    taken.append(image)
                    if len(taken) == want:
                        return Taken(images=taken, bookmark=start, is_partial=False)
            looks += len(page)
            if looks >= _LOOKS:
                return Taken(images=taken, bookmark=bookmark, is_partial=start == behind)
    return Taken(images=taken, bookmark=None, is_partial=False)


def _selected(selection: Selection) -> WatchedImageQuerySet:
    found = images().filter(sandbox=selection.sandbox)
    if selection.content_type is not None:
        is_of_several = selection.field_name.endswith(KEY_MARK)
        name = {"field_name__startswith" if is_of_several else "field_name": selection.field_name}
        found = found.filter(content_type=selection.content_type, **name)
    if selection.hidden:
        found = found.exclude(content_type__in=selection.hidden)
    return found


def _conditions(selection: Selection, user: AnyUser) -> list[Q]:
    """Return the conditions of what is in the queue: an index gives the rows of one in order, but not of two."""
    conditions = [Q(queue=selection.queue)]
    if selection.queue == Queue.REVIEW:
        conditions.append(awaits_second_look_by(user))
    return conditions


class _Stage(NamedTuple):
    """Pictures in one order: by a column, and by age among equals."""

    parts: list[WatchedImageQuerySet]
    column: str
    is_descending: bool = False


def _stages(selection: Selection, user: AnyUser, besides: Collection[int]) -> list[_Stage]:
    """Return what is looked through in turn: sorting by what was skipped would read the whole queue."""
    free = _selected(selection).filter(claims.free_for(user, timezone.now())).exclude(pk__in=besides)
    free = free.with_scan()
    conditions = _conditions(selection, user)
    of_same_bytes = decisions().filter(image=OuterRef("pk"), sha256=OuterRef("sha256"))
    skips = of_same_bytes.filter(decided_by=user.pk, kind=Kind.SKIPPED, reversal=None)
    fresh = [free.exclude(Exists(skips)).filter(part) for part in conditions]
    last_skip = skips.order_by().values("image").annotate(last=Max("pk")).values("last")
    skipped = free.filter(Exists(skips)).annotate(last_skip=Subquery(last_skip))
    groups = _by_assignment(fresh, user) if selection.queue == Queue.ESCALATED else [fresh]
    return [
        *(stage for group in groups for stage in _in_order(group, selection.order)),
        _Stage(parts=[skipped.filter(part) for part in conditions], column="last_skip"),
    ]


def _by_assignment(parts: list[WatchedImageQuerySet], user: AnyUser) -> list[list[WatchedImageQuerySet]]:
    """Return what is assigned to a person, then to nobody, and last to others, who may be away."""
    whose = (Q(assigned_to=user.pk), Q(assigned_to=None), ~Q(assigned_to=None) & ~Q(assigned_to=user.pk))
    return [[part.filter(condition) for part in parts] for condition in whose]


def _in_order(parts: list[WatchedImageQuerySet], order: Order) -> list[_Stage]:
    if order is Order.OLDEST:
        return [_Stage(parts=parts, column="queued_at")]
    # What was never measured has no share: databases differ in where they sort it, and no comparison finds it.
    measured = [part.filter(ai_share__isnull=False) for part in parts]
    unmeasured = [part.filter(ai_share__isnull=True) for part in parts]
    return [
        _Stage(parts=measured, column="ai_share", is_descending=True),
        _Stage(parts=unmeasured, column="queued_at"),
    ]


def _pages(stages: list[_Stage], start: Bookmark | None) -> Iterator[tuple[list[WatchedImage], Bookmark]]:
    """Yield what is behind a bookmark, some pictures at a time, each time with a bookmark at the last of them."""
    size = _PAGE
    for number, stage in enumerate(stages):
        if start is not None and number < start.stage:
            continue
        candidates = _merged(stage, start if start is not None and number == start.stage else None)
        while page := list(islice(candidates, size)):
            value = getattr(page[-1], stage.column)
            yield page, Bookmark(stage=number, value=value, pk=page[-1].pk)
            size = _LARGER_PAGE


def _merged(stage: _Stage, start: Bookmark | None) -> Iterator[WatchedImage]:
    """Yield the pictures of several querysets in the order of their stage."""
    pages = [_paged(part, stage, start) for part in stage.parts]
    return merge(*pages, key=lambda image: (getattr(image, stage.column), image.pk), reverse=stage.is_descending)


def _paged(part: WatchedImageQuerySet, stage: _Stage, start: Bookmark | None) -> Iterator[WatchedImage]:
    """Yield the pictures of a queryset, a page at a time.

    Each page begins behind the last picture of the one before, not at a number of rows: what others claim or decide
    meanwhile shifts nothing.
    """
    column = stage.column
    direction, beyond = ("-", "lt") if stage.is_descending else ("", "gt")
    ordered = part.order_by(f"{direction}{column}", f"{direction}pk")

    def behind(value: Any, pk: int) -> WatchedImageQuerySet:
        # The condition of the column alone is all that an index needs to begin there.
        is_behind = Q(**{f"{column}__{beyond}": value}) | Q(**{f"pk__{beyond}": pk})
        return ordered.filter(is_behind, **{f"{column}__{beyond}e": value})

    rest, size = ordered if start is None else behind(start.value, start.pk), _PAGE
    while page := list(rest[:size]):
        yield from page
        if len(page) < size:
            return
        rest, size = behind(getattr(page[-1], column), page[-1].pk), _LARGER_PAGE
