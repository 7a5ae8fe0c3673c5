"""The scanned picture as moderators see it: what a worker has drawn of it, or the very bytes that were scanned.

Nothing is decoded here. What is not drawn yet is asked for, and prepared by whoever draws.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import NamedTuple

from django.db.models import Model
from django.utils.translation import gettext as _

from django_copyleaks_image import beginnings, formats
from django_copyleaks_image.models import DetectionResult, ImageScan, Rendition, renditions, results
from django_copyleaks_image.models.rendition import Kind
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.renditions import shelf, wanted
from django_copyleaks_image.scanning import file_changes, spooled, stored_files, unmeasured
from django_copyleaks_image.sources import Picture

from .reasons import problem_of, reason_in_words

# What a browser may make something of; what takes too much memory or time is sent to nobody.
_LEFT_TO_BROWSERS = (Code.UNREADABLE_IMAGE, Code.UNSUPPORTED_FORMAT)


class PictureUnavailable(Exception):
    """The picture of a scan cannot be shown; the text says why, in words for a moderator."""


class BeingPrepared(PictureUnavailable):
    """The picture can be shown as soon as somebody has drawn it."""


class NotDrawn(PictureUnavailable):
    """Nothing here can draw the picture; a browser may show its file."""


class Examination(NamedTuple):
    """Whether a picture can be shown (``problem`` is empty), and its orientation (EXIF, 1 to 8) when known.

    ``has_file`` says that its file can be asked for although it cannot be drawn.
    """

    orientation: int | None
    problem: str
    has_file: bool = False


@contextmanager
def _told_in_words() -> Iterator[None]:
    try:
        yield
    except unmeasured.Replaced as replaced:
        raise PictureUnavailable(reason_in_words(replaced.reason)) from None
    except unmeasured.Skipped as skipped:
        raise PictureUnavailable(reason_in_words(skipped.code)) from None
    except (unmeasured.StorageFailed, shelf.ShelfFailed):
        raise PictureUnavailable(reason_in_words(Code.STORAGE_FAILED)) from None


def scanned_file(scan: ImageScan) -> Picture:
    """Return the file of a scan, not opened; raise PictureUnavailable when the object holds another by now."""
    with _told_in_words():
        return stored_files.stored_file(scan)


def readable_object(scan: ImageScan) -> Model:
    """Return the object of a scan after its file was read from; raise PictureUnavailable when that is not possible."""
    with _told_in_words():
        held = stored_files.held_file(scan)
    check_readable(held.file)
    return held.instance


def check_readable(file: Picture) -> None:
    """Read the beginning of a file; raise PictureUnavailable when the storage does not give it."""
    with _told_in_words():
        next(stored_files.read_chunks(file), b"")


def rendition(scan: ImageScan, size: str, kind: str = Kind.PICTURE) -> bytes:
    """Return what was drawn in one of the sizes of a kind; raise BeingPrepared or PictureUnavailable."""
    with _told_in_words():
        # What was measured is known by its hash, without a look at the row.
        kept = shelf.get(scan.sha256, size) if kind != Kind.HEATMAP else None
        if kept is None:
            kept = shelf.get(_drawn(scan, kind).sha256, size)
        if kept is None:
            _drawn(scan, kind, is_lost=True)
    if kept is None:
        raise PictureUnavailable(reason_in_words(Code.NOT_KEPT))
    return kept


def has_heatmap(result: DetectionResult) -> bool:
    """Return whether the provider's picture is there; asked of the database, since it may be several megabytes."""
    return results().filter(pk=result.pk).exclude(heatmap=b"").exists()


def original(scan: ImageScan, file: Picture) -> tuple[formats.FileType, spooled.Copy | BytesIO]:
    """Return the scanned bytes, or all pixels of them where browsers would not show them upright.

    What could not be drawn is left to the browser, if it is of a kind that one shows. Raises BeingPrepared or
    PictureUnavailable.
    """
    try:
        drawn = _drawn(scan, Kind.PICTURE)
    except NotDrawn as problem:
        return _as_it_is(scan, file, problem)
    image_format, orientation = _facts(scan, drawn)
    if not formats.is_shown_as_stored(image_format, orientation or 1):
        return formats.TYPES["JPEG"], BytesIO(rendition(scan, "full", Kind.FULL))
    return formats.TYPES[image_format], _same_bytes(scan, file, drawn.sha256)


def _as_it_is(scan: ImageScan, file: Picture, problem: NotDrawn) -> tuple[formats.FileType, spooled.Copy]:
    copy = _same_bytes(scan, file, scan.sha256)
    file_type = beginnings.shown_type(copy.read(stored_files.CHUNK))
    copy.seek(0)
    if file_type is None:
        copy.close()
        raise problem
    return file_type, copy


def _same_bytes(scan: ImageScan, file: Picture, sha256: str) -> spooled.Copy:
    """Return a copy of the file of a scan, which holds what has this hash, if there is one."""
    with _told_in_words():
        copy = spooled.copied(file, at_most=formats.MAX_BYTES, only_pictures=True)
    if sha256 and copy.sha256 != sha256:
        copy.close()
        file_changes.noticed(scan)
        raise PictureUnavailable(reason_in_words(Code.FILE_REPLACED))
    return copy


def examine(scan: ImageScan) -> Examination:
    """Return what a page must know before it shows the picture of a scan; asks for it if nobody has yet."""
    try:
        file = scanned_file(scan)
        drawn = _drawn(scan, Kind.PICTURE, may_be_late=True)
        if drawn.due_at is not None:  # What keeps it from being drawn may be seen already.
            check_readable(file)
    except PictureUnavailable as error:
        has_file = isinstance(error, NotDrawn)
        return Examination(orientation=scan.orientation, problem=str(error), has_file=has_file)
    return Examination(orientation=_facts(scan, drawn)[1], problem="")


def why_not_drawn(listed: Iterable[ImageScan], *, or_not_yet: bool) -> dict[int, str]:
    """Return why pictures cannot be seen, by the keys of their scans, with one query.

    ``or_not_yet`` counts what is still to be drawn among them.
    """
    scans = {scan.pk: scan for scan in listed}
    rows = {row.scan_id: row for row in renditions().filter(scan__in=list(scans), kind=Kind.PICTURE)}
    found = {}
    for pk, scan in scans.items():
        row = rows.get(pk)
        if scan.error_code == Code.TOO_COMPLEX:
            found[pk] = reason_in_words(scan.error_code)
        elif row is not None and row.problem:
            found[pk] = problem_of(row)
        elif or_not_yet and (row is None or row.due_at is not None or (scan.sha256 and row.sha256 != scan.sha256)):
            found[pk] = _("The picture is being prepared.")
    return found


def _drawn(scan: ImageScan, kind: str, *, may_be_late: bool = False, is_lost: bool = False) -> Rendition:
    """Return what is known of a rendition; raise PictureUnavailable if there is none, BeingPrepared if not yet."""
    if scan.error_code == Code.TOO_COMPLEX:
        raise PictureUnavailable(reason_in_words(scan.error_code))
    row = wanted.ask(scan, kind, is_lost=is_lost)
    if row.problem:
        raise (NotDrawn if row.problem in _LEFT_TO_BROWSERS else PictureUnavailable)(problem_of(row))
    if row.due_at is not None and not may_be_late:
        raise BeingPrepared(_("The picture is being prepared."))
    return row


def _facts(scan: ImageScan, drawn: Rendition) -> tuple[str, int | None]:
    """Return format and orientation as measured, else as found when it was drawn."""
    if scan.image_format and scan.orientation:
        return scan.image_format, scan.orientation
    return drawn.image_format, drawn.orientation
