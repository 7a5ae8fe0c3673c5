"""Small JPEG copies for the pages: upright, without metadata, and of formats that browsers do not show."""

from io import BytesIO
from typing import IO

from PIL import Image, ImageOps

# Longer side in pixels.
SIDES = {"tile": 720, "page": 1600}
QUALITY = 82


def preview(source: IO[bytes], size: str) -> bytes:
    """Return a JPEG of a size in :data:`SIDES`; raise OSError when the picture is damaged."""
    side = SIDES[size]
    with Image.open(source) as picture:
        # JPEG decodes to a half, a quarter or an eighth at a fraction of the cost.
        picture.draft("RGB", (side, side))
        small = ImageOps.exif_transpose(picture)
        small.thumbnail((side, side))
        target = BytesIO()
        small.convert("RGB").save(target, "JPEG", quality=QUALITY, exif=b"")
    return target.getvalue()
