"""The overlay: a picture for CSS mask-image in which no marked pixel gets lost."""

import random
import tracemalloc
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from django_copyleaks_image.heatmap import overlay_png, overlay_size
from django_copyleaks_image.masks import Mask, MaskError, read_mask


def mask_of(*pairs: tuple[int, int]) -> Mask:
    return read_mask([start for start, _ in pairs], [length for _, length in pairs], pixels=None)


def decoded(png: bytes) -> Image.Image:
    image = Image.open(BytesIO(png))
    assert image.format == "PNG"
    return image.convert("RGBA")


def opaque_cells(png: bytes) -> set[tuple[int, int]]:
    alpha = decoded(png).getchannel("A")
    return {(x, y) for y in range(alpha.height) for x in range(alpha.width) if alpha.getpixel((x, y))}


def busy_mask(count: int) -> Mask:
    chance = random.Random(count)
    starts, lengths, position = [], [], 0
    for _ in range(count):
        position += chance.randint(1, 80)
        starts.append(position)
        lengths.append(chance.randint(1, 50))
        position += lengths[-1]
    return read_mask(starts, lengths, pixels=27_000_000)


def test_marked_is_opaque_white_and_unmarked_fully_transparent() -> None:
    image = decoded(overlay_png(mask_of((0, 3), (14, 1)), 5, 3))
    pixels = {(x, y): image.getpixel((x, y)) for y in range(3) for x in range(5)}
    white, clear = (255, 255, 255, 255), (255, 255, 255, 0)
    shown = {(0, 0), (1, 0), (2, 0), (4, 2)}
    assert pixels == {cell: white if cell in shown else clear for cell in pixels}


def test_one_bit_a_pixel_with_a_transparent_palette_entry() -> None:
    png = overlay_png(mask_of((0, 3)), 5, 3)
    bit_depth, colour_type = png[24:26]
    assert (bit_depth, colour_type) == (1, 3)
    assert b"tRNS\x00\xff" in png


@pytest.mark.parametrize(
    ("width", "height", "max_side", "size"),
    [
        (6000, 4500, 1600, (1600, 1200)),
        (4500, 6000, 1600, (1200, 1600)),
        (1800, 1350, 1600, (1600, 1200)),
        (1601, 1600, 1600, (1600, 1599)),
        (640, 480, 1600, (640, 480)),
        (1, 1, 1600, (1, 1)),
        (65_535, 1, 1600, (1600, 1)),
        (3, 60_000, 100, (1, 100)),
    ],
)
def test_size__keeps_the_ratio_and_never_enlarges(
    width: int, height: int, max_side: int, size: tuple[int, int]
) -> None:
    assert overlay_size(width, height, max_side) == size
    assert decoded(overlay_png(mask_of((0, 1)), width, height, max_side=max_side)).size == size


@pytest.mark.parametrize(
    ("x", "y"), [(0, 0), (5999, 0), (0, 4499), (5999, 4499), (2999, 2249), (3001, 2251), (17, 4321)]
)
def test_single_pixel_of_27_million__stays_visible_where_it_is(x: int, y: int) -> None:
    box = decoded(overlay_png(mask_of((y * 6000 + x, 1)), 6000, 4500)).getchannel("A").getbbox()
    cell_x, cell_y = x * 1600 // 6000, y * 1200 // 4500
    assert box == (cell_x, cell_y, cell_x + 1, cell_y + 1)


@given(st.data())
def test_any_mask__marks_exactly_the_cells_under_which_a_pixel_is_marked(data: st.DataObject) -> None:
    width, height = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    max_side = data.draw(st.integers(1, 50))
    pixels = width * height
    starts = data.draw(st.lists(st.integers(0, pixels - 1), max_size=12, unique=True))
    lengths = [data.draw(st.integers(1, pixels - start)) for start in starts]
    mask = read_mask(starts, lengths, pixels=pixels)

    columns, rows = overlay_size(width, height, max_side)
    expected = {
        (index % width * columns // width, index // width * rows // height)
        for start, length in zip(starts, lengths, strict=True)
        for index in range(start, start + length)
    }
    assert opaque_cells(overlay_png(mask, width, height, max_side=max_side)) == expected


def test_whole_picture_marked() -> None:
    alpha = decoded(overlay_png(mask_of((0, 27_000_000)), 6000, 4500)).getchannel("A")
    assert alpha.getextrema() == (255, 255)


def test_nothing_marked() -> None:
    assert decoded(overlay_png(mask_of(), 6000, 4500)).getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize(("width", "height"), [(10, 9), (0, 100), (100, 0), (-10, -10), (1, 10**9)])
def test_mask_that_does_not_fit__is_refused(width: int, height: int) -> None:
    with pytest.raises(MaskError):
        overlay_png(mask_of((90, 10)), width, height)


def test_27_megapixels_with_200_000_runs__take_little_memory() -> None:
    mask = busy_mask(200_000)
    tracemalloc.start()
    try:
        overlay_png(mask, 6000, 4500)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000
