"""Preparing a picture that Copyleaks may refuse, against Pillow alone, which makes the same of it; and what it takes.

Within this process: what a child adds is measured by ``pictures``.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import asdict
from io import BytesIO

from PIL import Image

from benchmarks.figures import Figure, alternating, seconds
from django_copyleaks_image import copies, opening
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.formats import CopyOrder, PictureFacts
from django_copyleaks_image.limits import LIMITS, copy_to_send

PATIENT = pool.Patience(cpu_seconds=60, seconds=120)
GOAL = 1.3


def measure() -> Iterator[Figure]:
    picture = photograph(4000, 3000)
    large = encoded(photograph(8064, 6048), "JPEG", quality=85)
    for name, content, bare in (
        ("12_megapixel_jpeg", encoded(picture, "JPEG", quality=85), as_jpeg),
        ("48_megapixel_jpeg", large, as_jpeg),
        ("12_megapixel_gif", encoded(picture.quantize(200), "GIF"), as_png),
    ):
        yield from _figures(name, content, bare)
    for megapixels, sides in ((108, (12_000, 9000)), (200, (16_320, 12_240))):
        content = encoded(photograph(*sides), "JPEG", quality=85)
        yield Figure(
            name=f"fit_{megapixels}_megapixel_jpeg_mb", value=peak_mb(content), goal=600, better="lower", unit="MB"
        )
        took = seconds(lambda content=content: prepare(content), repeat=1)  # type: ignore[misc]
        yield Figure(name=f"fit_{megapixels}_megapixel_jpeg_cpu_seconds", value=took, goal=10, better="lower", unit="s")


def _figures(name: str, content: bytes, bare: Callable[[bytes], None]) -> Iterator[Figure]:
    ratio = alternating(lambda: prepare(content), lambda: bare(content), repeat=5)
    yield Figure(name=f"fit_{name}_to_bare_pillow", value=ratio, goal=GOAL, better="lower", unit="×")
    if name.startswith("48"):  # Which is no comparison, since nothing is made smaller there.
        ratio = alternating(lambda: prepare(content), lambda: decoded_and_encoded(content), repeat=3)
        yield Figure(name=f"fit_{name}_to_decode_and_encode", value=ratio, better="lower", unit="×")
    core = 1000 * seconds(lambda: prepare(content), repeat=3)
    yield Figure(name=f"fit_{name}_ms_of_a_core", value=core, better="lower", unit="ms")
    yield Figure(name=f"fit_{name}_mb", value=peak_mb(content), better="lower", unit="MB")


def in_a_child(content: bytes) -> int:
    """Have the copy that is sent made, if there is one, as a worker does; return the largest memory of a child."""
    answer = pool.inspecting.ask("inspect", BytesIO(content), PATIENT)
    assert answer.facts is not None
    order = _order(answer.facts, content)
    if order is None:
        return answer.peak
    copied = pool.copying.ask(
        "copy",
        BytesIO(content),
        PATIENT,
        order=asdict(order),
    )
    return max(answer.peak, copied.peak)


def prepare(content: bytes) -> None:
    """Do the same in this process."""
    order = _order(opening.inspect(BytesIO(content)), content)
    if order is not None:
        copies.copy(BytesIO(content), order)


def _order(facts: PictureFacts, content: bytes) -> CopyOrder | None:
    return copy_to_send(facts, len(content), LIMITS["async"], fits=True, enlarges=False)


def peak_mb(content: bytes) -> float:
    pool.copying.close()
    return in_a_child(content) / 1_000_000


def as_jpeg(content: bytes) -> None:
    with Image.open(BytesIO(content)) as image:
        image.thumbnail((6000, 4500))
        encoded(image, "JPEG", quality=95, subsampling=0)


def decoded_and_encoded(content: bytes) -> None:
    with Image.open(BytesIO(content)) as image:
        encoded(image, "JPEG", quality=95, subsampling=0)


def as_png(content: bytes) -> None:
    with Image.open(BytesIO(content)) as image:
        encoded(image, "PNG")


def encoded(image: Image.Image, file_format: str, **options: int) -> bytes:
    stream = BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def photograph(width: int, height: int) -> Image.Image:
    """Return a picture with as much detail as a camera's."""
    generator = random.Random(1)
    small = Image.frombytes("RGB", (800, 600), generator.randbytes(800 * 600 * 3))
    return small.resize((width, height), Image.Resampling.BICUBIC)
