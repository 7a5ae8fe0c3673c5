"""Decoded pixels of any mode: make them small, and look as intended in eight bits a channel."""

from contextlib import suppress
from io import BytesIO
from typing import cast

from PIL import Image, ImageCms

# The grey of the stage on which pictures are reviewed.
_BACKGROUND = "#808080"
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
    elif image.has_transparency_data and image.mode != "RGBA":  # To convert it all the same would copy it.
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB", "RGBA", "CMYK"):
        image = image.convert("RGB")
    # On a JPEG file that is not loaded yet, this lets the decoder reduce already.
    image.thumbnail((max_side, max_side), reducing_gap=1.5)
    return image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return greys of 16 or more bits as L; convert() alone would make everything above 255 white."""
    greys = image.convert("F")
    if image.mode.startswith("I;16"):
        low, high = 0.0, 65_535.0
    else:  # Of 32-bit and floating-point greys, no file says which of them is white.
        low, high = cast("tuple[float, float]", greys.getextrema())
    scale = 255 / ((high - low) or 1)
    return greys.point(lambda value: value * scale - low * scale).convert("L")


def opaque(image: Image.Image) -> Image.Image:
    """Return the picture without transparency, on a neutral grey."""
    if image.mode != "RGBA":
        return image
    flat = Image.new("RGB", image.size, _BACKGROUND)
    flat.paste(image, mask=image.getchannel("A"))
    return flat


def in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """Return the picture in mode RGB, its colours converted from the given ICC profile to sRGB."""
    # A profile that is broken or meant for another colour space is ignored, as browsers do; the tag of a damaged
    # TIFF may even be a number.
    if isinstance(profile, bytes):
        with suppress(ImageCms.PyCMSError):
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, BytesIO(profile), srgb, outputMode="RGB")
            return cast("Image.Image", converted)
    return image.convert("RGB")
