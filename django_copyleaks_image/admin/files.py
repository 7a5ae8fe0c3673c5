"""The scanned picture as moderators see it, made only of the very bytes that were scanned."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO

from django.core.cache import cache
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from django_copyleaks_image import pictures
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.scanning import prepare
from django_copyleaks_image.scanning.erasure import rendition_key

from .problems import problem_in_words
from .reasons import reason_in_words

# Seconds. Lists ask for the same few kilobytes again and again; what is larger is kept for those who look at it now.
_KEPT_FOR = {"thumbnail": 60 * 60, "panel": 15 * 60, "page": 15 * 60}


class PictureUnavailable(Exception):
    """The picture of a scan cannot be shown; the text says why, in words for a moderator."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Examination:
    """Whether a picture can be shown (``problem`` is empty), and its orientation (EXIF, 1 to 8) when known."""

    orientation: int | None
    problem: str


@contextmanager
def _told_in_words() -> Iterator[None]:
    try:
        yield
    except prepare.Replaced as replaced:
        raise PictureUnavailable(reason_in_words(replaced.reason)) from None
    except prepare.Skipped as skipped:
        raise PictureUnavailable(reason_in_words(skipped.code)) from None
    except prepare.StorageFailed:
        raise PictureUnavailable(reason_in_words("storage_failed")) from None
    except pictures.UnreadablePicture as unreadable:
        raise PictureUnavailable(problem_in_words(unreadable)) from None


def scanned_file(scan: ImageScan) -> FieldFile:
    """Return the file of a scan, not opened; raise PictureUnavailable when the object holds another by now."""
    with _told_in_words():
        return prepare.stored_file(scan)


def check_readable(file: FieldFile) -> None:
    """Read the beginning of a file; raise PictureUnavailable when the storage does not give it."""
    with _told_in_words():
        next(prepare.read_chunks(file), b"")


def rendition(scan: ImageScan, file: FieldFile, size: str) -> bytes:
    """Return a WebP copy in one of the RENDITION_SIDES, from the cache if it is there; raise PictureUnavailable."""
    # What was not measured may change: nothing tells which bytes a copy is of.
    key = rendition_key(scan.sha256, size) if scan.sha256 else ""
    kept = cache.get(key) if key else None
    if isinstance(kept, bytes):
        return kept
    content = _scanned_bytes(scan, file)
    with _told_in_words():
        copy = pictures.rendition(BytesIO(content), max_side=pictures.RENDITION_SIDES[size])
    if key:
        cache.set(key, copy, _KEPT_FOR[size])
    return copy


def full_size(scan: ImageScan, file: FieldFile) -> tuple[pictures.FileType, bytes]:
    """Return the picture with all its pixels, as stored wherever browsers show that; raise PictureUnavailable."""
    content = _scanned_bytes(scan, file)
    with _told_in_words():
        return pictures.full_size(BytesIO(content))


def examine(scan: ImageScan) -> Examination:
    """Return what a page must know before it shows the picture of a scan; reads no more of the file than it must."""
    try:
        orientation, format_name = _known_facts(scan)
    except PictureUnavailable as error:
        return Examination(orientation=scan.orientation, problem=str(error))
    problem = ""
    if format_name in ("HEIC", "HEIF") and find_spec("pillow_heif") is None:
        problem = _("%(format)s pictures can be shown once django-copyleaks-image[heif] is installed.")
    elif format_name in ("AVIF", "GIF"):
        problem = _("%(format)s pictures are not shown.")
    return Examination(orientation=orientation, problem=problem and problem % {"format": format_name})


def _known_facts(scan: ImageScan) -> tuple[int, str]:
    """Return orientation and format: of a measured scan as measured, if its file can still be read, else of the file.

    Whether its bytes are still the same is found when a picture is made of them.
    """
    file = scanned_file(scan)
    if scan.orientation and scan.image_format:
        check_readable(file)
        return scan.orientation, scan.image_format
    content = _scanned_bytes(scan, file)
    with _told_in_words():
        facts = pictures.inspect(BytesIO(content))
    return facts.orientation, facts.format


def orientation_of(scan: ImageScan) -> int | None:
    """Return the orientation (EXIF, 1 to 8) as measured, else from the file; None when that cannot be read."""
    return scan.orientation or examine(scan).orientation


def _scanned_bytes(scan: ImageScan, file: FieldFile) -> bytes:
    content = bytearray()
    with _told_in_words():
        for chunk in prepare.read_chunks(file):
            content += chunk
            if len(content) > pictures.MAX_BYTES:
                raise PictureUnavailable(reason_in_words("too_large"))
    if scan.sha256 and hashlib.sha256(content).hexdigest() != scan.sha256:
        raise PictureUnavailable(reason_in_words("file_replaced"))
    return bytes(content)
