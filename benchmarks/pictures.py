"""Pictures read by a child process, against the same work in this process; and hostile ones, which are given up."""

import os
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

from PIL import Image

from benchmarks.figures import Figure, alternating
from django_copyleaks_image import formats, opening, pictures
from django_copyleaks_image.decoding import pool
from tests.decoding import hostile

WIDTH, HEIGHT = 4000, 3000
PATIENT = pool.Patience(cpu_seconds=60, seconds=120)
# One of each kind that has taken more than all that is allowed.
BOMBS = ("4000000-strips.tiff", "6000-scans-5900.jpg", "16383x3900.webp", "8000x8000-8-bits-6.png", "many-exifs.jpg")


def measure() -> Iterator[Figure]:
    data = photograph()
    pool.drawing.ask("picture", BytesIO(data), PATIENT)  # Starts the child.

    def in_a_child() -> None:
        pool.drawing.ask("picture", BytesIO(data), PATIENT)

    def in_process() -> None:
        opening.inspect(BytesIO(data))
        pictures.renditions(BytesIO(data))

    ratio = alternating(in_a_child, in_process, repeat=9, clock=time.perf_counter)
    yield Figure(name="inspect_and_draw_12_megapixels_in_a_child", value=ratio, goal=1.1, better="lower", unit="×")
    corpus = hostile.corpus()
    peak = longest = 0.0
    for name in BOMBS:
        content = corpus[name]()
        before = _children()
        with suppress(formats.UnreadablePicture, pool.DecodingFailed):
            pool.drawing.ask("picture", BytesIO(content), pool.LONG)
        longest = max(longest, _children() - before)
        pool.drawing.close()
    yield Figure(name="hostile_picture_cpu_seconds", value=longest, goal=10, better="lower", unit="s")
    for name in ("64-megapixels-tiff_lzw.tiff", "8000x8000-8-bits-3.png", "5400x5500.webp", "runs-that-jump.bmp"):
        peak = max(peak, pool.drawing.ask("picture", BytesIO(corpus[name]()), PATIENT).peak)
    yield Figure(name="largest_child_mb", value=peak / 1_000_000, goal=600, better="lower", unit="MB")


def photograph() -> bytes:
    """Return a JPEG of 12 megapixels with as much detail as a camera's."""
    generator = random.Random(1)
    small = Image.frombytes("RGB", (400, 300), generator.randbytes(400 * 300 * 3))
    stream = BytesIO()
    small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _children() -> float:
    """Return the processor time of all children that have ended."""
    times = os.times()
    return times.children_user + times.children_system
