"""What an uploaded file can be, what is told of it, and what is wrong with it; nothing here reads one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .problems import SentenceError

# Longest side in pixels, by the name in addresses: lists show 80 pixels on dense screens, then panel and page.
RENDITION_SIDES: Mapping[str, int] = {"page": 1600, "panel": 480, "thumbnail": 160}
MAX_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 64_000_000


class FileType(NamedTuple):
    content_type: str
    extension: str


TYPES = {
    "JPEG": FileType("image/jpeg", ".jpg"),
    "PNG": FileType("image/png", ".png"),
    "WEBP": FileType("image/webp", ".webp"),
    "TIFF": FileType("image/tiff", ".tiff"),
    "BMP": FileType("image/bmp", ".bmp"),
    "HEIC": FileType("image/heic", ".heic"),
    "HEIF": FileType("image/heif", ".heif"),
    "AVIF": FileType("image/avif", ".avif"),
    "GIF": FileType("image/gif", ".gif"),
}


class UnreadablePicture(SentenceError, ValueError):
    """The bytes are no picture that can be read; ``is_final`` says that they never will be."""

    is_final = True


class DecoderMissing(UnreadablePicture):
    """HEIC and HEIF pictures need pillow-heif, the extra ``heif`` of this distribution."""

    is_final = False  # Somebody may install it.


class TooComplex(UnreadablePicture):
    """The bytes asked for more memory or time than one picture may take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureFacts:
    """What a file's header says; the sides in pixels, before ``orientation`` (EXIF, 1 to 8) is applied.

    ``format`` is JPEG, PNG, WEBP, TIFF, BMP, HEIC, HEIF, AVIF or GIF. ``animated`` means more than one frame
    or page; it is not determined for GIF, and False.
    """

    format: str
    width: int
    height: int
    animated: bool
    orientation: int

    @property
    def content_type(self) -> str:
        return TYPES[self.format].content_type

    @property
    def extension(self) -> str:
        """Return the usual extension of the format, with its dot."""
        return TYPES[self.format].extension


def is_shown_as_stored(image_format: str, orientation: int) -> bool:
    """Return whether every browser shows such a file, and shows it upright."""
    # Browsers turn a JPEG by its EXIF; not all of them do so with the other formats.
    return image_format == "JPEG" or (image_format in ("PNG", "WEBP") and orientation == 1)
