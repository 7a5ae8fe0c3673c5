"""What an uploaded file can be, what is told of it, and what is wrong with it; nothing here reads one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .problems import SentenceError

# Longest side in pixels, by the name in addresses: lists show 80 pixels on dense screens, then panel and page.
RENDITION_SIDES: Mapping[str, int] = {"page": 1600, "panel": 480, "thumbnail": 160}
MAX_BYTES = 100 * 1024 * 1024
MAX_PIXELS = 64_000_000
# Pillow's decoder of WebP holds four pictures of the full size at a time, two of them only to read the header.
MAX_WEBP_PIXELS = 30_000_000
# Of a JPEG, the decoder itself makes a quarter, a sixteenth or less of all pixels, so that there may be more.
MAX_JPEG_PIXELS = 4 * MAX_PIXELS
# That of JPEG 2000 takes four times the memory, and can do the same.
MAX_JPEG2000_PIXELS = 28_000_000
DECODER_SCALES = (1, 2, 4, 8)


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
    "JPEG2000": FileType("image/jp2", ".jp2"),
}


class UnreadablePicture(SentenceError, ValueError):
    """The bytes are no picture that can be read; ``is_final`` says that they never will be."""

    is_final = True


class DecoderMissing(UnreadablePicture):
    """HEIC and HEIF pictures need pillow-heif or pi-heif, see the extra ``heif``; AVIF pictures a new Pillow."""

    is_final = False  # Somebody may install it.


class UnknownKind(UnreadablePicture):
    """The bytes are no picture that anything here could decode."""


class TooComplex(UnreadablePicture):
    """The bytes asked for more memory or time than one picture may take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureFacts:
    """What a file's header says; the sides in pixels, before ``orientation`` (EXIF, 1 to 8) is applied.

    ``format`` is one of :data:`TYPES`. ``animated`` means more than one frame or page. ``blemished`` is what browsers
    forgive and strict decoders do not: a wrong checksum, a text of more than a megabyte, an end that is missing.
    """

    format: str
    width: int
    height: int
    animated: bool
    orientation: int
    blemished: bool = False

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def reduction(self) -> int:
        """Return by how much a decoder must reduce the sides, so that there is memory for the pixels that it makes."""
        most = {"JPEG": MAX_PIXELS, "JPEG2000": MAX_JPEG2000_PIXELS}.get(self.format, self.pixels)
        return next((scale for scale in DECODER_SCALES if self.pixels <= most * scale**2), DECODER_SCALES[-1])

    @property
    def content_type(self) -> str:
        return TYPES[self.format].content_type

    @property
    def extension(self) -> str:
        """Return the usual extension of the format, with its dot."""
        return TYPES[self.format].extension


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyOrder:
    """What a copy is to be: its sides in pixels, before the picture is turned upright, and its bytes at most."""

    width: int
    height: int
    most_bytes: int


def is_shown_as_stored(image_format: str, orientation: int) -> bool:
    """Return whether every browser shows such a file, and shows it upright."""
    # Browsers turn a JPEG by its EXIF; not all of them do so with the other formats.
    return image_format == "JPEG" or (image_format in ("PNG", "WEBP") and orientation == 1)
