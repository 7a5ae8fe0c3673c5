"""The overlay that shows a moderator where a mask marks a picture."""

from io import BytesIO
from zlib import Z_RLE

from django_copyleaks_image.masks import Mask, check_shape

_MARKED = b"\x01"
# Both palette entries are white, and the unmarked one has alpha 0: what colour is shown is the page's choice.
_PALETTE = b"\xff\xff\xff" * 2
_ALPHA = b"\x00\xff"


def overlay_png(mask: Mask, width: int, height: int, *, max_side: int = 1600) -> bytes:
    """Return a PNG for CSS ``mask-image``: marked pixels opaque white, all others transparent.

    It has the ratio of the picture, ``width`` by ``height`` pixels, and at most ``max_side`` pixels on the
    longer side. A pixel is marked when anything under it is: no region is too small to be seen.
    Raises MaskError when the mask does not fit the picture.
    """
    check_shape(mask, width, height)
    size = overlay_size(width, height, max_side)
    from PIL import Image  # noqa: PLC0415 - imported with the admin, and needed by whoever asks for an overlay

    # frombuffer shares the bytearray, of one byte a pixel; the encoder then packs eight pixels into one.
    image = Image.frombuffer("P", size, _canvas(mask, width, height, *size), "raw", "P", 0, 1)
    image.putpalette(_PALETTE)
    png = BytesIO()
    image.save(png, "PNG", bits=1, transparency=_ALPHA, compress_type=Z_RLE)
    return png.getvalue()


def overlay_size(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Return the overlay's width and height in pixels, never larger than the picture."""
    longer = max(width, height, max_side)
    return max(1, round(width * max_side / longer)), max(1, round(height * max_side / longer))


def _canvas(mask: Mask, width: int, height: int, columns: int, rows: int) -> bytearray:
    """Return one byte for each of the overlay's pixels, row by row, 1 where it is marked."""
    canvas = bytearray(columns * rows)
    column_of = [x * columns // width for x in range(width)]
    row_at = [y * rows // height * columns for y in range(height)]
    fill = _MARKED * columns
    y = row_start = row_end = target = 0
    for start, length in zip(mask.starts, mask.lengths, strict=True):
        stop = start + length
        if start >= row_end:
            y = start // width
            row_start, row_end, target = y * width, (y + 1) * width, row_at[y]
        left = target + column_of[start - row_start]
        if stop <= row_end:
            right = target + column_of[stop - row_start - 1] + 1
            canvas[left:right] = fill[: right - left]
            continue
        # A run over several rows marks all up to the end of its last row but one, then part of the last.
        last_y, last_x = divmod(stop - 1, width)
        if last_y > y + 1:  # The first whole row may share a row of the overlay with the one before.
            left = min(left, row_at[y + 1])
        right = row_at[last_y - 1] + columns
        canvas[left:right] = _MARKED * (right - left)
        left, right = row_at[last_y], row_at[last_y] + column_of[last_x] + 1
        canvas[left:right] = fill[: right - left]
    return canvas
