"""Scenes of light: a moon, an aurora, a low sun over the sea and a street at night."""

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from .painting import Size, circle, fill_below, glow, gradient, mix, ridge


def moonlight(size: Size, rng: random.Random) -> Image.Image:
    """A full moon and stars over dark hills."""
    width, height = size
    image = gradient(size, (8, 12, 34), (24, 40, 84), (76, 104, 150))
    _stars(image, rng)
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


def aurora(size: Size, rng: random.Random) -> Image.Image:
    """Curtains of green light over snow-covered hills."""
    width, height = size
    image = gradient(size, (6, 10, 26), (14, 34, 58), (30, 66, 84))
    _stars(image, rng)
    curtains = Image.new("RGB", size)
    rays = ImageDraw.Draw(curtains)
    for _ in range(3):
        phase, sway, foot = rng.uniform(0, 6), rng.uniform(2, 4), height * rng.uniform(0.42, 0.6)
        for x in range(0, width, 3):
            turn = math.sin(sway * x / width * math.pi + phase)
            bottom = foot + turn * height * 0.09 + math.sin(9 * x / width + phase) * height * 0.02
            tall = height * (0.16 + 0.2 * abs(math.cos(sway * x / width * math.pi + phase))) * rng.uniform(0.7, 1)
            for part in range(14):
                colour = mix((84, 240, 150), (110, 60, 150), part / 13)
                y = bottom - tall * part / 14
                rays.line([(x, y), (x, y - tall / 14)], fill=mix(colour, (0, 0, 0), 0.3 + 0.05 * part), width=3)
    image = ImageChops.screen(image, curtains.filter(ImageFilter.GaussianBlur(width / 120)))
    for depth in (0.0, 0.6, 1.0):
        line = ridge(width, height * (0.72 + 0.14 * depth), height * 0.1, rng, roughness=0.46)
        fill_below(image, line, mix((92, 128, 140), (150, 190, 190), depth), mix((40, 70, 90), (58, 92, 108), depth))
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


def _stars(image: Image.Image, rng: random.Random) -> None:
    width, height = image.size
    sky = ImageDraw.Draw(image)
    for _ in range(420):
        place = rng.random() * width, rng.random() ** 1.5 * height * 0.8
        radius = width / 1600 * rng.choice([0.6, 0.8, 1.1, 1.7])
        sky.ellipse(circle(place, radius), fill=mix((90, 110, 160), (255, 250, 236), rng.random()))
