"""The kinds of pictures that a moderator meets, drawn here: what is inside a file, and what is marked on it."""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL import Image

from django_copyleaks_image.masks import Mask
from tests.admin.scans_to_show import rectangle
from tests.corpus.files import chunk, exif, heif, saved

from . import code

# The pixels as they are stored, from which an orientation makes the upright picture.
_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_TYPED_LONG = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\4\0\0\0\1\0\0\0\6\0\0\0\0"


@dataclass(frozen=True, kw_only=True)
class PictureKind:
    """``encode`` makes a file of the upright picture; what is ``marked`` is a share of its area, from its lower edge.

    One that is not ``drawn`` is seen by nobody. Of the ``large`` ones there are few.
    """

    name: str
    encode: Callable[[Image.Image], bytes]
    size: tuple[int, int] = (1200, 800)
    marked: float = 0.15
    drawn: bool = True
    large: bool = False
    without_heif: bool = False

    def make(self, number: int) -> bytes:
        """Return a file that shows a number."""
        return self.encode(_painted(self.size, number))

    def mask(self) -> Mask | None:
        """Return what is marked, far from the number; None for nothing."""
        width, height = self.size
        if not self.marked:
            return None
        if self.marked == 1:
            return rectangle(0, 0, width, height, of_width=width)
        side = (self.marked * width * height) ** 0.5
        across, down = (max(1, min(round(side), most)) for most in (width // 2, height // 2))
        return rectangle(width // 2 - across // 2, height - down - height // 20, across, down, of_width=width)


def _painted(size: tuple[int, int], number: int) -> Image.Image:
    noise = Image.frombytes("RGB", (6, 5), random.Random(number).randbytes(90))
    image = noise.resize(size, Image.Resampling.BICUBIC)
    code.draw(image, number)
    return image


def _as(file_format: str, mode: str = "RGB", **options: Any) -> Callable[[Image.Image], bytes]:
    return lambda image: saved(image.convert(mode), file_format, **options)


def _turned(orientation: int, file_format: str, image: Image.Image) -> bytes:
    return saved(image.transpose(_STORED[orientation]), file_format, exif=exif(orientation))


def _typed_long(image: Image.Image) -> bytes:
    """Return a JPEG whose orientation has another type than EXIF asks for: browsers leave it as it is stored."""
    jpeg = saved(image, "JPEG")
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(_TYPED_LONG) + 2) + _TYPED_LONG + jpeg[2:]


def _moving(file_format: str, image: Image.Image, **options: Any) -> bytes:
    others = [_painted(image.size, code.NOT_FIRST) for _ in range(2)]
    return saved(image, file_format, save_all=True, append_images=others, **options)


def _cut(file_format: str, share: float, image: Image.Image, **options: Any) -> bytes:
    content = saved(image, file_format, **options)
    return content[: int(len(content) * share)]


def _with_chunk(added: bytes, image: Image.Image) -> bytes:
    content = saved(image, "PNG")
    return content[:33] + added + content[33:]


def _heic(image: Image.Image) -> bytes:
    return heif(image, quality=90)


JPEG = _as("JPEG", quality=90)

KINDS = (
    PictureKind(name="landscape.jpg", encode=JPEG),
    PictureKind(name="portrait.jpg", encode=JPEG, size=(800, 1200)),
    PictureKind(name="panorama.jpg", encode=JPEG, size=(4000, 520), marked=0.06),
    PictureKind(name="tower.jpg", encode=JPEG, size=(720, 2400)),
    PictureKind(name="27-megapixels.jpg", encode=JPEG, size=(6000, 4500), large=True),
    PictureKind(name="108-megapixels.jpg", encode=JPEG, size=(12000, 9000), large=True),
    PictureKind(name="nothing-marked.jpg", encode=JPEG, marked=0),
    PictureKind(name="0.03-percent.jpg", encode=JPEG, marked=0.0003),
    PictureKind(name="100-percent.jpg", encode=JPEG, marked=1),
    PictureKind(name="half.png", encode=_as("PNG"), marked=0.25, size=(640, 640)),
    PictureKind(name="cmyk.jpg", encode=_as("JPEG", "CMYK")),
    PictureKind(name="grey.jpg", encode=_as("JPEG", "L")),
    PictureKind(name="progressive.jpg", encode=_as("JPEG", progressive=True)),
    *(PictureKind(name=f"turned-{turn}.jpg", encode=partial(_turned, turn, "JPEG")) for turn in _STORED),
    PictureKind(name="turned-6.png", encode=partial(_turned, 6, "PNG")),
    PictureKind(name="typed-long.jpg", encode=_typed_long),
    PictureKind(name="iphone.heic", encode=_heic),
    PictureKind(name="iphone-without-decoder.heic", encode=_heic, drawn=False, without_heif=True),
    PictureKind(name="still.gif", encode=_as("GIF")),
    PictureKind(name="animated.gif", encode=partial(_moving, "GIF")),
    PictureKind(name="animated.png", encode=partial(_moving, "PNG")),
    PictureKind(name="animated.webp", encode=partial(_moving, "WEBP", method=0)),
    PictureKind(name="pages.tiff", encode=partial(_moving, "TIFF")),
    PictureKind(name="lossy.webp", encode=_as("WEBP", method=0)),
    PictureKind(name="transparent.webp", encode=_as("WEBP", "RGBA", method=0)),
    PictureKind(name="picture.avif", encode=_as("AVIF", speed=10)),
    PictureKind(name="picture.jp2", encode=_as("JPEG2000")),
    PictureKind(name="lzw.tiff", encode=_as("TIFF", compression="tiff_lzw")),
    PictureKind(name="cmyk.tiff", encode=_as("TIFF", "CMYK")),
    PictureKind(name="picture.bmp", encode=_as("BMP")),
    PictureKind(name="palette.png", encode=_as("PNG", "P")),
    PictureKind(name="transparent.png", encode=_as("PNG", "RGBA")),
    PictureKind(name="two-bytes-missing.jpg", encode=lambda image: saved(image, "JPEG")[:-2]),
    PictureKind(name="cut-at-70-percent.jpg", encode=partial(_cut, "JPEG", 0.7, quality=95)),
    PictureKind(name="cut-at-70-percent.png", encode=partial(_cut, "PNG", 0.7)),
    PictureKind(name="cut-at-70-percent.gif", encode=partial(_cut, "GIF", 0.7)),
    PictureKind(name="cut.webp", encode=partial(_cut, "WEBP", 0.7, method=0), drawn=False),
    PictureKind(name="wrong-checksum.png", encode=partial(_with_chunk, chunk(b"tEXt", b"Software\0a program", 1))),
    PictureKind(name="long-text.png", encode=partial(_with_chunk, chunk(b"tEXt", b"workflow\0" + b"node " * 300_000))),
)


def kind_of(number: int) -> PictureKind:
    """Return the kind of a picture: all in turn, and large ones in the first round alone."""
    kind = KINDS[number % len(KINDS)]
    return KINDS[0] if kind.large and number >= len(KINDS) else kind
