"""The places that a mask marks: as stored with a result, and in words."""

from collections.abc import Sequence

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from . import masks
from .alignment import Box, Size

# At most so many are sought: a list of this length says "at least".
MOST = 50

# One side of the picture of which a region takes this share has no side where it lies.
_WHOLE_SIDE = 0.9
_WHOLE = pgettext_lazy("place in a picture", "across the whole picture")
# From the top to the bottom, each from the left to the right.
_PLACES = (
    (
        pgettext_lazy("place in a picture", "at the upper left"),
        pgettext_lazy("place in a picture", "at the top"),
        pgettext_lazy("place in a picture", "at the upper right"),
    ),
    (
        pgettext_lazy("place in a picture", "at the left"),
        pgettext_lazy("place in a picture", "at the centre"),
        pgettext_lazy("place in a picture", "at the right"),
    ),
    (
        pgettext_lazy("place in a picture", "at the lower left"),
        pgettext_lazy("place in a picture", "at the bottom"),
        pgettext_lazy("place in a picture", "at the lower right"),
    ),
)
_NUMBERS: dict[int, Promise] = {
    3: pgettext_lazy("number of regions", "three"),
    4: pgettext_lazy("number of regions", "four"),
    5: pgettext_lazy("number of regions", "five"),
    6: pgettext_lazy("number of regions", "six"),
    7: pgettext_lazy("number of regions", "seven"),
    8: pgettext_lazy("number of regions", "eight"),
    9: pgettext_lazy("number of regions", "nine"),
    10: pgettext_lazy("number of regions", "ten"),
}


def find(mask: masks.Mask, width: int, height: int) -> list[list[int]]:
    """Return the largest regions as x, y, width, height and area in pixels, at most :data:`MOST`, largest first.

    Raises MaskError when the mask does not fit a picture of this width and height.
    """
    found = masks.regions(mask, width, height, limit=MOST)
    return [[region.x, region.y, region.width, region.height, region.area] for region in found]


def box_of(region: Sequence[int]) -> Box:
    """Return x, y, width and height of a stored region."""
    x, y, width, height, _area = region
    return x, y, width, height


def in_words(boxes: Sequence[Box], size: Size) -> str:
    """Return how many regions there are, and where the first of them, the largest, lies in a picture of this size."""
    count = len(boxes)
    place = place_in_words(boxes[0], size)
    if count == 1:
        return _("one region %(place)s") % {"place": place}
    if count == 2:
        return _("two regions, the larger %(place)s") % {"place": place}
    if count >= MOST:
        words = ngettext(
            "at least %(number)s region, the largest %(place)s",
            "at least %(number)s regions, the largest %(place)s",
            count,
        )
    else:
        words = ngettext("%(number)s region, the largest %(place)s", "%(number)s regions, the largest %(place)s", count)
    return words % {"number": _NUMBERS.get(count) or number_format(count), "place": place}


def place_in_words(box: Box, size: Size) -> str:
    """Return in which ninth of the picture the centre of a box lies, such as ``at the upper left``."""
    x, y, width, height = box
    whole_width, whole_height = size
    if width >= whole_width * _WHOLE_SIDE and height >= whole_height * _WHOLE_SIDE:
        return str(_WHOLE)
    return str(_PLACES[_third(2 * y + height, whole_height)][_third(2 * x + width, whole_width)])


def _third(twice: int, whole: int) -> int:
    """Return 0, 1 or 2: in which third of the whole a place lies, given twice."""
    return min(3 * twice // (2 * whole), 2)
