"""The copy that is sent in the place of a file: drawn for whoever pays, kept while its result may come, and removed."""

import hashlib
import logging
import random
from datetime import datetime, timedelta
from typing import IO, cast

from django.db.models import Exists, OuterRef

from django_copyleaks_image import formats, limits
from django_copyleaks_image.alignment import EXCHANGES_SIDES
from django_copyleaks_image.conf import conf
from django_copyleaks_image.connection_pool import checked_in
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.models import ImageScan, fitted_copies, scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.renditions import copies, shelf
from django_copyleaks_image.sources import Picture

from . import file_changes, prepare, spooled, unmeasured
from .attempts import NotNow
from .isolation import isolated

logger = logging.getLogger(__name__)

# Of which a scan knows, beside the sides, only once its copy is drawn.
DRAWN_FACTS = ("copy_sha256", "copy_bytes", "copy_format")
COPY_FACTS = ("copy_width", "copy_height", *DRAWN_FACTS)
BATCH = 50
NAP = timedelta(seconds=1)


def note_order(scan: ImageScan, order: formats.CopyOrder | None) -> None:
    """Note on a measured scan which copy is sent, and forget one that was drawn of other bytes or in another size."""
    sides = (None, None) if order is None else _upright(scan, order)
    if (scan.copy_width, scan.copy_height) != sides:
        _forget_drawn(scan)
    scan.copy_width, scan.copy_height = sides


def forget(scan: ImageScan) -> None:
    """Forget the copy of a scan whose file holds other bytes by now."""
    scan.copy_width = scan.copy_height = None
    _forget_drawn(scan)


def prepare_copy(scan: ImageScan, file: Picture) -> dict[str, object]:
    """See that the copy of a scan is kept, drawn anew if it is not there; return the columns that say what it is.

    Raises what :mod:`.unmeasured` has, Replaced when the file holds other bytes than were measured;
    and NotNow while others are being drawn.
    """
    try:
        if not copies.is_kept(scan):
            await_room()
            _draw(scan, file)
    except shelf.ShelfFailed as error:
        raise unmeasured.StorageFailed(error.code.sentence) from error
    except pool.Busy:
        raise _not_now() from None
    return {name: getattr(scan, name) for name in DRAWN_FACTS}


def await_room() -> None:
    """Raise NotNow while as many copies are being drawn as may: one that takes long keeps no thread from others."""
    if not pool.copying.has_room():
        raise _not_now()


def _not_now() -> NotNow:
    return NotNow(Code.RATE_LIMIT, NAP * random.uniform(1, 2))  # noqa: S311 - jitter


def _draw(scan: ImageScan, file: Picture) -> None:
    with checked_in():
        drawn = _drawn_of_the_same(scan, file)
    if drawn is None:
        file_changes.queue_other_bytes(scan)
        raise unmeasured.Replaced(Code.FILE_REPLACED)
    facts, content = drawn
    scan.copy_sha256 = hashlib.sha256(content).hexdigest()
    scan.copy_bytes, scan.copy_format = len(content), facts.format
    scan.copy_width, scan.copy_height = facts.width, facts.height
    copies.keep(scan, scan.copy_sha256, scan.copy_format, content)
    logger.info(
        "Scan %s: measured on a copy of %s × %s.",
        scan.scan_id,
        facts.width,
        facts.height,
        extra=scan.event("copy_drawn", width=facts.width, height=facts.height),
    )


def _drawn_of_the_same(scan: ImageScan, file: Picture) -> tuple[formats.PictureFacts, bytes] | None:
    """Return a copy with its facts, None if the file holds other bytes than were measured."""
    with spooled.copied(file, at_most=formats.MAX_BYTES) as original:
        if original.sha256 != scan.sha256:
            return None
        with prepare.failures_of_the_picture():
            return pool.copy(cast("IO[bytes]", original), _order(scan))


def _order(scan: ImageScan) -> formats.CopyOrder:
    width, height = scan.copy_width or 1, scan.copy_height or 1
    if scan.orientation in EXCHANGES_SIDES:
        width, height = height, width
    return formats.CopyOrder(width=width, height=height, most_bytes=limits.LIMITS[conf.MODE].most_bytes)


def _upright(scan: ImageScan, order: formats.CopyOrder) -> tuple[int, int]:
    sides = order.width, order.height
    return sides[::-1] if scan.orientation in EXCHANGES_SIDES else sides


def _forget_drawn(scan: ImageScan) -> None:
    scan.copy_sha256, scan.copy_bytes, scan.copy_format = "", None, ""


def tidy(now: datetime) -> int:
    """Remove the copies of scans whose result is not awaited any more, a few at a time; return how many.

    Nor is one kept of a file that was deleted or replaced, which the media endpoint does not serve any more.
    """
    needed = scans().filter(pk=OuterRef("scan"), removed_at=None).exclude(status=Status.SUPERSEDED)
    unneeded = fitted_copies().exclude(Exists(needed.unfinished())).exclude(Exists(needed.awaiting_result(now)))
    notes = list(unneeded.order_by("pk")[:BATCH])
    for note in notes:
        with isolated("remove the copy of scan %s", note.scan_id):
            copies.let_go(note)
    return len(notes)
