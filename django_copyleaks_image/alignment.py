"""Where a mask belongs on the upright picture: the browser shows orientation applied, a mask may be measured without.

Nothing documents which of the two the provider measures. The sides of its picture tell when the orientation
exchanges them; otherwise the stored order of the pixels is assumed, and said to be.
"""

from dataclasses import dataclass
from io import BytesIO

EXCHANGES_SIDES = frozenset({5, 6, 7, 8})

Size = tuple[int, int]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Alignment:
    """How a measured picture of ``measured`` pixels is turned to lie on the upright one (EXIF, 1 to 8)."""

    measured: Size
    orientation: int
    certain: bool

    @property
    def size(self) -> Size:
        """Return the sides of the measured picture once it is upright, in pixels."""
        return self.measured[::-1] if self.orientation in EXCHANGES_SIDES else self.measured

    def box(self, box: Box) -> Box:
        """Return x, y, width and height on the upright picture of a box on the measured one."""
        left, top, width, height = box
        right, bottom = self.measured[0] - left - width, self.measured[1] - top - height
        # In the order of the orientations: the upright distance to the left side and to the top.
        x, y = (
            (left, top),
            (right, top),
            (right, bottom),
            (left, bottom),
            (top, left),
            (bottom, left),
            (bottom, right),
            (top, right),
        )[self.orientation - 1]
        if self.orientation in EXCHANGES_SIDES:
            return x, y, height, width
        return x, y, width, height

    def turn(self, png: bytes) -> bytes:
        """Return an overlay turned upright."""
        if self.orientation == 1:
            return png
        from PIL import Image  # noqa: PLC0415 - whoever only asks where a mask belongs needs no Pillow

        from .pixels import UPRIGHT  # noqa: PLC0415

        turned = BytesIO()
        with Image.open(BytesIO(png), formats=["PNG"]) as image:
            image.transpose(UPRIGHT[self.orientation]).save(turned, "PNG", bits=1)
        return turned.getvalue()


def align(
    *, stored: Size | None, measured: Size, orientation: int | None, turned_by_decoder: bool = False
) -> Alignment:
    """Return how a measured picture lies on the stored one; None stands for what is not known of the latter.

    ``turned_by_decoder`` says that decoders of the format apply the orientation themselves, which is then assumed.
    """
    if stored is None or orientation is None:
        return Alignment(measured=measured, orientation=1, certain=False)
    as_stored, as_upright = _same_shape(measured, stored), _same_shape(measured, stored[::-1])
    if orientation in EXCHANGES_SIDES and as_stored != as_upright:
        return Alignment(measured=measured, orientation=orientation if as_stored else 1, certain=True)
    assumed = 1 if turned_by_decoder else orientation
    return Alignment(measured=measured, orientation=assumed, certain=orientation == 1 and as_stored)


def _same_shape(one: Size, other: Size) -> bool:
    """Return whether two sizes have the same ratio, give or take the rounding of a scaled picture."""
    return abs(one[0] * other[1] - one[1] * other[0]) <= max(*one, *other)
