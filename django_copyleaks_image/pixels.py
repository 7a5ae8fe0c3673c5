"""Decoded pixels of any mode: make them small, and look as intended in eight bits a channel."""

from contextlib import suppress
from io import BytesIO
from typing import cast

from PIL import Image, ImageCms

# The grey of the stage on which pictures are reviewed.
_BACKGROUND = "#808080"
_BAND_PIXELS = 1_000_000
# Half the time of BICUBIC, which looks better only if a picture is enlarged.
_SMALLER, _LARGER = Image.Resampling.HAMMING, Image.Resampling.BICUBIC
# Of how many rows above and below it one of a copy is made: of the copy, or of the picture if its rows are larger.
_REACH = 3.0
# EXIF 2.32, 4.6.4, tag 0x0112: what makes a stored picture upright.
# ImageOps.exif_transpose would also follow XMP, which browsers do not, and fails on broken EXIF.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def reduced(image: Image.Image, max_side: int) -> Image.Image:
    """Return the picture in mode L, RGB, RGBA or CMYK, reduced where necessary."""
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    elif image.has_transparency_data and image.mode not in ("LA", "RGBA"):  # To convert it all the same would copy it.
        image = image.convert("RGBA")
    elif image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
        image = image.convert("RGB")
    # On a JPEG file that is not loaded yet, this lets the decoder reduce already.
    image.thumbnail((max_side, max_side), reducing_gap=1.5)
    # Reducing transparent pixels takes as many bytes again, so that there is no room for a third copy of all of them.
    return image.convert("RGBA") if image.mode == "LA" else image


def with_depth_of_png(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that PNG files have, with nothing lost if it is in one, or in CMYK."""
    if image.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"):
        return image
    if image.mode.startswith(("I", "F")):
        return _eight_bits(image)
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the picture in another size, with all its depth if it has that size already, in 8 bits if not.

    Its sides are both larger, or both smaller. Band by band, since what is needed in between is larger than the copy.
    """
    if image.size == size:
        return image
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    elif image.mode not in ("L", "RGB", "RGBA", "CMYK") or image.has_transparency_data:
        image = image.convert("RGBA" if image.has_transparency_data else "L" if image.mode == "1" else "RGB")
    width, height = size
    scale = image.height / height
    reach = _REACH * max(1.0, scale)
    copy = Image.new(image.mode, size)
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first = max(0, int(top * scale - reach))
        last = min(image.height, int(bottom * scale + reach) + 1)
        band = image.crop((0, first, image.width, last))
        box = (0, top * scale - first, image.width, min(bottom * scale - first, band.height))
        copy.paste(band.resize((width, bottom - top), _SMALLER if scale > 1 else _LARGER, box), (0, top))
    return copy


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return greys of 16 or more bits as L; convert() alone would make everything above 255 white.

    Band by band, since the numbers in between are larger than the picture itself.
    """
    if image.mode.startswith("I;16"):
        low, high = 0.0, 65_535.0
    else:  # Of 32-bit and floating-point greys, no file says which of them is white.
        low, high = cast("tuple[float, float]", image.getextrema())
    scale = 255 / ((high - low) or 1)
    greys = Image.new("L", image.size)
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height))).convert("F")
        greys.paste(band.point(lambda value: value * scale - low * scale).convert("L"), (0, top))
    return greys


def opaque(image: Image.Image) -> Image.Image:
    """Return the picture without transparency, on a neutral grey."""
    if image.mode != "RGBA":
        return image
    flat = Image.new("RGB", image.size, _BACKGROUND)
    flat.paste(image, mask=image.getchannel("A"))
    return flat


def in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """Return the picture in mode RGB, its colours converted from an ICC profile to sRGB, in place if it can be."""
    # A profile that is broken or meant for another colour space is ignored, as browsers do; the tag of a damaged
    # TIFF may even be a number.
    if isinstance(profile, bytes):
        with suppress(ImageCms.PyCMSError):
            srgb = ImageCms.createProfile("sRGB")
            is_rgb = image.mode == "RGB"
            converted = ImageCms.profileToProfile(image, BytesIO(profile), srgb, outputMode="RGB", inPlace=is_rgb)
            return image if is_rgb else cast("Image.Image", converted)
    return image.convert("RGB")
