"""Scenes of open country: mountains, a lake, dunes and a wood."""

import random
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from .painting import Colour, Size, fill_below, glow, gradient, mix, ridge


def mountains(
    size: Size,
    rng: random.Random,
    *,
    sky: Sequence[Colour] = ((64, 96, 150), (214, 170, 160), (255, 214, 160)),
    far: Colour = (188, 158, 168),
    near: Colour = (26, 34, 48),
    sun: Colour = (255, 236, 196),
) -> Image.Image:
    """Ridges behind ridges, paler the farther away they are."""
    width, height = size
    image = gradient(size, *sky)
    glow(image, (width * rng.uniform(0.3, 0.7), height * 0.44), width * 0.4, sun, strength=0.8)
    layers = 6
    for layer in range(layers):
        depth = layer / (layers - 1)
        line = ridge(width, height * (0.5 + 0.42 * depth), height * (0.13 - 0.06 * depth), rng)
        colour = mix(far, near, depth)
        fill_below(image, line, colour, mix(colour, far, 0.45 * (1 - depth)))
    return image


def evening_mountains(size: Size, rng: random.Random) -> Image.Image:
    """The same country after sunset."""
    return mountains(
        size,
        rng,
        sky=((28, 32, 74), (122, 70, 122), (244, 138, 96)),
        far=(150, 92, 128),
        near=(16, 14, 34),
        sun=(255, 196, 130),
    )


def lake(size: Size, rng: random.Random) -> Image.Image:
    """Mountains that a lake reflects, a little blurred and darker."""
    width, height = size
    shore = round(height * 0.56)
    land = mountains(
        (width, shore),
        rng,
        sky=((92, 146, 190), (178, 208, 222), (238, 232, 214)),
        far=(146, 172, 184),
        near=(30, 56, 52),
        sun=(255, 250, 232),
    )
    image = Image.new("RGB", size)
    image.paste(land)
    water = ImageOps.flip(land).resize((width, height - shore)).filter(ImageFilter.GaussianBlur(width / 260))
    water = Image.blend(water, Image.new("RGB", water.size, (22, 52, 70)), 0.32)
    image.paste(water, (0, shore))
    ripples = ImageDraw.Draw(image, "RGBA")
    for _ in range(260):
        y = shore + (height - shore) * rng.random() ** 0.8
        x, length = rng.uniform(-0.1, 1) * width, width * rng.uniform(0.02, 0.16)
        pale = (226, 240, 244, rng.randint(8, 34))
        ripples.line([(x, y), (x + length, y)], fill=pale, width=max(1, width // 900))
    return image


def dunes(size: Size, rng: random.Random) -> Image.Image:
    """Sand in long smooth lines, each dune with a lit and a shaded side."""
    width, height = size
    image = gradient(size, (70, 132, 186), (170, 204, 220), (246, 226, 190))
    for layer in range(5):
        depth = layer / 4
        line = ridge(width, height * (0.46 + 0.4 * depth), height * 0.1, rng, roughness=0.3)
        light = mix((236, 196, 146), (222, 150, 84), depth)
        fill_below(image, line, light, mix(light, (96, 52, 34), 0.35 + 0.4 * depth))
        shaded = [(x + width * 0.1, y + height * (0.015 + 0.16 * abs(x / width - 0.5))) for x, y in line]
        shade = Image.new("L", size)
        ImageDraw.Draw(shade).polygon([*line, *reversed(shaded)], fill=120)
        image.paste((88, 44, 34), (0, 0), shade.filter(ImageFilter.GaussianBlur(width / 90)))
    return image


def birches(size: Size, rng: random.Random) -> Image.Image:
    """White trunks before leaves that are out of focus."""
    width, height = size
    image = gradient(size, (206, 214, 120), (146, 170, 70), (66, 86, 40))
    for _ in range(150):
        colour = rng.choice([(232, 220, 120), (180, 196, 74), (98, 128, 50), (240, 196, 84)])
        centre = rng.random() * width, rng.random() ** 1.4 * height
        glow(image, centre, width * rng.uniform(0.02, 0.07), colour, strength=0.55)
    for distance in range(14):
        nearness = distance / 13
        trunk = width * (0.012 + 0.036 * nearness)
        x = rng.random() * width
        layer, mask = Image.new("RGB", size), Image.new("L", size)
        shades = [(120, 116, 104), (236, 232, 220), (214, 210, 198), (104, 100, 96)]
        bark = gradient((height, round(trunk)), *shades).rotate(90, expand=True)
        # Wider than the trunk, which leans.
        layer.paste(bark.resize((round(trunk * 2), height)), (round(x - trunk / 2), 0))
        marks = ImageDraw.Draw(layer)
        for _ in range(26):
            y = rng.random() * height
            reach = trunk * rng.uniform(0.2, 0.8)
            marks.ellipse((x, y, x + reach, y + trunk * rng.uniform(0.04, 0.2)), fill=(44, 40, 38))
        lean = rng.uniform(-0.02, 0.02) * width
        foot = x + lean, height
        ImageDraw.Draw(mask).polygon([(x, 0), (x + trunk, 0), (foot[0] + trunk, height), foot], fill=255)
        soft = ImageFilter.GaussianBlur((1 - nearness) * width / 220 + 0.6)
        box = (round(x - 2 * trunk - 24), 0, round(x + 3 * trunk + 24), height)
        image.paste(layer.crop(box).filter(soft), box, mask.crop(box).filter(soft))
    return image
