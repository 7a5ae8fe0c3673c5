"""Constructed files, each of which asks a decoder for much: they end, within the limits, and nothing else notices.

``make bench ONLY=pictures`` measures what they take.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from io import BytesIO

import pytest

from django_copyleaks_image import formats
from django_copyleaks_image.decoding.pool import Answer, DecodingFailed, Patience, Pool
from django_copyleaks_image.limits import LIMITS, NotTaken, copy_to_send
from tests.decoding import hostile
from tests.samples import picture

CORPUS = hostile.corpus()
MOST_BYTES = 600_000_000
# Less than the worker gives, so that the tests end; and more on the clock, for a busy machine.
IN_A_TEST = Patience(cpu_seconds=1, seconds=60)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(children=1)
    yield made
    made.close()


def test_there_are_enough_of_them() -> None:
    assert len(CORPUS) >= 100


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in CORPUS.items()])
def test_hostile_picture__ends_within_the_limits(make: Callable[[], bytes], pool: Pool) -> None:
    if "heic" in str(make):
        pytest.importorskip("pillow_heif")
    content = make()
    assert len(content) <= formats.MAX_BYTES
    answer = ask(pool, "picture", content)  # Which begins as inspecting does.
    assert answer is None or 0 <= answer.peak <= MOST_BYTES
    if answer is not None and answer.facts is not None:
        copied = ask(pool, "copy", content, **order_of(answer.facts, len(content)))
        assert copied is None or 0 <= copied.peak <= MOST_BYTES
    # Whatever became of it, the next one is read.
    assert pool.ask("inspect", BytesIO(picture()), IN_A_TEST).facts is not None


def order_of(facts: formats.PictureFacts, byte_size: int) -> dict[str, int]:
    """Return the order of a copy; of what is sent as it is or not at all, that of one of the same size."""
    same = formats.CopyOrder(width=facts.width, height=facts.height, most_bytes=LIMITS["async"].most_bytes)
    try:
        return asdict(copy_to_send(facts, byte_size, LIMITS["async"], fits=True, enlarges=True) or same)
    except NotTaken:
        return asdict(same)


def ask(pool: Pool, task: str, content: bytes, **order: int) -> Answer | None:
    """Return the answer, None if there was a reason not to give one."""
    try:
        return pool.ask(task, BytesIO(content), IN_A_TEST, order=order)
    except (formats.UnreadablePicture, DecodingFailed):
        return None
