"""The scanned picture as moderators see it: small copies, made only of the very bytes that were scanned."""

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
from django_copyleaks_image.scanning.erasure import thumbnail_key

from .alignment import Alignment, Size, align
from .reasons import reason_in_words

# Longest side in pixels, by the name in the address: lists show 80 pixels on dense screens, then panel and page.
SIZES = {"thumbnail": 160, "panel": 480, "page": 1600}
# Seconds. Lists ask for the same few kilobytes again and again; larger copies are kept by browsers alone.
_KEPT_FOR = 60 * 60


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


def scanned_file(scan: ImageScan) -> FieldFile:
    """Return the file of a scan, not opened; raise PictureUnavailable when the object holds another by now."""
    with _told_in_words():
        return prepare.stored_file(scan)


def check_readable(file: FieldFile) -> None:
    """Read the beginning of a file; raise PictureUnavailable when the storage does not give it."""
    with _told_in_words():
        next(prepare.read_chunks(file), b"")


def rendition(scan: ImageScan, file: FieldFile, size: str) -> bytes:
    """Return a WebP copy in one of the :data:`SIZES`; raise PictureUnavailable."""
    key = thumbnail_key(scan.sha256) if size == "thumbnail" and scan.sha256 else ""
    kept = cache.get(key) if key else None
    if isinstance(kept, bytes):
        return kept
    try:
        copy = pictures.rendition(BytesIO(_scanned_bytes(scan, file)), max_side=SIZES[size])
    except pictures.UnreadablePicture as error:
        raise PictureUnavailable(str(error)) from None
    if key:
        cache.set(key, copy, _KEPT_FOR)
    return copy


def examine(scan: ImageScan) -> Examination:
    """Read the file of a scan and return what a page must know before it shows the picture."""
    try:
        facts = pictures.inspect(BytesIO(_scanned_bytes(scan, scanned_file(scan))))
    except (PictureUnavailable, pictures.UnreadablePicture) as error:
        return Examination(orientation=None, problem=str(error))
    problem = ""
    if facts.format in ("HEIC", "HEIF") and find_spec("pillow_heif") is None:
        problem = _("%(format)s pictures can be shown once django-copyleaks-image[heif] is installed.")
    elif facts.format in ("AVIF", "GIF"):
        problem = _("%(format)s pictures are not shown.")
    return Examination(orientation=facts.orientation, problem=problem and problem % {"format": facts.format})


def orientation_of(scan: ImageScan) -> int | None:
    """Return the orientation (EXIF, 1 to 8) as measured, else from the file; None when that cannot be read."""
    return scan.orientation or examine(scan).orientation


def alignment(scan: ImageScan, measured: Size, orientation: int | None) -> Alignment:
    """Return how a picture of the size that the provider measured lies on the scanned one."""
    stored = (scan.width, scan.height) if scan.width and scan.height else None
    turned = scan.image_format in ("HEIC", "HEIF")
    return align(stored=stored, measured=measured, orientation=orientation, turned_by_decoder=turned)


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
