"""Photograph-like scenes, painted so that the demo needs no pictures from anywhere."""

import random
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from .painting import Colour, Point, Size, circle, develop, fill_below, glow, gradient, mix, ridge

Scene = Callable[[Size, random.Random], Image.Image]


def paint(scene: str, size: Size, *, seed: int) -> Image.Image:
    """Return one of :data:`SCENES`; width and height in pixels, the same seed gives the same scene."""
    rng = random.Random(seed)
    return develop(SCENES[scene](size, rng), rng)


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
    fruit = [
        (0.30, 0.60, 0.13, (226, 150, 34)),
        (0.66, 0.58, 0.15, (176, 34, 30)),
        (0.50, 0.66, 0.14, (236, 176, 52)),
        (0.82, 0.70, 0.10, (120, 150, 48)),
        (0.20, 0.73, 0.09, (110, 28, 62)),
        (0.38, 0.76, 0.09, (126, 34, 74)),
    ]
    for across, down, radius, colour in fruit:
        _ball(image, (across * width, down * height), radius * height * 1.15, colour)
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


def moonlight(size: Size, rng: random.Random) -> Image.Image:
    """A full moon and stars over dark hills."""
    width, height = size
    image = gradient(size, (8, 12, 34), (24, 40, 84), (76, 104, 150))
    stars = ImageDraw.Draw(image)
    for _ in range(420):
        place = rng.random() * width, rng.random() ** 1.5 * height * 0.8
        radius = width / 1600 * rng.choice([0.6, 0.8, 1.1, 1.7])
        stars.ellipse(circle(place, radius), fill=mix((90, 110, 160), (255, 250, 236), rng.random()))
    moon = width * 0.7, height * 0.28
    glow(image, moon, width * 0.3, (150, 176, 214), strength=0.7)
    radius = width * 0.055
    ImageDraw.Draw(image).ellipse(circle(moon, radius), fill=(246, 240, 220))
    for across, down, reach in ((-0.3, -0.35, 0.6), (0.25, -0.1, 0.45), (-0.1, 0.3, 0.5), (0.4, -0.5, 0.3)):
        plain = moon[0] + across * radius, moon[1] + down * radius
        glow(image, plain, radius * reach, (168, 166, 160), strength=0.8)
    for depth in (0.0, 0.5, 1.0):
        line = ridge(width, height * (0.7 + 0.16 * depth), height * 0.09, rng, roughness=0.42)
        fill_below(image, line, mix((44, 64, 104), (6, 9, 20), depth), mix((60, 82, 122), (4, 6, 14), depth))
    return image


def sea(size: Size, rng: random.Random) -> Image.Image:
    """A low sun whose light lies on the water."""
    width, height = size
    horizon = round(height * 0.46)
    image = gradient((width, horizon), (64, 92, 150), (206, 140, 134), (255, 206, 140))
    image = ImageOps.pad(image, size, centering=(0, 0))
    sun = width * 0.58, horizon - height * 0.09
    glow(image, sun, width * 0.34, (255, 226, 160), strength=0.85)
    glow(image, sun, width * 0.06, (255, 252, 232))
    clouds = Image.new("L", size)
    strokes = ImageDraw.Draw(clouds)
    for _ in range(34):
        x, y = rng.uniform(-0.1, 1) * width, rng.uniform(0.04, 0.8) * horizon
        reach = width * rng.uniform(0.06, 0.3)
        strokes.ellipse((x, y, x + reach, y + reach * rng.uniform(0.04, 0.1)), fill=rng.randint(60, 150))
    image.paste((255, 196, 170), (0, 0), clouds.filter(ImageFilter.GaussianBlur(width / 90)))
    water = gradient((width, height - horizon), (214, 150, 124), (78, 96, 128), (20, 38, 66))
    image.paste(water, (0, horizon))
    waves = ImageDraw.Draw(image, "RGBA")
    for _ in range(2600):
        nearness = rng.random()
        y = horizon + (height - horizon) * nearness**1.7
        spread = width * (0.04 + 0.24 * nearness)
        in_the_light = rng.random() < 0.55
        x = rng.gauss(sun[0], spread) if in_the_light else rng.random() * width
        colour = (255, 222, 160) if in_the_light else rng.choice([(10, 24, 48), (130, 140, 160)])
        reach = width * (0.004 + 0.03 * nearness) * rng.uniform(0.4, 1)
        thickness = max(1, round(width / 1600 * (1 + 3 * nearness)))
        waves.line([(x - reach, y), (x + reach, y)], fill=(*colour, rng.randint(40, 150)), width=thickness)
    return image.filter(ImageFilter.GaussianBlur(width / 2200))


def city_lights(size: Size, rng: random.Random) -> Image.Image:
    """A street at night through a lens that is focused on the rain before it."""
    width, height = size
    image = gradient(size, (10, 14, 30), (26, 24, 48), (18, 14, 26))
    lamps = [
        (255, 190, 96),
        (255, 120, 80),
        (120, 190, 255),
        (255, 230, 180),
        (236, 80, 120),
        (150, 255, 200),
    ]
    for _ in range(150):
        centre = rng.random() * width, rng.gauss(0.5, 0.16) * height
        radius = width * rng.uniform(0.012, 0.045)
        light = Image.new("L", size)
        ImageDraw.Draw(light).ellipse(circle(centre, radius), fill=rng.randint(40, 110), outline=150, width=2)
        left, top, right, bottom = map(round, circle(centre, radius + 4))
        box = (left, top, right, bottom)
        image.paste(rng.choice(lamps), box, light.crop(box).filter(ImageFilter.GaussianBlur(1.2)))
    street = ImageOps.flip(image.crop((0, round(height * 0.36), width, round(height * 0.72))))
    street = street.resize((width, round(height * 0.34))).filter(ImageFilter.GaussianBlur(width / 60))
    street = Image.blend(street, Image.new("RGB", street.size, (8, 8, 16)), 0.3)
    wet = Image.linear_gradient("L").point([min(255, level * 3) for level in range(256)]).resize(street.size)
    image.paste(street, (0, height - street.height), wet)
    rain = ImageDraw.Draw(image, "RGBA")
    for _ in range(180):
        x, y = rng.random() * width, rng.random() * height
        fall = (x - width * 0.004, y + height * 0.03)
        rain.line([(x, y), fall], fill=(220, 230, 255, rng.randint(10, 50)), width=1)
    return image


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        mountains,
        evening_mountains,
        lake,
        dunes,
        birches,
        still_life,
        moonlight,
        sea,
        city_lights,
    )
}
