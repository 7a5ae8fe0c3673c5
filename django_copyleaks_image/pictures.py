"""Uploaded pictures: small clean copies of them to look at. Run by the processes of ``decoding/`` alone."""

from collections.abc import Mapping
from io import BytesIO
from typing import IO

from PIL import Image

from django_copyleaks_image.formats import RENDITION_SIDES, PictureFacts, UnreadablePicture
from django_copyleaks_image.opening import (
    bounded,
    check_pixels,
    decode_reduced,
    facts_of,
    opened,
    parsing,
    read,
    turn_upright,
)
from django_copyleaks_image.pixels import in_srgb, opaque, reduced
from django_copyleaks_image.problems import Problem


def renditions(file: IO[bytes], sides: Mapping[str, int] = RENDITION_SIDES) -> dict[str, bytes]:
    """Return the first frame upright, in sRGB, without metadata, as WebPs of at most so many pixels on a side.

    Decoded once: ``sides``, by their names, are from the largest to the smallest. Transparent parts become grey.
    Raises UnreadablePicture, and DecoderMissing for HEIC without a decoder.
    """
    data = read(file)
    facts = facts_of(data)
    check_pixels(facts, reduced=True)
    copy = _upright(data, facts, next(iter(sides.values())))
    drawn: dict[str, bytes] = {}
    with parsing(facts.format):
        for name, side in sides.items():
            copy.thumbnail((side, side), reducing_gap=1.5)
            # For WebP alone, method 1 takes half the time of the default, at the same size.
            drawn[name] = _encoded(copy, "WEBP", quality=85, method=1)
    return drawn


def full_size(file: IO[bytes]) -> bytes:
    """Return a picture with all its pixels upright, as a JPEG; raise what :func:`renditions` raises."""
    data = read(file)
    facts = facts_of(data)
    check_pixels(facts)
    copy = _upright(data, facts, max(facts.width, facts.height))
    with parsing(facts.format):
        return _encoded(copy, "JPEG", quality=95, subsampling=0)


def reencode(data: bytes, *, max_side: int) -> bytes:
    """Return an untrusted PNG, JPEG or WebP as a PNG with its alpha, at most ``max_side`` pixels on a side.

    No orientation is applied. Raises UnreadablePicture.
    """
    facts = facts_of(bounded(data))
    if facts.format not in ("PNG", "JPEG", "WEBP"):
        raise UnreadablePicture(Problem.PICTURE_OF_OTHER_KIND(format=facts.format))
    if facts.blemished:
        raise UnreadablePicture(Problem.PICTURE_BROKEN(format=facts.format))
    check_pixels(facts)
    with parsing(facts.format):
        small = reduced(opened(data, facts), max_side)
        return _encoded(small if small.mode == "RGBA" else small.convert("RGB"), "PNG")


def _upright(data: bytes, facts: PictureFacts, max_side: int) -> Image.Image:
    """Return the first frame upright and opaque, in sRGB."""
    with parsing(facts.format):
        file_image = opened(data, facts)
        if facts.format == "JPEG2000":
            decode_reduced(file_image, facts, max_side * facts.width // max(facts.width, facts.height))
        image: Image.Image = file_image
        del file_image
        profile = image.info.get("icc_profile")
        transposition = turn_upright(facts)
        # Each step lets go of what the one before has made: of all its pixels, there is memory for few at a time.
        image = opaque(reduced(image, max_side))
        if transposition is not None:
            image = image.transpose(transposition)
        return in_srgb(image, profile)


def _encoded(image: Image.Image, format_name: str, **options: int) -> bytes:
    # What Pillow read from the file (comments, EXIF with a place, profiles) would be written again from here.
    image.info = {}
    encoded = BytesIO()
    image.save(encoded, format_name, **options)
    return encoded.getvalue()
