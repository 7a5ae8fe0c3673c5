"""What a command or an action queues in bulk: files that have no scan yet, or what ended without a result."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from itertools import chain
from typing import NamedTuple

from django.db import router
from django.db.models import Model, Q
from django.utils import timezone

from django_copyleaks_image import registry
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Lane
from django_copyleaks_image.sources import Picture, StoredFile
from django_copyleaks_image.watched_fields import Watched, WatchedClass

from . import reconcile, requeue, stored_files
from .reconcile import Unscanned


class NoTimes(Exception):
    """The place where the pictures are does not tell when they came."""


class File(NamedTuple):
    """A file that can be queued: where its bytes are, and what queues it and returns whether it was queued."""

    picture: Callable[[], Picture]
    queue: Callable[[], bool]


def unscanned(
    watched: Watched,
    *,
    of: WatchedClass | None = None,
    newest_first: bool = True,
    since: datetime | None = None,
    dated_by: str = "",
) -> Iterator[File]:
    """Yield the files of a field that have no scan that counts; then those that were missing and are there by now.

    With ``since``, only those whose object says so in the column ``dated_by``, or the storage of their files. Raises
    :class:`NoTimes` when neither knows.
    """
    database = router.db_for_write(watched.owner)
    matching = Q((f"{dated_by}__gte", since)) if since and dated_by else Q()
    missing = reconcile.unscanned(watched, of=of, newest_first=newest_first, again=True, matching=matching)
    found: Iterator[File] = (
        File(
            partial(_picture_of, picture),
            partial(_queue_unscanned, picture, database=database),
        )
        for picture in missing
    )
    if not since:
        return chain(found, map(_of_scan, requeue.arrived_since(watched)))
    return found if dated_by else (file for file in found if _came_since(file.picture(), since))


def unscanned_of(watched: Watched, instances: list[Model], *, database: str) -> Iterator[Unscanned]:
    """Yield the pictures of some objects that have no scan that counts."""
    if instances:
        yield from reconcile.without_scan(watched, instances, database, again=True)


def queue_chosen(found: Unscanned, *, database: str) -> ImageScan:
    """Queue a picture that a person has chosen: before any backfill."""
    return reconcile.queue_unscanned(found.watched, found.instance, database=database, lane=Lane.AGAIN)


def ended(
    code: str, *, of: Watched | None = None, pay_again: bool, newest_first: bool = True, since: datetime | None = None
) -> Iterator[File]:
    """Yield the files whose last scan ended with a code, of all fields or of one; with ``since``, ended since then."""
    scans = requeue.ended_with(code).order_by("-pk" if newest_first else "pk")
    if of is not None:
        scans = scans.filter(of.is_about(), content_type__model=of.owner._meta.model_name)
        scans = scans.filter(content_type__app_label=of.owner._meta.app_label)
    if since is not None:
        scans = scans.filter(finished_at__gte=since)
    for scan in scans.iterator(chunk_size=requeue.BATCH):
        if requeue.may_be_queued(scan, pay_again=pay_again):
            yield _of_scan(scan, pay_again=pay_again)


def _of_scan(scan: ImageScan, *, pay_again: bool = False) -> File:
    queue = partial(requeue.queue_again, scan, pay_again=pay_again)
    return File(partial(stored_files.stored_file, scan), queue)


def _picture_of(found: Unscanned) -> Picture:
    field = found.watched.field
    return field.picture(found.instance, registry.stored_name(found.instance, field) or "")


def _queue_unscanned(found: Unscanned, *, database: str) -> bool:
    reconcile.queue_unscanned(found.watched, found.instance, database=database, lane=Lane.BACKFILL)
    return True


def _came_since(picture: Picture, since: datetime) -> bool:
    if not isinstance(picture, StoredFile):
        raise NoTimes
    try:
        came = picture.storage.get_modified_time(picture.key or picture.name)
    except FileNotFoundError:
        return False
    except NotImplementedError:
        raise NoTimes from None
    return (timezone.make_aware(came) if timezone.is_naive(came) else came) >= since
