"""A number as black and white cells along the upper edge of a picture, which any size and colours leave readable."""

from PIL import Image, ImageDraw

_BITS = 10
# White, black and the number; the last cell makes the count of white ones even.
CELLS = 2 + _BITS + 1
# Of the picture's height.
STRIP = 0.2
# What a frame shows that is not the first.
NOT_FIRST = 2**_BITS - 1


def draw(image: Image.Image, number: int) -> None:
    """Draw a number upon an RGB picture."""
    pen = ImageDraw.Draw(image)
    for place, is_white in enumerate(_cells(number)):
        left, right = (round(image.width * (place + more) / CELLS) for more in (0, 1))
        pen.rectangle((left, 0, right, round(image.height * STRIP)), fill="white" if is_white else "black")


def read(strip: Image.Image) -> int | None:
    """Return the number of the strip as it is on the screen, None if there is none to be read."""
    grey = strip.convert("L")
    cells = [_value(grey, place) for place in range(CELLS)]
    if any(value is None for value in cells):
        return None
    number = sum(bool(value) << (_BITS - 1 - place) for place, value in enumerate(cells[2 : 2 + _BITS]))
    return number if cells == _cells(number) else None


def _cells(number: int) -> list[bool]:
    bits = [True, False, *(bool(number >> place & 1) for place in reversed(range(_BITS)))]
    return [*bits, sum(bits) % 2 == 1]


def _value(grey: Image.Image, place: int) -> bool | None:
    """Return whether the middle of a cell is white, None if it is neither that nor black."""
    x, y = grey.width * (place + 0.5) / CELLS, grey.height / 2
    middle = grey.crop((int(x) - 1, int(y) - 1, int(x) + 2, int(y) + 2))
    value = sum(middle.tobytes()) / 9
    return None if 90 < value < 165 else value >= 165
