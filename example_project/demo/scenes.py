"""Photograph-like scenes, painted so that the demo needs no pictures from anywhere."""

import random
from collections.abc import Callable

from PIL import Image

from .landscapes import birches, dunes, evening_mountains, lake, mountains
from .lights import aurora, city_lights, moonlight, sea
from .painting import Size, develop
from .subjects import balloons, boats, poppies, still_life

Scene = Callable[[Size, random.Random], Image.Image]

SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        mountains,
        evening_mountains,
        lake,
        dunes,
        birches,
        still_life,
        balloons,
        poppies,
        boats,
        moonlight,
        aurora,
        sea,
        city_lights,
    )
}


def paint(scene: str, size: Size, *, seed: int) -> Image.Image:
    """Return one of :data:`SCENES`; width and height in pixels, the same seed gives the same scene."""
    rng = random.Random(seed)
    return develop(SCENES[scene](size, rng), rng)
