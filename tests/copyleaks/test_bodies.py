"""A gzip body is decompressed within its bound, or refused; no trick makes it cost more."""

import gzip
import time
import tracemalloc

import pytest

from django_copyleaks_image.copyleaks.bodies import NotJsonObject, PayloadError, TooLarge, bounded_gunzip

DATA = b'{"isAiDetected": true}'


def test_one_member() -> None:
    assert bounded_gunzip(gzip.compress(DATA), 1000) == DATA


def test_several_members__are_one_body() -> None:
    assert bounded_gunzip(gzip.compress(DATA) + gzip.compress(b"") + gzip.compress(DATA), 1000) == DATA + DATA


def test_limit__is_inclusive() -> None:
    assert bounded_gunzip(gzip.compress(DATA), len(DATA)) == DATA
    with pytest.raises(TooLarge):
        bounded_gunzip(gzip.compress(DATA), len(DATA) - 1)
    assert bounded_gunzip(gzip.compress(DATA) * 2, 2 * len(DATA)) == DATA * 2
    with pytest.raises(TooLarge):
        bounded_gunzip(gzip.compress(DATA) * 2, 2 * len(DATA) - 1)
    assert bounded_gunzip(gzip.compress(b""), 0) == b""


def test_bomb__allocates_no_more_than_the_limit() -> None:
    bomb = gzip.compress(bytes(100_000_000), 9)
    tracemalloc.start()
    with pytest.raises(TooLarge):
        bounded_gunzip(bomb, 1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 3_000_000


def test_bomb_of_tiny_members__takes_no_time() -> None:
    bomb = gzip.compress(b"") * 300_000
    started = time.thread_time()
    with pytest.raises(PayloadError):
        bounded_gunzip(bomb, 1_000_000)

    assert time.thread_time() - started < 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        DATA,
        gzip.compress(DATA)[:-1],
        gzip.compress(DATA)[:-9],
        gzip.compress(DATA)[:5],
        gzip.compress(DATA) + b"garbage",
        gzip.compress(DATA) + b"\x00",
        gzip.compress(DATA)[:-8] + bytes(8),
        gzip.compress(DATA) + gzip.compress(DATA)[:12],
    ],
)
def test_damaged_or_cut_short(data: bytes) -> None:
    with pytest.raises(NotJsonObject) as caught:
        bounded_gunzip(data, 1000)

    assert not isinstance(caught.value, TooLarge)
