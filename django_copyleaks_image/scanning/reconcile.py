"""Finds stored files that have no scan: what signals never told of, or a dying process left out.

``bulk_create``, ``QuerySet.update``, fixtures, and a process killed between the media's commit and ours are seen
here. What has come lately is found within a minute among integer keys above a watermark, since older files were there
before the app was; everything else by :mod:`.walk`, in time.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from django.db import router, transaction
from django.db.models import AutoField, IntegerField, Max, Model, Q
from django.utils.dateparse import parse_datetime

from django_copyleaks_image import clock_skew, registry
from django_copyleaks_image.conf import conf, is_enabled
from django_copyleaks_image.models import ImageScan, account_row, home_database, scans
from django_copyleaks_image.models.scan import Lane, Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.watched_fields import Watched, WatchedClass, WatchedColumn, WatchedField

from . import account, clock, full_scan
from .scan_requests import queue, target_of

logger = logging.getLogger(__name__)

INTERVAL = timedelta(minutes=1)
# Keys are given out before their transaction commits: the watermark trails the highest key by this long.
GRACE = timedelta(minutes=15)
CHUNK = 500


class Unscanned(NamedTuple):
    """A picture without any scan, and the object that holds it."""

    watched: WatchedField
    instance: Model


def unscanned(
    watched: Watched,
    *,
    above: Any = None,
    database: str | None = None,
    of: WatchedClass | None = None,
    newest_first: bool = False,
    again: bool = False,
    matching: Q | None = None,
) -> Iterator[Unscanned]:
    """Yield stored, wanted files that have no scan at all, by the key of their objects; or of one class.

    Keys ascend from ``above``; with ``newest_first`` they descend. With ``again``, also those whose backfill was
    cancelled, and once SANDBOX is off those that have mock results alone. ``matching`` is asked of the objects.
    """
    database = database or router.db_for_write(watched.owner)
    stored = watched.objects(database, of=of).filter(matching or Q()).order_by("-pk" if newest_first else "pk")
    behind = "pk__lt" if newest_first else "pk__gt"
    if isinstance(watched, WatchedColumn):
        stored = stored.exclude(watched.field.is_empty())
    while True:
        chunk = list((stored if above is None else stored.filter(**{behind: above}))[:CHUNK])
        if not chunk:
            return
        above = chunk[-1].pk
        yield from without_scan(watched, chunk, database, again=again)


def without_scan(watched: Watched, chunk: list[Model], database: str, *, again: bool) -> Iterator[Unscanned]:
    """Yield what :func:`unscanned` does of some objects."""
    targets = {target_of(watched.owner, it, watched.name, using=database)["object_id"]: it for it in chunk}
    content_type = target_of(watched.owner, chunk[0], watched.name, using=database)["content_type"]
    known = scans().filter(watched.is_about(), content_type=content_type, object_id__in=targets)
    if again:
        known = known.exclude(status=Status.SKIPPED, error_code=Code.CANCELLED)
        if not conf.SANDBOX:
            known = known.exclude(status__in=(Status.COMPLETED, Status.FAILED), sandbox=True)
    # Compared with the name: a process may die between the commit of a replaced file and that of its scan.
    seen = set(known.values_list("object_id", "field_name", "file_name"))
    for object_id, instance in targets.items():
        for picture in full_scan.pictures_in(watched, instance):
            name = registry.stored_name(instance, picture.field)
            if name and (object_id, picture.name, name) not in seen and full_scan.wants(picture, instance):
                yield Unscanned(picture, instance)


def queue_unscanned(watched: WatchedField, instance: Model, *, database: str, lane: Lane = Lane.UPLOAD) -> ImageScan:
    """Queue a scan of a picture found by :func:`unscanned`."""
    name = registry.stored_name(instance, watched.field) or ""
    target = target_of(watched.owner, instance, watched.name, using=database)
    scan = ImageScan(**target, file_name=name, database=database, lane=lane)
    with transaction.atomic(using=home_database()):
        queue(scan, Code.FILE_REPLACED)
    return scan


def queue_current_file(scan: ImageScan) -> None:
    """Queue a scan of the file that the object of ``scan`` holds now, if it is watched and wanted."""
    instance = scan.target
    watched = registry.watched_field_of(scan)
    if watched is None or instance is None or not registry.stored_name(instance, watched.field):
        return
    if full_scan.wants(watched, instance):
        queue_unscanned(watched, instance, database=scan.database)


def reconcile_if_due() -> int:
    """Reconcile unless another worker did so within :data:`INTERVAL`; return how many scans were queued."""
    now = clock.now()
    account.state()
    not_lately = ~clock_skew.is_recent("reconciled_at", now, within=INTERVAL)
    elected = account_row().filter(not_lately).update(reconciled_at=now)
    return reconcile() if elected else 0


def reconcile() -> int:
    """Queue what was left out lately, and take the next steps of the full scan; return how many scans were queued.

    At the first look at a field with an integer key its highest key becomes the watermark: ``copyleaks_scan`` is for
    files before it.
    """
    if not is_enabled():
        return 0
    queued = 0
    watermarks: dict[str, list[Any]] = dict(account.state().watermarks)
    for watched in registry.all_watched():
        if not isinstance(watched.owner._meta.pk, AutoField | IntegerField):
            continue
        with full_scan.going_on_after_errors_of(watched.label):
            watermark, candidate, candidate_at = watermarks.get(watched.label) or _first_watermarks(watched)
            for picture, instance in unscanned(watched, above=watermark):
                # Many at once, such as what ``bulk_create`` has made, keep no upload waiting.
                queue_unscanned(picture, instance, database=router.db_for_write(watched.owner), lane=Lane.AGAIN)
                queued += 1
            watermarks[watched.label] = _advanced(watched, watermark, candidate, candidate_at)
    account_row().update(watermarks=watermarks)
    queued += full_scan.take_next_steps()
    if queued:
        logger.info(
            "Reconciliation queued %s files that had no scan.",
            queued,
            extra={"event": "unscanned_queued", "count": queued},
        )
    return queued


def _first_watermarks(watched: Watched) -> list[Any]:
    highest = _highest_key(watched)
    return [highest, highest, clock.now().isoformat()]


def _advanced(watched: Watched, watermark: int, candidate: int, candidate_at: str) -> list[Any]:
    now, seen_at = clock.now(), cast("datetime", parse_datetime(candidate_at))
    if clock_skew.is_ahead(seen_at, now):
        return [watermark, candidate, now.isoformat()]
    if now - seen_at < GRACE:
        return [watermark, candidate, candidate_at]
    return [candidate, _highest_key(watched), now.isoformat()]


def _highest_key(watched: Watched) -> int:
    objects = watched.owner._base_manager.using(router.db_for_write(watched.owner))
    return objects.aggregate(highest=Max("pk"))["highest"] or 0
