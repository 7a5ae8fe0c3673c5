"""Scenes with things in them: fruit, balloons, poppies and boats."""

import math
import random
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from .painting import Colour, Point, Size, circle, fill_below, glow, gradient, mix, ridge

SKINS: tuple[Colour, ...] = (
    (226, 150, 34),
    (176, 34, 30),
    (236, 176, 52),
    (120, 150, 48),
    (110, 28, 62),
    (126, 34, 74),
    (206, 92, 40),
    (150, 170, 96),
)
SILKS: tuple[tuple[Colour, Colour], ...] = (
    ((206, 60, 48), (250, 214, 130)),
    ((38, 92, 150), (236, 240, 244)),
    ((232, 142, 40), (140, 44, 70)),
    ((58, 128, 112), (244, 226, 170)),
    ((120, 62, 138), (246, 176, 110)),
)


def still_life(size: Size, rng: random.Random) -> Image.Image:
    """Fruit on a wooden table in the light of a window to the left."""
    width, height = size
    image = gradient(size, (58, 62, 60), (96, 92, 80), (70, 58, 46))
    glow(image, (width * 0.2, height * 0.2), width * 0.5, (188, 178, 150), strength=0.7)
    table = round(height * 0.62)
    image.paste(gradient((width, height - table), (150, 96, 58), (84, 46, 26)), (0, table))
    boards = ImageDraw.Draw(image, "RGBA")
    for _ in range(240):
        y = rng.uniform(table, height)
        x = rng.uniform(-0.2, 1) * width
        end = x + rng.uniform(0.1, 0.5) * width
        boards.line([(x, y), (end, y)], fill=(40, 18, 8, rng.randint(10, 46)), width=2)
    places = (
        (0.30, 0.60, 0.13),
        (0.66, 0.58, 0.15),
        (0.50, 0.66, 0.14),
        (0.82, 0.70, 0.10),
        (0.20, 0.73, 0.09),
        (0.38, 0.76, 0.09),
    )
    for (across, down, radius), colour in zip(places, rng.sample(SKINS, len(places)), strict=True):
        centre = (across + rng.uniform(-0.03, 0.03)) * width, down * height
        _ball(image, centre, radius * height * rng.uniform(1, 1.2), colour)
    return image


def _ball(image: Image.Image, centre: Point, radius: float, colour: Colour) -> None:
    x, y = centre
    shadow = Image.new("L", image.size)
    ImageDraw.Draw(shadow).ellipse((x - radius * 0.9, y + radius * 0.62, x + radius * 1.9, y + radius * 1.16), fill=190)
    image.paste((24, 12, 8), (0, 0), shadow.filter(ImageFilter.GaussianBlur(radius * 0.14)))
    body = Image.new("RGB", image.size, mix(colour, (20, 8, 6), 0.72))
    glow(body, (x - radius * 0.3, y - radius * 0.32), radius * 1.5, colour)
    glow(body, (x - radius * 0.36, y - radius * 0.4), radius * 0.5, (255, 246, 226), strength=0.75)
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).ellipse(circle(centre, radius), fill=255)
    image.paste(body, (0, 0), mask.filter(ImageFilter.GaussianBlur(radius / 90)))


def balloons(size: Size, rng: random.Random) -> Image.Image:
    """Hot-air balloons over hills in the haze of the morning."""
    width, height = size
    image = gradient(size, (104, 150, 204), (206, 214, 220), (255, 224, 184))
    glow(image, (width * 0.16, height * 0.6), width * 0.45, (255, 240, 206), strength=0.8)
    for layer in range(4):
        depth = layer / 3
        line = ridge(width, height * (0.7 + 0.2 * depth), height * (0.1 - 0.03 * depth), rng, roughness=0.42)
        fill_below(image, line, mix((176, 178, 186), (66, 92, 62), depth), mix((214, 204, 196), (38, 58, 40), depth))
    places = ((0.9, 0.56, 0.03), (0.52, 0.5, 0.036), (0.18, 0.5, 0.06), (0.36, 0.24, 0.09), (0.72, 0.34, 0.16))
    for (across, down, reach), silk in zip(places, rng.sample(SILKS, 5), strict=True):
        x = (across + rng.uniform(-0.03, 0.03)) * width
        _balloon(image, (x, down * height), reach * height, silk)
    return image


def _balloon(image: Image.Image, centre: Point, radius: float, silk: tuple[Colour, Colour]) -> None:
    # Twice as large as it will be, so that its edges are smooth.
    reach = radius * 2
    whole = (round(reach * 2.2), round(reach * 3.4))
    middle, top = whole[0] / 2, reach * 0.1
    body, mask = Image.new("RGB", whole), Image.new("L", whole)
    paint, shape = ImageDraw.Draw(body), ImageDraw.Draw(mask)
    # Half the width of the envelope and the height where it has that, from the crown to the mouth.
    parts = [(step / 20) ** 1.4 for step in range(19)]
    girth = [math.sin(math.pi * part**0.6) ** 0.9 for part in parts]
    rows = [top + reach * 2.6 * part for part in parts]
    # Gores of equal width on the globe look narrower towards its sides.
    edges = [-math.cos(math.pi * gore / 10) for gore in range(11)]
    for number, (left, right) in enumerate(pairwise(edges)):
        outline = [(middle + left * reach * wide, y) for wide, y in zip(girth, rows, strict=True)]
        outline += [(middle + right * reach * wide, y) for wide, y in zip(reversed(girth), reversed(rows), strict=True)]
        paint.polygon(outline, fill=silk[number % 2])
        shape.polygon(outline, fill=255)
    lit = Image.new("RGB", whole, (30, 24, 40))
    glow(lit, (middle - reach * 0.35, top + reach * 0.7), reach * 1.9, (255, 250, 236))
    body = Image.blend(body, Image.composite(body, lit, Image.new("L", whole, 110)), 0.8)
    basket = (middle - reach * 0.14, top + reach * 2.75, middle + reach * 0.14, top + reach * 2.98)
    mouth = rows[-1]
    for side in (-1, 1):
        ropes = [(middle + side * reach * 0.2, mouth), (middle + side * reach * 0.13, basket[1])]
        paint = ImageDraw.Draw(body)
        paint.line(ropes, fill=(50, 40, 36), width=max(1, round(reach / 60)))
        shape.line(ropes, fill=255, width=max(1, round(reach / 60)))
    ImageDraw.Draw(body).rectangle(basket, fill=(92, 62, 38))
    shape.rectangle(basket, fill=255)
    small = (round(whole[0] / 2), round(whole[1] / 2))
    place = round(centre[0] - small[0] / 2), round(centre[1] - radius)
    image.paste(body.resize(small, Image.Resampling.LANCZOS), place, mask.resize(small, Image.Resampling.LANCZOS))


def poppies(size: Size, rng: random.Random) -> Image.Image:
    """A meadow with poppies; those in front are large and out of focus."""
    width, height = size
    image = gradient(size, (92, 146, 206), (196, 216, 226), (244, 232, 204), (244, 232, 204))
    glow(image, (width * rng.uniform(0.3, 0.7), height * 0.4), width * 0.3, (255, 246, 216), strength=0.8)
    for level, colour in ((0.36, (150, 168, 176)), (0.41, (104, 130, 100))):
        line = ridge(width, height * level, height * 0.06, rng, roughness=0.44)
        fill_below(image, line, colour, mix(colour, (160, 180, 120), 0.4))
    meadow = ridge(width, height * 0.45, height * 0.02, rng, roughness=0.4)
    fill_below(image, meadow, (150, 172, 92), (44, 76, 26))
    grass = ImageDraw.Draw(image, "RGBA")
    for _ in range(5200):
        nearness = rng.random() ** 0.7
        y = height * (0.47 + 0.56 * nearness)
        x, tall = rng.random() * width, height * (0.012 + 0.07 * nearness)
        green = mix((176, 196, 100), (40, 84, 26), nearness * rng.uniform(0.6, 1))
        blade = [(x, y), (x + rng.uniform(-0.25, 0.25) * tall, y - tall)]
        grass.line(blade, fill=(*green, rng.randint(90, 190)), width=max(1, round(width / 900 * (1 + 2 * nearness))))
    for number in range(240):
        nearness = (number / 240) ** 1.6
        centre = rng.random() * width, height * (0.47 + 0.5 * nearness + rng.uniform(0, 0.03))
        _poppy(image, centre, height * (0.004 + 0.05 * nearness**1.5), rng)
    return image


def _poppy(image: Image.Image, centre: Point, radius: float, rng: random.Random) -> None:
    x, y = centre
    reach = radius * 1.6
    left, top = round(x - reach), round(y - reach)
    side = round(reach * 2) + 2
    flower, mask = Image.new("RGB", (side, side), (188, 22, 18)), Image.new("L", (side, side))
    shape, paint = ImageDraw.Draw(mask), ImageDraw.Draw(flower)
    red = mix((226, 40, 24), (240, 92, 50), rng.random())
    for petal in range(4):
        angle = math.pi * (petal / 2 + rng.uniform(-0.2, 0.2))
        px, py = side / 2 + math.cos(angle) * radius * 0.5, side / 2 + math.sin(angle) * radius * 0.32
        box = (px - radius * 0.75, py - radius * 0.55, px + radius * 0.75, py + radius * 0.55)
        shape.ellipse(box, fill=255)
        paint.ellipse(box, fill=mix(red, (130, 8, 14), 0.14 * petal))
    if radius > 6:
        paint.ellipse(circle((side / 2, side / 2), radius * 0.22), fill=(30, 16, 26))
    blur = ImageFilter.GaussianBlur(max(0.4, radius / 18))
    image.paste(flower.filter(blur), (left, top), mask.filter(blur))


def boats(size: Size, rng: random.Random) -> Image.Image:
    """Sailing boats in a calm bay, with their reflections."""
    width, height = size
    shore = round(height * 0.5)
    land = gradient((width, shore), (86, 140, 200), (188, 212, 226), (250, 232, 206))
    for layer in range(3):
        depth = layer / 2
        line = ridge(width, shore * (0.78 + 0.13 * depth), shore * (0.16 - 0.05 * depth), rng, roughness=0.45)
        fill_below(land, line, mix((160, 178, 200), (70, 92, 92), depth), mix((190, 200, 210), (92, 112, 104), depth))
    image = Image.new("RGB", size)
    image.paste(land)
    water = ImageOps.flip(land).resize((width, height - shore)).filter(ImageFilter.GaussianBlur(width / 160))
    image.paste(Image.blend(water, Image.new("RGB", water.size, (22, 82, 104)), 0.42), (0, shore))
    ripples = ImageDraw.Draw(image, "RGBA")
    for _ in range(900):
        nearness = rng.random()
        y = shore + (height - shore) * nearness**1.5
        x, reach = rng.random() * width, width * (0.01 + 0.05 * nearness)
        colour = rng.choice([(236, 244, 246), (10, 52, 76)])
        ripples.line([(x, y), (x + reach, y)], fill=(*colour, rng.randint(16, 60)), width=max(1, width // 800))
    for across, down, reach in ((0.5, 0.53, 0.06), (0.84, 0.55, 0.1), (0.16, 0.58, 0.14), (0.64, 0.68, 0.3)):
        _boat(image, ((across + rng.uniform(-0.04, 0.04)) * width, down * height), reach * height, rng)
    return image


def _boat(image: Image.Image, foot: Point, tall: float, rng: random.Random) -> None:
    sail = rng.choice([(252, 250, 244), (252, 250, 244), (226, 112, 98), (244, 214, 150)])
    hull = rng.choice([(40, 54, 84), (126, 40, 36), (246, 244, 238)])
    parts: list[tuple[Colour, list[Point]]] = [
        (sail, [(0.02, 0.98), (0.38, 0.14), (0.02, 0.12)]),
        (mix(sail, (150, 160, 176), 0.3), [(-0.02, 0.9), (-0.3, 0.1), (-0.02, 0.12)]),
        ((70, 54, 44), [(-0.012, 1), (0.012, 1), (0.012, 0.07), (-0.012, 0.07)]),
        (hull, [(-0.36, 0.07), (0.4, 0.07), (0.3, 0), (-0.26, 0)]),
    ]
    # First what the water reflects, upside down and blurred.
    for upward, opacity, softness in ((-1, 100, 40), (1, 255, 260)):
        layer, mask = Image.new("RGB", image.size, hull), Image.new("L", image.size)
        for colour, outline in parts:
            points = [(foot[0] + across * tall, foot[1] - upward * up * tall) for across, up in outline]
            ImageDraw.Draw(layer).polygon(points, fill=colour)
            ImageDraw.Draw(mask).polygon(points, fill=opacity)
        left, top, right, bottom = map(round, circle(foot, tall * 1.1))
        box, soft = (left, top, right, bottom), ImageFilter.GaussianBlur(tall / softness)
        image.paste(layer.crop(box).filter(soft), box, mask.crop(box).filter(soft))
