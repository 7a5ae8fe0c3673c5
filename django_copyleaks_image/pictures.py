"""Uploaded pictures, which nobody has checked: what they are, and small clean copies of them to look at.

Run by the processes of ``decoding/`` alone, which may die of it. What can be refused early is refused here.

Pillow's plugins are called by name instead of through ``Image.open``, which warns about decompression bombs:
no thread can silence a warning for itself alone on Python 3.11. The limits here are our own, and come first.
"""

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import IO

from PIL import ExifTags, Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from django_copyleaks_image.formats import (
    MAX_BYTES,
    MAX_PIXELS,
    RENDITION_SIDES,
    TYPES,
    DecoderMissing,
    PictureFacts,
    TooComplex,
    UnreadablePicture,
)
from django_copyleaks_image.heif import is_heif, read_heif
from django_copyleaks_image.pixels import UPRIGHT, in_srgb, opaque, reduced
from django_copyleaks_image.problems import Problem

# Camera files need a few thousand; a header of millions of tiny parts would keep Pillow busy for minutes.
MAX_READS = 250_000
# A strip or a tile each: 27 megapixels in rows of their own are 6,000. Pillow makes an object of every one.
MAX_TIFF_PARTS = 100_000
# Types of single bytes, which Pillow takes as they are: profiles and the like may be long.
_TIFF_BYTES = frozenset({1, 2, 6, 7})
# Pillow's decoder of WebP holds four pictures of the full size at a time, two of them only to read the header.
MAX_WEBP_PIXELS = 30_000_000
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
}
_PLUGINS: dict[str, type[ImageFile]] = {
    "JPEG": JpegImageFile,  # Several pictures in one JPEG file (MPO) count as their first.
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
    "TIFF": TiffImageFile,
    "BMP": BmpImageFile,
}
# How Pillow and libheif answer malformed files. Warning is there for hosts that turn warnings into errors.
_PARSING_ERRORS = (
    EOFError,
    LookupError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
)


def inspect(file: IO[bytes]) -> PictureFacts:
    """Return what the header of a seekable file says, without decoding a pixel; raise UnreadablePicture.

    Errors of the storage that the file is read from pass through unchanged.
    """
    return _facts(_read(file))


def renditions(file: IO[bytes], sides: Mapping[str, int] = RENDITION_SIDES) -> dict[str, bytes]:
    """Return the first frame upright, in sRGB, without metadata, as WebPs of at most so many pixels on a side.

    Decoded once: ``sides``, by their names, are from the largest to the smallest. Transparent parts become grey.
    Raises UnreadablePicture, and DecoderMissing for HEIC without pillow-heif.
    """
    data = _read(file)
    facts = _facts(data)
    copy = _upright(data, facts, next(iter(sides.values())))
    drawn: dict[str, bytes] = {}
    with _parsing(facts.format):
        for name, side in sides.items():
            copy.thumbnail((side, side), reducing_gap=1.5)
            # For WebP alone, method 1 takes half the time of the default, at the same size.
            drawn[name] = _encoded(copy, "WEBP", quality=85, method=1)
    return drawn


def full_size(file: IO[bytes]) -> bytes:
    """Return a picture with all its pixels upright, as a JPEG; raise what :func:`renditions` raises."""
    data = _read(file)
    facts = _facts(data)
    copy = _upright(data, facts, max(facts.width, facts.height))
    with _parsing(facts.format):
        return _encoded(copy, "JPEG", quality=95, subsampling=0)


def reencode(data: bytes, *, max_side: int) -> bytes:
    """Return an untrusted PNG, JPEG or WebP as a PNG with its alpha, at most ``max_side`` pixels on a side.

    No orientation is applied. Raises UnreadablePicture.
    """
    facts = _facts(_bounded(data))
    if facts.format not in ("PNG", "JPEG", "WEBP"):
        raise UnreadablePicture(Problem.PICTURE_OF_OTHER_KIND(format=facts.format))
    _check_pixels(facts)
    with _parsing(facts.format):
        small = reduced(_open(data, facts.format), max_side)
        return _encoded(small if small.mode == "RGBA" else small.convert("RGB"), "PNG")


def _upright(data: bytes, facts: PictureFacts, max_side: int) -> Image.Image:
    """Return the first frame upright and opaque, in sRGB."""
    _check_pixels(facts)
    with _parsing(facts.format):
        image: Image.Image = _open(data, facts.format)
        profile = image.info.get("icc_profile")
        # Pillow applies a TIFF's orientation while it decodes, libheif that of HEIC.
        transposition = UPRIGHT.get(facts.orientation) if facts.format in ("JPEG", "PNG", "WEBP") else None
        # Each step lets go of what the one before has made: of all its pixels, there is memory for few at a time.
        image = opaque(reduced(image, max_side))
        if transposition is not None:
            image = image.transpose(transposition)
        return in_srgb(image, profile)


class _Source(BytesIO):
    """Bytes whose parsing is given up when it takes too many reads."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > MAX_READS:
            raise OSError("too many parts")
        return super().read(size)


@contextmanager
def _parsing(format_name: str) -> Iterator[None]:
    try:
        yield
    except UnreadablePicture:
        raise
    except Image.DecompressionBombError as error:
        raise UnreadablePicture(Problem.PICTURE_BOMB(format=format_name)) from error
    except _PARSING_ERRORS as error:
        raise UnreadablePicture(Problem.PICTURE_BROKEN(format=format_name)) from error


def _read(file: IO[bytes]) -> bytes:
    # All at once: then an OSError while parsing is the file's fault, and one while reading is the storage's.
    file.seek(0)
    return _bounded(file.read(MAX_BYTES + 1))


def _bounded(data: bytes) -> bytes:
    if not data:
        raise UnreadablePicture(Problem.FILE_EMPTY())
    if len(data) > MAX_BYTES:
        raise UnreadablePicture(Problem.FILE_OVER_LIMIT(limit=MAX_BYTES))
    return data


def _check_pixels(facts: PictureFacts) -> None:
    most = MAX_WEBP_PIXELS if facts.format == "WEBP" else MAX_PIXELS
    if facts.width * facts.height > most:
        raise UnreadablePicture(Problem.PICTURE_TOO_MANY_PIXELS(width=facts.width, height=facts.height, limit=most))


def _facts(data: bytes) -> PictureFacts:
    format_name = _format_of(data)
    with _parsing(format_name):
        if format_name == "HEIF":
            heif = read_heif(data)
            return PictureFacts(
                format=heif.format,
                width=heif.width,
                height=heif.height,
                animated=heif.animated,
                orientation=heif.orientation,
            )
        if format_name == "GIF":
            width, height = struct.unpack_from("<HH", data, 6)
            return PictureFacts(format="GIF", width=width, height=height, animated=False, orientation=1)
        if format_name == "WEBP" and (size := _webp_size(data)) and size[0] * size[1] > MAX_WEBP_PIXELS:
            return PictureFacts(format="WEBP", width=size[0], height=size[1], animated=False, orientation=1)
        if format_name == "TIFF" and _most_tiff_parts(data) > MAX_TIFF_PARTS:
            raise TooComplex(Problem.PICTURE_NEEDS_TIME())
        image = _PLUGINS[format_name](_Source(data))
        orientation = _orientation(image)
        width, height = image.size
        if format_name == "TIFF" and orientation >= 5:  # Of TIFF alone, Pillow has exchanged the sides.
            width, height = height, width
        return PictureFacts(
            format=format_name,
            width=width,
            height=height,
            animated=getattr(image, "is_animated", False),
            orientation=orientation,
        )


def _format_of(data: bytes) -> str:
    for signature, format_name in _SIGNATURES.items():
        if data.startswith(signature):
            return format_name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if is_heif(data):
        return "HEIF"
    raise UnreadablePicture(Problem.FILE_OF_NO_KIND(formats=", ".join(TYPES)))


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Return the sides that a WebP's first chunk states, None if it is of no known kind (RFC 9649, 2.5 to 2.7)."""
    kind, start = data[12:16], data[20:30].ljust(10, b"\0")
    if kind == b"VP8X":
        return 1 + int.from_bytes(start[4:7], "little"), 1 + int.from_bytes(start[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(start[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return int.from_bytes(start[6:8], "little") & 0x3FFF, int.from_bytes(start[8:10], "little") & 0x3FFF
    return None


def _most_tiff_parts(data: bytes) -> int:
    """Return how many values the longest entry of a TIFF's first directory has, but for bytes and texts.

    https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, section 2; in a BigTIFF (43) the numbers are longer.
    """
    order = "<" if data.startswith(b"II") else ">"
    is_big = 43 in data[2:4]
    (start,) = struct.unpack_from(f"{order}Q", data, 8) if is_big else struct.unpack_from(f"{order}I", data, 4)
    (number,) = struct.unpack_from(f"{order}{'Q' if is_big else 'H'}", data, start)
    entry = struct.Struct(f"{order}{'HHQ8x' if is_big else 'HHI4x'}")
    first = start + (8 if is_big else 2)
    entries = data[first : first + number * entry.size]
    found = entry.iter_unpack(entries[: len(entries) // entry.size * entry.size])
    return max((count for _tag, kind, count in found if kind not in _TIFF_BYTES), default=0)


def _orientation(image: ImageFile) -> int:
    if isinstance(image, TiffImageFile):
        value = image.tag_v2.get(ExifTags.Base.Orientation)
    else:
        # getexif() of a PNG would decode the whole picture to look for EXIF behind the pixels.
        exif = Image.Exif()
        try:
            exif.load(image.info.get("exif", b""))
            value = exif.get(ExifTags.Base.Orientation)
        except _PARSING_ERRORS:
            return 1  # Browsers, too, show a picture whose EXIF is broken, and show it as it is stored.
    return int(value) if value in UPRIGHT else 1


def _open(data: bytes, format_name: str) -> ImageFile:
    if format_name in _PLUGINS:
        return _PLUGINS[format_name](_Source(data))
    if format_name not in ("HEIC", "HEIF"):
        raise UnreadablePicture(Problem.PICTURE_NOT_SHOWN(format=format_name))
    try:
        from pillow_heif import HeifImageFile  # noqa: PLC0415 (an extra)
    except ImportError:
        raise DecoderMissing(Problem.PICTURE_WITHOUT_DECODER(format=format_name)) from None
    plugin: type[ImageFile] = HeifImageFile
    return plugin(BytesIO(data))


def _encoded(image: Image.Image, format_name: str, **options: int) -> bytes:
    # What Pillow read from the file (comments, EXIF with a place, profiles) would be written again from here.
    image.info = {}
    encoded = BytesIO()
    image.save(encoded, format_name, **options)
    return encoded.getvalue()
