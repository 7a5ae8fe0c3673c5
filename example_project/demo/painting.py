"""What a painted scene is made of: light, land and the look of a photograph."""

import random
from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Size = tuple[int, int]
Point = tuple[float, float]

# Pillow's radial gradient has this level where the disc touches the edges of its square.
RIM = 180


def develop(image: Image.Image, rng: random.Random, *, grain: int = 16) -> Image.Image:
    """Darken the corners and add grain, which is what makes a gradient look like a photograph."""
    shade = Image.radial_gradient("L").point([round(255 - 100 * (level / 255) ** 3) for level in range(256)])
    shade = shade.resize(image.size, Image.Resampling.BICUBIC, box=(38, 38, 218, 218))
    image = ImageChops.multiply(image, Image.merge("RGB", [shade] * 3))
    noise = Image.frombytes("L", image.size, rng.randbytes(image.width * image.height))
    noise = noise.point([128 + round((level - 127.5) / 127.5 * grain) for level in range(256)])
    return ImageChops.add(image, Image.merge("RGB", [noise] * 3), 1, -128)


def gradient(size: Size, *stops: Colour) -> Image.Image:
    """Return a vertical gradient through evenly spaced colours."""
    strip = Image.new("RGB", (1, len(stops)))
    strip.putdata(stops)
    return strip.resize(size, Image.Resampling.BICUBIC, box=(0, 0.5, 1, len(stops) - 0.5))


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour that lies ``share`` of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def circle(centre: Point, radius: float) -> tuple[float, float, float, float]:
    """Return the box around a circle."""
    x, y = centre
    return x - radius, y - radius, x + radius, y + radius


def glow(image: Image.Image, centre: Point, radius: float, colour: Colour, *, strength: float = 1) -> None:
    """Light up a disc that fades towards its rim."""
    side = round(radius * 2)
    fading = [round(255 * strength * max(0, 1 - level / RIM) ** 2) for level in range(256)]
    light = Image.radial_gradient("L").point(fading)
    light = light.resize((side, side), Image.Resampling.BICUBIC)
    image.paste(colour, (round(centre[0] - radius), round(centre[1] - radius)), light)


def ridge(width: int, level: float, height: float, rng: random.Random, *, roughness: float = 0.5) -> list[Point]:
    """Return a mountain line from the left to the right edge, by midpoint displacement."""
    line = [rng.uniform(-1, 1), rng.uniform(-1, 1)]
    reach = 1.0
    while len(line) < 512:
        middles = [(a + b) / 2 + rng.uniform(-reach, reach) for a, b in pairwise(line)]
        line = [point for pair in zip(line, middles, strict=False) for point in pair] + [line[-1]]
        reach *= roughness
    step = width / (len(line) - 1)
    return [(index * step, level - offset * height) for index, offset in enumerate(line)]


def fill_below(image: Image.Image, line: Sequence[Point], top: Colour, bottom: Colour) -> None:
    """Fill everything below a line with a gradient that begins at the line's highest point."""
    width, height = image.size
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).polygon([*line, (width, height), (0, height)], fill=255)
    highest = min(height - 1, max(0, round(min(y for _, y in line))))
    slope = Image.new("RGB", image.size, top)
    slope.paste(gradient((width, height - highest), top, bottom), (0, highest))
    image.paste(slope, (0, 0), mask.filter(ImageFilter.GaussianBlur(width / 1600)))
