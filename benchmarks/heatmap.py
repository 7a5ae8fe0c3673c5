"""Runs to overlay, against Pillow and against decoding per pixel; and the size of a stored mask."""

import json
import math
import random
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO

from PIL import Image

from benchmarks.figures import Figure, seconds
from django_copyleaks_image.heatmap import overlay_png
from django_copyleaks_image.masks import Mask, pack, read_mask, regions

WIDTH, HEIGHT = 6000, 4500


def measure() -> Iterator[Figure]:
    for runs, floor in ((7_500, 100), (200_000, 25)):
        mask = frayed_mask(runs)
        ours = seconds(partial(overlay_png, mask, WIDTH, HEIGHT))
        naive = seconds(partial(_per_pixel, mask), repeat=1)
        yield Figure(name=f"overlay_{runs}_runs_ms", value=ours * 1000, goal=100, better="lower", unit="ms")
        yield Figure(
            name=f"overlay_{runs}_runs_vs_per_pixel", value=naive / ours, goal=floor, better="higher", unit="× faster"
        )
        if runs == 7_500:
            pillow = seconds(_pillow_save(overlay_png(mask, WIDTH, HEIGHT)))
            yield Figure(name="overlay_7500_runs_vs_pillow", value=ours / pillow, goal=3, better="lower", unit="×")
        yield Figure(name=f"overlay_{runs}_runs_peak_mb", value=_peak(mask), goal=40, better="lower", unit="MB")
        if runs == 200_000:
            yield Figure(
                name="regions_200000_runs_ms",
                value=seconds(partial(regions, mask, WIDTH, HEIGHT)) * 1000,
                better="lower",
                unit="ms",
            )
        sent = json.dumps({"starts": list(mask.starts), "lengths": list(mask.lengths)})
        yield Figure(
            name=f"stored_mask_{runs}_runs", value=len(pack(mask)) / len(sent), goal=0.25, better="lower", unit="× JSON"
        )


def frayed_mask(runs: int) -> Mask:
    """Return blobs with frayed edges, as a detector gives them: several runs a row at most."""
    generator = random.Random(runs)
    starts, lengths = [], []
    per_row = math.ceil(runs / (HEIGHT - 500))
    for row in range(250, 250 + runs // per_row):
        step = WIDTH // per_row
        for column in range(per_row):
            length = generator.randint(step // 4, step // 2)
            starts.append(row * WIDTH + column * step + generator.randint(0, step // 3))
            lengths.append(length)
    return read_mask(starts, lengths, pixels=WIDTH * HEIGHT)


def _per_pixel(mask: Mask) -> bytes:
    """Draw as a first attempt would: a full-size RGBA picture, pixel by pixel."""
    picture = Image.new("RGBA", (WIDTH, HEIGHT))
    pixels = picture.load()
    assert pixels is not None
    for start, length in zip(mask.starts, mask.lengths, strict=True):
        for index in range(start, start + length):
            pixels[index % WIDTH, index // WIDTH] = (255, 0, 0, 128)
    stream = BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def _pillow_save(png: bytes) -> Callable[[], object]:
    ready = Image.open(BytesIO(png)).convert("P")
    return lambda: ready.save(BytesIO(), "PNG")


def _peak(mask: Mask) -> float:
    tracemalloc.start()
    overlay_png(mask, WIDTH, HEIGHT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1_000_000
