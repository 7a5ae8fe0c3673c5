"""Uploaded files, which nobody has checked, opened as pictures: what their headers say, and who decodes them.

Run by the processes of ``decoding/`` alone, which may die of it. What can be refused early is refused here, and what
browsers forgive is forgiven.

Pillow's plugins are called by name instead of through ``Image.open``, which warns about decompression bombs:
no thread can silence a warning for itself alone on Python 3.11. The limits here are our own, and come first.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from typing import IO, cast

from PIL import ExifTags, Image, ImageFile, PngImagePlugin
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from django_copyleaks_image.blemishes import is_blemished
from django_copyleaks_image.formats import (
    DECODER_SCALES,
    MAX_BYTES,
    MAX_JPEG_PIXELS,
    MAX_PIXELS,
    MAX_WEBP_PIXELS,
    TYPES,
    DecoderMissing,
    PictureFacts,
    TooComplex,
    UnknownKind,
    UnreadablePicture,
)
from django_copyleaks_image.heif import is_heif, read_heif
from django_copyleaks_image.pixels import UPRIGHT
from django_copyleaks_image.problems import Problem

# Camera files need a few thousand; a header of millions of tiny parts would keep Pillow busy for minutes.
MAX_READS = 250_000
# A strip or a tile each: 27 megapixels in rows of their own are 6,000. Pillow makes an object of every one.
MAX_TIFF_PARTS = 100_000
# The type of 16-bit numbers in EXIF.
_SHORT = 3
# Types of single bytes, which Pillow takes as they are: profiles and the like may be long.
_TIFF_BYTES = frozenset({1, 2, 6, 7})
# Bytes of one text or profile in a PNG once it is decompressed. Pillow alone refuses the picture above a quarter.
_MAX_PNG_TEXT = 4 * 1024 * 1024
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
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
}
_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImageFile,  # Several pictures in one JPEG file (MPO) count as their first.
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImageFile,
    "TIFF": TiffImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
    "JPEG2000": Jpeg2KImageFile,
}
# The plugins that turn pictures upright by themselves.
_TURNED_BY_DECODER = frozenset({"TIFF", "HEIC", "HEIF"})
# Of these browsers show what is there, however damaged the rest.
_FORGIVEN = frozenset({"JPEG", "PNG", "GIF", "BMP"})
# What nobody has received, in the modes that PNG and BMP files have. What a JPEG lacks is grey by itself.
_GREYS: dict[str, int | tuple[int, ...]] = {
    "L": 128,
    "LA": (128, 255),
    "RGB": (128, 128, 128),
    "RGBA": (128, 128, 128, 255),
    "I;16": 32_768,
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
    return facts_of(read(file))


def read(file: IO[bytes]) -> bytes:
    """Return all bytes of a seekable file; raise UnreadablePicture when there are none or too many."""
    # All at once: then an OSError while parsing is the file's fault, and one while reading is the storage's.
    file.seek(0)
    return bounded(file.read(MAX_BYTES + 1))


def bounded(data: bytes) -> bytes:
    """Return the bytes of a file; raise UnreadablePicture when there are none or too many."""
    if not data:
        raise UnreadablePicture(Problem.FILE_EMPTY())
    if len(data) > MAX_BYTES:
        raise UnreadablePicture(Problem.FILE_OVER_LIMIT(limit=MAX_BYTES))
    return data


def check_pixels(facts: PictureFacts, *, reduced: bool = False) -> None:
    """Raise UnreadablePicture for more pixels than are decoded all together; of a ``reduced`` JPEG these are few."""
    most = {"WEBP": MAX_WEBP_PIXELS, "JPEG": MAX_JPEG_PIXELS if reduced else MAX_PIXELS}.get(facts.format, MAX_PIXELS)
    if facts.pixels > most:
        raise UnreadablePicture(Problem.PICTURE_TOO_MANY_PIXELS(width=facts.width, height=facts.height, limit=most))


def facts_of(data: bytes) -> PictureFacts:
    """Return what the header of a file says; raise UnreadablePicture."""
    format_name = _format_of(data)
    with parsing(format_name):
        if format_name == "HEIF":
            heif = read_heif(data)
            return PictureFacts(
                format=heif.format,
                width=heif.width,
                height=heif.height,
                animated=heif.animated,
                orientation=heif.orientation,
            )
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
            blemished=is_blemished(format_name, data) or _lacks_rows(image, len(data)),
        )


def opened(data: bytes, facts: PictureFacts) -> ImageFile.ImageFile:
    """Return a file as a picture of Pillow's that is not decoded yet, to be used within :func:`parsing`."""
    if facts.format not in _PLUGINS:
        return _heif_plugin(facts.format)(BytesIO(data))
    image = _PLUGINS[facts.format](_Source(data))
    if facts.format in ("PNG", "BMP") and facts.blemished and image.mode in _GREYS:
        image.im = Image.new(image.mode, image.size, _GREYS[image.mode]).im
    return image


def decode_reduced(image: ImageFile.ImageFile, facts: PictureFacts, width: int) -> None:
    """Let the decoder of a JPEG make a half, a quarter or an eighth of each side: what is enough, or all that fits."""
    if facts.format not in ("JPEG", "JPEG2000"):
        return
    enough = (scale for scale in DECODER_SCALES if facts.width // scale >= width)
    scale = max(facts.reduction, *enough, 1)
    if isinstance(image, Jpeg2KImageFile):
        image.reduce = scale.bit_length() - 1
    else:
        image.draft(None, (facts.width // scale, facts.height // scale))


def turn_upright(facts: PictureFacts) -> Image.Transpose | None:
    """Return what is left to do to turn a decoded picture upright."""
    return None if facts.format in _TURNED_BY_DECODER else UPRIGHT.get(facts.orientation)


@contextmanager
def parsing(format_name: str) -> Iterator[None]:
    """Forgive what browsers forgive, and raise UnreadablePicture for what Pillow does not."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES, PngImagePlugin.MAX_TEXT_CHUNK
    ImageFile.LOAD_TRUNCATED_IMAGES = format_name in _FORGIVEN
    PngImagePlugin.MAX_TEXT_CHUNK = _MAX_PNG_TEXT
    try:
        yield
    except UnreadablePicture:
        raise
    except Image.DecompressionBombError as error:
        raise UnreadablePicture(Problem.PICTURE_BOMB(format=format_name)) from error
    except _PARSING_ERRORS as error:
        raise UnreadablePicture(Problem.PICTURE_BROKEN(format=format_name)) from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES, PngImagePlugin.MAX_TEXT_CHUNK = before


class _Source(BytesIO):
    """Bytes whose parsing is given up when it takes too many reads."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > MAX_READS:
            raise OSError("too many parts")
        return super().read(size)


def _format_of(data: bytes) -> str:
    for signature, format_name in _SIGNATURES.items():
        if data.startswith(signature):
            return format_name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if is_heif(data):
        return "HEIF"
    raise UnknownKind(Problem.FILE_OF_NO_KIND(formats=", ".join(TYPES)))


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


def _orientation(image: ImageFile.ImageFile) -> int:
    """Return the orientation by which browsers show a picture; they follow none in a WebP."""
    if isinstance(image, TiffImageFile):
        value = image.tag_v2.get(ExifTags.Base.Orientation)
        return int(value) if value in UPRIGHT else 1
    if isinstance(image, WebPImageFile):
        return 1
    # getexif() of a PNG would decode the whole picture to look for EXIF behind the pixels.
    return _exif_orientation(image.info.get("exif", b""))


def _exif_orientation(exif: bytes) -> int:
    """Return the orientation (EXIF 2.32, 4.6.2 and 4.6.4), 1 if it is broken or of another type than a SHORT."""
    content = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(content[:2], "")
    try:
        (start,) = struct.unpack_from(f"{order}4xI", content)
        (number,) = struct.unpack_from(f"{order}H", content, start)
        for place in range(start + 2, start + 2 + 12 * number, 12):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", content, place)
            if tag == ExifTags.Base.Orientation:
                return value if (kind, count) == (_SHORT, 1) and value in UPRIGHT else 1
    except struct.error:
        pass  # Browsers, too, show a picture whose EXIF is broken, and show it as it is stored.
    return 1


def _lacks_rows(image: ImageFile.ImageFile, length: int) -> bool:
    """Return whether a file whose rows stand one after the other as they are is too short for all of them."""
    if not isinstance(image, BmpImageFile) or len(image.tile) != 1 or image.tile[0].codec_name != "raw":
        return False
    _, _, offset, arguments = image.tile[0]
    return isinstance(arguments, tuple) and offset + int(arguments[1]) * image.height > length


def _heif_plugin(format_name: str) -> type[ImageFile.ImageFile]:
    """Return who decodes HEIC, HEIF or AVIF; raise DecoderMissing."""
    if format_name == "AVIF":
        try:
            # As of Pillow 11.3, and not in every build of it.
            plugin = import_module("PIL.AvifImagePlugin")
        except ImportError:
            raise DecoderMissing(Problem.PICTURE_NEEDS_PILLOW(format=format_name)) from None
        if not plugin.SUPPORTED:
            raise DecoderMissing(Problem.PICTURE_NEEDS_PILLOW(format=format_name))
        vars(plugin)["DEFAULT_MAX_THREADS"] = 1  # Each would take memory of its own.
        return cast("type[ImageFile.ImageFile]", plugin.AvifImageFile)
    for name in ("pillow_heif", "pi_heif"):  # The extra; the second one decodes only.
        try:
            return cast("type[ImageFile.ImageFile]", import_module(name).HeifImageFile)
        except ImportError:
            continue
    raise DecoderMissing(Problem.PICTURE_WITHOUT_DECODER(format=format_name))
