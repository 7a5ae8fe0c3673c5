"""Marked regions as they are stored, and in words."""

import pytest

from django_copyleaks_image import masks, regions
from django_copyleaks_image.regions import in_words
from tests.admin.scans_to_show import rectangle

SIZE = (900, 600)


def test_find__returns_box_and_area_largest_first() -> None:
    small, large = rectangle(700, 10, 5, 4, of_width=900), rectangle(100, 200, 50, 40, of_width=900)
    mask = masks.Mask([*small.starts, *large.starts], [*small.lengths, *large.lengths])
    found = regions.find(mask, *SIZE)
    assert found == [[100, 200, 50, 40, 2000], [700, 10, 5, 4, 20]]
    assert [regions.box_of(region) for region in found] == [(100, 200, 50, 40), (700, 10, 5, 4)]


def test_find__ends_at_fifty() -> None:
    dots = masks.Mask(list(range(0, 240, 4)), [1] * 60)
    assert len(regions.find(dots, *SIZE)) == regions.MOST == 50


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ((0, 0, 10, 10), "at the upper left"),
        ((440, 0, 20, 20), "at the top"),
        ((890, 0, 10, 10), "at the upper right"),
        ((0, 295, 10, 10), "at the left"),
        ((445, 295, 10, 10), "at the centre"),
        ((890, 295, 10, 10), "at the right"),
        ((0, 590, 10, 10), "at the lower left"),
        ((440, 580, 20, 20), "at the bottom"),
        ((890, 590, 10, 10), "at the lower right"),
        # The centre decides, and a third begins with its first pixel.
        ((200, 100, 198, 198), "at the upper left"),
        ((200, 100, 200, 200), "at the centre"),
        ((0, 0, 900, 100), "at the top"),
        ((0, 0, 900, 600), "across the whole picture"),
        ((20, 20, 860, 570), "across the whole picture"),
    ],
)
def test_one_region__lies_where_its_centre_does(box: tuple[int, int, int, int], place: str) -> None:
    assert in_words([box], SIZE) == f"one region {place}"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (2, "two regions, the larger at the top"),
        (3, "three regions, the largest at the top"),
        (5, "five regions, the largest at the top"),
        (10, "ten regions, the largest at the top"),
        (11, "11 regions, the largest at the top"),
        (49, "49 regions, the largest at the top"),
        (50, "at least 50 regions, the largest at the top"),
    ],
)
def test_several_regions__are_counted_and_the_largest_is_placed(count: int, words: str) -> None:
    boxes = [(440, 0, 20, 20), *[(0, 0, 10, 10)] * (count - 1)]
    assert in_words(boxes, SIZE) == words
