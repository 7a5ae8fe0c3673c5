"""Other bytes under the same name: what was found says nothing about them, so they are queued, and wait to be measured.

A storage is asked for size and time of a file, which a save never does: when a result is applied, some minutes after a
scan has ended, when a picture is decided about, when another object holds a file of the same name, and for every
picture in turn. What differs is read, since a file may be touched or moved without being changed.
"""

import logging
import time
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from django_copyleaks_image import registry
from django_copyleaks_image.models import ImageScan, WatchedImage, images, scans
from django_copyleaks_image.models.watched_image import digest_of
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.sources import Picture

from . import arrival, clock, filling, scan_requests, stored_files, unmeasured
from .isolation import isolated
from .scan_requests import LEFT_OUT

logger = logging.getLogger(__name__)

BATCH = 200
# What a storage is asked in a row, and for how long: others wait for it as well.
CHUNK = 500
SECONDS = 5.0
# A round over all pictures is not begun more often.
ROUND = timedelta(hours=1)


def noticed(scan: ImageScan, *, reads_all: bool = False) -> bool:
    """Look whether the file of a scan still is what the scan has found; queue other bytes, and return True.

    A picture that the project's ``when=`` does not want any more is taken back, which no save may have told of. Nothing
    is said of a file that is gone, of one that another has replaced, nor while the storage fails. Where the storage
    tells nothing without reading, the file is read only with ``reads_all``.
    """
    if scan.error_code in LEFT_OUT:
        return False
    try:
        instance, file = stored_files.held_file(scan)
    except (unmeasured.Replaced, unmeasured.StorageFailed):
        return False
    if scan_requests.is_refused_by_rule(scan, lambda: instance):
        return scan_requests.take_back(scan)
    state = stored_files.state_of(file)
    if state and state == scan.file_state:
        return False
    if not (state and scan.file_state) and not reads_all and scan.error_code not in arrival.MISSING:
        return False  # Nothing tells that it has changed.
    try:
        holds_others = _holds_others(scan, file, state)
    except unmeasured.StorageFailed as error:
        logger.warning(
            "Scan %s: it is not known whether the file is the same: %s",
            scan.scan_id,
            error,
            extra=scan.event("file_state_unknown", reason=str(error)),
        )
        return False
    if holds_others:
        return queue_other_bytes(scan)
    if state:
        scans().filter(pk=scan.pk).update(file_state=state)
    return False


def _holds_others(scan: ImageScan, file: Picture, state: str) -> bool:
    if not scan.sha256:  # Nothing was read: then only the storage's own word tells, or that there is a file at last.
        return bool(state and scan.file_state) or (scan.error_code in arrival.MISSING and is_there(file))
    try:
        return stored_files.hash_of(file) != scan.sha256
    except unmeasured.Skipped as skipped:
        return skipped.code != Code.MISSING_FILE


def is_there(file: Picture) -> bool:
    """Return whether there is a file that can be read and is not empty."""
    try:
        return next(stored_files.read_chunks(file), None) is not None
    except (unmeasured.Skipped, unmeasured.StorageFailed):
        return False


def queue_other_bytes(scan: ImageScan) -> bool:
    """Queue what was found in the place of the bytes of a scan, if the site wants it; return whether that was done."""
    if registry.watched_field_of(scan) is None:
        return False
    logger.warning(
        "Scan %s: the file holds other bytes now; they are scanned instead.",
        scan.scan_id,
        extra=scan.event("file_changed"),
    )
    return scan_requests.bytes_changed(scan)


def notice_namesakes(scan: ImageScan) -> None:
    """Look at the files of other objects that have the name of one just read, with other bytes.

    A storage that overwrites has given all of them the same file.
    """
    same_name = images().filter(file_digest=digest_of(scan.file_name), removed_at=None)
    others = same_name.exclude(sha256=scan.sha256).exclude(pk__in=images().same_target(scan).values("pk"))
    _look_at(others.order_by("pk")[:BATCH])


def look_once_more() -> None:
    """Look at the files whose scans have ended some minutes ago."""
    now = clock.now()
    due = images().filter(look_due_at__lte=now)
    looked_at = _look_at(due.order_by("look_due_at")[:BATCH], reads_all=True)
    # Whoever has ended a scan meanwhile has written a later time.
    due.filter(pk__in=looked_at).update(look_due_at=None)


class Round(NamedTuple):
    """How far the round over all pictures has come; stored as JSON."""

    after: int = 0
    begun_at: str = ""

    def is_resting(self, now: datetime) -> bool:
        begun_at = parse_datetime(self.begun_at) if self.begun_at else None
        return not self.after and begun_at is not None and timedelta(0) <= now - begun_at < ROUND


def go_round(progress: dict[str, Any]) -> dict[str, Any]:
    """Look at the next pictures of the round, as many as the storage bears; return the progress to be stored."""
    round_, now = Round(**progress), clock.now()
    if round_.is_resting(now):
        return progress
    begun_at = round_.begun_at if round_.after else now.isoformat()
    present = images().filter(removed_at=None, pk__gt=round_.after).exclude(file_name="")
    looked_at = _look_at(present.order_by("pk")[:CHUNK])
    filling.mend(looked_at)
    is_over = not looked_at or not present.filter(pk__gt=looked_at[-1]).exists()
    return Round(after=0 if is_over else looked_at[-1], begun_at=begun_at)._asdict()


def _look_at(found: QuerySet[WatchedImage], *, reads_all: bool = False) -> list[int]:
    """Look at the files of some pictures for a while; return the keys of those that were looked at, at least one."""
    ends_at = time.monotonic() + SECONDS
    looked_at: list[int] = []
    for image in found.select_related("scan__content_type"):
        with isolated("look at the file of picture %s", image.pk):
            if image.scan is not None:
                noticed(image.scan, reads_all=reads_all)
        looked_at.append(image.pk)
        if time.monotonic() > ends_at:
            break
    return looked_at
