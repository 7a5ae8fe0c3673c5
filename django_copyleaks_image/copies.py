"""Faithful copies that Copyleaks takes, of pictures that it would refuse as they are; run by children alone.

Whatever Copyleaks takes as it is, is never copied. A copy is upright, so that nobody has to know who follows an
orientation; it keeps the colour profile and what the picture says of its origin, and no place.
"""

from io import BytesIO
from typing import IO, Any

from PIL import Image

from django_copyleaks_image.formats import CopyOrder, PictureFacts, TooComplex
from django_copyleaks_image.opening import check_pixels, decode_reduced, facts_of, opened, parsing, read, turn_upright
from django_copyleaks_image.pixels import in_srgb, opaque, resized, with_depth_of_png
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.provenance import Provenance, provenance_of

# The first one that fits is taken. At most of them nobody sees a difference.
_QUALITIES = (95, 90, 85, 75, 60)
# Half the time of Pillow's default, for a few per cent more bytes.
_COMPRESSION = 3
# Strict decoders take a longer one for a bomb.
_LONGEST_PROFILE = 1_000_000


class _TooManyBytes(Exception):
    """What is written has more bytes than it may."""


class _Bounded(BytesIO):
    """Bytes in memory, and no more than so many."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, data: Any, /) -> int:
        if self.tell() + len(data) > self._most:
            raise _TooManyBytes
        return super().write(data)


def copy(file: IO[bytes], order: CopyOrder) -> tuple[PictureFacts, bytes]:
    """Return a copy of the first frame of a seekable file, and its facts: a PNG, or a JPEG where that does not fit.

    Raises UnreadablePicture, with DecoderMissing and TooComplex.
    """
    data = read(file)
    facts = facts_of(data)
    check_pixels(facts, reduced=True)
    with parsing(facts.format):
        file_image = opened(data, facts)
        decode_reduced(file_image, facts, order.width)
        file_image.load()
        image: Image.Image = file_image
        del file_image
        origin, profile = provenance_of(image), image.info.get("icc_profile")
        image = with_depth_of_png(image)
        # Each step lets go of what the one before has made: of all its pixels, there is memory for few at a time.
        size = (order.width, order.height)
        if facts.orientation >= 5 and turn_upright(facts) is None:
            size = size[::-1]
        image = resized(image, size)
        if (transposition := turn_upright(facts)) is not None:
            image = image.transpose(transposition)
        if image.mode == "CMYK" or not isinstance(profile, bytes) or len(profile) > _LONGEST_PROFILE:
            image, profile = _without_profile(image, profile), b""
        is_lossy_already = facts.format == "JPEG"
        return _encoded(image, origin, profile, order.most_bytes, as_jpeg=is_lossy_already)


def _without_profile(image: Image.Image, profile: object) -> Image.Image:
    if image.mode in ("RGB", "CMYK") and profile is not None:
        return in_srgb(image, profile)
    return image.convert("RGB") if image.mode == "CMYK" else image


def _encoded(
    image: Image.Image, origin: Provenance, profile: bytes, most: int, *, as_jpeg: bool
) -> tuple[PictureFacts, bytes]:
    # What Pillow read from the file (comments, EXIF with a place) would be written again from here.
    image.info = {name: value for name, value in image.info.items() if name == "transparency"}
    if not as_jpeg:
        try:
            content = _saved(image, "PNG", most, icc_profile=profile, compress_level=_COMPRESSION, **origin.for_png())
            return _facts("PNG", image), content
        except _TooManyBytes:
            pass
    flat = opaque(image.convert("RGBA") if image.has_transparency_data else image)
    if flat.mode not in ("L", "RGB"):
        flat = flat.convert("RGB")
    for quality in _QUALITIES:
        try:
            content = _saved(
                flat, "JPEG", most, icc_profile=profile, quality=quality, subsampling=0, **origin.for_jpeg()
            )
            return _facts("JPEG", flat), content
        except _TooManyBytes:
            continue
    raise TooComplex(Problem.COPY_TOO_LARGE(limit=most))


def _saved(image: Image.Image, format_name: str, most: int, **options: Any) -> bytes:
    stream = _Bounded(most)
    image.save(stream, format_name, **options)
    return stream.getvalue()


def _facts(format_name: str, image: Image.Image) -> PictureFacts:
    return PictureFacts(format=format_name, width=image.width, height=image.height, animated=False, orientation=1)
