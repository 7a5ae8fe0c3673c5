"""Draws what people look at: by the worker or whoever plays it, in child processes, once for the same bytes."""

import hashlib
import logging
from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import IO, cast

from django_copyleaks_image import formats
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.models import ImageScan, Rendition, renditions
from django_copyleaks_image.models.rendition import Kind
from django_copyleaks_image.outcomes import Code, Follows
from django_copyleaks_image.problems import SentenceError, stored
from django_copyleaks_image.renditions import shelf, wanted

from . import clock, file_changes, spooled, stored_files, unmeasured
from .isolation import isolated

logger = logging.getLogger(__name__)

# How often it is looked whether a picture is still there, and at how many at a time.
CHECK_EVERY = timedelta(hours=1)
BATCH = 50


class _Impossible(SentenceError):
    """There is nothing to draw, for a reason that is stored."""

    def __init__(self, code: str, message: str = "", *, is_final: bool) -> None:
        super().__init__(message)
        self.code = code
        self.is_final = is_final


def draw_next() -> bool:
    """Draw what was asked for first, what takes long last; return whether there was anything."""
    return _draw_claimed(wanted.claim())


def draw_fresh() -> bool:
    """Draw what was asked for first, and leave what takes long to others; return whether there was anything."""
    return _draw_claimed(wanted.claim(fresh=True))


def draw_of(scan_id: str) -> None:
    """Draw all that was asked for of one scan."""
    while _draw_claimed(wanted.claim(scan_id)):
        pass


def draw_due(*, at_most: int) -> int:
    """Draw what is due, a bounded number; return how many there were."""
    drawn = 0
    while drawn < at_most and draw_next():
        drawn += 1
    return drawn


def _draw_claimed(row: Rendition | None) -> bool:
    if row is None:
        return False
    try:
        _draw(row)
    except pool.Stopped:
        wanted.store(row, due_at=clock.now(), attempts=row.attempts - 1)
    except pool.TookTooLong:
        if row.attempts > 1:
            _remember(row, Code.TOO_COMPLEX, is_final=True)
        else:  # With more time, once nothing is due that may be quicker.
            wanted.store(row, due_at=clock.now(), sha256=row.sha256)
    except _Impossible as reason:
        _remember(row, reason.code, stored(reason.message), is_final=reason.is_final)
    except (pool.DecodingFailed, shelf.ShelfFailed) as error:
        logger.warning(
            "Scan %s: its %s was not drawn: %s",
            row.scan.scan_id,
            row.kind,
            error,
            exc_info=error.__cause__,
            extra=row.scan.event("rendition_not_drawn", kind=row.kind, reason=str(error)),
        )
        _remember(row, error.code, is_final=False)
    return True


def _draw(row: Rendition) -> None:
    if row.attempts > wanted.MAX_ATTEMPTS or row.scan.error_code == Code.TOO_COMPLEX:
        raise _Impossible(Code.TOO_COMPLEX, is_final=True)
    if row.kind == Kind.HEATMAP:
        heatmap = bytes(row.scan.result.heatmap) if row.scan.result is not None else b""
        _draw_bytes(row, BytesIO(heatmap), hashlib.sha256(heatmap).hexdigest())
        return
    try:
        with spooled.copied(stored_files.stored_file(row.scan), at_most=formats.MAX_BYTES) as copy:
            if row.scan.sha256 and copy.sha256 != row.scan.sha256:
                file_changes.queue_other_bytes(row.scan)
                raise _Impossible(Code.FILE_REPLACED, is_final=False)
            _draw_bytes(row, cast("IO[bytes]", copy), copy.sha256)
    except unmeasured.Replaced as replaced:
        raise _Impossible(replaced.reason, is_final=False) from None
    except unmeasured.Skipped as skipped:
        raise _Impossible(skipped.code, is_final=skipped.code.follows is Follows.PICTURE) from None
    except unmeasured.StorageFailed:
        raise _Impossible(Code.STORAGE_FAILED, is_final=False) from None


def _draw_bytes(row: Rendition, stream: IO[bytes], sha256: str) -> None:
    row.sha256 = sha256
    same = renditions().filter(sha256=sha256, kind=row.kind, is_final=True).exclude(problem="").first()
    if same is not None:
        _remember(row, same.problem, same.problem_values, is_final=True)
        return
    try:
        patience = pool.BRIEF if row.attempts == 1 else pool.LONG
        facts, drawn, _ = pool.drawing.ask(row.kind, stream, patience)
    except pool.TookTooLong:
        raise
    except formats.TooComplex as error:
        logger.warning(
            "Scan %s: its %s is not shown: %s",
            row.scan.scan_id,
            row.kind,
            error,
            extra=row.scan.event("rendition_too_complex", kind=row.kind, reason=str(error)),
        )
        raise _Impossible(Code.TOO_COMPLEX, is_final=True) from None
    except formats.UnreadablePicture as error:
        raise _Impossible(Code.UNREADABLE_IMAGE, error.message, is_final=error.is_final) from None
    shelf.put(sha256, drawn)
    known = {} if facts is None else {"image_format": facts.format, "orientation": facts.orientation}
    wanted.store(row, due_at=None, problem="", problem_values={}, is_final=False, sha256=sha256, **known)
    if not renditions().filter(pk=row.pk).exists():  # Erased while it was drawn: nothing else knows of the files.
        shelf.remove(sha256)


def _remember(row: Rendition, code: str, kept: Mapping[str, object] | None = None, *, is_final: bool) -> None:
    wanted.store(row, due_at=None, problem=code, problem_values=kept or {}, is_final=is_final, sha256=row.sha256)


def tidy() -> int:
    """Remove what was drawn of pictures that were replaced since, a few at a time; return how many were looked at.

    A save does not say so here, since it would be slower. Nobody is shown such a picture any more.
    """
    now = clock.now()
    drawn = renditions().filter(due_at=None, checked_at__lt=now - CHECK_EVERY).order_by("checked_at")
    rows = list(drawn.select_related("scan__content_type")[:BATCH])
    for row in rows:
        with isolated("look after the renditions of scan %s", row.scan.scan_id):
            try:
                stored_files.stored_file(row.scan)
            except unmeasured.Replaced:
                forget(row.scan)
            else:
                renditions().filter(pk=row.pk).update(checked_at=now)
    return len(rows)


def forget(scan: ImageScan) -> None:
    """Remove what was drawn of a scan, of whatever bytes."""
    drawn = renditions().filter(scan=scan)
    for sha256 in {scan.sha256, *drawn.values_list("sha256", flat=True)} - {""}:
        shelf.remove(sha256)
    drawn.delete()
